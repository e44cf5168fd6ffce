"""What users give, checked: numbers, paths, words to choose from, objects of a class; others are refused in words."""

import operator
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from rowspace.errors import DataError, RowspaceError
from rowspace.errors.quoting import quoted


def first_failing(count: int, parse: Callable[[int, int], Any]) -> int:
    """The first of `count` entries that `parse(low, high)`, given all from `low` to `high`, refuses by ValueError.

    It is found by halving, since many entries are parsed fast at once; one of them must be refused.

    >>> first_failing(3, lambda low, high: [int(text) for text in ["1", "2", "x"][low:high]])
    2
    """
    low, high = 0, count
    while high - low > 1:
        middle = (low + high) // 2
        try:
            parse(low, middle)
            low = middle
        except ValueError:
            high = middle
    return low


def is_integer(item: Any) -> bool:
    """Whether an item is one whole number; True and False are not."""
    return hasattr(item, "__index__") and not isinstance(item, (bool, np.bool_, np.ndarray))


def is_number(item: Any, low: float = -np.inf, high: float = np.inf) -> bool:
    """Whether an item is one finite number from `low` to below `high`; True and False are not.

    >>> is_number(0.5), is_number(float("nan")), is_number("1"), is_number(-1, 0)
    (True, False, False, False)
    """
    if not isinstance(item, int | float | np.integer | np.floating) or isinstance(item, bool):
        return False
    return bool(-np.inf < item < np.inf and low <= item < high)


def whole(
    name: str,
    value: Any,
    low: int | None = None,
    high: int | None = None,
    wanted: str = "",
    error: type[RowspaceError] = DataError,
) -> int:
    """A whole number from `low` to `high`, as Python's own.

    Args:
        name: what errors call it.
        value: what was given.
        low, high: the least and the most it may be; None for no limit.
        wanted: what an error asks for, if not simply for a whole number within the limits.
        error: what is raised for any other value.

    >>> whole("window", 2.5, 1)
    Traceback (most recent call last):
    rowspace.errors.DataError: window is 2.5; give a whole number of at least 1
    """
    if is_integer(value) and (low is None or value >= low) and (high is None or value <= high):
        return operator.index(value)
    limits = "" if low is None else f" of at least {low}" if high is None else f" from {low} to {high:,}"
    raise error(f"{name} is {quoted(value)}; {wanted or f'give a whole number{limits}'}")


def number(
    name: str,
    value: Any,
    low: float = -np.inf,
    below: float = np.inf,
    wanted: str = "",
    error: type[RowspaceError] = DataError,
) -> float:
    """A finite number from `low` to below `below`, as it is; otherwise as `whole`.

    >>> number("step", -1, 0)
    Traceback (most recent call last):
    rowspace.errors.DataError: step is -1; give a number of at least 0
    """
    if not is_number(value, low, below):
        raise error(f"{name} is {quoted(value)}; {wanted or f'give a number of at least {low}'}")
    return value  # type: ignore[no-any-return]


def path_of(what: str, path: Any) -> Path:
    """A path, which is text or a pathlib.Path; never a number, which Python would take for an open file.

    >>> path_of("a trace", 3)
    Traceback (most recent call last):
    rowspace.errors.DataError: a trace is 3 (int); give a path, as text or a pathlib.Path
    """
    name = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(name, str):
        raise DataError(f"{what} is {quoted(path)} ({type(path).__name__}); give a path, as text or a pathlib.Path")
    if "\0" in name:
        raise DataError(f"{what} is {quoted(name)}; a path holds no zero byte")
    return Path(name)


def check_choice(what: str, value: Any, choices: Iterable[str | None]) -> None:
    """Raise DataError unless a value is one of some words."""
    known = list(choices)
    if not isinstance(value, str | None) or value not in known:
        raise DataError(f"{what} {quoted(value)} is not one of {', '.join(map(str, known))}")


def check_kind(what: str, value: Any, kind: type | tuple[type, ...], instead: str) -> None:
    """Raise DataError unless a value is of a class; `instead` says what to give."""
    if not isinstance(value, kind):
        is_class = f"the class {value.__name__}" if isinstance(value, type) else f"{quoted(value)}"
        raise DataError(f"{what} is {is_class} ({type(value).__name__}); give {instead}")
