"""Files of columns: which format one has, told by its first bytes, and how it is read. A new one is one line here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from rowspace.errors import DataError
from rowspace.read.arrow_files import arrow_column, arrow_table, parquet_column, parquet_table
from rowspace.read.binary import HEAD_BYTES, TABLES
from rowspace.read.delimited import Delimited, delimited_column
from rowspace.read.dialect import UNSAID, Said
from rowspace.read.json_lines import JsonLines, json_column
from rowspace.read.matrices import matrix_column, matrix_market
from rowspace.read.stream import BOM, Content, Stream, check_text, is_json_array
from rowspace.read.tabular import Tabular


@dataclass(frozen=True)
class Format:
    """How files that begin so are read: all their columns, for pairs, or the batches of one, for a text."""

    begins: bytes
    table: Callable[[Content], Tabular]
    column: Callable[[Stream, str], Iterator[Any]]


FORMATS = (
    Format(b"PAR1", parquet_table, parquet_column),
    Format(b"ARROW1", arrow_table, arrow_column),
    Format(b"%%MatrixMarket", matrix_market, matrix_column),
    Format(b"{", JsonLines, json_column),
)
DELIMITED = Format(b"", Delimited, delimited_column)


def table_of(source: Content, said: Said = UNSAID) -> Tabular:
    """The columns of a file of which all bytes are there."""
    found = _format_of(source.name, source.data[:4096])
    if found is DELIMITED:
        return Delimited(source, said)
    refuse_said(source.name, said)
    return found.table(source)


def column_of(stream: Stream, column: str) -> Iterator[Any]:
    """A column of a file, batch by batch, as Arrow's arrays."""
    head = stream.peek(HEAD_BYTES)
    if not any(head.startswith(begins) for begins, _ in TABLES):
        check_text(stream.name, head)
    if not head:
        raise DataError(f"{stream.name} is empty; expected a header line and rows")
    return _format_of(stream.name, head).column(stream, column)


def refuse_said(name: str, said: Said) -> None:
    """Refuse what somebody says of a text where there is none."""
    if said.given:
        raise DataError(f"{said.given}, but {name} is no text with delimiters; leave it out")


def _format_of(name: str, head: bytes) -> Format:
    start = head.removeprefix(BOM).lstrip()
    if is_json_array(start):
        raise DataError(f"{name} looks like one JSON array; write one object a line (jq -c '.[]' does)")
    return next((one for one in FORMATS if start.startswith(one.begins)), DELIMITED)
