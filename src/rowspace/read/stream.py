"""Bytes of files and of standard input, unpacked, with the name that errors call them."""

import io
import lzma
import os
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from rowspace.errors import DataError
from rowspace.errors.checks import path_of
from rowspace.errors.quoting import one_line
from rowspace.read.binary import HEAD_BYTES, TABLES, foreign, not_text
from rowspace.read.packed import BUFFER_BYTES, Damaged, packing_of
from rowspace.system.memory import require_memory

UNPACKED_BYTES = 1 << 24  # at once
MOST_PACKINGS = 4  # within one another
BOM = b"\xef\xbb\xbf"
_JSON_ARRAY = re.compile(rb'\[\s*[\[{"]')


class Stream:
    """Unpacked bytes of a file, with the name that errors call it; what cannot be read raises DataError.

    >>> import gzip
    >>> Stream("some text", io.BufferedReader(io.BytesIO(gzip.compress(b"some words")))).read(4)
    b'some'
    """

    closed = False

    def __init__(self, name: str, packed: io.BufferedReader) -> None:
        self.name = name
        self._packed, self._unpacked, self._kind, self._seen = packed, packed, "", 0
        for _ in range(MOST_PACKINGS):
            packing = packing_of(self.peek(HEAD_BYTES))
            if packing is None:
                break
            self._kind = f"{packing.name} "
            self._unpacked = io.BufferedReader(_Filled(packing.unpack(self._unpacked)), BUFFER_BYTES)
        self._check_is_known()

    @property
    def packed(self) -> bool:
        """Whether the file is packed."""
        return self._unpacked is not self._packed

    def peek(self, size: int) -> bytes:
        """The first bytes, without taking them: fewer than `size` only at the end, or where it is over BUFFER_BYTES."""
        return self._tried(self._unpacked.peek, size)[:size]

    def read(self, size: int = -1) -> bytes:
        """The next bytes: fewer than `size` only at the end; -1 for all."""
        return self._tried(self._unpacked.read, size)

    def whole(self) -> bytes:
        """All bytes that are left; TooLarge if they are more than fits into memory."""
        if not self.packed:
            require_memory(_left(self._packed), self.name, "give it in parts")
            return self.read()
        parts, size = list[bytes](), 0
        while part := self.read(UNPACKED_BYTES):
            parts.append(part)
            size += len(part)
            # for the parts to be joined
            require_memory(size, f"{self.name}, unpacked,", "unpack it, and give it in parts")
        return b"".join(parts)

    def seekable(self) -> BinaryIO:
        """The stream as a file in which one can go back and forth: the file itself, or all bytes in memory."""
        if not self.packed and self._packed.seekable():
            return self._packed
        return io.BytesIO(self.whole())

    def readable(self) -> bool:
        """Always: Arrow asks."""
        return True

    def close(self) -> None:
        """Nothing: who opened the file closes it."""

    def taken(self) -> int:
        """How many bytes of the file were read since this was last asked: none if that cannot be known."""
        try:
            before, self._seen = self._seen, self._packed.tell()
        except OSError:
            return 0
        return self._seen - before

    def _tried(self, read: Callable[[int], bytes], size: int) -> bytes:
        try:
            return read(size)
        except EOFError:
            raise self._cut_short() from None
        except (Damaged, zlib.error, lzma.LZMAError) as error:
            raise self._damaged(error) from None
        except OSError as error:
            if "Truncated" in str(error):  # as Arrow says it
                raise self._cut_short() from None
            if "too much memory" in str(error):  # a long window of zstd's
                raise DataError(f"{self.name}: {one_line(error)}; unpack it first (zstd -d --long=31)") from None
            if self._kind and error.errno is None:
                raise self._damaged(error) from None
            raise DataError(f"{self.name} cannot be read: {error.strerror or error}") from error

    def _check_is_known(self) -> None:
        head = self.peek(HEAD_BYTES)
        if packing_of(head):
            raise DataError(f"{self.name} is packed more than {MOST_PACKINGS} times over; unpack it")
        if what := foreign(head):
            within = f", within {self._kind}data" if self._kind else ""
            raise DataError(f"{self.name} is {what}{within}; unpack it, and give a file that was inside")

    def _cut_short(self) -> DataError:
        return DataError(
            f"{self.name}: the {self._kind}data ends early; copy or download it again if its original is whole"
        )

    def _damaged(self, error: Exception) -> DataError:
        return DataError(
            f"{self.name}: damaged {self._kind}data ({one_line(error)}); copy it again if its original is whole"
        )


def _left(file: io.BufferedReader) -> int:
    """How many bytes of a file come next; 0 where that is not known."""
    try:
        return os.fstat(file.fileno()).st_size - file.tell()
    except OSError:
        return 0


