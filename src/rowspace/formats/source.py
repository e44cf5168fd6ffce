"""What the readers and writers of text share: opening, refusing names, numbers to text and back."""

import io
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

import numpy as np

from rowspace.errors import DataError, FormatError, ShapeError
from rowspace.errors.checks import first_failing, whole
from rowspace.errors.quoting import quoted
from rowspace.formats.spelling import Spelling
from rowspace.read.binary import encoding_marked
from rowspace.read.packed import packing_named
from rowspace.read.stream import BOM, Stream
from rowspace.system.atomic import atomic_file
from rowspace.system.disk_full import ELSEWHERE, explain_disk_full
from rowspace.tables.names import repeated
from rowspace.tables.table import Table

NUMBERS_AT_ONCE = 2**20  # turned to text
UNPACKED_BYTES = 2**20  # at once
LINES_BYTES = 8 * 2**20  # of lines read at once
UTF_8 = Spelling()


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A file's bytes after a byte order mark, unpacked (into a temporary file) if it is packed.

    Raises:
        FormatError: for a file that is damaged, or packed in a way that is not known here.
        OSError: if it cannot be opened.
    """
    with open(path, "rb") as file:
        with _told_as_format():
            stream = Stream(str(path), file)
        if not stream.packed:
            yield _past_mark(path, file)
            return
        with tempfile.TemporaryFile() as plain:
            with _told_as_format():
                _unpack(stream, plain)
            yield _past_mark(path, plain)


def head_of(path: str | os.PathLike[str], size: int) -> bytes:
    """The first bytes of a file, after a byte order mark, unpacked; errors are those of `opened`."""
    with open(path, "rb") as file, _told_as_format():
        head = Stream(str(path), file).peek(size)
    _past_mark(path, io.BytesIO(head))
    return head.removeprefix(BOM)


@contextmanager
def _told_as_format() -> Iterator[None]:
    try:
        yield
    except DataError as error:
        raise FormatError(str(error)) from None


def _unpack(stream: Stream, plain: IO[bytes]) -> None:
    with explain_disk_full(f"what {stream.name} unpacks to", advice=ELSEWHERE):
        while part := stream.read(UNPACKED_BYTES):
            plain.write(part)
        plain.flush()
    plain.seek(0)


def _past_mark(path: str | os.PathLike[str], stream: IO[bytes]) -> IO[bytes]:
    mark = stream.read(4)
    if encoding := encoding_marked(mark):
        raise FormatError(f"{path} is {encoding} text; save it as UTF-8")
    stream.seek(len(BOM) if mark.startswith(BOM) else 0)
    return stream


@contextmanager
def written(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A file that becomes `path` when it is whole, packed if its ending says so."""
    packing, _ = packing_named(path)
    with atomic_file(path, "wb") as out:
        if packing is None:
            yield out
            return
        with packing.pack(out) as packed:
            yield packed


def size_of(stream: IO[bytes]) -> int:
    """How many bytes an open file has."""
    return os.fstat(stream.fileno()).st_size


def checked_limit(limit: int | None) -> int | None:
    """A limit of rows as an integer, or None."""
    wanted = "give a whole number of at least 1; None reads all rows"
    return None if limit is None else whole("limit", limit, 1, wanted=wanted, error=ShapeError)


