"""What the columns of a cost may hold, where the cost says so: labels of two values, counts above 0."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from rowspace.columns.kinds import column_of
from rowspace.errors import DataError

AnyCost = TypeVar("AnyCost", bound=Callable[..., Any])


@dataclass(frozen=True)
class OneOf:
    """Two values and no other."""

    first: float
    second: float

    def __str__(self) -> str:
        return f"{self.first:g} or {self.second:g}"

    def holds(self, numbers: np.ndarray) -> np.ndarray:
        return (numbers == self.first) | (numbers == self.second)


@dataclass(frozen=True)
class Between:
    """Numbers from one to another."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"numbers from {self.low:g} to {self.high:g}"

    def holds(self, numbers: np.ndarray) -> np.ndarray:
        return (numbers >= self.low) & (numbers <= self.high)


@dataclass(frozen=True)
class Above:
    """Numbers above one."""

    least: float

    def __str__(self) -> str:
        return f"numbers above {self.least:g}"

    def holds(self, numbers: np.ndarray) -> np.ndarray:
        return numbers > self.least


Allowed = OneOf | Between | Above


def holding(**columns: Allowed) -> Callable[[AnyCost], AnyCost]:
    """Say of a cost what its columns may hold.

    >>> @holding(label=OneOf(0, 1))
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
                f"the cost {getattr(cost, '__name__', 'given')} takes {allowed} there"
            )
