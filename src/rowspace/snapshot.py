"""A copy of tables and their state to go back to when training meets a number that is not finite."""

import os
from collections.abc import Sequence

import numpy as np

# A copy reads and writes every row; it is renewed once this many times as many rows have been looked up.
_LOOKUPS_PER_ROW = 8
_BLOCK = 1 << 16


class Snapshot:
    """The last known good values of some arrays, (n, w) each; `examples` says after how many examples they were taken.

    Renewed at the end of a chunk, when enough rows were looked up since to make the copy cheap beside them. Not kept
    (`kept` is False) where it would take more than a quarter of the machine's memory.
    """

    def __init__(self, arrays: Sequence[np.ndarray]) -> None:
        self._arrays = list(arrays)
        self.kept = sum(a.nbytes for a in arrays) <= _memory() / 4
        self._copies = [np.empty_like(a) for a in arrays] if self.kept else []
        self._rows = max((len(a) for a in arrays), default=1)
        self._lookups = 0
        self.examples = 0
        self._copy()

    def advance(self, examples: int, lookups: int) -> bool:
        """Count a chunk that went well, and renew the copy if it is time; False if an array is not finite."""
        self._lookups += lookups
        if self._lookups < _LOOKUPS_PER_ROW * self._rows:
            return True
        self._lookups = 0
        if not all(is_finite(a) for a in self._arrays):
            return False
        self.examples = examples
        self._copy()
        return True

    def restore(self) -> None:
        """Put the last copy back."""
        for array, copy in zip(self._arrays, self._copies, strict=False):
            np.copyto(array, copy)

    def _copy(self) -> None:
        for array, copy in zip(self._arrays, self._copies, strict=False):
            np.copyto(copy, array)


def is_finite(array: np.ndarray) -> bool:
    """Whether every number is finite; reads the array once and makes no array of its size."""
    for start in range(0, len(array), _BLOCK):
        block = array[start : start + _BLOCK]
        with np.errstate(all="ignore"):
            if not np.isfinite(block.sum(dtype=np.float32)) and not np.isfinite(block).all():
                return False
    return True


def _memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not to be had on this system
        return 1 << 63
