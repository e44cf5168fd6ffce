"""The trainer: a cost, the tables that it looks rows up in, and how the rows move."""

import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from rowspace.checkpoint.checkpoints import EVERY, Checkpoints, check_there
from rowspace.columns.data import Data
from rowspace.columns.input import as_chunk
from rowspace.costs import cost_of
from rowspace.errors import DataError, NoExamples
from rowspace.execute.executor import Executor, Threads
from rowspace.execute.in_turns import Teams
from rowspace.execute.tiles import random_access
from rowspace.execute.turns import TurnSizes
from rowspace.kernel.cost import Cost, column_names, name_of
from rowspace.kernel.kernel import Kernel
from rowspace.kernel.loops import Loops
from rowspace.kernel.phases import PARTS
from rowspace.kernel.row_loop import RowLoop
from rowspace.model.model import Model
from rowspace.schedule.buckets import Buckets
from rowspace.schedule.pacing import Pacing
from rowspace.schedule.planning import Planning
from rowspace.schedule.sizes import Sizes
from rowspace.state import Key, TrainState
from rowspace.system.in_training import trained_alone
from rowspace.system.interrupts import interrupts_heard
from rowspace.system.memory import memory_limit
from rowspace.system.progress import progress_bar
from rowspace.system.threads import thread_count
from rowspace.tables.table import Table
from rowspace.train.callbacks import call_all
from rowspace.train.document import check_document
from rowspace.train.fit import Fit
from rowspace.train.held_out import HeldOut
from rowspace.train.history import History
from rowspace.train.options import FitOptions
from rowspace.train.snapshot import MOST_BYTES
from rowspace.train.trace import Trace, recording
from rowspace.updates import Update, sgd


