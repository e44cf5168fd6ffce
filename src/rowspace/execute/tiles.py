"""A plan where not all rows fit in memory: tiles of buckets, all of whose rows do.

Any order in which a bucket comes after the one before it in its row and in its column gives the same bytes. So as many
rows of buckets are taken as there is memory for, and the columns are gone through once for all of them, a few at a
time: every such stage reads and writes the other side once.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from rowspace.execute.arrange import Arranged, Sharing, Stage, in_turn, laid_out
from rowspace.execute.residency import SCATTERED_BYTES, Residency
from rowspace.kernel.segments import NEEDED
from rowspace.schedule.parts import Parts
from rowspace.schedule.plan import Plan, Task, span
from rowspace.system.mapped import Mapped, mapped, release
from rowspace.system.memory import resident
from rowspace.tables.on_disk import is_on_disk

# How the memory is shared out (docs/decisions/on-disk.md#tiles-not-rows). A share of n is one part in n of it.
_BANDS = 3  # of columns, in memory at a time: one that is read, one that is worked on, one that is written
_BANDS_SHARE = 4  # for all three; where they need more there is one at a time, read when the last is written
_BAND_SHARE = 20  # for a band, at most
_SPARE_SHARE = 16  # left for what comes and goes

Range = tuple[int, int]


@dataclass(frozen=True)
class Tiles:
    """A plan in tiles, and what brings the rows of each.

    `missing` are the bytes by which the memory is too small for the smallest tiles there are.
    """

    arranged: Arranged
    residency: Residency
    missing: int


@dataclass(frozen=True)
class _BandSize:
    """Bands of so many columns. So many bytes are held by those that are read, worked on and written at a time."""

    width: int
    size: int
    overlapping: bool

    @classmethod
    def of(cls, columns: Sequence[int], memory: int) -> "_BandSize":
        """Bands of columns of so many bytes each, as the memory allows."""
        width = int(np.clip(memory // _BAND_SHARE // max(1, *columns), 1, len(columns)))
        size = width * max(columns)
        return cls(width, size, _BANDS * size <= memory // _BANDS_SHARE)

    @property
    def held(self) -> int:
        return self.size * (_BANDS if self.overlapping else 1)


def tiled(plan: Plan, parts: Parts, memory: int, threads: int) -> Tiles | None:
    """A plan in tiles for so many bytes of rows and examples; None if all of it fits in memory."""
    assert plan.sorted is not None
    symmetric, segments = plan.sorted.layout.symmetric, plan.segments.segments
    memory = max(0, memory - parts.whole - parts.size(parts.always))
    rows = [parts.size(part) for part in parts.rows]
    columns = [parts.size(part) for part in parts.columns]
    if sum(rows) + (0 if symmetric else sum(columns)) <= memory:
        return None
    bands = _BandSize.of(columns, memory)
    per_column = len(rows) // len(columns) if symmetric else 0
    groups = _groups(rows, memory - bands.held, plan.together if plan.shared else len(rows))
    tiles = [(group, band) for group in groups for band in _bands(group, len(columns), bands.width, per_column)]
    at = segments[:, NEEDED] - 1 if len(columns) > 1 else np.zeros(len(segments), np.int64)
    sharings = _sharings(plan, [group for group, _ in tiles]) if plan.shared else [None] * len(tiles)
    stages, places, needs, begin = [], [], [], 0
    for ((first, last), (left, right)), sharing in zip(tiles, sharings, strict=True):
        cut = [_within(at, task, left, right) for task in plan.rows[first:last]]
        own, tasks = _one_by_one(cut) if plan.shared else in_turn(segments, cut, threads)
        stages.append(Stage([(begin + b, begin + e) for b, e in tasks], sharing))
        places.append(own)
        needs.append(parts.always.union(*parts.rows[first:last], *parts.columns[left:right]))
        begin += len(own)
    examples = sum(hi - lo for lo, hi in (span(segments, task) for task in plan.rows))
    residency = Residency(parts, needs, bands.size if bands.overlapping else 0, examples)
    arranged = Arranged(laid_out(plan.segments, np.concatenate(places)), stages)
    return Tiles(arranged, residency, max(0, bands.held + max(rows) - memory))


def _one_by_one(rows: Sequence[Task]) -> tuple[np.ndarray, list[Task]]:
    """Which segments some rows have, and a task for each row."""
    ends = np.cumsum([end - begin for begin, end in rows]).tolist()
    return np.concatenate([np.arange(*row) for row in rows]), list(zip([0, *ends[:-1]], ends, strict=True))


def _sharings(plan: Plan, groups: Sequence[Range]) -> list[Sharing]:
    """For each tile, the rows that share copies with its own: a tile may have only some of their columns."""
    size, segments = plan.together, plan.segments.segments
    examples = [span(segments, row) for row in plan.rows]
    of = [first // size for first, _ in groups]
    return [
        Sharing(examples[n * size : (n + 1) * size], first % size, begins=n != before, ends=n != after)
        for (first, _), before, n, after in zip(groups, [-1, *of], of, [*of[1:], -1], strict=False)
    ]


def _groups(rows: Sequence[int], memory: int, most: int) -> list[Range]:
    """Rows that fit in memory together, at least one at a time, and none beyond a multiple of `most`."""
    groups, first, held = [], 0, 0
    for row, size in enumerate(rows):
        if row > first and (held + size > memory or row % most == 0):
            groups.append((first, row))
            first, held = row, 0
        held += size
    return [*groups, (first, len(rows))]


def _bands(group: Range, columns: int, width: int, per_column: int) -> Iterator[Range]:
    """The columns of a group of rows, so many at a time; those that are its own rows are taken all at once."""
    begin = 0
    if per_column:
        begin = (group[1] - 1) // per_column + 1
        yield group[0] // per_column, begin
    for left in range(begin, columns, width):
        yield left, min(columns, left + width)


def _within(columns: np.ndarray, task: Task, left: int, right: int) -> Task:
    """The part of a row's segments that lies in columns `left` to `right`."""
    begin, end = task
    lo, hi = np.searchsorted(columns[begin:end], (left, right))
    return begin + int(lo), begin + int(hi)


# --- memory -----------------------------------------------------------------------------------------------------------


def bring_all(parts: Parts, examples: int) -> None:
    """Read everything, where all of it fits, unless so few examples are better served with what they need."""
    if sum(of.array.nbytes for of in parts.arrays) <= examples * SCATTERED_BYTES:
        for of in parts.arrays:
            of.prefetch(0, len(of.array))


def room_for_rows(arrays: Iterable[np.ndarray], memory: int) -> int:
    """What is left of so many bytes of memory for rows, beside all else that this process has; arrays are let go."""
    for array in arrays:
        release(array)
    return max(0, memory - memory // _SPARE_SHARE - resident())


@contextmanager
def random_access(arrays: Iterable[np.ndarray], memory: int) -> Iterator[None]:
    """While arrays larger than memory are trained on, do not read around a row: its neighbours are not met next."""
    large = scattered(arrays, memory)
    try:
        yield
    finally:
        for one in large:
            one.expect(scattered=False)


def scattered(arrays: Iterable[np.ndarray], memory: int) -> list[Mapped]:
    """Have no neighbours of a row read with it in arrays on disk that are larger than memory; gives them."""
    on_disk = [mapped(a) for a in arrays if is_on_disk(a)]
    large = [m for m in on_disk if m is not None]
    large = large if sum(m.array.nbytes for m in large) > memory else []
    for one in large:
        one.expect(scattered=True)
    return large
