"""Where sorted examples lie, and how they are moved there: in memory that is used again, or in files without names."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rowspace.columns.chunk import Chunk, length
from rowspace.columns.kinds import column_of
from rowspace.jit.compile import compiled_loop
from rowspace.schedule.sort_loops import distribute, distribute_within, number_buckets
from rowspace.system.mapped import release, scratch

SMALL_BYTES = 2**24  # of an array: smaller ones are in memory, also where tables are on disk
PIECE_EXAMPLES = 2**21  # that are gone through at a time, where they lie on the disk


class Arrays:
    """Arrays in memory."""

    on_disk = False

    def room(self, shape: tuple[int, ...], before: np.ndarray | None) -> np.ndarray:
        """An int32 array: memory that was used before, whose pages are there already, or new."""
        if before is not None and before.shape[1:] == shape[1:] and len(before) >= shape[0]:
            return before[: shape[0]]
        return self._new(shape)

    def _new(self, shape: tuple[int, ...]) -> np.ndarray:
        return np.empty(shape, np.int32)

    def number(self, ids: Sequence[np.ndarray], *rest: Any) -> None:
        """Number the buckets of the examples; `rest` as `sort_loops.number_buckets` has it."""
        compiled_loop(number_buckets)(*ids, *rest)

    def distribute(self, buckets: np.ndarray, starts: np.ndarray, columns: Sequence[Any], out: np.ndarray) -> None:
        """Move every example to its place."""
        compiled_loop(distribute)(buckets, starts, tuple(columns), out)


class FileArrays(Arrays):
    """Arrays that may be larger than the memory: large ones are in files, which are gone through a piece at a time.

    Args:
        folder: of the files.
        memory: bytes that sorting may take.
    """

    on_disk = True

    def __init__(self, folder: Path, memory: int) -> None:
        self.folder, self.memory = folder, memory

    def _new(self, shape: tuple[int, ...]) -> np.ndarray:
        small = int(np.prod(shape)) * np.dtype(np.int32).itemsize < SMALL_BYTES
        return np.empty(shape, np.int32) if small else scratch(self.folder, shape, np.int32)

    def number(self, ids: Sequence[np.ndarray], *rest: Any) -> None:
        """Number the buckets of the examples, piece by piece."""
        *options, out, counts = rest
        for lo in range(0, len(out), PIECE_EXAMPLES):
            parts = [a[lo : lo + PIECE_EXAMPLES] for a in (*ids, out)]
            super().number(parts[: len(ids)], *options, parts[-1], counts)
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
        for lo in range(0, len(buckets), PIECE_EXAMPLES):
            parts = [a[lo : lo + PIECE_EXAMPLES] for a in (buckets, *columns)]
            compiled_loop(distribute_within)(parts[0], starts, tuple(parts[1:]), out, *chosen)
            for part in parts:
                release(part)


class Packed:
    """The columns of single ids and numbers of four bytes, moved together: one write for an example instead of many."""

    def __init__(self, chunk: Chunk, before: np.ndarray | None, arrays: Arrays) -> None:
        single = {name: column_of(column).single for name, column in chunk.items()}
        self.taken = {name: a for name, a in single.items() if a is not None and a.itemsize == 4}
        self.left_out = [n for n, c in chunk.items() if n not in self.taken and column_of(c).examples is not None]
        self._arrays = arrays
        self.out = arrays.room((length(chunk), len(self.taken)), before)

    def moved(self, buckets: np.ndarray, starts: np.ndarray) -> dict[str, np.ndarray]:
        """Move every example to its place: the arrays by the columns' names, as views."""
        if self.taken:
            self._arrays.distribute(buckets, starts, [a.view(np.int32) for a in self.taken.values()], self.out)
        return {name: self.out[:, place].view(a.dtype) for place, (name, a) in enumerate(self.taken.items())}
