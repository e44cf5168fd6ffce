"""Refuses a Parquet file that needs more memory than there is, before it is read."""

from typing import Any

from rowspace.system.memory import require_memory

WIDTHS = {"DOUBLE": 8, "INT64": 8}  # bytes of a value; 4 for the others, and for where a text begins


def ask_for_columns(name: str, file: Any, instead: str = "read it in parts") -> None:
    """Refuse a small file, pyarrow's ParquetFile, of more values than memory holds.

    Raises:
        TooLarge: if they need more memory than there is.
        pyarrow.ArrowException, OSError: if the file is damaged.
    """
    told = file.metadata
    for k in range(told.num_row_groups):  # damage is raised here; asked for a damaged column, Arrow ends the process
        next(file.iter_batches(1, row_groups=[k]), None)
    columns = [told.row_group(k).column(j) for k in range(told.num_row_groups) for j in range(told.num_columns)]
    needed = sum(one.num_values * WIDTHS.get(one.physical_type, 4) for one in columns)
    require_memory(needed, f"{name}, {told.num_rows:,} rows,", instead)