class _Filled(io.RawIOBase):
    """Bytes that come in pieces, a pipe's for example, as many at a time as are asked for, unless they end."""

    def __init__(self, pieces: Any) -> None:
        self._pieces = pieces

    def readable(self) -> bool:
        return True

    def readinto(self, out: Any) -> int:
        filled, room = 0, memoryview(out).cast("B")
        while filled < len(room) and (part := self._pieces.read(len(room) - filled)):
            room[filled : filled + len(part)] = part
            filled += len(part)
        return filled


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[Stream]:
    """A file, or standard input for "-", unpacked if its first bytes are those of gzip, bzip2, xz or zstd.

    Raises:
        DataError: if there is no such file, or it cannot be read.
    """
    if isinstance(path, str) and path == "-":
        yield Stream("standard input", _peekable(sys.stdin.buffer))
        return
    with _opened(path_of("the file", path)) as packed:
        yield Stream(str(Path(path)), _peekable(packed))


def _opened(path: Path) -> io.BufferedReader:
    try:
        return io.BufferedReader(io.FileIO(path), BUFFER_BYTES)
    except FileNotFoundError:
        raise DataError(f"there is no file {path}") from None
    except IsADirectoryError:
        raise DataError(f"{path} is a folder; give a file inside it") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _peekable(file: Any) -> Any:
    """The file itself, or one of which the first BUFFER_BYTES can be seen at once, however slowly they come."""
    return file if hasattr(file, "peek") and file.seekable() else io.BufferedReader(_Filled(file), BUFFER_BYTES)


def files(path: str | os.PathLike[str]) -> list[str | os.PathLike[str]]:
    """The path itself, or of a folder all files in it and below, sorted by name; hidden ones are left out.

    Raises:
        DataError: for a folder without files.
    """
    if path == "-" or not os.path.isdir(path):
        return [path]
    found: list[str | os.PathLike[str]] = []
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(folder, name) for name in sorted(names) if not name.startswith(".")]
    if not found:
        raise DataError(f"the folder {Path(path)} holds no files")
    return found


@dataclass(frozen=True)
class Content:
    """Unpacked bytes; `skipped` of them (a byte order mark) were cut off the front."""

    name: str
    data: bytes
    skipped: int = 0


def check_utf8(source: Content) -> None:
    """Refuse text that is not UTF-8; DataError says on which line."""
    try:
        source.data.decode()
    except UnicodeDecodeError as error:
        line = source.data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{source.name}, line {line}: not UTF-8 text: byte 0x{source.data[error.start]:02x} at "
            f"offset {error.start + source.skipped}; save the file as UTF-8"
        ) from None


def check_text(name: str, head: bytes) -> None:
    """Refuse what begins as no text in UTF-8 does; DataError says what it is."""
    found = not_text(head)
    if found:
        raise DataError(f"{name} is {found}")


def is_json_array(head: bytes) -> bool:
    """Whether text begins as an array of JSON; a name in brackets may be that of a column."""
    return bool(_JSON_ARRAY.match(head.removeprefix(BOM).lstrip()))


def read_content(
    source: str | os.PathLike[str], expected: str = "a header line and rows", *, tables: bool = False
) -> Content:
    """All bytes of a path, or of standard input for "-", unpacked: text, or with `tables` also Parquet or Arrow.

    Raises:
        DataError: if there is no such file, it is a folder, empty, damaged or no text in UTF-8.
    """
    with opened(source) as stream:
        name, data = stream.name, stream.whole()
    table = next((what for begins, what in TABLES if data.startswith(begins)), None)
    if table and not tables:
        raise DataError(f"{name} is {table}; expected {expected}, as text in UTF-8")
    if not table:
        check_text(name, data)
    skipped = len(BOM) if data.startswith(BOM) else 0
    data = data[skipped:] if skipped else data
    if not data.strip():
        raise DataError(f"{name} is empty; expected {expected}")
    return Content(name, data, skipped)


def lines_of(source: str | os.PathLike[str], expected: str) -> tuple[str, list[tuple[int, str]]]:
    """What errors call a file of text, and its lines that are not blank with their numbers, from 1.

    Raises:
        DataError: as `read_content`, and naming the line that is not UTF-8.
    """
    content, lines = read_content(source, expected), list[tuple[int, str]]()
    for number, line in enumerate(content.data.splitlines(), 1):
        try:
            if line.strip():
                lines.append((number, line.decode()))
        except UnicodeDecodeError:
            raise DataError(f"{content.name}, line {number} is not UTF-8; save the file as UTF-8") from None
    return content.name, lines
