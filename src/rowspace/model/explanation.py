"""Why rows ended where they did: groups that had to agree, groups that had to differ, and the room.

Pairs labelled 1 ask for a dot product of 1, pairs labelled 0 for 0. So each group of items tied
together by 1s wants one common direction, groups told apart want right angles between them, and k
right angles need k dimensions. With fewer, some group is pushed to the origin, where every dot
product is 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rowspace.errors import DataError, ShapeError
from rowspace.errors.checks import number
from rowspace.errors.quoting import one_line
from rowspace.tables.table import Table, table_of

SHOWN = 20  # groups, members or pairs printed before the rest is only counted


@dataclass(frozen=True)
class Group:
    """Items tied together by pairs labelled 1.

    Attributes:
        members: names, or ids in a table without names.
        mean_norm: mean length of their rows.
        within: mean dot product over all pairs of distinct members; of a single member with itself.
        collapsed: whether every member lies at the origin.
        tied: whether any pair asks for a dot product of 1; an item met only in pairs labelled 0
            is a group by itself that may lie at the origin at no cost.
    """

    members: list[Any]
    mean_norm: float
    within: float
    collapsed: bool
    tied: bool

    def __repr__(self) -> str:
        return f"<Group: {_braced(self.members)}, mean norm {self.mean_norm:.3f}>"


@dataclass(frozen=True)
class Explanation:
    """What the pairs asked for and what the rows made of it; `print` it, or take `to_dict()`.

    Attributes:
        dim: d, the dimensions of the table.
        groups: the groups, in the order of their first member.
        between: (g, g) float64, mean dot product between groups; `within` on the diagonal.
        collapsed: items whose row is shorter than `threshold`.
        threshold: that length.
        told_apart: how many pairs of groups are told apart by a pair labelled 0.
        orthogonal: how many groups must be mutually orthogonal.
        exact: whether `orthogonal` is that number, or only known to be at least it.
        contradictions: pairs labelled 0 inside a group.
        sentence: the whole in words.
    """

    dim: int
    groups: list[Group]
    between: np.ndarray
    collapsed: list[Any]
    threshold: float
    told_apart: int
    orthogonal: int
    exact: bool
    contradictions: list[tuple[Any, Any]]
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """The same as plain lists, numbers and strings, for JSON."""
        plain = {**vars(self), "between": self.between.tolist()}
        plain["groups"] = [dict(vars(group)) for group in self.groups]
        plain["contradictions"] = [list(pair) for pair in self.contradictions]
        return plain

    def __repr__(self) -> str:
        return f"<Explanation: {_counted(self.groups, 'group', 'groups')}. {self.sentence}>"

    def __str__(self) -> str:
        parts = [_group_table(self.groups), _between_table(self.between)]
        short = f"Rows at the origin (shorter than {self.threshold:g}): "
        parts.append(short + (_listed(self.collapsed) or "none"))
        return "\n\n".join([*(part for part in parts if part), self.sentence])


def explain(table: Any, pairs: Any, labels: Any, *, collapsed: float = 0.25) -> Explanation:
    """Explain a table trained on same/different pairs: groups, angles, and who had no room.

    Groups are the connected components of the pairs labelled 1 (an item paired with itself is a
    group of one). Between groups the mean is over all pairs of members, asked for or not. The
    matrices have an entry for every pair of groups, so this is for some thousands of groups.

    Args:
        table: the trained table, or a model that has one.
        pairs: (m, 2) ids or names.
        labels: (m,) 1 for the same, 0 for different.
        collapsed: a row shorter than this counts as being at the origin. The labels ask for length
            1 whatever the table, so the limit is absolute: at 0.25 a row's dot product with itself
            is 0.06, nearer to the 0 of giving up than to the 1 it was asked for.

    Returns:
        Explanation: groups, their means, what collapsed, and the sentence about dimensions.

    Raises:
        DataError: if a label is neither 0 nor 1, or a row is not finite.
        ShapeError: if pairs are not (m, 2) with m labels.
        UnknownItem, IdOutOfRange: if the table has no such item.

    >>> import numpy as np, rowspace as rs
    >>> E = rs.Table.from_array(np.array([[1, 0], [1, 0], [0, 1], [0, 0]], dtype=np.float32))
    >>> told = explain(E, [[0, 1], [3, 3], [2, 2], [0, 2], [1, 3], [2, 3]], [1, 1, 1, 0, 0, 0])
    >>> print(told.sentence)
    3 groups must be mutually orthogonal, which takes 3 dimensions; the table has 2, so 1 group is
    pushed to the origin: {3}.
    """
    table = table_of("what is explained", table)
    number("collapsed", collapsed, 0, wanted="give a length of at least 0")
    ids, same = _checked(table, pairs, labels)
    items, flat = np.unique(ids, return_inverse=True)
    names = [item if table.names is None else table.names[item] for item in items.tolist()]
    asked = _asked(flat.reshape(-1, 2), same, len(items))
    rows = np.asarray(table.values[items], dtype=np.float64)
    norms = _norms(rows, names)
    between = _mean_dots(rows, asked.group_of)
    groups = [
        Group(
            members=[names[k] for k in members],
            mean_norm=float(norms[members].mean()),
            within=float(between[g, g]),
            collapsed=bool((norms[members] < collapsed).all()),
            tied=bool(asked.tied[g]),
        )
        for g, members in enumerate(_members(asked.group_of))
    ]
    contradictions = [(names[i], names[j]) for i, j in asked.inside]
    return Explanation(
        dim=int(table.dim),
        groups=groups,
        between=between,
        collapsed=[names[k] for k in np.flatnonzero(norms < collapsed)],
        threshold=collapsed,
        told_apart=asked.told_apart,
        orthogonal=asked.orthogonal,
        exact=asked.exact,
        contradictions=contradictions,
        sentence=_sentence(table.dim, groups, asked, contradictions),
    )


# --- what was asked


def _checked(table: "Table", pairs: Any, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    ids = table.ids(pairs)
    if ids.ndim != 2 or ids.shape[1] != 2 or len(ids) == 0:
        raise ShapeError(f"pairs must have shape (m, 2) with m at least 1, not {ids.shape}")
    try:
        marks = np.asarray(labels)
    except ValueError as error:
        raise ShapeError(f"labels are no list of 1 and 0, one for each pair: {one_line(error)}") from None
    if marks.shape != (len(ids),):
        raise ShapeError(f"{len(ids)} pairs need {len(ids)} labels, not shape {marks.shape}")
    wrong = np.flatnonzero(~np.isin(marks, (0, 1)))
    if len(wrong):
        raise DataError(
            f"label {wrong[0]} is {marks[wrong[0]].item()!r}: labels must be 1 (same) or 0 "
            "(different); round or threshold other values first"
        )
    return ids, marks.astype(bool)


@dataclass(frozen=True)
class _Asked:
    group_of: np.ndarray  # (n,) the number of each item's group
    tied: np.ndarray  # (g,) bool: some pair asks for a dot product of 1
    inside: np.ndarray  # (c, 2) items of one group, asked to differ
    told_apart: int
    orthogonal: int
    exact: bool


def _asked(pairs: np.ndarray, same: np.ndarray, n: int) -> _Asked:
    group_of = _components(n, pairs[same])
    tied = np.zeros(group_of.max() + 1, dtype=bool)
    tied[group_of[pairs[same]].ravel()] = True
    differ = np.unique(np.sort(pairs[~same], axis=1), axis=0)
    of_one_group = group_of[differ[:, 0]] == group_of[differ[:, 1]]
    apart = _apart(group_of[differ[~of_one_group]], len(tied))
    wanting = int(tied.sum())
    return _Asked(
        group_of=group_of,
        tied=tied,
        inside=differ[of_one_group],
        told_apart=int(apart.sum()) // 2,
        orthogonal=len(_mutually_apart(apart, tied)),
        exact=int(apart[np.ix_(tied, tied)].sum()) == wanting * (wanting - 1),
    )


def _components(n: int, edges: np.ndarray) -> np.ndarray:
    """(n,) the number of each item's component, numbered by their first items."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(n, n))
    _, component = connected_components(graph, directed=False)
    _, first, component = np.unique(component, return_index=True, return_inverse=True)
    return np.unique(first[component], return_inverse=True)[1]


