"""The system's lock on an open file or folder, which it takes back when the process ends, however that ends."""

import errno
import os
import sys

_HELD = {errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK, errno.EDEADLK}
_UNKNOWN = {errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL}  # of file systems without locks

if sys.platform == "win32":
    import msvcrt

    _PLACE = 1 << 30  # the byte that is locked: beyond what a file with a lock holds, which others may read

    def _take(descriptor: int) -> None:
        os.lseek(descriptor, _PLACE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)

else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def flock(descriptor: int) -> bool | None:
    """Take the lock of an open file, without waiting; it is held until the file is closed.

    Returns:
        Whether it is held now: False where somebody else has it, None on a file system that knows no locks.

    Raises:
        OSError: for any other error.
    """
    try:
        _take(descriptor)
    except OSError as error:
        if error.errno in _UNKNOWN:
            return None
        if error.errno in _HELD:
            return False
        raise
    return True
