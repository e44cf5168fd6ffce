"""What checkpoints cost: a training with and without them, in turn, on a table of a gigabyte.

Uniform pairs, `|label - a.b|`. Every round trains the same chunks twice, once with a checkpoint now and then; the
difference, divided by their number, is the cost of one. It is told as a share of five minutes, the default.

usage: checkpoints.py [--rows 2000000 --dim 128 --chunks 24 --every 8 --rounds 3 --threads 2]
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, ClassVar

import numpy as np
from measure import machine

import rowspace as rs
from rowspace import costs
from rowspace.checkpoint.checkpoints import EVERY, Checkpoints
from rowspace.train import trainer as trainer_module

CHUNK = 4_000_000  # pairs
UPDATES = {"SGD": lambda: rs.sgd(0.01), "adagrad": lambda: rs.adagrad(0.05)}


class Pairs:
    """Chunks of uniform pairs."""

    def __init__(self, rows: int, chunks: int) -> None:
        rng = np.random.default_rng(0)
        i, j = rng.integers(0, rows, (2, CHUNK), np.int32)
        self.columns, self.chunks = {"i": i, "j": j, "label": (i % 2).astype(np.float32)}, chunks
        self.examples = chunks * CHUNK

    def at(self, epoch: int, chunk: int) -> Iterator[dict[str, Any]]:
        """Those of an epoch: always the same."""
        for _ in range(chunk, self.chunks):
            yield self.columns


class Timed(Checkpoints):
    """Checkpoints that know how long the training stood still, and how long until they were on disk."""

    paused: ClassVar[list[float]] = []

    def write(self, arrays: Any, document: Any) -> None:
        """As it does."""
        begun = perf_counter()
        super().write(arrays, document)
        self.paused.append(perf_counter() - begun)


def written() -> int:
    """Bytes this process has written to disks."""
    told = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(told["write_bytes"])


def main() -> None:
    """Measure, and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--chunks", type=int, default=24)
    parser.add_argument("--every", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    trainer_module.Checkpoints = Timed  # type: ignore[misc, assignment]
    data = Pairs(given.rows, given.chunks)
    print(machine("rowspace", "numpy"))
    head = ["update", "GB", "million pairs/s without", "with", "paused, s", "written, GB", "one costs, s", "of 5 min"]
    print(f"\n| {' | '.join(head)} |\n|---|{'---:|' * (len(head) - 1)}")
    for name, update in UPDATES.items():
        trainer = rs.Trainer(costs.l1_dot, {"E": rs.Table(given.rows, given.dim)}, update())
        size = sum(a.nbytes for a in (trainer.tables["E"].values, *trainer.states["E"])) / 1e9
        run = lambda trainer=trainer, **options: trainer.fit(data, threads=given.threads, progress=False, **options)
        run()  # loops compiled, pages touched
        times: dict[str, list[float]] = {"without": [], "with": []}
        Timed.paused, count, before = [], given.chunks // given.every + 1, written()
        for _ in range(given.rounds):
            begun = perf_counter()
            run()
            times["without"].append(perf_counter() - begun)
            with tempfile.TemporaryDirectory(dir=".") as folder:
                begun = perf_counter()
                run(checkpoint=Path(folder) / "c", every=f"{given.every} chunks")
                times["with"].append(perf_counter() - begun)
        cost = median(b - a for a, b in zip(times["without"], times["with"], strict=True)) / count
        speeds = [f"{data.examples / median(t) / 1e6:.2f}" for t in times.values()]
        gigabytes = (written() - before) / 1e9 / given.rounds / count
        cells = [name, f"{size:.2f}", *speeds, f"{median(Timed.paused):.2f}", f"{gigabytes:.2f}", f"{cost:.2f}"]
        print(f"| {' | '.join(cells)} | {cost / EVERY:.2%} |", flush=True)


if __name__ == "__main__":
    main()