def _members(group_of: np.ndarray) -> list[np.ndarray]:
    order = np.argsort(group_of, kind="stable")
    return np.split(order, np.cumsum(np.bincount(group_of))[:-1])


def _apart(pairs: np.ndarray, count: int) -> np.ndarray:
    """(g, g) bool: which groups are told apart."""
    apart = np.zeros((count, count), dtype=bool)
    apart[pairs[:, 0], pairs[:, 1]] = apart[pairs[:, 1], pairs[:, 0]] = True
    return apart


def _mutually_apart(apart: np.ndarray, tied: np.ndarray) -> list[int]:
    """A large set of groups each told apart from each other (greedy, by how often told apart)."""
    apart = apart & tied[:, None] & tied[None, :]
    chosen: list[int] = []
    candidates = tied & apart.any(axis=1)
    while candidates.any():
        # the most neighbours still in the running; argmax takes the first of equals
        score = np.where(candidates, (apart & candidates).sum(axis=1), -1)
        chosen.append(int(score.argmax()))
        candidates = candidates & apart[chosen[-1]]
    return chosen


# --- what the rows did


def _norms(rows: np.ndarray, names: list[Any]) -> np.ndarray:
    norms = np.linalg.norm(rows, axis=1)
    wrong = np.flatnonzero(~np.isfinite(norms))
    if len(wrong):
        raise DataError(f"the row of {names[wrong[0]]!r} is not finite: its training diverged")
    return norms


