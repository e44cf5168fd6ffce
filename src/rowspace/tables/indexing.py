"""What stands between a table's brackets becomes row numbers; the check of their range serves columns, too."""

import operator
from typing import Any

import numpy as np

from rowspace.errors import IdOutOfRange, RowspaceError, ShapeError, UnknownItem
from rowspace.errors.checks import is_integer
from rowspace.errors.quoting import quoted
from rowspace.tables.entries import check_not_masked
from rowspace.tables.names import Names


class Index:
    """Turns ids, names, slices, masks and tuples of them into what NumPy indexes rows of a table with."""

    def __init__(self, shape: tuple[int, int], names: Names | None) -> None:
        self.shape = shape
        self.names = names

    def key(self, key: Any) -> Any:
        """What NumPy takes for anything between the brackets."""
        if isinstance(key, (int, str)) and not isinstance(key, bool):
            return self._id(key)  # the common case, ten times faster than through an array
        return self._tuple(key) if isinstance(key, tuple) else self._rows(key)

    def ids(self, items: Any) -> np.ndarray:
        """Ids from 0 to n - 1, intp, of ids or names of any shape."""
        array = _as_array(items)
        if array.dtype == object:
            listed = array.ravel().tolist()
            if self.names is not None and set(map(type, listed)) <= {str}:
                return self.names.ids(array)
            ids = np.array([self._id_at(k, listed, array.shape) for k in range(len(listed))], np.intp)
            return ids.reshape(array.shape)
        if self.names is not None and array.dtype.kind in "iu" and self.names.numbered:
            for number in array.ravel().tolist():
                self.names.check_meant(number)
        self.check(array, "", -self.shape[0])
        ids = array.astype(np.intp, copy=False)
        return np.where(ids < 0, ids + self.shape[0], ids) if (ids < 0).any() else ids

    def check(self, array: np.ndarray, what: str = "", lowest: int = 0) -> None:
        """Raise for the first of many ids below `lowest` or at least n."""
        prefix = what and f"{what}: "
        if array.dtype.kind not in "iu":
            raise ShapeError(f"{prefix}ids must be integers, got {array.dtype}; {_remedy(array)}")
        if array.size and (array.min() < lowest or array.max() >= self.shape[0]):
            at = int(np.argmax((array < lowest) | (array >= self.shape[0])))
            position = what and _position(at, array.shape)
            raise self._out_of_range(array.flat[at], prefix, position)

    def _tuple(self, key: tuple[Any, ...]) -> tuple[Any, ...]:
        """Resolve the part of a tuple that falls on the rows, and leave the columns to NumPy."""
        widths = [_axes(part) for part in key]
        axis, resolved = 0, []
        for at, part in enumerate(key):
            if part is Ellipsis:
                axis = 2 - sum(widths[at + 1 :])
            if axis > 0 and isinstance(part, str):
                hint = f"for rows of several names write E[{list(key)!r}]"
                raise ShapeError(f"a tuple is (rows, columns), and columns have no names; {hint}")
            resolved.append(self._rows(part) if axis == 0 and widths[at] else part)
            axis += widths[at]
        return tuple(resolved)

    def _rows(self, key: Any) -> Any:
        if key is None or key is Ellipsis or isinstance(key, slice):
            return key
        array = _as_array(key)
        if array.dtype == bool:
            return self._mask(array)
        ids = self.ids(array)
        return ids if ids.ndim else int(ids)

    def _mask(self, mask: np.ndarray) -> np.ndarray:
        n, dim = self.shape
        if mask.ndim == 0:
            raise ShapeError(f"{mask} is not an id; a mask has one value for each of the {n} rows")
        if mask.shape != self.shape[: mask.ndim]:
            raise ShapeError(f"a mask of shape {mask.shape} for a table of {n} rows x {dim}")
        return mask

    def _id(self, item: Any) -> int:
        n = self.shape[0]
        if isinstance(item, str):
            if self.names is None:
                raise UnknownItem(f"item {quoted(item)}: the table has no names, only ids 0 to {n - 1}")
            return self.names.id(item)
        if not is_integer(item):
            raise ShapeError(f"{quoted(item)} is neither an id (an integer) nor a name (a string)")
        i = operator.index(item)
        if self.names is not None and self.names.numbered:
            self.names.check_meant(i)
        if not -n <= i < n:
            raise self._out_of_range(i)
        return i % n

    def _id_at(self, k: int, items: list[Any], shape: tuple[int, ...]) -> int:
        try:
            return self._id(items[k])
        except RowspaceError as error:
            raise type(error)(f"{error}{shape and f' ({_position(k, shape)[1:]})'}") from None

    def _out_of_range(self, i: int, what: str = "", at: str = "") -> IdOutOfRange:
        n = self.shape[0]
        rows = "1 row (0)" if n == 1 else f"{n} rows (0 to {n - 1})"
        numbered = self.names is not None and self.names.numbered
        hint = "; to mean items by their numbers, give these as text" if numbered else ""
        return IdOutOfRange(f"{what}id {i}{at} is out of range for a table of {rows}{hint}")


def _as_array(items: Any) -> np.ndarray:
    """Items as an array of integers, of truth values, or of Python objects such as names."""
    check_not_masked("what is looked up", items)
    if isinstance(items, list | tuple):
        return _of_list(items)
    array = np.asarray(items)
    # Python's strings again: NumPy's drop trailing zero characters
    return np.array(items, dtype=object) if array.dtype.kind in "USTO" else array


def _of_list(items: list[Any] | tuple[Any, ...]) -> np.ndarray:
    """A list by the types of all its entries: NumPy would make the 1 of ["a", 1] a string, and True an id."""
    try:
        array = np.array(items, dtype=object)
    except ValueError:  # so deep in one place and not in another
        array = np.array([None, items], dtype=object)
    kinds = set(map(type, array.ravel().tolist()))
    if any(issubclass(kind, list | tuple | np.ndarray) for kind in kinds):
        raise ShapeError("nested lists of unequal lengths cannot be looked up at once; pad them or loop")
    if not kinds:  # an empty list has no dtype of its own
        return array.astype(np.intp)
    of_one = all(map(_is_whole, kinds)) or all(issubclass(kind, bool | np.bool_) for kind in kinds)
    numbers = all(issubclass(kind, float | np.floating) or _is_whole(kind) for kind in kinds)
    found = np.asarray(items) if of_one or numbers else array
    return array if of_one and found.dtype.kind not in "iub" else found  # too large for any id


def _is_whole(kind: type) -> bool:
    return issubclass(kind, int | np.integer) and kind is not bool


def _axes(part: Any) -> int:
    """How many axes one part of a tuple takes up."""
    if part is None or part is Ellipsis:
        return 0
    if isinstance(part, (slice, str)):
        return 1
    array = np.asarray(part)
    return array.ndim if array.dtype == bool and array.ndim else 1


def _position(at: int, shape: tuple[int, ...]) -> str:
    where = tuple(int(i) for i in np.unravel_index(at, shape))
    return f" at position {where[0] if len(where) == 1 else where}"


def _remedy(array: np.ndarray) -> str:
    if array.dtype.kind in "USTO":
        return "names become ids with table.ids(names)"
    if array.dtype == bool:
        return "a mask becomes ids with np.flatnonzero"
    if array.dtype.kind == "f" and (array == np.trunc(array)).all():
        return "convert them with .astype(np.int64)"
    return "numbers that are not whole are no ids"
