"""Rows and columns of one source as Arrow columns, and where in the source a row stands.

Each reader tries Arrow's fast one; only when that fails is the source read again, slowly, to say
on which line the fault is.
"""

import csv
import difflib
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn, Protocol

from rowspace.columns.frames import Frame
from rowspace.errors import DataError
from rowspace.errors.quoting import one_line, quoted
from rowspace.read.content import Content, is_json_array
from rowspace.read.dialect import dialect
from rowspace.system.parquet import ask_for_columns

# where null stands in place of an object, which ends the process in Arrow; perhaps within a text
LONE_NULL = re.compile(rb"(?:\A|[}\n])\s*null")
COMPARED = 1000  # names of columns
BLOCK = 1 << 24  # bytes Arrow parses at once; no row can be longer


class Tabular(Protocol):
    """What `read_pairs` asks of a source."""

    name: str
    columns: list[str]
    guessed_header: bool  # whether the names of the columns are a first line that was taken for a header

    def load(self, texts: list[str], numbers: list[str]) -> Any:
        """A pyarrow Table of these columns; numbers may still be text."""

    def where(self, row: int) -> str:
        """The place of a row (from 0) as people count: "line 7"."""


def grid_of(source: Content, delimiter: str | None = None) -> Tabular:
    """Choose the reader by the first bytes."""
    data = source.data
    start = data[:4096].lstrip()
    if is_json_array(start):
        raise DataError(f"{source.name} looks like one JSON array; write one object a line (jq -c '.[]' does)")
    read = next((read for magic, read in _READERS.items() if start.startswith(magic)), None)
    if read is None:
        return Delimited(source, delimiter)
    check_delimiter(source.name, delimiter)
    return read(source)


def check_delimiter(name: str, delimiter: str | None) -> None:
    """Refuse a delimiter of what has none."""
    if delimiter is not None:
        raise DataError(f"delimiter is {quoted(delimiter)}, but {name} is no text with delimiters; leave it out")


def check_column(source: str, columns: list[str], name: str) -> None:
    """Raise DataError unless there is one column of this name."""
    if not isinstance(name, str):
        raise DataError(f"a column is named by text, not by {quoted(name)}; {source} has: {listed(columns)}")
    if name not in columns:
        short = [one for one in columns[:COMPARED] if len(one) <= 100]  # an error should come at once
        near = difflib.get_close_matches(name[:100], short, n=1)
        hint = f"; did you mean {quoted(near[0])}?" if near else ""
        raise DataError(f"{source} has no column {quoted(name)}; it has: {listed(columns)}{hint}")
    if columns.count(name) > 1:
        raise DataError(f"{source} has several columns {quoted(name)}; rename all but one")
    if _surrogates(name):
        raise DataError(f"{source}: the name of column {quoted(name)} holds half a character; rename it")


def listed(columns: list[str]) -> str:
    """The columns as an error shows them."""
    names = list(map(quoted, columns[:20]))
    while sum(map(len, names)) > 400:
        names.pop()
    return ", ".join(names) + (", ..." if len(names) < len(columns) else "")


class ArrowTable:
    """A pyarrow Table, wherever it came from."""

    guessed_header = False

    def __init__(self, name: str, table: Any) -> None:
        self.name = name
        self.columns = list(table.column_names)
        self._table = table

    def load(self, texts: list[str], numbers: list[str]) -> Any:
        return self._table.select(texts + numbers)

    def where(self, row: int) -> str:
        return f"row {row + 1}"


class FrameColumns(ArrowTable):
    """The columns of a data frame, of which those that are asked for are converted."""

    def __init__(self, frame: Frame) -> None:
        self.name, self.columns = frame.name, frame.columns
        self._frame = frame

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


def _parquet(source: Content) -> ArrowTable:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(source.data))
        ask_for_columns(source.name, file, "give the pairs in parts")
        return ArrowTable(source.name, file.read())
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise DataError(f"{source.name}: damaged Parquet file: {one_line(error)}") from error


