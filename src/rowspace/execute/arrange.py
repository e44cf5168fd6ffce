"""A plan's rows of buckets are dealt to threads, in stages that run one after another."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rowspace.kernel.segments import Segments
from rowspace.schedule.plan import Order, Plan, Task, span

# Of a task, at most, so that Ctrl-C is heard between tasks (docs/decisions/schedule.md#a-threads-rows-in-one-call).
_TASK_EXAMPLES = 2**18


@dataclass(frozen=True)
class Sharing:
    """The rows that share copies of small tables: the `examples` of each, from and to.

    A stage has those from the `first` on. Copies are made where it `begins` with them, and merged where it `ends`.
    """

    examples: Sequence[tuple[int, int]]
    first: int = 0
    begins: bool = True
    ends: bool = True


@dataclass(frozen=True)
class Stage:
    """Tasks that may run side by side; the next stage begins when all are done."""

    tasks: Sequence[Task]
    sharing: Sharing | None = None


@dataclass(frozen=True)
class Arranged:
    """The segments of a plan in the order of its stages."""

    segments: Segments
    stages: Sequence[Stage]


def arranged(plan: Plan, threads: int) -> Arranged:
    """A plan for so many threads, where all its rows are in memory."""
    rows, size = plan.rows, plan.together
    if size:
        groups = [rows[n : n + size] for n in range(0, len(rows), size)]
        stages = [Stage(group, Sharing([span(plan.segments.segments, row) for row in group])) for group in groups]
        return Arranged(plan.segments, stages)
    if plan.order is not Order.WAVE:
        return Arranged(plan.segments, [Stage(rows)])
    places, tasks = in_turn(plan.segments.segments, rows, threads)
    return Arranged(laid_out(plan.segments, places), [Stage(tasks)])


def in_turn(segments: np.ndarray, rows: Sequence[Task], threads: int) -> tuple[np.ndarray, list[Task]]:
    """Which segments come after one another, so that each thread finds those of every so many-th row together.

    A thread's rows are then one call of the loop, or a few where they are long: rows are done in less time than Python
    takes to hand them out. Rows next to one another are always different threads', so that they can follow each other.
    """
    examples = sum(hi - lo for lo, hi in (span(segments, row) for row in rows))
    calls = max(1, -(-examples // (_TASK_EXAMPLES * threads)))
    edges = np.linspace(0, len(rows), calls + 1).astype(int)
    places, tasks, begin = [], [], 0
    for lo, hi in zip(edges[:-1], edges[1:], strict=True):
        for own in (rows[first:hi:threads] for first in range(lo, min(hi, lo + threads))):
            places += [np.arange(*row) for row in own]
            end = begin + sum(e - b for b, e in own)
            tasks.append((begin, end))
            begin = end
    return np.concatenate([*places, np.zeros(0, np.int64)]).astype(np.int64), tasks


def laid_out(segments: Segments, places: np.ndarray) -> Segments:
    """Segments in another order, of which nothing is done yet."""
    return replace(
        segments,
        segments=segments.segments[places],
        rates=segments.rates[places],
        out=segments.out[places],
    )
