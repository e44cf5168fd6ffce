"""Plans of whole batches: gradients of many examples at the same point, repeats of a row summed, one step a row."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from rowspace.columns.chunk import Chunk, counted_before, length
from rowspace.kernel.kernel import Kernel
from rowspace.kernel.loops import Loops
from rowspace.kernel.phases import GRADIENTS, IDS
from rowspace.kernel.row_loop import RowLoop
from rowspace.kernel.segments import Segments, segments_between
from rowspace.schedule.pacing import EpochStart
from rowspace.schedule.place import Place
from rowspace.schedule.planning import Pending, Planning, Ready, lookups_until, place_after
from rowspace.state import TrainState


@dataclass(frozen=True)
class BatchLoops:
    """The loops that make a batch, and what it looks up.

    Args:
        ids: finds the rows that the examples of a batch look up.
        gradients: finds the cost and its gradients.
        steps: let the rows of each table take a step.
        catching_up: let rows of exact updates take the steps that they missed.
        lookups: for each lookup its table, and how many rows an example has of it, or the ragged column that says.
    """

    ids: Kernel
    gradients: Kernel
    steps: Mapping[str, RowLoop]
    catching_up: Mapping[str, RowLoop]
    lookups: list[tuple[str, int | str]]

    @classmethod
    def of(cls, chunk: Chunk, state: TrainState, loops: Loops) -> "BatchLoops":
        """Those for the columns of a chunk."""
        ids, gradients = loops.examples(chunk, IDS), loops.examples(chunk, GRADIENTS)
        trained = ids.traced.lookups[: ids.traced.trained]
        tables = list(dict.fromkeys(look.table for look in trained))
        steps = {t: loops.rows(t, step=True) for t in tables}
        catching_up = {t: loops.rows(t, step=False) for t in tables if state.is_exact(t)}
        return cls(ids, gradients, steps, catching_up, [(look.table, _per_example(look)) for look in trained])

    @property
    def that_step(self) -> list[Kernel | RowLoop]:
        """All loops that make a batch, but those that let rows catch up."""
        return [self.ids, self.gradients, *self.steps.values()]


@dataclass(frozen=True)
class BatchPlan:
    """One batch, ready to run: as `Plan`.

    Args:
        loops: those that make it.
        columns: of the chunk.
        examples: of the batch, from and to.
        edges: where shares of them begin and end. The sum of the costs depends on them.
        rates: of the tables in the order of the loops, (1, tables).
        first: the place in the epoch of the chunk's first example.
        every: of how many examples one's cost is added up.
        seed: of what is drawn.
        after: where the next plan begins.
        lookups: of the whole chunk, at its last batch.
    """

    loops: BatchLoops
    columns: Chunk
    examples: tuple[int, int]
    edges: np.ndarray
    rates: np.ndarray
    first: int
    every: int
    seed: int
    after: Place
    lookups: int = 0
    sorted: None = None

    def segments(self) -> Segments:
        """The shares as segments of which nothing is done yet."""
        segments = segments_between(self.edges, len(self.loops.ids.sampled))
        return Segments.of(segments, np.repeat(self.rates, len(segments), axis=0), self.first, self.every, self.seed)

    def original(self, example: int) -> int:
        """Where an example stands in the epoch."""
        return int(self.first + counted_before(self.columns, example))


def in_batches(ready: Ready, columns: Chunk, place: Place, epoch: EpochStart, planning: Planning) -> Iterator[Pending]:
    """A chunk batch by batch."""
    yield partial(_plans, ready, columns, place, epoch, planning)


def shares(lo: int, hi: int, work: int, share: int) -> np.ndarray:
    """Where shares of some work begin and end: the same for any number of threads."""
    return np.linspace(lo, hi, max(1, work // share) + 1).astype(np.int64)


def _plans(ready: Ready, columns: Chunk, place: Place, epoch: EpochStart, planning: Planning) -> Iterator[BatchPlan]:
    state, size = planning.state, planning.options.batch or 1
    loops = BatchLoops.of(columns, state, planning.loops)
    order = loops.ids.order()
    for lo in range(place.entry, length(columns), size):
        hi = min(lo + size, length(columns))
        rates = planning.pacing.rates(order, np.array([place.first + counted_before(columns, lo)]), epoch)
        if loops.catching_up:
            state.rates.extend(order, np.array([state.steps]), rates)
        every = planning.pacing.every(loops.gradients.cost_is_cheap, length(columns))
        edges, after = shares(lo, hi, hi - lo, planning.sizes.share), place_after(place, columns, hi)
        lookups = lookups_until(after, ready.kernel, columns)
        yield BatchPlan(loops, columns, (lo, hi), edges, rates, place.first, every, epoch.seed, after, lookups)


def _per_example(look: Any) -> int | str:
    """How many rows of a lookup an example has, or the name of the ragged column that says."""
    shape = look.index.type.shape
    if None not in shape:
        return int(np.prod(shape, dtype=int))
    return str(look.index.name)
