"""Pairs of the items of a group: what is in one basket, or near one another in one session."""

import numpy as np

from rowspace.errors import DataError
from rowspace.system.memory import require_memory

PAIR_BYTES = 60  # of memory, while pairs are made


def pairs_of_groups(source: str, groups: np.ndarray, items: np.ndarray, within: int | None) -> list[np.ndarray]:
    """The rows of the left and of the right items of all pairs, one group after another.

    Args:
        source: how errors call the rows.
        groups: (m,) the group of each row; those of a group need not stand together.
        items: (m,) the item of each row; two of the same are no pair.
        within: how many rows of its group two items are apart at most; None for any number.

    Raises:
        DataError: if there is no pair.

    >>> pairs_of_groups("f", np.array([0, 0, 1, 0]), np.array([5, 6, 6, 7]), within=1)
    [array([0, 1]), array([1, 3])]
    """
    sizes = np.bincount(groups)
    reach = np.minimum(sizes - 1, len(groups) if within is None else within).clip(0)
    total = int((reach * sizes - reach * (reach + 1) // 2).sum())
    advice = "take pairs of near items only: within= (--within 5)"
    require_memory(PAIR_BYTES * total, f"{source}, {total:,} pairs of items of a group,", advice)
    order = np.argsort(groups, kind="stable")
    here, sorted_groups = np.arange(len(groups)), groups[order]
    starts, ends = list[np.ndarray](), list[np.ndarray]()
    for apart in range(1, int(reach.max()) + 1):
        here = here[: np.searchsorted(here, len(groups) - apart)]
        here = here[sorted_groups[here + apart] == sorted_groups[here]]
        starts.append(here)
        ends.append(here + apart)
    left, right = (np.concatenate([np.empty(0, np.int64), *rows]) for rows in (starts, ends))
    in_order = np.argsort(left, kind="stable")
    left, right = order[left[in_order]], order[right[in_order]]
    differ = items[left] != items[right]
    if not differ.any():
        raise DataError(f"{source}: no group has two different items, so there are no pairs")
    return [left[differ], right[differ]]
