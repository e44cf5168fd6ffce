"""What users hand in as data: dicts and frames, of which the columns that a cost uses become arrays."""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

import numpy as np

from rowspace.columns.chunk import Chunk, length
from rowspace.columns.frames import Frame, as_arrow, decoded
from rowspace.columns.kinds import AnyColumn, Column, Ragged, Unused, column_of
from rowspace.columns.lists import Found, of_array, of_list
from rowspace.errors import DataError
from rowspace.errors.quoting import one_line
from rowspace.tables.entries import FILL, check_not_masked, offsets_of


def as_chunk(data: Any, used: Collection[str]) -> Chunk:
    """The columns of a dict, a pyarrow Table or record batch, or a frame of any library, of one example after another.

    Those in `used` are converted and checked, with those that they refer to; all others stand there unused.

    Raises:
        DataError: naming the column and the place, where it is not one of ids, names or numbers, or where columns
            differ in length.
    """
    frame = None if isinstance(data, str | bytes) else Frame.of(data)
    if frame is None:
        raise DataError(
            f"data is a {type(data).__name__}; give a dict of arrays, a pyarrow Table, a pandas or polars frame, "
            "or an iterable of these"
        )
    return chunk_of(frame, used)


def chunk_of(frame: Frame, used: Collection[str]) -> Chunk:
    """The columns of a frame, as `as_chunk` takes them."""
    chunk: Chunk = dict.fromkeys(frame.columns, Unused())
    wanted = [name for name in chunk if name in used]
    for name in wanted:
        if isinstance(chunk[name], Unused):
            chunk[name] = as_column(name, frame.column(name))
            wanted += [other for other in column_of(chunk[name]).refers_to if other in chunk]
    if wanted or not chunk:  # without any, what the cost takes is to be said, and not how long nothing is
        length(chunk)
    return chunk


def as_column(name: str, values: Any) -> AnyColumn:
    """One column, whoever made it; DataError naming the column and the place of what cannot be trained on."""
    if isinstance(values, Column):
        return values
    what = f"column {name!r}"
    check_not_masked(what, values)
    if isinstance(values, np.ndarray):
        return of_array(what, values)
    if isinstance(values, str | bytes) or not hasattr(values, "__len__"):
        raise DataError(f"{what} is a single {type(values).__name__}; a column has one entry per example")
    if str(getattr(values, "dtype", "")) == "Object":  # of polars, which hands out addresses
        return of_list(what, values.to_list())
    if hasattr(values, "iloc") and isinstance(values.dtype, np.dtype):
        return of_array(what, values.to_numpy())
    if any(hasattr(values, f"__arrow_{protocol}__") for protocol in ("c_stream", "c_array", "array")):
        return _of_arrow(what, as_arrow(what, values))
    if isinstance(values, range):
        return np.asarray(values)
    if isinstance(values, Sequence):
        return of_list(what, values)
    return _converted(what, values)


def _converted(what: str, values: Any) -> Found:
    """What is no list: tensors and others that say how they become arrays, or what can be gone through."""
    try:
        found = np.asarray(values) if hasattr(values, "__array__") else list(values)
    except Exception as error:  # every library raises its own kind
        raise DataError(f"{what} cannot be made an array of: {one_line(error)}") from error
    return of_list(what, found) if isinstance(found, list) else of_array(what, found)


# --- Arrow


def _of_arrow(what: str, column: Any) -> Found:
    import pyarrow as pa

    try:
        return _bags_or_entries(what, column)
    except (pa.ArrowException, UnicodeError) as error:
        raise DataError(f"{what} cannot be read: {one_line(error)}") from error


def _bags_or_entries(what: str, column: Any) -> Found:
    import pyarrow as pa

    types, kind = pa.types, column.type
    if types.is_dictionary(kind) or not (types.is_nested(kind) and not types.is_struct(kind)):
        return _entries(what, column, "at row {}".format)
    _check_no_null(what, column, "at row {}".format)
    if not hasattr(kind, "value_type"):
        raise _not_a_column(what, kind)
    array = _one_chunk(column)
    inner = pa.chunked_array([array.flatten()])
    if types.is_nested(inner.type):
        raise DataError(f"{what} holds {one_line(kind)}: a bag is a flat list of ids, names or numbers")
    if types.is_fixed_size_list(kind):
        width = kind.list_size
        place = lambda k: f"at place {k % width} of row {k // width}"
        return _entries(what, inner, place).reshape(len(array), width)
    offsets = offsets_of(array.value_lengths().to_numpy(zero_copy_only=False))
    return Ragged(_entries(what, inner, partial(_place, offsets)), offsets)


def _place(offsets: np.ndarray, k: int) -> str:
    """Where entry k of all bags stands, for errors."""
    row = int(np.searchsorted(offsets, k, side="right")) - 1
    return f"at place {k - offsets[row]} of row {row}"


def _entries(what: str, column: Any, place: Any) -> np.ndarray:
    """Single entries as NumPy has them: names as strings of Python."""
    import pyarrow as pa

    types, column = pa.types, decoded(column)
    taken = types.is_integer, types.is_floating, types.is_boolean, types.is_string, types.is_large_string
    _check_no_null(what, column, place)
    kind = column.type
    if types.is_decimal(kind):
        column = column.cast(pa.float64())
    elif kind == pa.string_view():
        column = column.cast(pa.large_string())
    elif types.is_null(kind):  # and of no length
        column = column.cast(pa.int64())
    elif not any(is_kind(kind) for is_kind in taken):
        raise _not_a_column(what, kind)
    found: np.ndarray = _one_chunk(column).to_numpy(zero_copy_only=False)
    return found


def _one_chunk(column: Any) -> Any:
    import pyarrow as pa

    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):  # no chunk at all, or too long for one
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    return array


def _check_no_null(what: str, column: Any, place: Any) -> None:
    if column.null_count:
        import pyarrow.compute as pc

        row = pc.index(pc.is_null(column), True).as_py()
        raise DataError(f"{what} is empty {place(row)}; {FILL}")


def _not_a_column(what: str, kind: Any) -> DataError:
    return DataError(f"{what} holds {one_line(kind)}; a column holds ids, names or numbers")
