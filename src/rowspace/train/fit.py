"""One call of `fit`: epochs of plans, and what became of them."""

from collections.abc import Callable
from dataclasses import asdict
from functools import cached_property
from time import perf_counter
from typing import Any

import numpy as np

from rowspace.checkpoint.checkpoints import Checkpoints
from rowspace.checkpoint.saved import Saved
from rowspace.columns.data import Data
from rowspace.errors import Diverged, FormatError
from rowspace.execute.executor import Executor
from rowspace.jit.machine import machine, warn_if_elsewhere
from rowspace.kernel.caught_up import catch_up_all, caught_up
from rowspace.schedule.batches import BatchPlan
from rowspace.schedule.pacing import EpochStart
from rowspace.schedule.place import Place
from rowspace.schedule.plan import Outcome, Plan
from rowspace.schedule.planner import Planner
from rowspace.schedule.planning import Planning
from rowspace.state import RateHistory
from rowspace.system.mapped import check_whole, is_mapped
from rowspace.system.progress import Progress
from rowspace.train.cursor import Cursor
from rowspace.train.divergence import diverged
from rowspace.train.epoch import Epoch
from rowspace.train.held_out import HeldOut
from rowspace.train.history import History
from rowspace.train.identity import DigestCheck, check_same, settings
from rowspace.train.snapshot import Snapshot, worth_a_copy
from rowspace.train.trace import Trace

Call = Callable[[str], bool]  # calls the user's functions of an event; whether one of them ended the training


