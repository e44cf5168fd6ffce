"""Tables on disk: which they are, how they are cut, and where what belongs to them is kept.

A table is one when it stands on a file's pages and is large. How it is cut depends on that and on its size alone, so
that the bytes it learns depend neither on the memory it is given nor on the threads.
"""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from rowspace.schedule.blocks import PAGE
from rowspace.system.mapped import let_go, mapped, scratch
from rowspace.system.memory import in_use

LARGE = 2**28  # bytes: smaller tables are left to the system
BLOCK = 2**22  # bytes at least: a few extents
EXTENT = 2**19  # bytes of neighbouring rows that are read and written at once: a disk's time is then that of the bytes
MOST = 512  # blocks
MOST_SAMPLED = 32  # where negatives are drawn from single blocks: with more they are less like the whole
MOST_IN_BAGS = 32  # where examples are gathered: with more, bags get small
MOST_SHARED = 64  # where small tables are merged after every eight rows of buckets: those are in memory together
_SPARE = 16  # one part in so many of the memory is left for what comes and goes
WHOLE = 2**16  # bytes: an array of which the rows of an extent have fewer is kept in memory


def is_on_disk(values: np.ndarray) -> bool:
    """Whether the values (n, dim) of a table are to be brought in and let go block by block."""
    return values.nbytes >= LARGE and values.flags.writeable and mapped(values) is not None


def folder_of(arrays: Iterable[np.ndarray]) -> Path:
    """The folder of the first mapped file among them; the system's for temporary files if there is none."""
    for array in arrays:
        base: Any = array
        while base is not None:
            if isinstance(base, np.memmap) and base.filename is not None:
                return Path(base.filename).parent
            base = getattr(base, "base", None)
    return Path(tempfile.gettempdir())


def blocks_on_disk(size: int, most: int = MOST) -> int:
    """Into how many blocks a table of so many bytes is cut, its state included: a power of two, at most so many.

    >>> blocks_on_disk(8 * 2**30), blocks_on_disk(2**28)
    (512, 64)
    """
    return min(most, 2 ** max(3, int(np.log2(max(1, size / BLOCK)))))


def page_on_disk(row_bytes: int) -> int:
    """How many neighbouring rows stay together, a power of two."""
    return max(PAGE * 2, 2 ** int(np.log2(max(1, EXTENT / row_bytes))))


def room_for_rows(arrays: Iterable[np.ndarray], memory: int) -> int:
    """What is left of so many bytes of memory for rows, beside all else that this process has; arrays are let go."""
    for array in arrays:
        let_go(array)
    return max(0, memory - memory // _SPARE - in_use())


@contextmanager
def scattered(arrays: Iterable[np.ndarray], memory: int) -> Iterator[None]:
    """While arrays larger than memory are trained on, do not read around a row: its neighbours are not met next."""
    found = [mapped(a) for a in arrays if is_on_disk(a)]
    large = [m for m in found if m is not None]
    large = large if sum(m.array.nbytes for m in large) > memory else []
    for one in large:
        one.expect(scattered=True)
    try:
        yield
    finally:
        for one in large:
            one.expect(scattered=False)


def first_state(initial: Any, values: np.ndarray) -> np.ndarray:
    """The state of every row as it begins, (n, w) float32; beside the table, if that is on disk."""
    row = np.asarray(initial, np.float32)
    if not is_on_disk(values):
        return np.tile(row, (len(values), 1))
    return filled(scratch(folder_of([values]), (len(values), len(row)), np.float32), row)


def filled(array: np.ndarray, row: Any) -> np.ndarray:
    """An array of zeros, with the same numbers in each row."""
    if np.any(row):
        rows = max(1, EXTENT // max(1, array[:1].nbytes))
        for lo in range(0, len(array), rows):
            array[lo : lo + rows] = row
            let_go(array[lo : lo + rows])
    return array
