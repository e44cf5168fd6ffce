"""The block schedule: examples of a window sorted into buckets that share no block, and the order they run in."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rowspace.blocks import Blocks, deal
from rowspace.columns import Chunk, Column, Ragged, length, reordered
from rowspace.layout import Layout, Source
from rowspace.sampling import BlockNegatives, Negatives
from rowspace.sorting import compiled_sorting
from rowspace.work import DRAWN, HI, LO, NEEDED, PASSED, ROW

WINDOW = 2**22  # examples sorted together
_BLOCK = 2**19  # bytes: two blocks and their state fit the second-level cache
_MOST, _FEWEST = 512, 32  # blocks, where rows and examples are enough for so many
_GROUPS = 32  # of blocks: columns, which more than half as many threads would not help
_ROWS, _EXAMPLES = 64, 1024  # at least so many rows and examples for a block
_SLICES, _LEAST = 64, 2**16  # slices of a window that threads sort, and their least examples
_TO_DRAW = 256  # and rows in a group that negatives are drawn from

Each = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]  # map, or one that uses threads


def block_count(rows: int, row_bytes: int, examples: int, *, sampled: bool) -> tuple[int, int]:
    """How many blocks and groups of blocks, powers of two: 1 where a table or a chunk is too small to cut.

    They depend on the table and the data alone, not on the machine or the threads, so that the bytes do not either.

    >>> block_count(50_000, 400, 4_000_000, sampled=False), block_count(300, 128, 5_000, sampled=True)
    ((64, 32), (1, 1))
    """
    wanted = np.clip(2 ** np.ceil(np.log2(rows * row_bytes / _BLOCK)), _FEWEST, _MOST)
    blocks = _power(min(wanted, rows / _ROWS, examples / _EXAMPLES))
    groups = _power(min(blocks, _GROUPS, rows / _TO_DRAW if sampled else _GROUPS))
    return (blocks, groups) if groups > 1 else (1, 1)


def _power(x: float) -> int:
    """The largest power of two that is not above x, at least 1."""
    return 2 ** int(np.log2(max(x, 1)))


@dataclass(frozen=True)
class Sorted:
    """Examples in the order of their buckets: `ends` (buckets,); the bucket of each before it was sorted; and memory.

    Single ids and numbers of four bytes lie side by side in `packed` (n, c) int32, of which the columns are views.
    """

    columns: Chunk
    ends: np.ndarray
    buckets: np.ndarray
    packed: np.ndarray

    def original(self, n: int) -> int:
        """Where a sorted example stood."""
        return int(np.argsort(self.buckets, kind="stable")[n])


class Buckets:
    """How a cost's examples are sorted, once its tables are cut.

    Arguments:
        layout: the ids that decide.
        sizes: the shape (n, d) of every table.
        row_bytes: bytes of a row of every table with its state.
        ready: the first chunk, which says how often rows occur.
        seed: of the deal.
        blocks: how many, or None for as many as suit.
    """

    def __init__(
        self, layout: Layout, sizes: Mapping[str, tuple[int, int]], row_bytes: Mapping[str, int], ready: Chunk,
        *, seed: int, blocks: int | None,
    ) -> None:  # fmt: skip
        self.layout = layout
        examples = min(length(ready), WINDOW)
        rows = [max(sizes[t][0] for t in space) for space in layout.spaces]
        wide = [sum(row_bytes[t] for t in space) for space in layout.spaces]
        if blocks is None:
            chosen = [
                block_count(n, w, examples, sampled=bool(layout.sampled)) for n, w in zip(rows, wide, strict=True)
            ]
            self.count, self.groups = chosen[0][0], min(g for _, g in chosen)
            self.count = max(self.count, self.groups) if self.groups > 1 else 1
        else:
            self.groups = min(blocks, _GROUPS)
            self.count = -(-blocks // self.groups) * self.groups
        self._negatives: dict[tuple[str, int], tuple[Negatives, BlockNegatives]] = {}
        self.sided = layout.symmetric and bool(layout.sampled)
        self.blocks = self._deal(rows, ready, seed) if self.cuts else []

    @property
    def cuts(self) -> bool:
        """Whether there is more than one block."""
        return self.count > 1

    def _deal(self, rows: Sequence[int], ready: Chunk, seed: int) -> list[Blocks]:
        met = [
            np.bincount(_ids(ready, axis)[:WINDOW], minlength=n) for axis, n in zip(self.layout.axes, rows, strict=True)
        ]
        if self.layout.symmetric:
            one = deal(met[0] + met[1], self.count, self.groups, seed)
            return [one, one]
        first = deal(met[0], self.count, self.groups, seed)
        return [first] + [deal(m, self.groups, self.groups, seed + 1) for m in met[1:]]

    # --- negatives -------------------------------------------------------------------------------------------------

    def negatives(self, column: str, given: Any) -> BlockNegatives:
        """A sampled column as the loop draws it: from single blocks, and after them from groups of blocks."""
        if (column, id(given)) not in self._negatives:
            self._negatives[column, id(given)] = given, self._new_negatives(column, given)
        return self._negatives[column, id(given)][1]

    def _new_negatives(self, column: str, given: Negatives) -> BlockNegatives:
        axis = self.layout.sampled[column]
        blocks = self.blocks[axis]
        rows, bounds = [blocks.rows], [blocks.starts]
        if axis == 1 or self.layout.symmetric:
            rows.append(blocks.rows)
            bounds.append(blocks.group_starts[1:] + len(blocks.rows))
        options = {name: getattr(given, name) for name in ("of", "k", "power", "counts", "avoid")}
        return BlockNegatives(**options, rows=np.concatenate(rows), bounds=np.concatenate(bounds))

    def _drawn(self, axis: int, row: np.ndarray, group: np.ndarray, side: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the rows begin and how many they are that negatives of an axis are drawn from, for each segment."""
        blocks = self.blocks[axis]
        n, fine, coarse = len(blocks.rows), blocks.starts, blocks.group_starts
        if self.layout.symmetric:  # in the row's own group, blocks before its own are no longer its own to write
            in_row = (side == axis) | (group == row * self.groups // self.count)
        else:
            in_row = np.full(len(row), axis == 0)
        in_group = ~in_row
        start, size = np.zeros(len(row), np.int64), np.zeros(len(row), np.int64)
        start[in_row], size[in_row] = fine[row[in_row]], np.diff(fine)[row[in_row]]
        start[in_group], size[in_group] = n + coarse[group[in_group]], np.diff(coarse)[group[in_group]]
        return start, size

    # --- sorting ---------------------------------------------------------------------------------------------------

    def sort(self, chunk: Chunk, each: Each = map, spare: Sorted | None = None) -> Sorted:
        """The examples of a window, bucket by bucket, in file order within a bucket.

        `each` may use threads; the arrays of a `spare` window, which is done with, are used again.
        """
        examples = length(chunk)
        edges = np.linspace(0, examples, max(1, min(_SLICES, examples // _LEAST)) + 1).astype(np.int64)
        slices = list(zip(range(len(edges)), edges[:-1], edges[1:], strict=False))
        buckets = _room((examples,), spare.buckets if spare else None)
        counts = np.zeros((len(slices), self.count * self._columns * (2 if self.sided else 1)), np.int64)
        number = self._numbering(chunk)
        list(each(lambda s: number(s[1], s[2], buckets, counts[s[0]]), slices))
        ends = counts.T.ravel().cumsum()
        starts = np.ascontiguousarray((ends - counts.T.ravel()).reshape(-1, len(slices)).T)
        columns, packed = dict(chunk), _Packed(chunk, spare.packed if spare else None)
        columns |= {name: self._placed(name, chunk, buckets, starts, slices, each) for name in packed.left_out}
        list(each(lambda s: packed.move(s[1], s[2], buckets, starts[s[0]]), slices))
        return Sorted(columns | packed.columns(), ends[len(slices) - 1 :: len(slices)], buckets, packed.out)

    @staticmethod
    def _placed(
        name: str, chunk: Chunk, buckets: np.ndarray, starts: np.ndarray, slices: Sequence[Any], each: Each
    ) -> Column:
        """A column that is not packed, sorted by the places of its examples."""
        places, following = buckets.copy(), starts.copy()
        list(each(lambda s: compiled_sorting("find_places")(places[s[1] : s[2]], following[s[0]]), slices))
        column = chunk[name]
        if isinstance(column, Ragged):
            return reordered({name: column}, np.argsort(places, kind="stable"))[name]
        values: Any = column
        out = np.empty_like(values)
        wide, room = (values, out) if values.ndim == 2 else (values[:, None], out[:, None])
        list(each(lambda s: compiled_sorting("move")(wide[s[1] : s[2]], places[s[1] : s[2]], room), slices))
        return out

    def _numbering(self, chunk: Chunk) -> Callable[..., None]:
        ids, of = [_ids(chunk, axis) for axis in self.layout.axes], [b.of for b in self.blocks]
        if len(ids) == 1:  # one id decides: a single column
            ids, of = ids * 2, [of[0], np.zeros(len(of[0]), np.uint16)]
        per_column = self.count // self.groups if self.layout.symmetric else 1
        options = self._columns, per_column, self.layout.symmetric, self.sided
        number = compiled_sorting("number_buckets")
        return lambda lo, hi, out, counts: number(*(i[lo:hi] for i in ids), *of, *options, out[lo:hi], counts)

    @property
    def _columns(self) -> int:
        return self.groups if len(self.layout.axes) == 2 else 1

    # --- segments --------------------------------------------------------------------------------------------------

    def segments(
        self, ends: np.ndarray, sampled: Sequence[str], longest: int
    ) -> tuple[np.ndarray, list[tuple[int, int]]]:
        """The segments of a window's buckets, none longer than `longest`, and the tasks: a row of buckets each."""
        sides = 2 if self.sided else 1
        bucket = np.arange(len(ends))
        row, column, side = bucket // (sides * self._columns), bucket // sides % self._columns, bucket % sides
        starts = np.concatenate([[0], ends[:-1]])
        kept = column >= row * self.groups // self.count if self.layout.symmetric else np.ones(len(ends), bool)
        out = np.zeros((len(ends), DRAWN + 2 * len(sampled)), np.int64)
        chained = len(self.layout.axes) == 2  # by one id alone, no two rows share a block
        out[:, ROW] = row
        out[:, NEEDED] = column + 1 if chained else 0
        out[:, PASSED] = np.where(side == sides - 1, column + 1, column)
        out[:, LO], out[:, HI] = starts, ends
        for place, name in enumerate(sampled):
            out[:, DRAWN + 2 * place], out[:, DRAWN + 2 * place + 1] = self._drawn(
                self.layout.sampled[name], row, column, side
            )
        out = _cut(out[kept], longest)
        edges = np.searchsorted(out[:, ROW], np.arange(self.count + 1))
        return out, list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))


def _cut(segments: np.ndarray, longest: int) -> np.ndarray:
    """Cut long segments in pieces, of which only the last says that the row has passed."""
    pieces = np.maximum(1, -(-(segments[:, HI] - segments[:, LO]) // longest))
    if pieces.max(initial=1) == 1:
        return segments
    out = np.repeat(segments, pieces, axis=0)
    piece = np.arange(len(out)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    last = piece == np.repeat(pieces, pieces) - 1
    out[:, LO] += piece * longest
    out[~last, HI] = out[~last, LO] + longest
    out[~last, PASSED] = out[~last, NEEDED] - 1
    return out


def _ids(chunk: Chunk, source: Source) -> np.ndarray:
    column, place = source
    ids: Any = chunk[column]
    return ids if place is None else np.ascontiguousarray(ids[:, place])


class _Packed:
    """The columns of single ids and numbers of four bytes, moved together: one write for an example instead of many."""

    def __init__(self, chunk: Chunk, before: np.ndarray | None) -> None:
        arrays = {name: column for name, column in chunk.items() if isinstance(column, np.ndarray)}
        self.taken = {name: a for name, a in arrays.items() if a.ndim == 1 and a.itemsize == 4}
        self.left_out = [n for n, c in chunk.items() if n not in self.taken and isinstance(c, np.ndarray | Ragged)]
        self.out = _room((length(chunk), len(self.taken)), before)

    def move(self, lo: int, hi: int, buckets: np.ndarray, starts: np.ndarray) -> None:
        """Move the examples of a slice."""
        if self.taken:
            columns = tuple(a[lo:hi].view(np.int32) for a in self.taken.values())
            compiled_sorting("distribute")(buckets[lo:hi], starts, columns, self.out)

    def columns(self) -> Chunk:
        """The columns by name, as views."""
        return {name: self.out[:, place].view(a.dtype) for place, (name, a) in enumerate(self.taken.items())}


def _room(shape: tuple[int, ...], before: np.ndarray | None) -> np.ndarray:
    """An int32 array: memory that was used before, whose pages are there already, or new."""
    if before is not None and before.shape[1:] == shape[1:] and len(before) >= shape[0]:
        return before[: shape[0]]
    return np.empty(shape, np.int32)
