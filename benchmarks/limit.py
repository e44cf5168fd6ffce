"""Million pairs a second beside a limit: the time only to read and write the same rows, with nothing computed.

The limit runs `E[a] += c; E[b] += c` over the pairs in file order, asking for rows some pairs ahead, on as many
threads; the best of several distances counts. A schedule that keeps rows in the cache can beat it.

usage: limit.py [--threads 2] [--rows 50000 --dim 100] [--rounds 7] [--quick]
"""

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

from by_hand import compiled, f32, racing, uintp
from measure import Contender, Loop, Timing, compete, machine, markdown, ratio
from pairs import EXAMPLES, SIZES, with_rowspace
from problems import RATE, Pairs, pairs

from rowspace.jit.intrinsics import prefetch

DISTANCES = (0, 2, 4, 8, 16, 32)
_LINE = 16  # numbers in a cache line


def rows_alone(problem: Pairs, distance: int, threads: int = 1) -> Loop:
    """Both rows of every pair read, moved by a constant and written."""
    table = problem.table
    loop = _ahead(table.shape[1]) if distance else _plain(table.shape[1])
    columns = (problem.i, problem.j)
    return Loop(racing(lambda lo, hi: loop(table, *columns, f32(RATE), lo, hi, distance), threads), lambda: [table])


def _plain(dim: int) -> Callable[..., float]:
    @compiled
    def loop(E: Any, i: Any, j: Any, c: Any, lo: int, hi: int, distance: int) -> float:
        for n in range(lo, hi):
            a, b = uintp(i[n]), uintp(j[n])
            for k in range(dim):
                E[a, k] += c
            for k in range(dim):
                E[b, k] += c
        return 0.0

    return loop


def _ahead(dim: int) -> Callable[..., float]:
    @compiled
    def loop(E: Any, i: Any, j: Any, c: Any, lo: int, hi: int, distance: int) -> float:
        for n in range(lo, hi):
            ahead = min(n + distance, hi - 1)
            for k in range(0, dim, _LINE):
                prefetch(E, uintp(i[ahead]), k)
                prefetch(E, uintp(j[ahead]), k)
            a, b = uintp(i[n]), uintp(j[n])
            for k in range(dim):
                E[a, k] += c
            for k in range(dim):
                E[b, k] += c
        return 0.0

    return loop


def contenders(examples: int, threads: int) -> list[Contender]:
    """rowspace's schedules, and the limit at every distance."""
    schedules = {"rowspace": (None, threads), "rowspace, hogwild": ("hogwild", threads)}
    distances = {f"{d} pairs ahead" if d else "no prefetch": (d, threads) for d in DISTANCES}
    return [
        *(Contender(name, with_rowspace, examples, {"": how}) for name, how in schedules.items()),
        Contender("the limit", rows_alone, examples, distances),
    ]


def verdict(timings: list[Timing]) -> str:
    """How many times the limit's time each schedule takes."""
    *schedules, limit = timings
    took = [f"{t.name} takes {ratio(limit, t):.2f} x the limit's time" for t in schedules]
    return "; ".join(took) + "."


def main() -> None:
    """Time, and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rows", type=int, help="rows of the table; default all three sizes")
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="few pairs, 2 rounds: a trial")
    given = parser.parse_args()
    examples = given.threads * (EXAMPLES // 16 if given.quick else EXAMPLES)
    rounds = 2 if given.quick else given.rounds
    print(machine("rowspace", "numba", "numpy"))
    for rows, dim in [(given.rows, given.dim)] if given.rows else SIZES:
        title = f"{rows:,} rows x {dim}, threads: {given.threads}"
        print(f"\n{title}; million pairs a second, {rounds} rounds\n", flush=True)
        problem = partial(pairs, rows, dim, 2 * examples)
        timings = compete(contenders(examples, given.threads), problem, rounds, threads=given.threads)
        print(f"{markdown(timings)}\n\n{verdict(timings)}", flush=True)


if __name__ == "__main__":
    main()
