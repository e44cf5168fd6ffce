"""The rates of the steps so far: what a row that missed some of them has to catch up with."""

from collections.abc import Sequence

import numpy as np

from rowspace.errors import CheckpointError


class RateHistory:
    """Pieces of steps at constant rates, oldest first: piece p begins at step `since[p]`, its rates are `paces[:, p]`.

    `tables` says whose rate stands in which row of `paces`, which has room for more pieces than there are.

    >>> past = RateHistory()
    >>> past.extend(["E"], np.array([0, 5, 9]), np.array([[0.5], [0.5], [0.25]]))
    >>> past.since.tolist(), past.paces[0, :2].tolist()
    ([0, 9], [0.5, 0.25])
    """

    def __init__(self) -> None:
        self.tables: list[str] = []
        self.paces = np.zeros((0, 0), np.float32)
        self._since, self._count = np.zeros(0, np.int64), 0

    @classmethod
    def of_pieces(cls, tables: Sequence[str], since: np.ndarray, paces: np.ndarray) -> "RateHistory":
        """Of pieces (p,) and their rates (tables, p), as they were."""
        past = cls()
        past.tables, past._since, past.paces, past._count = list(tables), since, paces, len(since)
        return past

    @property
    def since(self) -> np.ndarray:
        """(p,) int64."""
        return self._since[: self._count]

    def of(self, table: str) -> tuple[np.ndarray, np.ndarray]:
        """The pieces and the rates of one table."""
        place = self.tables.index(table)
        return self.since, self.paces[place : place + 1]

    def extend(self, tables: Sequence[str], since: np.ndarray, rates: np.ndarray) -> None:
        """Add pieces, with rates (p, tables); those at the rates of the piece before them are part of it."""
        if self.tables and self.tables != list(tables):
            raise CheckpointError(
                f"the checkpoint keeps the rates of the tables {', '.join(self.tables)}, in this order, and the "
                f"training has {', '.join(tables)}: it was altered; begin anew in another folder"
            )
        if not self.tables:
            self.tables, self.paces = list(tables), np.zeros((len(tables), 0), np.float32)
        rates = np.asarray(rates, np.float32)
        last = self.paces[:, self._count - 1] if self._count else np.full(len(tables), np.nan)  # equal to nothing
        new = np.flatnonzero((rates != np.vstack([last, rates[:-1]])).any(axis=1))
        self._make_room(len(new))
        here = slice(self._count, self._count + len(new))
        self._since[here], self.paces[:, here] = since[new], rates[new].T
        self._count += len(new)

    def forget(self, step: int) -> None:
        """Forget the pieces that end at or before a step: those that rows which have seen so many steps do not need.

        >>> past = RateHistory()
        >>> past.extend(["E"], np.array([0, 5, 9]), np.array([[0.5], [0.4], [0.3]]))
        >>> past.forget(7)
        >>> past.since.tolist(), past.paces.tolist()
        ([5, 9], [[0.4000000059604645, 0.30000001192092896]])
        """
        first = max(0, int(np.searchsorted(self.since, step, side="right")) - 1)
        if first:
            self._since, self.paces = self.since[first:].copy(), self.paces[:, first : self._count].copy()
            self._count -= first

    def _make_room(self, more: int) -> None:
        if self._count + more > len(self._since):
            room = self._count + 2 * more
            self._since = np.concatenate([self._since, np.zeros(room, np.int64)])
            self.paces = np.concatenate([self.paces, np.zeros((len(self.tables), room), np.float32)], axis=1)
