"""A cost so written that no exponential in it overflows where the cost does not: the same for every spelling.

`log(sum(exp(x)))`, `log(exp(a) + exp(b))`, `-log(exp(a) / exp(x).sum())`, `log1p(exp(x))`, `log(1 - sigmoid(x))`,
`exp(x) / exp(x).sum()` and what else is made of exponentials (see `scaled.py`) is written anew before the gradient is
taken: afterwards it would be a quotient of numbers too large to hold.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.basic import MergeOptimizer
from pytensor.graph.traversal import toposort
from pytensor.scalar import basic as ps
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.special import LogSoftmax, Softmax

from rowspace.kernel.graph.scaled import Scaled, Scales, is_one, logistic

_FLOATS = ("float32", "float64")


def stable(cost: Variable, rows: Sequence[Variable]) -> Variable:
    """The same cost, to be differentiated with respect to `rows`."""
    [cost] = merged([cost])
    scales = Scales(rows)
    new: dict[Variable, Variable] = {}
    for node in toposort([cost]):
        inputs = [new.get(x, x) for x in node.inputs]
        if any(a is not b for a, b in zip(inputs, node.inputs, strict=True)):
            fresh = node.clone_with_new_inputs(inputs)
        else:
            fresh = node
        written = _written_anew(fresh, scales)
        for place, out in enumerate(node.outputs):
            found = fresh.outputs[place] if written is None else written
            if found is not out:
                new[out] = found
    return new.get(cost, cost)


def merged(outputs: Sequence[Variable]) -> list[Variable]:
    """The same graphs, with what is computed twice computed once."""
    graph = FunctionGraph(outputs=list(outputs), clone=False, copy_inputs=False)
    MergeOptimizer().rewrite(graph)
    return list(graph.outputs)


def _written_anew(node: Apply, scales: Scales) -> Variable | None:
    """What to put in place of a node, or None to leave it."""
    out = node.outputs[0]
    if isinstance(node.op, Softmax | LogSoftmax):
        return _softmax(node, scales)
    if not isinstance(node.op, Elemwise) or out.type.dtype not in _FLOATS:
        return None
    if isinstance(node.op.scalar_op, ps.Real | ps.Conj):
        return node.inputs[0]  # of real numbers; PyTensor gives it no gradient
    rule = next((rule for kind, rule in _RULES.items() if isinstance(node.op.scalar_op, kind)), None)
    found = None if rule is None else rule(node, scales)
    return found if found is None or found.type.dtype == out.type.dtype else pt.cast(found, out.type.dtype)


def _softmax(node: Apply, scales: Scales) -> Variable:
    """exp(x - largest) / sum(exp(x - largest)), or its logarithm."""
    [x], dtype = node.inputs, node.outputs[0].type.dtype
    x = x if x.type.dtype == dtype else pt.cast(x, dtype)
    axes = tuple(range(x.type.ndim)) if node.op.axis is None else _tuple(node.op.axis)
    shifted = x - scales.largest_along(x, axes)
    total = pt.sum(pt.exp(shifted), axis=axes, keepdims=True)
    if isinstance(node.op, LogSoftmax):
        return shifted - pt.log(total)
    out = pt.exp(shifted) / total
    scales.known[out] = Scaled(shifted, pt.reciprocal(total), bounded=True)
    return out


def _tuple(axis: object) -> tuple[int, ...]:
    return (axis,) if isinstance(axis, int) else tuple(axis)  # type: ignore[arg-type]


# --- logarithms ----------------------------------------------------------------------------------------------------


def _log(node: Apply, scales: Scales) -> Variable | None:
    return _log_of(node.inputs[0], scales)


def _log_of(y: Variable, scales: Scales) -> Variable | None:
    parts = y.owner.inputs if y.owner is not None and _is(y, ps.Sub) else []
    share = scales.of(parts[1]) if parts and is_one(parts[0]) else None
    if share is not None and logistic(share.power) is None:
        return pt.log1mexp(share.log())
    found = scales.of(y)
    return None if found is None else found.log()


def _log1p(node: Apply, scales: Scales) -> Variable | None:
    [y] = node.inputs
    if _is(y, ps.Neg):
        return _log_of(1 - y.owner.inputs[0], scales)
    found = scales.of(y)
    if found is None:
        return None
    total = scales.added([(1, pt.ones_like(found.power)), (1, y)], node.outputs[0])
    return pt.softplus(found.log()) if total is None or found.rest is None else total.log()


def _times(rule: Callable[[Apply, Scales], Variable | None], factor: float) -> Callable[..., Variable | None]:
    def scaled(node: Apply, scales: Scales) -> Variable | None:
        found = rule(node, scales)
        return None if found is None else found * np.asarray(factor, found.type.dtype)

    return scaled


# --- quotients -----------------------------------------------------------------------------------------------------


def _quotient(node: Apply, scales: Scales) -> Variable | None:
    below = scales.of(node.inputs[-1])
    return None if below is None or below.bounded else _kept(node, scales)


def _power(node: Apply, scales: Scales) -> Variable | None:
    base, exponent = node.inputs
    while exponent.owner is not None and len(exponent.owner.inputs) == 1:
        exponent = exponent.owner.inputs[0]
    falling = isinstance(exponent, Constant) and bool((np.asarray(exponent.data) < 0).all())
    found = scales.of(base) if falling else None
    return None if found is None or found.bounded else _kept(node, scales)


def _product(node: Apply, scales: Scales) -> Variable | None:
    """Of several exponentials: a large one times a small one."""
    found = [f for f in map(scales.of, node.inputs) if f and not f.bounded]
    return _kept(node, scales) if len(found) > 1 else None


def _kept(node: Apply, scales: Scales) -> Variable | None:
    """The value of a scaled form, which goes on to be known by that form."""
    found = scales.of(node.outputs[0])
    if found is None:
        return None
    value = found.value()
    scales.known[value] = found
    return value


def _is(x: Variable, kind: type) -> bool:
    return x.owner is not None and isinstance(getattr(x.owner.op, "scalar_op", None), kind)


_RULES = {
    ps.Log: _log,
    ps.Log1p: _log1p,
    ps.Log2: _times(_log, 1 / np.log(2)),
    ps.Log10: _times(_log, 1 / np.log(10)),
    (ps.TrueDiv, ps.Reciprocal): _quotient,
    ps.Pow: _power,
    ps.Mul: _product,
}
