"""The items of a group, of a basket or session: as pairs, or as the words of a sentence."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from rowspace.errors import DataError
from rowspace.errors.quoting import quoted
from rowspace.read.name_columns import check_not_empty, name_column, tabular
from rowspace.read.roles import item_column
from rowspace.read.tabular import check_column
from rowspace.system.memory import require_memory

PAIR_BYTES = 60  # of memory, while pairs are made
GROUPS_AT_ONCE = 1 << 10  # as lists of words


def sentences_of_groups(source: Any, column: str | None, group: str) -> tuple[str, Iterator[list[str]]]:
    """What errors call a source, and its groups as lists of items, in the order of their first rows.

    Args:
        source: a path or a table, with an item a row.
        column: of the items; None for the only other one, or the only one of text.
        group: the column that says which group an item is in; those of a group need not stand together.

    Raises:
        DataError: if there are no such columns, or a row has no item or no group.

    >>> list(sentences_of_groups({"order": [1, 2, 1], "item": ["tea", "milk", "jam"]}, None, "order")[1])
    [['tea', 'jam'], ['milk']]
    """
    found = tabular(source)
    check_column(found.name, found.columns, group)
    others = [name for name in found.columns if name != group]
    column = item_column(found, group, others, "column= (--column)") if column is None else column
    check_column(found.name, found.columns, column)
    if column == group:
        raise DataError(f"{found.name}: column and group are both {quoted(group)}")
    table = found.load([column, group], [])
    items, groups = (name_column(found, table, name) for name in (column, group))
    check_not_empty(found, column, items, "item")
    check_not_empty(found, group, groups, "group")
    return found.name, _lists(items, groups)


def _lists(items: Any, groups: Any) -> Iterator[list[str]]:
    import pyarrow as pa

    codes = groups.combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    sorted_items = items.combine_chunks().take(pa.array(np.argsort(codes, kind="stable")))
    ends = np.concatenate([[0], np.cumsum(np.bincount(codes))])
    lists = pa.LargeListArray.from_arrays(pa.array(ends, pa.int64()), sorted_items)
    for k in range(0, len(lists), GROUPS_AT_ONCE):
        yield from lists.slice(k, GROUPS_AT_ONCE).to_pylist()


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
