"""Whether a cost fits the schedule "blocks", and by which id columns its examples are then sorted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rowspace.columns.kinds import Form
from rowspace.kernel.cost import SymbolicCost
from rowspace.kernel.lookups import Lookup, id_sources

# A table that every bucket needs is copied for each of a few threads (docs/decisions/schedule.md#small-shared-tables).
SHARED_BYTES = 2**20  # of such a table, at most
_SHARED_ROWS = 4  # one row in so many of the largest table, at most

IdSource = tuple[str, int | None]  # a column of ids, or a place in a column of fixed bags


@dataclass(frozen=True)
class Layout:
    """How the examples of a cost are sorted: one id or two decide which rows an example writes.

    Args:
        axes: those ids.
        spaces: for each of them, the tables that it looks up, which are cut into blocks; for a pair of rows of one
            table the same tables twice.
        shared: small tables that examples of every bucket write, and where their ids come from.
        sampled: for each column of drawn ids, the axis whose row they replace.
    """

    axes: tuple[IdSource, ...]
    spaces: tuple[tuple[str, ...], ...]
    shared: Mapping[str, list[IdSource]]
    sampled: Mapping[str, int]

    @property
    def symmetric(self) -> bool:
        """Whether both ids are of the same tables."""
        return len(self.axes) == 2 and self.spaces[0] == self.spaces[1]


@dataclass
class _Use:
    """The ids by which a table is looked up."""

    sources: list[IdSource]
    sampled: list[str]
    anywhere: bool = False  # by ragged bags, whose rows may lie in any block
    constant: bool = False


def layout(traced: SymbolicCost, forms: Mapping[str, Form], sizes: Mapping[str, tuple[int, int]]) -> Layout | str:
    """The layout of a cost, or why it has none. `forms` are of its columns, `sizes` the shapes (n, d) of the tables."""
    uses = _uses(traced.lookups[: traced.trained], forms)
    shared: dict[str, list[IdSource]] = {}
    while True:
        cut = {t: use for t, use in uses.items() if t not in shared}
        axes = _axes(cut, list(traced.columns))
        reason = _unfit(cut, axes)
        if not reason:
            return _laid_out(cut, axes, shared, forms)
        small = [t for t in cut if _may_be_shared(uses[t], sizes[t], max(n for n, _ in sizes.values()))]
        if not small or len(cut) == 1:
            return reason
        smallest = min(small, key=lambda t: sizes[t][0] * sizes[t][1])
        shared[smallest] = uses[smallest].sources


def _uses(lookups: Sequence[Lookup], forms: Mapping[str, Form]) -> dict[str, _Use]:
    uses: dict[str, _Use] = {}
    for look in lookups:
        use = uses.setdefault(look.table, _Use([], []))
        for column, place in id_sources(look):
            if column is None:
                use.constant = True
            elif forms[column].draws:
                use.sampled += [column] if column not in use.sampled else []
            elif place == -1 and forms[column].gathered:
                use.sources += [(column, None)] if (column, None) not in use.sources else []
            elif place == -1:
                use.anywhere = True
            elif (column, place) not in use.sources:
                use.sources.append((column, place))
    return uses


def _axes(uses: Mapping[str, _Use], order: Sequence[str]) -> list[IdSource]:
    """The ids that decide, in the order of the cost's parameters."""
    found = {source for use in uses.values() for source in use.sources}
    return sorted(found, key=lambda source: (order.index(source[0]), source[1] or 0))


def _unfit(uses: Mapping[str, _Use], axes: Sequence[IdSource]) -> str:
    for table, use in uses.items():
        if use.anywhere:
            return f"bags of any length look up rows of table {table!r} in any block"
        if use.constant:
            return f"every example looks up the same row of table {table!r}"
        if not use.sources:
            return f"table {table!r} is looked up by sampled ids alone"
    if len(axes) > 2:
        return (
            f"an example looks up rows by {len(axes)} ids ({', '.join(map(_shown, axes))}), which lie in as many blocks"
        )
    return ""


def _shown(source: IdSource) -> str:
    column, place = source
    return column if place is None else f"{column}[{place}]"


def _may_be_shared(use: _Use, size: tuple[int, int], largest: int) -> bool:
    rows, dim = size
    return not use.anywhere and not use.sampled and rows * dim * 4 <= SHARED_BYTES and _SHARED_ROWS * rows <= largest


def _laid_out(
    uses: Mapping[str, _Use], axes: list[IdSource], shared: Mapping[str, list[IdSource]], forms: Mapping[str, Form]
) -> Layout | str:
    spaces = _spaces(uses, axes)
    sampled = _sampled(uses, axes, spaces, forms)
    if isinstance(sampled, str):
        return sampled
    if len(axes) == 2 and spaces[0] != spaces[1] and set(sampled.values()) == {0}:
        axes, spaces = axes[::-1], spaces[::-1]  # the second axis has the larger blocks: more to draw from
        sampled = dict.fromkeys(sampled, 1)
    return Layout(tuple(axes), tuple(spaces), dict(shared), sampled)


def _spaces(uses: Mapping[str, _Use], axes: Sequence[IdSource]) -> list[tuple[str, ...]]:
    """The tables that each id looks up; where both look up one table, all of theirs for both."""
    spaces = [tuple(t for t, use in uses.items() if axis in use.sources) for axis in axes]
    if len(axes) == 2 and set(spaces[0]) & set(spaces[1]):
        return [tuple(dict.fromkeys([*spaces[0], *spaces[1]]))] * 2
    return spaces


def _sampled(
    uses: Mapping[str, _Use], axes: Sequence[IdSource], spaces: Sequence[tuple[str, ...]], forms: Mapping[str, Form]
) -> dict[str, int] | str:
    """The axis whose row each sampled column replaces; or why there is none."""
    sampled: dict[str, int] = {}
    for table, column in ((table, column) for table, use in uses.items() for column in use.sampled):
        candidates = [n for n, space in enumerate(spaces) if table in space]
        single = [n for n in candidates if not forms[axes[n][0]].gathered]
        if not single:
            return f"the sampled ids {column!r} would stand for all ids of a bag {axes[candidates[0]][0]!r}"
        replaced = _replaced(forms[column], single, axes)
        if sampled.setdefault(column, replaced) != replaced:
            return f"the sampled ids {column!r} look up rows of tables that are cut by different ids"
    return sampled


def _replaced(drawn: Form, candidates: Sequence[int], axes: Sequence[IdSource]) -> int:
    """The axis whose row negatives replace: that of the column they avoid, or the last of the same tables."""
    avoided = [n for n in candidates if drawn.draws and axes[n] == (drawn.draws.avoid, None)]
    return (avoided or list(candidates))[-1]
