"""The rates of the steps so far: what a row that missed some of them has to catch up with."""

from collections.abc import Sequence

import numpy as np


class Past:
    """Pieces of steps at constant rates, oldest first: piece p begins at step `since[p]` and has the rates `paces[p]`.

    `tables` says whose rate stands in which column of `paces` (p, tables).

    >>> past = Past()
    >>> past.extend(["E"], np.array([0, 5, 9]), np.array([[0.1], [0.1], [0.2]]))
    >>> past.since.tolist(), past.paces.tolist() == np.array([[0.1], [0.2]], np.float32).tolist()
    ([0, 9], True)
    """

    def __init__(self) -> None:
        self.tables: list[str] = []
        self._since, self._paces, self._count = np.zeros(1, np.int64), np.zeros((1, 0), np.float32), 0

    @property
    def since(self) -> np.ndarray:
        """(p,) int64."""
        return self._since[: self._count]

    @property
    def paces(self) -> np.ndarray:
        """(p, tables) float32."""
        return self._paces[: self._count]

    def extend(self, tables: Sequence[str], since: np.ndarray, rates: np.ndarray) -> None:
        """Add pieces; those at the rates of the piece before them are part of it."""
        if not self._count:
            self.tables, self._paces = list(tables), np.zeros((1, len(tables)), np.float32)
        rates = np.asarray(rates, np.float32)
        last = self.paces[-1:] if self._count else np.full((1, len(tables)), np.nan, np.float32)  # equal to nothing
        new = np.flatnonzero((rates != np.concatenate([last, rates[:-1]])).any(axis=1))
        self._make_room(len(new))
        here = slice(self._count, self._count + len(new))
        self._since[here], self._paces[here] = since[new], rates[new]
        self._count += len(new)

    def _make_room(self, more: int) -> None:
        """Arrays that kernels still read are left as they are."""
        if self._count + more > len(self._since):
            length = 2 * (self._count + more)
            since, paces = np.zeros(length, np.int64), np.zeros((length, len(self.tables)), np.float32)
            since[: self._count], paces[: self._count] = self.since, self.paces
            self._since, self._paces = since, paces
