"""Arrays over mapped files: their rows brought into memory before they are needed, and released afterwards.

The system does all of this by itself too, a page at a time and when it is short of memory. Told beforehand it reads
long pieces, and this process never holds more than it was given. Advice that a system does not know is left out.
"""

import contextlib
import ctypes
import errno
import mmap
import os
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from rowspace.errors import FormatError, RowspaceError
from rowspace.system.disk_room import fill_holes, reserve

PIECE_BYTES = 2**24  # gone through at a time

_BEGIN, _WAIT = 2, 7  # of sync_file_range: write what is dirty; and wait for it


class Mapped:
    """An array (n, ...) in C order over a file's pages, which are the file's own: writes go to it.

    `array[lo:hi]` is prefetched, released and flushed by the row.
    """

    def __init__(self, array: np.ndarray, pages: mmap.mmap, begin: int, descriptor: int) -> None:
        self.array, self._pages, self._descriptor = array, pages, descriptor
        self.row_bytes = array.nbytes // max(1, len(array))
        first = np.frombuffer(pages, np.uint8).ctypes.data
        self._within, self._begin = array.ctypes.data - first, begin

    def expect(self, *, scattered: bool) -> None:
        """Tell whether rows that were not brought will be met in any order, or in theirs."""
        if hasattr(mmap, "MADV_RANDOM"):
            self._pages.madvise(mmap.MADV_RANDOM if scattered else mmap.MADV_NORMAL)

    def prefetch(self, lo: int, hi: int) -> None:
        """Ask for rows that will be needed soon."""
        start, end = self._reach(lo, hi)
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self._descriptor, self._begin + start, end - start, os.POSIX_FADV_WILLNEED)

    def release(self, lo: int, hi: int) -> None:
        """Take rows out of this process's memory, and begin to write those that were changed."""
        start, end = self._reach(lo, hi)
        if hasattr(mmap, "MADV_DONTNEED"):
            self._pages.madvise(mmap.MADV_DONTNEED, start, end - start)
        _write(self._descriptor, self._begin + start, end - start, _BEGIN)

    def flush(self, lo: int, hi: int) -> None:
        """Wait until rows that were released are written, and let the system forget them too.

        Raises:
            OSError: if they cannot be written.
        """
        start, end = self._reach(lo, hi)
        write_through(self._descriptor, self._begin + start, end - start)

    def _reach(self, lo: int, hi: int) -> tuple[int, int]:
        """Where rows begin and end among the mapped bytes, in whole pages."""
        start = self._within + lo * self.row_bytes
        end = self._within + min(hi, len(self.array)) * self.row_bytes
        return start - start % mmap.PAGESIZE, min(len(self._pages), end + -end % mmap.PAGESIZE)


def write_through(descriptor: int, start: int, size: int) -> None:
    """Wait until bytes of a file are written, and let the system forget them; OSError if they cannot be written."""
    _write(descriptor, start, size, _WAIT)
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, start, size, os.POSIX_FADV_DONTNEED)


def mapped(array: np.ndarray) -> Mapped | None:
    """The array as one over a file's pages; None if it is in memory, or its changes stay in this process."""
    base = _map_under(array)
    if base is None or base.mode == "c" or not array.flags.c_contiguous:
        return None
    descriptor = _descriptor(_owner(base))
    if descriptor is None:
        return None
    offset = int(base.offset)
    return Mapped(array, _pages_of(base), offset - offset % mmap.ALLOCATIONGRANULARITY, descriptor)


def is_mapped(array: np.ndarray) -> bool:
    """Whether an array stands on a file's pages, in whichever mode."""
    return _map_under(array) is not None


def map_file(stream: Any, path: str | os.PathLike[str], **how: Any) -> np.memmap:
    """Map an open file as `np.memmap` does; which file it is stays known, whatever is renamed later."""
    array: Any = np.memmap(stream, **how)
    array.filename = Path(path).resolve()
    if array.mode == "r+":
        _keep(array, os.dup(stream.fileno()))
    array.identity = _identity(os.fstat(stream.fileno()))
    return array


def changes_are_seen(written: np.ndarray, other: np.ndarray) -> bool:
    """Whether what is written to the one array may be read in the other: in memory, or in a file that both map."""
    if np.may_share_memory(written, other):
        return True
    base, one, two = _map_under(written), _place(written), _place(other)
    if base is None or base.mode == "c" or one is None or two is None:
        return False
    return one[0] == two[0] and max(one[1], two[1]) < min(one[2], two[2])


def whole_file(array: np.ndarray) -> Path | None:
    """The file that an array is mapped from, if writes go to it and it holds nothing behind the array."""
    base, place = _map_under(array), _place(array)
    if base is None or place is None or base.mode == "c" or base.filename is None:
        return None
    identity, begin, end = place
    with contextlib.suppress(OSError):
        status = os.stat(base.filename)
        if _identity(status) == identity and (begin, end) == (_owner(base).offset, status.st_size):
            return Path(base.filename)
    return None


def check_whole(arrays: Iterable[np.ndarray]) -> None:
    """Refuse to go on with files that were cut short since they were mapped: pages that are gone end the process.

    Raises:
        FormatError: for the first one.
    """
    for array in arrays:
        base, place = _map_under(array), _place(array)
        descriptor = None if base is None else _descriptor(_owner(base))
        if descriptor is not None and place is not None and (left := os.fstat(descriptor).st_size) < place[2]:
            raise FormatError(
                f"{base.filename} was cut short to {left:,} of {place[2]:,} bytes while it was in use; "
                "what it held is lost: go on from a checkpoint, or write it again"
            )


