"""Schedules: which example runs when and on which thread."""

from collections.abc import Callable, Iterator

from rowspace.work import Bound, Runner, Slice, run_slice

# Runs slices of a chunk one after another; gives after each the first example not done, the costs' sum and number.
Schedule = Callable[[Runner, Bound, Iterator[Slice]], Iterator[tuple[Slice, int, float, int]]]


def sequential(run: Runner, bound: Bound, slices: Iterator[Slice]) -> Iterator[tuple[Slice, int, float, int]]:
    """Examples in file order on one thread: exactly the post's loop, and the reference for every other schedule."""
    for part in slices:
        done, total, counted = run_slice(run, bound, part)
        yield part, done, total, counted


SCHEDULES: dict[str, Schedule] = {"sequential": sequential}
