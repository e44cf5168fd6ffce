"""A copy of tables and their slots, to go back to when training meets a number that is not finite."""

from collections.abc import Sequence

import numpy as np

MOST_BYTES = 64 * 2**20  # of tables that are copied, if enough of their rows are to be looked up
_ALWAYS_BYTES = 2**20  # of tables that are copied in any case
_LOOKUPS_PER_ROW = 8  # a copy is renewed once this many times as many rows were looked up, so that it stays cheap
_PIECE_ROWS = 1 << 16  # that are looked through at a time


def worth_a_copy(arrays: Sequence[np.ndarray], lookups: int | None, most: int = MOST_BYTES) -> bool:
    """Whether copying arrays of at most so many bytes is cheap beside looking up so many rows (None: not known)."""
    size = sum(a.nbytes for a in arrays)
    rows = max((len(a) for a in arrays), default=0)
    return size <= most and (size <= _ALWAYS_BYTES or lookups is None or lookups >= rows)


class Snapshot:
    """The last known good values of some arrays, (n, w) each; `at` tells after how many examples and steps.

    Renewed at the end of a chunk, when enough rows were looked up since to make the copy cheap beside them.
    """

    def __init__(self, arrays: Sequence[np.ndarray], at: tuple[int, int]) -> None:
        self._arrays = list(arrays)
        self._copies = [a.copy() for a in arrays]
        self._rows = max((len(a) for a in arrays), default=1)
        self._lookups = 0
        self.at = at

    def advance(self, at: tuple[int, int], lookups: int) -> bool:
        """Count a chunk that went well, and renew the copy if it is time; False if an array is not finite."""
        self._lookups += lookups
        if self._lookups < _LOOKUPS_PER_ROW * self._rows:
            return True
        self._lookups = 0
        if not self.is_good():
            return False
        self.at = at
        for array, copy in zip(self._arrays, self._copies, strict=True):
            np.copyto(copy, array)
        return True

    def is_good(self) -> bool:
        """Whether every number is finite as it is now."""
        return all(is_finite(a) for a in self._arrays)

    def restore(self) -> None:
        """Put the last copy back."""
        for array, copy in zip(self._arrays, self._copies, strict=True):
            np.copyto(array, copy)


def is_finite(array: np.ndarray) -> bool:
    """Whether every number is finite; reads the array once and makes no array of its size."""
    for start in range(0, len(array), _PIECE_ROWS):
        block = array[start : start + _PIECE_ROWS]
        with np.errstate(all="ignore"):
            if not np.isfinite(block.sum(dtype=np.float32)) and not np.isfinite(block).all():
                return False
    return True
