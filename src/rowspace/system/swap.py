"""A folder put in another's place: in one step where the system can, in two renames elsewhere."""

import ctypes
import errno
import os
import shutil
import sys
from functools import cache
from pathlib import Path
from typing import Any

from rowspace.system.siblings import sibling

_HERE = -100  # AT_FDCWD
_EXCHANGE = 2  # RENAME_EXCHANGE
_TRIES = 20


def swap_in(new: Path, path: Path) -> None:
    """Put the folder `new` at `path`, and remove what was there.

    On Linux the two exchange their names in one step, so that there is a whole folder at `path` at every moment.
    Where the system or the file system cannot do so, the old one is first renamed to a name beside it: a
    program killed between the two renames leaves it there, for `siblings.put_back`.

    Raises:
        OSError: if it cannot be done; what was at `path` is then still there.
    """
    old = new if _exchanged(new, path) else _renamed(new, path)
    sync_folder(path.parent)
    shutil.rmtree(old, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Flush a folder's list of names to the disk: a rename is not durable before that."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _exchanged(a: Path, b: Path) -> bool:
    """Whether a and b, both there, could exchange their names."""
    call = _call()
    return call is not None and call(_HERE, os.fsencode(a), _HERE, os.fsencode(b), _EXCHANGE) == 0


@cache
def _call() -> Any:
    """Linux's renameat2, or None."""
    if not sys.platform.startswith("linux"):
        return None
    call = getattr(ctypes.CDLL(None), "renameat2", None)
    if call is not None:
        call.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
    return call


def _renamed(new: Path, path: Path) -> Path:
    """Two renames; where the old folder is then."""
    for _ in range(_TRIES):
        aside = sibling(path, "old")
        there = _set_aside(path, aside)
        try:
            os.rename(new, path)
            return aside
        except BaseException as error:
            if getattr(error, "errno", None) not in (errno.ENOTEMPTY, errno.EEXIST):
                if there:
                    _moved(aside, path)
                raise
        # another process was quicker between the two renames: what it put there is the old one now
        shutil.rmtree(aside, ignore_errors=True)
    raise OSError(errno.EBUSY, "Another process writes this folder all the time", str(path))


def _set_aside(path: Path, aside: Path) -> bool:
    """Move a folder aside: by a rename, or where that cannot be, as in a layer of a container's image, by a copy."""
    try:
        return _moved(path, aside)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    half = sibling(path)
    try:
        shutil.copytree(path, half, symlinks=True)
        os.rename(half, aside)
    finally:
        shutil.rmtree(half, ignore_errors=True)
    shutil.rmtree(path)
    return True


def _moved(a: Path, b: Path) -> bool:
    """Rename; whether there was anything to rename."""
    try:
        os.rename(a, b)
    except FileNotFoundError:
        return False
    return True
