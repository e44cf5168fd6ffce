"""A kernel: a cost and its updates as one loop over examples, ready to be called."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cached_property
from typing import Any

import numpy as np

from rowspace.columns.chunk import Chunk
from rowspace.columns.kinds import Ragged
from rowspace.columns.negatives import Negatives
from rowspace.errors import CostError
from rowspace.jit.compile import compiled, interpreted
from rowspace.kernel.cost import Cost, SymbolicCost, differentiate, name_of, symbolic
from rowspace.kernel.emit.scalars import Unsupported
from rowspace.kernel.example_loop import LoopSource, assemble
from rowspace.kernel.granted import check_lengths
from rowspace.kernel.segments import Arguments, Runner, runner
from rowspace.kernel.source_cache import fingerprint, identity_of_cost, keep, load, shared_values
from rowspace.tables.table import Table
from rowspace.updates import Update

_CACHED = 2**19  # bytes: rows of larger tables are worth asking for early


class Kernel:
    """A traced cost with its updates; `source` is the loop, as Python one can read. `identity` tells costs apart.

    A loop has the values of shared variables that they had when it was written: one that `is_stale` is to be made anew.

    Raises CostError where the cost or an update cannot be traced.
    """

    def __init__(
        self,
        cost: Cost,
        tables: Mapping[str, Table],
        updates: Mapping[str, Update],
        columns: Mapping[str, Any],
        *,
        guarded: bool = False,
        part: str = "all",
    ) -> None:
        sizes = {t: table.shape for t, table in tables.items()}
        frozen = [t for t in tables if t not in updates]
        self.name = name_of(cost)
        self.traced: SymbolicCost = symbolic(cost, sizes, {c: k for c, (k, _) in columns.items()}, frozen=frozen)
        forms = {c: sampled or kind for c, (kind, sampled) in columns.items()}
        self.slow, self.forms = "", forms
        prefetched = [t for t, table in tables.items() if table.values.nbytes > _CACHED]
        self._options: dict[str, Any] = {"guarded": guarded, "prefetched": prefetched, "part": part}
        self._plan = self._source({t: table.dim for t, table in tables.items()}, updates, forms)

    def _source(self, dims: dict[str, int], updates: Mapping[str, Update], forms: dict[str, Any]) -> LoopSource:
        """The loop, kept from an earlier run or written now; of a cost without one, what applies its gradients."""
        self.identity = identity_of_cost(self.traced, dims, forms)
        self._shared = shared_values(self.traced, dims, updates)
        name = fingerprint(self.traced, dims, updates, forms, self._options)
        kept = load(name)
        if kept is not None:
            return LoopSource(**kept)
        self.traced = differentiate(self.traced)
        try:
            return self._keep(name, assemble(self.traced, dims, updates, forms, **self._options))
        except Unsupported as reason:
            self.slow = str(reason)
        self._refuse_slow(updates)
        try:
            return assemble(self.traced, dims, updates, _given(forms), **{**self._options, "part": "apply"})
        except Unsupported as reason:
            raise CostError(
                f"the cost {self.name!r} indexes a table by {reason}, which rowspace cannot check; "
                "give those ids as a column of their own"
            ) from reason

    def _refuse_slow(self, updates: Mapping[str, Update]) -> None:
        """Some things need a loop."""
        needs = "fit(..., batch=n)" if self._options["part"] != "all" else "rs.exact"
        if self._options["part"] != "all" or any(u.exact for u in updates.values()):
            raise CostError(f"{needs} needs a compiled loop, and {self.slow} in the cost {self.name!r} has none")

    def _keep(self, name: str | None, source: LoopSource) -> LoopSource:
        keep(name, asdict(source))
        return source

    @property
    def source(self) -> str:
        """The loop's Python source; for a cost without one, the loop that applies its gradients."""
        return self._plan.text

    @property
    def cost_is_cheap(self) -> bool:
        """Whether adding up the cost of every example takes next to nothing."""
        return self._plan.cost_is_cheap

    @property
    def is_stale(self) -> bool:
        """Whether a shared variable of the cost has another value now."""
        return self._shared.changed

    @property
    def ids(self) -> dict[str, list[str]]:
        """The id columns and the tables each indexes."""
        return self.traced.ids

    @cached_property
    def run(self) -> Runner:
        """The loop as machine code, compiled (or read from the cache) at the first use."""
        return self._runner(compiled(self.source))

    @cached_property
    def interpreted(self) -> Runner:
        """The same loop run by Python: for a single example, faster than compiling."""
        return self._runner(interpreted(self.source))

    def with_bounds(self) -> Runner:
        """The loop as machine code that raises IndexError where it would leave an array: for tests."""
        return self._runner(compiled(self.source, bounds=True))

    def _runner(self, function: Callable[..., Any]) -> Runner:
        if self.slow:
            from rowspace.kernel.slow import SlowRunner

            gathered = [c for c, form in self.forms.items() if getattr(form, "gathered", False)]
            return SlowRunner(self.traced, runner(function), gathered[:1])
        return runner(function)

    def bind(
        self,
        tables: Mapping[str, Table],
        states: Mapping[str, tuple[np.ndarray, ...]],
        chunk: Chunk,
    ) -> Arguments:
        """Lay out tables, state and a checked chunk in the kernel's order."""
        check_lengths(chunk, self._plan.lengths, self._plan.equal, self._plan.inside)
        return Arguments(
            tuple(tables[t].values for t in self._plan.tables),
            tuple(s for t in self._plan.tables for s in states.get(t, ())),
            tuple(part for name in self.traced.columns for part in _parts(chunk[name], bool(self.slow))),
            0 if self.slow else len(self.sampled),
        )

    @property
    def sampled(self) -> list[str]:
        """The columns drawn in the loop, in the order of a segment's draws."""
        return [c for c in self.traced.columns if isinstance(self.forms[c], Negatives)]

    def order(self) -> list[str]:
        """The tables in the order of the kernel's rates."""
        return self._plan.tables


def _given(forms: Mapping[str, Any]) -> dict[str, Any]:
    """Sampled columns as bags of ids: a cost without a loop gets its draws beforehand."""
    from rowspace.columns.kinds import Form

    return {c: Form((f.k,)) if isinstance(f, Negatives) else f for c, f in forms.items()}


def _parts(column: Any, slow: bool) -> tuple[Any, ...]:
    """A column as arrays: one, or several for ragged bags and sampled ids."""
    if isinstance(column, Ragged):
        return column.values, column.offsets
    if isinstance(column, Negatives):
        return (column,) if slow else column.arrays
    return (column,)