def _feather(source: Content) -> ArrowTable:
    import pyarrow as pa

    try:
        table = pa.ipc.open_file(pa.BufferReader(source.data)).read_all()
        table.validate(full=True)  # Arrow believes the offsets of a file, and would read beyond its memory
        return ArrowTable(source.name, table)
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise DataError(f"{source.name}: damaged Arrow file: {one_line(error)}") from error


class Delimited:
    """CSV or TSV text, see `dialect`."""

    guessed_header = True

    def __init__(self, source: Content, delimiter: str | None = None) -> None:
        self.name = source.name
        self._source = source
        head = source.data[:BLOCK].decode(errors="surrogateescape")
        found = dialect(source.name, head, delimiter)
        self._delimiter, self.columns = found.delimiter, found.columns
        before = head[: found.before]
        self._begin, self._lines_before = len(before.encode(errors="surrogateescape")), len(before.splitlines())

    def load(self, texts: list[str], numbers: list[str]) -> Any:
        import pyarrow as pa
        from pyarrow import csv as arrow_csv

        wanted = texts + numbers
        try:
            return arrow_csv.read_csv(
                pa.BufferReader(pa.py_buffer(self._source.data).slice(self._begin)),
                read_options=arrow_csv.ReadOptions(block_size=BLOCK),
                parse_options=arrow_csv.ParseOptions(delimiter=self._delimiter, newlines_in_values=True),
                # numbers stay text: then a bad one can be shown, and its line counted
                convert_options=arrow_csv.ConvertOptions(
                    include_columns=wanted,
                    column_types={column: pa.large_string() for column in wanted},
                    strings_can_be_null=False,
                ),
            )
        except MemoryError:
            raise
        except (pa.ArrowException, UnicodeError) as error:
            self._explain(error)

    def where(self, row: int) -> str:
        try:
            for k, (line, _) in enumerate(self._rows()):
                if k == row + 1:
                    return f"line {line}"
        except csv.Error:
            pass
        return f"row {row + 1}"

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Each row that is not blank, header included, with the line it starts on."""
        text = io.StringIO(self._source.data[self._begin :].decode(errors="replace"), newline="")
        reader = csv.reader(text, delimiter=self._delimiter)
        line = self._lines_before + 1
        for row in reader:
            if row:
                yield line, row
            line = self._lines_before + reader.line_num + 1

    def _explain(self, error: Exception) -> NoReturn:
        _check_utf8(self._source)
        line, width = 1, len(self.columns)
        try:
            for k, (line, row) in enumerate(self._rows()):
                if len(row) != width:
                    raise DataError(f"{self.name}, line {line}: {_ragged(row, width, first=k == 1)}")
        except csv.Error as fault:
            raise DataError(f"{self.name}, after line {line}: {fault}; {OPEN_QUOTE}") from error
        raise DataError(f"{self.name} cannot be read: {one_line(error)}; {OPEN_QUOTE}") from error


OPEN_QUOTE = "is a quote left open?"


def _ragged(row: list[str], width: int, first: bool) -> str:
    message = f"{len(row)} field{'s' * (len(row) != 1)}, the header has {width} columns"
    if any("\n" in field for field in row):
        return f"{message}; {OPEN_QUOTE}"
    unnamed = "; if the first are row numbers, as R writes them, give their column a name"
    return message + unnamed * (first and len(row) == width + 1)


def _surrogates(name: str) -> bool:
    return not name.isascii() and any("\ud800" <= letter <= "\udfff" for letter in name)


def _check_utf8(source: Content) -> None:
    try:
        source.data.decode()
    except UnicodeDecodeError as error:
        line = source.data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{source.name}, line {line}: not UTF-8 text: byte 0x{source.data[error.start]:02x} at "
            f"offset {error.start + source.skipped}; save the file as UTF-8"
        ) from None


class JsonLines:
    """One JSON object a line; its columns are the keys of the first."""

    guessed_header = False

    def __init__(self, source: Content) -> None:
        self.name = source.name
        self._source = source
        self._first = self._object(*next(self._lines()))
        self.columns = list(self._first)

    def load(self, texts: list[str], numbers: list[str]) -> Any:
        import pyarrow as pa
        from pyarrow import json as arrow_json

        _check_utf8(self._source)  # Arrow's reader of JSON does not
        if LONE_NULL.search(self._source.data):
            for line, text in self._lines():
                self._object(line, text)
        # without a schema Arrow would turn names that look like dates into dates
        whole = {column: self._names_are_whole(column) for column in texts}
        kinds = {column: pa.int64() if whole[column] else pa.large_string() for column in texts}
        kinds |= {column: pa.float64() for column in numbers}
        try:
            return arrow_json.read_json(
                pa.BufferReader(self._source.data),
                read_options=arrow_json.ReadOptions(block_size=BLOCK),
                parse_options=arrow_json.ParseOptions(
                    explicit_schema=pa.schema(list(kinds.items())),
                    unexpected_field_behavior="ignore",
                ),
            )
        except MemoryError:
            raise
        except pa.ArrowException as error:
            expected: dict[str, type] = {column: int if whole[column] else str for column in texts}
            self._explain(expected, numbers, error)

    def where(self, row: int) -> str:
        for k, (line, _) in enumerate(self._lines()):
            if k == row:
                return f"line {line}"
        return f"row {row + 1}"

    def _names_are_whole(self, column: str) -> bool:
        value = self._first[column]
        if value is not None and type(value) not in (str, int):
            raise DataError(
                f"{self.name}, {self.where(0)}, column {quoted(column)}: a name must be text or a whole "
                f"number, not {json.dumps(value)[:40]}"
            )
        return type(value) is int

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        data = self._source.data
        spans = re.finditer(rb"[^\n]+", data)
        filled: Iterable[re.Match[bytes]] = (span for span in spans if span[0].strip())
        line = at = 0
        for span in filled:
            line += data.count(b"\n", at, span.start())
            at = span.start()
            yield line + 1, span[0]

    def _object(self, line: int, text: bytes) -> dict[str, Any]:
        where = f"{self.name}, line {line}"
        try:
            found = json.loads(text.decode())  # of bytes it would guess the encoding
        except UnicodeDecodeError:
            _check_utf8(self._source)
            raise
        except (ValueError, RecursionError) as error:
            raise DataError(f"{where}: not one whole JSON object: {one_line(error)}") from None
        if not isinstance(found, dict):
            raise DataError(f"{where}: expected a JSON object, found {json.dumps(found)[:40]}")
        return found

    def _explain(self, texts: dict[str, type], numbers: list[str], error: Exception) -> NoReturn:
        words = {str: "text", int: "a whole number"}
        for line, text in self._lines():
            found = self._object(line, text)
            where = f"{self.name}, line {line}, column"
            for column, kind in texts.items():
                value = found.get(column)
                if value is not None and (type(value) is not kind or _too_long(value)):
                    raise DataError(
                        f"{where} {quoted(column)}: expected {words[kind]} as on the first line, found "
                        f"{json.dumps(value)[:40]}; write every name of a column the same way"
                    )
            for column in numbers:
                value = found.get(column)
                if value is not None and type(value) not in (int, float):
                    raise DataError(f"{where} {quoted(column)}: {json.dumps(value)[:40]} is not a number")
        raise DataError(f"{self.name} cannot be read as JSON lines: {one_line(error)}") from error


def _too_long(value: Any) -> bool:
    return isinstance(value, int) and not -(2**63) <= value < 2**63


_READERS: dict[bytes, Callable[[Content], Tabular]] = {
    b"PAR1": _parquet,
    b"ARROW1": _feather,
    b"{": JsonLines,
}
