"""Whole batches: gradients of many examples at the same point, repeats of a row summed, one step for each row."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rowspace.columns.chunk import Chunk, counted_before, length, members
from rowspace.columns.kinds import Ragged
from rowspace.kernel.kernel import Kernel
from rowspace.kernel.loops import Loops
from rowspace.kernel.phases import GRADIENTS, IDS
from rowspace.kernel.row_loop import RowLoop, catch_up, step
from rowspace.kernel.segments import Arguments, Segments, segments_between
from rowspace.schedule.pacing import EpochStart, Pacing
from rowspace.schedule.place import Place
from rowspace.schedule.plan import Outcome
from rowspace.state import TrainState
from rowspace.system.threads import Workers

_SHARE = 4096  # examples or lookups for which a thread is worth its while


@dataclass(frozen=True)
class Distinct:
    """The lookups of a batch into one table: the distinct rows, and the order that sorts the gradients by row."""

    rows: np.ndarray
    order: tuple[np.ndarray, np.ndarray]  # which gradients, (lookups,); where each row's begin, (rows + 1,)
    lookups: int

    @classmethod
    def of(cls, ids: np.ndarray) -> "Distinct":
        """Of the ids of all lookups: repeats stay in the order of the examples, so that their sum does too."""
        order = np.argsort(ids, kind="stable")
        found = ids[order]
        new = np.flatnonzero(np.concatenate([[True], found[1:] != found[:-1]]))
        return cls(found[new], (order, np.append(new, len(ids))), len(ids))


class Batches:
    """Runs a chunk of columns batch by batch, each on several threads where it is large enough to pay."""

    def __init__(self, state: TrainState, loops: Loops, chunk: Chunk, workers: Workers) -> None:
        self.state, self.workers = state, workers
        self.ids = loops.examples(chunk, IDS)
        self.gradients = loops.examples(chunk, GRADIENTS)
        trained = self.ids.traced.lookups[: self.ids.traced.trained]
        self.tables = list(dict.fromkeys(look.table for look in trained))
        self.lookups = [(look.table, _per_example(look)) for look in trained]
        self.steps = {t: loops.rows(t, step=True) for t in self.tables}
        exact = [t for t in self.tables if state.is_exact(t)]
        self.catching_up = {t: loops.rows(t, step=False) for t in exact}

    @property
    def loops(self) -> list[Kernel | RowLoop]:
        """All loops that make a batch, but those that let rows catch up."""
        return [self.ids, self.gradients, *self.steps.values()]

    def run(self, columns: Chunk, lo: int, hi: int, first: int, pace: Pacing, position: EpochStart) -> Outcome:
        """One batch, examples `lo` to `hi` of the columns, of which the first is example `first` of the epoch."""
        bound = self.ids.bind(self.state.tables, self.state.slots, columns)
        origin, sizes = self._places(columns, lo, hi)
        rates = pace.rates(self.ids.order(), np.array([first + counted_before(columns, lo)]), position)
        every = pace.every(self.gradients.cost_is_cheap, length(columns))
        segments = segments_between(self._shares(lo, hi, hi - lo), len(self.ids.sampled))
        work = lambda: Segments.of(segments, np.repeat(rates, len(segments), axis=0), first, every, position.seed)
        buffers = {t: np.empty(size, np.int64) for t, size in sizes.items()}
        self._each_share(self.ids, bound, work(), (origin, *buffers.values()))
        gathered = {t: Distinct.of(ids) for t, ids in buffers.items() if len(ids)}
        rate = dict(zip(self.ids.order(), rates[0].tolist(), strict=True))
        if self.catching_up:
            self.state.rates.extend(self.ids.order(), np.array([self.state.steps]), rates)
        for t in self.catching_up.keys() & gathered.keys():
            self._catch_up(t, gathered[t])
        numbers = {t: np.empty((size, self.state.tables[t].dim), np.float32) for t, size in sizes.items()}
        done = self._each_share(self.gradients, bound, work(), (origin, *numbers.values()))
        outcome = Outcome.of(done, [(0, len(done.segments))], members(columns))
        if outcome.failed is not None:
            return replace(outcome, done=0, steps=0)
        good = [self._step(t, g, rate[t], numbers[t]) for t, g in gathered.items()]
        return outcome if all(good) else replace(outcome, failed=lo)

    # --- on threads ------------------------------------------------------------------------------------------------

    @staticmethod
    def _shares(lo: int, hi: int, work: int) -> np.ndarray:
        """Where shares of some work begin and end: the same for any number of threads, as is the sum of their costs."""
        return np.linspace(lo, hi, max(1, work // _SHARE) + 1).astype(np.int64)

    def _each_share(self, kernel: Kernel, bound: Arguments, work: Segments, buffers: Sequence[np.ndarray]) -> Segments:
        own = replace(bound, columns=(*bound.columns, *buffers))
        self._on_threads(lambda share: kernel.run(own, work, share, share + 1), range(len(work.segments)))
        return work

    def _catch_up(self, table: str, found: Distinct) -> None:
        """Let the rows of a batch take the steps they missed."""
        loop, arrays = self.catching_up[table], self.state.arrays_of(table)
        past, now = self.state.rates.of(table), self.state.steps
        self._each_row(found, lambda part: catch_up(loop, arrays, found.rows, past, now, part))

    def _step(self, table: str, found: Distinct, rate: float, gradients: np.ndarray) -> bool:
        """Let the rows of a batch take its step; whether all are finite after it."""
        loop, arrays = self.steps[table], self.state.arrays_of(table)
        now, bad = self.state.steps, []  # type: int, list[int]

        def run(part: tuple[int, int]) -> None:
            end = step(loop, arrays, found.rows, gradients, found.order, rate, now, part)
            bad.extend([end] if end < part[1] else [])

        self._each_row(found, run)
        return not bad

    def _each_row(self, found: Distinct, do: Callable[[tuple[int, int]], None]) -> None:
        edges = self._shares(0, len(found.rows), found.lookups).tolist()
        self._on_threads(do, list(zip(edges[:-1], edges[1:], strict=True)))

    def _on_threads(self, do: Any, parts: Sequence[Any]) -> None:
        if len(parts) == 1:
            do(parts[0])
        else:
            self.workers.run(do, parts)

    # --- places ----------------------------------------------------------------------------------------------------

    def _places(self, columns: Chunk, lo: int, hi: int) -> tuple[np.ndarray, Mapping[str, int]]:
        """What to add to an example's place to find where a lookup is stored, and how many each table gets."""
        sizes, origin = dict.fromkeys(self.tables, 0), []
        for table, count in self.lookups:
            if isinstance(count, str):
                bag = columns[count]
                assert isinstance(bag, Ragged)
                start, end = int(bag.offsets[lo]), int(bag.offsets[hi])
            else:
                start, end = lo * count, hi * count
            origin.append(sizes[table] - start)
            sizes[table] += end - start
        return np.array(origin, np.int64), sizes


@dataclass
class BatchPlan:
    """One batch, ready to run: as `schedule.Window`."""

    batches: Batches
    chunk: Chunk
    examples: tuple[int, int]
    first: int
    pace: Pacing
    position: EpochStart
    after: Place
    lookups: int = 0
    sorted: None = None

    def run(self, workers: Workers) -> Iterator[Outcome]:
        """Run it and say what became of it."""
        yield self.batches.run(self.chunk, *self.examples, self.first, self.pace, self.position)

    def original(self, example: int) -> int:
        """Where an example stands in the epoch."""
        return int(self.first + counted_before(self.chunk, example))


def _per_example(look: Any) -> int | str:
    """How many rows of a lookup an example has, or the name of the ragged column that says."""
    shape = look.index.type.shape
    if None not in shape:
        return int(np.prod(shape, dtype=int))
    return str(look.index.name)
