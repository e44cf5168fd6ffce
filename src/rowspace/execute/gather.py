"""Rows of tables side by side, as a layer looks them up."""

from collections.abc import Mapping

import numpy as np

from rowspace.execute.lookup_loops import gather_rows
from rowspace.execute.row_steps import Threads, in_parts, run
from rowspace.jit.compile import compiled_loop
from rowspace.kernel.emit.functions import prefetch_row
from rowspace.tables.table import Table


def gather(tables: Mapping[str, Table], ids: np.ndarray, out: np.ndarray, threads: Threads) -> None:
    """Copy one row of each table for every example.

    Args:
        tables: by name, all of one width.
        ids: (..., tables) int64 in C order.
        out: (..., tables, dim) float32 in C order, to be written.
        threads: that do it.

    Raises:
        IdOutOfRange: before a row is read for an id that is none.
    """
    count, loop, flat = len(tables), compiled_loop(prefetch_row, gather_rows), out.reshape(-1, out.shape[-1])
    numbers, examples, found = ids.reshape(-1), ids.size // len(tables), list(tables.items())

    def some(task: tuple[int, tuple[int, int]]) -> None:
        place, (begin, end) = task
        name, table = found[place]
        if not loop(table.values, numbers, flat, place, count, begin, end):
            table.check_ids(ids[..., place], f"ids of {name}")

    parts = in_parts(examples, examples, threads)
    run(threads, some, [(place, part) for place in range(count) for part in parts])