class Trainer:
    """Moves the rows of tables to make a cost small, one example at a time.

    Args:
        cost: the cost of one example: a function whose parameters are tables and columns of the data, by name; or the
            name of one in `rs.costs`, such as "logistic_dot".
        tables: the tables by parameter name. They are changed in place.
        update: how rows move (default `rs.sgd()`), for all tables or by name; None as a table's update freezes it.

    The cost is called with symbols once the columns are known, at the first `fit`; CostError says where it cannot be.

    Raises:
        DataError: where tables and updates do not fit together.
        CostError: for the name of a cost that there is not.

    >>> import rowspace as rs
    >>> E = rs.Table(6, 2, seed=0)
    >>> def same_or_different(E, i, j, label):
    ...     return abs(label - E[i] @ E[j])
    >>> trainer = rs.Trainer(same_or_different, {"E": E}, rs.sgd(rate=0.01))
    >>> history = trainer.fit({"i": [0, 2, 4], "j": [1, 3, 5], "label": [1, 1, 1]}, epochs=500)
    >>> history[-1].cost < 0.02
    True
    """

    sizes = Sizes()  # how tables are cut
    turns = TurnSizes()  # how threads take turns in file order, of which no byte knows
    most_copied = MOST_BYTES  # of tables of which there is a copy to go back to

    def __init__(
        self,
        cost: Cost | str,
        tables: Mapping[str, Table],
        update: Update | Mapping[str, Update | None] | None = None,
    ) -> None:
        self.cost: Cost = cost_of(cost)
        self.state = TrainState.begin(tables, sgd() if update is None else update)
        self.history = History()
        self.buckets: dict[Key, Buckets | None] = {}  # how chunks are sorted, by their columns
        self.teams: Teams = {}  # how fast loops run in file order, from one fit to the next
        self._loops = {portable: Loops(self.cost, self.state, portable=portable) for portable in (False, True)}
        self.loops = self._loops[False]  # of the last fit

    @property
    def tables(self) -> dict[str, Table]:
        """The tables by parameter name."""
        return self.state.tables

    @property
    def updates(self) -> dict[str, Update]:
        """How rows move, of the tables that are trained."""
        return self.state.updates

    @property
    def states(self) -> dict[str, tuple[np.ndarray, ...]]:
        """What updates keep beside the rows of each table, (n, w) each."""
        return self.state.slots

    @property
    def examples(self) -> int:
        """How many examples were trained on."""
        return self.state.examples

    @property
    def steps(self) -> int:
        """How many steps were taken: one an example, or one a batch."""
        return self.state.steps

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {len(t):,} x {t.dim}" for name, t in self.tables.items())
        return f"Trainer({name_of(self.cost)}; {shapes}; {self.examples:,} examples done)"

    @property
    def kernel(self) -> Kernel:
        """The loop of the last `fit` or `compile`; `kernel.source` is its text."""
        if self.loops.last is None:
            raise DataError("there is no loop before the columns are known; call fit(data), or compile(data)")
        return self.loops.last

    def compile(self, data: Any, *, guarded: bool = False, portable: bool = False, part: str = "all") -> Kernel:
        """Make the loop for data with the columns of `data`, without training.

        A `guarded` loop checks gradients before it writes: `fit` uses one where a copy of the tables to go back to
        would cost too much. A `portable` one is that of `fit(..., portable=True)`. Of a loop for whole batches it makes
        a `part`, "ids" or "gradients".
        """
        chunk, self.loops = as_chunk(data, column_names(self.cost, self.tables)), self._loops[portable]
        return self.loops.examples(chunk, PARTS[part], guarded=guarded)

    def row_loop(self, table: str, *, step: bool) -> RowLoop:
        """The loop over rows of a table: one step of each, or catching up on missed steps."""
        return self.loops.rows(table, step=step)

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
        held_out: Any = None,
        schedule: str | None = None,
        threads: int | None = None,
        blocks: int | None = None,
        batch: int | None = None,
        portable: bool = False,
        memory: int | str | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        every: float | str = EVERY,
        resume: bool = False,
    ) -> History:
        """Run `epochs` times over the data, and give what happened in each.

        Args:
            data: columns by name: a dict of arrays, a pyarrow Table, a pandas or polars frame; or an iterable of such
                chunks, anew for every epoch (a list, or a function that gives an iterator). Of these only the columns
                that the cost takes are looked at. Integers index rows, also of tables whose names are whole numbers, as
                text; names index the rows of their items; numbers weigh; see `rs.Negatives` for ids drawn on the fly. A
                function may have an attribute `examples`, how many an epoch has: the bar and the rate then know how
                much is left. An object with a method `at(epoch, chunk)` gives the chunks of an epoch from one of them
                on, both counted from 0.
            seed: what negatives and the shuffle are drawn from; the same seed gives the same bytes.
            shuffle: whether to take the examples of each chunk in a new random order in every epoch.
            progress: whether to show a bar; None shows one on a terminal.
            trace: records rows as they move.
            callbacks: functions called with the trainer after every epoch, or objects with any of the methods
                on_train_begin, on_epoch_begin, on_epoch_end and on_train_end; and on_resume, once the tables are those
                of a checkpoint. The epoch that a checkpoint was taken in does not begin again. StopIteration raised in
                one of them ends the training well, after the epoch; see `rs.EarlyStopping`.
            held_out: examples that are not trained on, as `data`: their mean cost is taken after each epoch, with ids
                drawn from a seed of its own, and is `held_out` of the epoch in the history. Of an object with a method
                `at` they are those of its first epoch. What is learned does not depend on them.
            schedule: "sequential", examples in file order: threads take turns, and the bytes are those of one thread;
                "blocks", examples sorted so that threads never share a row: the same bytes for any number of threads,
                and others than those of file order; "hogwild", threads racing over the file order, not repeatable.
                None takes blocks where the cost fits and the tables are large enough to cut, and else file order.
            threads: how many, None for all cores that the process may use.
            blocks: how many blocks tables are cut into, above 32 rounded up to a multiple of 32; None for as many as
                suit tables and data. The bytes depend on it.
            batch: with a number, whole batches of so many examples instead, in file order: the gradients of their sum,
                all taken at the same rows, repeats of a row added up, and one step for each row; as torch does it.
                Deterministic at any number of threads.
            portable: whether to learn the same bytes on every kind of processor, for a tenth of the speed or so:
                sums in a fixed order, no step fused with another, functions in plain arithmetic (`docs/threads.md`).
            memory: for tables on disk (`Table.create`, `Table.open`), how much of this machine's memory the process
                may have: bytes, or a text such as "2 GB"; None for half of what is free. It decides how often the
                tables are read and written, never the bytes they learn.
            checkpoint: a folder for checkpoints, of which the last two are kept. A training that was killed goes on
                from there to the bytes that it would have had (see `docs/reliability.md`).
            every: how often: seconds, or a text such as "5 min" or "10 chunks".
            resume: whether to go on from the last checkpoint in that folder, or to begin if there is none.

        Ctrl-C leaves the tables consistent, as after some whole number of examples.

        Returns:
            All epochs of this fit, those before it was resumed too: a list that prints as a table. An epoch that met
            no example has the cost NaN, and a warning says so.

        Raises:
            DataError: for options that have no effect beside the others, such as `every` without `checkpoint`.
            DataError, IdOutOfRange, UnknownItem: before a chunk with bad values touches a table.
            Diverged: where a cost, also of what is held out, or a row stops being finite. The tables are then as they
                were at the last good chunk, or where a copy to go back to would cost too much (64 MB and more), just
                before the example that went wrong.
            Locked: while another process trains with this checkpoint folder.
            CheckpointError: where the folder is not one of checkpoints, or that of another training; it says what
                differs.
        """
        options = FitOptions(
            epochs=epochs,
            seed=seed,
            shuffle=shuffle,
            progress=progress,
            trace=trace,
            callbacks=callbacks,
            schedule=schedule,
            threads=threads,
            blocks=blocks,
            batch=batch,
            portable=portable,
            memory=memory,
            checkpoint=checkpoint,
            every=every,
            resume=resume,
        )
        chunks = Data.of(data, epochs, column_names(self.cost, self.tables))
        if checkpoint is None:
            return self._fit(chunks, options, None, held_out)
        with Checkpoints(checkpoint, every, resume=resume, check=check_document) as checkpoints:
            return self._fit(chunks, options, checkpoints, held_out)

    def resume(
        self,
        checkpoint: str | os.PathLike[str],
        data: Any,
        *,
        progress: bool | None = None,
        callbacks: Sequence[Any] = (),
        held_out: Any = None,
        threads: int | None = None,
        every: float | str = EVERY,
        memory: int | str | None = None,
    ) -> History:
        """Go on with a `fit` that was killed, from its last checkpoint, with the options it had.

        The trainer is one as at the beginning of that fit: the same cost, updates and sizes of tables. Their values do
        not matter: they are written over, also where the data then turn out to be other ones. The tables and costs
        become those of a fit that was never interrupted, to the last bit, with any number of threads before and after;
        not where threads race (`schedule="hogwild"`).

        Args:
            checkpoint: the folder.
            data: the same as before.
            progress, callbacks, held_out, threads, every, memory: as for `fit`.

        Returns:
            All epochs of the fit.

        Raises:
            CheckpointError: where there is no checkpoint yet. Else what `fit` raises.

        >>> import rowspace as rs; from tempfile import TemporaryDirectory
        >>> data = {"i": [0, 2, 4], "j": [1, 3, 5], "label": [1.0, 0.0, 1.0]}
        >>> begin = lambda: rs.Trainer(rs.costs.l1_dot, {"E": rs.Table(6, 2)}, rs.sgd(0.1))
        >>> with TemporaryDirectory() as folder:
        ...     epochs = begin().fit(data, epochs=3, checkpoint=folder)
        ...     len(begin().resume(folder, data))
        3
        """
        check_there(checkpoint)
        with Checkpoints(checkpoint, every, resume=True, check=check_document) as checkpoints:
            assert checkpoints.saved is not None  # or it would have been refused
            options = FitOptions(
                **checkpoints.saved.document["options"],
                progress=progress,
                callbacks=callbacks,
                threads=threads,
                memory=memory,
                checkpoint=checkpoint,
                every=every,
                resume=True,
            )
            chunks = Data.of(data, options.epochs, column_names(self.cost, self.tables))
            return self._fit(chunks, options, checkpoints, held_out)

    def _fit(self, data: Data, options: FitOptions, checkpoints: Checkpoints | None, held_out: Any) -> History:
        call, memory = partial(call_all, options.callbacks, self), memory_limit(options.memory)
        total = None if data.examples is None else options.epochs * data.examples
        self.loops = self._loops[options.portable]
        others = None if held_out is None else HeldOut(held_out, self.loops, self.state, options.epochs)
        ended = call("on_train_begin")
        with (
            trained_alone([self.tables[t].values for t in self.state.updates]),
            Threads(thread_count(options.threads), memory, self.loops, self.turns, self.teams) as executor,
            random_access([a for t in self.tables for a in self.state.arrays_of(t)], memory),
            recording(options.trace, self.state),
            interrupts_heard() as check_interrupts,
        ):
            planning = self._planning(data, options, executor, memory)
            fit = Fit(planning, executor, self.history, options.trace, checkpoints, self.most_copied, others)
            if fit.resumed:
                ended = call("on_resume") or ended
            if not ended:
                with progress_bar(options.progress, total) as bar:
                    bar.begin_at(fit.cursor.done)
                    fit.run(bar, call, check_interrupts)
        call("on_train_end")
        history = self.history[fit.first_epoch :]
        empty = sum(not epoch.examples for epoch in history)
        if empty:
            NoExamples.warn(empty, len(history), data.why_empty)
        return history

    def _planning(self, data: Data, options: FitOptions, executor: Executor, memory: int) -> Planning:
        """What the plans of a fit are made of."""
        return Planning(
            state=self.state,
            loops=self.loops,
            pacing=Pacing(self.updates, data, options.epochs),
            options=options.scheduled,
            sizes=self.sizes,
            cuts=self.buckets,
            preparer=executor,
            record_every=None if options.trace is None else options.trace.every,
            memory=memory,
        )

    def model(self, **trained_with: Any) -> Model:
        """The tables as a model that can be saved and queried, with a note of what it was trained with."""
        rules = {t: u.name for t, u in self.updates.items()}
        about = {"cost": name_of(self.cost), "updates": rules, "examples": self.examples, **trained_with}
        return Model(self.tables, about, self.history.cost, self.history.held_out)
