"""Checks of what columns hold: ids in range, names that a table knows, numbers finite."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from rowspace.errors import DataError, RowspaceError
from rowspace.errors.checks import is_number
from rowspace.errors.quoting import quoted
from rowspace.system.mapped import converted, mapped

_LARGE_BYTES = 2**26  # of a mapped column: it is not read into memory as a whole


def checked_values(name: str, values: np.ndarray, indexed: Sequence[Any]) -> np.ndarray:
    """Ids in range of the tables that the column indexes, or finite numbers of a column that indexes none."""
    check = partial(_as_ids, name, indexed) if indexed else partial(_as_numbers, name)
    return converted(values, check) if values.nbytes >= _LARGE_BYTES and mapped(values) else check(values)


def _as_ids(name: str, indexed: Sequence[Any], values: np.ndarray) -> np.ndarray:
    if values.dtype.kind in "OUT":
        values = _ids_of_names(name, values, indexed)
    for table in indexed:
        table.check_ids(values, f"column {name!r}")
    narrow = all(len(table) < 2**31 for table in indexed)
    return np.ascontiguousarray(values, np.int32 if narrow else np.int64)


def _ids_of_names(name: str, values: np.ndarray, indexed: Sequence[Any]) -> np.ndarray:
    """Names as ids: the same in every table that the column indexes and that has names."""
    try:
        found = [table.ids(values) for table in indexed if table.names is not None] or [indexed[0].ids(values)]
    except RowspaceError as error:
        raise type(error)(f"column {name!r}: {error}") from None
    for other in found[1:]:
        if not np.array_equal(found[0], other):
            place = np.argwhere(found[0] != other)[0]
            raise DataError(
                f"column {name!r} indexes several tables, which number {str(values[tuple(place)])!r} differently; "
                "give them the same names in the same order"
            )
    return found[0]


def _as_numbers(name: str, values: np.ndarray) -> np.ndarray:
    if values.dtype.kind not in "fiub":
        raise DataError(f"column {name!r} holds {_shown(values)}; the cost uses it as a number")
    with np.errstate(over="ignore"):
        numbers = np.ascontiguousarray(values, np.float32)
        finite = np.isfinite(numbers.sum(dtype=np.float64))  # of float32 their sum might not be
    if not finite:
        place = np.argwhere(~np.isfinite(numbers))[0]
        where = place[0] if len(place) == 1 else tuple(place.tolist())
        raise DataError(
            f"column {name!r} holds {values[tuple(place)]} at position {where}; numbers must be finite float32"
        )
    return numbers


def _shown(values: np.ndarray) -> str:
    """What an array that holds no numbers holds: its first entry that is none."""
    if not values.size:
        return str(values.dtype)
    for found in values.flat:
        if isinstance(found, str):
            return f"text such as {quoted(str(found))}"
        if not is_number(found):
            return f"{quoted(found)} ({type(found).__name__})"
    return "objects of Python; give numbers with .astype(np.float32)"
