"""Pairs of items from a file or data frame: one vocabulary, ids, and numbers beside them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rowspace.columns.frames import decoded
from rowspace.errors import DataError
from rowspace.errors.checks import first_failing, whole
from rowspace.errors.quoting import one_line, quoted
from rowspace.errors.warnings import UnusedColumn
from rowspace.read.dialect import Said, checked_columns
from rowspace.read.groups import pairs_of_groups
from rowspace.read.name_columns import called, check_no_null, check_not_empty, name_column, place, tabular
from rowspace.read.roles import check_guess, chosen_columns, unused_columns, with_roles_said
from rowspace.read.tabular import Tabular
from rowspace.read.two_kinds import check_kinds, check_said, named_apart
from rowspace.read.unlikely import check_guessed
from rowspace.system.memory import STRING, explain_out_of_memory, require_memory
from rowspace.tables.values import Floats

# what an error about text in the place of a number says was expected, for each role that has numbers
EXPECTED = {"label": "; a label is 1 for the same, 0 for different", "weight": "; a weight is 0 or more"}

Ids = np.ndarray[Any, np.dtype[np.int32]]


@dataclass(frozen=True)
class Pairs:
    """Pairs of items, read.

    Attributes:
        names: n distinct names, the most frequent first, ties by first appearance.
        left, right: (m,) int32 ids into `names`.
        label, weight: (m,) float32, or None if not asked for.
        counts: (n,) int64, how often each name occurs, left and right together.
        columns: the column that each of left, right, label, weight and group was read from.
        unused: the columns that were not, and whether they hold numbers, text or something else.
        two_kinds: whether left and right items are of two kinds, as was said.
    """

    names: list[str]
    left: Ids
    right: Ids
    label: Floats | None
    weight: Floats | None
    counts: np.ndarray
    columns: dict[str, str]
    unused: dict[str, str] = field(default_factory=dict)
    two_kinds: bool = False

    def __len__(self) -> int:
        return len(self.left)

    def __repr__(self) -> str:
        first = ", ".join(map(quoted, self.names[:3])) + (", ..." if len(self.names) > 3 else "")
        used = ", ".join(f"{role} {quoted(column)}" for role, column in self.columns.items())
        return f"<Pairs: {len(self):,} of {len(self.names):,} items {first}; {used}>"


def read_pairs(
    source: Any,
    *,
    left: str | None = None,
    right: str | None = None,
    label: str | None = None,
    weight: str | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
    columns: Sequence[str] | None = None,
    group: str | None = None,
    within: int | None = None,
    two_kinds: bool | None = None,
) -> Pairs:
    """Read pairs of items by column name.

    The kind of file is told by its first bytes: Parquet, Arrow (Feather), JSON lines if it begins with "{",
    MatrixMarket if it says so, else text with tabs, commas or semicolons, whichever splits the header and the first
    rows alike, or the one of Excel's first line `sep=;`; gzip, bzip2, xz or zstd around any of these. Whole numbers
    become names by their decimal text. Rows and columns of a matrix that is not square are different items, `row 3` and
    `column 3`. The whole source is read into memory.

    Args:
        source: a path, "-" for standard input; a pyarrow Table, dataset or reader, or a pandas or polars frame; an
            array of shape (n, 2) or, with `columns`, (n, 3); a list of tuples; a graph of networkx; a sparse matrix of
            scipy, whose values are weights unless all are 1.
        left, right: columns of names; by default the first two that have a name (row numbers of pandas and R have
            none) and are not asked for otherwise.
        label, weight: columns of numbers; by default none.
        delimiter: what stands between the fields of a text, where two fit, or another than tab, comma, semicolon, "::"
            and runs of spaces.
        header: whether a text has a header line above its rows. None: it has, and one that looks like a row is
            refused; it has none with `columns`, nor where comments (lines that begin with # or %) stand above rows of
            numbers, or name their columns, as in edge lists. Without, columns are called 1, 2, 3.
        columns: names for all columns of a text, in place of a header, or of an array or of tuples. Those called left,
            right, label and weight are taken as such.
        group: a column of baskets or sessions: pairs are made of the items of each group, which `left` names (by
            default the only other column, or the only one of text); two of the same item are no pair.
        within: with `group`, how many rows of their group two items are apart at most; None for any number.
        two_kinds: whether left and right items are of two kinds, such as users and films, each with the name of its
            column in front: "user 1", "film 1". None: they are not, and numbers in both of two columns that are
            named as two kinds are refused.

    Returns:
        Pairs: ids (m,) int32 into one list of names, and what `columns` they came from.

    Raises:
        DataError: naming file, line and column, for anything that cannot be a pair: missing
            columns, a header that looks like data, two delimiters that fit, rows of another length, three columns
            of text if nothing says which two are the items, numbers that seem to be two items each,
            names that are missing, empty or hold a zero byte, numbers that are missing or not finite,
            negative weights, text that is not UTF-8.

    >>> from pathlib import Path; from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "flights.csv"
    ...     _ = path.write_text("from,to,n\\nABE,ATL,853\\nATL,ABI,7\\n")
    ...     pairs = read_pairs(path, weight="n")
    >>> pairs.names, pairs.left, pairs.right, pairs.weight
    (['ATL', 'ABE', 'ABI'], array([1, 0], dtype=int32), array([0, 2], dtype=int32),
     array([853.,   7.], dtype=float32))
    >>> pairs.columns
    {'left': 'from', 'right': 'to', 'weight': 'n'}
    >>> baskets = {"order": [1, 1, 1, 2], "item": ["milk", "bread", "jam", "milk"]}
    >>> len(read_pairs(baskets, group="order")), len(read_pairs(baskets, group="order", within=1))
    (3, 2)
    >>> read_pairs({"user": [1, 2], "film": [1, 1]}, two_kinds=True).names
    ['film 1', 'user 1', 'user 2']
    """
    _check_group(group, within, {"right": right, "label": label, "weight": weight, "two_kinds": two_kinds})
    check_said(two_kinds)
    said = Said(delimiter, header, checked_columns(columns))
    asked = {"left": left, "right": right, "label": label, "weight": weight, "group": group}
    with explain_out_of_memory(called(source), "give the pairs in parts"):
        return _read(tabular(source, said), asked, within, two_kinds)


def _check_group(group: str | None, within: int | None, others: dict[str, Any]) -> None:
    if group is None and within is not None:
        raise DataError("within (--within) is for the items of a group; say which column has it: group= (--group)")
    if within is not None:
        whole("within", within, 1)
    for role in (role for role, name in others.items() if group is not None and name is not None):
        which = f"{role} (--{role.replace('_', '-')})"
        raise DataError(f"{which} is for pairs in a row; with a group, left (--left) is the column of items")


def _read(source: Tabular, asked: dict[str, str | None], within: int | None, two_kinds: bool | None) -> Pairs:
    asked = with_roles_said(source, asked)
    columns = chosen_columns(source, asked)
    texts = [columns[role] for role in ("left", "right", "group") if role in columns]
    numbers = [column for role, column in columns.items() if role in ("label", "weight")]
    table = source.load(list(dict.fromkeys(texts)), [name for name in dict.fromkeys(numbers) if name not in texts])
    if table.num_rows == 0:
        raise DataError(f"{source.name} has {'a header but no rows' if source.guessed_header else 'no pairs'}")
    sides = [name_column(source, table, name) for name in texts]
    both = columns["left"], columns["right"]
    if "group" in columns:
        sides = _grouped(source, columns, sides, within)
    elif two_kinds:
        for name, side in zip(both, sides, strict=True):
            check_not_empty(source, name, side, "name")
        sides = named_apart(both, sides)
    names, (left_ids, right_ids), counts = _encode(source, texts, sides)
    check_guessed(source, asked, columns, table)
    check_guess(source, asked, columns, names)
    if two_kinds is None and "group" not in columns:
        check_kinds(source.name, both, names, left_ids, right_ids)
    values = {role: _numbers(source, table, columns.get(role), hint) for role, hint in EXPECTED.items()}
    _check_not_negative(source, columns.get("weight"), values["weight"])
    unused = unused_columns(source, columns)
    for name in unused:
        if name.casefold() in ("label", "weight") and name.casefold() not in columns:
            UnusedColumn.warn(source.name, name)
    label, weight = values.values()
    return Pairs(names, left_ids, right_ids, label, weight, counts, columns, unused, bool(two_kinds))


# --- names


def _grouped(source: Tabular, columns: dict[str, str], sides: list[Any], within: int | None) -> list[Any]:
    """The left and right items of the pairs in each group."""
    import pyarrow as pa

    items, _, groups = sides
    check_not_empty(source, columns["left"], items, "name")
    check_not_empty(source, columns["group"], groups, "group")
    codes = [column.combine_chunks().dictionary_encode() for column in (groups, items)]
    numbers = [one.indices.to_numpy(zero_copy_only=False) for one in codes]
    rows = pairs_of_groups(source.name, numbers[0], numbers[1], within)
    return [pa.chunked_array([codes[1].take(pa.array(side))]) for side in rows]


def _encode(source: Tabular, columns: list[str], sides: list[Any]) -> tuple[list[str], list[np.ndarray], np.ndarray]:
    """One vocabulary for both sides, in order of decreasing count, ties by first appearance."""
    import pyarrow as pa

    chunks = [chunk for side in sides for chunk in side.chunks]
    encoded = pa.chunked_array(chunks).dictionary_encode().unify_dictionaries()
    codes = np.concatenate([chunk.indices.to_numpy() for chunk in encoded.chunks])
    first = _first_appearance(codes, len(encoded.chunk(0).dictionary))
    names = _checked_names(source, columns, encoded.chunk(0).dictionary, first)
    counts = np.bincount(codes, minlength=len(names))
    order = np.lexsort((first, -counts))
    rank = np.empty(len(order), dtype=np.int32)
    order = order[counts[order] > 0]  # an item alone in its groups is in no pair
    rank[order] = np.arange(len(order), dtype=np.int32)
    ids = rank[codes]
    left, right = np.split(ids, 2)
    return [names[k] for k in order.tolist()], [left, right], counts[order].astype(np.int64)


def _first_appearance(codes: np.ndarray, n: int) -> np.ndarray:
    """(n,) where each code is met first, reading row by row: twice the row, plus 1 on the right."""
    first = np.full(n, 2 * len(codes))
    for side, half in enumerate(np.split(codes, 2)):
        seen = np.full(n, 2 * len(codes))
        # backwards, so that the first of each is written last
        seen[half[::-1]] = np.arange(2 * len(half) - 2, -1, -2) + side
        np.minimum(first, seen, out=first)
    return first


def _checked_names(source: Tabular, columns: list[str], words: Any, first: np.ndarray) -> list[str]:
    require_memory(
        words.nbytes + STRING * len(words), f"{source.name}, {len(words):,} names,", "give the pairs in parts"
    )
    try:
        names: list[str] = words.to_pylist()
    except UnicodeDecodeError:
        raise DataError(f"{source.name} has names that are not UTF-8 text; save it as UTF-8") from None
    bad = [k for k, name in enumerate(names) if name == "" or "\0" in name]
    if bad:
        k = min(bad, key=lambda k: first[k])
        row, side = divmod(int(first[k]), 2)
        what = f"the name {quoted(names[k])} holds a zero byte" if names[k] else "empty name"
        raise DataError(f"{place(source, row, columns[side])}: {what}; fix it or drop the row")
    return names


# --- numbers


def _numbers(source: Tabular, table: Any, name: str | None, expected: str) -> np.ndarray | None:
    if name is None:
        return None
    column = decoded(table[name])
    check_no_null(source, name, column, "no number")
    values = _parsed(source, name, column, expected)
    wrong = np.flatnonzero(~(np.abs(values) <= np.finfo(np.float32).max))
    if len(wrong):
        found = values[wrong[0]]
        raise DataError(
            f"{place(source, wrong[0], name)}: {found} is not a finite number (float32); fix it or drop the row"
        )
    return values.astype(np.float32)


def _parsed(source: Tabular, name: str, column: Any, expected: str) -> np.ndarray:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if kind in (pa.string(), pa.large_string(), pa.string_view()):
        column = pc.utf8_trim_whitespace(column.cast(pa.large_string()))
    elif not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
        raise DataError(f"{source.name}, column {quoted(name)} holds {one_line(kind)}: expected numbers")
    try:
        return _as_floats(column)
    except pa.ArrowInvalid:
        row = first_failing(len(column), lambda low, high: _as_floats(column[low:high]))
        found = column[row].as_py()
        mended = f"; write {found.replace(',', '.')}" if re.fullmatch(r"-?\d+,\d+", found) else expected
        raise DataError(f"{place(source, row, name)}: {quoted(found)} is not a number{mended}") from None


def _as_floats(column: Any) -> np.ndarray:
    import pyarrow as pa

    if pa.types.is_integer(column.type):
        return column.to_numpy().astype(np.float64)  # Arrow refuses whole numbers over 2**53
    return column.cast(pa.float64()).to_numpy()


def _check_not_negative(source: Tabular, name: str | None, weights: np.ndarray | None) -> None:
    if name is None or weights is None or weights.min() >= 0:
        return
    row = int(np.argmax(weights < 0))
    raise DataError(f"{place(source, row, name)}: {weights[row]:g} is negative; a weight is 0 or more")
