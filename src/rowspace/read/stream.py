"""Files and standard input as streams of unpacked bytes, and the files of a folder."""

import io
import lzma
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from rowspace.errors import DataError
from rowspace.errors.checks import path_of
from rowspace.errors.quoting import one_line
from rowspace.read.packed import BUFFER, HEAD, Damaged, foreign, packing_of
from rowspace.system.memory import require_memory

BLOCK = 1 << 24  # bytes unpacked at once
DEEPEST = 4  # packed forms within one another


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
        for _ in range(DEEPEST):
            packing = packing_of(self.peek(HEAD))
            if packing is None:
                break
            self._kind = f"{packing.name} "
            self._unpacked = io.BufferedReader(_Filled(packing.unpack(self._unpacked)), BUFFER)
        self._check_is_known()

    @property
    def packed(self) -> bool:
        """Whether the file is packed."""
        return self._unpacked is not self._packed

    def peek(self, size: int) -> bytes:
        """The first bytes, without taking them: fewer than `size` only at the end, or where it is over BUFFER."""
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
        while part := self.read(BLOCK):
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
        head = self.peek(HEAD)
        if packing_of(head):
            raise DataError(f"{self.name} is packed more than {DEEPEST} times over; unpack it")
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
        return io.BufferedReader(io.FileIO(path), BUFFER)
    except FileNotFoundError:
        raise DataError(f"there is no file {path}") from None
    except IsADirectoryError:
        raise DataError(f"{path} is a folder; give a file inside it") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _peekable(file: Any) -> Any:
    """The file itself, or one of which the first BUFFER bytes can be seen at once, however slowly they come."""
    return file if hasattr(file, "peek") and file.seekable() else io.BufferedReader(_Filled(file), BUFFER)


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
