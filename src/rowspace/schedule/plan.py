"""Schedules: which example runs when and on which thread."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from enum import Enum, auto
from time import perf_counter, sleep

import numpy as np

from rowspace.columns.chunk import Chunk, counted_before, members
from rowspace.execute.replicas import Replicas
from rowspace.execute.residency import Residency
from rowspace.kernel.segments import COUNTED, DONE, HI, LO, NOT_BEGUN, TOTAL, Arguments, Runner, Segments
from rowspace.schedule.buckets import SortedExamples
from rowspace.schedule.place import Place
from rowspace.system.threads import Workers

SCHEDULES = ("blocks", "sequential", "hogwild")

_PAUSE = 2e-5  # seconds between looks at whether the row before has moved on

_CALL = 2**18  # examples, at most, between looks at the keyboard
_SOON = 5e-3  # seconds: a call of the loop that took longer is not followed by one of more segments


Task = tuple[int, int]  # segments from, to: one thread's, in order


class Order(Enum):
    """What of a plan's order decides the bytes."""

    IN_TURN = auto()  # every example follows the one before it
    WAVE = auto()  # a row of buckets follows the row before it, bucket by bucket
    RACE = auto()  # nothing: examples are run as it comes


@dataclass(frozen=True)
class Sharing:
    """The tasks that share copies of small tables: the `examples` of each, from and to.

    A stage has those from the `first` on. Copies are made where a turn `begins`, and merged where it `ends`.
    """

    examples: Sequence[tuple[int, int]]
    first: int = 0
    begins: bool = True
    ends: bool = True


@dataclass
class Plan:
    """Examples of a chunk ready to run: `stages` of tasks, one stage after another, the tasks of a stage on threads."""

    loop: Runner
    bound: Arguments
    work: Segments
    stages: Sequence[Sequence[Task]]
    chunk: Chunk  # the columns, as they are run
    after: Place  # where the next window begins
    order: Order
    lookups: int = 0  # of the whole chunk, at its last window
    sorted: SortedExamples | None = None
    lanes: Replicas | None = None  # copies of small tables that every task of a stage writes
    residency: Residency | None = None  # what brings rows from the disk for every stage
    turns: Sequence["Sharing"] | None = None  # where copies are made for longer than a stage

    def run(self, workers: Workers) -> Iterator["Outcome"]:
        """Run stage after stage; gives what became of each."""
        for number, stage in enumerate(self.stages):
            turn = self.turns[number] if self.turns else Sharing([self._examples(task) for task in stage])
            if self.lanes and turn.begins:
                copies = self.lanes.begin(self.bound, len(turn.examples))
            bounds = copies[turn.first :][: len(stage)] if self.lanes else [self.bound] * len(stage)

            def do(numbered: tuple[Arguments, Task]) -> None:
                self._do(workers, *numbered)

            error = None
            try:
                with self.residency.present(number) if self.residency else nullcontext():
                    workers.run(do, zip(bounds, stage, strict=True))
            except BaseException as found:  # Ctrl-C too: what was done counts all the same
                error = found
            outcome = Outcome.of(self.work, stage, members(self.chunk), error, apart=self.order is Order.IN_TURN)
            if self.lanes and turn.ends and outcome.failed is None and error is None:
                self.lanes.merge(turn.examples)
            yield outcome if self.residency is None else self._counted_last(outcome, number)

    def _counted_last(self, outcome: "Outcome", stage: int) -> "Outcome":
        """With all costs of the window at its last stage: their sum is then the same for any memory."""
        if stage + 1 < len(self.stages):
            return replace(outcome, costs=[], counted=0)
        whole = Outcome.of(self.work, [task for stage in self.stages for task in stage])
        return replace(outcome, costs=whole.costs, counted=whole.counted)

    def original(self, example: int) -> int:
        """Where an example stood in the epoch."""
        if self.sorted:
            return self.work.first + self.sorted.original(example)
        return int(self.work.first + counted_before(self.chunk, example))

    def _do(self, workers: Workers, bound: Arguments, task: Task) -> None:
        begin, end = task
        most = 1 if self.order is Order.IN_TURN else end - begin  # segments in a call: Ctrl-C is heard between calls
        while begin < end and not workers.halted:
            started, stop = perf_counter(), min(end, begin + most)
            begin = self.loop(bound, self.work, begin, stop)
            if begin < stop and self.work.failed(begin):
                workers.halt()
            elif begin < stop:
                sleep(_PAUSE)
            elif perf_counter() - started < _SOON:
                most *= 2

    def _examples(self, task: Task) -> tuple[int, int]:
        return span(self.work.segments, task)


def span(segments: np.ndarray, task: Task) -> tuple[int, int]:
    """The examples of a task whose segments follow one another, from and to."""
    begin, end = task
    return (int(segments[begin, LO]), int(segments[end - 1, HI])) if begin < end else (0, 0)


@dataclass(frozen=True)
class Outcome:
    """What became of a stage: examples done, sums of costs and their number, and the example that went wrong.

    `costs` are to be added up one after another, as the sum of numbers depends on the order in its last digits.
    `steps` are the examples as the cost takes them: fewer where they are gathered in bags.
    """

    done: int
    steps: int
    costs: list[float]
    counted: int
    failed: int | None
    error: BaseException | None = None

    @classmethod
    def of(
        cls,
        work: Segments,
        stage: Sequence[Task],
        members: np.ndarray | None = None,
        error: BaseException | None = None,
        *,
        apart: bool = False,
    ) -> "Outcome":
        """Add up the segments of a stage, in the order of their examples; of bags, their `members` count.

        With `apart`, the costs of its segments are not added up: the segments may be any number of stages.
        """
        here = np.concatenate([np.arange(*task) for task in stage]) if stage else np.zeros(0, int)
        here = here[np.argsort(work.segments[here, LO], kind="stable")]  # whichever thread had them
        out, lo, hi = work.out[here], work.segments[here, LO], work.segments[here, HI]
        begun = out[:, DONE] > NOT_BEGUN
        done = np.where(begun, out[:, DONE], lo).astype(np.int64)
        wrong = np.flatnonzero(begun & (done < hi))
        failed = int(done[wrong[0]]) if len(wrong) else None
        costs = out[:, TOTAL].tolist() if apart else [float(out.sum(axis=0)[TOTAL])]
        steps = int((done - lo).sum())
        examples = steps if members is None else int((members[done] - members[lo]).sum())
        return cls(examples, steps, costs, int(out[:, COUNTED].sum()), failed, error)


def in_turn(segments: np.ndarray, rows: Sequence[Task], threads: int) -> tuple[np.ndarray, list[Task]]:
    """The segments of a window laid out so that each thread finds those of every so many-th row together.

    A thread's rows are then one call of the loop, or a few where they are long: rows are done in less time than Python
    takes to hand them out. Rows next to one another are always different threads', so that they can follow each other.
    """
    examples = sum(hi - lo for lo, hi in (span(segments, row) for row in rows))
    calls = max(1, -(-examples // (_CALL * threads)))
    edges = np.linspace(0, len(rows), calls + 1).astype(int)
    places, tasks, begin = [], [], 0
    for lo, hi in zip(edges[:-1], edges[1:], strict=True):
        for own in (rows[first:hi:threads] for first in range(lo, min(hi, lo + threads))):
            places += [np.arange(*row) for row in own]
            end = begin + sum(e - b for b, e in own)
            tasks.append((begin, end))
            begin = end
    return segments[np.concatenate(places)] if places else segments, tasks
