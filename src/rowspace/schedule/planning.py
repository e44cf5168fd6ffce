"""`Planning`: what schedules make plans from, and the steps that all of them share."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from rowspace.columns.chunk import Chunk, counted_before, length
from rowspace.kernel.kernel import Kernel
from rowspace.kernel.loops import Loops
from rowspace.kernel.segments import LO, Segments
from rowspace.schedule.buckets import Buckets, SortedExamples
from rowspace.schedule.options import ScheduleOptions
from rowspace.schedule.pacing import EpochStart, Pacing
from rowspace.schedule.place import Place
from rowspace.schedule.sizes import Sizes
from rowspace.state import Key, TrainState

Pending = Callable[[], Iterable[Any]]  # gives plans, once they are to be run


class Preparer(Protocol):
    """Makes calls beforehand, as many `at_once` as are worth making side by side."""

    @property
    def at_once(self) -> int: ...

    def prepare(self, function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]: ...


@dataclass(frozen=True)
class Ready:
    """A chunk looked up and checked, with its loop, and how it is to be sorted, if it is."""

    kernel: Kernel
    columns: Chunk
    buckets: Buckets | None
    mark: str


@dataclass
class Planning:
    """What plans are made of.

    Args:
        state, loops: what is trained, and by which loops.
        pacing: rates, and how long a segment may be.
        options, sizes: what decides the bytes.
        cuts: how chunks of each kind are sorted, from one fit to the next; None for those that are not.
        preparer: sorts chunks beforehand.
        record_every: after how many examples somebody looks at the rows, if anybody does.
        memory: bytes that sorting may take, of examples of tables on disk.
        spare: sorted examples that are done with, whose memory is used again.
    """

    state: TrainState
    loops: Loops
    pacing: Pacing
    options: ScheduleOptions
    sizes: Sizes
    cuts: dict[Key, Buckets | None]
    preparer: Preparer
    record_every: int | None
    memory: int
    spare: list[SortedExamples] = field(default_factory=list)

    def segments(
        self, kernel: Kernel, segments: np.ndarray, columns: Chunk, first: int, epoch: EpochStart,
        at: np.ndarray | None = None,
    ) -> Segments:  # fmt: skip
        """Segments at the rates that hold `at` entries of the columns: by default, those where the segments begin."""
        at = segments[:, LO] if at is None else at
        rates = self.pacing.rates(kernel.order(), first + counted_before(columns, at), epoch)
        clock = self.state.steps - (int(segments[0, LO]) if len(segments) else 0)
        every = self.pacing.every(kernel.cost_is_cheap, length(columns))
        whole = Segments.of(segments, rates, first, every, epoch.seed, clock)
        if not any(map(self.state.is_exact, self.state.updates)):
            return whole
        self.state.rates.extend(kernel.order(), clock + segments[:, LO], whole.rates)
        return replace(whole, since=self.state.rates.since, paces=self.state.rates.paces)


def lookups_until(after: Place, kernel: Kernel, columns: Chunk) -> int:
    """How many rows a chunk looked up, at its last plan; 0 before it."""
    return 0 if after.entry else length(columns) * len(kernel.traced.lookups)


def place_after(place: Place, columns: Chunk, entry: int) -> Place:
    """The place before an entry of a chunk, or at the next chunk where there is no more."""
    if entry < length(columns):
        return replace(place, entry=entry)
    return Place(place.chunk + 1, place.first + int(counted_before(columns, entry)), 0, place.mark)
