"""File order on several threads, to the bytes of one.

Examples are cut into chunks, which threads take one after another. Before a chunk runs, all chunks before the last one
that looked up one of its rows are done, and that one too; nothing else has to wait. The lowest chunk that is not done
waits for nobody, so that no threads wait for each other. No byte depends on the number of threads or on the length of
the chunks: both follow from what the threads see of each other.
"""

import threading
from dataclasses import dataclass, replace
from time import perf_counter, sleep

import numpy as np

from rowspace.execute.chunks import HALTED, TAKEN, Chunks
from rowspace.execute.tasks import PAUSE_SECONDS, SHORT_SECONDS
from rowspace.kernel.kernel import Kernel
from rowspace.kernel.segments import UNTAKEN, Arguments
from rowspace.system.threads import Workers


@dataclass(frozen=True)
class TurnSizes:
    """Numbers that decide how fast turns are, and no byte of what is learned (docs/decisions/turns.md).

    Args:
        threads: that take part at first, at most; None for as many as there are cores.
        least_bytes: of rows that the examples of a plan look up: with fewer, one thread is faster.
        shortest, longest: examples of a chunk, powers of two.
        noted: examples that are noted in one call.
        slots: in which the last chunk that looked up a row is noted, a power of two; rows that share one wait for each
            other.
        trials: plans that all threads and one run at first, each, to see which is faster; 0 for all threads untried.
        probed: after so many plans, and then more and more seldom, another number of threads is compared with.
    """

    threads: int | None = None
    least_bytes: int = 2**24
    shortest: int = 1
    longest: int = 128
    noted: int = 2**15
    slots: int = 2**17
    trials: int = 2
    probed: int = 8


class Turns:
    """Threads take turns at chunks.

    Args:
        kernel: the loop.
        notes: the loop that notes which chunks each has to wait for.
        arguments: of the loop.
        chunks: none of which is done.
        last: (slots,) int32 of zeros: where is noted which chunk looked a row up last.
        noted: examples that are noted in one call.
        size: chunks of the first call of the loop; later calls have more, as long as they are short.
    """

    def __init__(
        self, kernel: Kernel, notes: Kernel, arguments: Arguments, chunks: Chunks, last: np.ndarray, noted: int,
        size: int = 1,
    ) -> None:  # fmt: skip
        self.kernel, self.notes, self.arguments, self.chunks = kernel, notes, arguments, chunks
        self.last, self.size = last, size
        self.noted, self.stop, self.group = 0, len(chunks), 1 + noted // chunks.chunk
        self._noting = threading.Lock()

    def run(self, workers: Workers) -> None:
        """Run every chunk; where one goes wrong, those before it."""
        workers.run(lambda _: self._work(workers), range(self.chunks.threads))

    def _work(self, workers: Workers) -> None:
        """Run chunks that no other thread has taken. Between calls of the loop none is held, which others wait for."""
        progress, taken = self.chunks.work.progress, UNTAKEN
        try:
            while (chunk := min(taken, int(progress[TAKEN]))) < self.stop:
                if workers.halted:
                    progress[HALTED] = 1
                if taken == UNTAKEN and progress[HALTED]:
                    return
                if self._note(chunk):
                    taken = self._run(-1 if taken == UNTAKEN else taken, chunk)
        except BaseException:
            self._halt(self.chunks.first_left)
            raise

    def _run(self, begin: int, about: int) -> int:
        """Call the loop once: gives the chunk that this thread has taken after it, or UNTAKEN."""
        started, size = perf_counter(), self.size
        end = min(self.noted, about + size)
        reached = self.kernel.run(self.arguments, self.chunks.work, begin, end)
        if reached >= end:
            if end == about + size and perf_counter() - started < SHORT_SECONDS:
                self.size = 2 * size
        elif self.chunks.work.failed(reached):
            self._halt(reached)
        else:
            sleep(PAUSE_SECONDS)
        return reached

    def _halt(self, chunk: int) -> None:
        """Take no more chunks, and run none from this one on."""
        self.chunks.work.progress[HALTED] = 1
        with self._noting:
            self.stop = min(self.stop, chunk)

    def _note(self, chunk: int) -> bool:
        """Whether a chunk is noted. Where few after it are, and no other thread is at it, those that come next are.

        Two groups ahead: while one thread notes the next, the others still have one to run.
        """
        left, count = self.noted - chunk, len(self.chunks)
        if left < 2 * self.group and self.noted < count and self._noting.acquire(blocking=left <= 0):
            try:
                end = min(count, self.noted + min(self.group, max(self.noted, 1 + self.group // 4)))  # few at first
                note(self.notes, self.arguments, self.chunks, end, self.last)
                self.noted = end
            finally:
                self._noting.release()
        return self.noted > chunk


def note(notes: Kernel, arguments: Arguments, chunks: Chunks, end: int, last: np.ndarray) -> None:
    """Note, for chunks before `end` that are not laid out yet, which ones before them they have to wait for."""
    begin = chunks.made
    chunks.make(end)
    notes.run(replace(arguments, columns=(*arguments.columns, last)), chunks.work, begin, end)
