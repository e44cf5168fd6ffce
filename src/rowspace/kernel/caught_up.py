"""Rows of exact updates once they have taken the steps they missed: in the table, or in a copy that is looked at."""

from typing import TYPE_CHECKING

import numpy as np

from rowspace.kernel.row_loop import catch_up
from rowspace.state import RateHistory
from rowspace.system.interrupts import interrupts_deferred
from rowspace.system.mapped import STRETCH, release

if TYPE_CHECKING:
    from rowspace.train.trainer import Trainer


def catch_up_all(trainer: "Trainer", past: RateHistory) -> None:
    """Let every row of an exact update take the steps it missed, a stretch of rows at a time; no copy is made.

    Ctrl-C waits for the end: rows that missed steps of a fit that is over could not be caught up later.
    """
    with interrupts_deferred():
        for table in filter(lambda t: _may_lag(trainer, past, t), trainer.updates):
            arrays = trainer.tables[table].values, *trainer.states[table]
            height = max(1, STRETCH // sum(a[:1].nbytes for a in arrays))
            for lo in range(0, len(arrays[0]), height):
                part = [a[lo : lo + height] for a in arrays]
                _catch_up(trainer, past, table, *part)
                for array in part:
                    release(array)


def caught_up(trainer: "Trainer", past: RateHistory, table: str, rows: np.ndarray) -> np.ndarray:
    """The values of some rows (r, dim) as they are once caught up: a copy. Table and state stay as they are."""
    values = trainer.tables[table].values[rows]
    if _may_lag(trainer, past, table):
        _catch_up(trainer, past, table, values, *(state[rows] for state in trainer.states[table]))
    return values


def _may_lag(trainer: "Trainer", past: RateHistory, table: str) -> bool:
    update = trainer.updates.get(table)
    return update is not None and update.exact and table in past.tables


def _catch_up(trainer: "Trainer", past: RateHistory, table: str, values: np.ndarray, *states: np.ndarray) -> None:
    """Catch up all rows of these arrays, which are parts of the table and its state, or copies of parts."""
    loop, rows = trainer.row_loop(table, step=False), np.arange(len(values))
    catch_up(loop, values, states, rows, past.of(table), trainer.steps, (0, len(rows)))
