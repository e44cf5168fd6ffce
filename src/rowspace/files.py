"""Files and folders that are either the old ones or the new ones, never half of each.

Everything is written under a temporary name beside its destination, flushed to the disk, and then
renamed.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


@contextmanager
def atomic_file(path: str | os.PathLike[str], mode: str = "w") -> Iterator[IO[Any]]:
    """Open a temporary file that becomes `path` when the block ends and vanishes if it raises.

    Args:
        path: the file to write; its folder must exist.
        mode: "w" for text (UTF-8, newlines as written) or "wb" for bytes.

    Yields:
        The open temporary file; its `name` is where it lies until then.

    Raises:
        OSError: if the file cannot be written; an existing `path` is then as it was.

    >>> from pathlib import Path; from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with atomic_file(Path(folder) / "hello.txt") as out:
    ...         _ = out.write("hello")
    ...     [p.name for p in Path(folder).iterdir()]
    ['hello.txt']
    """
    path = Path(path)
    temporary = _sibling(path)
    text: dict[str, Any] = {} if "b" in mode else {"encoding": "utf-8", "newline": ""}
    try:
        # "x": nobody else's file is ever opened, and the umask decides the permissions
        with open(temporary, mode.replace("w", "x"), **text) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Make a temporary folder that becomes `path` when the block ends, in the old one's place.

    No rename replaces a full folder, so the old one is first renamed aside; should the second
    rename fail, it is renamed back. A reader that finds nothing between the two (microseconds)
    should look again.

    Args:
        path: the folder to write; its parent must exist.

    Yields:
        The temporary folder, to be filled.

    Raises:
        OSError: if it cannot be written; an existing `path` is then as it was.

    >>> from pathlib import Path; from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as parent:
    ...     with atomic_folder(Path(parent) / "model") as folder:
    ...         _ = (folder / "a").write_text("1")
    ...     [p.relative_to(parent).as_posix() for p in Path(parent).rglob("*")]
    ['model', 'model/a']
    """
    path = Path(path)
    temporary = _sibling(path)
    temporary.mkdir()
    try:
        yield temporary
        _sync_tree(temporary)
        _swap_in(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Flush a folder's list of names to the disk: a rename is not durable before that."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sibling(path: Path, kind: str = "tmp") -> Path:
    """A name beside `path` that nobody uses: a rename cannot cross file systems."""
    return path.with_name(f".{path.name[:100]}.{kind}-{os.getpid()}-{os.urandom(4).hex()}")


def _sync_tree(folder: Path) -> None:
    for path in folder.rglob("*"):
        sync_folder(path)  # fsync takes a file as well as a folder
    sync_folder(folder)


def _swap_in(new: Path, path: Path) -> None:
    if not path.exists():
        os.rename(new, path)
        return sync_folder(path.parent)
    aside = _sibling(path, "old")
    os.rename(path, aside)
    try:
        os.rename(new, path)
    except BaseException:
        os.rename(aside, path)
        raise
    sync_folder(path.parent)
    shutil.rmtree(aside, ignore_errors=True)
