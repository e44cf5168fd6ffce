"""A table on disk: values in `<stem>.npy`, names in `<stem>.names.json` and counts in `<stem>.counts.npy` beside them.

They are read without unpickling anything, and a file's size is compared with what its header says before it is mapped.
A new table is written straight to disk, never held in memory.
"""

import json
import os
import re
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from rowspace.errors import FormatError, ShapeError
from rowspace.errors.quoting import one_line
from rowspace.system.atomic import atomic_file
from rowspace.system.disk_full import explain_disk_full
from rowspace.system.disk_room import reserve
from rowspace.system.lock import locked
from rowspace.system.mapped import write_through
from rowspace.system.memory import require_memory
from rowspace.system.npy import header, map_array, write_array
from rowspace.system.siblings import lock_path
from rowspace.tables.names import Names
from rowspace.tables.values import checked_counts

HELD = "names and counts are held in memory, also of a table on disk: open it where more is free"

# two surrogates in a row: JSON would read them back as the one character they encode
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def names_path(path: str | os.PathLike[str]) -> Path:
    """Where the names of the values at `path` lie.

    >>> names_path("model/E.npy").as_posix()
    'model/E.names.json'
    """
    return _beside(path, ".names.json")


def counts_path(path: str | os.PathLike[str]) -> Path:
    """Where the counts of the values at `path` lie."""
    return _beside(path, ".counts.npy")


def names_json(names: Iterable[str]) -> str:
    """Names as ASCII JSON that holds any string of Python, lone surrogates included.

    >>> names_json(["tab" + chr(9), chr(233)])
    '["tab\\\\t", "\\\\u00e9"]'
    """
    # a name with such a pair is written as its list of code points
    return json.dumps([[*map(ord, name)] if _PAIR.search(name) else name for name in names])


def read_names(path: str | os.PathLike[str]) -> list[str]:
    """Read what `names_json` wrote; FormatError if the file is not a JSON list of strings."""
    # the text of the file, and the names
    require_memory(2 * os.path.getsize(path), f"{path}", HELD)
    try:
        listed = json.loads(Path(path).read_bytes())
        if not isinstance(listed, list):
            raise TypeError(f"it holds {type(listed).__name__}")
        return [name if isinstance(name, str) else "".join(map(chr, name)) for name in listed]
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise FormatError(f"{path} is not a JSON list of names: {one_line(error)}") from None


def open_files(path: str | os.PathLike[str], mode: Any) -> tuple[np.memmap, Any, Any]:
    """The mapped values at `path`, and the names and counts beside them, each or None."""
    values = map_array(path, mode)
    names, counts = names_path(path), counts_path(path)
    return (
        values,
        read_names(names) if names.exists() else None,
        in_memory(map_array(counts, dtype="<i8", ndim=1), counts) if counts.exists() else None,
    )


def in_memory(mapped: np.ndarray, what: str | os.PathLike[str]) -> np.ndarray:
    """A copy of a mapped array, if there is memory for it: a file with holes may be of any size."""
    require_memory(mapped.nbytes, f"{what}, {' x '.join(map(str, mapped.shape))},", HELD)
    return np.array(mapped)


def write_table(
    path: str | os.PathLike[str],
    shape: tuple[int, int],
    rows: Iterable[np.ndarray],
    names: Names | None = None,
    counts: Any = None,
    *,
    replace: bool = False,
) -> None:
    """Write a table that is not there yet, or is to be replaced: all of it, or nothing.

    The `rows` of a table of shape (n, dim) are float32 of (some, dim) at a time.

    Raises:
        FileExistsError: if there is something at the path, or names or counts beside it.
        Locked: if another process is writing it.
        ShapeError: if names or counts are not n.
        DiskFull: if the disk has no room for it, before anything is written.
    """
    path = Path(path)
    if names is not None and len(names) != shape[0]:
        raise ShapeError(f"{len(names)} names for {shape[0]} rows; give one name for each row")
    counts = None if counts is None else checked_counts(counts, shape[0])
    with explain_disk_full(path), locked(lock_path(path), f"{path} is being made"):
        if not replace:
            _refuse_existing(path)
        _write_files(path, shape, rows, names, counts)


def _write_files(path: Path, shape: tuple[int, int], rows: Iterable[np.ndarray], names: Any, counts: Any) -> None:
    with ExitStack() as files:  # left in reverse order: the values, which make a table of it, come last
        _write_values(files.enter_context(atomic_file(path, "wb")), path, shape, rows)
        if names is not None:
            files.enter_context(atomic_file(names_path(path))).write(names_json(names.index_to_key))
        if counts is not None:
            write_array(files.enter_context(atomic_file(counts_path(path), "wb")), counts)


def _write_values(stream: Any, path: Path, shape: tuple[int, int], rows: Iterable[np.ndarray]) -> None:
    at = stream.write(header("<f4", shape))
    reserve(stream.fileno(), at + 4 * shape[0] * shape[1], path)
    for part in rows:
        stream.write(np.ascontiguousarray(part, "<f4").data)
        stream.flush()
        write_through(stream.fileno(), at, part.nbytes)
        at += part.nbytes


def _refuse_existing(path: Path) -> None:
    for there in (path, names_path(path), counts_path(path)):
        if there.exists():
            raise FileExistsError(
                f"{there} is there already; go on with it by Table.open(path, 'r+'), remove it, or take another path"
            )


def _beside(path: str | os.PathLike[str], suffix: str) -> Path:
    path = Path(path)
    return path.with_name(path.name.removesuffix(".npy") + suffix)
