"""The distinct rows that many lookups have, and which gradients are to be added up for each."""

from dataclasses import dataclass

import numpy as np

from rowspace.execute.lookup_loops import group_rows
from rowspace.jit.compile import compiled_loop


@dataclass(frozen=True)
class Distinct:
    """Lookups into one table by row: the distinct rows, and the order that sorts the gradients by row.

    Gradients of a row stay in the order of the lookups, so that their sum does too.
    """

    rows: np.ndarray
    order: tuple[np.ndarray, np.ndarray]  # which gradients, (lookups,); where each row's begin, (rows + 1,)
    lookups: int

    @classmethod
    def of(
        cls, ids: np.ndarray, *, ids_at: tuple[int, int] = (0, 1), gradients_at: tuple[int, int] = (0, 1)
    ) -> "Distinct":
        """Of the ids of all lookups.

        Args:
            ids: (n,) int64.
            ids_at: the first id that counts, and how many further on the next one is.
            gradients_at: the number of the first lookup's gradient, and how many further on the next one is.
        """
        count = places(ids, ids_at)
        slots = np.empty(1 << max(4, (2 * count - 1).bit_length()), np.int32)
        rows, order, starts = (np.empty(size, np.int64) for size in (count, count, count + 1))
        groups, loop = np.empty(count, np.int32), compiled_loop(group_rows)
        found = loop(ids, ids_at, gradients_at, slots, groups, rows, order, starts)
        return cls(rows[:found], (order, starts[: found + 1]), count)


def places(ids: np.ndarray, at: tuple[int, int]) -> int:
    """How many ids of an array count: the first one, and how many further on the next one is."""
    return len(range(at[0], len(ids), at[1]))
