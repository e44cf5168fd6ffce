"""Files and folders that are either the old ones or the new ones, never half of each.

Everything is written under a temporary name beside its destination, flushed to the disk, and then
renamed.
"""

import contextlib
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from rowspace.system.disk_full import explain_disk_full
from rowspace.system.siblings import put_back, remove_leftovers, sibling, temporary_folder
from rowspace.system.swap import swap_in, sync_folder


@contextmanager
def atomic_file(path: str | os.PathLike[str], mode: str = "w") -> Iterator[IO[Any]]:
    """Open a temporary file that becomes `path` when the block ends and vanishes if it raises.

    Args:
        path: the file to write; its folder must exist. A link stays one: the file it leads to is written.
        mode: "w" for text (UTF-8, newlines as written) or "wb" for bytes.

    Raises:
        DiskFull: an OSError too, if it does not fit on the disk.
        OSError: if the file cannot be written; an existing `path` is then as it was.

    >>> from pathlib import Path; from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with atomic_file(Path(folder) / "hello.txt") as out:
    ...         _ = out.write("hello")
    ...     [p.name for p in Path(folder).iterdir()]
    ['hello.txt']
    """
    with explain_disk_full(path):
        path = Path(os.path.realpath(path))
        _check_file(path)
        temporary = sibling(path)
        text: dict[str, Any] = {} if "b" in mode else {"encoding": "utf-8", "newline": ""}
        try:
            # "x": nobody else's file is ever opened, and the umask decides the permissions
            with open(temporary, mode.replace("w", "x"), **text) as stream:
                yield stream
                settle(stream)
            os.replace(temporary, path)
            sync_folder(path.parent)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()


@contextmanager
def atomic_folder(path: str | os.PathLike[str], needed: int | None = None) -> Iterator[Path]:
    """Make a temporary folder that becomes `path` when the block ends, in the old one's place.

    Where the system can exchange two names in one step (Linux), a reader finds the old folder or the new one at every
    moment; elsewhere the old one is first renamed aside, and a reader that finds nothing between the two renames
    (microseconds) should look again. What a killed program left there before is put back, or removed.

    Args:
        path: the folder to write; its parent must exist. A link stays one: the folder it leads to is replaced.
        needed: bytes that will be written, for the error.

    Raises:
        DiskFull: an OSError too, if it does not fit on the disk.
        OSError: if it cannot be written; an existing `path` is then as it was.

    >>> from pathlib import Path; from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as parent:
    ...     with atomic_folder(Path(parent) / "model") as folder:
    ...         _ = (folder / "a").write_text("1")
    ...     [p.relative_to(parent).as_posix() for p in Path(parent).rglob("*")]
    ['model', 'model/a']
    """
    with explain_disk_full(path, needed):
        path = Path(os.path.realpath(path))
        put_back(path)
        remove_leftovers(path)
        with temporary_folder(path) as temporary:
            yield temporary
            _sync_tree(temporary)
            swap_in(temporary, path)


def settle(*streams: IO[Any]) -> None:
    """Flush files to the disk: of atomic ones nothing is left to fail then but their renames."""
    for stream in streams:
        stream.flush()
        os.fsync(stream.fileno())


def _check_file(path: Path) -> None:
    """Refuse before anything is written what no file may replace: a folder, or a device such as /dev/null."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "Is a directory", str(path))
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "Not a file, but a device or a pipe", str(path))


def _sync_tree(folder: Path) -> None:
    for path in folder.rglob("*"):
        if not path.is_symlink():
            sync_folder(path)  # fsync takes a file as well as a folder
    sync_folder(folder)
