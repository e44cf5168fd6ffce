"""Rows of tables side by side, as a layer looks them up."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rowspace.execute.distinct import places
from rowspace.execute.lookup_loops import gather_rows
from rowspace.execute.row_steps import Threads, in_parts, run
from rowspace.jit.compile import compiled_loop
from rowspace.kernel.emit.functions import prefetch_row
from rowspace.system.interrupts import interrupts_deferred
from rowspace.tables.table import Table


@dataclass(frozen=True)
class Gathered:
    """Rows that are wanted of one table, and where they go.

    Args:
        table: whose rows they are.
        ids: (n,) int64, of which some are the lookups'.
        out: (n, dim) float32 in C order: the row of id `ids[k]` goes to `out[k]`.
        at: the first k that counts, and how many further on the next one is.
        what: what errors call the ids.
    """

    table: Table
    ids: np.ndarray
    out: np.ndarray
    at: tuple[int, int] = (0, 1)
    what: str = "ids"


def gather(wanted: Sequence[Gathered], threads: Threads) -> None:
    """Copy the rows that are wanted; IdOutOfRange, before a row is read for it, where an id is none of the table's."""
    loop = compiled_loop(prefetch_row, gather_rows)

    def some(task: tuple[Gathered, tuple[int, int]]) -> None:
        one, part = task
        if not loop(one.table.values, one.ids, one.out, *one.at, *part):
            one.table.check_ids(one.ids[one.at[0] :: one.at[1]], one.what)

    lookups = [places(one.ids, one.at) for one in wanted]
    tasks = [(one, part) for one, n in zip(wanted, lookups, strict=True) for part in in_parts(n, n, threads)]
    with interrupts_deferred():
        run(threads, some, tasks, sum(lookups))
