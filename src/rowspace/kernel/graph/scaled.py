"""Numbers as exp(power) * rest: what is made of exponentials, without any that is too large or too small to hold.

The largest power is taken out of every sum, and so stands outside as `power`; `rest` is near 1. A sum's power is held
still when the gradient is taken: the product does not depend on how it is divided.
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.traversal import ancestors
from pytensor.scalar import basic as ps
from pytensor.scalar import math as psm
from pytensor.tensor.basic import Join, MakeVector
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.math import Dot, Prod, Sum
from pytensor.tensor.subtensor import AdvancedSubtensor

from rowspace.kernel.graph.signs import FIRST, is_constant, nonnegative, without_axes

MOVES = (*FIRST, AdvancedSubtensor)


@dataclass(frozen=True)
class Scaled:
    """exp(power) * rest, where a rest of None is 1; `bounded` if it is known to be at most 1."""

    power: Variable
    rest: Variable | None = None
    bounded: bool = False

    def value(self) -> Variable:
        e = _exp(self.power)
        return e if self.rest is None else e * self.rest

    def log(self) -> Variable:
        return self.power if self.rest is None else self.power + pt.log(self.rest)

    def raised(self, exponent: Any) -> "Scaled":
        return Scaled(self.power * exponent, None if self.rest is None else self.rest**exponent)

    def times(self, factor: Variable) -> "Scaled":
        return Scaled(self.power, factor if self.rest is None else self.rest * factor)


class Scales:
    """Finds the scaled form of the results of a graph; `rows` are what is differentiated."""

    def __init__(self, rows: Sequence[Variable]) -> None:
        self.rows = set(rows)
        self.known: dict[Variable, Scaled | None] = {}
        self._largest: dict[Any, Variable] = {}

    def of(self, y: Variable) -> Scaled | None:
        """The scaled form of y, or None if there is no exponential in it that a scale could be taken from."""
        if y not in self.known:
            self.known[y] = None if y.owner is None or y.type.dtype not in ("float32", "float64") else self._of(y.owner)
        return self.known[y]

    def _of(self, node: Apply) -> Scaled | None:
        operation = node.op.scalar_op if isinstance(node.op, Elemwise) else node.op
        if isinstance(getattr(node.op, "core_op", None), Dot):
            return self._dot(node)
        rule = next((rule for kind, rule in _RULES.items() if isinstance(operation, kind)), None)
        return rule(self, node) if rule else None

    def largest(self, powers: Sequence[Variable]) -> Variable:
        """The largest of several powers, element by element, held still."""
        return self._held(tuple(powers), lambda: reduce(pt.maximum, powers))

    def largest_along(self, power: Variable, axes: tuple[int, ...]) -> Variable:
        """The largest along some axes, which are kept with length 1, held still."""
        return self._held((power, axes), lambda: pt.max(power, axis=axes, keepdims=True))

    def _held(self, key: Any, make: Callable[[], Variable]) -> Variable:
        if key not in self._largest:
            found = make()
            self._largest[key] = disconnected_grad(pt.switch(pt.isinf(found), pt.zeros_like(found), found))
        return self._largest[key]

    # --- rules -----------------------------------------------------------------------------------------------------

    def exp(self, node: Apply) -> Scaled:
        [x] = node.inputs
        x = x if x.type.dtype.startswith("float") else pt.cast(x, node.outputs[0].type.dtype)
        negative = x.owner is not None and isinstance(getattr(x.owner.op, "scalar_op", None), ps.Neg)
        return Scaled(x, bounded=negative and nonnegative(x.owner.inputs[0]))

    def exp2(self, node: Apply) -> Scaled:
        return Scaled(node.inputs[0] * _like(np.log(2), node.outputs[0]))

    def sigmoid(self, node: Apply) -> Scaled:
        return Scaled(-pt.softplus(_negative(node.inputs[0])), bounded=True)

    def product(self, node: Apply) -> Scaled | None:
        found = [self.of(x) for x in node.inputs]
        scaled = [f for f in found if f]
        if not scaled:
            return None
        rests = [x for x, f in zip(node.inputs, found, strict=True) if not f]
        rests += [f.rest for f in scaled if f.rest is not None]
        power = _sum([f.power for f in scaled])
        return Scaled(power, _product(rests), all(f and f.bounded for f in found))

    def quotient(self, node: Apply) -> Scaled | None:
        above, below = map(self.of, node.inputs)
        if above is None and below is None:
            return None
        powers = (above.power if above else None, below.power if below else None)
        dividend = None if is_one(node.inputs[0]) else node.inputs[0]
        rests = (above.rest if above else dividend, below.rest if below else node.inputs[1])
        power = _difference(*powers)
        if rests[1] is None:
            return Scaled(power, rests[0])
        return Scaled(power, pt.reciprocal(rests[1]) if rests[0] is None else rests[0] / rests[1])

    def reciprocal(self, node: Apply) -> Scaled | None:
        below = self.of(node.inputs[0])
        if below is None:
            return None
        return Scaled(_negative(below.power), None if below.rest is None else pt.reciprocal(below.rest))

    def power(self, node: Apply) -> Scaled | None:
        base, exponent = self.of(node.inputs[0]), node.inputs[1]
        return base.raised(exponent) if base and isinstance(without_axes(exponent), Constant) else None

    def raised_to(self, node: Apply, exponent: float) -> Scaled | None:
        base = self.of(node.inputs[0])
        return base.raised(_like(exponent, base.power)) if base else None

    def negative(self, node: Apply) -> Scaled | None:
        found = self.of(node.inputs[0])
        return found.times(_like(-1, found.power)) if found else None

    def sum_of(self, node: Apply) -> Scaled | None:
        return self.added([(1, x) for x in node.inputs], node.outputs[0])

    def difference(self, node: Apply) -> Scaled | None:
        a, b = node.inputs
        share = self.of(b) if is_one(a) else None
        inside = logistic(share.power) if share and share.rest is None else None
        if inside is not None:
            return Scaled(-pt.softplus(inside), bounded=True)
        return self.added([(1, a), (-1, b)], node.outputs[0])

    def added(self, terms: Sequence[tuple[int, Variable]], out: Variable) -> Scaled | None:
        """A sum of terms with signs."""
        found = [(sign, self.of(x) or x) for sign, x in terms]
        scaled = [f for _, f in found if isinstance(f, Scaled)]
        plain = len(scaled) < len(found)
        if not scaled or (plain and all(f.bounded for f in scaled)):
            return None
        one_more = _one_and(found)
        if one_more is not None:
            return Scaled(pt.softplus(one_more.log()))
        top = self.largest([f.power for f in scaled] + ([pt.zeros_like(scaled[0].power)] if plain else []))
        parts = [self._part(sign, f, top) for sign, f in found]
        return Scaled(top, _sum(parts))

    def _part(self, sign: int, found: Any, top: Variable) -> Variable:
        """A term without the power taken out of the sum."""
        part = Scaled(found.power - top, found.rest).value() if isinstance(found, Scaled) else found * pt.exp(-top)
        return part if sign == 1 else -part

    def hyperbolic(self, node: Apply) -> Scaled:
        """cosh x or sinh x."""
        [x], sign = node.inputs, 1 if isinstance(node.op.scalar_op, ps.Cosh) else -1
        half = _like(0.5, node.outputs[0])
        top = self.largest([x, -x])
        return Scaled(top, half * (pt.exp(x - top) + sign * pt.exp(-x - top)))

    def less_one(self, node: Apply) -> Scaled:
        [x] = node.inputs
        top = self.largest([x, pt.zeros_like(x)])
        return Scaled(top, pt.exp(x - top) - pt.exp(-top))

    def chosen(self, node: Apply) -> Scaled | None:
        condition, *branches = node.inputs
        found = [self.of(x) for x in branches]
        if not any(found):
            return None
        powers = [f.power if f else _power_of_plain(x) for f, x in zip(found, branches, strict=True)]
        rests = [(f.rest if f else _rest_of_plain(x)) for f, x in zip(found, branches, strict=True)]
        if rests == [None, None]:
            return Scaled(pt.switch(condition, *powers))
        ones = [pt.ones_like(p) if r is None else r for p, r in zip(powers, rests, strict=True)]
        return Scaled(pt.switch(condition, *powers), pt.switch(condition, *ones))

    def sum_along(self, node: Apply) -> Scaled | None:
        found, axes = self.of(node.inputs[0]), _axes(node)
        if found is None:
            return None
        power = found.power
        if found.rest is not None and self._fixed(found.rest):  # where a weight is 0 the power does not count
            power = pt.switch(pt.eq(found.rest, 0), _like(-np.inf, power), power)
        top = self.largest_along(power, axes)
        inside = Scaled(power - top, found.rest).value()
        return Scaled(_without(top, axes), pt.sum(_full(inside, node.inputs[0]), axis=axes))

    def product_along(self, node: Apply) -> Scaled | None:
        found, axes = self.of(node.inputs[0]), _axes(node)
        if found is None:
            return None
        rest = None if found.rest is None else pt.prod(_full(found.rest, node.inputs[0]), axis=axes)
        return Scaled(pt.sum(_full(found.power, node.inputs[0]), axis=axes), rest)

    def _dot(self, node: Apply) -> Scaled | None:
        """A product of matrices, (..., n, k) @ (..., k, m): a power for each row and each column."""
        found = [self.of(x) for x in node.inputs]
        if not any(found) or min(x.type.ndim for x in node.inputs) < 2:
            return None
        factors, tops = [], []
        for x, f, axis in zip(node.inputs, found, (-1, -2), strict=True):
            if f is None:
                factors.append(x)
                continue
            tops.append(self.largest_along(_full(f.power, x), (x.type.ndim + axis,)))
            factors.append(Scaled(f.power - tops[-1], f.rest).value())
        return Scaled(_sum(tops), node.op(*factors))

    def vectors(self, node: Apply) -> Scaled | None:
        """`Dot` of vectors, or of matrices."""
        if all(x.type.ndim == 2 for x in node.inputs):
            return self._dot(node)
        found = [self.of(x) for x in node.inputs]
        if not any(found) or any(x.type.ndim != 1 for x in node.inputs):
            return None
        tops = [self.largest_along(f.power, (0,)) for f in found if f]
        factors = [
            Scaled(f.power - self.largest_along(f.power, (0,)), f.rest).value() if f else x
            for x, f in zip(node.inputs, found, strict=True)
        ]
        return Scaled(_without(_sum(tops), (0,)), node.op(*factors))

    def moved(self, node: Apply) -> Scaled | None:
        """What only moves elements moves powers and rests."""
        first, *rest = node.inputs
        found = self.of(first)
        if found is None:
            return None
        move = lambda x: node.op(_full(x, first), *rest)
        return Scaled(move(found.power), None if found.rest is None else move(found.rest), found.bounded)

    def joined(self, node: Apply) -> Scaled | None:
        parts = [x for x in node.inputs if x.type.ndim or isinstance(node.op, MakeVector)]
        axis = [x for x in node.inputs if x not in parts]
        found = [self.of(x) for x in parts]
        if not any(found):
            return None
        powers = [_full(f.power, x) if f else _power_of_plain(x) for f, x in zip(found, parts, strict=True)]
        rests = [f.rest if f else _rest_of_plain(x) for f, x in zip(found, parts, strict=True)]
        if all(r is None for r in rests):
            return Scaled(node.op(*axis, *powers))
        ones = [pt.ones_like(p) if r is None else _full(r, p) for p, r in zip(powers, rests, strict=True)]
        return Scaled(node.op(*axis, *powers), node.op(*axis, *ones))

    def cast(self, node: Apply) -> Scaled | None:
        found = self.of(node.inputs[0])
        if found is None:
            return None
        return Scaled(node.op(found.power), None if found.rest is None else node.op(found.rest), found.bounded)

    def _fixed(self, x: Variable) -> bool:
        return not self.rows.intersection(ancestors([x]))


_RULES: dict[Any, Callable[[Scales, Apply], Scaled | None]] = {
    ps.Exp: Scales.exp,
    ps.Exp2: Scales.exp2,
    psm.Sigmoid: Scales.sigmoid,
    ps.Mul: Scales.product,
    ps.TrueDiv: Scales.quotient,
    ps.Reciprocal: Scales.reciprocal,
    ps.Pow: Scales.power,
    ps.Sqr: partial(Scales.raised_to, exponent=2),
    ps.Sqrt: partial(Scales.raised_to, exponent=0.5),
    ps.Neg: Scales.negative,
    ps.Add: Scales.sum_of,
    ps.Sub: Scales.difference,
    (ps.Cosh, ps.Sinh): Scales.hyperbolic,
    ps.Expm1: Scales.less_one,
    ps.Switch: Scales.chosen,
    (ps.Cast, ps.Identity): Scales.cast,
    Sum: Scales.sum_along,
    Prod: Scales.product_along,
    Dot: Scales.vectors,
    MOVES: Scales.moved,
    (Join, MakeVector): Scales.joined,
}


def is_one(x: Any) -> bool:
    """Whether x is the constant 1."""
    return isinstance(x, Variable) and is_constant(x, lambda numbers: numbers == 1)


def _argument(x: Variable, kind: type) -> Variable | None:
    """The argument of an operation of such a kind, or None if x is the result of another."""
    is_so = x.owner is not None and isinstance(getattr(x.owner.op, "scalar_op", None), kind)
    return x.owner.inputs[0] if is_so else None


def logistic(power: Variable) -> Variable | None:
    """The x of a power that is log sigmoid(x) = -softplus(-x), or None."""
    below = _argument(power, ps.Neg)
    inside = None if below is None else _argument(below, psm.Softplus)
    return None if inside is None else _negative(inside)


def _exp(power: Variable) -> Variable:
    inside = logistic(power)
    return pt.exp(power) if inside is None else pt.sigmoid(inside)


def _negative(x: Variable) -> Variable:
    inside = _argument(x, ps.Neg)
    return -x if inside is None else inside


def _difference(a: Variable | None, b: Variable | None) -> Variable:
    """a - b, where None is 0."""
    if b is None:
        assert a is not None
        return a
    if a is None:
        return _negative(b)
    if a is _argument(b, psm.Softplus):
        return -pt.softplus(_negative(a))  # x - log(1 + exp(x))
    return a - b


def _sum(terms: Sequence[Variable]) -> Variable:
    return reduce(operator.add, terms)


def _product(factors: Sequence[Variable]) -> Variable | None:
    return reduce(operator.mul, factors) if factors else None


def _like(number: float, x: Variable) -> Variable:
    return pt.constant(np.asarray(number, x.type.dtype))


def _is_zero(x: Variable) -> bool:
    return is_constant(x, lambda numbers: numbers == 0)


def _power_of_plain(x: Variable) -> Variable:
    """0, or of the constant 0 a power so small that nothing else is smaller."""
    floats = x if x.type.dtype.startswith("float") else pt.cast(x, "float32")
    return pt.zeros_like(floats) + _like(-np.inf if _is_zero(x) else 0, floats)


def _rest_of_plain(x: Variable) -> Variable | None:
    return None if _is_zero(x) else x


def _axes(node: Apply) -> tuple[int, ...]:
    axis = node.op.axis
    return tuple(range(node.inputs[0].type.ndim)) if axis is None else tuple(axis)


def _without(x: Variable, axes: tuple[int, ...]) -> Variable:
    """Without axes of length 1."""
    return x.dimshuffle([a for a in range(x.type.ndim) if a not in axes])


def _one_and(terms: Sequence[tuple[int, Any]]) -> Scaled | None:
    """What is added to 1 in a sum of the two, if it is never negative: the logarithm of the sum is its softplus."""
    if len(terms) != 2 or not any(sign == 1 and is_one(x) for sign, x in terms):
        return None
    [(sign, other)] = [(sign, x) for sign, x in terms if isinstance(x, Scaled)]
    return other if sign == 1 and (other.rest is None or nonnegative(other.rest)) else None


def _full(x: Variable, whole: Variable) -> Variable:
    """x in the shape of `whole`, whose elements it may stand for several of."""
    if x.type.broadcastable == whole.type.broadcastable:
        return x
    return pt.second(whole, x)
