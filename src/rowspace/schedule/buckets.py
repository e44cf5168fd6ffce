"""The block schedule: examples of a window sorted into buckets that share no block, and the order they run in."""

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
from rowspace.schedule.bags import Bags, gathered_by, in_buckets
from rowspace.schedule.blocks import Blocks, Deck
from rowspace.schedule.layout import IdSource, Layout
from rowspace.schedule.negative_pool import NegativePool
from rowspace.schedule.packing import Packed, room
from rowspace.schedule.sizes import MOST, MOST_IN_BAGS, MOST_SAMPLED, MOST_SHARED, PAGE, blocks_on_disk, page_on_disk
from rowspace.schedule.sort_loops import find_places, number_buckets
from rowspace.schedule.spill import Spill
from rowspace.state import Sample

_A_ROW = 4.2  # examples in a window for every row: with more, blocks are fitted to one another, not to the data
_LONGEST = 2**22  # examples in a window
_BLOCK = 2**19  # bytes: two blocks and their state fit the second-level cache
_MOST, _FEWEST = 512, 8  # blocks; where there would be fewer, sorting is not worth its while
_EXAMPLES = 4096  # of a window, at least, for a block: a thread's task
_IN_BAGS = 16  # blocks where examples are gathered: with more, bags get small
_POOL = 2**18  # rows to draw negatives from, at least: bags share theirs, so that fewer are drawn
_GROUPS = 32  # of blocks: columns, of which more than half as many threads would not make use


def window_length(rows: int, *, on_disk: bool = False) -> int:
    """How many examples are sorted together: a power of two, at most four or so for every row.

    Of tables on disk really so many, as they are read and written once or more in every window.

    >>> window_length(50_000), window_length(10_000_000), window_length(10_000_000, on_disk=True)
    (131072, 4194304, 33554432)
    """
    return min(_power(_A_ROW * rows), 2**30 if on_disk else _LONGEST)


def block_count(row_bytes: int, rows: int, examples: int) -> int:
    """How many blocks, a power of two: 1 where a table or a window is too small to cut.

    It depends on the table and the data alone, not on the machine or the threads, so that the bytes do not either.

    >>> block_count(400, 50_000, 131_072), block_count(128, 300, 1024)
    (32, 1)
    """
    wanted = min(_MOST, 2 ** np.ceil(np.log2(rows * row_bytes / _BLOCK)))
    blocks = _power(min(max(wanted, 2 * _FEWEST), examples / _EXAMPLES))
    return blocks if blocks >= _FEWEST else 1


def _power(x: float) -> int:
    """The largest power of two that is not above x, at least 1."""
    return 2 ** int(np.log2(max(x, 1)))


@dataclass(frozen=True)
class SortedExamples:
    """Examples in the order of their buckets: `ends` (buckets,), and the bucket of each before it was sorted.

    `blocks` are those of each axis in this window, `pools` what negatives of each sampled column are drawn from, and
    `packed` (n, c) int32 the memory of which most columns are views. Gathered examples are `bags`.
    """

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


def sample_of(chunk: Chunk, layout: Layout, sizes: Mapping[str, tuple[int, int]]) -> Sample:
    """What of a first chunk decides how tables are cut."""
    counts = zip(layout.axes, axis_rows(layout, sizes), strict=True)
    met = [np.bincount(_ids(chunk, axis)[:_LONGEST], minlength=n).astype(np.int32) for axis, n in counts]
    return Sample(length(chunk), gathered_by(chunk) is not None, met)


def check_sample(sample: Sample, layout: Layout, sizes: Mapping[str, tuple[int, int]]) -> Sample:
    """The sample, if it is one of such a cost and tables; CheckpointError if a checkpoint says otherwise."""
    rows = axis_rows(layout, sizes)
    fits = [len(met) for met in sample.met] == rows and all(_counts_rows(met) for met in sample.met)
    if not fits:
        raise CheckpointError(
            "what the checkpoint keeps of how tables are cut does not fit them: it was altered; begin anew in "
            "another folder"
        )
    return sample


def _counts_rows(met: np.ndarray) -> bool:
    return not len(met) or (met.min() >= 0 and int(met.sum(dtype=np.int64)) <= _LONGEST)


def axis_rows(layout: Layout, sizes: Mapping[str, tuple[int, int]]) -> list[int]:
    """How many rows the ids of each axis choose from, given the shape (n, d) of every table."""
    return [max(sizes[t][0] for t in space) for space in layout.spaces]


