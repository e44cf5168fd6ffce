"""The schedule "blocks": plans of examples sorted into buckets, or the reason why a cost cannot be sorted."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from rowspace.columns.chunk import Chunk, cut_out, length
from rowspace.errors import Sequential, SlowTable
from rowspace.kernel.kernel import Kernel
from rowspace.schedule.arrays import Arrays, FileArrays
from rowspace.schedule.buckets import Buckets, SortedExamples, buckets_for, check_sample, sample_of
from rowspace.schedule.layout import Layout, layout
from rowspace.schedule.pacing import EpochStart
from rowspace.schedule.place import Place
from rowspace.schedule.plan import Order, Plan
from rowspace.schedule.planning import Pending, Planning, Ready, place_after
from rowspace.schedule.sizes import REPLICAS
from rowspace.state import Key, TrainState
from rowspace.tables.on_disk import folder_of, is_on_disk

_LOOKS = 16  # at the rows of a table in one plan, where somebody records them


def in_blocks(ready: Ready, columns: Chunk, place: Place, epoch: EpochStart, planning: Planning) -> Iterator[Pending]:
    """A chunk a plan at a time, each sorted while others run."""
    buckets = ready.buckets
    assert buckets is not None
    for lo in range(place.entry, length(columns), buckets.together):
        after = place_after(place, columns, min(lo + buckets.together, length(columns)))
        seed = [planning.options.seed, epoch.number, place.first + lo]
        examples = cut_out(columns, lo, after.entry or length(columns))
        waiting = _sorting(buckets, examples, seed, planning)
        yield partial(_plans, ready, waiting, place.first + lo, epoch, after, length(columns), planning)


def _sorting(buckets: Buckets, examples: Chunk, seed: list[int], planning: Planning) -> Callable[[], SortedExamples]:
    """Begin to sort examples; those that may be larger than memory are sorted when their turn comes."""
    if buckets.arrays.on_disk:
        return lambda: buckets.sort(examples, seed, planning.spare.pop() if planning.spare else None)
    spare = planning.spare.pop() if planning.spare else None
    return planning.preparer.prepare(buckets.sort, examples, seed, spare)


def _plans(
    ready: Ready, waiting: Callable[[], SortedExamples], first: int, epoch: EpochStart, after: Place, examples: int,
    planning: Planning,
) -> Iterable[Plan]:  # fmt: skip
    kernel, buckets, done = ready.kernel, ready.buckets, waiting()
    assert buckets is not None
    segments, rows = buckets.segments(done, kernel.sampled, planning.pacing.longest())
    shared = buckets.layout.shared
    together = REPLICAS if shared else 0
    if not shared and planning.record_every is not None:
        together = max(1, len(rows) // _LOOKS)
    yield Plan(
        kernel=kernel,
        columns=done.columns,
        segments=planning.segments(kernel, segments, done.columns, first, epoch),
        rows=rows,
        order=Order.WAVE,
        after=after,
        together=together,
        shared=shared,
        lookups=0 if after.entry else examples * len(kernel.traced.lookups),
        sorted=done,
    )


# --- whether a cost fits, and how its tables are cut ------------------------------------------------------------------


def buckets_of(kernel: Kernel, columns: Chunk, planning: Planning) -> Buckets | None:
    """How a chunk is to be sorted; None where it is to run in order, of which a warning says why if it matters."""
    options = planning.options
    in_order = options.schedule not in (None, "blocks") or options.batch is not None
    if in_order or kernel.slow or not length(columns):
        return None
    key = (*kernel.traced.columns, options.schedule, options.blocks)
    if key not in planning.cuts:
        planning.cuts[key] = _new_buckets(kernel, columns, key, planning)
    buckets = planning.cuts[key]
    if buckets is not None and isinstance(buckets.arrays, FileArrays):
        buckets.arrays.memory = planning.memory
    return buckets if buckets is not None and buckets.cuts else None


def _new_buckets(kernel: Kernel, columns: Chunk, key: Key, planning: Planning) -> Buckets | None:
    state, options, sizes = planning.state, planning.options, planning.sizes
    fitting = fits(kernel, state)
    on_disk = [t.values for t in state.tables.values() if is_on_disk(t.values)]
    unasked = options.schedule is None and options.blocks is None
    if not isinstance(fitting, str) and fitting.sampled and unasked and not on_disk:
        return None  # negatives from a block are not quite as good as from the whole table
    if isinstance(fitting, str):
        _advise(kernel, fitting, planning)
        return None
    shapes = {t: table.shape for t, table in state.tables.items()}
    row_bytes = {t: sum(a.itemsize * a.shape[1] for a in state.arrays_of(t)) for t in shapes}
    known = state.samples.get(key)
    sample = check_sample(known, fitting, shapes, sizes) if known else sample_of(columns, fitting, shapes, sizes)
    state.samples[key] = sample
    arrays = FileArrays(folder_of(on_disk), planning.memory) if on_disk else Arrays()
    return buckets_for(fitting, shapes, row_bytes, sample, sizes, arrays, blocks=options.blocks)


def fits(kernel: Kernel, state: TrainState) -> Layout | str:
    """The ids by which the examples of a cost are sorted; or why they cannot be."""
    fitting = layout(kernel.traced, kernel.forms, {t: table.shape for t, table in state.tables.items()})
    exact = [] if isinstance(fitting, str) else [t for t in fitting.shared if state.is_exact(t)]
    if exact:
        fitting = f"the small table {exact[0]!r} has an exact update, whose copies cannot be averaged"
    return fitting


def _advise(kernel: Kernel, why_not: str, planning: Planning) -> None:
    """Say that a cost runs in file order, where blocks were asked for or a table is on disk."""
    on_disk = [t.values.nbytes for t in planning.state.tables.values() if is_on_disk(t.values)]
    if on_disk:
        SlowTable.warn(kernel.name, why_not, sum(on_disk), planning.memory)
    elif planning.options.schedule == "blocks":
        Sequential.warn(kernel.name, why_not)
