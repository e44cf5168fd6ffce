"""Lines of JSON objects: some of their columns, or the batches of one."""

import io
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

from rowspace.errors import DataError
from rowspace.errors.quoting import one_line, quoted
from rowspace.read.pieces import BETWEEN_LINES, pieces_of
from rowspace.read.stream import Content, Stream, check_utf8
from rowspace.read.tabular import NUMBERS, OTHER, READ_BYTES, TEXT, check_column

# null in place of an object, which ends the process in Arrow; perhaps within a text
_LONE_NULL = re.compile(rb"(?:\A|[}\n])\s*null")


class JsonLines:
    """One JSON object a line, of which all bytes are there; its columns are the keys of the first."""

    guessed_header = says_roles = False

    def __init__(self, source: Content) -> None:
        self.name = source.name
        self._source = source
        self._first = self._object(*next(self._lines()))
        self.columns = list(self._first)

    def kind(self, column: str) -> str:
        value = self._first[column]
        return TEXT if isinstance(value, str) else NUMBERS if isinstance(value, int | float) else OTHER

    def load(self, texts: list[str], numbers: list[str]) -> Any:
        import pyarrow as pa

        check_utf8(self._source)  # Arrow's reader of JSON does not
        if _has_lone_null(self._source.data):
            for line, text in self._lines():
                self._object(line, text)
        # without a schema Arrow would turn names that look like dates into dates
        whole = {column: self._names_are_whole(column) for column in texts}
        kinds = {column: pa.int64() if whole[column] else pa.large_string() for column in texts}
        kinds |= {column: pa.float64() for column in numbers}
        try:
            return _read(pa.BufferReader(self._source.data), kinds, READ_BYTES)
        except MemoryError:
            raise
        except pa.ArrowException as error:
            self._explain({column: int if whole[column] else str for column in texts}, numbers, error)

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
                f"number, not {_shortened(value)}"
            )
        return type(value) is int

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        """The lines that are not blank, with their numbers."""
        data = self._source.data
        spans = re.finditer(rb"[^\n]+", data)
        filled: Iterable[re.Match[bytes]] = (span for span in spans if span[0].strip())
        line = at = 0
        for span in filled:
            line += data.count(b"\n", at, span.start())
            at = span.start()
            yield line + 1, span[0]

    def _object(self, line: int, text: bytes) -> dict[str, Any]:
        try:
            text.decode()
        except UnicodeDecodeError:
            check_utf8(self._source)
        return _object(self.name, line, text)

    def _explain(self, texts: dict[str, type], numbers: list[str], error: Exception) -> NoReturn:
        """Say on which line the fault is that Arrow found."""
        words = {str: "text", int: "a whole number"}
        for line, text in self._lines():
            entries = self._object(line, text)
            where = f"{self.name}, line {line}, column"
            for column, kind in texts.items():
                value = entries.get(column)
                if value is not None and (type(value) is not kind or _too_long(value)):
                    raise DataError(
                        f"{where} {quoted(column)}: expected {words[kind]} as on the first line, found "
                        f"{_shortened(value)}; write every name of a column the same way"
                    )
            for column in numbers:
                value = entries.get(column)
                if value is not None and type(value) not in (int, float):
                    raise DataError(f"{where} {quoted(column)}: {_shortened(value)} is not a number")
        raise DataError(f"{self.name} cannot be read as JSON lines: {one_line(error)}") from error


def json_column(stream: Stream, column: str) -> Iterator[Any]:
    """A column of text in lines of JSON, piece by piece."""
    import pyarrow as pa

    line = 1
    for piece in pieces_of(stream, BETWEEN_LINES):
        if line == 1:
            first = next(filter(bytes.strip, piece.data.split(b"\n")), b"")
            check_column(stream.name, list(_object(stream.name, line, first)), column)
        if _has_lone_null(piece.data):
            _check_texts(stream.name, line, piece.data, column)
        if piece.data.strip():
            try:
                kinds = {column: pa.large_string()}
                yield from _read(io.BytesIO(piece.data), kinds, len(piece.data) + 1)[column].chunks
            except pa.ArrowInvalid as error:
                _check_texts(stream.name, line, piece.data, column)
                raise DataError(f"{stream.name}, from line {line} on: {one_line(error)}") from error
        line += piece.data.count(b"\n")


def _read(file: Any, kinds: dict[str, Any], read_bytes: int) -> Any:
    import pyarrow as pa
    from pyarrow import json as arrow_json

    schema = pa.schema(list(kinds.items()))
    options = arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    return arrow_json.read_json(file, arrow_json.ReadOptions(block_size=read_bytes), options)


def _has_lone_null(data: bytes) -> bool:
    return b"null" in data and _LONE_NULL.search(data) is not None


def _check_texts(name: str, line: int, data: bytes, column: str) -> None:
    """Find the line at fault in lines of JSON, of which the first has the given number."""
    for k, text in enumerate(data.split(b"\n"), line):
        value = _object(name, k, text).get(column) if text.strip() else None
        if not isinstance(value, str | None):
            raise DataError(f"{name}, line {k}, column {quoted(column)}: expected text, found {_shortened(value)}")


def _object(name: str, line: int, text: bytes) -> dict[str, Any]:
    where = f"{name}, line {line}"
    try:
        found = json.loads(text.decode())  # of bytes it would guess the encoding
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: not one whole JSON object: {one_line(error)}") from None
    if not isinstance(found, dict):
        raise DataError(f"{where}: expected a JSON object, found {_shortened(found)}")
    return found


def _shortened(value: Any) -> str:
    return json.dumps(value)[:40]


def _too_long(value: Any) -> bool:
    return isinstance(value, int) and not -(2**63) <= value < 2**63
