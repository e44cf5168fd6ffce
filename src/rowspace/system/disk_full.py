"""A full disk, told in one line: what could not be written, and how much it needs."""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from rowspace.errors import DiskFull
from rowspace.errors.quoting import bytes_text

_FULL = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the quota of the disk is used up"}
_TEMPORARY = re.compile(r"\.((tmp|old|ids|tables)-\d+-[0-9a-f]+|lock|saving)$")
_ADVICE = "free some, or give a place on another disk; what was there before is as it was"

ELSEWHERE = "temporary files lie where TMPDIR says: free some, or name a folder on another disk there"


@contextmanager
def explain_disk_full(path: str | os.PathLike[str], needed: int | None = None, advice: str = _ADVICE) -> Iterator[None]:
    """Turn a full disk within the block into an error that says so.

    It stands around what removes the half-written files, so that what is then free is what there is. The error calls
    what is being written `path`.

    Raises:
        DiskFull: where OSError said that the disk is full; any other error passes.

    >>> with explain_disk_full("words", needed=3_000_000_000):
    ...     raise OSError(errno.EDQUOT, "Quota exceeded")
    Traceback (most recent call last):
    rowspace.errors.DiskFull: cannot write words: the quota of the disk is used up (3 GB needed); free some, ...
    """
    try:
        yield
    except DiskFull:
        raise
    except OSError as error:
        why = _FULL.get(error.errno or 0)
        if why is None:
            if _TEMPORARY.search(str(error.filename)):
                error.filename = str(path)  # what was asked for, not the name under which it is made
            raise
        room = "" if needed is None else f" ({bytes_text(needed)} needed{_free(path, error.errno)})"
        raise DiskFull(f"cannot write {path}: {why}{room}; {advice}", error.errno) from None


def _free(path: str | os.PathLike[str], why: int | None) -> str:
    try:
        free = shutil.disk_usage(os.path.dirname(os.path.abspath(path))).free
    except OSError:
        return ""
    return f", {bytes_text(free)} free" if why == errno.ENOSPC else ""
