"""Columns by name, wherever they come from: what `read_pairs` asks of a source, and the columns of data frames."""

import difflib
from typing import Any, Protocol

from rowspace.columns.frames import Frame, as_arrow
from rowspace.errors import DataError
from rowspace.errors.quoting import quoted

READ_BYTES = 1 << 24  # parsed by Arrow at once; no row can be longer
COMPARED_NAMES = 1000  # of columns, in search of one that is nearly what was asked for
OPEN_QUOTE = "is a quote left open?"
LOOKED_AT = 200  # entries of a column, to see what it holds
NUMBERS, TEXT, OTHER = "numbers", "text", "something else"  # what a column holds


class Tabular(Protocol):
    """A source of columns."""

    name: str
    columns: list[str]
    guessed_header: bool  # whether the names of the columns are a first line that was taken for a header
    says_roles: bool  # whether columns called left, right, label and weight are just these

    def kind(self, column: str) -> str:
        """What a column holds, told by its type or its first entries: NUMBERS, TEXT or OTHER."""

    def load(self, texts: list[str], numbers: list[str]) -> Any:
        """A pyarrow Table of these columns; numbers may still be text."""

    def where(self, row: int) -> str:
        """The place of a row (from 0) as people count: "line 7"."""


class ArrowTable:
    """A pyarrow Table, wherever it came from."""

    guessed_header = False

    def __init__(self, name: str, table: Any, *, says_roles: bool = False) -> None:
        self.name, self.says_roles = name, says_roles
        self.columns = list(table.column_names)
        self._table = table

    def kind(self, column: str) -> str:
        return _kind_of(self._table.schema.field(self.columns.index(column)).type)

    def load(self, texts: list[str], numbers: list[str]) -> Any:
        return self._table.select(texts + numbers)

    def where(self, row: int) -> str:
        return f"row {row + 1}"


class FrameColumns(ArrowTable):
    """The columns of a data frame, of which those that are asked for are converted."""

    def __init__(self, frame: Frame, *, says_roles: bool = False) -> None:
        self.name, self.columns, self.says_roles = frame.name, frame.columns, says_roles
        self._frame = frame

    def kind(self, column: str) -> str:
        try:
            found = self._frame.column(column)
            found = found.iloc[:LOOKED_AT] if hasattr(found, "iloc") else found[:LOOKED_AT]
            return _kind_of(as_arrow(column, found).type)
        except (DataError, TypeError):  # a column that nobody asks for may be anything
            return OTHER

    def load(self, texts: list[str], numbers: list[str]) -> Any:
        import pyarrow as pa

        columns = {column: self._frame.arrow(column) for column in texts + numbers}
        try:
            return pa.table(columns)
        except pa.ArrowInvalid:
            lengths = ", ".join(f"{quoted(name)} {len(column)}" for name, column in columns.items())
            raise DataError(f"{self.name} has columns that differ in length: {lengths}") from None


def frame(source: Any) -> FrameColumns:
    """A pyarrow Table, a pandas or polars frame, a dict, or anything that Arrow takes for a table."""
    found = Frame.of(source)
    if found is None:
        raise DataError(f"the {type(source).__name__} is not a path, a data frame or an Arrow table that can be read")
    return FrameColumns(found)


def _kind_of(type_: Any) -> str:
    import pyarrow as pa

    kind = type_.value_type if pa.types.is_dictionary(type_) else type_
    if kind in (pa.string(), pa.large_string(), pa.string_view()):
        return TEXT
    is_number = pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal
    return NUMBERS if any(is_kind(kind) for is_kind in is_number) else OTHER


def check_column(source: str, columns: list[str], name: str) -> None:
    """Raise DataError unless there is one column of this name."""
    if not isinstance(name, str):
        raise DataError(f"a column is named by text, not by {quoted(name)}; {source} has: {listed(columns)}")
    if name not in columns:
        short = [column for column in columns[:COMPARED_NAMES] if len(column) <= 100]  # an error should come at once
        near = difflib.get_close_matches(name[:100], short, n=1)
        hint = f"; did you mean {quoted(near[0])}?" if near else ""
        raise DataError(f"{source} has no column {quoted(name)}; it has: {listed(columns)}{hint}")
    if columns.count(name) > 1:
        raise DataError(f"{source} has several columns {quoted(name)}; rename all but one")
    if has_surrogate(name):
        raise DataError(f"{source}: the name of column {quoted(name)} holds half a character; rename it")


def listed(columns: list[str]) -> str:
    """The columns as an error shows them."""
    names = list(map(quoted, columns[:20]))
    while sum(map(len, names)) > 400:
        names.pop()
    return ", ".join(names) + (", ..." if len(names) < len(columns) else "")


def has_surrogate(name: str) -> bool:
    """Whether a name holds half a character: bytes that are not UTF-8, or half of a pair in JSON."""
    return not name.isascii() and any("\ud800" <= letter <= "\udfff" for letter in name)
