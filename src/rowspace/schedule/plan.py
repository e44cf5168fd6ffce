"""A plan: examples of a chunk ready to run, in which order and at which rates. Not by whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

import numpy as np

from rowspace.columns.chunk import Chunk, counted_before
from rowspace.kernel.kernel import Kernel
from rowspace.kernel.segments import COUNTED, DONE, HI, LO, NOT_BEGUN, TOTAL, Segments
from rowspace.schedule.buckets import SortedExamples
from rowspace.schedule.layout import IdSource
from rowspace.schedule.place import Place

Task = tuple[int, int]  # segments from, to: run one after another


class Order(Enum):
    """What of a plan's order decides the bytes: an executor may change anything else."""

    IN_TURN = auto()  # every example follows the one before it
    WAVE = auto()  # a bucket follows the one before it in its row and the one before it in its column
    RACE = auto()  # nothing: examples are run as it comes


@dataclass(frozen=True)
class Plan:
    """Examples that are run, and in which order.

    Args:
        kernel: the loop.
        columns: of the examples, as they are run.
        segments: the examples, their rates and what each waits for.
        rows: a task for every row of buckets; one for all where every example follows the one before it.
        order: what of their order decides the bytes.
        after: where the next plan begins.
        together: so many rows make a stage, after which there is an outcome; 0 for all rows.
        shared: small tables, of which each row of a stage has a copy. After the stage a table is the mean of them.
        lookups: of the whole chunk, at its last plan.
        sorted: the examples, where they were sorted.
    """

    kernel: Kernel
    columns: Chunk
    segments: Segments
    rows: Sequence[Task]
    order: Order
    after: Place
    together: int = 0
    shared: Mapping[str, Sequence[IdSource]] = field(default_factory=dict)
    lookups: int = 0
    sorted: SortedExamples | None = None

    def original(self, example: int) -> int:
        """Where an example stood in the epoch."""
        if self.sorted:
            return self.segments.first + self.sorted.original(example)
        return int(self.segments.first + counted_before(self.columns, example))


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
        cls, segments: Segments, stage: Sequence[Task], members: np.ndarray | None = None,
        error: BaseException | None = None, *, apart: bool = False,
    ) -> "Outcome":  # fmt: skip
        """Add up the segments of a stage, in the order of their examples; of bags, their `members` count.

        With `apart`, the costs of its segments are not added up: the segments may be any number of stages.
        """
        here = np.concatenate([np.arange(*task) for task in stage]) if stage else np.zeros(0, int)
        here = here[np.argsort(segments.segments[here, LO], kind="stable")]  # whichever thread had them
        out, lo, hi = segments.out[here], segments.segments[here, LO], segments.segments[here, HI]
        done = segments.reached[here]
        wrong = np.flatnonzero((out[:, DONE] > NOT_BEGUN) & (done < hi))
        failed = int(done[wrong[0]]) if len(wrong) else None
        costs = out[:, TOTAL].tolist() if apart else [float(out.sum(axis=0)[TOTAL])]
        steps = int((done - lo).sum())
        examples = steps if members is None else int((members[done] - members[lo]).sum())
        return cls(examples, steps, costs, int(out[:, COUNTED].sum()), failed, error)
