"""What colours the points: a number for each, or the group that it is in; clusters are groups that are found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import colormaps

from rowspace.errors import DataError, ShapeError
from rowspace.errors.quoting import quoted
from rowspace.plot.figure import PALETTE
from rowspace.tables.table import Table

OTHER, NONE = "#B8B8B8", "#E2E2E2"  # of groups that are not named, and of points without a value
MAP = "viridis"  # of numbers
CLUSTERS = 6
FITTED_ROWS = 20_000  # clusters are found among so many, and the others join the nearest
STARTS = 4  # of which the best clusters are taken
ROUNDS = 50  # of k-means, at most
TYPICAL = 3  # items that a cluster is called by


@dataclass(frozen=True)
class Numbers:
    """A number for each point (n,), NaN where there is none, and what they are."""

    values: np.ndarray
    label: str | None

    def map(self) -> Any:
        """The colours of numbers."""
        return colormaps[MAP].with_extremes(bad=NONE)

    def finite(self) -> np.ndarray:
        """The numbers, NaN where there is none."""
        return np.where(np.isfinite(self.values), self.values, np.nan)


@dataclass(frozen=True)
class Groups:
    """The group of each point (n,) as its place in `names`, the largest first; -1 where a point has none."""

    codes: np.ndarray
    names: list[str]
    label: str | None

    def hexes(self, codes: np.ndarray | None = None) -> list[str]:
        """A colour for each point, or for each of other codes."""
        colors = [*PALETTE, OTHER, NONE]  # that of -1 is the last
        return [colors[min(code, len(PALETTE))] for code in (self.codes if codes is None else codes).tolist()]

    def legend(self) -> list[tuple[str, str]]:
        """Colour and name of what the legend has: the largest groups, all others together, and points without one."""
        named = list(zip(PALETTE, self.names, strict=False))
        more = len(self.names) - len(named)
        named += [(OTHER, f"other ({more:,} more)")] if more else []
        return named + ([(NONE, "no value")] if (self.codes < 0).any() else [])


def colors_of(color: Any, label: str | None, table: Table, ids: np.ndarray) -> Numbers | Groups | None:
    """What colours the rows `ids` of a table, from what a user gave.

    Args:
        color: a value for each row drawn or for each of the table; a dict or Series from items to values; `clusters`
            or `clusters:4`; or None.
        label: what the values are.
        table: the table that is drawn.
        ids: (n,) which rows are.

    Returns:
        Numbers where all values are numbers, else Groups.
    """
    if color is None:
        return None
    if isinstance(color, str):
        return _clusters(_count(color), label, table, ids)
    if isinstance(color, Mapping):
        return _told(_by_item(color, table, ids), label)
    index: Any = getattr(color, "index", None)
    if hasattr(index, "tolist") and not _counts_rows(index):  # a Series of pandas
        items, values = index.tolist(), color.tolist()
        return _told(_by_item(dict(zip(items, values, strict=True)), table, ids), label or getattr(color, "name", None))
    return _told(_by_row(color, len(table), ids), label)


def _counts_rows(index: Any) -> bool:
    return list(index[:2]) == [0, 1][: len(index)]


def _by_item(values: Mapping[Any, Any], table: Table, ids: np.ndarray) -> list[Any]:
    names = table.names
    keys = ids.tolist() if names is None else [names[k] for k in ids.tolist()]
    found = [values.get(key) for key in keys]
    if all(map(_is_none, found)):
        given = ", ".join(map(quoted, list(values)[:3]))
        raise DataError(
            f"color has a value for none of the {len(ids):,} items drawn, such as {quoted(keys[0])}; it names {given}"
        )
    return found


def _by_row(values: Any, n: int, ids: np.ndarray) -> list[Any]:
    array: Any = values
    if not hasattr(values, "shape"):
        array = np.asarray(list(values) if isinstance(values, Iterable) else values, dtype=object)
    if tuple(array.shape) not in ((len(ids),), (n,)):
        raise ShapeError(f"color has shape {tuple(array.shape)}, expected ({len(ids)},): one for each row")
    listed: list[Any] = array.tolist() if hasattr(array, "tolist") else array.to_list()
    return listed if len(listed) == len(ids) else [listed[k] for k in ids.tolist()]


def _told(values: list[Any], label: str | None) -> Numbers | Groups:
    """Numbers, where nothing else is there; else groups by how they are written."""
    given = [value for value in values if value is not None]
    if all(isinstance(value, int | float | np.number) and not isinstance(value, bool) for value in given):
        numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        if not np.isfinite(numbers).any():
            raise ShapeError("color has no finite number to draw")
        return Numbers(numbers, label)
    groups = _grouped([None if _is_none(value) else str(value) for value in values], label)
    if len(groups.names) > len(PALETTE) and len(groups.names) == np.count_nonzero(groups.codes >= 0):
        what = f"color ({quoted(label)})" if label else "color"
        raise DataError(f"{what} is different for each item, such as {quoted(groups.names[0])}; choose another column")
    return groups


def _is_none(value: Any) -> bool:
    return value is None or value == "" or value != value


def _grouped(names: list[str | None], label: str | None) -> Groups:
    distinct, codes, counts = np.unique([name or "" for name in names], return_inverse=True, return_counts=True)
    counts = np.where(distinct == "", -1, counts)
    order = np.argsort(-counts, kind="stable")
    rank = np.empty(len(order), dtype=np.intp)
    rank[order] = np.arange(len(order))
    rank[distinct == ""] = -1
    return Groups(rank[codes], [str(distinct[k]) for k in order if counts[k] > 0], label)


# --- clusters


def _count(color: str) -> int:
    word, _, number = color.partition(":")
    if word != "clusters" or (number and not number.isdecimal()):
        raise DataError(f"color is {quoted(color)}; give a value for each item, or 'clusters', or 'clusters:4'")
    count = int(number or CLUSTERS)
    if not 2 <= count <= len(PALETTE):
        raise DataError(
            f"color is {quoted(color)}; ask for 2 to {len(PALETTE)} clusters: more colours cannot be told apart"
        )
    return count


def _clusters(count: int, label: str | None, table: Table, ids: np.ndarray) -> Groups:
    """k-means of the directions of the rows: items are alike by cosine, so lengths have no say."""
    from scipy.cluster.vq import vq

    rows = np.asarray(table.values[ids], dtype=np.float64)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    draws = np.random.default_rng(0)
    fitted = rows if len(rows) <= FITTED_ROWS else rows[np.sort(draws.choice(len(rows), FITTED_ROWS, replace=False))]
    found = [_fit(fitted, count, draws) for _ in range(STARTS)]
    centers = found[int(np.argmin([vq(fitted, one)[1].sum() for one in found]))]
    codes, distances = vq(rows, centers)
    names = {k: _called(np.flatnonzero(codes == k), distances, table, ids) for k in np.unique(codes).tolist()}
    return _grouped([names[k] for k in codes.tolist()], label or f"{len(names)} clusters")


def _fit(rows: np.ndarray, count: int, draws: np.random.Generator) -> np.ndarray:
    """Centers (k, d) of k-means, from starts that are far apart."""
    from scipy.cluster.vq import vq

    centers = rows[draws.integers(len(rows))][None]
    while len(centers) < count:
        apart = np.min([((rows - center) ** 2).sum(axis=1) for center in centers], axis=0)
        if not apart.sum() > 1e-9:  # fewer different rows than clusters
            break
        centers = np.vstack([centers, rows[draws.choice(len(rows), p=apart / apart.sum())]])
    codes = np.empty(0)
    for _ in range(ROUNDS):
        before, codes = codes, vq(rows, centers)[0]
        if np.array_equal(before, codes):
            break
        centers = np.array([rows[codes == k].mean(axis=0) for k in np.unique(codes)])
    return centers


def _called(members: np.ndarray, distances: np.ndarray, table: Table, ids: np.ndarray) -> str:
    """A cluster's name: its most frequent items, or those nearest to its middle."""
    ranks = distances[members] if table.counts is None else -table.counts[ids[members]]
    first = ids[members[np.argsort(ranks, kind="stable")[:TYPICAL]]].tolist()
    names = table.names
    listed = ", ".join(str(k if names is None else names[k]) for k in first)
    return listed + (", ..." if len(members) > TYPICAL else "")
