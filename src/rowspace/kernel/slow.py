"""Costs without a loop of their own: PyTensor's operations give the gradients, a kernel applies them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytensor
from pytensor.compile.mode import Mode

from rowspace.columns.negatives import Negatives, draw
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
        self._draws: dict[Any, np.ndarray] = {}
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
        columns, arrays = self._columns(bound, part)
        place = {t: p for p, t in enumerate(dict.fromkeys(look.table for look in self.traced.lookups))}
        total, counted = 0.0, 0
        for n in range(part.lo, part.hi):
            values = [column(n) for column in columns]
            ids = self.ids(*values)
            rows = [bound.tables[place[look.table]][i] for look, i in zip(self.traced.lookups, ids, strict=True)]
            with np.errstate(all="ignore"):  # what is not finite is seen below
                cost, *gradients = self.gradients(*rows, *values)
            if not math.isfinite(cost):
                return n, total, counted
            total, counted = total + float(cost), counted + math.prod(len(values[c]) for c in self._counted)
            given = (*arrays, *(np.ascontiguousarray(g, np.float32) for g in gradients))
            one = Slice(n, n + 1, 0, part.rates, 1, 0)
            done, _, _ = run_slice(self.apply, Arguments(bound.tables, bound.states, given), one)
            if done == n:
                return n, total, counted
        return part.hi, total, counted

    def _columns(self, bound: Arguments, part: Slice) -> tuple[list[Callable[[int], Any]], list[np.ndarray]]:
        """Per column, a function from the example to its value; and the arrays the applying kernel takes."""
        parts = iter(bound.columns)
        found: dict[str, tuple[Any, ...]] = {}
        for name, symbol in self.traced.columns.items():
            column = next(parts)
            found[name] = (column, next(parts)) if symbol.type.shape == (None,) else (column,)
        lengths = (len(f[-1]) - len(f) + 1 for f in found.values() if not isinstance(f[0], Negatives))
        examples = next(lengths, part.hi)
        for salt, (name, (column, *_)) in enumerate(list(found.items())):
            if isinstance(column, Negatives):
                avoid = found[column.avoid][0] if column.avoid else None
                found[name] = (self._drawn(column, part, salt, avoid, examples),)
        return [partial(_value, *arrays) for arrays in found.values()], [a for f in found.values() for a in f]

    def _drawn(self, column: Negatives, part: Slice, salt: int, avoid: Any, examples: int) -> np.ndarray:
        """The ids of a whole chunk, drawn once for all its slices."""
        key = (id(column), part.seed, part.first, salt)
        if key not in self._draws:
            self._draws = {k: v for k, v in self._draws.items() if k[1:3] == key[1:3]}
            self._draws[key] = draw(column, replace(part, lo=0, hi=examples), salt, avoid)
        return self._draws[key]


def _value(*arguments: Any) -> Any:
    """Example n of a column: `_value(values, n)`, or `_value(values, offsets, n)` of a ragged one."""
    values, *offsets, n = arguments
    return values[offsets[0][n] : offsets[0][n + 1]] if offsets else values[n]
