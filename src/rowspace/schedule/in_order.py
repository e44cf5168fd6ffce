"""The schedules "sequential" and "hogwild": plans in file order, which threads keep or race over."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from rowspace.columns.chunk import Chunk, length, members
from rowspace.kernel.segments import segments_between
from rowspace.schedule.pacing import EpochStart
from rowspace.schedule.place import Place
from rowspace.schedule.plan import Order, Plan
from rowspace.schedule.planning import Pending, Planning, Ready, lookups_until, place_after

IN_TURN_EXAMPLES = 2**18  # of a plan, after which there may be a checkpoint
RACING_EXAMPLES = 2**22  # of a plan whose threads race: it ends when the last of them is done


def sequential(ready: Ready, columns: Chunk, place: Place, epoch: EpochStart, planning: Planning) -> Iterator[Pending]:
    """A chunk one example after another."""
    yield partial(_plans, ready, columns, place, epoch, planning, Order.IN_TURN)


def racing(ready: Ready, columns: Chunk, place: Place, epoch: EpochStart, planning: Planning) -> Iterator[Pending]:
    """A chunk in segments that run as it comes; a cost without a loop runs on one thread."""
    order = Order.IN_TURN if ready.kernel.slow else Order.RACE
    yield partial(_plans, ready, columns, place, epoch, planning, order)


def _plans(
    ready: Ready, columns: Chunk, place: Place, epoch: EpochStart, planning: Planning, order: Order
) -> Iterator[Plan]:
    kernel, examples, longest = ready.kernel, length(columns), planning.pacing.longest()
    most = (
        1 if kernel.slow else max(1, (RACING_EXAMPLES if order is Order.RACE else IN_TURN_EXAMPLES) // longest)
    )  # segments
    lo = place.entry
    while lo < examples:
        begin = lo - lo % longest
        hi = min(examples, begin + longest * most, _next_record(columns, lo, planning))
        edges = np.concatenate([[lo], np.arange(begin + longest, hi, longest), [hi]])
        at = edges[:-1] // longest * longest  # where a record cuts a segment, its rest goes on at the same rate
        segments = planning.segments(
            kernel, segments_between(edges, len(kernel.sampled)), columns, place.first, epoch, at
        )
        count, after = len(segments.segments), place_after(place, columns, hi)
        rows = [(s, s + 1) for s in range(count)] if order is Order.RACE else [(0, count)]
        yield Plan(kernel, columns, segments, rows, order, after, lookups=lookups_until(after, kernel, columns))
        lo = hi


def _next_record(columns: Chunk, lo: int, planning: Planning) -> int:
    """Up to where a chunk may run from `lo` before somebody looks at its rows."""
    if planning.record_every is None:
        return length(columns)
    left, bags = planning.record_every - planning.state.examples % planning.record_every, members(columns)
    return lo + left if bags is None else int(np.searchsorted(bags, bags[lo] + left))
