"""Numbers that users give, checked: whether they are whole, finite and within their limits."""

import operator
from typing import Any

import numpy as np

from rowspace.errors import ShapeError
from rowspace.errors.quoting import quoted


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


def whole(what: str, number: Any, least: int) -> int:
    """A whole number of at least `least`; `what` is its name in an error."""
    if not is_integer(number) or number < least:
        raise ShapeError(f"{what} must be a whole number of at least {least}, not {quoted(number)}")
    return operator.index(number)
