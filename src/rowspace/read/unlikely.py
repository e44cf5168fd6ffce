"""Columns that were taken for items because they came first, and hold something else: row numbers, dates, one value."""

import re
from typing import Any

from rowspace.errors import DataError
from rowspace.errors.quoting import quoted
from rowspace.read.roles import GROUP, SIDES, is_unnamed, shell_word
from rowspace.read.tabular import NUMBERS, Tabular, listed

LOOKED_AT = 1000  # rows
_COUNTED = re.compile(r"(?i)#|n[or]|x\d*|id|index|idx|rows?|rows?[ _]?(?:id|names?|num|number|index)|line|v1")
_DATE = re.compile(r"\d{4}[-/.]\d\d?[-/.]\d\d?([T ].*)?|\d\d?[-/.]\d\d?[-/.]\d{2,4}( .*)?|\d\d?:\d\d(:\d\d.*)?")


def check_guessed(source: Tabular, asked: dict[str, str | None], chosen: dict[str, str], table: Any) -> None:
    """Refuse columns that nobody named, where they look like no items and others are left.

    Args:
        source: where they are.
        asked: the column that was asked for in each role, if one was.
        chosen: the column of each role.
        table: what was read, Arrow's.

    Raises:
        DataError: for row numbers, dates, a column with one value, and a table with a row and a column for each item.
    """
    if len(source.columns) <= len(chosen) or any(asked[role] is not None for role in SIDES):
        return
    _check_no_matrix(source)
    for role in SIDES:
        what = _unlike(chosen[role], role, table[chosen[role]][:LOOKED_AT].to_pylist())
        if what:
            _refuse(source, chosen, asked, chosen[role], what)


def _unlike(name: str, role: str, cells: list[Any]) -> str | None:
    """What a column holds that is no item; row numbers stand on the left, and are called so."""
    texts = list(map(str, cells))
    if len(texts) < 2:
        return None
    if (
        role == "left"
        and _COUNTED.fullmatch(name)
        and any(texts == [str(k + n) for k in range(len(texts))] for n in (0, 1))
    ):
        return "row numbers"
    if all(map(_DATE.fullmatch, texts)):
        return f"dates or times, such as {quoted(texts[0])}"
    alone = role == "right" and len(texts) > 2 and len(set(texts)) == 1  # on the left, it may be the center of a star
    return f"nothing but {quoted(texts[0])}" if alone else None


def _refuse(source: Tabular, chosen: dict[str, str], asked: dict[str, str | None], name: str, what: str) -> None:
    free = [one for one in source.columns if one != name and not is_unnamed(one) and one not in asked.values()]
    likely = [one for one in free if one in chosen.values()] + [one for one in free if one not in chosen.values()]
    sides = SIDES[:1] if "group" in chosen else SIDES
    how = " ".join(f"--{role} {shell_word(one)}" for role, one in zip(sides, likely, strict=False))
    if "group" not in chosen and len(likely) > 1 and GROUP.fullmatch(likely[0]):
        how += f", or for pairs of the items of each --group {shell_word(likely[0])} --left {shell_word(likely[1])}"
    raise DataError(
        f"{source.name}: column {quoted(name)} holds {what}; say which columns are left and right, such as {how} "
        f"(left=, right=); it has: {listed(source.columns)}"
    )


def _check_no_matrix(source: Tabular) -> None:
    """Refuse a table with a row and a column for each item, as pandas writes a matrix."""
    first, *others = source.columns
    if not is_unnamed(first) or len(others) < 2 or any(source.kind(name) != NUMBERS for name in others):
        return
    rows = source.load([first], [])[first].to_pylist()
    if set(map(str, rows)) <= set(others):
        raise DataError(
            f"{source.name} has a row and a column for each item, as a matrix; give a line for each pair (stack() of a "
            "pandas frame has them), or a sparse matrix of scipy"
        )
