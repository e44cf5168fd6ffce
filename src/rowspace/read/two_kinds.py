"""Whether two columns of pairs hold items of two kinds, such as users and films, and names that tell these apart."""

import re
from typing import Any

import numpy as np

from rowspace.errors import DataError
from rowspace.errors.quoting import quoted
from rowspace.read.dialect import is_number
from rowspace.read.roles import GROUP, shell_word

FEWEST = 50  # items of a column of numbers without gaps, for that to mean something
DIGITS = 18  # of a number that is looked at
SHOWN = 3  # items that both columns have
_WORD = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+")
_IDS = {"id", "ids", "nr", "no", "num", "number", "key", "code", "index", "idx"}
# words for one of two that may well be of one kind
_SIDES = set(
    "from to source src target tgt dst dest destination origin orig left right head tail start end begin first second "
    "in out parent child ancestor descendant follower followee following followed follows friend contact citing cited "
    "cites sender receiver recipient caller callee ego alter subject object node vertex neighbor neighbour pre post "
    "row col column one other another similar related linked dependency von nach quelle ziel".split()
)


def check_said(two_kinds: Any) -> None:
    """Refuse what is no answer."""
    if not (two_kinds is None or isinstance(two_kinds, bool | np.bool_)):
        raise DataError(f"two_kinds is {quoted(two_kinds)}; give True or False, or leave it out")


def named_apart(columns: tuple[str, str], sides: list[Any]) -> list[Any]:
    """The items of two columns as Arrow has them, each with the name of its column in front."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names = [pa.scalar(name, pa.large_string()) for name in (*_called(columns), " ")]
    return [pc.binary_join_element_wise(name, side, names[2]) for name, side in zip(names, sides, strict=False)]


def check_kinds(source: str, columns: tuple[str, str], names: list[str], left: np.ndarray, right: np.ndarray) -> None:
    """Refuse pairs in which one number seems to be two items: user 1 and film 1.

    Args:
        source: how errors call the pairs.
        columns: the names of the two columns.
        names: all items; `left` and `right` are the ids (m,) of those in each column.

    Raises:
        DataError: if both columns have some numbers in common, and they are named as two kinds are; or, where their
            names tell nothing, if each counts without a gap, from where the other does, to another end.
    """
    found = [np.bincount(side, minlength=len(names)) > 0 for side in (left, right)]
    shared = np.flatnonzero(found[0] & found[1]).tolist()
    if not shared or not all(names[k].isdecimal() for k in shared):
        return
    if not (_of_two_kinds(*columns) or (_tell_nothing(columns) and _count_apart(names, found))):
        return
    first = sorted((names[k] for k in shared), key=lambda name: (len(name), name))[:SHOWN]
    more = f" and {len(shared) - SHOWN:,} more" if len(shared) > SHOWN else ""
    two = " and ".join(quoted(f"{name} {first[0]}") for name in _called(columns))
    both = " and ".join(map(quoted, columns))
    raise DataError(
        f"{source}: {', '.join(first)}{more} are in both columns, {both}: give --two-kinds (two_kinds=True) "
        f"if {first[0]} stands for two items, {two}, or --one-kind (two_kinds=False) if it is one{_of_group(*columns)}"
    )


def _of_group(left: str, right: str) -> str:
    """What else may be meant, where the left items are called as baskets or sessions are."""
    if not GROUP.fullmatch(left):
        return ""
    return f"; for pairs of the items of each {quoted(left)} --group {shell_word(left)} --left {shell_word(right)}"


def _called(columns: tuple[str, str]) -> tuple[str, str]:
    """What stands before items: the names of their columns, or their sides where a column has only a number."""
    left, right = columns
    return ("left" if is_number(left) else left), ("right" if is_number(right) else right)


def _tell_nothing(columns: tuple[str, str]) -> bool:
    return columns == ("left", "right") or all(map(is_number, columns))


def _of_two_kinds(left: str, right: str) -> bool:
    """Whether columns are named as two kinds of things are.

    >>> _of_two_kinds("userId", "movieId"), _of_two_kinds("user_a", "user_b"), _of_two_kinds("FromNodeId", "ToNodeId")
    (True, False, False)
    """
    if is_number(left) or is_number(right):
        return False
    words = [{word.casefold() for word in _WORD.findall(name) if len(word) > 1} - _IDS for name in (left, right)]
    return not any(one & _SIDES for one in words) and not (words[0] <= words[1] or words[1] <= words[0])


def _count_apart(names: list[str], found: list[np.ndarray]) -> bool:
    """Whether the items of each column are all numbers from 0 or 1 to an end of its own."""
    ends = set()
    for side in found:
        items = [names[k] for k in np.flatnonzero(side).tolist()]
        if len(items) < FEWEST or not all(item.isdecimal() and len(item) <= DIGITS for item in items):
            return False
        numbers = np.array(items, np.int64)
        if numbers.max() - numbers.min() + 1 != len(items):
            return False
        ends.add((int(numbers.min()), int(numbers.max())))
    return len({low for low, _ in ends}) == 1 and len(ends) == 2
