"""Rows of exact updates once they have taken the steps they missed: in the table, or in a copy that is looked at."""

import numpy as np

from rowspace.kernel.loops import RowLoops
from rowspace.kernel.row_loop import catch_up
from rowspace.state import TrainState
from rowspace.system.interrupts import interrupts_deferred
from rowspace.system.mapped import PIECE_BYTES, release


def catch_up_all(state: TrainState, loops: RowLoops) -> None:
    """Let every row of an exact update take the steps it missed, a piece of rows at a time; no copy is made.

    Ctrl-C waits for the end: rows that missed steps of a fit that is over could not be caught up later.
    """
    with interrupts_deferred():
        for table in filter(lambda t: _may_lag(state, t), state.updates):
            arrays = state.arrays_of(table)
            height = max(1, PIECE_BYTES // sum(a[:1].nbytes for a in arrays))
            for lo in range(0, len(arrays[0]), height):
                part = [a[lo : lo + height] for a in arrays]
                _catch_up(state, loops, table, *part)
                for array in part:
                    release(array)


def caught_up(state: TrainState, loops: RowLoops, table: str, rows: np.ndarray) -> np.ndarray:
    """The values of some rows (r, dim) as they are once caught up: a copy. Table and slots stay as they are."""
    values = state.tables[table].values[rows]
    if _may_lag(state, table):
        _catch_up(state, loops, table, values, *(slots[rows] for slots in state.slots[table]))
    return values


def _may_lag(state: TrainState, table: str) -> bool:
    return state.is_exact(table) and table in state.rates.tables


def _catch_up(state: TrainState, loops: RowLoops, table: str, values: np.ndarray, *slots: np.ndarray) -> None:
    """Catch up all rows of these arrays, which are parts of the table and its slots, or copies of parts."""
    loop, rows = loops.rows(table, step=False), np.arange(len(values))
    catch_up(loop, (values, *slots), rows, state.rates.of(table), state.steps, (0, len(rows)))
