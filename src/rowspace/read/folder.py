"""The folder in which ids lie: one that the user gave, or a temporary one that vanishes."""

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from rowspace.errors import DataError
from rowspace.errors.checks import path_of
from rowspace.system.atomic import atomic_file
from rowspace.system.disk_full import ELSEWHERE, explain_disk_full


class Folder:
    """A folder for files that are either written whole or not there; a temporary one for None.

    A temporary folder is removed by `close`, or when nothing refers to this object, or at the end of the program.

    >>> folder = Folder(None)
    >>> with folder.file("a", "wb") as out:
    ...     _ = out.write(b"1")
    >>> path = folder.path
    >>> os.listdir(path); folder.close(); path.exists()
    ['a']
    False
    """

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        self.temporary = path is None
        if path is None:
            self.path = Path(tempfile.mkdtemp(prefix="rowspace-"))
            self._remove = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)
            return
        self.path = path_of("the folder of ids", path)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise DataError(f"{self.path} is a file; ids= is the folder for the ids") from None

    @contextmanager
    def file(self, name: str, mode: str) -> Iterator[IO[Any]]:
        """Write a file, as atomic_file does."""
        if not self.temporary:
            with atomic_file(self.path / name, mode) as stream:
                yield stream
            return
        with explain_disk_full(self.path / name, advice=ELSEWHERE), open(self.path / name, mode) as stream:
            yield stream

    def close(self) -> None:
        """Remove a temporary folder; what is mapped from it stays readable while it is held."""
        if self.temporary:
            self._remove()
