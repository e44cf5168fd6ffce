"""Lists and arrays of Python and NumPy as columns: single entries, or bags of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rowspace.columns.kinds import Ragged
from rowspace.errors import DataError
from rowspace.tables.entries import array_of, bags_of, is_bag

Found = np.ndarray | Ragged


def of_list(what: str, values: Sequence[Any]) -> Found:
    """A list of single entries, or of bags."""
    kinds = set(map(type, values))
    if not kinds <= {list, tuple} and any(map(is_bag, kinds)):
        values = [value.item() if is_bag(type(value)) and getattr(value, "ndim", 1) == 0 else value for value in values]
    if not any(map(is_bag, kinds)) or not is_bag(type(values[0])):
        return array_of(what, values)
    entries, offsets = bags_of(what, values)
    lengths = np.diff(offsets)
    if (lengths == lengths[0]).all():
        return entries.reshape(len(values), lengths[0])
    return Ragged(entries, offsets)


def of_array(what: str, array: np.ndarray) -> Found:
    """An array as a column: of Python's objects, what a list of them would be."""
    array = np.asarray(array)
    if array.ndim == 0:
        raise DataError(f"{what} is a single {type(array.item()).__name__}; a column has one entry per example")
    if array.dtype.kind not in "OT":
        return array
    if array.ndim == 1:
        return of_list(what, array.tolist())
    flat = array_of(what, array.ravel().tolist(), lambda k: f"at position {_place(k, array.shape)}")
    return flat.reshape(array.shape)


def _place(k: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(k, shape))
