"""The order of work where not all rows fit in memory: tiles of buckets, all of whose rows do.

Any order in which a bucket comes after the one before it in its row and in its column gives the same bytes. So as many
rows of buckets are taken as there is memory for, and the columns are gone through once for all of them, a few at a
time: every such stage reads and writes the other side once.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from rowspace.execute.residency import EXAMPLES, SCATTERED, Extent, Part, Residency
from rowspace.kernel.segments import NEEDED
from rowspace.schedule.buckets import Buckets, SortedExamples
from rowspace.schedule.plan import Sharing, Task, in_turn, span
from rowspace.system.mapped import Mapped, mapped, release
from rowspace.system.memory import resident
from rowspace.tables.on_disk import is_on_disk

_BANDS = 3  # of columns, in memory at a time: one that is read, one that is worked on, one that is written
_AT_MOST = 4  # one part in so many of the memory for all three; else one at a time, read when the last is written
_SHARE = 20  # a band takes at most one part in so many of the memory

Range = tuple[int, int]


@dataclass(frozen=True)
class Parts:
    """Where the parts of a window lie: the blocks of each space of tables, and the examples of each row of buckets.

    `columns` are the parts that each column of buckets needs, `rows` those that each row needs, `always` those that
    every bucket may need: pages of frequent rows, which are in many blocks. `arrays` are those in
    parts, and `whole` is the bytes of others, whose rows are too short to be worth moving.
    """

    extents: dict[Part, list[Extent]]
    rows: list[frozenset[Part]]
    columns: list[frozenset[Part]]
    always: frozenset[Part]
    arrays: list[Mapped]
    whole: int

    @classmethod
    def of(cls, buckets: Buckets, done: SortedExamples, arrays: Sequence[Sequence[np.ndarray]], tasks: Sequence[Task],
           segments: np.ndarray) -> "Parts":  # fmt: skip
        """The parts of a sorted window; `arrays` are the tables and states of each space."""
        symmetric, two = buckets.layout.symmetric, len(buckets.layout.axes) == 2
        extents: dict[Part, list[Extent]] = {}
        moved, whole = [], 0
        for space, own in enumerate(arrays[:1] if symmetric else arrays):
            found = [m for m in map(mapped, own) if m is not None]
            wide = [m for m in found if m.row_bytes * done.blocks[space].page >= WHOLE]
            whole += sum(m.array.nbytes for m in found if m not in wide)
            moved += wide
            runs = done.blocks[space].runs
            extents |= {(space, block): list(_extents(wide, runs[block])) for block in range(len(runs))}
        packed = mapped(done.packed) if done.packed.size else None
        for row, (begin, end) in enumerate(tasks):
            examples = span(segments, (begin, end))
            extents[EXAMPLES, row] = [(packed, *examples)] if packed is not None and examples[0] < examples[1] else []
        other = 0 if symmetric else 1
        blocks = done.blocks[-1].count // buckets.groups
        group = lambda c: frozenset((other, b) for b in range(c * blocks, (c + 1) * blocks))
        rows = [frozenset([(0, row), (EXAMPLES, row)]) for row in range(len(tasks))]
        columns = [group(c) for c in range(buckets.groups)] if two else [frozenset()]
        always = frozenset(part for part in extents if part[0] != EXAMPLES and part[1] == done.blocks[part[0]].count)
        return cls(extents, rows, columns, always, moved, whole)

    def bring_all(self, examples: int) -> None:
        """Read everything, where all of it fits, unless so few examples are better served with what they need."""
        if sum(of.array.nbytes for of in self.arrays) <= examples * SCATTERED:
            for of in self.arrays:
                of.prefetch(0, len(of.array))

    def size(self, parts: frozenset[Part]) -> int:
        """The bytes of some parts."""
        return sum((hi - lo) * of.row_bytes for part in parts for of, lo, hi in self.extents[part])


def _extents(arrays: Sequence[Mapped], runs: Sequence[Range]) -> Iterator[Extent]:
    for array in arrays:
        yield from ((array, lo, min(hi, len(array.array))) for lo, hi in runs if lo < len(array.array))


@dataclass(frozen=True)
class Tiles:
    """The segments of a window in the order of its tiles, the tasks of each tile, and what brings its rows.

    `missing` are the bytes by which the memory is too small for the smallest tiles there are.
    """

    segments: np.ndarray
    tasks: list[list[Task]]
    residency: Residency
    turns: list[Sharing] | None
    missing: int


def tiled(
    contents: Parts, segments: np.ndarray, tasks: Sequence[Task], memory: int, threads: int,
    *, symmetric: bool, lanes: int | None = None,
) -> Tiles | None:  # fmt: skip
    """A window in tiles; None if all of it fits in memory.

    Arguments:
        contents: where things lie.
        segments, tasks: as `Buckets.segments` gives them.
        memory: bytes for rows and examples.
        threads: how many there are for the tasks of a tile.
        symmetric: whether both ids are of the same tables, so that a row begins at its own column.
        lanes: after how many rows copies of small tables are merged, if there are such.
    """
    memory = max(0, memory - contents.whole - contents.size(contents.always))
    rows = [contents.size(part) for part in contents.rows]
    columns = [contents.size(part) for part in contents.columns]
    if sum(rows) + (0 if symmetric else sum(columns)) <= memory:
        return None
    width = int(np.clip(memory // _SHARE // max(1, *columns), 1, len(columns)))
    band = width * max(columns)
    overlapping = _BANDS * band <= memory // _AT_MOST
    beside = band * (_BANDS if overlapping else 1)
    per_column = len(rows) // len(columns) if symmetric else 0
    stages = _stages(rows, memory - beside, lanes or len(rows))
    tiles = [(stage, band) for stage in stages for band in _bands(stage, len(columns), width, per_column)]
    at = segments[:, NEEDED] - 1 if len(columns) > 1 else np.zeros(len(segments), np.int64)
    order, own, needs, begin = [], [], [], 0
    for (first, last), (left, right) in tiles:
        cut = [_within(at, task, left, right) for task in tasks[first:last]]
        laid_out, turns = _one_by_one(segments, cut) if lanes else in_turn(segments, cut, threads)
        own.append([(begin + b, begin + e) for b, e in turns])
        needs.append(contents.always.union(*contents.rows[first:last], *contents.columns[left:right]))
        order.append(laid_out)
        begin += len(laid_out)
    examples = [span(segments, task) for task in tasks]
    residency = Residency(contents.extents, needs, band if overlapping else 0, sum(hi - lo for lo, hi in examples))
    copies = _turns([stage for stage, _ in tiles], examples, lanes) if lanes else None
    return Tiles(np.concatenate(order), own, residency, copies, max(0, beside + max(rows) - memory))


def _one_by_one(segments: np.ndarray, rows: Sequence[Task]) -> tuple[np.ndarray, list[Task]]:
    """The segments of some rows, and a task for each row."""
    ends = np.cumsum([end - begin for begin, end in rows]).tolist()
    return np.concatenate([segments[begin:end] for begin, end in rows]), list(zip([0, *ends[:-1]], ends, strict=True))


def _turns(stages: Sequence[Range], examples: Sequence[Range], lanes: int) -> list[Sharing]:
    """For each tile, of whose rows copies are: those of `lanes` rows together."""
    of = [first // lanes for first, _ in stages]
    return [
        Sharing(examples[n * lanes : (n + 1) * lanes], first % lanes, begins=n != before, ends=n != after)
        for (first, _), before, n, after in zip(stages, [-1, *of], of, [*of[1:], -1], strict=False)
    ]


def _stages(rows: Sequence[int], memory: int, most: int) -> list[Range]:
    """Rows that fit in memory together, at least one at a time, and none beyond a multiple of `most`."""
    stages, first, held = [], 0, 0
    for row, size in enumerate(rows):
        if row > first and (held + size > memory or row % most == 0):
            stages.append((first, row))
            first, held = row, 0
        held += size
    return [*stages, (first, len(rows))]


def _bands(stage: Range, columns: int, width: int, per_column: int) -> Iterator[Range]:
    """The columns of a stage, so many at a time; those that are its own rows, where there are such, all at once."""
    begin = 0
    if per_column:
        begin = (stage[1] - 1) // per_column + 1
        yield stage[0] // per_column, begin
    for left in range(begin, columns, width):
        yield left, min(columns, left + width)


def _within(columns: np.ndarray, task: Task, left: int, right: int) -> Task:
    """The part of a row's segments that lies in columns `left` to `right`."""
    begin, end = task
    lo, hi = np.searchsorted(columns[begin:end], (left, right))
    return begin + int(lo), begin + int(hi)


_SPARE = 16  # one part in so many of the memory is left for what comes and goes


def room_for_rows(arrays: Iterable[np.ndarray], memory: int) -> int:
    """What is left of so many bytes of memory for rows, beside all else that this process has; arrays are let go."""
    for array in arrays:
        release(array)
    return max(0, memory - memory // _SPARE - resident())


@contextmanager
def random_access(arrays: Iterable[np.ndarray], memory: int) -> Iterator[None]:
    """While arrays larger than memory are trained on, do not read around a row: its neighbours are not met next."""
    found = [mapped(a) for a in arrays if is_on_disk(a)]
    large = [m for m in found if m is not None]
    large = large if sum(m.array.nbytes for m in large) > memory else []
    for one in large:
        one.expect(scattered=True)
    try:
        yield
    finally:
        for one in large:
            one.expect(scattered=False)


WHOLE = 2**16  # bytes: an array of which the rows of an extent have fewer is kept in memory
