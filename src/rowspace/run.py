"""One call of `fit`: epochs over chunks, chunks as windows, windows on threads."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from rowspace.buckets import WINDOW, Buckets, Sorted
from rowspace.chunks import Chunks
from rowspace.columns import Chunk, checked, cut_out, length, reordered
from rowspace.diverged import diverged
from rowspace.epoch import Epoch
from rowspace.errors import Diverged, Sequential
from rowspace.kernel import Kernel
from rowspace.layout import layout
from rowspace.progress import Progress
from rowspace.rates import Constant
from rowspace.schedule import Outcome, Window
from rowspace.shared import LANES, Lanes, SharedTable
from rowspace.snapshot import Snapshot, worth_a_copy
from rowspace.trace import Trace
from rowspace.work import DRAWN, HI, LO, Bound, Work
from rowspace.workers import Workers

if TYPE_CHECKING:
    from rowspace.train import Trainer

_SLICE = 1 << 16  # examples between looks at the clock and the keyboard
_RATE_STEPS = 2000  # a rate that changes does so at least this often over a training
_SAMPLED = 16  # where the cost takes time to compute, one example in this many is added up
_STAGES = 16  # of a window that is traced
_WORTH_SAYING = 2**22  # bytes of a table, for which one thread takes long


@dataclass(frozen=True)
class Options:
    """What `fit` was asked for."""

    epochs: int
    seed: int
    shuffle: bool
    schedule: str | None
    blocks: int | None
    trace: Trace | None


@dataclass(frozen=True)
class Position:
    """Where in a training an epoch is: its number from 0, its seed, and the examples before it in this fit."""

    epoch: int
    number: int
    seed: int
    before: int


class Run:
    """One call of `fit`."""

    def __init__(self, trainer: "Trainer", chunks: Chunks, options: Options, workers: Workers) -> None:
        self.trainer, self.chunks, self.options, self.workers = trainer, chunks, options, workers
        self.done = 0
        self.traced = trainer.examples
        self.every: int | None = None
        self.last: tuple[Chunk, Kernel, Chunk, Buckets | None] | None = None
        self.sorted: tuple[Chunk, Sorted] | None = None  # kept for the next epoch where the data is one window
        arrays = [a for t, states in trainer.states.items() for a in (trainer.tables[t].values, *states)]
        lookups = None if chunks.examples is None else options.epochs * chunks.examples
        self.snapshot = Snapshot(arrays, trainer.examples) if worth_a_copy(arrays, lookups) else None

    def epoch(self, epoch: int, bar: Progress) -> Epoch:
        """Train on every chunk once."""
        start, total, counted = perf_counter(), 0.0, 0
        number = len(self.trainer.history) + 1
        seed = int(np.random.SeedSequence([self.options.seed, number]).generate_state(1, np.uint64)[0])
        position = Position(epoch, number, seed, self.done)
        for kernel, window in self._windows(position):
            for outcome in window.run(kernel.run, self.workers):
                self._account(window, outcome)
                total, counted = total + outcome.cost, counted + outcome.counted
                bar.advance(outcome.done, total / counted if counted else None)
            if window.lookups and self.snapshot and not self.snapshot.advance(self.trainer.examples, window.lookups):
                raise self._diverged(window, None)
        examples = self.chunks.examples = self.done - position.before
        return Epoch(number, total / counted if counted else float("nan"), counted, examples, perf_counter() - start)

    def finish(self) -> None:
        """Look through the tables once more: a loop looks at the first number of each row only."""
        if self.snapshot and not self.snapshot.is_good():
            raise self._diverged(None, None)

    # --- what became of a stage ------------------------------------------------------------------------------------

    def _account(self, window: Window, outcome: Outcome) -> None:
        self.trainer.examples += outcome.done
        self.done += outcome.done
        if outcome.failed is not None:
            raise self._diverged(window, outcome.failed)
        trace, examples = self.options.trace, self.trainer.examples
        if trace is not None and examples // trace.every > self.traced // trace.every:
            trace.record(examples)
            self.traced = examples

    def _diverged(self, window: Window | None, example: int | None) -> Diverged:
        """Go back to the last good chunk, if there is a copy; without one, no example that went wrong was written."""
        if self.snapshot:
            self.snapshot.restore()
            self.trainer.examples = self.snapshot.examples
        if window is None or example is None:
            return diverged(self.trainer, {}, None, 0)
        return diverged(self.trainer, window.chunk, example, window.work.first + window.original(example))

    # --- windows ---------------------------------------------------------------------------------------------------

    def _windows(self, position: Position) -> Iterator[tuple[Kernel, Window]]:
        """The chunks of an epoch as windows ready to run; the next one is sorted while the present one runs."""
        for prepared in _one_ahead(self._prepared(position)):
            yield from prepared()

    def _prepared(self, position: Position) -> Iterator[Callable[[], Iterable[tuple[Kernel, Window]]]]:
        """For every window, what gives it once it is ready."""
        first = 0
        for chunk in self.chunks:
            kernel, ready, buckets = self._checked(chunk)
            examples = length(ready)
            if self.options.shuffle:
                order = np.random.default_rng([self.options.seed, position.number, first]).permutation(examples)
                ready = reordered(ready, order)
            if buckets is None:
                yield lambda args=(kernel, ready, first, position): self._in_order(*args)  # type: ignore[misc]
            else:
                for lo in range(0, max(examples, 1), WINDOW):
                    part = cut_out(ready, lo, min(lo + WINDOW, examples))
                    last = lo + WINDOW >= examples
                    waiting = self._sort(buckets, ready if len(part) and lo == 0 and last else part)
                    yield lambda args=(kernel, buckets, waiting, first + lo, position, examples if last else 0): [
                        self._in_buckets(*args)
                    ]
            first += examples

    def _checked(self, chunk: Chunk) -> tuple[Kernel, Chunk, Buckets | None]:
        """The loop for a chunk and the chunk as it takes it: looked up and checked once, however many the epochs."""
        if self.last is None or self.last[0] is not chunk:
            trainer, guarded = self.trainer, self.snapshot is None
            kernel = trainer.compile(chunk, guarded=guarded)
            ready = checked(chunk, kernel.ids, trainer.tables, kernel.traced.columns)
            buckets = self._buckets(kernel, ready)
            if buckets is not None and buckets.layout.sampled:
                ready |= {c: buckets.negatives(c, ready[c]) for c in buckets.layout.sampled}  # type: ignore[arg-type]
                kernel = trainer.compile({**chunk, **{c: ready[c] for c in buckets.layout.sampled}}, guarded=guarded)
            self.last = chunk, kernel, ready, buckets
        return self.last[1:]

    def _buckets(self, kernel: Kernel, ready: Chunk) -> Buckets | None:
        """How the chunk is to be sorted, or None where it is to run in order."""
        if self.options.schedule not in (None, "blocks") or kernel.slow:
            return None
        key = (*kernel.traced.columns, self.options.blocks)
        if key not in self.trainer.buckets:
            self.trainer.buckets[key] = self._new_buckets(kernel, ready)
        found = self.trainer.buckets[key]
        return found if found is not None and found.cuts else None

    def _new_buckets(self, kernel: Kernel, ready: Chunk) -> Buckets | None:
        trainer, options = self.trainer, self.options
        sizes = {t: table.shape for t, table in trainer.tables.items()}
        found = layout(kernel.traced, ready, sizes)
        if isinstance(found, str):
            large = any(t.values.nbytes > _WORTH_SAYING for t in trainer.tables.values())
            if options.schedule == "blocks" or (large and self.workers.threads > 1):
                Sequential.warn(kernel.name, found)
            return None
        arrays = {t: (table.values, *trainer.states.get(t, ())) for t, table in trainer.tables.items()}
        row_bytes = {t: sum(a.itemsize * a.shape[1] for a in own) for t, own in arrays.items()}
        return Buckets(found, sizes, row_bytes, ready, seed=options.seed, blocks=options.blocks)

    def _sort(self, buckets: Buckets, part: Chunk) -> Callable[[], Sorted]:
        """Begin to sort a window; what the last epoch sorted is not sorted again."""
        if self.sorted is not None and self.sorted[0] is part:
            found = self.sorted[1]
            return lambda: found
        waiting = self.workers.aside(buckets.sort, part, self.workers.each)
        if self.last is None or part is not self.last[2]:
            return waiting

        def keep() -> Sorted:
            self.sorted = part, waiting()
            return self.sorted[1]

        return keep

    def _in_buckets(
        self, kernel: Kernel, buckets: Buckets, waiting: Callable[[], Sorted], first: int, position: Position, lookups: int
    ) -> tuple[Kernel, Window]:  # fmt: skip
        done = waiting()
        bound = self._bind(kernel, done.columns)
        segments, tasks = buckets.segments(done.ends, kernel.sampled, self._longest())
        work = self._work(kernel, segments, first, position)
        stages = _staged(tasks, LANES if buckets.layout.shared else self._tasks_in_a_stage(len(tasks)))
        lanes = self._lanes(kernel, buckets, done.columns) if buckets.layout.shared else None
        return kernel, Window(
            bound, work, stages, done.columns, lookups * len(kernel.traced.lookups), done.original, lanes
        )

    def _in_order(
        self, kernel: Kernel, ready: Chunk, first: int, position: Position
    ) -> Iterator[tuple[Kernel, Window]]:
        """A chunk in file order: slice after slice, or with threads racing over them."""
        examples, longest, racing = (
            length(ready),
            self._longest(),
            self.options.schedule == "hogwild" and not kernel.slow,
        )
        bound, trace = self._bind(kernel, ready), self.options.trace
        lo = 0
        while lo < examples:
            span = longest * (_STAGES * self.workers.threads if racing else 1)
            hi = min(examples, lo + span)
            if trace is not None:
                hi = min(hi, lo + trace.every - self.trainer.examples % trace.every)
            edges = np.append(np.arange(lo, hi, longest), hi)
            segments = np.zeros((len(edges) - 1, DRAWN + 2 * len(kernel.sampled)), np.int64)
            segments[:, LO], segments[:, HI] = edges[:-1], edges[1:]
            tasks = [(s, s + 1) for s in range(len(segments))]
            lookups = examples * len(kernel.traced.lookups) if hi == examples else 0
            yield kernel, Window(bound, self._work(kernel, segments, first, position), [tasks], ready, lookups)
            lo = hi

    def _bind(self, kernel: Kernel, columns: Chunk) -> Bound:
        return kernel.bind(self.trainer.tables, self.trainer.states, columns)

    def _lanes(self, kernel: Kernel, buckets: Buckets, columns: Chunk) -> Lanes:
        """The tables that tasks of a stage get copies of, and where they stand among the kernel's arrays."""
        trainer, order = self.trainer, kernel.order()
        starts = np.cumsum([0, *(len(trainer.states.get(t, ())) for t in order)]).tolist()
        tables = []
        for name, sources in buckets.layout.shared.items():
            place, states = order.index(name), list(trainer.states.get(name, ()))
            places = list(range(starts[place], starts[place] + len(states)))
            tables.append(SharedTable(trainer.tables[name].values, states, place, places, sources))
        return Lanes(tables, columns)

    def _work(self, kernel: Kernel, segments: np.ndarray, first: int, position: Position) -> Work:
        if self.every is None:  # the same for all chunks: else the examples of some would weigh more in the mean
            few = segments[-1, HI] < 1000 * _SAMPLED if len(segments) else True
            self.every = 1 if kernel.cost_is_cheap or few else _SAMPLED
        return Work.of(
            segments, self._rates(kernel, segments[:, LO] + first, position), first, self.every, position.seed
        )

    def _tasks_in_a_stage(self, tasks: int) -> int:
        """All of a window, or fewer where a trace looks in between."""
        return max(1, tasks // _STAGES) if self.options.trace is not None else max(1, tasks)

    # --- rates -----------------------------------------------------------------------------------------------------

    def _rates(self, kernel: Kernel, at: np.ndarray, position: Position) -> np.ndarray:
        """The rate of every table, (s, tables), at some positions in the epoch."""
        updates = [self.trainer.updates.get(t) for t in kernel.order()]
        if self._constant():
            return np.tile(np.array([u.rate(0.0) if u else 0.0 for u in updates]), (len(at), 1))
        done = [self._fraction(position, int(n)) for n in at]
        return np.array([[u.rate(f) if u else 0.0 for u in updates] for f in done]).reshape(len(at), len(updates))

    def _fraction(self, position: Position, at: int) -> float:
        """How much of the training is done, from 0 to 1; in whole epochs while their length is not known."""
        if self.chunks.examples is None:
            return position.epoch / self.options.epochs
        return min(1.0, (position.before + at) / max(1, self.options.epochs * self.chunks.examples))

    def _constant(self) -> bool:
        return all(isinstance(u.rate, Constant) for u in self.trainer.updates.values())

    def _longest(self) -> int:
        """The longest segment: short enough for the clock and the rate."""
        if self._constant() or self.chunks.examples is None:
            return _SLICE
        return int(np.clip(self.options.epochs * self.chunks.examples // _RATE_STEPS, 1, _SLICE))


def _one_ahead(items: Iterator[Any]) -> Iterator[Any]:
    """The items, each given only when the next one is ready too."""
    before = next(items, None)
    while before is not None:
        following = next(items, None)
        yield before
        before = following


def _staged(tasks: list[tuple[int, int]], size: int) -> list[list[tuple[int, int]]]:
    return [tasks[n : n + size] for n in range(0, len(tasks), size)]
