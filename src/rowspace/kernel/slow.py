"""Costs without a loop of their own: PyTensor's operations give the gradients, a kernel applies them."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytensor
from pytensor.compile.mode import Mode

from rowspace.columns.kinds import Column, column_of
from rowspace.kernel.cost import SymbolicCost
from rowspace.kernel.graph.floatx import floats
from rowspace.kernel.graph.rewriting import careful_mode
from rowspace.kernel.graph.subgradients import opened
from rowspace.kernel.segments import HI, LO, Arguments, Runner, Segments, Slice, run_slice


class SlowRunner:
    """Runs examples one by one through PyTensor's own operations; members of the bags `gathered` are counted.

    The operations run as NumPy calls, a millisecond an example or so: what PyTensor compiles of a graph with an inverse
    is no faster before thousands of examples, and takes minutes first.
    """

    def __init__(self, traced: SymbolicCost, apply: Runner, gathered: Sequence[str] = ()) -> None:
        self.traced, self.apply = traced, apply
        self._counted = [list(traced.columns).index(c) for c in gathered]
        symbols = list(traced.columns.values())
        rows = [look.rows for look in traced.lookups]
        options: dict[str, Any] = {"on_unused_input": "ignore", "allow_input_downcast": True}
        plain = Mode(linker="py", optimizer=None)
        with floats("float32"):
            self.ids = pytensor.function(symbols, [look.index for look in traced.lookups], mode=plain, **options)
            outputs = opened([traced.cost, *traced.gradients])
            self.gradients = pytensor.function([*rows, *symbols], outputs, mode=careful_mode(), **options)

    def __call__(self, bound: Arguments, work: Segments, begin: int, end: int) -> int:
        """Run segments, as `work.Runner`."""
        for segment in range(begin, end):
            lo, hi = work.segments[segment, LO : HI + 1].tolist()
            rates = tuple(work.rates[segment].tolist())
            part = Slice(lo, hi, work.first, rates, work.every, work.seed)
            work.out[segment] = self._run(bound, part)
            if work.failed(segment):
                return segment
        return end

    def _run(self, bound: Arguments, part: Slice) -> tuple[int, float, int]:
        """Run one slice, as `run_slice`."""
        columns = self._drawn(bound, part)
        arrays = tuple(a for column in columns for a in column.arrays)
        place = {t: p for p, t in enumerate(dict.fromkeys(look.table for look in self.traced.lookups))}
        total, counted = 0.0, 0
        for n in range(part.hi - part.lo):
            values = [column.example(n) for column in columns]
            ids = self.ids(*values)
            rows = [bound.tables[place[look.table]][i] for look, i in zip(self.traced.lookups, ids, strict=True)]
            with np.errstate(all="ignore"):  # what is not finite is seen below
                cost, *gradients = self.gradients(*rows, *values)
            if not math.isfinite(cost):
                return part.lo + n, total, counted
            total, counted = total + float(cost), counted + math.prod(len(values[c]) for c in self._counted)
            given = (*arrays, *(np.ascontiguousarray(g, np.float32) for g in gradients))
            one = Slice(n, n + 1, 0, part.rates, 1, 0)
            done, _, _ = run_slice(self.apply, Arguments(bound.tables, bound.states, given), one)
            if done == n:
                return part.lo + n, total, counted
        return part.hi, total, counted

    def _drawn(self, bound: Arguments, part: Slice) -> list[Column]:
        """The columns of a slice, with the ids that a loop would draw."""
        arrays = {name: column.flat for name, column in zip(self.traced.columns, bound.columns, strict=True)}
        return [column_of(column.with_draws(part, salt, arrays)) for salt, column in enumerate(bound.columns)]