def take_room(array: np.ndarray) -> None:
    """Fill the holes of a file that will be written by way of this array, such as one made with mode "w+".

    Raises:
        DiskFull: if the disk has no room for them.
    """
    base = _map_under(array)
    if base is None or base.mode not in ("r+", "w+") or base.filename is None:
        return
    with contextlib.suppress(FileNotFoundError, PermissionError), open(base.filename, "r+b") as stream:
        fill_holes(stream.fileno(), os.fstat(stream.fileno()).st_size, base.filename)


def release(array: np.ndarray) -> None:
    """Take an array out of memory, if it is mapped from a file."""
    found = mapped(array) if array.size else None
    if found is not None:
        found.release(0, len(array))


def pieces(array: np.ndarray, size: int = PIECE_BYTES) -> Iterator[np.ndarray]:
    """The array in pieces of rows, of about so many bytes; a mapped one is released as the pieces go by."""
    rows = max(1, size * len(array) // max(1, array.nbytes))
    for lo in range(0, len(array), rows):
        yield array[lo : lo + rows]
        release(array[lo : lo + rows])


def copy_rows(source: np.ndarray, target: np.ndarray) -> None:
    """Copy an array to another of its shape, piece by piece."""
    lo = 0
    for part in pieces(source):
        target[lo : lo + len(part)] = part
        release(target[lo : lo + len(part)])
        lo += len(part)


def converted(array: np.ndarray, convert: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """What `convert` makes of a mapped array, piece by piece: the array itself where that is what it gives.

    Otherwise an array over a file without a name, in the system's folder for temporary files.
    """
    out, lo = None, 0
    for part in pieces(array):
        try:
            new = convert(part)
        except RowspaceError:
            convert(array)  # whose error names the place in the whole
            raise
        if out is None and not np.shares_memory(new, part):
            out = scratch(tempfile.gettempdir(), (len(array), *new.shape[1:]), new.dtype)
        if out is not None:
            out[lo : lo + len(new)] = new
            release(out[lo : lo + len(new)])
        lo += len(new)
    return array if out is None else out


def scratch(folder: str | os.PathLike[str], shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An array of zeros over a file without a name in a folder, whose room on the disk is taken at once.

    It is gone when nobody uses the array any more.

    Raises:
        DiskFull: if the disk has less room than the array needs.
    """
    size = int(np.prod(shape, dtype=object)) * np.dtype(dtype).itemsize
    with tempfile.TemporaryFile(dir=folder) as file:
        reserve(file.fileno(), size, Path(folder) / "a temporary file of a table on disk")
        array = np.memmap(file, dtype=dtype, mode="r+", shape=shape)  # type: ignore[call-overload]
        _keep(array, os.dup(file.fileno()))
    return array


def _map_under(array: np.ndarray) -> Any:
    """The mapped array that an array is a view of, or None."""
    base: Any = array
    while base is not None and not (isinstance(base, np.memmap) and _pages_of(base) is not None):
        base = getattr(base, "base", None)
    return base


def _owner(base: Any) -> Any:
    """The array that mapped the file, of which a mapped array is a view."""
    while isinstance(base.base, np.memmap):
        base = base.base
    return base


def _place(array: np.ndarray) -> tuple[tuple[int, int], int, int] | None:
    """Of which file an array is, whatever it is called, and from which byte to which; None if it is of none."""
    base = _map_under(array)
    if base is None:
        return None
    owner = _owner(base)
    begin = owner.offset + array.ctypes.data - owner.ctypes.data
    try:
        identity = owner.identity if hasattr(owner, "identity") else _identity(os.stat(owner.filename))
    except (OSError, TypeError):  # it has no name, or not any more
        return None
    return identity, begin, begin + array.nbytes


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _pages_of(array: Any) -> Any:
    return getattr(array, "_mmap", None)


def _descriptor(owner: Any) -> int | None:
    """A descriptor of the file that an array is mapped from."""
    if not hasattr(owner, "descriptor"):
        try:
            _keep(owner, os.open(owner.filename, os.O_RDONLY))
        except (OSError, TypeError):  # it has no name, or not any more
            return None
    return owner.descriptor


def _keep(owner: Any, descriptor: int) -> None:
    """Keep a descriptor as long as an array."""
    owner.descriptor = descriptor
    weakref.finalize(owner, os.close, descriptor)


def _write(descriptor: int, start: int, size: int, how: int) -> None:
    write = _sync_file_range()
    if write is None or not size:
        return
    if write(descriptor, ctypes.c_int64(start), ctypes.c_int64(size), ctypes.c_uint(how)):
        failed = ctypes.get_errno()
        if failed not in (errno.ENOSYS, errno.EINVAL, errno.ESPIPE):
            raise OSError(failed, f"a file cannot be written: {os.strerror(failed)}")


@cache
def _sync_file_range() -> Any:
    try:
        found = ctypes.CDLL(None, use_errno=True).sync_file_range
    except (OSError, AttributeError, TypeError):
        return None
    return found
