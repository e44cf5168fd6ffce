"""For tables on disk: which rows and examples each row and column of buckets needs in memory."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rowspace.schedule.blocks import Blocks
from rowspace.schedule.plan import Plan, span
from rowspace.state import TrainState
from rowspace.system.mapped import Mapped, mapped

WHOLE_BYTES = 2**16  # of the rows of a page: an array where they have fewer is kept in memory
EXAMPLES = -1

Part = tuple[int, int]  # a space of tables and a block of its rows; or EXAMPLES and a row of buckets
Extent = tuple[Mapped, int, int]  # rows of a mapped array, from and to


@dataclass(frozen=True)
class Parts:
    """Where the parts of a plan lie: the blocks of each space of tables, and the examples of each row of buckets.

    Args:
        extents: where each part lies on the disk.
        rows: the parts that each row of buckets needs.
        columns: the parts that each column of buckets needs.
        always: those that every bucket may need: pages of frequent rows, which are in many blocks.
        arrays: those that are in parts.
        whole: bytes of others, whose rows are too short to be worth moving.
    """

    extents: dict[Part, list[Extent]]
    rows: list[frozenset[Part]]
    columns: list[frozenset[Part]]
    always: frozenset[Part]
    arrays: list[Mapped]
    whole: int

    def size(self, parts: Iterable[Part]) -> int:
        """The bytes of some parts."""
        return sum((hi - lo) * of.row_bytes for part in parts for of, lo, hi in self.extents[part])


def parts_of(plan: Plan, state: TrainState) -> Parts:
    """The parts of a plan of sorted examples."""
    examples = plan.sorted
    assert examples is not None
    symmetric, spaces = examples.layout.symmetric, examples.layout.spaces
    extents = _of_examples(plan)
    moved: list[Mapped] = []
    whole = 0
    for space, tables in enumerate(spaces[:1] if symmetric else spaces):
        arrays = [m for m in (mapped(a) for t in tables for a in state.arrays_of(t)) if m is not None]
        wide = [m for m in arrays if m.row_bytes * examples.blocks[space].page >= WHOLE_BYTES]
        whole += sum(m.array.nbytes for m in arrays if m not in wide)
        moved += wide
        extents |= _of_space(space, wide, examples.blocks[space])
    always = frozenset(part for part in extents if part[0] != EXAMPLES and part[1] == examples.blocks[part[0]].count)
    rows = [frozenset([(0, row), (EXAMPLES, row)]) for row in range(len(plan.rows))]
    return Parts(extents, rows, _columns(plan), always, moved, whole)


def _of_space(space: int, arrays: Sequence[Mapped], blocks: Blocks) -> dict[Part, list[Extent]]:
    """Where the rows of each block of a space lie."""
    return {(space, block): list(_extents(arrays, runs)) for block, runs in enumerate(blocks.runs)}


def _of_examples(plan: Plan) -> dict[Part, list[Extent]]:
    """Where the examples of each row of buckets lie."""
    assert plan.sorted is not None
    packed = mapped(plan.sorted.packed) if plan.sorted.packed.size else None
    spans = [span(plan.segments.segments, row) for row in plan.rows]
    return {
        (EXAMPLES, row): [(packed, lo, hi)] if packed is not None and lo < hi else []
        for row, (lo, hi) in enumerate(spans)
    }


def _columns(plan: Plan) -> list[frozenset[Part]]:
    """The blocks that each column of buckets needs; a single column, where one id decides, needs none of its own."""
    examples = plan.sorted
    assert examples is not None
    if len(examples.layout.axes) == 1:
        return [frozenset()]
    space, each = 0 if examples.layout.symmetric else 1, examples.blocks[-1].count // examples.groups
    return [
        frozenset((space, block) for block in range(column * each, (column + 1) * each))
        for column in range(examples.groups)
    ]


def _extents(arrays: Sequence[Mapped], runs: Sequence[tuple[int, int]]) -> Iterator[Extent]:
    for array in arrays:
        rows = len(array.array)
        yield from ((array, lo, min(hi, rows)) for lo, hi in runs if lo < rows)