class Fit:
    """One call of `fit`; it begins where the last checkpoint was taken, if it is resumed.

    Args:
        planning: what plans are made of.
        executor: who runs them.
        history: of all epochs of the training.
        trace: records rows as they move.
        checkpoints: where they are kept.
        most_copied: bytes of tables of which there is a copy to go back to.
        held_out: examples whose cost is taken after each epoch.
    """

    def __init__(
        self, planning: Planning, executor: Executor, history: History, trace: Trace | None,
        checkpoints: Checkpoints | None, most_copied: int, held_out: HeldOut | None,
    ) -> None:  # fmt: skip
        self.state, self.loops, self.executor, self.history = planning.state, planning.loops, executor, history
        self.planning, self.pacing, self.options = planning, planning.pacing, planning.options
        self.trace, self.checkpoints, self.held_out = trace, checkpoints, held_out
        self.data: Data = planning.pacing.chunks
        self.cursor, self.first_epoch = Cursor(), len(history)
        self.state.rates = RateHistory()  # all rows have caught up when a fit begins
        self._recorded = self.state.examples
        self._caught_up = self._caught_up_in_copy = self.state.steps  # how many steps every row has seen
        self._mapped = [t.values for t in self.state.tables.values() if is_mapped(t.values)]
        trained = [a for t in self.state.updates for a in self.state.arrays_of(t)]
        lookups = None if self.data.examples is None else self.options.epochs * self.data.examples
        copied, saved = worth_a_copy(trained, lookups, most_copied), None if checkpoints is None else checkpoints.saved
        known = None if saved is None else saved.document["marks"]
        self.check = DigestCheck(self.data.seeks, known, wanted=checkpoints is not None)
        self.planner = Planner(planning, self.check, guarded=not copied)
        self.resumed = saved is not None
        if saved is not None:
            self._load(saved)
        self.snapshot = Snapshot(trained, (self.state.examples, self.state.steps)) if copied else None

    def run(self, bar: Progress, call: Call, check_interrupts: Callable[[], None]) -> None:
        """Run all epochs that are left; however that ends, all rows have caught up."""
        finished = self.checkpoints is not None and self.checkpoints.finished
        try:
            if finished and self.options.epochs:
                self.planner.compare(self.options.epochs - 1)
            while self.cursor.epoch < self.options.epochs:
                if self.cursor.place == Place() and call("on_epoch_begin"):
                    break
                self.history.append(self._epoch(bar, check_interrupts))
                if call("on_epoch_end"):
                    break
            if self.snapshot and not self.snapshot.is_good():  # a loop looks at the first number of each row only
                raise self._diverged(None, None)
        finally:
            self._catch_up()
        if self.checkpoints is not None and not finished:
            self._write_end(self.checkpoints)

    def _epoch(self, bar: Progress, check_interrupts: Callable[[], None]) -> Epoch:
        """Train on every chunk once: the whole epoch, or the rest of one."""
        begun, number = perf_counter() - self.cursor.seconds, len(self.history) + 1
        seed = int(np.random.SeedSequence([self.options.seed, number]).generate_state(1, np.uint64)[0])
        start = EpochStart(self.cursor.epoch, number, seed, self.cursor.before)
        for plan in self.planner.plans(start, self.cursor.place):
            self._check_files()
            for outcome in self.executor.run(plan, self.state):
                self._count(outcome)
                self._look_at(plan, outcome)
                bar.advance(outcome.done, self.cursor.cost)
            self.planner.done_with(plan)
            check_interrupts()
            self._copy(plan)
            self.cursor = self.cursor.at(plan.after, perf_counter() - begun)
            if self.checkpoints is not None and self.checkpoints.due(plan.after.entry == 0):
                self.checkpoints.write(self.state.arrays(), self.document())
        self._catch_up()
        seconds = perf_counter() - begun
        return self._ended(number, seconds, self._held_out_cost(bar))

    # --- what became of a plan -------------------------------------------------------------------------------------

    def _count(self, outcome: Outcome) -> None:
        self.state.examples += outcome.done
        self.state.steps += outcome.steps if self.options.batch is None else outcome.steps > 0
        self.cursor = self.cursor.moved(outcome)

    def _look_at(self, plan: Plan | BatchPlan, outcome: Outcome) -> None:
        """Raise what went wrong, or record rows if it is time."""
        if outcome.error is not None:
            raise outcome.error
        if outcome.failed is not None:
            raise self._diverged(plan, outcome.failed)
        trace, examples = self.trace, self.state.examples
        if trace is not None and examples // trace.every > self._recorded // trace.every:
            # a copy of rows as they are once caught up: to look at them changes nothing that is learned
            trace.record(examples, lambda table, ids: caught_up(self.state, self.loops, table, ids))
            self._recorded = examples

    def _copy(self, plan: Plan | BatchPlan) -> None:
        """Renew the copy to go back to, if there is one and it is time."""
        at = self.state.examples, self.state.steps
        if plan.lookups and self.snapshot and not self.snapshot.advance(at, plan.lookups):
            raise self._diverged(plan, None)
        if self.snapshot and self.snapshot.at == at:
            self._caught_up_in_copy = self._caught_up

    def _diverged(self, plan: Plan | BatchPlan | None, example: int | None) -> Diverged:
        """Go back to the last good chunk, if there is a copy; without one, no example that went wrong was written."""
        if self.snapshot:
            self.snapshot.restore()
            self.state.examples, self.state.steps = self.snapshot.at
            self._caught_up = -1
        if plan is None or example is None:
            return diverged(self.loops.cost, self.state, {}, None, 0)
        return diverged(self.loops.cost, self.state, plan.columns, example, plan.original(example))

    def _held_out_cost(self, bar: Progress) -> float | None:
        """The mean cost of the examples that are held out, all of whose rows have caught up."""
        if self.held_out is None:
            return None
        if self.snapshot and not self.snapshot.is_good():
            raise self._diverged(None, None)
        cost = self.held_out.cost(self.executor)
        bar.held_out(cost)
        return cost

    def _ended(self, number: int, seconds: float, held_out: float | None) -> Epoch:
        """What happened in the epoch; the next one begins."""
        now = self.cursor
        self.data.examples = now.done - now.before
        self.cursor, cost = now.next_epoch(), float("nan") if now.cost is None else now.cost
        return Epoch(number, cost, now.counted, self.data.examples, seconds, held_out)

    # --- rows that missed steps ------------------------------------------------------------------------------------

    def _catch_up(self) -> None:
        """Let all rows of exact updates take the steps they missed; the rates of those steps are then forgotten."""
        if self._caught_up == self.state.steps:
            return
        catch_up_all(self.state, self.loops)
        self._caught_up = self.state.steps
        # the copy to go back to may have rows that still need them
        self.state.rates.forget(min(self._caught_up, self._caught_up_in_copy) if self.snapshot else self._caught_up)

    def _check_files(self) -> None:
        try:
            check_whole(self._mapped)
        except FormatError:
            self._caught_up = self.state.steps  # rows that are gone cannot catch up
            raise

    # --- checkpoints -----------------------------------------------------------------------------------------------

    @cached_property
    def settings(self) -> dict[str, str]:
        """What a checkpoint is compared by."""
        return settings(self.state, self.data, self.options)

    def document(self, *, finished: bool = False) -> dict[str, Any]:
        """What a checkpoint says of the training, beside the arrays of its state."""
        state = self.state.document()
        return {
            "finished": finished,
            "settings": self.settings,
            "machine": machine(),
            "options": self.options.kept(),
            "marks": self.check.document(),
            "standing": asdict(self.cursor),
            "history": [epoch.told() for epoch in self.history],
            "pace": self.pacing.document(),
            **state,
            "trainer": {**state["trainer"], "first": self.first_epoch},
        }

    def _write_end(self, checkpoints: Checkpoints) -> None:
        """Keep the end; of a training that a callback ended, from where it could go on."""
        if self.cursor.epoch == self.options.epochs:
            checkpoints.finish(self.state.arrays(), self.document(finished=True))
        else:
            checkpoints.write(self.state.arrays(), self.document())

    def _load(self, saved: Saved) -> None:
        """Go on where a checkpoint was taken; CheckpointError, before anything is changed, if it is of another fit."""
        document, now = saved.document, saved.document["standing"]
        check_same(document["settings"], self.settings, saved.folder.parent)
        before, count = document["pace"]["examples"], self.data.examples
        if not now["epoch"] and before != count:
            raise saved.unfit(f"it tells of {before} examples in an epoch, and the data of {count}")
        self.state.load(saved, missed=now["done"] - now["before"])
        warn_if_elsewhere(document["machine"], saved.folder.parent, portable=self.options.portable)
        self.planning.cuts.clear()
        self.history[:] = [Epoch.of(epoch) for epoch in document["history"]]
        self.first_epoch = document["trainer"]["first"]
        self.pacing.load(document["pace"])
        self.cursor = Cursor.of(now)
        self._caught_up = self._caught_up_in_copy = -1  # whatever this trainer did before
