"""A thread runs the segments of a task, in calls of the loop that are short enough for Ctrl-C to be heard."""

from time import perf_counter, sleep

import numpy as np

from rowspace.kernel.kernel import Kernel
from rowspace.kernel.segments import Arguments, Runner, Segments, segments_between
from rowspace.schedule.plan import Task
from rowspace.system.threads import Workers

PAUSE_SECONDS = 2e-5  # between looks at whether what a segment waits for is done
SHORT_SECONDS = 5e-3  # of a call of the loop: one that took longer is not followed by one of more segments


def compile_loop(kernel: Kernel, arguments: Arguments) -> None:
    """Have the machine code of a loop, by running it over nothing."""
    none = segments_between(np.zeros(1, np.int64), len(kernel.sampled))
    nothing = Segments.of(none, np.zeros((0, len(kernel.order()))), 0, 1, 0)
    kernel.run(arguments, nothing, 0, 0)


def run_alone(loop: Runner, own: Arguments, segments: Segments, workers: Workers, short: float = SHORT_SECONDS) -> None:
    """Run all segments on one thread, of which there may be many: one in the first call, to see how long it takes."""
    task = 0, len(segments.segments)
    workers.run(lambda task: run_task(loop, own, segments, task, workers, 1, short), [task])


def run_task(
    loop: Runner, own: Arguments, segments: Segments, task: Task, workers: Workers, first: int | None = None,
    short: float = SHORT_SECONDS,
) -> None:  # fmt: skip
    """Run the segments of a task: so many in the `first` call of the loop, or all, and more if that is short.

    Ctrl-C is heard between calls. A loop gives back a segment that has to wait.
    """
    begin, end = task
    size = first or end - begin
    while begin < end and not workers.halted:
        started, stop = perf_counter(), min(end, begin + size)
        begin = loop(own, segments, begin, stop)
        if begin < stop and segments.failed(begin):
            workers.halt()
        elif begin < stop:
            sleep(PAUSE_SECONDS)
        elif perf_counter() - started < short:
            size *= 2