class Buckets:
    """How a cost's examples are sorted.

    Arguments:
        layout: the ids that decide.
        sizes: the shape (n, d) of every table.
        row_bytes: bytes of a row of every table with its state.
        sample: of the first chunk.
        blocks: how many, or None for as many as suit.
        spill: where windows lie that may be larger than memory, if a table is on disk.
    """

    def __init__(
        self, layout: Layout, sizes: Mapping[str, tuple[int, int]], row_bytes: Mapping[str, int], sample: Sample,
        *, blocks: int | None, spill: Spill | None = None,
    ) -> None:  # fmt: skip
        self.layout, self.sample, self.gathered, self.spill = layout, sample, sample.gathered, spill
        rows = axis_rows(layout, sizes)
        wide = [sum(row_bytes[t] for t in space) for space in layout.spaces]
        self.window = _LONGEST if self.gathered else window_length(min(rows), on_disk=spill is not None)
        if blocks is None and spill:
            limits = (self.gathered, MOST_IN_BAGS), (layout.shared, MOST_SHARED), (layout.sampled, MOST_SAMPLED)
            most = min([limit for holds, limit in limits if holds], default=MOST)
            blocks = blocks_on_disk(max(n * w for n, w in zip(rows, wide, strict=True)), most)
        elif blocks is None and self.gathered:
            blocks = _IN_BAGS if sample.examples >= _IN_BAGS * _EXAMPLES else 1
        elif blocks is None:
            examples = min(self.window, sample.examples)
            blocks = block_count(wide[0], rows[0], examples)
            blocks = 1 if min(block_count(w, n, examples) for w, n in zip(wide, rows, strict=True)) == 1 else blocks
        self.groups = min(blocks, MOST if spill else _GROUPS)
        self.count = -(-blocks // self.groups) * self.groups
        if layout.symmetric and layout.sampled:
            self.count = self.groups  # negatives are drawn from single blocks too
        self.sided = layout.symmetric and bool(layout.sampled)
        met = [sample.met[0] + sample.met[1]] if layout.symmetric else sample.met
        pages = [page_on_disk(w) if spill else PAGE for w in wide]
        self._decks = [Deck(*given) for given in zip(met, (self.count, self.groups), pages, strict=False)]

    @property
    def cuts(self) -> bool:
        """Whether there is more than one block."""
        return self.count > 1

    def negatives(self, column: str, given: Any) -> BlockNegatives:
        """A sampled column as the loop draws it: from a pool, anew in every window."""
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
        """Where the rows begin and how many they are that negatives are drawn from, (2, segments)."""
        axis, pool = self.layout.sampled[name], done.pools[name]
        per_group = done.blocks[axis].count // self.groups
        # in the row's own group, blocks before its own are no longer its own to write
        in_row = (side == axis) | (group == row // per_group) if self.layout.symmetric else side + axis == 0
        first = np.where(in_row, row, group * per_group)
        start = pool.starts[first]
        return np.stack([start, pool.starts[np.where(in_row, first + 1, first + per_group)] - start])

    # --- sorting ---------------------------------------------------------------------------------------------------

    def sort(self, chunk: Chunk, seed: Sequence[int] = (0,), spare: SortedExamples | None = None) -> SortedExamples:
        """The examples of a window, bucket by bucket, in file order within a bucket.

        Arguments:
            chunk: the columns.
            seed: of the deal of rows to blocks and of the pools.
            spare: a window that is done with, whose memory is used again.
        """
        dealt = self._deal(seed)
        buckets = (self.spill.room if self.spill else room)((length(chunk),), spare.buckets if spare else None)
        counts = np.zeros(self.count * self._columns * (2 if self.sided else 1), np.int64)
        self._number(chunk, dealt, buckets, counts)
        ends = counts.cumsum()
        packed = Packed(chunk, spare.packed if spare else None, self.spill)
        columns = dict(chunk) | _placed({name: chunk[name] for name in packed.left_out}, buckets, ends - counts)
        columns |= {name: column_of(chunk[name]).of(a) for name, a in packed.moved(buckets, ends - counts).items()}
        bags = None
        if self.gathered:
            columns, bags, ends = in_buckets(columns, ends, spare.bags if spare else None)
        most = min(length(chunk), _LONGEST)
        size = lambda rows: min(most, max(_POOL, 4 * rows)) if bags else most
        drawn_from = {c: (dealt[axis], size(len(dealt[axis].of))) for c, axis in self.layout.sampled.items()}
        pools = {c: NegativePool.drawn(chunk[c], *given, [*seed, 2]) for c, given in drawn_from.items()}
        columns |= {c: chunk[c].drawing_from(pool.rows) for c, pool in pools.items()}  # type: ignore[union-attr]
        return SortedExamples(columns, ends, buckets, packed.out, dealt, pools, bags)

    def _number(self, chunk: Chunk, dealt: Sequence[Blocks], out: np.ndarray, counts: np.ndarray) -> None:
        ids, of = [_ids(chunk, axis) for axis in self.layout.axes], [b.of for b in dealt]
        if len(ids) == 1:  # one id decides: a single column
            ids, of = ids * 2, [of[0], np.zeros(len(of[0]), np.uint16)]
        per_column = self.count // self.groups if self.layout.symmetric else 1
        rest = *of, self._columns, per_column, self.layout.symmetric, self.sided, out, counts
        if self.spill:
            self.spill.number(compiled_loop(number_buckets), ids, *rest)
        else:
            compiled_loop(number_buckets)(*ids, *rest)

    @property
    def _columns(self) -> int:
        return self.groups if len(self.layout.axes) == 2 else 1

    # --- segments --------------------------------------------------------------------------------------------------

    def segments(
        self, done: SortedExamples, sampled: Sequence[str], longest: int
    ) -> tuple[np.ndarray, list[tuple[int, int]]]:
        """The segments of a window's buckets, none longer than `longest`, and the tasks: a row of buckets each."""
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
