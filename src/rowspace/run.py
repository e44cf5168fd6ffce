"""One call of `fit`: epochs of windows, and what became of them."""

from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from rowspace.batch import BatchWindow
from rowspace.chunks import Chunks
from rowspace.diverged import diverged
from rowspace.epoch import Epoch
from rowspace.errors import Diverged
from rowspace.pace import Pace, Position
from rowspace.progress import Progress
from rowspace.rowwise import catch_up
from rowspace.schedule import Outcome, Window
from rowspace.snapshot import Snapshot, worth_a_copy
from rowspace.windows import Options, Windows
from rowspace.workers import Workers

if TYPE_CHECKING:
    from rowspace.train import Trainer


class Run:
    """One call of `fit`."""

    def __init__(self, trainer: "Trainer", chunks: Chunks, options: Options, workers: Workers) -> None:
        self.trainer, self.chunks, self.options, self.workers = trainer, chunks, options, workers
        self.done = 0
        self.traced = trainer.examples
        self._caught_up = trainer.steps
        arrays = [a for t, states in trainer.states.items() for a in (trainer.tables[t].values, *states)]
        lookups = None if chunks.examples is None else options.epochs * chunks.examples
        self.snapshot = Snapshot(arrays, (trainer.examples, trainer.steps)) if worth_a_copy(arrays, lookups) else None
        pace = Pace(trainer.updates, chunks, options.epochs)
        self.windows = Windows(trainer, pace, options, workers, guarded=self.snapshot is None)

    def epoch(self, epoch: int, bar: Progress) -> Epoch:
        """Train on every chunk once."""
        start, total, counted, before = perf_counter(), 0.0, 0, self.done
        number = len(self.trainer.history) + 1
        seed = int(np.random.SeedSequence([self.options.seed, number]).generate_state(1, np.uint64)[0])
        for window in self.windows.epoch(Position(epoch, number, seed, before)):
            for outcome in window.run(self.workers):
                self._count(outcome)
                if outcome.error is not None:
                    raise outcome.error
                self._account(window, outcome)
                total, counted = total + outcome.cost, counted + outcome.counted
                bar.advance(outcome.done, total / counted if counted else None)
            self.windows.done_with(window)
            at = self.trainer.examples, self.trainer.steps
            if window.lookups and self.snapshot and not self.snapshot.advance(at, window.lookups):
                raise self._diverged(window, None)
        self.catch_up()
        self.chunks.examples = self.done - before
        cost = total / counted if counted else float("nan")
        return Epoch(number, cost, counted, self.chunks.examples, perf_counter() - start)

    def catch_up(self) -> None:
        """Let all rows of exact updates take the steps they missed, before anybody looks at them."""
        trainer, past = self.trainer, self.windows.past
        exact = [t for t, update in trainer.updates.items() if update.exact and t in past.tables]
        if self._caught_up == trainer.steps:
            return
        for t in exact:
            table, loop = trainer.tables[t].values, trainer.row_loop(t, step=False)
            rows = np.arange(len(table))
            catch_up(loop, table, trainer.states[t], rows, past.of(t), trainer.steps, (0, len(rows)))
        self._caught_up = trainer.steps

    def finish(self) -> None:
        """Look through the tables once more: a loop looks at the first number of each row only."""
        if self.snapshot and not self.snapshot.is_good():
            raise self._diverged(None, None)

    def _count(self, outcome: Outcome) -> None:
        self.trainer.examples += outcome.done
        self.trainer.steps += outcome.steps if self.options.batch is None else outcome.steps > 0
        self.done += outcome.done

    def _account(self, window: Window | BatchWindow, outcome: Outcome) -> None:
        if outcome.failed is not None:
            raise self._diverged(window, outcome.failed)
        trace, examples = self.options.trace, self.trainer.examples
        if trace is not None and examples // trace.every > self.traced // trace.every:
            self.catch_up()
            trace.record(examples)
            self.traced = examples

    def _diverged(self, window: Window | BatchWindow | None, example: int | None) -> Diverged:
        """Go back to the last good chunk, if there is a copy; without one, no example that went wrong was written."""
        if self.snapshot:
            self.snapshot.restore()
            self.trainer.examples, self.trainer.steps = self.snapshot.at
            self._caught_up = -1
        if window is None or example is None:
            return diverged(self.trainer, {}, None, 0)
        return diverged(self.trainer, window.chunk, example, window.original(example))
