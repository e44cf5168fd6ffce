"""One call of `fit`: epochs of windows, and what became of them."""

from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cached_property, reduce
from operator import add
from time import perf_counter
from typing import Any

import numpy as np

from rowspace.checkpoint.checkpoints import Checkpoints
from rowspace.checkpoint.store import Saved
from rowspace.columns.data import Data
from rowspace.errors import Diverged, FormatError
from rowspace.execute.executor import Executor
from rowspace.jit.machine import machine, warn_if_elsewhere
from rowspace.kernel.caught_up import catch_up_all, caught_up
from rowspace.kernel.loops import Loops
from rowspace.schedule.batches import BatchPlan
from rowspace.schedule.buckets import Buckets
from rowspace.schedule.pacing import EpochStart, Pacing
from rowspace.schedule.place import Cursor, Place
from rowspace.schedule.plan import Outcome, Plan
from rowspace.schedule.planner import Planner
from rowspace.schedule.planning import Planning
from rowspace.schedule.sizes import Sizes
from rowspace.state import Key, RateHistory, TrainState
from rowspace.system.mapped import check_whole, is_mapped
from rowspace.system.memory import memory_limit
from rowspace.system.progress import Progress
from rowspace.train.comparison import Comparison
from rowspace.train.divergence import diverged
from rowspace.train.epoch import Epoch
from rowspace.train.identity import check_same, settings
from rowspace.train.options import FitOptions
from rowspace.train.snapshot import Snapshot, worth_a_copy


