"""Makes the plans of an epoch: checks and shuffles every chunk, and gives it to the schedule that was chosen."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Protocol

import numpy as np

from rowspace.columns.chunk import Chunk, checked, counted_before, length, reordered
from rowspace.columns.holding import check_held
from rowspace.columns.kinds import column_of
from rowspace.errors import CheckpointError, DataError
from rowspace.kernel.kernel import Kernel
from rowspace.kernel.phases import IDS, WHOLE
from rowspace.schedule.bags import in_file_order
from rowspace.schedule.batches import BatchLoops, BatchPlan, in_batches
from rowspace.schedule.in_blocks import buckets_of, in_blocks
from rowspace.schedule.in_order import racing, sequential
from rowspace.schedule.pacing import EpochStart
from rowspace.schedule.place import Place
from rowspace.schedule.plan import Plan
from rowspace.schedule.planning import Pending, Planning, Ready, place_after
from rowspace.system.mapped import changes_are_seen

Schedule = Callable[[Ready, Chunk, Place, EpochStart, Planning], Iterator[Pending]]
SCHEDULES: dict[str, Schedule] = {"blocks": in_blocks, "sequential": sequential, "hogwild": racing}

_AHEAD = 8  # plans at the most that are prepared before they run


class DataCheck(Protocol):
    """Compares the chunks of an epoch with those of epochs before, and of the fit that is gone on with.

    Data that `seeks` may begin an epoch with another chunk than their first. Without a checkpoint none is `wanted`.
    """

    seeks: bool
    wanted: bool

    def of(self, kernel: Kernel, columns: Chunk, sources: Sequence[str]) -> str: ...
    def meet(self, number: int, mark: str) -> None: ...
    def begun(self, number: int, expected: str, found: str) -> None: ...
    def end(self, chunks: int, begun: int) -> None: ...


class Planner:
    """Makes the plans of every epoch of a fit.

    Args:
        planning: what they are made of.
        check: what chunks are compared by.
        guarded: whether loops are to check gradients before they write.
    """

    def __init__(self, planning: Planning, check: DataCheck, *, guarded: bool) -> None:
        self.planning, self.check, self.guarded = planning, check, guarded
        self._last: tuple[Chunk, Ready] | None = None

    def plans(self, epoch: EpochStart, start: Place) -> Iterator[Plan | BatchPlan]:
        """The plans of an epoch from a place on; those that come next are prepared before they are due."""
        for pending in _ahead(self._pending(epoch, start), min(self.planning.preparer.at_once, _AHEAD)):
            yield from pending()

    def done_with(self, plan: Plan | BatchPlan) -> None:
        """Take back the memory of a plan that was run."""
        if plan.sorted is not None and len(self.planning.spare) < _AHEAD:
            self.planning.spare.append(plan.sorted)

    def compare(self, epoch: int) -> None:
        """Compare data that are not trained on any more with what they were: all of them, or a chunk that they seek."""
        chunks = 0
        for number, chunk in self.planning.pacing.chunks.of_epoch(epoch):
            self.check.meet(number, self._ready(chunk).mark)
            chunks = number + 1
            if self.check.seeks:
                return
        self.check.end(chunks, 0)

    def _pending(self, epoch: EpochStart, start: Place) -> Iterator[Pending]:
        """What gives the plans of an epoch, from a place on."""
        options, place, chunks, before = self.planning.options, start, 0, 0
        for number, chunk in self.planning.pacing.chunks.of_epoch(epoch.epoch, start.begun):
            ready, chunks = self._ready(chunk), number + 1
            self.check.meet(number, ready.mark)
            if chunks == start.begun:
                self.check.begun(number, start.mark, ready.mark)
            if number < start.chunk:
                before += int(counted_before(ready.columns, length(ready.columns)))
                continue
            if number == start.chunk:
                self._check_start(ready, start, before)
            columns, place = ready.columns, replace(place, mark=ready.mark)
            if options.shuffle:
                order = np.random.default_rng([options.seed, epoch.number, place.first]).permutation(length(columns))
                columns = reordered(columns, order)
            yield from self._schedule(ready)(ready, columns, place, epoch, self.planning)
            place = place_after(place, ready.columns, length(columns))
        self.check.end(chunks, start.begun)

    def _schedule(self, ready: Ready) -> Schedule:
        options = self.planning.options
        if options.batch is not None:
            return in_batches
        if ready.buckets is not None:
            return SCHEDULES["blocks"]
        return SCHEDULES["sequential" if options.schedule in (None, "blocks") else options.schedule]

    def _check_start(self, ready: Ready, start: Place, before: int) -> None:
        """Refuse a place where no plan of the chunk begins; so many examples stand before it, if all were read."""
        each = self.planning.options.batch or (ready.buckets.together if ready.buckets else 1)
        within = start.entry == 0 or start.entry < length(ready.columns)
        if not within or start.entry % each or (not self.check.seeks and start.first != before):
            raise CheckpointError(
                f"the checkpoint was taken at example {start.first:,} and entry {start.entry:,} of chunk {start.chunk} "
                "of the data, where nothing begins: it was altered; begin anew in another folder"
            )

    # --- a chunk ---------------------------------------------------------------------------------------------------

    def _ready(self, chunk: Chunk) -> Ready:
        """A chunk as its loop takes it: looked up and checked once, however many the epochs."""
        if self._last is None or self._last[0] is not chunk or self._last[1].kernel.is_stale:
            self._last = chunk, self._made_ready(chunk)
        return self._last[1]

    def _made_ready(self, chunk: Chunk) -> Ready:
        planning, loops = self.planning, self.planning.loops
        phases = WHOLE if planning.options.batch is None else IDS
        kernel = loops.examples(chunk, phases, guarded=self.guarded)
        columns = checked(chunk, kernel.ids, planning.state.tables, kernel.traced.columns)
        check_held(loops.cost, columns)
        self._check_apart(columns)
        buckets = buckets_of(kernel, columns, planning)
        if buckets is not None and buckets.layout.sampled:
            drawn = {c: buckets.negatives(c, columns[c]) for c in buckets.layout.sampled}
            columns |= drawn
            kernel = loops.examples({**chunk, **drawn}, guarded=self.guarded)
        as_run = columns if buckets is not None else in_file_order(columns)
        mark = self.check.of(kernel, columns, self._sources(kernel, as_run)) if self.check.wanted else ""
        return Ready(kernel, as_run, buckets, mark)

    def _sources(self, kernel: Kernel, columns: Chunk) -> list[str]:
        """The texts of all loops that run over such columns."""
        state, loops = self.planning.state, self.planning.loops
        batch = self.planning.options.batch is not None
        own = BatchLoops.of(columns, state, loops).that_step if batch else [kernel]
        catching_up = [loops.rows(t, step=False) for t in state.updates if state.is_exact(t)]
        return [loop.source for loop in (*own, *catching_up)]

    def _check_apart(self, columns: Chunk) -> None:
        """Refuse columns that would change with a table while they are read."""
        state = self.planning.state
        for name, column in columns.items():
            values = column_of(column).flat
            for table in state.updates:
                if values is not None and changes_are_seen(state.tables[table].values, values):
                    raise DataError(f"column {name!r} is the memory of table {table!r}, which is trained; give a copy")


def _ahead(items: Iterator[Pending], count: int) -> Iterator[Pending]:
    """The items, each given when so many more are begun."""
    begun = deque(islice(items, count))
    for item in items:
        begun.append(item)
        yield begun.popleft()
    yield from begun
