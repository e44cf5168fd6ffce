"""word2vec's files: a header `rows dim`, then a name, a space and the numbers, as text or float32.

Binary files are those of gensim, byte for byte; the line end that word2vec.c adds after each vector
is read over, and so are spaces in names, which gensim writes (see records.py).
"""

import mmap
import os
import re
from collections.abc import Callable, Iterator
from typing import IO

import numpy as np

from rowspace.errors import FormatError
from rowspace.errors.quoting import quoted
from rowspace.formats.records import Records
from rowspace.formats.source import (
    LINES_BYTES,
    checked_limit,
    decoded,
    keys,
    numbers,
    opened,
    refuse,
    refuse_nonfinite,
    size_of,
    slices,
    table_of,
    texts,
    written,
)
from rowspace.formats.spelling import Spelling, spelling_of
from rowspace.system.memory import require_memory
from rowspace.tables.table import Table

# what ends a name for gensim (a space, a line end) or for C's scanf (any ASCII white space)
_UNSAFE = r"[\x00\t-\r ]|\A\Z"


def write_word2vec(table: Table, path: str | os.PathLike[str], binary: bool = False) -> None:
    """Write word2vec's text or binary file; a table without names gets its ids as names.

    Args:
        table: what to write.
        path: the file.
        binary: the float32s bit for bit, instead of the shortest digits that read back the same.

    Raises:
        FormatError: for a name that is empty or holds ASCII white space, and for values that are not
            finite; before anything is written.
        OSError: if it cannot be written; an existing file is then as it was.
    """
    names = keys(table)
    refuse(names, _UNSAFE, "a word2vec file")
    refuse_nonfinite(table, "a word2vec file")
    lines = _binary_records if binary else _text_lines
    with written(path) as out:
        out.write(f"{len(table)} {table.dim}\n".encode())
        for rows in slices(table):
            out.writelines(lines(names[rows], table.values[rows]))


def read_word2vec(
    path: str | os.PathLike[str],
    binary: bool = False,
    limit: int | None = None,
    *,
    encoding: str = "utf-8",
    errors: str = "strict",
) -> Table:
    """Read word2vec's text or binary file, such as gensim, fastText (.vec) and word2vec.c write.

    Args:
        path: the file; packed ones are unpacked.
        binary: whether the vectors are float32 instead of text.
        limit: only that many first rows.
        encoding, errors: as for `rs.import_`.

    Returns:
        The table.

    Raises:
        FormatError: naming the line or byte, if the header promises other rows than there are, a
            row is of another length, a number is not finite, or a name is empty, repeated or not
            UTF-8, or in binary holds a zero byte.
        OSError: if it cannot be opened.
    """
    limit, spelling = checked_limit(limit), spelling_of(encoding, errors)
    with opened(path) as stream:
        n, dim = _header(path, stream, binary)
        rows = n if limit is None else min(n, limit)
        _check_size(path, stream, rows, dim, binary)
        require_memory(rows * dim * 4, f"{path}, {rows} x {dim},")
        read = _read_binary if binary else _read_text
        return read(path, stream, rows, dim, limit is None or limit > n, spelling)


def _text_lines(names: list[str], values: np.ndarray) -> Iterator[bytes]:
    rows = zip(names, texts(values, " "), strict=True)
    return (f"{name} {text}\n".encode() for name, text in rows)


def _binary_records(names: list[str], values: np.ndarray) -> Iterator[bytes]:
    rows = zip(names, values.astype("<f4", copy=False), strict=True)
    return (name.encode() + b" " + row.tobytes() for name, row in rows)


def _header(path: str | os.PathLike[str], stream: IO[bytes], binary: bool) -> tuple[int, int]:
    line = stream.readline(100)
    found = re.fullmatch(rb"(\d{1,18}) (\d{1,18})\s*", line)
    if not found:
        otherwise = (
            "fastText's own .bin files and gensim's own are not read; give the vectors (.vec, or save_word2vec_format)"
            if binary
            else "a file without one is read by read_glove"
        )
        raise FormatError(f"{path}, line 1: expected a header 'rows dim', got {quoted(line)[1:]}; {otherwise}")
    n, dim = int(found[1]), int(found[2])
    if not n or not dim:
        what = "no words" if not n else "vectors of no numbers"
        raise FormatError(f"{path} holds {what}: its header is {quoted(line.decode().strip())}")
    return n, dim


def _check_size(path: str | os.PathLike[str], stream: IO[bytes], rows: int, dim: int, binary: bool) -> None:
    """Compare the header with the file before it decides how much memory is taken."""
    # a name of one byte, then a space and float32s; or a space and a digit for each number
    least = rows * (2 + 4 * dim) if binary else rows * (2 + 2 * dim) - 1
    there = size_of(stream) - stream.tell()
    if there < least:
        raise FormatError(
            f"{path}, line 1: {rows} rows of {dim} numbers take at least {least} bytes and "
            f"{there} follow; the file is cut short, or the header or binary= is wrong"
        )


def _read_text(
    path: str | os.PathLike[str], stream: IO[bytes], rows: int, dim: int, whole: bool, spelling: Spelling
) -> Table:
    values, names = np.empty((rows, dim), np.float32), list[str]()
    while len(names) < rows:
        start = len(names)
        read = stream.readlines(LINES_BYTES)
        lines, more = read[: rows - start], read[rows - start :]
        where = _line_of(path, start)
        if not lines:
            raise FormatError(f"{where(0)}: the file ends after {start} of {rows} rows")
        pairs = [line.rstrip(b" \t\r\n").partition(b" ") for line in lines]
        names += decoded([name for name, _, _ in pairs], where, spelling)
        _check_one_space([row for _, _, row in pairs], where)
        values[start : len(names)] = numbers([row for _, _, row in pairs], dim, where)
        if whole and len(names) == rows and b"".join([*more, stream.read(64)]).strip():
            raise FormatError(f"{where(len(lines))}: more follows the {rows} rows of the header")
    return table_of(values, names, _line_of(path, 0))


def _read_binary(
    path: str | os.PathLike[str], stream: IO[bytes], rows: int, dim: int, whole: bool, spelling: Spelling
) -> Table:
    with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        records = Records(path, data, dim, spelling)
        names, values = records.read(stream.tell(), rows, whole)
    return table_of(values, names, records.where)


def _check_one_space(rows: list[bytes], where: Callable[[int], str]) -> None:
    if any(row[:1].isspace() for row in rows):
        i = next(i for i, row in enumerate(rows) if row[:1].isspace())
        raise FormatError(f"{where(i)}: white space follows the space after the name; does the name end in one?")


def _line_of(path: str | os.PathLike[str], start: int) -> Callable[[int], str]:
    return lambda i: f"{path}, line {start + i + 2}"
