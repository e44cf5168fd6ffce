"""Text with delimiters, CSV or TSV: some of its columns, or the batches of one."""

import csv
import io
import re
import shlex
from collections.abc import Iterator
from typing import Any, NoReturn

from rowspace.errors import DataError
from rowspace.errors.quoting import one_line
from rowspace.errors.warnings import Padded
from rowspace.read.dialect import DELIMITERS, ONE_MARK, UNSAID, Dialect, Said, dialect, is_number
from rowspace.read.stream import BOM, Content, Stream, check_utf8
from rowspace.read.tabular import NUMBERS, OPEN_QUOTE, READ_BYTES, TEXT, check_column
from rowspace.system.memory import require_memory

PLAIN_BYTES = 1 << 20  # of a stream, rewritten at once

_LONE_RETURN = re.compile(rb"\r(?!\n)")


class Delimited:
    """Text of which all bytes are there, see `dialect`."""

    def __init__(self, source: Content, said: Said = UNSAID) -> None:
        self.name = source.name
        self._source = source
        self._dialect = dialect(source.name, source.data[:READ_BYTES].decode(errors="surrogateescape"), said)
        self.columns = self._dialect.columns
        self.guessed_header = self._dialect.header and said.header is None
        self.says_roles = said.columns is not None
        self._data, self._begin = source.data, self._dialect.begin
        if self._dialect.runs or self._dialect.marks:
            require_memory(2 * len(source.data), f"{self.name}, with one delimiter for several,", "give it in parts")
            self._data, self._begin = _plain(self._dialect, source.data[self._begin :]), 0

    def kind(self, column: str) -> str:
        k = self.columns.index(column)
        cells = [row[k] for row in self._dialect.rows if len(row) > k]
        return NUMBERS if cells and all(map(is_number, cells)) else TEXT

    def load(self, texts: list[str], numbers: list[str]) -> Any:
        import pyarrow as pa
        from pyarrow import csv as arrow_csv

        source = pa.BufferReader(pa.py_buffer(self._data).slice(self._begin))
        try:
            # numbers stay text: then a bad one can be shown, and its line counted
            table = arrow_csv.read_csv(source, **_options(self._dialect, texts + numbers, pa.large_string()))
            table = _bare(self.name, table, texts) if self._dialect.padded else table
            return _with_marks(self._dialect.marks, table) if self._dialect.marks else table
        except MemoryError:
            raise
        except (pa.ArrowException, UnicodeError) as error:
            if "Empty CSV file" in str(error):  # below names of columns that are not in its first line
                raise DataError(f"{self.name} has a header but no rows") from None
            self._explain(error)

    def where(self, row: int) -> str:
        try:
            for k, (line, _) in enumerate(self._rows()):
                if k == row + self._dialect.header:
                    return f"line {line}"
        except csv.Error:
            pass
        return f"row {row + 1}"

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Each row that is not blank, header included, with the line it starts on."""
        text = io.StringIO(self._data[self._begin :].decode(errors="replace"), newline="")
        reader = csv.reader(text, delimiter=self._dialect.delimiter)
        before = len(list(io.StringIO(self._dialect.before, newline="")))
        line = before + 1
        for row in reader:
            if row:
                yield line, row
            line = before + reader.line_num + 1

    def _explain(self, error: Exception) -> NoReturn:
        """Say on which line the fault is that Arrow found."""
        check_utf8(self._source)
        line = 1
        try:
            for k, (line, row) in enumerate(self._rows()):
                if len(row) != len(self.columns):
                    raise DataError(f"{self.name}, line {line}: {self._ragged(row, first=k == 1)}")
        except csv.Error as fault:
            raise DataError(f"{self.name}, after line {line}: {fault}; {OPEN_QUOTE}") from error
        raise DataError(f"{self.name} cannot be read: {one_line(error)}; {OPEN_QUOTE}") from error

    def _ragged(self, row: list[str], first: bool) -> str:
        """What is wrong with a row of another length than the header's."""
        width, has = len(self.columns), "the header has" if self._dialect.header else "the first row has"
        message = f"{len(row)} field{'s' * (len(row) != 1)}, {has} {width} column{'s' * (width != 1)}"
        if any("\n" in field for field in row):
            return f"{message}; {OPEN_QUOTE}"
        if b"\n" in self._data and _LONE_RETURN.search(self._data):
            return f"{message}; a carriage return without a line feed ends a line too: take it out, or quote the field"
        if not (first and self._dialect.header and len(row) == width + 1 > 2):
            mark = shlex.quote(self._dialect.delimiter)
            basket = f"; if each line is a basket, `rowspace train text` with --tokens {mark} takes it"
            return message + basket * (self._dialect.delimiter in DELIMITERS and not self._dialect.runs)
        how = "--header --columns, with a name for each"
        if width < 4 and all(re.fullmatch(r"[\w.]+", name) for name in self.columns):
            names = ",".join(["row", *self.columns])
            how = f"--header --columns {names} --left {self.columns[0]} --right {self.columns[1]}"
        return f"{message}; if the first are row numbers, as R writes them, give {how}"


