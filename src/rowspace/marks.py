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
        seeks: whether the data may differ from epoch to epoch, and need not begin with their first chunk.
        known: what a checkpoint kept, or None for a fit from the beginning.
        wanted: whether there are to be marks at all.
    """

    def __init__(self, seeks: bool, known: Mapping[str, Any] | None = None, *, wanted: bool = True) -> None:
        self.seeks, self.wanted, self._resumed = seeks, wanted, known is not None
        known = known or {"costs": [], "drawn": [], "chunks": [], "whole": False}
        self.costs, self.drawn = set(known["costs"]), set(known["drawn"])
        self.chunks: list[str] = list(known["chunks"])  # the same in every epoch, where the data do not seek
        self.whole: bool = known["whole"]  # whether these are all
        self._kept = len(self.chunks)

    def kept(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"costs": sorted(self.costs), "drawn": sorted(self.drawn), "chunks": self.chunks, "whole": self.whole}

    def of(self, kernel: "Kernel", columns: Chunk) -> str:
        """The mark of a chunk; raises CheckpointError if a resumed fit has another cost or draws otherwise."""
        if not self.wanted:
            return ""
        drawn = mark_of_columns({name: c for name, c in columns.items() if isinstance(c, Negatives)})
        if self._resumed and kernel.identity not in self.costs:
            raise CheckpointError(
                f"the cost {kernel.name!r}, the kinds of columns it uses or the number of ids drawn are not those of "
                "the checkpoint"
            )
        if self._resumed and drawn not in self.drawn:
            raise CheckpointError(
                "the ids drawn (by which counts and power, what they avoid) are not those of the checkpoint"
            )
        self._resumed = False
        self.costs.add(kernel.identity)
        self.drawn.add(drawn)
        return mark_of_columns(columns)

    def meet(self, number: int, mark: str) -> None:
        """Compare a chunk with that of the epochs before, or remember it."""
        if not self.wanted or self.seeks:
            return
        if number == len(self.chunks) and not self.whole:
            self.chunks.append(mark)
        elif number >= len(self.chunks):
            raise self._other(f"the data have more chunks than {len(self.chunks)}, those", number)
        elif mark != self.chunks[number]:
            raise self._other(f"chunk {number} of the data has other values than that", number)

    def begun(self, number: int, expected: str, found: str) -> None:
        """Compare the chunk that a resumed fit was in with what it was."""
        if self.wanted and expected != found:
            raise CheckpointError(f"chunk {number} of the data has other values than that of the checkpoint")

    def end(self, chunks: int, begun: int) -> None:
        """Compare the number of chunks in an epoch, of which so many were begun before."""
        if not self.wanted:
            return
        if chunks < begun:
            raise CheckpointError(f"the data have {chunks} chunks, and the checkpoint was taken after {begun} of them")
        if self.whole and chunks < len(self.chunks):
            raise self._other(f"the data have {chunks} chunks, fewer than those", chunks)
        self.whole = not self.seeks

    def _other(self, told: str, number: int) -> CheckpointError:
        if number < self._kept or (self._kept and self.whole):
            return CheckpointError(f"{told} of the checkpoint")
        return CheckpointError(
            f"{told} of the epoch before; data that are to differ from epoch to epoch have a method at(epoch, chunk)"
        )
