"""A column of text in a file or data frame as chunks with a cell a line."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

from rowspace.columns.frames import decoded
from rowspace.errors import DataError
from rowspace.errors.quoting import one_line, quoted
from rowspace.read.binary import HEAD
from rowspace.read.content import BOM, check_text, is_json_array
from rowspace.read.dialect import dialect
from rowspace.read.grid import BLOCK, LONE_NULL, OPEN_QUOTE, check_column, frame
from rowspace.read.pieces import BETWEEN_LINES, SIZE, Piece, chunks
from rowspace.read.stream import Stream

PARQUET, ARROW = b"PAR1", b"ARROW1"
ROWS = 1 << 12  # decoded from Parquet at once


def frame_column(source: Any, column: str) -> Any:
    """A column of a data frame or an Arrow table, as a ChunkedArray."""
    grid = frame(source)
    check_column(grid.name, grid.columns, column)
    return grid.load([column], [])[column]


def column_cells(name: str, what: str, column: Any) -> Iterator[Piece]:
    """The cells of a ChunkedArray of text; errors call its source `name`, and itself `what`."""
    return _joined(name, what, ((part, 0) for part in decoded(column).chunks))


def file_cells(stream: Stream, column: str) -> Iterator[Piece]:
    """The cells of a file, whose kind its first bytes tell: Parquet, Arrow, JSON lines, else text with delimiters."""
    import pyarrow as pa

    head = stream.peek(HEAD)
    if not head.startswith((PARQUET, ARROW)):
        check_text(stream.name, head)
    if not head:
        raise DataError(f"{stream.name} is empty; expected a header line and rows")
    start = head.removeprefix(BOM).lstrip()[:1]
    if is_json_array(head):
        raise DataError(f"{stream.name} looks like one JSON array; write one object a line (jq -c '.[]' does)")
    batches, what = _reader(head, start), f"{stream.name}, column {quoted(column)}"
    try:
        yield from _joined(stream.name, what, ((part, stream.taken()) for part in batches(stream, column)))
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, UnicodeError) as error:
        quote = f"; {OPEN_QUOTE}" if "CSV" in str(error) else ""
        raise DataError(f"{stream.name} cannot be read: {one_line(error)}{quote}") from error


def _reader(head: bytes, start: bytes) -> Callable[[Stream, str], Iterator[Any]]:
    if head.startswith(PARQUET):
        return _parquet
    if head.startswith(ARROW):
        return _arrow
    return _json_lines if start == b"{" else _delimited


def _parquet(stream: Stream, column: str) -> Iterator[Any]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(stream.seekable()) as file:
        check_column(stream.name, file.schema_arrow.names, column)
        for batch in file.iter_batches(batch_size=ROWS, columns=[column]):
            yield from decoded(_chunked(batch[column])).chunks


def _arrow(stream: Stream, column: str) -> Iterator[Any]:
    import pyarrow as pa

    with pa.ipc.open_file(stream.seekable()) as file:
        check_column(stream.name, file.schema.names, column)
        for k in range(file.num_record_batches):
            cells = file.get_batch(k)[column]
            cells.validate(full=True)  # Arrow believes the offsets of a file, and would read beyond its memory
            yield from decoded(_chunked(cells)).chunks


def _delimited(stream: Stream, column: str) -> Iterator[Any]:
    import pyarrow as pa
    from pyarrow import csv

    head = stream.peek(BLOCK)
    mark = len(BOM) if head.startswith(BOM) else 0
    text = head[mark:].decode(errors="surrogateescape")
    found = dialect(stream.name, text)
    check_column(stream.name, found.columns, column)
    if found.before:
        stream.read(mark + len(text[: found.before].encode(errors="surrogateescape")))
    with csv.open_csv(
        pa.PythonFile(stream, "r"),
        read_options=csv.ReadOptions(block_size=BLOCK, use_threads=False),  # so that errors name the row
        parse_options=csv.ParseOptions(delimiter=found.delimiter, newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            include_columns=[column],
            column_types={column: pa.large_binary()},  # whether it is UTF-8 is seen later
            strings_can_be_null=False,
        ),
    ) as reader:
        for batch in reader:
            yield batch[column]


def _json_lines(stream: Stream, column: str) -> Iterator[Any]:
    import pyarrow as pa
    from pyarrow import json as arrow_json

    schema = pa.schema({column: pa.large_string()})
    options = arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    line = 1
    for chunk in chunks(stream, BETWEEN_LINES):
        if line == 1:
            first = next(filter(bytes.strip, chunk.data.split(b"\n")), b"")
            check_column(stream.name, list(_object(stream.name, line, first)), column)
        whole = arrow_json.ReadOptions(block_size=len(chunk.data) + 1)
        if LONE_NULL.search(chunk.data):
            _check_objects(stream.name, line, chunk.data, column)
        if chunk.data.strip():
            try:
                table = arrow_json.read_json(io.BytesIO(chunk.data), read_options=whole, parse_options=options)
            except pa.ArrowInvalid as error:
                _check_objects(stream.name, line, chunk.data, column)
                raise DataError(f"{stream.name}, from line {line} on: {one_line(error)}") from error
            yield from table[column].chunks
        line += chunk.data.count(b"\n")


def _check_objects(name: str, line: int, data: bytes, column: str) -> None:
    """Find the line at fault in lines of JSON, of which the first has the given number."""
    for k, text in enumerate(data.split(b"\n"), line):
        value = _object(name, k, text).get(column) if text.strip() else None
        if not isinstance(value, str | None):
            raise DataError(f"{name}, line {k}, column {quoted(column)}: expected text, found {json.dumps(value)[:40]}")


def _object(name: str, line: int, text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise DataError(f"{name}, line {line}: not one whole JSON object: {one_line(error)}") from None
    if not isinstance(found, dict):
        raise DataError(f"{name}, line {line}: expected a JSON object, found {json.dumps(found)[:40]}")
    return found


def _chunked(array: Any) -> Any:
    import pyarrow as pa

    return pa.chunked_array([array])


def _joined(name: str, what: str, arrays: Iterator[tuple[Any, int]]) -> Iterator[Piece]:
    """The cells of arrays as lines: ends of lines inside a cell become spaces, a missing cell an empty line."""
    row = 0
    for array, taken in arrays:
        for part in _parts(_as_bytes(what, array)):
            yield Piece(_lines(part), name, row, rows=True, taken=taken)
            row, taken = row + len(part), 0


def _as_bytes(what: str, array: Any) -> Any:
    import pyarrow as pa

    texts = (pa.string(), pa.large_string(), pa.string_view(), pa.large_binary(), pa.null())
    if array.type not in texts:
        raise DataError(f"{what} holds {one_line(array.type)}: expected text")
    array = array.cast(pa.large_string()) if array.type == pa.string_view() else array
    return array.cast(pa.large_binary())


def _parts(array: Any) -> Iterator[Any]:
    """Halves of halves until each is small."""
    if len(array) > 1 and array.nbytes > SIZE:
        yield from _parts(array[: len(array) // 2])
        yield from _parts(array[len(array) // 2 :])
    elif len(array):
        yield array


def _lines(array: Any) -> bytes:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = pa.large_binary()
    cells = pc.replace_substring(array.fill_null(pa.scalar(b"", kind)), "\n", " ")
    line = pa.LargeListArray.from_arrays([0, len(cells)], cells)
    return pc.binary_join(line, pa.scalar(b"\n", kind))[0].as_py() + b"\n"
