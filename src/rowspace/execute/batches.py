"""A whole batch on several threads, where it is large enough to pay."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rowspace.columns.chunk import members
from rowspace.columns.kinds import Ragged
from rowspace.execute.distinct import Distinct
from rowspace.kernel.kernel import Kernel
from rowspace.kernel.row_loop import catch_up, step
from rowspace.kernel.segments import Segments
from rowspace.schedule.batches import BatchPlan, shares
from rowspace.schedule.plan import Outcome
from rowspace.state import TrainState
from rowspace.system.threads import Workers

SHARE_LOOKUPS = 4096  # for which a thread is worth its while


class BatchRun:
    """One batch as it is run: find its rows, let them catch up, find the gradients, and let every row take a step."""

    def __init__(self, plan: BatchPlan, state: TrainState, workers: Workers) -> None:
        self.plan, self.state, self.workers = plan, state, workers
        self._arguments = plan.loops.ids.bind(state.tables, state.slots, plan.columns)

    def run(self) -> Outcome:
        """Run it, and say what became of it."""
        plan, state = self.plan, self.state
        origin, sizes = _places(plan)
        ids = {t: np.empty(size, np.int64) for t, size in sizes.items()}
        self._each_share(plan.loops.ids, (origin, *ids.values()))
        distinct = {t: Distinct.of(own) for t, own in ids.items() if len(own)}
        for t in plan.loops.catching_up.keys() & distinct.keys():
            self._catch_up(t, distinct[t])
        gradients = {t: np.empty((size, state.tables[t].dim), np.float32) for t, size in sizes.items()}
        done = self._each_share(plan.loops.gradients, (origin, *gradients.values()))
        outcome = Outcome.of(done, [(0, len(done.segments))], members(plan.columns))
        if outcome.failed is not None:
            return replace(outcome, done=0, steps=0)
        rates = dict(zip(plan.loops.ids.order(), plan.rates[0].tolist(), strict=True))
        good = [self._step(t, rows, rates[t], gradients[t]) for t, rows in distinct.items()]
        return outcome if all(good) else replace(outcome, failed=plan.examples[0])

    def _each_share(self, kernel: Kernel, buffers: Sequence[np.ndarray]) -> Segments:
        segments = self.plan.segments()
        own = replace(self._arguments, columns=(*self._arguments.columns, *buffers))
        self._on_threads(lambda share: kernel.run(own, segments, share, share + 1), range(len(segments.segments)))
        return segments

    def _catch_up(self, table: str, distinct: Distinct) -> None:
        """Let the rows of a batch take the steps they missed."""
        loop, arrays = self.plan.loops.catching_up[table], self.state.arrays_of(table)
        past, now = self.state.rates.of(table), self.state.steps
        self._each_row(distinct, lambda part: catch_up(loop, arrays, distinct.rows, past, now, part))

    def _step(self, table: str, distinct: Distinct, rate: float, gradients: np.ndarray) -> bool:
        """Let the rows of a batch take its step; whether all are finite after it."""
        loop, arrays = self.plan.loops.steps[table], self.state.arrays_of(table)
        now, bad = self.state.steps, []  # type: int, list[int]

        def run(part: tuple[int, int]) -> None:
            end = step(loop, arrays, distinct.rows, gradients, distinct.order, rate, now, part)
            bad.extend([end] if end < part[1] else [])

        self._each_row(distinct, run)
        return not bad

    def _each_row(self, distinct: Distinct, do: Callable[[tuple[int, int]], None]) -> None:
        edges = shares(0, len(distinct.rows), distinct.lookups, SHARE_LOOKUPS).tolist()
        self._on_threads(do, list(zip(edges[:-1], edges[1:], strict=True)))

    def _on_threads(self, do: Callable[[Any], Any], parts: Sequence[Any]) -> None:
        if len(parts) == 1:
            do(parts[0])
        else:
            self.workers.run(do, parts)


def _places(plan: BatchPlan) -> tuple[np.ndarray, Mapping[str, int]]:
    """What to add to an example's place to find where a lookup is stored, and how many each table gets."""
    (lo, hi), sizes, origin = plan.examples, dict.fromkeys(plan.loops.steps, 0), []
    for table, count in plan.loops.lookups:
        if isinstance(count, str):
            bag = plan.columns[count]
            assert isinstance(bag, Ragged)
            start, end = int(bag.offsets[lo]), int(bag.offsets[hi])
        else:
            start, end = lo * count, hi * count
        origin.append(sizes[table] - start)
        sizes[table] += end - start
    return np.array(origin, np.int64), sizes
