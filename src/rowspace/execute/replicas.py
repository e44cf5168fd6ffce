"""Small tables that every bucket needs: copied for the tasks of a stage, and merged after it in a fixed order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rowspace.columns.chunk import Chunk
from rowspace.columns.kinds import column_of
from rowspace.kernel.segments import Arguments
from rowspace.schedule.layout import IdSource

REPLICAS = 8  # tasks of a stage, whatever the number of threads: all begin with the same rows


@dataclass
class Replica:
    """A table and its state, as they stand in a Arguments, and the ids it is looked up by."""

    array: np.ndarray
    states: list[np.ndarray]
    table_place: int
    state_places: list[int]
    sources: list[IdSource]


class Replicas:
    """The copies that the tasks of a stage work on.

    After a stage a row is the mean of its copies, weighted by how often each task looked it up: as in training on
    several machines with averaged parameters (McDonald, Hall and Mann 2010), but in an order that depends on nothing.
    """

    def __init__(self, tables: Sequence[Replica], columns: Chunk) -> None:
        self.tables, self.columns = tables, columns
        self._copies: list[list[list[np.ndarray]]] = []

    def begin(self, bound: Arguments, tasks: int) -> list[Arguments]:
        """A Arguments for each task, with copies of its own."""
        self._copies = [[[a.copy() for a in (t.array, *t.states)] for t in self.tables] for _ in range(tasks)]
        return [self._bound(bound, copies) for copies in self._copies]

    def _bound(self, bound: Arguments, copies: list[list[np.ndarray]]) -> Arguments:
        tables, states = list(bound.tables), list(bound.states)
        for table, (array, *own) in zip(self.tables, copies, strict=True):
            tables[table.table_place] = array
            for place, state in zip(table.state_places, own, strict=True):
                states[place] = state
        return replace(bound, tables=tuple(tables), states=tuple(states))

    def merge(self, tasks: Sequence[tuple[int, int]]) -> None:
        """Average the copies of the tasks, whose examples are given, into the tables."""
        for place, table in enumerate(self.tables):
            met = np.stack([self._met(table, lo, hi) for lo, hi in tasks]).astype(np.float64)
            rows = np.flatnonzero(met.sum(axis=0))
            weights = (met[:, rows] / met[:, rows].sum(axis=0))[:, :, None]
            for part, array in enumerate((table.array, *table.states)):
                copies = np.stack([copies[place][part][rows] for copies in self._copies])
                array[rows] = (weights * copies).sum(axis=0)

    def _met(self, table: Replica, lo: int, hi: int) -> np.ndarray:
        """How often the examples look up each row."""
        found = np.zeros(len(table.array), np.int64)
        for column, place in table.sources:
            ids = column_of(self.columns[column]).between(lo, hi)
            found += np.bincount(ids if place is None else ids[:, place], minlength=len(found))
        return found
