"""Training: chunks of examples through a kernel, on one screen."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from time import perf_counter
from typing import Any

import numpy as np

from rowspace.columns import Chunk, as_chunk, checked, kind, length, reordered
from rowspace.cost import Cost, parameters
from rowspace.diverged import diverged
from rowspace.errors import DataError, Diverged, SlowCost
from rowspace.kernel import Kernel
from rowspace.progress import Progress, progress_bar
from rowspace.rates import Constant
from rowspace.sampling import Negatives
from rowspace.schedule import SCHEDULES, Schedule
from rowspace.snapshot import Snapshot, worth_a_copy
from rowspace.table import Table
from rowspace.trace import Trace
from rowspace.updates import Update, sgd
from rowspace.work import Slice

_SLICE = 1 << 16  # examples between looks at the clock and the keyboard
_RATE_STEPS = 2000  # a rate that changes does so at least this often over a training
_SAMPLED = 16  # where the cost takes time to compute, one example in this many is added up


@dataclass(frozen=True)
class Epoch:
    """What happened in an epoch: the mean cost, over how many of how many examples, and in how many seconds.

    Each cost is that of the rows as they were just before the example moved them.
    """

    number: int
    cost: float
    costed: int
    examples: int
    seconds: float

    def __str__(self) -> str:
        over = "" if self.costed == self.examples else f" (mean of {self.costed:,} of {self.examples:,} examples)"
        speed = f"{self.examples / max(self.seconds, 1e-9):,.0f} examples/s"
        return f"epoch {self.number}: cost {self.cost:.6g}{over}, {speed}"


class Trainer:
    """Moves the rows of tables to make a cost small, one example at a time.

    Arguments:
        cost: the cost of one example: a function whose parameters are tables and columns of the data, by name.
        tables: the tables by parameter name. They are changed in place.
        update: how rows move (default `rs.sgd()`), for all tables or by name; None as a table's update freezes it.

    Raises DataError when tables and updates do not fit together. The cost is traced when the columns are known, at the
    first `fit`, which raises CostError if it cannot be.

    >>> import rowspace as rs
    >>> E = rs.Table(6, 2, seed=0)
    >>> def same_or_different(E, i, j, label):
    ...     return abs(label - E[i] @ E[j])
    >>> trainer = rs.Trainer(same_or_different, {"E": E}, rs.sgd(rate=0.01))
    >>> history = trainer.fit({"i": [0, 2, 4], "j": [1, 3, 5], "label": [1, 1, 1]}, epochs=500)
    >>> history[-1].cost < 0.02
    True
    """

    def __init__(
        self,
        cost: Cost,
        tables: Mapping[str, Table],
        update: Update | Mapping[str, Update | None] | None = None,
    ) -> None:
        if not isinstance(tables, Mapping) or not all(isinstance(t, Table) for t in tables.values()):
            raise DataError('tables must be a dict of tables by the names they have in the cost, such as {"E": E}')
        self.cost = cost
        self.tables = dict(tables)
        self.updates = _by_table(sgd() if update is None else update, self.tables)
        _check_apart(self.tables, self.updates)
        for name in self.updates:
            if not self.tables[name].values.flags.writeable:
                raise DataError(f"table {name!r} is read-only; open it with mode='r+', or give it the update None")
        self.states = {t: _first_state(u, self.tables[t]) for t, u in self.updates.items()}
        self.history: list[Epoch] = []
        self.examples = 0
        self._kernels: dict[Any, Kernel] = {}
        self._last: Kernel | None = None

    def __repr__(self) -> str:
        from rowspace.cost import name_of

        shapes = ", ".join(f"{name} {len(t):,} x {t.dim}" for name, t in self.tables.items())
        return f"Trainer({name_of(self.cost)}; {shapes}; {self.examples:,} examples done)"

    @property
    def kernel(self) -> Kernel:
        """The loop of the last `fit` or `compile`; `kernel.source` is its text."""
        if self._last is None:
            raise DataError("there is no loop before the columns are known; call fit(data), or compile(data)")
        return self._last

    def compile(self, data: Any, *, guarded: bool = False) -> Kernel:
        """Make the loop for data with the columns of `data`, without training.

        A `guarded` loop checks gradients before it writes: `fit` uses one where a copy of the tables to go back to
        would cost too much.
        """
        chunk = as_chunk(data)
        _, names = parameters(self.cost, self.tables, chunk)
        forms = {c: (kind(c, chunk[c]), _sampled(chunk[c])) for c in names}
        key = (guarded, *((c, k, s and s.form) for c, (k, s) in forms.items()))
        if key not in self._kernels:
            kernel = Kernel(self.cost, self.tables, self.updates, forms, guarded=guarded)
            if kernel.slow:
                SlowCost.warn(kernel.name, kernel.slow)
            self._kernels[key] = kernel
        self._last = self._kernels[key]
        return self._last

    def fit(
        self,
        data: Any,
        epochs: int = 1,
        *,
        seed: int = 0,
        shuffle: bool = False,
        progress: bool | None = None,
        trace: Trace | None = None,
        callbacks: Sequence[Any] = (),
        schedule: str = "sequential",
    ) -> list[Epoch]:
        """Run `epochs` times over the data, and give what happened in each.

        Arguments:
            data: columns by name: a dict of arrays, a pyarrow Table, a pandas or polars frame; or an iterable of such
                chunks, anew for every epoch (a list, or a function that gives an iterator). Integers and names index
                tables, numbers weigh; see `rs.Negatives` for ids drawn on the fly. A function may have an attribute
                `examples`, how many an epoch has: the bar and the rate then know how much is left.
            seed: what negatives and the shuffle are drawn from; the same seed gives the same bytes.
            shuffle: whether to take the examples of each chunk in a new random order in every epoch.
            progress: whether to show a bar; None shows one on a terminal.
            trace: records rows as they move.
            callbacks: functions called with the trainer after every epoch, or objects with any of the methods
                on_train_begin, on_epoch_begin, on_epoch_end and on_train_end.
            schedule: "sequential", examples in order.

        Raises DataError, IdOutOfRange or UnknownItem before a chunk with bad values touches a table, and Diverged when
        a cost or a row stops being finite; the tables are then as they were at the last good chunk, or where a copy to
        go back to would cost too much (64 MB and more), just before the example that went wrong. Ctrl-C leaves the
        tables consistent, as after some whole number of examples.
        """
        if schedule not in SCHEDULES:
            raise DataError(f"schedule {schedule!r} is not one of {', '.join(SCHEDULES)}")
        if epochs < 0:
            raise DataError(f"epochs is {epochs}; it must be at least 0")
        chunks = _Chunks(data, epochs)
        run = _Run(self, chunks, epochs, seed, shuffle, trace, SCHEDULES[schedule])
        first = len(self.history)
        _call(callbacks, "on_train_begin", self)
        if trace is not None:
            trace.start(self.tables)
            trace.record(self.examples)
        try:
            total = None if chunks.examples is None else epochs * chunks.examples
            with progress_bar(progress, total) as bar:
                for epoch in range(epochs):
                    _call(callbacks, "on_epoch_begin", self)
                    self.history.append(run.epoch(epoch, bar))
                    _call(callbacks, "on_epoch_end", self)
                run.finish()
        finally:
            if trace is not None:
                trace.record(self.examples)
                trace.close()
        _call(callbacks, "on_train_end", self)
        return self.history[first:]

    def model(self, **trained_with: Any) -> Any:
        """The tables as a model that can be saved and queried, with a note of what it was trained with."""
        from rowspace.cost import name_of
        from rowspace.model import Model

        rules = {t: u.name for t, u in self.updates.items()}
        about = {"cost": name_of(self.cost), "updates": rules, "examples": self.examples, **trained_with}
        return Model(self.tables, about, [e.cost for e in self.history])


class _Run:
    """One call of `fit`."""

    def __init__(
        self, trainer: Trainer, chunks: "_Chunks", epochs: int, seed: int, shuffle: bool, trace: Trace | None,
        schedule: Schedule,
    ) -> None:  # fmt: skip
        self.trainer, self.chunks, self.epochs = trainer, chunks, epochs
        self.seed, self.shuffle = abs(seed), shuffle
        self.trace, self.schedule, self.done = trace, schedule, 0
        arrays = [a for t, states in trainer.states.items() for a in (trainer.tables[t].values, *states)]
        lookups = None if chunks.examples is None else epochs * chunks.examples
        self.every: int | None = None
        self.last: tuple[Chunk, Kernel, Chunk] | None = None
        self.snapshot = Snapshot(arrays, trainer.examples) if worth_a_copy(arrays, lookups) else None

    def epoch(self, epoch: int, bar: Progress) -> Epoch:
        """Train on every chunk once."""
        start, first, total, counted = perf_counter(), 0, 0.0, 0
        number = len(self.trainer.history) + 1
        seed = int(np.random.SeedSequence([self.seed, number]).generate_state(1, np.uint64)[0])
        for chunk in self.chunks:
            examples = length(chunk)
            kernel, ready = self._checked(chunk)
            if self.shuffle:
                ready = reordered(ready, np.random.default_rng([self.seed, number, first]).permutation(examples))
            for part, cost, some in self._chunk(kernel, ready, examples, first, seed, epoch):
                total, counted = total + cost, counted + some
                bar.advance(part.hi - part.lo, total / counted if counted else None)
            first += examples
        self.chunks.examples = first
        cost = total / counted if counted else float("nan")
        return Epoch(number, cost, counted, first, perf_counter() - start)

    def _checked(self, chunk: Chunk) -> tuple[Kernel, Chunk]:
        """The loop for a chunk and the chunk as it takes it: looked up and checked once, however many the epochs."""
        if self.last is None or self.last[0] is not chunk:
            kernel = self.trainer.compile(chunk, guarded=self.snapshot is None)
            self.last = chunk, kernel, checked(chunk, kernel.ids, self.trainer.tables, kernel.traced.columns)
        return self.last[1:]

    def _chunk(
        self, kernel: Kernel, ready: Chunk, examples: int, first: int, seed: int, epoch: int
    ) -> Iterator[tuple[Slice, float, int]]:
        trainer = self.trainer
        bound = kernel.bind(trainer.tables, trainer.states, ready)
        slices = self._slices(kernel, examples, first, seed, epoch)
        for part, done, cost, counted in self.schedule(kernel.run, bound, slices):
            if done < part.hi:
                trainer.examples += done - part.lo
                raise self._diverged(ready, done, part)
            trainer.examples += part.hi - part.lo
            self.done += part.hi - part.lo
            if self.trace is not None and trainer.examples % self.trace.every == 0:
                self.trace.record(trainer.examples)
            yield part, cost, counted
        if self.snapshot and not self.snapshot.advance(trainer.examples, examples * len(kernel.traced.lookups)):
            raise self._diverged(ready, None, None)

    def finish(self) -> None:
        """Look through the tables once more: a loop looks at the first number of each row only."""
        if self.snapshot and not self.snapshot.is_good():
            raise self._diverged({}, None, None)

    def _diverged(self, chunk: Chunk, example: int | None, part: Slice | None) -> Diverged:
        """Go back to the last good chunk, if there is a copy; without one, no example that went wrong was written."""
        if self.snapshot:
            self.snapshot.restore()
            self.trainer.examples = self.snapshot.examples
        return diverged(self.trainer, chunk, example, part)

    def _slices(self, kernel: Kernel, examples: int, first: int, seed: int, epoch: int) -> Iterator[Slice]:
        """A chunk in slices: short enough for the clock, the rate and the trace."""
        if self.every is None:  # the same for all chunks: else the examples of some would weigh more in the mean
            self.every = 1 if kernel.cost_is_cheap or examples < 1000 * _SAMPLED else _SAMPLED
        longest = self._longest(epoch)
        lo = 0
        while lo < examples:
            hi = min(examples, lo + longest)
            if self.trace is not None:
                hi = min(hi, lo + self.trace.every - self.trainer.examples % self.trace.every)
            rates = tuple(self._rate(t, epoch) for t in kernel.order())
            yield Slice(lo, hi, first, rates, self.every, seed)
            lo = hi

    def _rate(self, table: str, epoch: int) -> float:
        update = self.trainer.updates.get(table)
        return update.rate(self._fraction(epoch)) if update else 0.0

    def _fraction(self, epoch: int) -> float:
        """How much of the training is done, from 0 to 1; in whole epochs while their length is not known."""
        if self.chunks.examples is None:
            return epoch / self.epochs
        return min(1.0, self.done / max(1, self.epochs * self.chunks.examples))

    def _longest(self, epoch: int) -> int:
        if all(isinstance(u.rate, Constant) for u in self.trainer.updates.values()):
            return _SLICE
        if self.chunks.examples is None:
            return _SLICE
        return int(np.clip(self.epochs * self.chunks.examples // _RATE_STEPS, 1, _SLICE))


class _Chunks:
    """The data as chunks, once per epoch; `examples` is their number in an epoch, None until known."""

    def __init__(self, data: Any, epochs: int) -> None:
        self.examples: int | None = None
        self._chunks: Callable[[], Iterable[Chunk]]
        if isinstance(data, Mapping) or hasattr(data, "__arrow_c_stream__"):
            whole = as_chunk(data)
            self.examples = length(whole)
            self._chunks = lambda: [whole]
        elif callable(data):
            self._chunks, self.examples = lambda: map(as_chunk, data()), getattr(data, "examples", None)
        elif isinstance(data, Iterable) and not isinstance(data, str | bytes):
            if iter(data) is data and epochs > 1:
                raise DataError(
                    f"data is an iterator, which can be read once, and epochs is {epochs}; "
                    "give a list of chunks, or a function that gives an iterator"
                )
            self._chunks = lambda: map(as_chunk, data)
        else:
            as_chunk(data)  # says what it could be

    def __iter__(self) -> Iterator[Chunk]:
        yield from self._chunks()


def _by_table(update: Update | Mapping[str, Update | None], tables: Mapping[str, Table]) -> dict[str, Update]:
    if isinstance(update, Update):
        return dict.fromkeys(tables, update)
    if not isinstance(update, Mapping):
        raise DataError(
            f"the update is a {type(update).__name__}; give rs.sgd(0.01) or another update, or a dict of them"
        )
    differ = sorted(set(update) ^ set(tables))
    if differ:
        raise DataError(f"updates are given for {', '.join(update)}; the tables are {', '.join(tables)}")
    return {t: u for t, u in update.items() if u is not None}


def _check_apart(tables: Mapping[str, Table], trained: Mapping[str, Update]) -> None:
    for one, other in combinations(tables, 2):
        if np.may_share_memory(tables[one].values, tables[other].values) and {one, other} & set(trained):
            raise DataError(f"tables {one!r} and {other!r} are the same rows; give them one name in the cost")


def _first_state(update: Update, table: Table) -> tuple[np.ndarray, ...]:
    return tuple(np.tile(np.asarray(s, np.float32), (len(table), 1)) for s in update.init(table.dim))


def _sampled(column: Any) -> Negatives | None:
    return column if isinstance(column, Negatives) else None


def _call(callbacks: Sequence[Any], event: str, trainer: Trainer) -> None:
    for callback in callbacks:
        method = getattr(callback, event, callback if event == "on_epoch_end" and callable(callback) else None)
        if method is not None:
            method(trainer)
