"""The embedding projector of TensorBoard: vectors.tsv and metadata.tsv."""

import os
from pathlib import Path

from rowspace.formats.source import keys, refuse, refuse_nonfinite, slices, texts
from rowspace.system.atomic import atomic_file, settle
from rowspace.tables.table import Table

# the projector drops lines that are blank to JavaScript, and every later name would slip by one
_UNSAFE = r"[\t\n\r]|\A[\s\ufeff]*\Z"


def write_projector(table: Table, folder: str | os.PathLike[str]) -> None:
    """Write `vectors.tsv` (no header) and `metadata.tsv`, to be loaded at projector.tensorflow.org.

    The metadata are the names alone, without a header, as the projector wants a single column; with
    counts they are two columns under a header.

    Args:
        table: what to write.
        folder: where; it is made if it is not there, and other files in it stay.

    Raises:
        FormatError: for a name with a tab or a line end or without any visible character, and for
            values that are not finite; before anything is written.
        OSError: if they cannot be written.
    """
    names = keys(table)
    refuse(names, _UNSAFE, "a line of TSV")
    refuse_nonfinite(table, "a line of TSV")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_file(folder / "metadata.tsv") as meta, atomic_file(folder / "vectors.tsv") as out:
        if table.counts is None:
            meta.writelines(f"{name}\n" for name in names)
        else:
            meta.write("name\tcount\n")
            pairs = zip(names, table.counts.tolist(), strict=True)
            meta.writelines(f"{name}\t{count}\n" for name, count in pairs)
        for rows in slices(table):
            out.writelines(f"{text}\n" for text in texts(table.values[rows], "\t"))
        settle(meta, out)