def slices(values: Table | np.ndarray) -> Iterator[slice]:
    """The rows in slices of about `NUMBERS_AT_ONCE` numbers."""
    rows, dim = values.shape
    step = max(1, NUMBERS_AT_ONCE // max(1, dim))
    return (slice(a, a + step) for a in range(0, rows, step))


def keys(table: Table) -> list[str]:
    """The table's names, or its ids as text."""
    return [str(i) for i in range(len(table))] if table.names is None else table.names


def refuse(names: list[str], pattern: str, format: str) -> None:
    """Refuse names that a format cannot hold, before anything is written; FormatError for the first such name.

    The pattern is a regular expression that finds what is wrong in a name.
    """
    wrong = re.compile(f"{pattern}|[\ud800-\udfff]")
    for i, name in enumerate(names):
        found = wrong.search(name)
        if found:
            what = f"holds {quoted(found.group())}" if found.group() else "is empty or blank"
            raise FormatError(
                f"name {quoted(name)} (row {i}) {what}, which {format} cannot hold; "
                "rename it, or use .npy, which holds any name"
            )


def refuse_nonfinite(table: Table, format: str) -> None:
    """Refuse NaN and infinity before anything is written: few readers take them, and none means them."""
    for row, _ in _nonfinite(table.values):
        what = f"row {row} ({quoted(keys(table)[row])})"
        raise FormatError(f"{what} holds NaN or infinity, which {format} cannot hold")


def check_finite(values: np.ndarray, where: Callable[[int], str]) -> None:
    """Refuse NaN and infinity that were read; FormatError names the place."""
    for row, place in _nonfinite(values):
        number = f"number {place + 1} of its vector is {values[row, place]}"
        raise FormatError(f"{where(row)}: {number}, not a finite number; mend it, or leave the row out")


def _nonfinite(values: np.ndarray) -> Iterator[tuple[int, int]]:
    for rows in slices(values):
        finite = np.isfinite(values[rows])
        if not finite.all():
            yield from ((rows.start + int(row), int(place)) for row, place in np.argwhere(~finite))


def texts(values: np.ndarray, separator: str) -> list[str]:
    """Rows (m, d) as m texts: the shortest digits that read back as the same float32.

    >>> texts(np.array([[0.1, 1e-8], [2, -0.5]], dtype=np.float32), " ")
    ['0.1 1e-8', '2 -0.5']
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = pa.array(values.ravel()).cast(pa.string())
    ends = pa.array(np.arange(0, values.size + 1, values.shape[1], dtype=np.int32))
    return pc.binary_join(pa.ListArray.from_arrays(ends, numbers), separator).to_pylist()


def numbers(rows: list[bytes], dim: int, where: Any) -> np.ndarray:
    """m rows of text, `dim` numbers each with spaces between, as (m, dim) float32, each number rounded once.

    FormatError for the first row with another count, or with something that is no number; `where` says what it calls
    a row.
    """
    try:
        return _parsed(rows, dim)
    except ValueError:
        raise _first_wrong(rows, dim, where) from None


def decoded(names: list[bytes], where: Any, spelling: Spelling = UTF_8) -> list[str]:
    """Names as text; FormatError names the first that is not as they are spelled, or is empty."""
    try:
        texts = [spelling.text(name) for name in names]
    except UnicodeDecodeError:
        i = next(i for i, name in enumerate(names) if not spelling.may_be(name))
        how = "give errors='replace', or its encoding, such as encoding='latin-1'"
        raise FormatError(
            f"{where(i)}: the name {quoted(names[i])} is not {spelling.encoding.upper()}; {how}"
        ) from None
    if "" in texts:
        raise FormatError(f"{where(texts.index(''))}: the name is empty")
    return texts


def check_no_zero_byte(names: list[str], where: Any) -> None:
    """Refuse what is more likely a piece of a number than of a name; FormatError names the first."""
    if any("\0" in name for name in names):
        i = next(i for i, name in enumerate(names) if "\0" in name)
        raise FormatError(f"{where(i)}: the name {quoted(names[i])} holds a zero byte")


def table_of(values: np.ndarray, names: list[str], where: Any) -> Table:
    """The table of what was read; FormatError names the places of a repeated name."""
    twice = repeated(names)
    if twice:
        first, second = map(where, twice)
        name = names[twice[1]]
        how = "; errors='backslashreplace' keeps names apart" if "\N{REPLACEMENT CHARACTER}" in name else ""
        raise FormatError(f"{second}: name {quoted(name)} was already at {first}{how}")
    return Table.from_array(values, names)


def _parsed(rows: list[bytes], dim: int) -> np.ndarray:
    """Rows of text as float32; ValueError if one of them is none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    tokens = pc.ascii_split_whitespace(pa.array(rows, pa.binary()).cast(pa.string()))
    values = tokens.flatten().cast(pa.float32()).to_numpy(zero_copy_only=False)
    if not ((pc.list_value_length(tokens).to_numpy() == dim).all() and np.isfinite(values).all()):
        raise ValueError
    return values.reshape(len(rows), dim)


def _first_wrong(rows: list[bytes], dim: int, where: Any) -> FormatError:
    row = first_failing(len(rows), lambda low, high: _parsed(rows[low:high], dim))
    tokens = rows[row].split()
    if len(tokens) != dim:
        return FormatError(f"{where(row)}: {len(tokens)} numbers where {dim} are expected")
    wrong = tokens[first_failing(dim, lambda low, high: _parsed(tokens[low:high], 1))]
    return FormatError(f"{where(row)}: {quoted(wrong)[1:]} is not a finite float32")
