"""A kernel: a cost and its updates as one loop over examples, ready to be called."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property

import numpy as np

from rowspace.columns.chunk import Chunk
from rowspace.columns.kinds import Form, column_of
from rowspace.errors import CostError
from rowspace.jit.compile import compiled, interpreted
from rowspace.kernel.cost import Cost, SymbolicCost, differentiate, name_of, symbolic
from rowspace.kernel.emit.portable import WRITTEN_OUT
from rowspace.kernel.emit.scalars import Unsupported
from rowspace.kernel.example_loop import LoopSource, assemble
from rowspace.kernel.granted import check_lengths
from rowspace.kernel.graph.spelling import SharedValues
from rowspace.kernel.phases import APPLY, IDS, NOTE, WHOLE, LoopOptions, Phases
from rowspace.kernel.segments import Arguments, Runner, runner
from rowspace.kernel.source_cache import GraphDigests, digest_of_loop, digests_of_cost, keep, load, shared_values
from rowspace.tables.table import Table
from rowspace.updates import Update

_CACHED_BYTES = 2**19  # rows of larger tables are worth asking for early


@dataclass(frozen=True, eq=False)
class Kernel:
    """The loop of a cost and its updates over columns of some forms.

    Args:
        name: what messages call the cost.
        traced: the cost as a graph.
        forms: those of the columns.
        loop: the source; of a cost without a loop, one that applies its gradients.
        digests: what tells the cost from others.
        shared: the values of the cost's shared variables when the loop was written.
        portable: whether it gives the same bytes on every processor.
        slow: which operation has no loop, if one has none.
    """

    name: str
    traced: SymbolicCost
    forms: Mapping[str, Form]
    loop: LoopSource
    digests: GraphDigests
    shared: SharedValues
    portable: bool = False
    slow: str = ""

    @property
    def source(self) -> str:
        """The loop's Python source; for a cost without one, the loop that applies its gradients."""
        return self.loop.text

    @property
    def cost_is_cheap(self) -> bool:
        """Whether adding up the cost of every example takes next to nothing."""
        return self.loop.cost_is_cheap

    @property
    def is_stale(self) -> bool:
        """Whether a shared variable of the cost has another value now: the loop is to be made anew."""
        return self.shared.changed

    @property
    def ids(self) -> dict[str, list[str]]:
        """The id columns and the tables each indexes."""
        return self.traced.ids

    @property
    def sampled(self) -> list[str]:
        """The columns drawn in the loop, in the order of a segment's draws."""
        return [c for c in self.traced.columns if self.forms[c].draws]

    def order(self) -> list[str]:
        """The tables in the order of the kernel's rates."""
        return self.loop.tables

    @cached_property
    def run(self) -> Runner:
        """The loop as machine code, compiled (or read from the cache) at the first use."""
        return self._runner(compiled(self.source, strict=self.portable))

    @cached_property
    def interpreted(self) -> Runner:
        """The same loop run by Python: for a single example, faster than compiling."""
        return self._runner(interpreted(self.source))

    def with_bounds(self) -> Runner:
        """The loop as machine code that raises IndexError where it would leave an array: for tests."""
        return self._runner(compiled(self.source, strict=self.portable, bounds=True))

    def _runner(self, function: Callable[..., int]) -> Runner:
        if not self.slow:
            return runner(function)
        from rowspace.kernel.slow import SlowRunner  # which needs PyTensor's compiler

        gathered = [c for c, form in self.forms.items() if form.gathered]
        return SlowRunner(self.traced, runner(function), gathered[:1])

    def bind(
        self, tables: Mapping[str, Table], states: Mapping[str, tuple[np.ndarray, ...]], chunk: Chunk
    ) -> Arguments:
        """Lay out tables, state and a checked chunk in the kernel's order."""
        check_lengths(chunk, self.loop.lengths, self.loop.equal, self.loop.inside)
        columns = [column_of(chunk[name]) for name in self.traced.columns]
        return Arguments(
            tuple(tables[t].values for t in self.loop.tables),
            tuple(s for t in self.loop.tables for s in states.get(t, ())),
            tuple(columns) if self.slow else tuple(a for column in columns for a in column.arrays),
            0 if self.slow else len(self.sampled),
        )


def new_kernel(
    cost: Cost,
    tables: Mapping[str, Table],
    updates: Mapping[str, Update],
    forms: Mapping[str, Form],
    phases: Phases = WHOLE,
    *,
    guarded: bool = False,
    portable: bool = False,
) -> Kernel:
    """The kernel of a cost: its source kept from an earlier run, or written now.

    Args:
        cost: a function of tables and columns by name.
        tables: all tables.
        updates: of those that are trained.
        forms: of the columns that the cost takes.
        phases, guarded, portable: what the loop does (`LoopOptions`).

    Raises:
        CostError: where the cost or an update cannot be traced.
    """
    frozen = [t for t in tables if t not in updates]
    shapes, ids = {t: table.shape for t, table in tables.items()}, {t: table.ids for t, table in tables.items()}
    traced = symbolic(cost, shapes, forms, frozen=frozen, ids=ids)
    dims = {t: table.dim for t, table in tables.items()}
    prefetched = tuple(t for t, table in tables.items() if table.values.nbytes > _CACHED_BYTES)
    options = LoopOptions(phases, guarded, portable, prefetched)
    about = digests_of_cost(traced, dims, forms), shared_values(traced, dims, updates)
    name = digest_of_loop(traced, dims, updates, forms, options)
    kept = load(name)
    if kept is not None:
        return Kernel(name_of(cost), traced, forms, LoopSource(**kept), *about, portable)
    if phases not in (IDS, NOTE):  # which need no gradient
        traced = differentiate(traced)
    try:
        loop = assemble(traced, dims, updates, forms, options)
    except Unsupported as reason:
        _refuse_slow(name_of(cost), str(reason), options, updates)
        loop = _applying(name_of(cost), traced, dims, updates, forms, options)
        return Kernel(name_of(cost), traced, forms, loop, *about, slow=str(reason))
    keep(name, asdict(loop))
    return Kernel(name_of(cost), traced, forms, loop, *about, portable)


def _refuse_slow(cost: str, reason: str, options: LoopOptions, updates: Mapping[str, Update]) -> None:
    """Refuse a cost without a loop where only a loop will do."""
    if options.portable:
        raise CostError(
            f"fit(..., portable=True) needs a loop of single steps, and {reason} in the cost {cost!r} has none; write "
            f"the cost with arithmetic and {WRITTEN_OUT}, or leave out portable"
        )
    needs = "fit(..., batch=n)" if options.phases != WHOLE else "rs.exact"
    if options.phases != WHOLE or any(update.exact for update in updates.values()):
        raise CostError(f"{needs} needs a compiled loop, and {reason} in the cost {cost!r} has none")


def _applying(
    cost: str,
    traced: SymbolicCost,
    dims: Mapping[str, int],
    updates: Mapping[str, Update],
    forms: Mapping[str, Form],
    options: LoopOptions,
) -> LoopSource:
    """The loop that applies the gradients of a cost without one; its ids are drawn beforehand."""
    given = {name: replace(form, draws=None) for name, form in forms.items()}
    try:
        return assemble(traced, dims, updates, given, replace(options, phases=APPLY))
    except Unsupported as reason:
        raise CostError(
            f"the cost {cost!r} indexes a table by {reason}, which rowspace cannot check; "
            "give those ids as a column of their own"
        ) from reason
