"""A table larger than memory: pairs a second on disk under a limit, beside the same table in memory; bytes moved.

Every run is a process of its own, whose memory, page cache included, a control group limits (version 1 or 2; needs to
be allowed to make one). On disk, four pairs a row in one epoch, and a `memory` of 95% of the limit. Beside it a mapped
table trained in file order, which leaves the paging to the system. Bytes are those the system says were read
from and written to the disk for the process, the examples and what is kept of them while sorting included.

usage: on_disk.py [--rows 16777216 --dim 128] [--limit "2 GB"] [--folder .] [--quick]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import numpy as np
from measure import machine

from rowspace.errors.quoting import bytes_text as told
from rowspace.system.memory import memory_limit

ROWS, DIM, LIMIT, A_ROW = 2**24, 128, "2 GB", 4
QUICK = 2**21, 128, "700 MB", 4
NAIVE = 20_000  # pairs: enough to tell a speed that low
IN_MEMORY = 2**24
GROUPS = Path("/sys/fs/cgroup")


def write(folder: Path, rows: int, dim: int, examples: int) -> None:
    """The table and uniform pairs, as files."""
    import rowspace as rs

    rs.Table.create(folder / "E.npy", rows, dim, seed=0)
    for n, name in enumerate("ij"):
        column = np.lib.format.open_memmap(folder / f"{name}.npy", "w+", np.int32, (examples,))
        random = np.random.default_rng(n)
        for lo in range(0, examples, 2**22):
            column[lo : lo + 2**22] = random.integers(0, rows, len(column[lo : lo + 2**22]), dtype=np.int32)
    label = np.lib.format.open_memmap(folder / "label.npy", "w+", np.float32, (examples,))
    label[::2] = 1
    os.sync()


def train(folder: Path, how: str, examples: int, memory: int, threads: int) -> dict[str, Any]:
    """Pairs a second, from the call to what was changed being in the file, and the bytes read and written for it."""
    import rowspace as rs
    from rowspace import costs

    files = {c: np.load(folder / f"{c}.npy", mmap_mode="r")[:examples] for c in ("i", "j", "label")}
    opened = rs.Table.open(folder / "E.npy", "r+")
    E = rs.Table(*opened.shape, seed=0) if how == "memory" else opened
    warm = rs.Table.from_array(np.zeros(E.shape, np.float32))  # pages nobody touches: for the loops to be compiled
    first = {c: np.zeros(100, a.dtype) for c, a in files.items()}
    rs.Trainer(costs.l1_dot, {"E": warm}, rs.sgd(0.01)).fit(first, schedule="sequential", progress=False)
    schedule = "sequential" if how == "naive" else None
    trainer = rs.Trainer(costs.l1_dot, {"E": E}, rs.sgd(0.01))
    before, start = _moved(), perf_counter()
    trainer.fit(files, progress=False, threads=threads, schedule=schedule, memory=memory)
    E.flush()
    seconds, after = perf_counter() - start, _moved()
    return {
        "rate": examples / seconds,
        "seconds": seconds,
        "peak": _status("VmHWM"),
        "read": (after[0] - before[0]) / examples,
        "written": (after[1] - before[1]) / examples,
    }


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def _moved() -> tuple[int, int]:
    lines = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(lines["read_bytes"]), int(lines["write_bytes"])


@contextmanager
def limited(size: int) -> Iterator[Path]:
    """A control group whose processes may have so much memory; what they have of the page cache counts."""
    own = Path("/proc/self/cgroup").read_text().splitlines()
    version_1 = [line.split(":", 2) for line in own if "memory" in line.split(":", 2)[1].split(",")]
    root = GROUPS / "memory" if version_1 else GROUPS
    group = root / f"rowspace-{os.getpid()}"
    group.mkdir()
    try:
        (group / ("memory.limit_in_bytes" if version_1 else "memory.max")).write_text(str(size))
        yield group
    finally:
        _remove(group)


def _remove(group: Path, tries: int = 50) -> None:
    try:
        group.rmdir()
    except OSError:  # its last process is still ending
        if not tries:
            raise
        sleep(0.1)
        _remove(group, tries - 1)


def ran(group: Path | None, *arguments: Any) -> dict[str, Any]:
    """One run in a process of its own, in a group from its first breath."""
    command = [sys.executable, __file__, "--run", json.dumps(arguments, default=str)]
    join = None if group is None else lambda: (group / "cgroup.procs").write_text(str(os.getpid()))
    done = subprocess.run(command, stdout=subprocess.PIPE, preexec_fn=join, check=True)
    return json.loads(done.stdout or b"{}")


def table(runs: dict[str, dict[str, Any]], limit: int) -> str:
    """The runs as Markdown."""
    lines = ["| | pairs a second | peak of memory | bytes read a pair | bytes written a pair |"]
    lines.append("|---|---:|---:|---:|---:|")
    for name, run in runs.items():
        numbers = f"{run['rate']:,.0f} | {told(run['peak'])} | {run['read']:,.0f} | {run['written']:,.0f}"
        lines.append(f"| {name} | {numbers} |")
    return "\n".join([*lines, f"\nThe limit was {told(limit)}."])


def main() -> None:
    """Measure, and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--dim", type=int, default=DIM)
    parser.add_argument("--limit", default=LIMIT)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=Path(), help="on the disk to measure")
    parser.add_argument("--quick", action="store_true", help="1 GB under 700 MB: a trial")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        return one(*json.loads(given.run))
    rows, dim, limit = QUICK[:3] if given.quick else (given.rows, given.dim, given.limit)
    print(machine("rowspace", "numba", "numpy"))
    print(f"\n{measured(rows, dim, memory_limit(limit), given.folder, given.threads)}")


def one(folder: str, what: str, *rest: Any) -> None:
    """A run, as the process made for it does it."""
    if what == "write":
        write(Path(folder), *rest)
    else:
        print(json.dumps(train(Path(folder), what, *rest)))


def measured(rows: int, dim: int, limit: int, folder: Path, threads: int) -> str:
    """All runs, and what could not be avoided."""
    examples, memory, runs = A_ROW * rows, limit * 95 // 100, {}
    with tempfile.TemporaryDirectory(dir=folder) as place, limited(limit) as group:
        ran(None, place, "write", rows, dim, examples)
        Path("/proc/sys/vm/drop_caches").write_text("1")
        runs["on disk"] = ran(group, place, "disk", examples, memory, threads)
        Path("/proc/sys/vm/drop_caches").write_text("1")
        runs["mapped, in file order"] = ran(group, place, "naive", min(examples, NAIVE), memory, threads)
        runs["in memory, no limit"] = ran(None, place, "memory", min(examples, IN_MEMORY), memory, threads)
    least = rows * dim * 4 / examples
    ratio = runs["on disk"]["rate"] / runs["in memory, no limit"]["rate"]
    title = f"{rows:,} rows x {dim} ({told(4 * rows * dim)}), {examples:,} uniform pairs, threads: {threads}"
    once = f"To read and to write every row once is {least:.0f} bytes a pair each."
    return f"{title}\n\n{table(runs, limit)} On disk at {ratio:.2f} of the speed in memory. {once}"


if __name__ == "__main__":
    main()
