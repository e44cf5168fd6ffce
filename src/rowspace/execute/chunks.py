"""The segments of a plan in chunks of few examples, laid out as threads come to them, and what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rowspace.kernel.segments import DONE, HI, LO, NEEDED, NOT_BEGUN, PASSED, ROW, TURNS, Segments
from rowspace.tables.entries import offsets_of

# Places of `progress`, each in a cache line of its own: TAKEN has the next chunk that no thread has, HALTED whether
# threads are to take no more, 16 before which chunk all are done, and from DONE_CHUNKS on stands of each whether it is.
TAKEN, HALTED, DONE_CHUNKS = 0, 8, 32


class Room:
    """Memory that is used again for every plan."""

    def __init__(self) -> None:
        self._held: dict[str, np.ndarray] = {}

    def array(self, name: str, dtype: type, *shape: int) -> np.ndarray:
        """An array that holds whatever that of this name held before, whose place it takes."""
        size = int(np.prod(shape))
        if len(self._held.get(name, ())) < size:
            self._held[name] = np.zeros(size, dtype)
        return self._held[name][:size].reshape(shape)


@dataclass
class Chunks:
    """Segments that follow one another, in chunks.

    Args:
        whole: the segments.
        chunk: examples of a chunk, at most.
        threads: that take turns.
        begins: (segments + 1,) the first chunk of each.
        work: the chunks as a loop takes them; only those before `made` are laid out.
        made: how many are.
    """

    whole: Segments
    chunk: int
    threads: int
    begins: np.ndarray
    work: Segments
    made: int = 0

    @classmethod
    def of(cls, whole: Segments, chunk: int, threads: int, room: Room) -> "Chunks":
        """Chunks of which none is laid out."""
        examples = whole.segments[:, HI] - whole.segments[:, LO]
        begins = offsets_of(-(-examples // chunk))
        count, origin = int(begins[-1]), int(whole.segments[0, LO]) if len(examples) else 0
        new: dict[str, Any] = {
            "segments": room.array("segments", np.int64, count, whole.segments.shape[1]),
            "rates": room.array("rates", np.float32, count, whole.rates.shape[1]),
            "out": room.array("out", np.float64, count, whole.out.shape[1]),
            "costs": room.array("costs", np.float64, int(examples.sum())),
            "progress": room.array("progress", np.int64, DONE_CHUNKS + count + 8),
        }
        new["progress"][:] = 0
        return cls(whole, chunk, threads, begins, replace(whole, **new, origin=origin))

    def __len__(self) -> int:
        return int(self.begins[-1])

    def make(self, end: int) -> None:
        """Lay out the chunks before `end` that are not yet."""
        begin, self.made = self.made, end
        first, last = np.searchsorted(self.begins, [begin, end - 1], side="right") - 1
        inside = np.diff(np.clip(self.begins[first : last + 2], begin, end))
        of = np.repeat(np.arange(first, last + 1), inside)
        own, lo = self.work.segments[begin:end], self._begin_of(np.arange(begin, end), of)
        own[:, ROW], own[:, PASSED], own[:, LO] = TURNS, self.threads, lo
        own[:, HI] = np.minimum(lo + self.chunk, self.whole.segments[of, HI])
        self.work.rates[begin:end] = self.whole.rates[of]
        self.work.out[begin:end, DONE] = NOT_BEGUN

    def waiting(self, begin: int, end: int) -> float:
        """How many of some chunks, as a share, need one that another thread may be at just then."""
        needed = self.work.segments[begin:end, NEEDED]
        return float(np.mean(needed > np.arange(begin, end) + 1 - self.threads)) if end > begin else 0.0

    @property
    def first_left(self) -> int:
        """The first chunk that is not done."""
        return int(np.argmin(self.work.progress[DONE_CHUNKS:] != 0))

    def tell(self, bags: np.ndarray | None) -> None:
        """Note what became of the segments: their costs are added up as one thread does it.

        Where one example went wrong, those before it count, whatever other threads were at.
        """
        left = self.first_left
        failed = left < self.made and self.work.failed(left)
        stop = self._stopped_at(left, failed=failed)
        for number, (lo, hi) in enumerate(self.whole.segments[:, LO : HI + 1].tolist()):
            if lo > stop or (lo == stop and not failed):
                break
            reached = min(hi, stop)
            self.whole.out[number] = reached, *self._cost(lo, reached, bags)

    def _stopped_at(self, left: int, *, failed: bool) -> int:
        """The first example that is not done, given the first chunk."""
        if failed:
            return int(self.work.out[left, DONE])
        if left == len(self):
            return int(self.whole.segments[-1, HI])
        of = np.searchsorted(self.begins, left, side="right") - 1
        return int(self._begin_of(left, of))

    def _begin_of(self, chunk: Any, of: Any) -> Any:
        """The first example of chunks, given their segments."""
        return self.whole.segments[of, LO] + (chunk - self.begins[of]) * self.chunk

    def _cost(self, lo: int, hi: int, bags: np.ndarray | None) -> Sequence[float]:
        """The sum of the costs of some examples of a segment, added up one after another, and how many count."""
        whole, origin = self.whole, self.work.origin
        start = lo + -(whole.first + lo) % whole.every
        costs = self.work.costs[start - origin : max(start, hi) - origin : whole.every]
        at = np.arange(start, hi, whole.every)
        counted = len(costs) if bags is None else int((bags[at + 1] - bags[at]).sum())
        return np.cumsum(costs, out=costs)[-1] if len(costs) else 0.0, counted
