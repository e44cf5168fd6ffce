"""Marks: short texts that tell columns of data from others."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xxhash

from rowspace.columns import Chunk, Column, Gathered, Negatives, Ragged, Unusable
from rowspace.errors import CheckpointError
from rowspace.mapped import stretches

if TYPE_CHECKING:
    from rowspace.kernel import Kernel

_STRETCH = 1 << 24  # bytes hashed at once


def mark_of(*arrays: np.ndarray) -> str:
    """A mark of arrays: other numbers, dtypes or shapes give another. Source: XXH3, 128 bits.

    >>> mark_of(np.arange(3)) == mark_of(np.arange(3)), mark_of(np.arange(3)) == mark_of(np.arange(3.0))
    (True, False)
    """
    found = xxhash.xxh3_128()
    for array in arrays:
        found.update(f"{array.dtype.str} {array.shape}".encode())
        for part in stretches(np.ascontiguousarray(array).reshape(-1), _STRETCH):
            found.update(part.view(np.uint8).data)
    return found.hexdigest()


def mark_of_texts(texts: Iterable[str]) -> str:
    """A mark of some texts in their order."""
    found = xxhash.xxh3_128()
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass")
        found.update(len(encoded).to_bytes(8, "little"))
        found.update(encoded)
    return found.hexdigest()


def mark_of_columns(columns: Chunk) -> str:
    """A mark of columns as a kernel takes them, ids and numbers."""
    return mark_of_texts(part for name, column in sorted(columns.items()) for part in (name, _mark(column)))


def _mark(column: Column) -> str:
    if isinstance(column, Negatives):
        weights = np.zeros(0) if column.weights is None else column.weights
        return f"{column.k} {column.power} {column.avoid} {mark_of(weights)}"
    if isinstance(column, Gathered):
        return f"{column.by} {column.most} {mark_of(column.values)}"
    if isinstance(column, Ragged):
        return f"{column.gathered} {mark_of(column.values, column.offsets)}"
    assert not isinstance(column, Unusable)
    return mark_of(column)


class Marks:
    """The marks of a fit's costs and data: what a checkpoint keeps of them, and a resumed fit compares.

    Arguments:
        seeks: whether the data may differ from epoch to epoch, and do not begin with their first chunk.
        known: what a checkpoint kept, or None for a fit from the beginning.
        wanted: whether there are to be marks at all.
    """

    def __init__(self, seeks: bool, known: Mapping[str, Any] | None = None, *, wanted: bool = True) -> None:
        self.seeks, self.wanted, self._resumed = seeks, wanted, known is not None
        known = known or {}
        self.costs: list[str] = list(known.get("costs", []))
        self.first: str | None = known.get("first")
        self.drawn: str | None = known.get("drawn")
        self._so_far = ""

    def kept(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"costs": self.costs, "first": self.first, "drawn": self.drawn}

    def of(self, kernel: "Kernel", columns: Chunk) -> str:
        """The mark of a chunk; raises CheckpointError if it was another cost or drew otherwise."""
        if not self.wanted:
            return ""
        drawn = mark_of_columns({name: c for name, c in columns.items() if isinstance(c, Negatives)})
        if self._resumed and kernel.identity not in self.costs:
            raise CheckpointError(f"the cost {kernel.name!r} or the kinds of columns it uses {_OTHER}")
        if self._resumed and drawn != self.drawn:
            raise CheckpointError(f"the ids drawn (how many, by which counts and power, what they avoid) {_OTHER}")
        self._resumed, self.drawn = False, drawn
        self.costs = sorted({*self.costs, kernel.identity})
        return mark_of_columns(columns)

    def after(self, number: int, mark: str) -> str:
        """The mark of the data up to chunk `number`, or of this chunk alone where the data seek."""
        if not self.wanted or self.seeks:
            return mark
        if number == 0:
            self.first, self._so_far = self.first or mark, ""
            if mark != self.first:
                raise CheckpointError(
                    f"the data {_OTHER}, or of the epochs before: their first chunk has other values; data that are to "
                    "differ from epoch to epoch have a method at(epoch, chunk)"
                )
        self._so_far = mark_of_texts([self._so_far, mark])
        return self._so_far

    def check(self, number: int, expected: str, found: str) -> None:
        """Refuse to go on with data that were other ones before."""
        if self.wanted and expected != found:
            raise CheckpointError(f"the data up to chunk {number} {_OTHER}")


_OTHER = "are not those of the checkpoint"
