"""Gradients at kinks, such as that of abs at 0, where PyTensor's are wrong or missing.

Before a cost is differentiated, operations whose derivative is wrong at a kink, or not finite, are given another.

- A maximum's gradient goes whole to the first of its largest elements; PyTensor gives all of it to each of them.
- `sqrt`, and powers below 1, of what is never negative (a norm, a distance) have a smallest value at 0, where 0 is a
  subgradient: their own derivative is infinite, and times the 0 of a square it is not a number.
- Where nothing of an operation's result is asked for (its gradient is 0: another branch was taken), nothing is asked of
  what it was made of, although its derivative is infinite.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedGrad
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.replace import graph_replace
from pytensor.graph.traversal import toposort
from pytensor.scalar import basic as ps
from pytensor.scalar import math as psm
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.extra_ops import CumOp
from pytensor.tensor.math import Max

from rowspace.kernel.graph.first_largest import FirstLargest
from rowspace.kernel.graph.signs import is_constant, nonnegative, positive, without_axes

Scalars = Sequence[Any]
Rule = Callable[[Any, Scalars, Scalars, Any], list[Any]]  # operation, inputs, outputs, gradient -> gradients

_FLOATS = ("float32", "float64")


class Mended(ps.ScalarOp):
    """A scalar operation with other derivatives: for differentiating only, and then again the operation itself."""

    __props__ = ("plain", "rule")

    def __init__(self, plain: ps.ScalarOp, rule: Rule) -> None:
        self.plain, self.rule = plain, rule
        self.nin, self.nout = plain.nin, plain.nout
        super().__init__(name=f"mended {plain}")

    def make_node(self, *inputs: Any) -> Apply:
        plain = self.plain.make_node(*inputs)
        return Apply(self, plain.inputs, [out.type() for out in plain.outputs])

    def pullback(self, inputs: Scalars, outputs: Scalars, gradients: Scalars) -> list[Any]:
        return self.rule(self.plain, inputs, outputs, gradients[0])


class MaxOfOne(Max):
    """A maximum over axes whose gradient goes to one element."""

    def pullback(self, inputs: Any, outputs: Any, gradients: Any) -> list[Variable]:
        [x], [g] = inputs, gradients
        axes = tuple(range(x.type.ndim)) if self.axis is None else tuple(self.axis)
        return [FirstLargest(axes)(x) * pt.expand_dims(g, axes)]


class CumProdWithZeros(CumOp):
    """A cumulative product whose gradient does not divide by the factors, which may be 0."""

    def pullback(self, inputs: Any, outputs: Any, gradients: Any) -> list[Variable]:
        [x], [g], axis = inputs, gradients, self.axis
        x, g = (pt.moveaxis(v, axis, -1) for v in (x, g))
        place = pt.arange(x.shape[-1])
        own, later = pt.eq(place[:, None], place[None, :]), pt.ge(place[None, :], place[:, None])
        without = pt.cumprod(pt.switch(own, pt.ones_like(x[..., None, :]), x[..., None, :]), axis=x.type.ndim)
        found = pt.sum(pt.switch(later, without * g[..., None, :], _tensor_zero(g)), axis=-1)
        return [pt.moveaxis(found, -1, axis)]


def mended(cost: Variable, rows: Sequence[Variable]) -> Variable:
    """The same cost, to be differentiated with respect to `rows`."""
    changing = set(rows)
    for node in toposort([cost]):
        if changing.intersection(node.inputs):
            changing.update(out for out in node.outputs if out.type.dtype in _FLOATS)
    replaced = {}
    for node in toposort([cost]):
        operation = _mended_operation(node, changing)
        if operation is not None and node.outputs[0] in changing:
            replaced[node] = operation
    return _with_operations([cost], replaced)[0]


def unmended(outputs: Sequence[Variable]) -> list[Variable]:
    """The operations themselves again, once the gradient is taken."""
    replaced: dict[Apply, Any] = {}
    for node in toposort(list(outputs)):
        if isinstance(node.op, MaxOfOne):
            replaced[node] = Max(node.op.axis)
        elif isinstance(node.op, CumProdWithZeros):
            replaced[node] = CumOp(axis=node.op.axis, mode="mul")
        elif isinstance(node.op, Elemwise) and isinstance(node.op.scalar_op, Mended):
            replaced[node] = Elemwise(node.op.scalar_op.plain)
        elif isinstance(node.op, DisconnectedGrad):
            replaced[node] = lambda x: x
    return _with_operations(outputs, replaced)


def _with_operations(outputs: Sequence[Variable], replaced: dict[Apply, Any]) -> list[Variable]:
    """The same graphs with other operations at some nodes."""
    new: dict[Variable, Variable] = {}
    for node in toposort(list(outputs)):
        inputs = [new.get(x, x) for x in node.inputs]
        if node in replaced:
            new[node.outputs[0]] = replaced[node](*inputs)
        elif any(a is not b for a, b in zip(inputs, node.inputs, strict=True)):
            new.update(zip(node.outputs, node.clone_with_new_inputs(inputs).outputs, strict=True))
    return [new.get(out, out) for out in outputs]


def opened(outputs: Sequence[Variable]) -> list[Variable]:
    """Operations of our own by PyTensor's, for its own compiler."""
    places = [node for node in toposort(list(outputs)) if isinstance(node.op, FirstLargest)]
    return graph_replace(list(outputs), {node.outputs[0]: node.op.opened(node.inputs[0]) for node in places})