class Fit:
    """One call of `fit`."""

    def __init__(
        self, state: TrainState, loops: Loops, history: list[Epoch], cuts: dict[Key, Buckets | None], sizes: Sizes,
        data: Data, options: FitOptions, executor: Executor, check_interrupts: Callable[[], None],
        checkpoints: Checkpoints | None = None,
    ) -> None:  # fmt: skip
        self.state, self.loops, self.history, self.cuts = state, loops, history, cuts
        self.chunks, self.executor = data, executor
        self.options, self.trace = options.scheduled, options.trace
        self.check_interrupts, self.checkpoints = check_interrupts, checkpoints
        self.standing = Cursor()
        self.first_epoch = len(history)
        self.traced = state.examples
        self._caught_up = state.steps  # how many steps every row has seen
        state.rates = RateHistory()  # all rows have caught up when a fit begins
        arrays = [a for t in state.updates for a in state.arrays_of(t)]
        self._mapped = [t.values for t in state.tables.values() if is_mapped(t.values)]
        lookups = None if data.examples is None else options.epochs * data.examples
        guarded = not worth_a_copy(arrays, lookups)
        self.pace = Pacing(state.updates, data, options.epochs)
        saved = None if checkpoints is None else checkpoints.saved
        known = None if saved is None else saved.document["marks"]
        self.marks = Comparison(data.seeks, known, wanted=checkpoints is not None)
        record_every = None if self.trace is None else self.trace.every
        planning = Planning(
            state, loops, self.pace, self.options, sizes, cuts, executor, record_every, memory_limit(options.memory)
        )
        self.windows = Planner(planning, self.marks, guarded=guarded)
        self.resumed = saved is not None
        if saved is not None:
            self._load(saved)
            self._caught_up = -1  # whatever this trainer did before
        self.snapshot = None if guarded else Snapshot(arrays, (state.examples, state.steps))
        self._caught_up_in_copy = self._caught_up

    @cached_property
    def settings(self) -> dict[str, str]:
        """What a checkpoint is compared by."""
        return settings(self.state, self.chunks, self.options)

    def document(self, *, finished: bool = False) -> dict[str, Any]:
        """What a checkpoint says of the training, beside the arrays of its state."""
        state = self.state.document()
        return {
            "finished": finished,
            "settings": self.settings,
            "machine": machine(),
            "options": self.options.kept(),
            "marks": self.marks.kept(),
            "standing": asdict(self.standing),
            "history": [asdict(epoch) for epoch in self.history],
            "pace": self.pace.document(),
            **state,
            "trainer": {**state["trainer"], "first": self.first_epoch},
        }

    def _load(self, saved: Saved) -> None:
        """Go on where a checkpoint was taken; CheckpointError, before anything is changed, if it is of another fit."""
        document, now = saved.document, saved.document["standing"]
        check_same(document["settings"], self.settings, saved.folder.parent)
        before, count = document["pace"]["examples"], self.chunks.examples
        if not now["epoch"] and before != count:
            raise saved.unfit(f"it tells of {before} examples in an epoch, and the data of {count}")
        self.state.load(saved, missed=now["done"] - now["before"])
        warn_if_elsewhere(document["machine"], saved.folder.parent)
        self.cuts.clear()
        self.history[:] = [Epoch.of(epoch) for epoch in document["history"]]
        self.first_epoch = document["trainer"]["first"]
        self.pace.load(document["pace"])
        self.standing = Cursor(**{**now, "place": Place(**now["place"])})

    def epoch(self, bar: Progress) -> Epoch:
        """Train on every chunk once: the whole epoch, or the rest of one."""
        begun, number = perf_counter() - self.standing.seconds, len(self.history) + 1
        seed = int(np.random.SeedSequence([self.options.seed, number]).generate_state(1, np.uint64)[0])
        position = EpochStart(self.standing.epoch, number, seed, self.standing.before)
        for window in self.windows.plans(position, self.standing.place):
            self._check_files()
            for outcome in self.executor.run(window, self.state):
                self._count(outcome)
                if outcome.error is not None:
                    raise outcome.error
                self._account(window, outcome)
                bar.advance(outcome.done, self._cost())
            self.windows.done_with(window)
            self.check_interrupts()
            at = self.state.examples, self.state.steps
            if window.lookups and self.snapshot and not self.snapshot.advance(at, window.lookups):
                raise self._diverged(window, None)
            if self.snapshot and self.snapshot.at == at:
                self._caught_up_in_copy = self._caught_up
            self.standing = replace(self.standing, place=window.after, seconds=perf_counter() - begun)
            if self.checkpoints is not None and self.checkpoints.due(window.after.entry == 0):
                self.checkpoints.write(self.state.arrays(), self.document())
        self.catch_up()
        return self._ended(number, perf_counter() - begun)

    def _ended(self, number: int, seconds: float) -> Epoch:
        """What happened in the epoch; the next one begins."""
        now, cost = self.standing, self._cost()
        self.chunks.examples = now.done - now.before
        self.standing = Cursor(now.epoch + 1, done=now.done, before=now.done)
        return Epoch(number, float("nan") if cost is None else cost, now.counted, self.chunks.examples, seconds)

    def _cost(self) -> float | None:
        """The mean cost of the epoch so far."""
        return self.standing.total / self.standing.counted if self.standing.counted else None

    def catch_up(self) -> None:
        """Let all rows of exact updates take the steps they missed; the rates of those steps are then forgotten."""
        if self._caught_up == self.state.steps:
            return
        catch_up_all(self.state, self.loops)
        self._caught_up = self.state.steps
        # the copy to go back to may have rows that still need them
        self.state.rates.forget(min(self._caught_up, self._caught_up_in_copy) if self.snapshot else self._caught_up)

    def rows(self, table: str, ids: np.ndarray) -> np.ndarray:
        """A copy of rows (r, dim) as they are once caught up: to look at them changes nothing that is learned."""
        return caught_up(self.state, self.loops, table, ids)

    def _check_files(self) -> None:
        try:
            check_whole(self._mapped)
        except FormatError:
            self._caught_up = self.state.steps  # rows that are gone cannot catch up
            raise

    def finish(self) -> None:
        """Look through the tables once more: a loop looks at the first number of each row only."""
        if self.snapshot and not self.snapshot.is_good():
            raise self._diverged(None, None)

    def _count(self, outcome: Outcome) -> None:
        self.state.examples += outcome.done
        self.state.steps += outcome.steps if self.options.batch is None else outcome.steps > 0
        now = self.standing
        total, counted = reduce(add, outcome.costs, now.total), now.counted + outcome.counted
        self.standing = replace(now, done=now.done + outcome.done, total=total, counted=counted)

    def _account(self, window: Plan | BatchPlan, outcome: Outcome) -> None:
        if outcome.failed is not None:
            raise self._diverged(window, outcome.failed)
        trace, examples = self.trace, self.state.examples
        if trace is not None and examples // trace.every > self.traced // trace.every:
            trace.record(examples, self.rows)
            self.traced = examples

    def _diverged(self, window: Plan | BatchPlan | None, example: int | None) -> Diverged:
        """Go back to the last good chunk, if there is a copy; without one, no example that went wrong was written."""
        if self.snapshot:
            self.snapshot.restore()
            self.state.examples, self.state.steps = self.snapshot.at
            self._caught_up = -1
        if window is None or example is None:
            return diverged(self.loops.cost, self.state, {}, None, 0)
        return diverged(self.loops.cost, self.state, window.columns, example, window.original(example))
