"""What the columns of a cost may hold, where the cost says so: labels of two values, counts above 0."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from rowspace.columns.kinds import column_of
from rowspace.errors import DataError

AnyCost = TypeVar("AnyCost", bound=Callable[..., Any])


@dataclass(frozen=True)
class Allowed:
    """What a column may hold, in words, and which of its numbers are so."""

    told: str
    holds: Callable[[np.ndarray], np.ndarray]


def one_of(first: float, second: float) -> Allowed:
    """Two values and no other."""
    return Allowed(f"{first:g} or {second:g}", lambda numbers: (numbers == first) | (numbers == second))


def between(low: float, high: float) -> Allowed:
    """Numbers from one to another."""
    return Allowed(f"numbers from {low:g} to {high:g}", lambda numbers: (numbers >= low) & (numbers <= high))


def above(least: float) -> Allowed:
    """Numbers above one."""
    return Allowed(f"numbers above {least:g}", lambda numbers: numbers > least)


def holding(**columns: Allowed) -> Callable[[AnyCost], AnyCost]:
    """Say of a cost what its columns may hold.

    >>> @holding(label=one_of(0, 1))
    ... def cost(E, i, label):
    ...     return label * E[i].sum()
    >>> check_held(cost, {"label": np.array([0, 1, 2], np.float32)})
    Traceback (most recent call last):
    rowspace.errors.DataError: column 'label' holds 2 at position 2; the cost cost takes 0 or 1 there
    """

    def said(cost: AnyCost) -> AnyCost:
        cost.holds = columns  # type: ignore[attr-defined]
        return cost

    return said


def held(cost: Callable[..., Any]) -> Mapping[str, Allowed]:
    """What a cost says of its columns."""
    return getattr(cost, "holds", {})


def check_held(cost: Callable[..., Any], columns: Mapping[str, Any]) -> None:
    """Check the columns of a chunk; raises DataError naming the column, the place and what was expected."""
    for name, allowed in held(cost).items():
        numbers = column_of(columns[name]).flat if name in columns else None
        if numbers is None:
            continue
        right = allowed.holds(numbers)
        if not right.all():
            place = np.argwhere(~right)[0]
            where = place[0] if len(place) == 1 else tuple(place.tolist())
            raise DataError(
                f"column {name!r} holds {numbers[tuple(place)]:g} at position {where}; "
                f"the cost {getattr(cost, '__name__', 'given')} takes {allowed.told} there"
            )