def _mended_operation(node: Apply, changing: set[Variable]) -> Any:
    """The operation to differentiate in place of a node's, or None."""
    if type(node.op) is Max:
        return MaxOfOne(node.op.axis)
    if type(node.op) is CumOp and node.op.mode == "mul" and node.inputs[0].type.dtype in _FLOATS:
        return CumProdWithZeros(axis=node.op.axis, mode="mul")
    if not isinstance(node.op, Elemwise) or node.outputs[0].type.dtype not in _FLOATS:
        return None
    rule = _rule(node, changing)
    return None if rule is None else Elemwise(Mended(node.op.scalar_op, rule))


def _rule(node: Apply, changing: set[Variable]) -> Rule | None:
    operation = node.op.scalar_op
    if isinstance(operation, ps.Pow):
        return _rule_of_power(*node.inputs)
    if isinstance(operation, ps.TrueDiv):
        below = node.inputs[1]
        return None if below not in changing or positive(below) else _nothing_of_nothing
    if isinstance(operation, ps.Sqrt):
        [x] = node.inputs
        return None if positive(x) else _root_at_least if nonnegative(x) else _nothing_of_nothing
    if isinstance(operation, _INFINITE):
        return None if positive(node.inputs[0]) and isinstance(operation, _INFINITE_AT_0) else _nothing_of_nothing
    if isinstance(operation, ps.Maximum | ps.Minimum) and isinstance(without_axes(node.inputs[0]), Constant):
        return None  # PyTensor asks whether the result is the constant
    return next((rule for kind, rule in _KINKS.items() if isinstance(operation, kind)), None)


def _rule_of_power(base: Variable, exponent: Variable) -> Rule | None:
    if positive(base) or is_constant(exponent, lambda numbers: numbers >= 1):
        return None
    return _power_at_least if nonnegative(base) else _power


# --- rules ---------------------------------------------------------------------------------------------------------


def _nothing_of_nothing(operation: Any, inputs: Scalars, outputs: Scalars, g: Any) -> list[Any]:
    """Nothing where nothing is asked for, whatever the derivative."""
    return [ps.switch(ps.eq(g, 0), _zero(g), found) for found in operation.pullback(inputs, outputs, [g])]


def _root_at_least(operation: Any, inputs: Scalars, outputs: Scalars, g: Any) -> list[Any]:
    return [ps.switch(ps.eq(inputs[0], 0), _zero(g), found) for found in operation.pullback(inputs, outputs, [g])]


def _power(operation: Any, inputs: Scalars, outputs: Scalars, g: Any) -> list[Any]:
    """Of x^0 nothing, also at 0."""
    [_, p], [by_base, by_exponent] = inputs, operation.pullback(inputs, outputs, [g])
    return [ps.switch(ps.or_(ps.eq(p, 0), ps.eq(g, 0)), _zero(g), by_base), by_exponent]


def _power_at_least(operation: Any, inputs: Scalars, outputs: Scalars, g: Any) -> list[Any]:
    """Of a power below 1 of what is never negative, nothing at 0."""
    [x, p], [by_base, by_exponent] = inputs, operation.pullback(inputs, outputs, [g])
    return [ps.switch(ps.and_(ps.eq(x, 0), ps.lt(p, 1)), _zero(g), by_base), by_exponent]


def _maximum(operation: Any, inputs: Scalars, outputs: Scalars, g: Any) -> list[Any]:
    return _to_first(ps.ge(*inputs), g)


def _minimum(operation: Any, inputs: Scalars, outputs: Scalars, g: Any) -> list[Any]:
    return _to_first(ps.le(*inputs), g)


def _tensor_zero(g: Variable) -> Variable:
    return pt.constant(np.asarray(0, g.type.dtype))


def _zero(g: Any) -> Any:
    return ps.constant(0, dtype=g.type.dtype)


def _to_first(first: Any, g: Any) -> list[Any]:
    return [ps.switch(first, g, _zero(g)), ps.switch(first, _zero(g), g)]


def _clip(operation: Any, inputs: Scalars, outputs: Scalars, g: Any) -> list[Any]:
    """PyTensor's `x < low ? low : x > high ? high : x`."""
    x, low, high = inputs
    below, above = ps.lt(x, low), ps.gt(x, high)
    by_low, not_low = _to_first(below, g)
    by_high, by_x = _to_first(above, not_low)
    return [by_x, by_low, by_high]


def _angle(operation: Any, inputs: Scalars, outputs: Scalars, g: Any) -> list[Any]:
    """At the origin every direction is as good as any: none."""
    origin = ps.and_(ps.eq(inputs[0], 0), ps.eq(inputs[1], 0))
    return [ps.switch(origin, _zero(g), found) for found in operation.pullback(inputs, outputs, [g])]


_KINKS: dict[type, Rule] = {ps.Maximum: _maximum, ps.Minimum: _minimum, ps.Clip: _clip, ps.ArcTan2: _angle}
# those whose derivative is infinite at 0, and those where it is elsewhere
_INFINITE_AT_0 = (ps.Log, ps.Log2, ps.Log10, ps.Reciprocal, psm.GammaLn)
_INFINITE = (*_INFINITE_AT_0, ps.Log1p, psm.Log1mexp, ps.ArcSin, ps.ArcCos, ps.ArcCosh, ps.ArcTanh, psm.Erfinv)
