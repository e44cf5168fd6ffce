"""Examples sorted into buckets, and the order in which buckets run so that no two threads write one row.

A bucket holds the examples whose first id is in one block of rows and whose second id is in one group of blocks: it is
a cell of a grid. Two buckets of different rows and columns share no row of any table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rowspace.columns.chunk import Chunk, length
from rowspace.columns.kinds import column_of
from rowspace.columns.negatives import BlockNegatives
from rowspace.errors import CheckpointError
from rowspace.jit.compile import compiled_loop
from rowspace.kernel.segments import DRAWN, HI, LO, NEEDED, PASSED, ROW
from rowspace.schedule.arrays import Arrays, Packed
from rowspace.schedule.bags import Bags, gathered_by, in_buckets
from rowspace.schedule.blocks import Blocks, Deck
from rowspace.schedule.layout import IdSource, Layout
from rowspace.schedule.negative_pool import NegativePool
from rowspace.schedule.sizes import PAGE, Sizes, page_on_disk
from rowspace.schedule.sort_loops import find_places
from rowspace.state import Sample
from rowspace.tables.entries import pieces_of

Shapes = Mapping[str, tuple[int, int]]  # (n, d) of tables


@dataclass(frozen=True)
class SortedExamples:
    """Examples in the order of their buckets.

    Args:
        layout: of the ids they were sorted by.
        groups: how many columns of buckets there are, where two ids decide.
        columns: of the sorted examples.
        ends: where each bucket ends, (buckets,).
        buckets: the bucket of each example as it stood before, (n,).
        packed: (n, c) int32, the memory of which most columns are views.
        blocks: of the rows of each axis.
        pools: what the ids of each sampled column are drawn from.
        bags: of examples that are gathered.
    """

    layout: Layout
    groups: int
    columns: Chunk
    ends: np.ndarray
    buckets: np.ndarray
    packed: np.ndarray
    blocks: Sequence[Blocks]
    pools: Mapping[str, NegativePool]
    bags: Bags | None

    def original(self, n: int) -> int:
        """Where a sorted example stood."""
        n = self.bags.first(n) if self.bags else n
        ends = np.bincount(self.buckets).cumsum()
        bucket = int(np.searchsorted(ends, n, side="right"))
        own = np.flatnonzero(self.buckets == bucket)
        return int(own[n - ends[bucket] + len(own)])


def sample_of(chunk: Chunk, layout: Layout, shapes: Shapes, sizes: Sizes) -> Sample:
    """What of a first chunk decides how tables are cut."""
    counts = zip(layout.axes, axis_rows(layout, shapes), strict=True)
    met = [np.bincount(_ids(chunk, axis)[: sizes.most_examples], minlength=n).astype(np.int32) for axis, n in counts]
    return Sample(length(chunk), gathered_by(chunk) is not None, met)


def check_sample(sample: Sample, layout: Layout, shapes: Shapes, sizes: Sizes) -> Sample:
    """The sample, if it is one of such a cost and tables; CheckpointError if a checkpoint says otherwise."""
    fits = [len(met) for met in sample.met] == axis_rows(layout, shapes)
    if not fits or not all(_counts_rows(met, sizes.most_examples) for met in sample.met):
        raise CheckpointError(
            "what the checkpoint keeps of how tables are cut does not fit them: it was altered; begin anew in "
            "another folder"
        )
    return sample


def _counts_rows(met: np.ndarray, most: int) -> bool:
    return not len(met) or (met.min() >= 0 and int(met.sum(dtype=np.int64)) <= most)


def axis_rows(layout: Layout, shapes: Shapes) -> list[int]:
    """How many rows the ids of each axis choose from."""
    return [max(shapes[t][0] for t in space) for space in layout.spaces]


@dataclass(frozen=True)
class Cut:
    """How tables are cut: into `count` blocks by the first id, of which `groups` are columns, for so many examples."""

    examples: int
    count: int
    groups: int

    @classmethod
    def of(
        cls, layout: Layout, rows: Sequence[int], row_bytes: Sequence[int], sample: Sample, sizes: Sizes,
        blocks: int | None, *, on_disk: bool,
    ) -> "Cut":  # fmt: skip
        """Into `blocks`, or as many as suit the rows of each axis and their bytes."""
        together = sizes.most_examples if sample.gathered else sizes.sorted_together(min(rows), on_disk=on_disk)
        if blocks is None and on_disk:
            largest = max(n * w for n, w in zip(rows, row_bytes, strict=True))
            limits = {"in_bags": sample.gathered, "shared": bool(layout.shared), "sampled": bool(layout.sampled)}
            blocks = sizes.on_disk(largest, **limits)
        elif blocks is None and sample.gathered:
            blocks = sizes.gathered(sample.examples)
        elif blocks is None:
            blocks = sizes.in_memory(row_bytes, rows, min(together, sample.examples))
        groups = min(blocks, sizes.most_on_disk if on_disk else sizes.columns)
        if layout.symmetric and layout.sampled:  # negatives are drawn from single blocks too
            return cls(together, groups, groups)
        return cls(together, -(-blocks // groups) * groups, groups)


def buckets_for(
    layout: Layout, shapes: Shapes, row_bytes: Mapping[str, int], sample: Sample, sizes: Sizes, arrays: Arrays,
    *, blocks: int | None = None,
) -> "Buckets":  # fmt: skip
    """How a cost's examples are sorted.

    Args:
        layout: the ids that decide.
        shapes: (n, d) of every table.
        row_bytes: bytes of a row of every table with its slots.
        sample: of the first chunk.
        sizes: what is worth cutting.
        arrays: where sorted examples lie.
        blocks: how many, or None for as many as suit.
    """
    wide = [sum(row_bytes[t] for t in space) for space in layout.spaces]
    cut = Cut.of(layout, axis_rows(layout, shapes), wide, sample, sizes, blocks, on_disk=arrays.on_disk)
    met = [sample.met[0] + sample.met[1]] if layout.symmetric else sample.met
    pages = [page_on_disk(w) if arrays.on_disk else PAGE for w in wide]
    decks = [Deck(*given) for given in zip(met, (cut.count, cut.groups), pages, strict=False)]
    return Buckets(layout, sample, cut, decks, sizes, arrays)


class Buckets:
    """How a cost's examples are sorted: see `buckets_for`."""

    def __init__(
        self, layout: Layout, sample: Sample, cut: Cut, decks: Sequence[Deck], sizes: Sizes, arrays: Arrays
    ) -> None:
        self.layout, self.sample, self.sizes, self.arrays = layout, sample, sizes, arrays
        self.together, self.count, self.groups = cut.examples, cut.count, cut.groups
        self.sided = layout.symmetric and bool(layout.sampled)
        self._decks = decks

    @property
    def cuts(self) -> bool:
        """Whether there is more than one block."""
        return self.count > 1

    def negatives(self, column: str, given: Any) -> BlockNegatives:
        """A sampled column as the loop draws it: from a pool, anew in every plan."""
        options = {name: getattr(given, name) for name in ("of", "k", "power", "counts", "avoid")}
        replaced = self.layout.axes[self.layout.sampled[column]]
        return BlockNegatives(**options, whole=given, pool=np.zeros(0, np.int32), replaced=replaced)

    def _deal(self, seed: Sequence[int]) -> list[Blocks]:
        """Deal the rows anew: what is in a block together is chance, and never for long."""
        dealt = [deck.deal([*seed, n], apart=not self.layout.sampled) for n, deck in enumerate(self._decks)]
        return dealt * 2 if self.layout.symmetric else dealt

    def _drawn(
        self, done: SortedExamples, name: str, row: np.ndarray, group: np.ndarray, side: np.ndarray
    ) -> np.ndarray:
        """For each segment, where in the pool its negatives are drawn from and how many rows that are, (2, segments).

        Only rows of the segment's own blocks may be drawn, since a loop writes them. Negatives stand for the id of one
        axis: for the first id they come from the block of the bucket's row, for the second from the blocks of its
        column. Where both ids are of one table, buckets have two sides, which tell which id lay in the row's block.
        """
        axis, pool = self.layout.sampled[name], done.pools[name]
        per_group = done.blocks[axis].count // self.groups
        # in the row's own group, blocks before its own are no longer its own to write
        in_row = (side == axis) | (group == row // per_group) if self.layout.symmetric else side + axis == 0
        first = np.where(in_row, row, group * per_group)
        start = pool.starts[first]
        return np.stack([start, pool.starts[np.where(in_row, first + 1, first + per_group)] - start])

    # --- sorting ---------------------------------------------------------------------------------------------------

    def sort(self, chunk: Chunk, seed: Sequence[int] = (0,), spare: SortedExamples | None = None) -> SortedExamples:
        """Examples bucket by bucket, in file order within a bucket.

        Args:
            chunk: the columns.
            seed: of the deal of rows to blocks and of the pools.
            spare: sorted examples that are done with, whose memory is used again.
        """
        dealt = self._deal(seed)
        buckets = self.arrays.room((length(chunk),), spare.buckets if spare else None)
        counts = np.zeros(self.count * self._columns * (2 if self.sided else 1), np.int64)
        self._number(chunk, dealt, buckets, counts)
        ends = counts.cumsum()
        packed = Packed(chunk, spare.packed if spare else None, self.arrays)
        columns = dict(chunk) | _placed({name: chunk[name] for name in packed.left_out}, buckets, ends - counts)
        columns |= {name: column_of(chunk[name]).of(a) for name, a in packed.moved(buckets, ends - counts).items()}
        bags = None
        if self.sample.gathered:
            columns, bags, ends = in_buckets(columns, ends, spare.bags if spare else None)
        pools = {}
        for name, axis in self.layout.sampled.items():
            size = min(length(chunk), self.sizes.most_examples)
            size = min(size, max(self.sizes.pool, 4 * len(dealt[axis].of))) if bags else size
            pools[name] = NegativePool.drawn(chunk[name], dealt[axis], size, [*seed, 2])
        columns |= {c: chunk[c].drawing_from(pool.rows) for c, pool in pools.items()}  # type: ignore[union-attr]
        return SortedExamples(self.layout, self.groups, columns, ends, buckets, packed.out, dealt, pools, bags)

    def _number(self, chunk: Chunk, dealt: Sequence[Blocks], out: np.ndarray, counts: np.ndarray) -> None:
        ids, of = [_ids(chunk, axis) for axis in self.layout.axes], [b.of for b in dealt]
        if len(ids) == 1:  # one id decides: a single column
            ids, of = ids * 2, [of[0], np.zeros(len(of[0]), np.uint16)]
        per_column = self.count // self.groups if self.layout.symmetric else 1
        rest = *of, self._columns, per_column, self.layout.symmetric, self.sided, out, counts
        self.arrays.number(ids, *rest)

    @property
    def _columns(self) -> int:
        return self.groups if len(self.layout.axes) == 2 else 1

    # --- segments --------------------------------------------------------------------------------------------------

    def segments(
        self, done: SortedExamples, sampled: Sequence[str], longest: int
    ) -> tuple[np.ndarray, list[tuple[int, int]]]:
        """The segments of the buckets, none longer than `longest`, and for each row of buckets which are its own.

        Rows run as a wave: a bucket begins when the row before it has passed its column (NEEDED), and says when it has
        passed it itself (PASSED). So a bucket always comes after the bucket above it and the one to its left, which are
        all that write rows of its blocks: many threads then write each row in the order in which one thread would.
        """
        sides, ends = 2 if self.sided else 1, done.ends
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
            first = DRAWN + 2 * place
            out[:, first], out[:, first + 1] = self._drawn(done, name, row, column, side)
        out = _cut(out[kept], longest)
        edges = np.searchsorted(out[:, ROW], np.arange(self.count + 1))
        return out, list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))


def _cut(segments: np.ndarray, longest: int) -> np.ndarray:
    """Cut long segments in pieces, of which only the last says that the row has passed."""
    of, piece = pieces_of(np.maximum(1, segments[:, HI] - segments[:, LO]), longest)
    if len(of) == len(segments):
        return segments
    out, last = segments[of], np.append(of[1:] != of[:-1], True)
    out[:, LO] += piece * longest
    out[~last, HI] = out[~last, LO] + longest
    out[~last, PASSED] = out[~last, NEEDED] - 1
    return out


def _placed(chunk: Chunk, buckets: np.ndarray, starts: np.ndarray) -> Chunk:
    """Columns that are not packed, sorted by the places of their examples."""
    if not chunk:
        return {}
    places = buckets.copy()
    compiled_loop(find_places)(places, starts)
    return {name: column_of(column).moved(places) for name, column in chunk.items()}


def _ids(chunk: Chunk, source: IdSource) -> np.ndarray:
    column, place = source
    ids = column_of(chunk[column]).flat
    assert ids is not None  # of a column of ids
    return ids if place is None else np.ascontiguousarray(ids[:, place])
