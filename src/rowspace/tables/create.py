"""Tables written straight to the disk: a .npy file with names and counts beside it, never held in memory."""

import os
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from rowspace.errors import DataError, ShapeError
from rowspace.system.atomic import atomic_file
from rowspace.system.disk_full import explain_disk_full
from rowspace.system.disk_room import reserve
from rowspace.system.lock import locked
from rowspace.system.mapped import write_through
from rowspace.system.siblings import lock_path
from rowspace.tables.files import counts_path, names_json, names_path, write_array
from rowspace.tables.names import Names
from rowspace.tables.table import Table
from rowspace.tables.values import checked_counts


def write_table(
    path: str | os.PathLike[str],
    shape: tuple[int, int],
    rows: Iterable[np.ndarray],
    names: Names | None = None,
    counts: Any = None,
    *,
    replace: bool = False,
) -> None:
    """Write a table that is not there yet: all of it, or nothing.

    Args:
        path: the .npy file; names and counts are written beside it.
        shape: (n, dim).
        rows: the values, float32 of (some, dim) at a time.
        names: n names, or None.
        counts: (n,) int64, or None.
        replace: whether a table that is there is replaced.

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


def reopened(path: str | os.PathLike[str], shape: tuple[int, int], names: list[str] | None = None) -> Table:
    """The table of a training that is gone on with; its values are written over by those of the checkpoint.

    Raises:
        DataError: if it is a table of another shape or of other names.
        FormatError, OSError: as `Table.open`.
    """
    table = Table.open(path, "r+")
    if table.shape != shape or table.names != names:
        found, wanted = (f"{n} x {dim}" for n, dim in (table.shape, shape))
        others = f"{found}, not {wanted}" if found != wanted else f"{found} with other names"
        raise DataError(f"{path} is a table of {others}: another training's; give the folder that this one began with")
    return table


def _write_values(stream: Any, path: Path, shape: tuple[int, int], rows: Iterable[np.ndarray]) -> None:
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    stream.flush()
    at = stream.tell()
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
