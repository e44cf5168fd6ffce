"""Schedules: which example runs when and on which thread."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import sleep

import numpy as np

from rowspace.buckets import Sorted
from rowspace.columns import Chunk
from rowspace.shared import Lanes
from rowspace.work import DONE, HI, LO, NOT_BEGUN, Bound, Runner, Work
from rowspace.workers import Workers

SCHEDULES = ("blocks", "sequential", "hogwild")

_PAUSE = 2e-5  # seconds between looks at whether the row before has moved on

Task = tuple[int, int]  # segments from, to: one thread's, in order


@dataclass
class Window:
    """Examples of a chunk ready to run: `stages` of tasks, one stage after another, the tasks of a stage on threads."""

    loop: Runner
    bound: Bound
    work: Work
    stages: Sequence[Sequence[Task]]
    chunk: Chunk  # the columns, as they are run
    lookups: int = 0  # of the whole chunk, at its last window
    sorted: Sorted | None = None
    lanes: Lanes | None = None  # copies of small tables that every task of a stage writes

    def run(self, workers: Workers) -> Iterator["Outcome"]:
        """Run stage after stage; gives what became of each."""
        for stage in self.stages:
            bounds = self.lanes.begin(self.bound, len(stage)) if self.lanes else [self.bound] * len(stage)

            def do(numbered: tuple[Bound, Task]) -> None:
                self._do(workers, *numbered)

            error = None
            try:
                workers.run(do, zip(bounds, stage, strict=True))
            except BaseException as found:  # Ctrl-C too: what was done counts all the same
                error = found
            outcome = Outcome.of(self.work, stage, error)
            if self.lanes and outcome.failed is None and error is None:
                self.lanes.merge([self._examples(task) for task in stage])
            yield outcome

    def original(self, example: int) -> int:
        """Where an example stood in the epoch."""
        return self.work.first + (self.sorted.original(example) if self.sorted else example)

    def _do(self, workers: Workers, bound: Bound, task: Task) -> None:
        begin, end = task
        while begin < end and not workers.halted.is_set():
            begin = self.loop(bound, self.work, begin, end)
            if begin < end and self.work.failed(begin):
                workers.halted.set()
            elif begin < end:
                sleep(_PAUSE)

    def _examples(self, task: Task) -> tuple[int, int]:
        begin, end = task
        return int(self.work.segments[begin, LO]), int(self.work.segments[end - 1, HI])


@dataclass(frozen=True)
class Outcome:
    """What became of a stage: examples done, the sum of costs and their number, and the example that went wrong."""

    done: int
    cost: float
    counted: int
    failed: int | None
    error: BaseException | None = None

    @classmethod
    def of(cls, work: Work, stage: Sequence[Task], error: BaseException | None = None) -> "Outcome":
        """Add up the segments of a stage, in their order whoever ran them."""
        here = slice(stage[0][0], stage[-1][1]) if stage else slice(0, 0)
        out, lo, hi = work.out[here], work.segments[here, LO], work.segments[here, HI]
        begun = out[:, DONE] > NOT_BEGUN
        done = np.where(begun, out[:, DONE], lo).astype(np.int64)
        wrong = np.flatnonzero(begun & (done < hi))
        failed = int(done[wrong[0]]) if len(wrong) else None
        _, cost, counted = out.sum(axis=0).tolist() if len(out) else (0, 0.0, 0)
        return cls(int((done - lo).sum()), cost, int(counted), failed, error)
