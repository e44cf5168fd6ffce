"""Plain .npy values, with the names as JSON and the counts as .npy beside them."""

import os
from contextlib import ExitStack

from rowspace.errors import FormatError
from rowspace.errors.quoting import quoted
from rowspace.formats.source import check_finite, checked_limit, refuse_nonfinite
from rowspace.read.binary import HEAD_BYTES
from rowspace.read.packed import packing_of
from rowspace.system.atomic import atomic_file, settle
from rowspace.system.npy import write_array
from rowspace.tables import files
from rowspace.tables.table import Table


def write_npy(table: Table, path: str | os.PathLike[str]) -> None:
    """Write `<stem>.npy`, with `<stem>.names.json` and `<stem>.counts.npy` if there are any.

    Any name survives; `Table.open` maps the file with what lies beside it.

    Args:
        table: what to write.
        path: the .npy file.

    Raises:
        FormatError: for values that are not finite, before anything is written.
        OSError: if it cannot be written.
    """
    refuse_nonfinite(table, "a file of vectors")
    beside = [files.names_path(path), files.counts_path(path)]
    with atomic_file(path, "wb") as out, ExitStack() as stack:
        write_array(out, table.values)
        written = [out]
        if table.names is not None:
            written.append(stack.enter_context(atomic_file(beside[0])))
            written[-1].write(files.names_json(table.names))
        if table.counts is not None:
            written.append(stack.enter_context(atomic_file(beside[1], "wb")))
            write_array(written[-1], table.counts)
        settle(*written)
        # what is beside an older file goes before the new one comes: no names are better than another table's names
        for old in beside:
            old.unlink(missing_ok=True)


def read_npy(path: str | os.PathLike[str], limit: int | None = None) -> Table:
    """Read what `write_npy` wrote into memory; `Table.open` maps it instead.

    Args:
        path: the .npy file.
        limit: only that many first rows.

    Returns:
        The table.

    Raises:
        FormatError: if the file is not (n, dim) float32, packed or damaged; naming the row of a number that is not
            finite.
    """
    rows = slice(checked_limit(limit))
    _check_not_packed(path)
    table = Table.open(path)
    names = None if table.names is None else table.names[rows]
    counts = None if table.counts is None else table.counts[rows]
    values = files.in_memory(table.values[rows], path)
    check_finite(values, lambda i: f"{path}, row {i}{f' ({quoted(names[i])})' if names else ''}")
    return Table.from_array(values, names, counts=counts)


def _check_not_packed(path: str | os.PathLike[str]) -> None:
    with open(path, "rb") as stream:
        packing = packing_of(stream.read(HEAD_BYTES))
    if packing:
        raise FormatError(f"{path} is packed by {packing.name}; unpack it first: a .npy file is mapped as it lies")
