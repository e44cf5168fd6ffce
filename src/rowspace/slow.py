"""Costs without a loop of their own: PyTensor's compiled function gives the gradients, a kernel applies them."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytensor

from rowspace.cost import Traced
from rowspace.kernel import Bound, Slice
from rowspace.sampling import Negatives, draw


class SlowRunner:
    """Runs examples one by one through a function compiled by PyTensor."""

    def __init__(self, traced: Traced, apply: Callable[..., Any]) -> None:
        self.traced, self.apply = traced, apply
        self.names = list(traced.columns)
        symbols = list(traced.columns.values())
        rows = [look.rows for look in traced.lookups]
        options: dict[str, Any] = {"on_unused_input": "ignore", "allow_input_downcast": True}
        with pytensor.config.change_flags(floatX="float32"):
            self.ids = pytensor.function(
                symbols, [look.index for look in traced.lookups], mode="FAST_COMPILE", **options
            )
            self.gradients = pytensor.function([*rows, *symbols], [traced.cost, *traced.gradients], **options)

    def __call__(self, bound: Bound, part: Slice) -> tuple[int, float, int]:
        columns, arrays = self._columns(bound, part)
        place = {t: p for p, t in enumerate(dict.fromkeys(look.table for look in self.traced.lookups))}
        rates = tuple(np.float32(r) for r in part.rates)
        total, counted = 0.0, 0
        for n in range(part.lo, part.hi):
            values = [column(n) for column in columns]
            ids = self.ids(*values)
            rows = [bound.tables[place[look.table]][i] for look, i in zip(self.traced.lookups, ids, strict=True)]
            cost, *gradients = self.gradients(*rows, *values)
            if not math.isfinite(cost):
                return n, total, counted
            total, counted = total + float(cost), counted + 1
            given = (*arrays, *(np.ascontiguousarray(g, np.float32) for g in gradients))
            done, _, _ = self.apply(
                bound.tables, bound.states, given, n, n + 1, np.uint64(0), rates, np.uint64(0), np.uint64(0)
            )
            if done == n:
                return n, total, counted
        return part.hi, total, counted

    def _columns(self, bound: Bound, part: Slice) -> tuple[list[Callable[[int], Any]], list[np.ndarray]]:
        """Per column, a function from the example to its value; and the arrays the applying kernel takes."""
        parts = iter(bound.columns)
        columns: list[Callable[[int], Any]] = []
        arrays: list[np.ndarray] = []
        by_name: dict[str, np.ndarray] = {}
        waiting: list[tuple[int, int, Negatives]] = []
        for salt, (name, symbol) in enumerate(self.traced.columns.items()):
            column: Any = next(parts)
            if isinstance(column, Negatives):
                waiting.append((len(columns), len(arrays), column))
                columns.append(lambda n: None)
                arrays.append(np.empty(0))
                by_name[f"salt {len(columns) - 1}"] = np.array(salt)
            elif symbol.type.shape == (None,):
                offsets: Any = next(parts)
                columns.append(lambda n, c=column, o=offsets: c[o[n] : o[n + 1]])
                arrays += [column, offsets]
            else:
                by_name[name] = column
                columns.append(lambda n, c=column: c[n])
                arrays.append(column)
        for place, at, negatives in waiting:
            avoid = by_name[negatives.avoid] if negatives.avoid else None
            drawn = draw(negatives, part, int(by_name[f"salt {place}"]), avoid)
            columns[place] = lambda n, d=drawn: d[n]
            arrays[at] = drawn
        return columns, arrays
