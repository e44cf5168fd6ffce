"""Bags made of examples that share an id: in file order of neighbours, in a bucket of all that are there."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rowspace.columns.chunk import Chunk, length
from rowspace.columns.gathered import Gathered
from rowspace.columns.kinds import Ragged, column_of
from rowspace.errors import DataError
from rowspace.jit.compile import compiled_loop
from rowspace.schedule.arrays import Arrays
from rowspace.schedule.sort_loops import fill_bags, gather_bags
from rowspace.tables.entries import pieces_of


@dataclass(frozen=True)
class Bags:
    """Examples gathered: `of` (m,) int32, the bag of each; `offsets` (b + 1,) int64, where bags begin among them."""

    of: np.ndarray
    offsets: np.ndarray

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def ragged(self, values: np.ndarray) -> Ragged:
        """The values in the order of their bags."""
        out = np.empty_like(values, order="C")
        compiled_loop(fill_bags)(self.of, self.offsets[:-1].copy(), values, out)
        return Ragged(out, self.offsets, gathered=True)

    def first(self, bag: int) -> int:
        """Which example a bag began with."""
        return int(np.argmax(self.of == bag))


def gathered_by(chunk: Chunk) -> tuple[str, int] | None:
    """By which column a chunk's examples are gathered, and how many at most; None if they are not.

    Raises:
        DataError: for columns gathered in different ways, or beside others than ids drawn or of `by`.
    """
    ways = {c: (column.by, column.most) for c, column in chunk.items() if isinstance(column, Gathered)}
    if not ways:
        return None
    if len(set(ways.values())) > 1:
        raise DataError(f"columns {', '.join(ways)} are gathered in different ways; give them one by and one most")
    [by, most] = next(iter(ways.values()))
    ids = chunk.get(by)
    if not isinstance(ids, np.ndarray) or ids.ndim != 1 or ids.dtype.kind not in "iu":
        raise DataError(f"{', '.join(ways)} is gathered by {by!r}: that must be a column of one id that the cost uses")
    for name, column in chunk.items():
        if name != by and not isinstance(column, Gathered) and column_of(column).examples is not None:
            raise DataError(f"column {name!r} is neither drawn nor gathered by {by!r}; make it rs.Gathered too")
    return by, most


def in_file_order(chunk: Chunk) -> Chunk:
    """Neighbours with the same id as bags, in file order; a chunk without gathered columns as it is."""
    way = gathered_by(chunk)
    if way is None:
        return chunk
    by, most = way
    ids = np.asarray(chunk[by])
    begins = np.flatnonzero(np.append(True, ids[1:] != ids[:-1])) if len(ids) else np.zeros(0, int)
    lengths = np.diff(np.append(begins, len(ids)))
    of, piece = pieces_of(lengths, most)
    offsets = np.append(begins[of] + piece * most, len(ids)).astype(np.int64)

    def neighbours(values: np.ndarray) -> Ragged:
        return Ragged(np.ascontiguousarray(values), offsets, gathered=True)

    return _with_bags(chunk, neighbours, {by: ids[offsets[:-1]]})


def in_buckets(chunk: Chunk, ends: np.ndarray, spare: "Bags | None" = None) -> tuple[Chunk, Bags, np.ndarray]:
    """The examples of every bucket, which end at `ends`, as bags; gives where the buckets end among the bags."""
    way = gathered_by(chunk)
    assert way is not None
    by, most = way
    ids, examples = np.asarray(chunk[by]), length(chunk)
    of = Arrays().room((examples,), spare.of if spare else None)
    offsets, firsts = np.empty(examples + 1, np.int64), np.empty(examples, ids.dtype)
    bag_ends = np.empty(len(ends), np.int64)
    opened = np.full(int(ids.max(initial=-1)) + 1, -1, np.int32)
    compiled_loop(gather_bags)(ids, ends, most, opened, of, offsets, firsts, bag_ends)
    bags = Bags(of, offsets[: int(bag_ends[-1]) + 1])
    return _with_bags(chunk, bags.ragged, {by: firsts[: len(bags)]}), bags, bag_ends


def _with_bags(chunk: Chunk, ragged_of: Callable[[np.ndarray], Ragged], one: Chunk) -> Chunk:
    ragged = {c: ragged_of(column.values) for c, column in chunk.items() if isinstance(column, Gathered)}
    return {**chunk, **ragged, **one}
