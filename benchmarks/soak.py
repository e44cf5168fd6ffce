"""A soak: trainings killed over and over beside one that is never stopped, while memory, files and threads are watched.

One process trains for the whole time with a checkpoint every second and is asked every few seconds for its resident
memory, open files and threads. Beside it the cases of `tests/support/killing.py` take turns, each killed with SIGKILL
at random moments and resumed with one to three threads, until it comes to its end: its bytes and costs must be those
of a run left alone.

usage: soak.py [--minutes 30] [--seed 0] [--kills 25]
"""

import argparse
import multiprocessing
import subprocess
import sys
import tempfile
import threading
from itertools import count
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import numpy as np
from measure import machine

import rowspace as rs
from rowspace import costs

ROOT = Path(__file__).parents[1]
KILLING = [sys.executable, "-m", "tests.support.killing"]
LOOK = 5.0  # seconds


def train_on(minutes: float, told: Any) -> None:
    """Fit again and again in one process, and tell what it takes."""
    E, until = rs.Table(200_000, 64, seed=0), perf_counter() + 60 * minutes
    trainer = rs.Trainer(costs.logistic_dot, {"E": E}, rs.adagrad(0.01))
    rng = np.random.default_rng(0)
    i, j = rng.integers(0, len(E), (2, 4_000_000), np.int32)
    data = {"i": i, "j": j, "label": (i % 3 == j % 3).astype(np.float32)}
    threading.Thread(target=_watch, args=(told,), daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        for number in count():
            trainer.fit(data, 5, shuffle=number % 2 == 1, progress=False, checkpoint=Path(folder) / "c", every=1)
            if perf_counter() > until:
                return


def _watch(told: Any) -> None:
    while True:
        status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines())
        megabytes = int(status["VmRSS"].split()[0]) / 1000
        told.put((megabytes, len(list(Path("/proc/self/fd").iterdir())), int(status["Threads"])))
        sleep(LOOK)


def kill_on(minutes: float, kills: int, seed: int) -> dict[str, list[int]]:
    """Let every case be killed, turn after turn; gives its kills, its trainings that came to an end, its failures."""
    cases = subprocess.run([*KILLING, "--list"], capture_output=True, text=True, check=True, cwd=ROOT)
    found: dict[str, list[int]] = {name: [0, 0, 0] for name in cases.stdout.split()}
    until = perf_counter() + 60 * minutes
    for turn in count(seed):
        for name, so_far in found.items():
            if perf_counter() > until:
                return found
            command = [*KILLING, name, str(kills), str(turn)]
            done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
            print((done.stdout or done.stderr).strip(), file=sys.stderr, flush=True)
            if done.returncode:
                so_far[2] += 1
            else:
                _, hits, _, ends, *_ = done.stdout.split()
                so_far[0] += int(hits)
                so_far[1] += int(ends)
    raise AssertionError("unreachable")


def main() -> None:
    """Soak, and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kills", type=int, default=25)
    given = parser.parse_args()
    told: Any = multiprocessing.get_context("spawn").Queue()
    lasting = multiprocessing.get_context("spawn").Process(target=train_on, args=(given.minutes, told))
    lasting.start()
    found = kill_on(given.minutes, given.kills, given.seed)
    looks = []
    while lasting.is_alive() or not told.empty():
        while not told.empty():
            looks.append(told.get())
        lasting.join(0.1)
    print(machine("rowspace", "numpy"))
    print(f"\n{given.minutes:g} minutes in one process, {lasting.exitcode=}, looked at every {LOOK:g} s")
    tenths = np.array_split(np.array(looks), 10)
    print("\n| median of | the second tenth | the sixth | the last | most |\n|---|---:|---:|---:|---:|")
    for place, name in enumerate(("resident memory, MB", "open files", "threads")):
        medians = " | ".join(f"{np.median(tenths[n][:, place]):.0f}" for n in (1, 5, 9))
        print(f"| {name} | {medians} | {max(look[place] for look in looks):.0f} |")
    print("\n| killed | kills | trainings that came to their end | failures |\n|---|---:|---:|---:|")
    for name, numbers in {**found, "all": np.sum(list(found.values()), axis=0)}.items():
        print(f"| {name} | {' | '.join(f'{n:,}' for n in numbers)} |")


if __name__ == "__main__":
    main()
