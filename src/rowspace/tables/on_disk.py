"""Tables on disk: which they are, how they are cut, and where what belongs to them is kept.

A table is one when it stands on a file's pages and is large. How it is cut depends on that and on its size alone, so
that the bytes it learns depend neither on the memory it is given nor on the threads.
"""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from rowspace.system.mapped import mapped, release, scratch

LARGE = 2**28  # bytes: smaller tables are left to the system


def folder_of(arrays: Iterable[np.ndarray]) -> Path:
    """The folder of the first mapped file among them; the system's for temporary files if there is none."""
    for array in arrays:
        base: Any = array
        while base is not None:
            if isinstance(base, np.memmap) and base.filename is not None:
                return Path(base.filename).parent
            base = getattr(base, "base", None)
    return Path(tempfile.gettempdir())


def first_slots(initial: Any, values: np.ndarray) -> np.ndarray:
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
            release(array[lo : lo + rows])
    return array


def is_on_disk(values: np.ndarray) -> bool:
    """Whether the values (n, dim) of a table are to be brought into memory and released piece by piece."""
    return values.nbytes >= LARGE and values.flags.writeable and mapped(values) is not None


EXTENT = 2**19  # bytes of neighbouring rows that are read and written at once: a disk's time is then that of the bytes
