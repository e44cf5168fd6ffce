"""Sorting a window of examples that may be larger than the memory: in files without names, and a part at a time."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rowspace.jit.compile import compiled_loop
from rowspace.schedule.packing import room
from rowspace.schedule.sort_loops import distribute_within
from rowspace.system.mapped import release, scratch

SMALL = 2**24  # bytes: arrays below are in memory
_STRETCH = 2**21  # examples that are gone through at a time


class Spill:
    """Where the arrays of a window lie, and how much memory its sorting may take: `memory` bytes."""

    def __init__(self, folder: Path, memory: int) -> None:
        self.folder, self.memory = folder, memory

    def room(self, shape: tuple[int, ...], before: np.ndarray | None) -> np.ndarray:
        """An int32 array as `packing.room` gives it; a large one in a file."""
        return room(shape, before, self._made)

    def _made(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        small = int(np.prod(shape)) * np.dtype(dtype).itemsize < SMALL
        return np.empty(shape, dtype) if small else scratch(self.folder, shape, dtype)

    def number(self, loop: Callable[..., Any], ids: Sequence[np.ndarray], *rest: Any) -> None:
        """Number the buckets of the examples, stretch by stretch; `rest` as `sorting.number_buckets` has it."""
        *options, out, counts = rest
        for lo in range(0, len(out), _STRETCH):
            parts = [a[lo : lo + _STRETCH] for a in (*ids, out)]
            loop(*parts[: len(ids)], *options, parts[-1], counts)
            for part in parts:
                release(part)

    def distribute(self, buckets: np.ndarray, starts: np.ndarray, columns: Sequence[Any], out: np.ndarray) -> None:
        """Move every example to its place, those of some buckets at a time: as many as fit in a quarter of the memory.

        The places of others are not written, so that no page of them comes into memory.
        """
        ends, begin = np.append(starts[1:], len(buckets)), 0
        starts, most = starts.copy(), max(1, self.memory // 4 // max(1, out[:1].nbytes))
        while begin < len(ends):
            lo = int(starts[begin])
            end = max(begin + 1, int(np.searchsorted(ends, lo + most, side="right")))
            self._move(buckets, starts, columns, out, (begin, end))
            release(out[lo : int(ends[end - 1])])
            begin = end

    def _move(self, buckets: Any, starts: Any, columns: Sequence[Any], out: Any, chosen: tuple[int, int]) -> None:
        for lo in range(0, len(buckets), _STRETCH):
            parts = [a[lo : lo + _STRETCH] for a in (buckets, *columns)]
            compiled_loop(distribute_within)(parts[0], starts, tuple(parts[1:]), out, *chosen)
            for part in parts:
                release(part)
