"""Locks between processes: files that one process holds at a time, and that no kill leaves locked."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rowspace.errors import Locked

if os.name == "nt":
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, 1 << 30, os.SEEK_SET)  # beyond what is written, which others may then read
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def held(path: str | os.PathLike[str], what: str) -> Iterator[None]:
    """Hold the lock file at `path` until the block ends; the file is there only while it is held.

    Arguments:
        path: the file; its folder must exist.
        what: what errors call that which is locked.

    Raises Locked if another process holds it (or this one, a second time), OSError if the file cannot be made.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with held(Path(folder) / ".lock", "model words"):
    ...         Path(folder, ".lock").read_text() == str(os.getpid())
    True
    """
    path = Path(path)
    descriptor = _taken(path, what)
    try:
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        if os.name != "nt":
            path.unlink(missing_ok=True)  # still locked: who opened it meanwhile will see that it is not the path's
        os.close(descriptor)


def _taken(path: Path, what: str) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(descriptor)
            if _is_at(descriptor, path):
                return descriptor
        except (BlockingIOError, PermissionError):
            holder = _holder(descriptor)
            os.close(descriptor)
            raise Locked(f"{what} is in use by {holder}; wait until it ends, or give another folder") from None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # removed while this process came to it


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _holder(descriptor: int) -> str:
    number = os.read(descriptor, 20).decode("ascii", "replace")
    return f"process {number}" if number.isdecimal() else "another process"
