"""Columns: named arrays over examples, in the forms a kernel takes, checked once before it sees them."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from rowspace.columns.negatives import Negatives
from rowspace.errors import DataError
from rowspace.errors.checks import whole
from rowspace.jit.compile import compiled_loop
from rowspace.tables.entries import check_not_masked

_LOOKED_AT = 4096  # numbers, for one to be shown


@dataclass(frozen=True)
class Form:
    """The form of a column in one example: `shape` () for one value, (m,) for m of them, (None,) for a ragged bag.

    `integer` says whether the values are whole numbers, which may be ids; `names` whether they are strings; `gathered`
    whether the bags are made of entries that count as examples. `seen` tells of one number that is no id, for errors.
    """

    shape: tuple[int | None, ...] = ()
    integer: bool = True
    names: bool = False
    gathered: bool = False
    seen: str = field(default="", compare=False, repr=False)

    def as_number(self) -> "Form":
        return replace(self, integer=False, names=False)

    @property
    def ragged(self) -> bool:
        return self.shape == (None,)


@dataclass(frozen=True)
class Ragged:
    """A column of bags of any length: example n holds `values[offsets[n]:offsets[n + 1]]`.

    Members of `gathered` bags count as examples (see `Gathered`).
    """

    values: np.ndarray
    offsets: np.ndarray
    gathered: bool = False

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, n: int) -> np.ndarray:
        return self.values[self.offsets[n] : self.offsets[n + 1]]


@dataclass(frozen=True)
class Gathered:
    """A column of single values that examples with the same `by` share: the cost gets a ragged bag of them.

    The other columns have one entry for each value, and so has the column `by`, of ids. What is one example to the
    data is a member of a bag to the cost: examples whose `by` is the same are gathered, at most `most` at a time. So
    what goes with `by` (its row, its negatives) is looked up and moved once for all of them. In file order neighbours
    are gathered; in blocks, all examples of a bucket. A bag is as old as its first member. The cost that is reported
    is the mean over members; a whole batch is so many bags.

    Arguments:
        values: (m,) ids, names or numbers.
        by: the name of a column of one id in an example, which the cost uses as well.
        most: the largest bag. Its members' gradients are all taken before any is applied.

    Raises DataError for values of more than one dimension, and for `most` below 1.

    >>> Gathered(np.array([3, 5, 4]), by="center", most=2)
    Gathered(3 values by 'center', at most 2)
    """

    values: np.ndarray
    by: str
    most: int = 8

    def __post_init__(self) -> None:
        if not isinstance(self.values, np.ndarray) or self.values.dtype == object:
            object.__setattr__(self, "values", _single("gathered", self.values))
        check_not_masked("gathered values", self.values)
        if not isinstance(self.values, np.ndarray) or self.values.ndim != 1:
            raise DataError("gathered values have one dimension: the bags are made of them in training")
        whole("most", self.most, 1, wanted="give a whole number: a bag has at least 1 value")

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        return f"Gathered({len(self)} values by {self.by!r}, at most {self.most})"

    def of(self, values: np.ndarray) -> "Gathered":
        """The same with other values."""
        return replace(self, values=values)


def _single(name: str, values: Any) -> np.ndarray:
    from rowspace.columns.input import as_column  # which makes columns of what is defined here

    return as_column(name, values)  # type: ignore[return-value]


@dataclass(frozen=True)
class Unused:
    """A column that the cost does not use: nobody has looked at it."""


Column = np.ndarray | Ragged | Gathered | Negatives | Unused


def kind(name: str, column: Column) -> Form:
    """The form of one example of a column."""
    if isinstance(column, Unused):
        raise DataError(f"column {name!r} is not one of the cost's")
    if isinstance(column, Negatives):
        return Form((column.k,))
    if isinstance(column, Ragged):
        return Form((None,), *_dtype(name, column.values), gathered=column.gathered, seen=_seen(column.values))
    if isinstance(column, Gathered):
        return Form((None,), *_dtype(name, column.values), gathered=True, seen=_seen(column.values))
    if column.ndim > 2:
        raise DataError(f"column {name!r} has {column.ndim} dimensions; a column has one, or two for bags and vectors")
    return Form(column.shape[1:], *_dtype(name, column), seen=_seen(column))


def _seen(values: np.ndarray) -> str:
    """A number that is not whole among the first ones, or else the first, and its position; of numbers only."""
    first = values[:_LOOKED_AT]
    if first.dtype.kind not in "fb" or not first.size:
        return ""
    odd = np.argwhere(np.trunc(first) != first) if first.dtype.kind == "f" else np.empty((0, first.ndim), np.int64)
    place = tuple(odd[0].tolist()) if len(odd) else (0,) * first.ndim
    return f"{first[place]} at position {place[0] if len(place) == 1 else place}"


def _dtype(name: str, values: np.ndarray) -> tuple[bool, bool]:
    if values.dtype.kind in "iu":
        return True, False
    if values.dtype.kind in "OUT":
        return True, True
    if values.dtype.kind in "fb":
        return False, False
    raise DataError(f"column {name!r} holds {values.dtype}; a column holds ids, names or numbers")


def of_each(bags: Ragged, ids: np.ndarray) -> Ragged:
    """The bags of some ids, one after another."""
    offsets = np.concatenate([[0], np.cumsum(np.diff(bags.offsets)[ids])])
    values = np.empty(offsets[-1], bags.values.dtype)
    compiled_loop(take_bags)(bags.values, bags.offsets, ids, offsets, values)
    return replace(bags, values=values, offsets=offsets)


def take_bags(values, offsets, ids, starts, out):  # type: ignore[no-untyped-def]
    """Fill `out` with the bags of ids, which begin there at `starts`."""
    for n in range(len(ids)):
        begin = offsets[ids[n]] - starts[n]
        for place in range(starts[n], starts[n + 1]):
            out[place] = values[begin + place]
