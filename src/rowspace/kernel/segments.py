"""What a loop is given: arrays, and segments of examples with their rates; and what became of those."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np


@dataclass(frozen=True)
class Arguments:
    """The arrays a loop is given, in its order: tables, what updates keep beside their rows, columns."""

    tables: tuple[np.ndarray, ...]
    states: tuple[np.ndarray, ...]
    columns: tuple[Any, ...]  # arrays; of a cost without a loop, the columns themselves
    sampled: int = 0  # how many columns are drawn in the loop


@dataclass(frozen=True)
class Slice:
    """Examples `lo` to `hi` of a chunk, and how to run them: for the rest see `Segments`."""

    lo: int
    hi: int
    first: int
    rates: tuple[float, ...]
    every: int
    seed: int


# What stands where in a segment: its row of buckets, how far the row before must be, how far its own row is once it is
# done, its examples from and to; and from DRAWN on, for each sampled column, where in the pool the rows to draw from
# begin, and how many they are. Where threads take turns the row is TURNS, all segments before NEEDED must be done, and
# PASSED is how many threads there are.
ROW, NEEDED, PASSED, LO, HI, DRAWN = range(6)
TURNS, UNTAKEN = -1, 2**62
DONE, TOTAL, COUNTED = range(3)  # and in its outcome
NOT_BEGUN = -1.0
_NONE, _NO_PACES, _NO_COSTS = np.zeros(0, np.int64), np.zeros((0, 0), np.float32), np.zeros(0)


@dataclass(frozen=True)
class Segments:
    """Examples of a chunk in segments, which follow one another, and what became of them.

    Segments belong to rows of buckets. A segment waits until the row before its own has come as far as it needs: until
    then the two could write the same rows of a table.

    Args:
        segments: (s, 5 + 2 x sampled columns) int64, see ROW, NEEDED, ...
        rates: (s, tables) float32.
        out: (s, 3) float64: the first example not done (NOT_BEGUN before), the sum of costs, and their number.
        costs: (examples,) float64: the cost of each from `origin` on, where threads take turns; empty elsewhere.
        progress: (rows,) int64: how far each row of buckets is; where threads take turns, see `execute/turns.py`.
        origin: the example that `costs` begin with.
        first: the position in the epoch of the chunk's first example.
        every: a power of two; the cost is added up where the position in the epoch is a multiple of it.
        seed: what ids are drawn from.
        clock: example n is step clock + n of the training.
        since, paces: (p,) int64 and (tables, p) float32: from which step on which rates held, for rows that catch up
            (see `RateHistory`).
    """

    segments: np.ndarray
    rates: np.ndarray
    out: np.ndarray
    costs: np.ndarray
    progress: np.ndarray
    origin: int
    first: int
    every: int
    seed: int
    clock: int
    since: np.ndarray
    paces: np.ndarray

    @classmethod
    def of(cls, segments: np.ndarray, rates: Any, first: int, every: int, seed: int, clock: int = 0) -> "Segments":
        """Segments of which nothing is done yet."""
        rows = int(segments[:, ROW].max(initial=0)) + 1
        numbers = np.ascontiguousarray(rates, np.float32)
        progress = np.zeros(rows, np.int64)
        out = np.zeros((len(segments), 3))
        out[:, DONE] = NOT_BEGUN
        return cls(segments, numbers, out, _NO_COSTS, progress, 0, first, every, seed, clock, _NONE, _NO_PACES)

    def part(self, begin: int, end: int) -> "Segments":
        """Segments from one to before another, in the same memory."""
        own = slice(begin, end)
        return replace(self, segments=self.segments[own], rates=self.rates[own], out=self.out[own])

    @property
    def reached(self) -> np.ndarray:
        """(s,) int64: the first example of each that is not done."""
        return np.where(self.out[:, DONE] > NOT_BEGUN, self.out[:, DONE], self.segments[:, LO]).astype(np.int64)

    @property
    def finished(self) -> bool:
        """Whether all are done."""
        return bool((self.out[:, DONE] == self.segments[:, HI]).all())

    def failed(self, segment: int) -> bool:
        """Whether a segment stopped at an example that went wrong."""
        return NOT_BEGUN < self.out[segment, DONE] < self.segments[segment, HI]


def segments_between(edges: np.ndarray, sampled: int) -> np.ndarray:
    """The examples between edges as segments that wait for nothing, for a loop with so many sampled columns."""
    segments = np.zeros((len(edges) - 1, DRAWN + 2 * sampled), np.int64)
    segments[:, LO], segments[:, HI] = edges[:-1], edges[1:]
    return segments


class Runner(Protocol):
    """Runs segments `begin` to `end`: gives the first that has to wait or went wrong, or `end`.

    Where threads take turns it runs those that no thread has taken, from `begin` on or, for -1, from one of those. It
    gives UNTAKEN where it took no more, or the one past `end` that it took.
    """

    def __call__(self, bound: Arguments, work: Segments, begin: int, end: int) -> int: ...


def run_slice(run: Runner, bound: Arguments, part: Slice) -> tuple[int, float, int]:
    """Run one slice: gives the first example not done (hi when all is well), the sum of costs and their number."""
    segments = segments_between(np.array([part.lo, part.hi]), bound.sampled)
    work = Segments.of(segments, [part.rates], part.first, part.every, part.seed)
    run(bound, work, 0, 1)
    done, total, counted = work.out[0].tolist()
    return int(done), total, int(counted)


def runner(function: Callable[..., Any]) -> Runner:
    """A generated function `kernel` as a Runner."""

    def run(bound: Arguments, work: Segments, begin: int, end: int) -> int:
        lookups = bound.tables, bound.states, bound.columns
        arrays = work.segments, work.rates, work.out, work.costs, work.progress
        numbers = np.uint64(work.first), np.uint64(work.every - 1), np.uint64(work.seed), work.clock
        return int(function(*lookups, *arrays, begin, end, work.origin, *numbers, work.since, work.paces))

    return run
