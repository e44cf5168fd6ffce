"""The columns of a window moved to their places: single ids and numbers side by side, in memory that is used again."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from rowspace.columns.chunk import Chunk, length
from rowspace.columns.kinds import column_of
from rowspace.jit.compile import compiled_loop
from rowspace.schedule.sort_loops import distribute

if TYPE_CHECKING:
    from rowspace.schedule.spill import Spill


class Packed:
    """The columns of single ids and numbers of four bytes, moved together: one write for an example instead of many."""

    def __init__(self, chunk: Chunk, before: np.ndarray | None, spill: "Spill | None" = None) -> None:
        single = {name: column_of(column).single for name, column in chunk.items()}
        self.taken = {name: a for name, a in single.items() if a is not None and a.itemsize == 4}
        self.left_out = [n for n, c in chunk.items() if n not in self.taken and column_of(c).examples is not None]
        self._spill = spill
        self.out = (spill.room if spill else room)((length(chunk), len(self.taken)), before)

    def moved(self, buckets: np.ndarray, starts: np.ndarray) -> dict[str, np.ndarray]:
        """Move every example to its place: the arrays by the columns' names, as views."""
        if self.taken:
            columns = tuple(a.view(np.int32) for a in self.taken.values())
            move = self._spill.distribute if self._spill else compiled_loop(distribute)
            move(buckets, starts, columns, self.out)
        return {name: self.out[:, place].view(a.dtype) for place, (name, a) in enumerate(self.taken.items())}


def room(shape: tuple[int, ...], before: np.ndarray | None, make: Callable[..., np.ndarray] = np.empty) -> np.ndarray:
    """An int32 array: memory that was used before, whose pages are there already, or new."""
    if before is not None and before.shape[1:] == shape[1:] and len(before) >= shape[0]:
        return before[: shape[0]]
    return make(shape, np.int32)
