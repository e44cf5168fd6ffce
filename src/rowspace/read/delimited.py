"""Text with delimiters, CSV or TSV: some of its columns, or the batches of one."""

import csv
import io
from collections.abc import Iterator
from typing import Any, NoReturn

from rowspace.errors import DataError
from rowspace.errors.quoting import one_line
from rowspace.read.dialect import Dialect, dialect
from rowspace.read.stream import BOM, Content, Stream, check_utf8
from rowspace.read.tabular import OPEN_QUOTE, READ_BYTES, check_column


class Delimited:
    """Text of which all bytes are there, see `dialect`."""

    guessed_header = True

    def __init__(self, source: Content, delimiter: str | None = None) -> None:
        self.name = source.name
        self._source = source
        self._dialect = dialect(source.name, source.data[:READ_BYTES].decode(errors="surrogateescape"), delimiter)
        self.columns = self._dialect.columns

    def load(self, texts: list[str], numbers: list[str]) -> Any:
        import pyarrow as pa
        from pyarrow import csv as arrow_csv

        source = pa.BufferReader(pa.py_buffer(self._source.data).slice(self._dialect.begin))
        try:
            # numbers stay text: then a bad one can be shown, and its line counted
            return arrow_csv.read_csv(source, **_options(self._dialect, texts + numbers, pa.large_string()))
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
        text = io.StringIO(self._source.data[self._dialect.begin :].decode(errors="replace"), newline="")
        reader = csv.reader(text, delimiter=self._dialect.delimiter)
        before = len(self._dialect.before.splitlines())
        line = before + 1
        for row in reader:
            if row:
                yield line, row
            line = before + reader.line_num + 1

    def _explain(self, error: Exception) -> NoReturn:
        """Say on which line the fault is that Arrow found."""
        check_utf8(self._source)
        line, width = 1, len(self.columns)
        try:
            for k, (line, row) in enumerate(self._rows()):
                if len(row) != width:
                    raise DataError(f"{self.name}, line {line}: {_ragged(row, width, first=k == 1)}")
        except csv.Error as fault:
            raise DataError(f"{self.name}, after line {line}: {fault}; {OPEN_QUOTE}") from error
        raise DataError(f"{self.name} cannot be read: {one_line(error)}; {OPEN_QUOTE}") from error


def delimited_column(stream: Stream, column: str) -> Iterator[Any]:
    """A column of text with delimiters, batch by batch, as bytes: whether they are UTF-8 is seen later."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    head = stream.peek(READ_BYTES)
    mark = len(BOM) if head.startswith(BOM) else 0
    found = dialect(stream.name, head[mark:].decode(errors="surrogateescape"))
    check_column(stream.name, found.columns, column)
    if found.before:
        stream.read(mark + found.begin)
    # on one thread errors name the row
    options = _options(found, [column], pa.large_binary(), use_threads=False)
    with arrow_csv.open_csv(pa.PythonFile(stream, "r"), **options) as reader:
        for batch in reader:
            yield batch[column]


def _options(found: Dialect, columns: list[str], kind: Any, **how: bool) -> dict[str, Any]:
    """What Arrow is told of a text, of which some columns are read, each as `kind`."""
    from pyarrow import csv as arrow_csv

    return {
        "read_options": arrow_csv.ReadOptions(block_size=READ_BYTES, **how),
        "parse_options": arrow_csv.ParseOptions(delimiter=found.delimiter, newlines_in_values=True),
        "convert_options": arrow_csv.ConvertOptions(
            include_columns=columns, column_types=dict.fromkeys(columns, kind), strings_can_be_null=False
        ),
    }


def _ragged(row: list[str], width: int, first: bool) -> str:
    message = f"{len(row)} field{'s' * (len(row) != 1)}, the header has {width} columns"
    if any("\n" in field for field in row):
        return f"{message}; {OPEN_QUOTE}"
    unnamed = "; if the first are row numbers, as R writes them, give their column a name"
    return message + unnamed * (first and len(row) == width + 1)
