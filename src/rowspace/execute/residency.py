"""What of a table on disk is in memory: brought before a tile of a plan needs it, let go when no tile soon does.

Reading and writing take turns where the memory is not enough for both: what the tile before left is written first, and
then what the next one needs is read. Where it is enough, the rows of the next tile are read while this one runs.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from rowspace.schedule.parts import Extent, Part, Parts
from rowspace.system.threads import ThreadPool, waited

SCATTERED_BYTES = 2**14  # to be brought for each example: where there are more, rows are read as they are needed


class Residency:
    """Brings the parts that each tile needs while the tile before it runs, and lets go of those it leaves behind.

    Args:
        parts: where each lies.
        needs: the parts that every tile needs, in the order of the tiles.
        ahead: bytes that may be brought while others are still there; for more, what is left behind is written first.
        examples: how many there are in all tiles.
    """

    def __init__(self, parts: Parts, needs: Sequence[frozenset[Part]], ahead: int, examples: int) -> None:
        self.parts, self.needs, self.ahead = parts, needs, ahead
        new = [parts.size(need - before) for before, need in zip([frozenset(), *needs], needs, strict=False)]
        self.brings = sum(new) <= examples * SCATTERED_BYTES
        self._asked: frozenset[Part] = frozenset()
        self._threads: list[ThreadPool] = []
        self._reading: Future[None] | None = None
        self._writing: Future[None] | None = None

    @contextmanager
    def present(self, tile: int) -> Iterator[None]:
        """Have the parts of a tile there while it runs."""
        done = False
        try:
            self._bring(self.needs[tile])
            _await(self._reading)
            following = self.needs[tile + 1] if tile + 1 < len(self.needs) else frozenset()
            if self.parts.size(following - self.needs[tile]) <= self.ahead:
                self._bring(following, at_once=True)
            yield
            self._leave(self.needs[tile] - following)
            done = tile + 1 < len(self.needs)
        finally:
            if not done:
                self._close()

    def _bring(self, parts: frozenset[Part], *, at_once: bool = False) -> None:
        """Ask for parts that were not asked for; not before those that were left are written, unless they are few."""
        missing, self._asked = parts - self._asked, parts | (self._asked if at_once else frozenset())
        if not missing or not self.brings:
            return
        if not at_once:
            _await(self._writing)
        _await(self._reading)
        self._reading = self._thread(0).submit(_bring, self._sorted(missing))

    def _leave(self, parts: frozenset[Part]) -> None:
        _await(self._writing)
        self._asked -= parts
        self._writing = self._thread(1).submit(_leave, self._sorted(parts))

    def _sorted(self, parts: Iterable[Part]) -> list[Extent]:
        """The extents of some parts in the order in which they lie on the disk."""
        extents = [extent for part in parts for extent in self.parts.extents[part]]
        return sorted(extents, key=lambda extent: (id(extent[0]), extent[1]))

    def _thread(self, number: int) -> ThreadPool:
        if not self._threads:
            self._threads = [ThreadPool(1, "rowspace-disk") for _ in range(2)]
        return self._threads[number]

    def _close(self) -> None:
        for thread in self._threads:
            thread.shutdown(wait=True)
        self._threads = []
        _await(self._writing)


def _await(running: "Future[Any] | None") -> None:
    if running is not None:
        waited(running)


def _bring(extents: Sequence[Extent]) -> None:
    for array, lo, hi in extents:
        array.prefetch(lo, hi)


def _leave(extents: Sequence[Extent]) -> None:
    for array, lo, hi in extents:
        array.release(lo, hi)
    for array, lo, hi in extents:
        array.flush(lo, hi)
