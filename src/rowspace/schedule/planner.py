"""The chunks of an epoch as windows of work: checked, sorted where they are to be, laid out in segments."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Protocol

import numpy as np

from rowspace.columns.chunk import Chunk, checked, counted_before, cut_out, length, members, reordered
from rowspace.columns.holding import check_held
from rowspace.columns.kinds import column_of
from rowspace.errors import CheckpointError, DataError, OverMemory, Sequential, SlowTable
from rowspace.execute.replicas import REPLICAS, Replica, Replicas
from rowspace.execute.tiles import Parts, Tiles, room_for_rows, tiled
from rowspace.kernel.kernel import Kernel
from rowspace.kernel.loops import Loops
from rowspace.kernel.phases import IDS, WHOLE
from rowspace.kernel.segments import LO, Segments, segments_between
from rowspace.schedule.bags import in_file_order
from rowspace.schedule.batches import Batches, BatchPlan
from rowspace.schedule.buckets import Buckets, SortedExamples, check_sample, sample_of
from rowspace.schedule.layout import layout
from rowspace.schedule.options import ScheduleOptions
from rowspace.schedule.pacing import EpochStart, Pacing
from rowspace.schedule.place import Place
from rowspace.schedule.plan import Order, Plan, Task, in_turn
from rowspace.schedule.spill import Spill
from rowspace.state import Key, TrainState
from rowspace.system.mapped import changes_are_seen
from rowspace.system.threads import Workers
from rowspace.tables.on_disk import folder_of, is_on_disk

_LONGEST = 2**22  # examples of a stretch in file order
_TOGETHER = 2**16  # examples in file order, of a plan whatever its rates
_AHEAD = 8  # windows at the most that are sorted before they run
_STAGES = 16  # of a window that is traced
_WORTH_SAYING = 2**22  # bytes of a table, for which one thread takes long


@dataclass(frozen=True)
class Ready:
    """A chunk looked up and checked, with its loop, and how it is to be sorted, if it is."""

    kernel: Kernel
    columns: Chunk
    buckets: Buckets | None
    mark: str


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
    """Makes the windows of every epoch of a fit.

    Args:
        state: what is trained.
        loops: its loops.
        cuts: how chunks of each kind are sorted, from one fit to the next; None for those that are not.
        pace: rates and lengths.
        options: what decides the bytes.
        workers: threads that sort.
        check: what chunks are compared by.
        guarded: whether loops are to check gradients before they write.
        record_every: after how many examples somebody looks at the rows, if anybody does.
        memory: bytes, for tables on disk.
    """

    def __init__(
        self, state: TrainState, loops: Loops, cuts: dict[Key, Buckets | None], pace: Pacing, options: ScheduleOptions,
        workers: Workers, check: DataCheck, *, guarded: bool, record_every: int | None, memory: int,
    ) -> None:  # fmt: skip
        self.state, self.loops, self.cuts = state, loops, cuts
        self.pace, self.options, self.workers = pace, options, workers
        self.marks, self.guarded = check, guarded
        self.record_every, self.memory = record_every, memory
        self._last: tuple[Chunk, Ready] | None = None
        self._batching: tuple[Ready, Batches] | None = None
        self._spare: list[SortedExamples] = []  # whose memory is free
        self._room: int | None = None  # of the memory, for rows and examples

    def epoch(self, position: EpochStart, start: Place) -> Iterator[Plan | BatchPlan]:
        """The windows of an epoch from a place on; the next ones are sorted, each by a thread, before they run."""
        for prepared in _ahead(self._prepared(position, start), min(self.workers.threads, _AHEAD)):
            yield from prepared()

    def done_with(self, window: Plan | BatchPlan) -> None:
        """Take back the memory of a window that was run."""
        if window.sorted is not None and len(self._spare) < _AHEAD:
            self._spare.append(window.sorted)

    def _prepared(self, position: EpochStart, start: Place) -> Iterator[Callable[[], Iterable[Plan | BatchPlan]]]:
        """For every window, what gives it once it is ready; for a chunk that runs in order, what gives all of it."""
        place, chunks, before = start, 0, 0
        for number, chunk in self.pace.chunks.of_epoch(position.epoch, start.begun):
            ready, chunks = self._ready(chunk), number + 1
            self.marks.meet(number, ready.mark)
            if chunks == start.begun:
                self.marks.begun(number, start.mark, ready.mark)
            if number < start.chunk:
                before += int(counted_before(ready.columns, length(ready.columns)))
                continue
            if number == start.chunk:
                self._check_start(ready, start, before)
            columns, place = ready.columns, replace(place, mark=ready.mark)
            if self.options.shuffle:
                seed = [self.options.seed, position.number, place.first]
                columns = reordered(columns, np.random.default_rng(seed).permutation(length(columns)))
            yield from self._parts(ready, columns, place, position)
            place = _after(place, ready.columns, length(columns))
        self.marks.end(chunks, start.begun)

    def _check_start(self, ready: Ready, start: Place, before: int) -> None:
        """Refuse a place where no window of the chunk begins; so many examples stand before it, if all were read."""
        each = self.options.batch or (ready.buckets.window if ready.buckets else 1)
        within = start.entry == 0 or start.entry < length(ready.columns)
        if not within or start.entry % each or (not self.marks.seeks and start.first != before):
            raise CheckpointError(
                f"the checkpoint was taken at example {start.first:,} and entry {start.entry:,} of chunk {start.chunk} "
                "of the data, where nothing begins: it was altered; begin anew in another folder"
            )

    def compare(self, epoch: int) -> None:
        """Compare data that are not trained on any more with what they were: all of them, or a chunk that they seek."""
        chunks = 0
        for number, chunk in self.pace.chunks.of_epoch(epoch):
            self.marks.meet(number, self._ready(chunk).mark)
            chunks = number + 1
            if self.marks.seeks:
                return
        self.marks.end(chunks, 0)

    def _parts(
        self, ready: Ready, columns: Chunk, place: Place, position: EpochStart
    ) -> Iterator[Callable[[], Iterable[Plan | BatchPlan]]]:
        if self.options.batch is not None:
            yield lambda: self._in_batches(ready, columns, place, position)
            return
        if ready.buckets is None:
            yield lambda: self._in_order(ready, columns, place, position)
            return
        for lo in range(place.entry, length(columns), ready.buckets.window):
            after = _after(place, columns, min(lo + ready.buckets.window, length(columns)))
            seed = [self.options.seed, position.number, place.first + lo]
            waiting = self._sort(ready.buckets, cut_out(columns, lo, after.entry or length(columns)), seed)
            yield lambda lo=lo, waiting=waiting, after=after: [  # type: ignore[misc]
                self._in_buckets(ready, waiting(), place.first + lo, position, after, length(columns))
            ]

    # --- a chunk ---------------------------------------------------------------------------------------------------

    def _ready(self, chunk: Chunk) -> Ready:
        """A chunk as its loop takes it: looked up and checked once, however many the epochs."""
        if self._last is None or self._last[0] is not chunk or self._last[1].kernel.is_stale:
            phases = WHOLE if self.options.batch is None else IDS
            kernel = self.loops.examples(chunk, phases, guarded=self.guarded)
            columns = checked(chunk, kernel.ids, self.state.tables, kernel.traced.columns)
            check_held(self.loops.cost, columns)
            self._check_apart(columns)
            buckets = self._buckets(kernel, columns)
            if buckets is not None and buckets.layout.sampled:
                drawn = {c: buckets.negatives(c, columns[c]) for c in buckets.layout.sampled}
                columns |= drawn
                kernel = self.loops.examples({**chunk, **drawn}, guarded=self.guarded)
            as_run = columns if buckets is not None else in_file_order(columns)
            mark = self.marks.of(kernel, columns, self._sources(kernel, as_run)) if self.marks.wanted else ""
            self._last = chunk, Ready(kernel, as_run, buckets, mark)
        return self._last[1]

    def _sources(self, kernel: Kernel, columns: Chunk) -> list[str]:
        """The texts of all loops that run over such columns."""
        batch = self.options.batch is not None
        own = Batches(self.state, self.loops, columns, self.workers).loops if batch else [kernel]
        catching_up = [self.loops.rows(t, step=False) for t in self.state.updates if self.state.is_exact(t)]
        return [loop.source for loop in (*own, *catching_up)]

    def _check_apart(self, columns: Chunk) -> None:
        """Refuse columns that would change with a table while they are read."""
        for name, column in columns.items():
            values = column_of(column).flat
            for table in self.state.updates:
                if values is not None and changes_are_seen(self.state.tables[table].values, values):
                    raise DataError(f"column {name!r} is the memory of table {table!r}, which is trained; give a copy")

    def _buckets(self, kernel: Kernel, columns: Chunk) -> Buckets | None:
        """How the chunk is to be sorted, or None where it is to run in order."""
        in_order = self.options.schedule not in (None, "blocks") or self.options.batch is not None
        if in_order or kernel.slow or not length(columns):
            return None
        key = (*kernel.traced.columns, self.options.schedule, self.options.blocks)
        if key not in self.cuts:
            self.cuts[key] = self._new_buckets(kernel, columns, key)
        found = self.cuts[key]
        if found is not None and found.spill is not None:
            found.spill.memory = self.memory
        return found if found is not None and found.cuts else None

    def _new_buckets(self, kernel: Kernel, columns: Chunk, key: Key) -> Buckets | None:
        state, options = self.state, self.options
        on_disk = [t.values for t in state.tables.values() if is_on_disk(t.values)]
        sizes = {t: table.shape for t, table in state.tables.items()}
        found = layout(kernel.traced, kernel.forms, sizes)
        exact = [] if isinstance(found, str) else [t for t in found.shared if state.is_exact(t)]
        if exact:
            found = f"the small table {exact[0]!r} has an exact update, whose copies cannot be averaged"
        if isinstance(found, str):
            found += "; schedule='hogwild' would use all threads, and give other bytes each time"
        elif found.sampled and options.schedule is None and options.blocks is None and not on_disk:
            found = (
                "negatives from a block are not quite as good as from the whole table; schedule='blocks' would use all "
                "threads, and give the same bytes for any number of them"
            )
        if isinstance(found, str):
            large = any(t.values.nbytes > _WORTH_SAYING for t in state.tables.values())
            if on_disk:
                SlowTable.warn(kernel.name, found, sum(v.nbytes for v in on_disk), self.memory)
            elif options.schedule == "blocks" or (large and self.workers.threads > 1):
                Sequential.warn(kernel.name, found)
            return None
        row_bytes = {t: sum(a.itemsize * a.shape[1] for a in state.arrays_of(t)) for t in sizes}
        spill = Spill(folder_of(on_disk), self.memory) if on_disk else None
        samples = state.samples
        known = key in samples
        samples[key] = check_sample(samples[key], found, sizes) if known else sample_of(columns, found, sizes)
        return Buckets(found, sizes, row_bytes, samples[key], blocks=options.blocks, spill=spill)

    # --- in buckets ------------------------------------------------------------------------------------------------

    def _sort(self, buckets: Buckets, part: Chunk, seed: list[int]) -> Callable[[], SortedExamples]:
        """Begin to sort a window; one that may be larger than memory is sorted when its turn comes."""
        if buckets.spill:
            return lambda: buckets.sort(part, seed, self._spare.pop() if self._spare else None)
        return self.workers.prepare(buckets.sort, part, seed, self._spare.pop() if self._spare else None)

    def _in_buckets(
        self, ready: Ready, done: SortedExamples, first: int, position: EpochStart, after: Place, examples: int
    ) -> Plan:
        kernel, buckets = ready.kernel, ready.buckets
        assert buckets is not None
        segments, tasks = buckets.segments(done, kernel.sampled, self.pace.longest())
        lanes = self._lanes(kernel, buckets, done.columns) if buckets.layout.shared else None
        if buckets.spill and self._room is None:
            self._compile(kernel, done.columns)  # it takes memory of its own
        tiles = self._tiled(buckets, done, segments, tasks) if buckets.spill else None
        if tiles:
            work = self._work(kernel, tiles.segments, done.columns, first, position)
            extras = done, lanes, tiles.residency, tiles.turns
            return self._window(kernel, done.columns, work, tiles.tasks, after, Order.WAVE, examples, *extras)
        if lanes or self.record_every is not None:
            stages = _staged(tasks, REPLICAS if lanes else max(1, len(tasks) // _STAGES))
        else:
            segments, tasks = in_turn(segments, tasks, self.workers.threads)
            stages = [tasks]
        work = self._work(kernel, segments, done.columns, first, position)
        return self._window(kernel, done.columns, work, stages, after, Order.WAVE, examples, done, lanes)

    def _tiled(self, buckets: Buckets, done: SortedExamples, segments: np.ndarray, tasks: list[Task]) -> Tiles | None:
        """The work of a window in tiles whose rows fit in memory; None where all do."""
        state = self.state
        arrays = [[a for t in space for a in state.arrays_of(t)] for space in buckets.layout.spaces]
        first = self._room is None
        if self._room is None:
            self._room = room_for_rows([a for own in arrays for a in own], self.memory)
        contents = Parts.of(buckets, done, arrays, tasks, segments)
        lanes = REPLICAS if buckets.layout.shared else None
        symmetric = buckets.layout.symmetric
        tiles = tiled(contents, segments, tasks, self._room, self.workers.threads, symmetric=symmetric, lanes=lanes)
        if tiles is None:
            contents.bring_all(length(done.columns))
        elif tiles.missing and first:
            OverMemory.warn(self.memory, self.memory - self._room + tiles.missing)
        return tiles

    def _compile(self, kernel: Kernel, columns: Chunk) -> None:
        """Have the machine code of a loop, by running it over nothing."""
        none = segments_between(np.zeros(1, np.int64), len(kernel.sampled))
        nothing = Segments.of(none, np.zeros((0, len(kernel.order()))), 0, 1, 0)
        kernel.run(kernel.bind(self.state.tables, self.state.slots, columns), nothing, 0, 0)

    def _lanes(self, kernel: Kernel, buckets: Buckets, columns: Chunk) -> Replicas:
        """The tables that the tasks of a stage get copies of, and where they stand among the kernel's arrays."""
        state, order = self.state, kernel.order()
        starts = np.cumsum([0, *(len(state.slots.get(t, ())) for t in order)]).tolist()
        tables = []
        for name, sources in buckets.layout.shared.items():
            place, states = order.index(name), list(state.slots.get(name, ()))
            places = list(range(starts[place], starts[place] + len(states)))
            tables.append(Replica(state.tables[name].values, states, place, places, sources))
        return Replicas(tables, columns)

    # --- in order --------------------------------------------------------------------------------------------------

    def _in_order(self, ready: Ready, columns: Chunk, place: Place, position: EpochStart) -> Iterator[Plan]:
        """A chunk in file order: slice after slice, or with threads racing over many of them."""
        kernel, examples, longest = ready.kernel, length(columns), self.pace.longest()
        racing = self.options.schedule == "hogwild" and not kernel.slow
        at_once = _STAGES * self.workers.threads if racing else 1 if kernel.slow else max(1, _TOGETHER // longest)
        lo = place.entry
        while lo < examples:
            begin = lo - lo % longest
            hi = min(examples, begin + longest * at_once, self._next_record(columns, lo))
            edges = np.concatenate([[lo], np.arange(begin + longest, hi, longest), [hi]])
            segments = segments_between(edges, len(kernel.sampled))
            tasks = [(s, s + 1) for s in range(len(segments))] if racing else [(0, len(segments))]
            at = edges[:-1] // longest * longest  # where a record cuts a stretch, its rest goes on at the same rate
            work = self._work(kernel, segments, columns, place.first, position, at)
            order = Order.RACE if racing else Order.IN_TURN
            yield self._window(kernel, columns, work, [tasks], _after(place, columns, hi), order, examples)
            lo = hi

    def _in_batches(self, ready: Ready, columns: Chunk, place: Place, position: EpochStart) -> Iterator[BatchPlan]:
        """A chunk batch by batch."""
        batches, examples = self._batches(ready, columns), length(columns)
        for lo in range(place.entry, examples, self.options.batch or 1):
            hi = min(lo + (self.options.batch or 1), examples)
            lookups = examples * len(ready.kernel.traced.lookups) if hi == examples else 0
            after = _after(place, columns, hi)
            yield BatchPlan(batches, columns, (lo, hi), place.first, self.pace, position, after, lookups)

    def _batches(self, ready: Ready, columns: Chunk) -> Batches:
        if self._batching is None or self._batching[0] is not ready:
            self._batching = ready, Batches(self.state, self.loops, columns, self.workers)
        return self._batching[1]

    def _next_record(self, columns: Chunk, lo: int) -> int:
        """Up to where a chunk may run from `lo` before its rows are recorded."""
        bags = members(columns)
        if self.record_every is None:
            return lo + _LONGEST
        left = self.record_every - self.state.examples % self.record_every
        return lo + left if bags is None else int(np.searchsorted(bags, bags[lo] + left))

    # --- both ------------------------------------------------------------------------------------------------------

    def _work(
        self, kernel: Kernel, segments: np.ndarray, columns: Chunk, first: int, position: EpochStart,
        at: np.ndarray | None = None,
    ) -> Segments:  # fmt: skip
        """Work at the rates that hold `at` entries of the columns: by default, those where the segments begin."""
        at = segments[:, LO] if at is None else at
        rates = self.pace.rates(kernel.order(), first + counted_before(columns, at), position)
        clock = self.state.steps - (int(segments[0, LO]) if len(segments) else 0)
        every = self.pace.every(kernel.cost_is_cheap, length(columns))
        work = Segments.of(segments, rates, first, every, position.seed, clock)
        if not any(map(self.state.is_exact, self.state.updates)):
            return work
        in_order = np.argsort(segments[:, LO], kind="stable")  # however they are laid out for the threads
        self.state.rates.extend(kernel.order(), clock + segments[in_order, LO], work.rates[in_order])
        return replace(work, since=self.state.rates.since, paces=self.state.rates.paces)

    def _window(
        self, kernel: Kernel, columns: Chunk, work: Segments, stages: Any, after: Place, order: Order,
        examples: int, *sorted: Any,
    ) -> Plan:  # fmt: skip
        bound = kernel.bind(self.state.tables, self.state.slots, columns)
        lookups = 0 if after.entry else examples * len(kernel.traced.lookups)
        return Plan(kernel.run, bound, work, stages, columns, after, order, lookups, *sorted)


def _after(place: Place, columns: Chunk, entry: int) -> Place:
    """The place before an entry of a chunk, or at the next chunk where there is no more."""
    if entry < length(columns):
        return replace(place, entry=entry)
    return Place(place.chunk + 1, place.first + int(counted_before(columns, entry)), 0, place.mark)


def _staged(tasks: list[tuple[int, int]], size: int) -> list[list[tuple[int, int]]]:
    return [tasks[n : n + size] for n in range(0, len(tasks), size)]


def _ahead(items: Iterator[Any], count: int) -> Iterator[Any]:
    """The items, each given when so many more are begun."""
    begun = deque(islice(items, count))
    for item in items:
        begun.append(item)
        yield begun.popleft()
    yield from begun
