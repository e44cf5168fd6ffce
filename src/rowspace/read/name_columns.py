"""A source of columns, wherever it is, and columns of names in it, checked."""

import os
from dataclasses import replace
from typing import Any

from rowspace.columns.frames import decoded
from rowspace.errors import DataError
from rowspace.errors.quoting import one_line, quoted
from rowspace.read.dialect import UNSAID, Said
from rowspace.read.edges import in_memory
from rowspace.read.stream import read_content
from rowspace.read.table_files import refuse_said, table_of
from rowspace.read.tabular import Tabular


def called(source: Any) -> str:
    """What errors call a source."""
    if isinstance(source, str | os.PathLike):
        return "standard input" if source == "-" else str(source)
    return f"the {type(source).__name__}"


def tabular(source: Any, said: Said = UNSAID) -> Tabular:
    """The columns of a file, or of what is in memory."""
    if isinstance(source, str | os.PathLike):
        return table_of(read_content(source, tables=True), said)
    refuse_said(called(source), replace(said, columns=None))
    return in_memory(source, said.columns)


def name_column(source: Tabular, table: Any, name: str) -> Any:
    """A column of names as Arrow has it: text, or whole numbers as text; DataError for anything else."""
    import pyarrow as pa

    column = decoded(table[name])
    kind = column.type
    texts = (pa.string(), pa.large_string(), pa.string_view(), pa.null())
    if not (pa.types.is_integer(kind) or kind in texts):
        raise DataError(
            f"{source.name}, column {quoted(name)} holds {one_line(kind)}: names must be text or whole numbers"
        )
    check_no_null(source, name, column, "no name")
    return column.cast(pa.large_string())


def check_not_empty(source: Tabular, name: str, column: Any, what: str) -> None:
    """Refuse empty names; `what` says of what."""
    import pyarrow.compute as pc

    row = pc.index(column, "").as_py()
    if row >= 0:
        raise DataError(f"{place(source, row, name)}: empty {what}; fix it or drop the row")


def check_no_null(source: Tabular, name: str, column: Any, what: str) -> None:
    """Refuse missing values; `what` says which."""
    import pyarrow.compute as pc

    if column.null_count:
        row = pc.index(pc.is_null(column), True).as_py()
        raise DataError(f"{place(source, row, name)}: {what}; fill it in or drop the row")


def place(source: Tabular, row: int, column: str) -> str:
    """Where a row (from 0) of a column is, for errors."""
    return f"{source.name}, {source.where(int(row))}, column {quoted(column)}"
