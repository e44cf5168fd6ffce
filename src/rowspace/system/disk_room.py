"""Room on the disk, taken before it is needed: a page of a mapped file that finds none ends the process."""

import errno
import os
from collections.abc import Iterator, Sequence

from rowspace.system.disk_full import explain_disk_full

_FILE_BYTES = 2**62  # that no file has
_NO_RESERVING = {errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS}  # of systems that cannot take room beforehand
_ZEROS_BYTES = 2**24  # written at once


def reserve(descriptor: int, size: int, path: str | os.PathLike[str]) -> None:
    """Take room on the disk for a file, all at once: a full disk is an error here, and not while pages are written.

    Raises:
        DiskFull: if there is less; the file is then as long as it was.
        OSError: if no file on that disk can be so large.
    """
    before = os.fstat(descriptor).st_size
    with explain_disk_full(path, size):
        try:
            if size >= _FILE_BYTES:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
            if not _reserved(descriptor, size):
                _write_zeros(descriptor, [(before, size)])
        except OSError as error:
            os.truncate(descriptor, before)  # it may have been given a part
            error.filename = os.fspath(path)
            raise


def fill_holes(descriptor: int, size: int, path: str | os.PathLike[str]) -> None:
    """Take the room that a file with holes has not taken yet: pages of a hole written on a full disk end the process.

    Raises:
        DiskFull: if there is less; what the file holds stays as it is.
    """
    blocks = getattr(os.fstat(descriptor), "st_blocks", None)
    if blocks is None or 512 * blocks >= size:
        return
    with explain_disk_full(path, size - 512 * blocks):
        try:
            if not _reserved(descriptor, size):
                _write_zeros(descriptor, list(_holes(descriptor, size)))
        except OSError as error:
            error.filename = os.fspath(path)
            raise


def _reserved(descriptor: int, size: int) -> bool:
    """Whether the system could take room for a file without writing it."""
    try:
        os.posix_fallocate(descriptor, 0, size)
    except AttributeError:
        return False
    except OSError as error:
        if error.errno in _NO_RESERVING:
            return False
        raise
    return True


def _holes(descriptor: int, size: int) -> Iterator[tuple[int, int]]:
    """Where nothing of a file is on the disk; none where the system does not tell."""
    end = 0
    while end < size and hasattr(os, "SEEK_HOLE") and (begin := os.lseek(descriptor, end, os.SEEK_HOLE)) < size:
        try:
            end = os.lseek(descriptor, begin, os.SEEK_DATA)
        except OSError:  # there is no more
            end = size
        yield begin, end


def _write_zeros(descriptor: int, holes: Sequence[tuple[int, int]]) -> None:
    """Take room by writing zeros: all of it, or none."""
    status, zeros = os.fstatvfs(descriptor), memoryview(bytes(_ZEROS_BYTES))
    if sum(end - begin for begin, end in holes) > status.f_bavail * status.f_frsize:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    for at, end in holes:
        while at < end:
            at += os.pwrite(descriptor, zeros[: end - at], at)
