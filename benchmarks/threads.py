"""Million examples a second and the bytes that come out, for 1 to N threads: blocks, and hogwild, which differs.

Every thread count and schedule starts from the same tables and goes through the same examples, round after round; the
checksum is of its tables at the end.

usage: threads.py [--threads 1 2 4] [--rows 50000 --dim 100] [--rounds 7] [--quick]
"""

import argparse
import hashlib
import os
from collections.abc import Sequence
from functools import partial
from itertools import product
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import pairs
import problems
import skip_gram
from measure import Loop, machine

COSTS = {
    "l1_dot": (pairs.with_rowspace, problems.pairs),
    "skip_gram, five negatives": (skip_gram.with_rowspace, problems.words),
}
SCHEDULES = ("blocks", "hogwild")
_EXAMPLES = 2**22


class Runs(NamedTuple):
    """Million examples a second in each round, and the checksum of the tables after the last."""

    rates: list[float]
    checksum: str


def race(make: Any, problem: Any, threads: Sequence[int], examples: int, rounds: int) -> dict[tuple[str, int], Runs]:
    """Every schedule with every number of threads, one after another in each round; gives what became of each."""
    keys = list(product(SCHEDULES, threads))
    loops = {key: make(problem(), *key) for key in keys}
    for loop in loops.values():
        loop.run(0, examples)
    rates: dict[tuple[str, int], list[float]] = {key: [] for key in keys}
    for round_ in range(rounds):
        lo = (round_ + 1) % 2 * examples
        for key, loop in loops.items():
            rates[key].append(examples / _seconds(loop, lo, lo + examples) / 1e6)
    return {key: Runs(rates[key], checksum(loop)) for key, loop in loops.items()}


def checksum(loop: Loop) -> str:
    """The first twelve digits of the SHA-256 of its tables' bytes."""
    digest = hashlib.sha256()
    for table in loop.tables():
        digest.update(table.data)
    return digest.hexdigest()[:12]


def markdown(runs: dict[tuple[str, int], Runs]) -> str:
    """A line for every number of threads."""
    lines = ["| threads | " + " | ".join(f"{s} | bytes" for s in SCHEDULES) + " |"]
    lines.append("|---:|" + "---:|---|" * len(SCHEDULES))
    for n in dict.fromkeys(n for _, n in runs):
        cells = [f"{median(runs[s, n].rates):.3g} | `{runs[s, n].checksum}`" for s in SCHEDULES]
        lines.append(f"| {n} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def verdict(runs: dict[tuple[str, int], Runs]) -> str:
    """How many different tables came out of each schedule."""
    different = {s: len({r.checksum for (schedule, _), r in runs.items() if schedule == s}) for s in SCHEDULES}
    return "Different tables: " + ", ".join(f"{schedule} {n}" for schedule, n in different.items()) + "."


def counts() -> list[int]:
    """Powers of two below the number of cores, the cores, and twice as many threads."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return [*(2**n for n in range(cores.bit_length()) if 2**n < cores), cores, 2 * cores]


def _seconds(loop: Loop, lo: int, hi: int) -> float:
    start = perf_counter()
    loop.run(lo, hi)
    return perf_counter() - start


def main() -> None:
    """Time, and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="+", default=counts())
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="few examples, 2 rounds: a trial")
    given = parser.parse_args()
    examples = _EXAMPLES // 8 if given.quick else _EXAMPLES
    rounds = 2 if given.quick else given.rounds
    print(machine("rowspace", "numba", "numpy"))
    for name, (make, problem) in COSTS.items():
        print(f"\n{name}, {given.rows:,} rows x {given.dim}, million examples a second, {rounds} rounds\n", flush=True)
        runs = race(make, partial(problem, given.rows, given.dim, 2 * examples), given.threads, examples, rounds)
        print(f"{markdown(runs)}\n\n{verdict(runs)}", flush=True)


if __name__ == "__main__":
    main()
