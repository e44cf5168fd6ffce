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

from rowspace.execute.tasks import PAUSE_SECONDS, SHORT_SECONDS
from rowspace.kernel.kernel import Kernel
from rowspace.kernel.segments import (
    DONE,
    HI,
    LO,
    NEEDED,
    NOT_BEGUN,
    PASSED,
    ROW,
    TURNS,
    UNTAKEN,
    Arguments,
    Segments,
    nothing_done,
)
from rowspace.system.threads import Workers
from rowspace.tables.entries import pieces_of

# Places of `progress`, each in a cache line of its own: TAKEN has the next chunk that no thread has, HALTED whether
# threads are to take no more, 16 before which chunk all are done, and from DONE_CHUNKS on stands of each whether it is.
TAKEN, HALTED, DONE_CHUNKS = 0, 8, 32


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
        trials: parts of plans that one thread and several run at first, to see which is faster; 0 for several untried.
        probed: of so many plans, one begins with some examples on another number of threads, to compare.
    """

    threads: int | None = None
    least_bytes: int = 2**24
    shortest: int = 1
    longest: int = 128
    noted: int = 2**13
    slots: int = 2**17
    trials: int = 2
    probed: int = 8


class Turns:
    """Threads take turns at chunks.

    Args:
        kernel: the loop.
        notes: the loop that notes which chunks each has to wait for.
        arguments: of the loop.
        threads: how many take part.
        chunks: see `chunked`.
        last: (slots,) int32 of zeros: where is noted which chunk looked a row up last.
        noted: examples that are noted in one call.
        size: chunks of the first call of the loop; later calls have more, as long as they are short.
    """

    def __init__(
        self, kernel: Kernel, notes: Kernel, arguments: Arguments, threads: int, chunks: Segments, last: np.ndarray,
        noted: int, size: int = 1,
    ) -> None:  # fmt: skip
        self.kernel, self.notes, self.arguments, self.threads, self.chunks = kernel, notes, arguments, threads, chunks
        self.last, self.size = last, size
        self.noted, self.stop = 0, len(chunks.segments)
        self.group = 1 + noted // int(np.max(chunks.segments[:, HI] - chunks.segments[:, LO], initial=1))
        self._noting = threading.Lock()

    def run(self, workers: Workers) -> None:
        """Run every chunk; where one goes wrong, those before it."""
        workers.run(lambda _: self._work(workers), range(self.threads))

    def _work(self, workers: Workers) -> None:
        """Run chunks that no other thread has taken. Between calls of the loop none is held, which others wait for."""
        progress, taken = self.chunks.progress, UNTAKEN
        try:
            while (chunk := min(taken, int(progress[TAKEN]))) < self.stop:
                if workers.halted:
                    progress[HALTED] = 1
                if taken == UNTAKEN and progress[HALTED]:
                    return
                if self._note(chunk):
                    taken = self._run(-1 if taken == UNTAKEN else taken, chunk)
        except BaseException:
            self._halt(int(np.argmin(progress[DONE_CHUNKS:])))  # the first that is not done
            raise

    def _run(self, begin: int, about: int) -> int:
        """Call the loop once: gives the chunk that this thread has taken after it, or UNTAKEN."""
        started, end = perf_counter(), min(self.noted, about + self.size)
        reached = self.kernel.run(self.arguments, self.chunks, begin, end)
        if reached >= end:
            self.size *= 1 + (perf_counter() - started < SHORT_SECONDS)
        elif self.chunks.failed(reached):
            self._halt(reached)
        else:
            sleep(PAUSE_SECONDS)
        return reached

    def _halt(self, chunk: int) -> None:
        """Take no more chunks, and run none from this one on."""
        self.chunks.progress[HALTED] = 1
        with self._noting:
            self.stop = min(self.stop, chunk)

    def _note(self, chunk: int) -> bool:
        """Whether a chunk is noted. Where few after it are, and no other thread is at it, those that come next are."""
        left, count = self.noted - chunk, len(self.chunks.segments)
        if left < 2 * self.group and self.noted < count and self._noting.acquire(blocking=left <= 0):
            try:
                end = min(count, self.noted + self.group)
                self.notes.run(noting(self.arguments, self.last), self.chunks, self.noted, end)
                self.noted = end
            finally:
                self._noting.release()
        return self.noted > chunk


def noting(arguments: Arguments, last: np.ndarray) -> Arguments:
    """The arguments of a loop as the one that notes has them."""
    return replace(arguments, columns=(*arguments.columns, last))


def waiting(chunks: Segments, noted: int, threads: int) -> float:
    """How many of the chunks noted need one that another thread may be at just then, as a share of all."""
    needed = chunks.segments[:noted, NEEDED]
    return float(np.mean(needed > np.arange(noted) + 1 - threads)) if noted else 0.0


def chunked(whole: Segments, chunk: int, threads: int, costs: np.ndarray) -> Segments:
    """Segments in chunks of at most so many examples, none of which is done yet."""
    lo, hi = whole.segments[:, LO], whole.segments[:, HI]
    of, place = pieces_of(hi - lo, chunk)
    segments = np.zeros((len(of), whole.segments.shape[1]), np.int64)
    segments[:, ROW], segments[:, PASSED] = TURNS, threads
    segments[:, LO] = lo[of] + place * chunk
    segments[:, HI] = np.minimum(segments[:, LO] + chunk, hi[of])
    progress = np.zeros(DONE_CHUNKS + len(of) + 8, np.int64)
    origin = int(lo[0]) if len(lo) else 0
    new = {"segments": segments, "rates": whole.rates[of], "out": nothing_done(len(of)), "costs": costs}
    return replace(whole, **new, progress=progress, origin=origin)


def summed(whole: Segments, chunks: Segments, bags: np.ndarray | None) -> None:
    """Note what became of segments, given what became of their chunks: costs are added up as one thread does it."""
    done, ends = chunks.reached, chunks.segments[:, HI]
    first = np.searchsorted(chunks.segments[:, LO], whole.segments[:, LO])
    for number, (lo, hi) in enumerate(whole.segments[:, LO : HI + 1].tolist()):
        if chunks.out[first[number], DONE] == NOT_BEGUN:
            break
        own = slice(first[number], first[number + 1] if number + 1 < len(first) else None)
        short = np.flatnonzero(done[own] < ends[own])
        reached = int(done[own][short[0]]) if len(short) else hi
        start = lo + -(whole.first + lo) % whole.every
        costs = chunks.costs[start - chunks.origin : max(start, reached) - chunks.origin : whole.every]
        at = np.arange(start, reached, whole.every)
        counted = len(costs) if bags is None else int((bags[at + 1] - bags[at]).sum())
        whole.out[number] = reached, np.cumsum(costs)[-1] if len(costs) else 0.0, counted
