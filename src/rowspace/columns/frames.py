"""Data frames of any library: a column is converted when it is asked for, and no other is looked at."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rowspace.columns.lists import of_list
from rowspace.errors import DataError
from rowspace.errors.quoting import one_line, quoted

Convert = Callable[[int], Any]


class Frame:
    """The columns of a dict, of a pyarrow Table or record batch, or of a pandas, polars or other frame.

    Errors call it `name`; some of its `columns` may share a name; `column` gives column k as its library has it.
    """

    def __init__(self, name: str, columns: Sequence[Any], column: Convert) -> None:
        self.name, self.columns = name, list(map(str, columns))
        self._column = column

    @classmethod
    def of(cls, data: Any) -> "Frame | None":
        """The frame, or None for anything else; DataError for a stream of Arrow's that cannot be read."""
        name = f"the {type(data).__name__}"
        if isinstance(data, Mapping):
            return cls(name, list(data), list(data.values()).__getitem__)
        if _has(data, "iloc", "columns"):  # pandas, whose own conversion takes all columns or none
            return cls(name, list(data.columns), lambda k: data.iloc[:, k])
        if _has(data, "to_series", "columns", "get_column"):  # polars
            return cls(name, data.columns, data.to_series)
        if _has(data, "collect", "collect_schema"):  # a lazy frame of polars
            return cls.of(data.collect())
        if not isinstance(data, type) and (_has(data, "to_table") or _has(data, "read_all")):
            return cls.of(_read(name, data))
        if not is_frame(data):
            return None
        table = _arrow_table(name, data)
        return cls(name, table.schema.names, table.column)

    def column(self, name: str) -> Any:
        """A column as its library has it; DataError where several columns have the name."""
        if self.columns.count(name) > 1:
            raise DataError(f"{self.name} has several columns {quoted(name)}; rename all but one")
        return self._column(self.columns.index(name))

    def arrow(self, name: str) -> Any:
        """A column as a ChunkedArray, in which what is missing is null; DataError where that cannot be done."""
        return as_arrow(f"{self.name}, column {quoted(name)}", self.column(name))


def is_frame(data: Any) -> bool:
    """Whether data are columns by name: a pandas, polars or other frame, or a table or stream of Arrow's."""
    if isinstance(data, type) or is_series(data):
        return False
    return _has(data, "iloc", "columns") or any(_has(data, f"__arrow_c_{form}__") for form in ("stream", "array"))


def is_series(data: Any) -> bool:
    """Whether data are one column: a pandas or polars Series, or an Arrow array."""
    if isinstance(data, type):
        return False
    return _has(data, "dtype", "name", "to_list") or _has(data, "type", "null_count", "to_pylist")


def as_arrow(what: str, values: Any) -> Any:
    """One column as a ChunkedArray; what is missing is null.

    Raises:
        DataError: naming the column, and the place of an entry that is not what the others are.
    """
    import pyarrow as pa

    try:
        if isinstance(values, pa.ChunkedArray):
            return values
        if str(getattr(values, "dtype", "")) == "Object":  # of polars, which hands out addresses
            values = values.to_list()
        if not isinstance(values, pa.Array) and _has(values, "__arrow_c_stream__") and not _has(values, "iloc"):
            return pa.chunked_array(values)
        found = values if isinstance(values, pa.Array) else pa.array(values, from_pandas=True)
        return found if isinstance(found, pa.ChunkedArray) else pa.chunked_array([found])
    except (pa.ArrowException, TypeError, ValueError, OverflowError, AttributeError) as error:
        _refuse_entries(what, values)
        raise DataError(f"{what} cannot be read: {one_line(error)}") from error


def decoded(column: Any) -> Any:
    """A ChunkedArray without a dictionary; Arrow's own cast cannot do that for polars' categories."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        return column
    kind = column.type.value_type
    kind = pa.large_string() if kind == pa.string_view() else kind
    chunks = [chunk.dictionary.cast(kind).take(chunk.indices) for chunk in column.chunks]
    return pa.chunked_array(chunks, kind)


def _refuse_entries(what: str, values: Any) -> None:
    """Say which entry of a list of Python's is not what the others are, if that is so."""
    if _has(values, "tolist"):
        values = values.tolist()
    if isinstance(values, list | tuple):
        of_list(what, values)


def _arrow_table(name: str, data: Any) -> Any:
    import pyarrow as pa

    if isinstance(data, pa.Table | pa.RecordBatch):
        return data
    try:
        if _has(data, "__arrow_c_stream__"):
            return pa.RecordBatchReader.from_stream(data).read_all()
        return pa.record_batch(data)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{name} is not a data frame or an Arrow table that can be read: {one_line(error)}") from error


def _read(name: str, data: Any) -> Any:
    """The table of a dataset or a reader of Arrow's."""
    import pyarrow as pa

    try:
        return data.to_table() if hasattr(data, "to_table") else data.read_all()
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{name} cannot be read: {one_line(error)}") from error


def _has(data: Any, *attributes: str) -> bool:
    return all(hasattr(data, attribute) for attribute in attributes)
