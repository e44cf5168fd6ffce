"""Parquet with the columns `name` and `vector` (and `count`), for data frames and viewers."""

import os
from typing import Any

import numpy as np

from rowspace.errors import FormatError
from rowspace.errors.quoting import one_line, quoted
from rowspace.formats.source import check_finite, checked_limit, keys, opened, refuse, refuse_nonfinite
from rowspace.system.atomic import atomic_file
from rowspace.system.parquet import ask_for_columns
from rowspace.tables.table import Table

# rows in a row group
GROUP_ROWS = 65536  # written together


def write_parquet(table: Table, path: str | os.PathLike[str]) -> None:
    """Write a table with one row an item.

    Columns: `name` (string; the id as text in a table without names), `vector` (fixed-size list of
    dim float32) and, if the table has counts, `count` (int64).

    Args:
        table: what to write.
        path: the .parquet file.

    Raises:
        FormatError: for a name that is not valid Unicode (a lone surrogate), and for values that are not finite.
        OSError: if it cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = keys(table)
    refuse(names, r"[^\s\S]", "Parquet")
    refuse_nonfinite(table, "a file of vectors")
    schema = _schema(table)
    with atomic_file(path, "wb") as out, pq.ParquetWriter(out, schema) as writer:
        for a in range(0, len(table), GROUP_ROWS):
            rows = slice(a, a + GROUP_ROWS)
            vectors = pa.array(table.values[rows].ravel())
            columns = [
                pa.array(names[rows], pa.string()),
                pa.FixedSizeListArray.from_arrays(vectors, table.dim),
                *([] if table.counts is None else [pa.array(table.counts[rows])]),
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))


def read_parquet(path: str | os.PathLike[str], limit: int | None = None) -> Table:
    """Read a file with the columns `name` and `vector`, and `count` if it is there.

    Args:
        path: the .parquet file.
        limit: only that many first rows.

    Returns:
        The table.

    Raises:
        FormatError: if it is not Parquet, or its columns are not such.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    limit = checked_limit(limit)
    try:
        with opened(path) as stream, pq.ParquetFile(stream) as file:
            ask_for_columns(str(path), file)
            read = file.read().slice(0, limit)
        names, vectors = read["name"].cast(pa.string()), read["vector"]
        values = _matrix(vectors.combine_chunks())
        check_finite(values, lambda i: f"row {i} ({quoted(names[i].as_py())})")
        counts = read["count"].to_numpy() if "count" in read.column_names else None
        return Table.from_array(values, names, counts=counts)
    except (pa.ArrowException, KeyError, ValueError) as error:
        raise FormatError(f"{path} is not a table of names and vectors: {one_line(error)}") from None
    except OSError as error:
        if error.errno is not None:  # it cannot be opened
            raise
        raise FormatError(f"{path} is a damaged Parquet file: {one_line(error)}") from None


def _schema(table: Table) -> Any:
    import pyarrow as pa

    columns = [("name", pa.string()), ("vector", pa.list_(pa.float32(), table.dim))]
    return pa.schema(columns if table.counts is None else [*columns, ("count", pa.int64())])


def _matrix(vectors: Any) -> np.ndarray:
    """A column of equally long lists as (n, dim) float32."""
    import pyarrow.compute as pc

    numbers, widths = pc.list_flatten(vectors), pc.list_value_length(vectors).unique()
    if vectors.null_count or numbers.null_count or len(widths) != 1:
        raise FormatError("its vectors are not all there, or not equally long")
    try:
        with np.errstate(over="raise", invalid="ignore"):
            rows = np.array(numbers.to_numpy(zero_copy_only=False), dtype=np.float32)
    except FloatingPointError:
        raise FormatError("a number is too large for float32") from None
    return rows.reshape(len(vectors), -1)
