"""Plain .npy values, with the names as JSON and the counts as .npy beside them."""

import os

import numpy as np

from rowspace import store
from rowspace.files import atomic_file
from rowspace.formats.source import checked_limit
from rowspace.table import Table


def write_npy(table: Table, path: str | os.PathLike[str]) -> None:
    """Write `<stem>.npy`, with `<stem>.names.json` and `<stem>.counts.npy` if there are any.

    Any name survives; `Table.open` maps the file with what lies beside it.

    Args:
        table: what to write.
        path: the .npy file.

    Raises:
        OSError: if it cannot be written.
    """
    names, counts = store.names_path(path), store.counts_path(path)
    # what is beside an older file goes first: no names are better than another table's names
    names.unlink(missing_ok=True)
    counts.unlink(missing_ok=True)
    with atomic_file(path, "wb") as out:
        store.write_array(out, table.values)
    if table.names is not None:
        with atomic_file(names) as out:
            out.write(store.names_json(table.names))
    if table.counts is not None:
        with atomic_file(counts, "wb") as out:
            store.write_array(out, table.counts)


def read_npy(path: str | os.PathLike[str], limit: int | None = None) -> Table:
    """Read what `write_npy` wrote into memory; `Table.open` maps it instead.

    Args:
        path: the .npy file.
        limit: only that many first rows.

    Returns:
        The table.

    Raises:
        FormatError: if the file is not (n, dim) float32, or is damaged.
    """
    rows = slice(checked_limit(limit))
    table = Table.open(path)
    names = None if table.names is None else table.names[rows]
    counts = None if table.counts is None else table.counts[rows]
    return Table.from_array(np.array(table.values[rows]), names, counts=counts)