def _plain(dialect: Dialect, data: bytes) -> bytes:
    """Whole lines with one character between fields, where runs or marks of several stand there."""
    if dialect.marks:
        return data.replace(dialect.marks.encode(), dialect.delimiter.encode())
    lines = data.split(b"\n" if b"\n" in data else b"\r")
    return b"\n".join([b"\t".join(line.split()) for line in lines])


def _with_marks(marks: str, table: Any) -> Any:
    """Names in quotes that hold a delimiter of several characters, as they were written."""
    import pyarrow.compute as pc

    for k, name in enumerate(table.column_names):
        table = table.set_column(k, name, pc.replace_substring(table[k], ONE_MARK, marks))
    return table


def _bare(name: str, table: Any, texts: list[str]) -> Any:
    """Names without the spaces around them, nor the quotes that a space before them made letters."""
    import pyarrow.compute as pc

    bare = table
    for text in texts:
        trimmed = pc.replace_substring_regex(pc.utf8_trim(table[text], " "), '^"([^"]*)"$', r"\1")
        bare = bare.set_column(bare.column_names.index(text), text, trimmed)
    if not bare.equals(table):
        Padded.warn(name)
    return bare


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
    rewritten = found.runs or found.marks
    # on one thread errors name the row
    options = _options(found, [column], pa.large_binary(), use_threads=False)
    with arrow_csv.open_csv(pa.PythonFile(_Plain(stream, found) if rewritten else stream, "r"), **options) as reader:
        for batch in reader:
            yield _with_marks(found.marks, batch)[column] if found.marks else batch[column]


class _Plain:
    """A stream with one character between fields, as `_plain` makes it."""

    closed = False

    def __init__(self, stream: Stream, found: Dialect) -> None:
        self._stream, self._found = stream, found
        self._rest, self._ready = b"", b""

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing: who opened the file closes it."""

    def read(self, size: int) -> bytes:
        while not self._ready and (part := self._stream.read(PLAIN_BYTES)):
            lines, end, rest = (self._rest + part).rpartition(b"\n")
            self._ready, self._rest = _plain(self._found, lines) + end, rest
        if not self._ready:
            self._ready, self._rest = _plain(self._found, self._rest), b""
        taken, self._ready = self._ready[:size], self._ready[size:]
        return taken


def _options(found: Dialect, columns: list[str], kind: Any, **how: bool) -> dict[str, Any]:
    """What Arrow is told of a text, of which some columns are read, each as `kind`."""
    from pyarrow import csv as arrow_csv

    return {
        "read_options": arrow_csv.ReadOptions(
            block_size=READ_BYTES, column_names=None if found.header else found.columns, **how
        ),
        "parse_options": arrow_csv.ParseOptions(delimiter=found.delimiter, newlines_in_values=True),
        "convert_options": arrow_csv.ConvertOptions(
            include_columns=columns, column_types=dict.fromkeys(columns, kind), strings_can_be_null=False
        ),
    }
