"""Which column of a source is the left item, the right one, the label and the weight."""

import re
from typing import Any

import numpy as np

from rowspace.errors import DataError
from rowspace.errors.quoting import quoted
from rowspace.read.tabular import ArrowTable, Tabular, check_column, listed

SIDES = ("left", "right")
COUNTED_ROWS = 1000  # rows of which the numbers are looked at
# what row numbers are called where pandas and R write them without a name, and where people name them
_UNNAMED = re.compile(r"|Unnamed: \d+|\.\.\.\d+|__index_level_\d+__")
_COUNTED = re.compile(r"(?i)#|n[or]|x\d*|id|index|idx|rows?|rows?[ _]?(?:id|names?|num|number|index)|line|v1")


def chosen_columns(source: Tabular, asked: dict[str, str | None]) -> dict[str, str]:
    """The column of each role; left and right default to the first that have a name and that nothing else takes.

    Raises:
        DataError: if a column is not there, or there are too few, or the header looks like data.
    """
    chosen = {role: _column(source, name) for role, name in asked.items() if name is not None}
    free = iter([name for name in source.columns if name not in chosen.values() and not _is_unnamed(name)])
    for role in SIDES:
        if role not in chosen:
            chosen[role] = _column(source, next(free, None))
    if chosen["left"] == chosen["right"]:
        raise DataError(f"{source.name}: left and right are both column {quoted(chosen['left'])}")
    if all(asked[role] is None for role in SIDES):
        _check_not_data(source, [chosen[role] for role in SIDES])
    return {role: chosen[role] for role in asked if role in chosen}


def check_guess(
    source: Tabular, asked: dict[str, str | None], chosen: dict[str, str], table: Any, names: list[str]
) -> None:
    """Refuse what was taken for items because it came first, where it looks like something else.

    Each role has the column that was `asked` for and the one `chosen`; `names` are all items found there.

    Raises:
        DataError: if nothing was named, and the left items are row numbers, or the header is a pair like the others.
    """
    if any(asked[role] is not None for role in SIDES):
        return
    left, right = (chosen[role] for role in SIDES)
    if len(source.columns) > len(chosen) and _COUNTED.fullmatch(left) and _are_row_numbers(table[left]):
        raise DataError(f"{source.name}: column {quoted(left)} holds row numbers; {_say(source)}")
    if source.guessed_header and {left, right} <= set(names):
        raise DataError(
            f"{source.name}, line 1: {quoted(left)} and {quoted(right)} are items of rows below as well, so it may be "
            f"no header; put one above, such as left,right, or {_say(source)}"
        )


def _say(source: Tabular) -> str:
    return f"say which columns are left and right (left=, right=; --left, --right); it has: {listed(source.columns)}"


def _are_row_numbers(column: Any) -> bool:
    """Whether they count from 0 or 1."""
    first = [str(item) for item in column[:COUNTED_ROWS].to_pylist()]
    return len(first) > 1 and any(first == [str(k + start) for k in range(len(first))] for start in (0, 1))


def _is_unnamed(name: Any) -> bool:
    return isinstance(name, str) and _UNNAMED.fullmatch(name) is not None


def _column(source: Tabular, name: str | None) -> str:
    if name is None:
        have = listed(source.columns)
        raise DataError(f"{source.name} needs a column for the left and one for the right item; it has: {have}")
    check_column(source.name, source.columns, name)
    return name


def _check_not_data(source: Tabular, sides: list[str]) -> None:
    if isinstance(source, ArrowTable) or not source.guessed_header:
        return
    numbers = [_is_number(name) for name in sides]
    if all(map(_is_number, source.columns)) or numbers[0] != numbers[1]:
        found = ", ".join(quoted(name)[1:-1] for name in source.columns[:5])
        raise DataError(
            f"{source.name}, line 1: {found} looks like data, not like names "
            "of columns; put a header line before it, such as: left,right"
        )


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
