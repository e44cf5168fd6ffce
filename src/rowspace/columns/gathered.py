"""Gathered columns: single values that become bags in training, of examples that share an id."""

from dataclasses import dataclass, replace

import numpy as np

from rowspace.columns.input import as_column
from rowspace.columns.kinds import Form, Plain
from rowspace.errors import DataError
from rowspace.errors.checks import whole
from rowspace.tables.entries import check_not_masked


@dataclass(frozen=True)
class Gathered(Plain):
    """A column of single values that examples with the same `by` share: the cost gets a ragged bag of them.

    The other columns have one entry for each value, and so has the column `by`, of ids. What is one example to the
    data is a member of a bag to the cost: examples whose `by` is the same are gathered, at most `most` at a time. So
    what goes with `by` (its row, its negatives) is looked up and moved once for all of them. In file order neighbours
    are gathered; in blocks, all examples of a bucket. A bag is as old as its first member. The cost that is reported
    is the mean over members; a whole batch is so many bags.

    Args:
        values: (m,) ids, names or numbers.
        by: the name of a column of one id in an example, which the cost uses as well.
        most: the largest bag. Its members' gradients are all taken before any is applied.

    Raises:
        DataError: for values of more than one dimension, and for `most` below 1.

    >>> Gathered(np.array([3, 5, 4]), by="center", most=2)
    Gathered(3 values by 'center', at most 2)
    """

    by: str
    most: int = 8

    def __post_init__(self) -> None:
        if not isinstance(self.values, np.ndarray) or self.values.dtype == object:
            object.__setattr__(self, "values", as_column("gathered", self.values))
        check_not_masked("gathered values", self.values)
        if not isinstance(self.values, np.ndarray) or self.values.ndim != 1:
            raise DataError("gathered values have one dimension: the bags are made of them in training")
        whole("most", self.most, 1, wanted="give a whole number: a bag has at least 1 value")

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        return f"Gathered({len(self)} values by {self.by!r}, at most {self.most})"

    @property
    def refers_to(self) -> tuple[str, ...]:
        return (self.by,)

    @property
    def digest(self) -> str:
        return f"{self.by} {self.most} {super().digest}"

    def of(self, values: np.ndarray) -> "Gathered":
        """The same with other values."""
        return replace(self, values=values)

    def form(self, name: str) -> Form:
        return replace(super().form(name), shape=(None,), gathered=True)