def _mean_dots(rows: np.ndarray, group_of: np.ndarray) -> np.ndarray:
    """(g, g) mean dot products, from each group's sum, without going through the pairs."""
    sizes = np.bincount(group_of)
    sums = np.zeros((len(sizes), rows.shape[1]))
    np.add.at(sums, group_of, rows)
    dots = sums @ sums.T
    squares = np.bincount(group_of, weights=(rows**2).sum(axis=1))
    means = dots / np.outer(sizes, sizes)
    distinct = np.maximum(sizes * (sizes - 1), 1)
    np.fill_diagonal(means, np.where(sizes > 1, (np.diag(dots) - squares) / distinct, squares))
    return means


# --- in words


def _sentence(dim: int, groups: list[Group], asked: _Asked, contradictions: list[Any]) -> str:
    said = list[str]()
    if contradictions:
        listed = _listed([f"({i}, {j})" for i, j in contradictions])
        these = _counted(contradictions, "pair is", "pairs are")
        said.append(f"{these} asked both to agree and to differ, directly or through others: {listed}.")
    said.append(_dimension_sentence(dim, groups, asked.orthogonal, asked.exact))
    if asked.told_apart and not asked.exact:
        total = len(groups) * (len(groups) - 1) // 2
        said.append(f"Of {total} pairs of groups, {asked.told_apart} were asked to differ.")
    return " ".join(said)


def _dimension_sentence(dim: int, groups: list[Group], k: int, exact: bool) -> str:
    gone = [group.members for group in groups if group.collapsed and group.tied]
    there = f"there {'is' if len(gone) == 1 else 'are'} {_counted(gone, 'group', 'groups')}"
    at_origin = f"{there} at the origin: {_listed_groups(gone)}"
    if k < 2:
        alone = "No two groups must be orthogonal, so any number of dimensions does."
        return alone + (f" Still {at_origin}." if gone else "")
    least = "" if exact else "At least "
    need = f"{least}{k} groups must be mutually orthogonal, which takes {k} dimensions"
    room = f"{need}; the table has {dim}, so"
    if k <= dim:
        fits = "all of them fit" if exact else "these fit"
        return f"{room} {fits}" + (f"; still {at_origin}." if gone else ".")
    if not gone:
        return f"{room} they cannot all fit; none is at the origin, so some dot products stay off."
    if len(gone) == k - dim and exact:
        return f"{room} {_counted(gone, 'group is', 'groups are')} pushed to the origin: {_listed_groups(gone)}."
    return f"{room} they cannot all fit; {at_origin}."


def _counted(items: Sequence[Any], one: str, many: str) -> str:
    return f"{len(items)} {one if len(items) == 1 else many}"


def _listed(items: Sequence[Any]) -> str:
    more = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return ", ".join(str(item) for item in items[:SHOWN]) + more


def _braced(members: Sequence[Any]) -> str:
    return "{" + _listed(members) + "}"


def _listed_groups(groups: Sequence[Sequence[Any]]) -> str:
    return _listed([_braced(members) for members in groups])


def _group_table(groups: list[Group]) -> str:
    lines = ["group  mean norm  mean dot within  members"]
    for g, group in enumerate(groups[:SHOWN], start=1):
        numbers = f"{g:>5}  {group.mean_norm:>9.3f}  {group.within:>15.3f}"
        lines.append(f"{numbers}  {_braced(group.members)}")
    if len(groups) > SHOWN:
        lines.append(f"  ... and {len(groups) - SHOWN} more groups")
    return "\n".join(lines)


def _between_table(between: np.ndarray) -> str:
    if not 2 <= len(between) <= SHOWN:
        return ""
    head = "mean dot between groups\n" + " " * 5
    lines = [head + "".join(f"{g:>8}" for g in range(1, len(between) + 1))]
    # adding zero turns -0.0 into 0.0
    for g, row in enumerate(between.round(3) + 0.0, start=1):
        lines.append(f"{g:>5}" + "".join(f"{value:>8.3f}" for value in row))
    return "\n".join(lines)
