"""Which column of a source is the left item, the right one, the label and the weight."""

import re
import shlex
from typing import Any

from rowspace.errors import DataError
from rowspace.errors.quoting import quoted
from rowspace.read.dialect import is_number
from rowspace.read.tabular import NUMBERS, TEXT, Tabular, check_column, listed

SIDES = ("left", "right")
ROLES = (*SIDES, "label", "weight")
# what row numbers are called where pandas and R write them without a name, and where people name them
_UNNAMED = re.compile(r"|Unnamed: \d+|\.\.\.\d+|__index_level_\d+__")
# what baskets and sessions are called
GROUP = re.compile(r"(?i)(order|basket|session|cart|transaction|invoice|visit|playlist)[ _-]?(id|nr|no|number|key)?")


def chosen_columns(source: Tabular, asked: dict[str, str | None]) -> dict[str, str]:
    """The column of each role; left and right default to the first that have a name and that nothing else takes.

    Raises:
        DataError: if a column is not there, or there are too few, or the header looks like data.
    """
    chosen = {role: _column(source, name) for role, name in asked.items() if name is not None}
    free = [name for name in source.columns if name not in chosen.values() and not is_unnamed(name)]
    if "group" in chosen and "left" not in chosen:
        chosen["left"] = item_column(source, chosen["group"], free, "left= (--left)")
    following = iter(free)
    for role in () if "group" in chosen else SIDES:
        if role not in chosen:
            chosen[role] = _column(source, next(following, None))
    other = "group" if "group" in chosen else "right"
    if chosen["left"] == chosen[other]:
        raise DataError(f"{source.name}: left and {other} are both column {quoted(chosen['left'])}")
    chosen.setdefault("right", chosen["left"])
    if all(name is None for name in asked.values()):
        _check_not_data(source, [chosen[role] for role in SIDES])
    return {role: chosen[role] for role in asked if role in chosen}


def with_roles_said(source: Tabular, asked: dict[str, str | None]) -> dict[str, str | None]:
    """What is asked for, and what a source says of its columns by their names."""
    roles = ROLES if asked["group"] is None else ("left",)
    said = {role for role in roles if source.says_roles and role in source.columns} - set(asked.values())
    return {role: role if name is None and role in said else name for role, name in asked.items()}


def check_guess(source: Tabular, asked: dict[str, str | None], chosen: dict[str, str], names: list[str]) -> None:
    """Refuse what was taken for items because it came first, where it looks like something else.

    Each role has the column that was `asked` for and the one `chosen`; `names` are all items found there.

    Raises:
        DataError: if nothing was named, and the header is a pair like the others, or there are three columns of text.
    """
    left, right = (chosen[role] for role in SIDES)
    if any(name is not None for name in asked.values()):
        return
    found = [side for side in dict.fromkeys((left, right)) if side in set(names)] if source.guessed_header else []
    if found:
        which = f"{' and '.join(map(quoted, found))} {'are items' if len(found) > 1 else 'is an item'}"
        raise DataError(
            f"{source.name}, line 1: {which} of rows below as well, so it may be no header; "
            f"{_headless(source)}, or --header (header=True) if it is one"
        )
    _check_not_triples(source)


def unused_columns(source: Tabular, chosen: dict[str, str]) -> dict[str, str]:
    """The columns with a name that have no role, and what they hold."""
    free = [name for name in dict.fromkeys(source.columns) if name not in chosen.values() and not is_unnamed(name)]
    return {name: source.kind(name) for name in free}


def _headless(source: Tabular) -> str:
    """What to type for a file whose first line is a row like the others."""
    if len(source.columns) == 2:
        return "give --no-header (header=False) if it is a pair"
    if len(source.columns) > 3:
        how = "give --no-header --left 1 --right 2 (header=False, left='1', right='2') if it is a row"
        kinds = ", with --two-kinds (two_kinds=True) if these are of two kinds, such as users and films"
        return how + kinds * all(source.kind(name) == NUMBERS for name in source.columns[:2])
    if source.kind(source.columns[2]) == NUMBERS:
        return "give --columns left,right,weight (columns=) if it is a row"
    return "give --columns left,relation,right or --columns left,right,relation (columns=) if it is a row"


def is_unnamed(name: Any) -> bool:
    """Whether a column has no name, or one that pandas or R gave to row numbers."""
    return isinstance(name, str) and _UNNAMED.fullmatch(name) is not None


def _column(source: Tabular, name: str | None) -> str:
    if name is None:
        raise DataError(
            f"{source.name} needs a column for the left and one for the right item; it has: {listed(source.columns)}; "
            "give --delimiter (delimiter=) if something else stands between fields, or `rowspace train text` if each "
            "line is a sentence or a basket"
        )
    check_column(source.name, source.columns, name)
    return name


def item_column(source: Tabular, group: str, free: list[str], how: str) -> str:
    """The only column beside the group, or the only one of text; DataError says how to name it."""
    texts = free if len(free) == 1 else [name for name in free if source.kind(name) == TEXT]
    if len(texts) != 1:
        have = listed(free) if free else "none"
        raise DataError(
            f"{source.name}: which column has the items of each {quoted(group)}? Say {how}; there is: {have}"
        )
    return texts[0]


def _check_not_data(source: Tabular, sides: list[str]) -> None:
    if not source.guessed_header:
        return
    numbers = [is_number(name) for name in sides]
    if all(map(is_number, source.columns)) or numbers[0] != numbers[1]:
        found = ", ".join(quoted(name)[1:-1] for name in source.columns[:5])
        raise DataError(
            f"{source.name}, line 1: {found} looks like data, not like names of columns; {_headless(source)}, or put "
            "a header line before it, such as: left,right"
        )


def _check_not_triples(source: Tabular) -> None:
    """Refuse three columns of text of which the first two would be taken: which two are items, nobody can know."""
    named = [name for name in source.columns if not is_unnamed(name)]
    if len(named) != 3 or len(set(named)) < 3 or any(source.kind(name) != TEXT for name in named):
        return
    if source.columns == ["1", "2", "3"]:
        how = "--columns left,relation,right or --columns left,right,relation (columns=)"
    else:
        first, second, third = map(shell_word, named)
        how = f"--left {first} --right {third} or --left {first} --right {second} (left=, right=)"
    raise DataError(f"{source.name} has three columns of text, {listed(named)}: say which two are items: {how}")


def shell_word(name: str) -> str:
    """A name as it is typed on a command line."""
    return shlex.quote(name) if name.isprintable() else quoted(name)
