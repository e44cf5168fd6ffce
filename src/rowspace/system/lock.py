"""One trainer or saver at a time: a lock that the system takes back when its process ends, however it ends."""

import contextlib
import errno
import os
import stat
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rowspace.errors import Locked, Waiting
from rowspace.system.flock import flock
from rowspace.system.siblings import lock_path, saving_path

_AGAIN = 0.01  # seconds between two looks at a lock that is waited for
_LONG = 10.0  # seconds of waiting, until a warning says for whom
_OURS: set[tuple[int, int]] = set()  # the locks that this process holds, by file


@contextmanager
def locked(path: str | os.PathLike[str], what: str, *, wait: bool = False) -> Iterator[None]:
    """Hold a lock for a block; refuse at once if somebody else does, or wait.

    The file is made where it is not, says which process holds the lock, and is removed at the end. It may stay behind
    when a process is killed, but the lock does not. Readers take no lock. On a file system that knows no locks
    nothing is held.

    Args:
        path: the lock's file; its folder must exist.
        what: how the error begins, such as "words is being trained".
        wait: whether to wait for the other; after ten seconds a warning says for whom.

    Raises:
        Locked: if another process, or another block of this one, holds it.
        OSError: if the file cannot be made.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, locked(f"{folder}/lock", "words is being trained"):
    ...     try:
    ...         with locked(f"{folder}/lock", "words is being trained"):
    ...             pass
    ...     except Locked as error:
    ...         print(str(error).replace(str(os.getpid()), "1234"))
    words is being trained by process 1234; wait for it to end, or give another folder
    """
    path = Path(path)
    descriptor = _taken(path, what, time.monotonic() if wait else None)
    ours = _identity(os.fstat(descriptor))
    _OURS.add(ours)
    try:
        with contextlib.suppress(OSError):  # on a full disk it goes unsaid who holds it
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        _OURS.discard(ours)
        _released(descriptor, path)


@contextmanager
def trained(path: Path, told: str | os.PathLike[str]) -> Iterator[None]:
    """Hold the lock of a model that is trained into a folder: others do not train into it, nor save to it.

    `path` is the folder without links, `told` what errors call it.

    Raises:
        Locked: if another process does; one that saves is waited for.
    """
    with ExitStack() as lock:
        with _saving(path, told):
            lock.enter_context(locked(lock_path(path), f"{told} is being trained"))
        yield


@contextmanager
def saved(path: Path, told: str | os.PathLike[str]) -> Iterator[None]:
    """Hold the lock of a model while it is saved: one save after another, and none into what somebody else trains.

    Raises:
        Locked: if another process trains into the folder.
    """
    with ExitStack() as lock:
        lock.enter_context(_saving(path, told))
        # whoever saves holds both locks; so a training has this one now, and it may be one of this very process
        if not _is_ours(lock_path(path)):
            lock.enter_context(locked(lock_path(path), f"{told} is being trained"))
        yield


def _saving(path: Path, told: str | os.PathLike[str]) -> contextlib.AbstractContextManager[None]:
    return locked(saving_path(path), f"{told} is being saved", wait=True)


def _is_ours(path: Path) -> bool:
    """Whether this process holds the lock at a path."""
    try:
        return _identity(os.stat(path, follow_symlinks=False)) in _OURS
    except OSError:
        return False


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _taken(path: Path, what: str, since: float | None) -> int:
    """Open and lock the file at a path, which its holder may remove meanwhile; gives its descriptor.

    `since` is when the waiting began; None if the lock is not to be waited for.
    """
    while True:
        descriptor = _opened(path)
        try:
            if flock(descriptor) is False:
                since = _waited(path, what, since)
            elif _is_at(path, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _waited(path: Path, what: str, since: float | None) -> float:
    """Wait a moment, or raise Locked if `since` is None; gives the next `since`, infinity once a warning was given."""
    if since is None:
        raise Locked(f"{what} by {_holder(path)}; wait for it to end, or give another folder")
    time.sleep(_AGAIN)
    if time.monotonic() - since > _LONG:
        warnings.warn(f"{what} by {_holder(path)}; waiting for it to end", Waiting, stacklevel=2)
        return float("inf")
    return since


def _opened(path: Path) -> int:
    # a link that somebody else put there would lead to a file that is then cut to nothing
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileExistsError(errno.EEXIST, "Not a lock, though it has a lock's name", str(path))
    return descriptor


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path, follow_symlinks=False), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _holder(path: Path) -> str:
    try:
        pid = int(path.read_bytes()[:20])
    except (OSError, ValueError):
        return "another process"
    return f"process {pid}"


def _released(descriptor: int, path: Path) -> None:
    """Give the lock back, and remove its file."""
    if sys.platform == "win32":  # where no open file can be removed
        os.close(descriptor)
        with contextlib.suppress(OSError):  # somebody else has it open already
            path.unlink()
        return
    # removed while it is still locked: who opened it before finds another file at the path, or none, and tries anew
    if _is_at(path, descriptor):
        with contextlib.suppress(OSError):
            path.unlink()
    os.close(descriptor)
