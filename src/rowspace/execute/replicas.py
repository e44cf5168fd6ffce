"""Small tables that every bucket needs: copied for the rows of a stage, and merged after it in a fixed order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rowspace.columns.chunk import Chunk
from rowspace.columns.kinds import column_of
from rowspace.kernel.segments import Arguments
from rowspace.schedule.layout import IdSource
from rowspace.schedule.plan import Plan
from rowspace.state import TrainState


@dataclass
class Replica:
    """A table and its slots, where they stand among a loop's arguments, and the ids it is looked up by."""

    array: np.ndarray
    slots: list[np.ndarray]
    table_place: int
    slot_places: list[int]
    sources: Sequence[IdSource]


class Replicas:
    """The copies that the rows of a stage work on.

    After a stage a table's row is the mean of its copies, weighted by how often each was looked up: as in training on
    several machines with averaged parameters (McDonald, Hall and Mann 2010), but in an order that depends on nothing.
    """

    def __init__(self, tables: Sequence[Replica], columns: Chunk) -> None:
        self.tables, self.columns = tables, columns
        self._copies: list[list[list[np.ndarray]]] = []

    @classmethod
    def of(cls, plan: Plan, state: TrainState) -> "Replicas":
        """Those of the small tables that a plan shares."""
        order = plan.kernel.order()
        starts = np.cumsum([0, *(len(state.slots.get(t, ())) for t in order)]).tolist()
        tables = []
        for name, sources in plan.shared.items():
            place, (values, *slots) = order.index(name), state.arrays_of(name)
            places = list(range(starts[place], starts[place] + len(slots)))
            tables.append(Replica(values, slots, place, places, sources))
        return cls(tables, plan.columns)

    def begin(self, arguments: Arguments, rows: int) -> list[Arguments]:
        """The arguments of a loop for each row, with copies of its own."""
        self._copies = [[[a.copy() for a in (t.array, *t.slots)] for t in self.tables] for _ in range(rows)]
        return [self._with(arguments, copies) for copies in self._copies]

    def _with(self, arguments: Arguments, copies: list[list[np.ndarray]]) -> Arguments:
        tables, slots = list(arguments.tables), list(arguments.states)
        for table, (array, *own) in zip(self.tables, copies, strict=True):
            tables[table.table_place] = array
            for place, slot in zip(table.slot_places, own, strict=True):
                slots[place] = slot
        return replace(arguments, tables=tuple(tables), states=tuple(slots))

    def merge(self, rows: Sequence[tuple[int, int]]) -> None:
        """Average the copies of the rows, whose examples are given, into the tables."""
        for place, table in enumerate(self.tables):
            met = np.stack([self._met(table, lo, hi) for lo, hi in rows]).astype(np.float64)
            changed = np.flatnonzero(met.sum(axis=0))
            weights = (met[:, changed] / met[:, changed].sum(axis=0))[:, :, None]
            for part, array in enumerate((table.array, *table.slots)):
                copies = np.stack([copies[place][part][changed] for copies in self._copies])
                array[changed] = (weights * copies).sum(axis=0)

    def _met(self, table: Replica, lo: int, hi: int) -> np.ndarray:
        """How often the examples look up each row."""
        counts = np.zeros(len(table.array), np.int64)
        for column, place in table.sources:
            ids = column_of(self.columns[column]).between(lo, hi)
            counts += np.bincount(ids if place is None else ids[:, place], minlength=len(counts))
        return counts
