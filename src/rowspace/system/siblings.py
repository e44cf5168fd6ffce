"""Hidden names beside a path: its lock, and the temporary files and folders from which it is made.

What a killed program left behind is told from what a living one still writes by a lock on the temporary file or
folder itself, which the system takes back from the dead.
"""

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rowspace.system.flock import flock

LONGEST = 100  # bytes of a path's name in a name beside it: file systems allow 255 for all of it


def lock_path(path: str | os.PathLike[str]) -> Path:
    """The file whose lock is held while something is trained into `path`.

    >>> lock_path("models/words").as_posix()
    'models/.words.lock'
    """
    return _hidden(Path(path), "lock")


def saving_path(path: str | os.PathLike[str]) -> Path:
    """The file whose lock is held while `path` is saved, and for a moment by whoever begins to train into it."""
    return _hidden(Path(path), "saving")


def sibling(path: Path, kind: str = "tmp") -> Path:
    """A name beside `path` that nobody uses: a rename cannot cross file systems."""
    return _hidden(path, f"{kind}-{os.getpid()}-{os.urandom(4).hex()}")


@contextmanager
def temporary_folder(path: Path, kind: str = "tmp") -> Iterator[Path]:
    """A new folder beside `path`, removed at the end if it is still there under its name.

    `kind` stands in the name: "tmp", "ids" for the ids of a text, or "tables" for tables on disk.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as parent:
    ...     with temporary_folder(Path(parent) / "m") as folder:
    ...         print(folder.name.partition("-")[0])
    ...     os.listdir(parent)
    .m.tmp
    []
    """
    folder, descriptor = _claimed_folder(path, kind)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def remove_leftovers(path: Path) -> None:
    """Remove what killed programs left beside `path`: half-written folders, and an old one that was replaced."""
    old = _left(path, "old")
    made = [left for kind in ("tmp", "ids", "tables") for left in _left(path, kind)]
    for left in [*made, *(old if path.exists() else ())]:
        _remove_unclaimed(left)


def present(path: Path) -> Path:
    """`path`; or, where it is missing, the folder that a swap killed between its two renames left beside it."""
    if os.path.lexists(path):
        return path
    old = _left(path, "old")
    return old[0] if len(old) == 1 else path


def leftover_hint(path: Path) -> str:
    """What an error adds where nothing is at the path, but several old folders are beside it."""
    old = _left(path, "old")
    found = " and ".join(map(str, old))
    return f"; saves were interrupted, and {found} are from before: rename one back" if old else ""


def put_back(path: Path) -> None:
    """Put back what a swap killed between its two renames left beside `path`."""
    old = present(path)
    if old != path:
        with contextlib.suppress(OSError):  # somebody else did, or filled the path
            os.rename(old, path)


def _hidden(path: Path, ending: str) -> Path:
    return path.with_name(f".{_short(path.name)}.{ending}")


def _short(name: str) -> str:
    """The name; or what is left of a long one, with a digest that tells it from others that begin alike."""
    if len(os.fsencode(name)) <= LONGEST:
        return name
    return f"{name[: LONGEST // 5]}-{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}"


def _left(path: Path, kind: str) -> list[Path]:
    ours = re.compile(re.escape(f".{_short(path.name)}.{kind}") + r"-\d+-[0-9a-f]+")
    try:
        names = os.listdir(path.parent)
    except OSError:
        return []
    return [path.with_name(name) for name in sorted(names) if ours.fullmatch(name)]


def _claimed_folder(path: Path, kind: str) -> tuple[Path, int]:
    """A new folder that no other program removes as a leftover, and the descriptor that holds its lock."""
    while True:
        folder = sibling(path, kind)
        folder.mkdir()
        try:
            descriptor = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:  # taken for a leftover in the moment before it was locked
            continue
        if flock(descriptor) is not False and folder.exists():
            return folder, descriptor
        os.close(descriptor)


def _remove_unclaimed(left: Path) -> None:
    try:
        descriptor = os.open(left, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return
    try:
        if flock(descriptor):
            shutil.rmtree(left, ignore_errors=True)
    finally:
        os.close(descriptor)
