"""How a sum, a product or a maximum over axes is written as a loop; the rules use it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rowspace.kernel.emit.dims import fixed, length, length_for_layout
from rowspace.kernel.emit.expression import Axis, Dim, Expr, Op, Operation, apply, constant, sum_of, whole
from rowspace.kernel.emit.lanes import LANES, sum_in_lanes
from rowspace.kernel.emit.scalars import DTYPES
from rowspace.kernel.emit.statements import Assign, For
from rowspace.kernel.emit.writer import Writer

# Folds of at most so many results, and sums of at most so many terms, are written out: LLVM would not do it, and checks
# at run time that arrays do not overlap for a limited number of pairs only (docs/decisions/engine.md, "Small fixed bags
# are written out").
_MOST_WRITTEN_OUT = 6  # results, or terms


def _ends(dtype: str) -> dict[str, str]:
    limits = np.iinfo(dtype)
    return {"-INFINITY": str(limits.min), "INFINITY": str(limits.max)}


# What infinity is to types that have none.
_ENDS = {"bool": {"-INFINITY": "False", "INFINITY": "True"}} | {
    number: _ends(dtype) for dtype, number in DTYPES.items() if dtype.lstrip("u").startswith("int")
}


@dataclass(frozen=True)
class Reduction:
    """What a fold starts from and how a term joins it: by a sign, such as +=, or an operation."""

    first: str
    sign: str = ""
    operation: Operation = Op.SAME
    logical: bool = False

    def gives(self, dtype: str) -> bool:
        """Whether it folds numbers of a type into one of it: what grows takes the widest, what chooses takes any."""
        if self.first.endswith("INFINITY"):
            return dtype in DTYPES
        return dtype == "bool" if self.logical else dtype in ("float32", "float64", "int64", "uint64")

    def start(self, number: str) -> Expr:
        """What it starts from, as a number of a type."""
        return constant(_ENDS.get(number, {}).get(self.first, self.first), number)

    def joined(self, total: Expr, value: Expr) -> Assign:
        """A term joins the total."""
        return Assign(total, value, self.sign) if self.sign else Assign(total, apply(self.operation, total, value))


REDUCTIONS = {
    "Add": Reduction("0", sign="+="),
    "Mul": Reduction("1", sign="*="),
    "MulWithoutZeros": Reduction("1", operation="times_unless_zero"),
    "AND": Reduction("True", operation=Op.ALL, logical=True),
    "OR": Reduction("False", operation=Op.ANY, logical=True),
    "Maximum": Reduction("-INFINITY", operation="maximum"),
    "Minimum": Reduction("INFINITY", operation="minimum"),
}


def accumulate(writer: Writer, folds: Sequence[Axis], value: Expr, operation: Reduction | None, number: str) -> Expr:
    """A fold into a variable of its own."""
    if operation is None or not folds:
        return writer.local(value)
    if writer.portable and operation.sign == "+=" and number in LANES:
        return sum_in_lanes(writer, _longest_last(folds), value, number)
    total = writer.local(operation.start(number))
    writer.loops(_longest_last(folds), [operation.joined(total, value)])
    return total


@dataclass
class Fold:
    """A fold whose results fill an array: `target` takes, along `axes`, what `value` gives over `folds`."""

    writer: Writer
    axes: list[Axis]  # the longest last, which is the innermost in `target`
    folds: list[Axis]
    target: Expr
    value: Expr
    operation: Reduction
    number: str

    @property
    def wide(self) -> Axis:
        """The longest axis of the results."""
        return self.axes[-1]

    @cached_property
    def few(self) -> Axis | None:
        """The first axis of so few results that a loop over it is written out."""
        return next((axis for axis in self.axes if _few(axis[1])), None)

    @property
    def is_one_sum(self) -> bool:
        """Whether it is a sum along one axis."""
        return self.operation.sign == "+=" and len(self.folds) == 1


def store(fold: Fold) -> None:
    """Write a fold in the first of the ways that applies to it.

    What each gave is in docs/decisions/engine.md ("Small fixed bags are written out") and, for texts, in
    docs/decisions/words.md.
    """
    longest = max(length_for_layout(dim) for _, dim in fold.folds)
    if longest >= length_for_layout(fold.wide[1]):  # and so wants to be the innermost loop
        together = len(fold.axes) <= 2 and fold.few is not None and not fold.writer.portable
        write = _fold_together if together else _fold_innermost
    elif fold.is_one_sum and _few(fold.folds[0][1]) and _loads(fold.value, fold.wide[0]) == 1:
        write = _write_out_terms
    elif fold.is_one_sum and len(fold.axes) == 2 and fold.few is not None and fold.few is not fold.wide:
        write = _add_outer_products
    else:
        write = _add_to_all
    write(fold)


def _fold_together(fold: Fold) -> None:
    """A few folds in one loop, each in a variable of its own: what they share is read once."""
    assert fold.few is not None
    (name, dim), writer = fold.few, fold.writer
    places = _places(dim)
    with writer.around([axis for axis in fold.axes if axis is not fold.few]):
        totals = [writer.local(fold.operation.start(fold.number)) for _ in places]
        values = [fold.value.put(name, place) for place in places]
        joined = [fold.operation.joined(total, value) for total, value in zip(totals, values, strict=True)]
        writer.loops(_longest_last(fold.folds), joined, independent=True)
        for place, total in zip(places, totals, strict=True):
            writer.assign(fold.target.put(name, place), total)


def _fold_innermost(fold: Fold) -> None:
    """One result after another, each in a variable while it is made."""
    with fold.writer.around(fold.axes):
        total = accumulate(fold.writer, fold.folds, fold.value, fold.operation, fold.number)
        fold.writer.assign(fold.target, total)


def _write_out_terms(fold: Fold) -> None:
    """A few terms in one expression: each result is stored once instead of once a term."""
    [(name, dim)] = fold.folds
    terms = [fold.value.put(name, place) for place in _places(dim)]
    fold.writer.loops(fold.axes, [Assign(fold.target, sum_of(terms))])


def _add_outer_products(fold: Fold) -> None:
    """Add terms two at a time to all rows of a short axis: each is read once, and what it adds to half as often."""
    assert fold.few is not None
    writer, (place, rows), (name, terms) = fold.writer, fold.few, fold.folds[0]
    _begin(fold)
    even = writer.local(length(Op.EVEN, terms), "even")
    both = sum_of([fold.value, fold.value.put(name, fixed(length(Op.ADD, name, 1)))])
    for loop, added in ((For(name, even, start=whole(0), step=2), both), (For(name, terms, start=even), fold.value)):
        with writer.inside(loop):
            each = [Assign(fold.target.put(place, p), added.put(place, p), "+=") for p in _places(rows)]
            writer.loops([fold.wide], each)


def _add_to_all(fold: Fold) -> None:
    """Term after term is added to all results, along their longest axis."""
    _begin(fold)
    axes = [*fold.axes[:-1], *fold.folds, fold.wide]
    fold.writer.loops(axes, [fold.operation.joined(fold.target, fold.value)])


def _begin(fold: Fold) -> None:
    fold.writer.loops(fold.axes, [Assign(fold.target, fold.operation.start(fold.number))])


def _longest_last(axes: Sequence[Axis]) -> list[Axis]:
    return sorted(axes, key=lambda axis: length_for_layout(axis[1]))


def _places(dim: Dim) -> range:
    """All places along an axis that is written out."""
    assert isinstance(dim, int)
    return range(dim)


def _few(dim: Dim) -> bool:
    return isinstance(dim, int) and 1 <= dim <= _MOST_WRITTEN_OUT


def _loads(value: Expr, variable: Expr) -> int:
    """How many arrays a loop over `variable` reads for `value`."""
    return len({e for e in value.walk() if e.op is Op.LOAD and e.depends(variable)})
