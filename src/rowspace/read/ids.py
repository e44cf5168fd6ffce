"""Ids on disk, and their folder: written as they come, rewritten in place once it is known which words have a row."""

import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from rowspace.errors import DataError
from rowspace.errors.checks import path_of
from rowspace.read.encoded import text_loop
from rowspace.system.atomic import atomic_file
from rowspace.system.disk_full import ELSEWHERE, explain_disk_full
from rowspace.system.interrupts import interrupts_deferred
from rowspace.system.npy import header

HEADER_BYTES = 128  # bytes of a .npy header for one dimension
PROVISIONAL = np.dtype("<i4")
OFFSET = np.dtype("<i8")
RENUMBERED_AT_ONCE = 1 << 18  # ids


class Folder:
    """A folder for files that are either written whole or not there; for None a temporary one, `within` another.

    A temporary folder is removed by `close`, or when nothing refers to this object, or at the end of the program.

    >>> folder = Folder(None)
    >>> folder.make()
    >>> with folder.file("a", "wb") as out:
    ...     _ = out.write(b"1")
    >>> path = folder.path
    >>> os.listdir(path); folder.close(); path.exists()
    ['a']
    False
    """

    path: Path

    def __init__(self, path: str | os.PathLike[str] | None, *, within: Path | None = None) -> None:
        self.temporary, self._within = path is None, within
        self._remove: Callable[[], object] | None = None
        if path is not None:
            self.path = path_of("the folder of ids", path)

    def make(self) -> None:
        """Make the folder; a user's may be there."""
        if self.temporary:
            with interrupts_deferred():  # a folder that nobody remembers would never vanish
                self.path = Path(tempfile.mkdtemp(prefix="rowspace-", dir=self._within))
                self._remove = weakref.finalize(self, _remove, self.path)
            return
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise DataError(f"{self.path} is a file; ids= is the folder for the ids") from None

    @contextmanager
    def file(self, name: str, mode: str) -> Iterator[IO[Any]]:
        """Write a file, as atomic_file does."""
        if not self.temporary:
            with atomic_file(self.path / name, mode) as stream:
                yield stream
            return
        with explain_disk_full(self.path / name, advice=ELSEWHERE), open(self.path / name, mode) as stream:
            yield stream

    def close(self) -> None:
        """Remove a temporary folder; what is mapped from it stays readable while it is held."""
        if self._remove is not None:
            self._remove()


def _remove(path: Path) -> None:
    with interrupts_deferred():
        shutil.rmtree(path, ignore_errors=True)


def append(stream: IO[Any], ids: np.ndarray) -> None:
    """Write provisional ids, LINE_END among them, behind those that are there."""
    if not stream.tell():
        stream.write(bytes(HEADER_BYTES))
    stream.write(ids.astype(PROVISIONAL, copy=False).data)


def dtype_for(rows: int) -> np.dtype[Any]:
    """uint16 if that holds the ids of so many rows, else int32."""
    return np.dtype("<u2") if rows <= 1 << 16 else np.dtype("<i4")


def renumber(
    ids: IO[Any], offsets: IO[Any], new: np.ndarray, length: int, sentences: int, dtype: np.dtype[Any]
) -> None:
    """Turn provisional ids into a .npy file of `length` ids, where they lie, and write where sentences begin.

    `ids` was filled by `append`, and `offsets` is empty; `new` has the new id of each provisional one, int32, -1 for
    those that are left out. No new id takes more bytes than the old one.
    """
    read = written = HEADER_BYTES
    offsets.write(header(OFFSET, (sentences + 1,)))
    offsets.write(bytes(OFFSET.itemsize))
    out, bounds, begun = np.empty(RENUMBERED_AT_ONCE + 1, np.int32), np.empty(RENUMBERED_AT_ONCE, np.int64), 0
    while True:
        ids.seek(read)
        piece = np.frombuffer(ids.read(RENUMBERED_AT_ONCE * PROVISIONAL.itemsize), PROVISIONAL)
        if not len(piece):
            break
        read += piece.nbytes
        kept, lines = text_loop("renumber")(piece, new, out, bounds, begun)
        begun += kept
        ids.seek(written)
        written += ids.write(out[:kept].astype(dtype).data)
        offsets.write(bounds[:lines].astype(OFFSET, copy=False).data)
    ids.truncate(written)
    ids.seek(0)
    written = ids.write(header(dtype, (length,)))
    assert written == HEADER_BYTES, written
