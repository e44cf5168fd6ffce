"""A value for each item: two columns of a file, such as an airport and its state."""

import os
from collections.abc import Callable
from typing import Any

from rowspace.columns.frames import decoded
from rowspace.errors import DataError
from rowspace.read.dialect import Said
from rowspace.read.stream import read_content
from rowspace.read.table_files import table_of
from rowspace.read.tabular import check_column


def read_values(
    path: str | os.PathLike[str], column: str | None = None, known: Callable[[str], bool] | None = None
) -> tuple[str | None, dict[str, Any]]:
    """Read the values of items.

    Args:
        path: a file of columns, of which the first has the items: text with delimiters, Parquet, Arrow, JSON lines.
        column: which column has the values; the second, if it is not said.
        known: whether a text is one of the items that may be met. A text that begins with one has no header.

    Returns:
        The name of the column, None without a header; and the value of each item: numbers, if all are, else text.

    Raises:
        DataError: for a file that is not columns, or has no such column.
    """
    content = read_content(path, tables=True)
    source = table_of(content)
    if source.guessed_header and known is not None and known(source.columns[0]):
        source = table_of(content, Said(header=False))
    if column is not None:
        check_column(source.name, source.columns, column)
    elif len(source.columns) < 2:
        raise DataError(f"{source.name} has one column; expected items in the first and a value of each in another")
    first, chosen = source.columns[0], column or source.columns[1]
    table = source.load(list(dict.fromkeys([first, chosen])), [])
    items, values = (decoded(table[name]).to_pylist() for name in (first, chosen))
    label = None if chosen.isdecimal() else chosen  # columns without names are numbered
    return label, dict(zip(map(str, items), _numbers(values) or values, strict=True))


def _numbers(values: list[Any]) -> list[float | None] | None:
    """The values as numbers, None where there is none, if all are."""
    try:
        return [float(value) if value not in (None, "") else None for value in values]
    except (TypeError, ValueError):
        return None
