"""Lengths and places in bags of any length, as source: what a cost asks of them is checked before its loop runs."""

import operator
from collections.abc import Callable, Sequence
from functools import partial, reduce
from typing import Any

from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.scalar import basic as ps
from pytensor.tensor.basic import ScalarFromTensor, TensorFromScalar
from pytensor.tensor.elemwise import DimShuffle
from pytensor.tensor.shape import Shape_i

from rowspace.kernel.emit.dims import length
from rowspace.kernel.emit.emitter import Emitter
from rowspace.kernel.emit.expression import Dim, Expr, Op, Operation
from rowspace.kernel.emit.limits import is_scalar
from rowspace.kernel.emit.scalars import SCALAR, Unsupported

# PyTensor's operation -> ours, and what it gives for two numbers that are known
_RECKONED: dict[str, tuple[Operation, Callable[[int, int], int]]] = {
    "Add": (Op.ADD, operator.add),
    "Sub": (Op.SUB, operator.sub),
    "Mul": (Op.MUL, operator.mul),
    "IntDiv": (Op.INT_DIV, operator.floordiv),
    "Maximum": ("max", max),
    "Minimum": ("min", min),
}
_LESS, _GREATER = ("LT", "LE"), ("GT", "GE")
_COMPARED = (*_LESS, *_GREATER, "EQ", "NEQ")
_SAME = (ScalarFromTensor, TensorFromScalar, DimShuffle, ps.Cast, ps.Identity)


def length_of(emitter: Emitter, variable: Variable) -> Dim:
    """A whole number made of constants and lengths; raises Unsupported for one that is made of anything else."""
    if isinstance(variable, Constant):
        return int(variable.data)
    node = variable.owner
    if node is None:
        raise Unsupported(f"a length or place that depends on {variable}")
    if isinstance(node.op, Shape_i):
        return emitter.shape(node.inputs[0])[node.op.i]
    if isinstance(node.op, _SAME) or is_scalar(node.op, ps.Cast, ps.Identity):
        return length_of(emitter, node.inputs[0])
    name = _name(node.op)
    if name == "Switch":
        return _chosen(emitter, node)
    if name not in _RECKONED:
        raise Unsupported(f"a length or place made by {node.op}")
    return _combined(emitter, name, [length_of(emitter, x) for x in node.inputs])


def _name(op: Any) -> str:
    return type(getattr(op, "scalar_op", op)).__name__


def _chosen(emitter: Emitter, node: Apply) -> Dim:
    """One of two lengths: often the shorter or the longer of them."""
    condition, x, y = node.inputs
    test = condition.owner
    if test is None or _name(test.op) not in _COMPARED:
        raise Unsupported(f"a length or place made by {node.op}")
    compared = _name(test.op)
    a, b, x, y = (length_of(emitter, v) for v in (*test.inputs, x, y))
    if compared in (*_LESS, *_GREATER) and {a, b} == {x, y}:
        return _combined(emitter, "Minimum" if (compared in _LESS) == (a == x) else "Maximum", [x, y])
    chosen = length(Op.CHOSEN, length(SCALAR[compared], a, b), x, y)
    emitter.writer.bounds[chosen] = length("max", x, y)
    return chosen


def _combined(emitter: Emitter, name: str, parts: Sequence[Dim]) -> Dim:
    return reduce(partial(_pair, emitter, name), parts)


def _pair(emitter: Emitter, name: str, first: Dim, second: Dim) -> Dim:
    operation, known = _RECKONED[name]
    if isinstance(first, int) and isinstance(second, int):
        return known(first, second)
    if name != "Sub" or isinstance(second, int):
        return length(operation, first, second)
    if second.operation == "min" and second.args[0].op is Op.CONST and second.args[1] == first:
        return shortened(first, int(second.args[0].name))  # all but so many of the last, or none
    left = length(operation, first, second)
    emitter.writer.bounds[left] = first  # the longest is not that of the longest bags
    return left


def shortened(dim: Dim, by: int) -> Dim:
    """A length without so many at one end."""
    if isinstance(dim, int):
        return max(dim - by, 0)
    if by == 0:
        return dim
    if dim.op is Op.SHORTENED and dim.args[0].op is Op.NAME and dim.args[1].op is Op.CONST:
        return length(Op.SHORTENED, dim.args[0], int(dim.args[1].name) + by)
    return length(Op.SHORTENED, dim, by)


def at_most(dim: Dim, most: int) -> Dim:
    """The shorter of two lengths."""
    return min(dim, most) if isinstance(dim, int) else length("min", dim, most)


def sliced(emitter: Emitter, dim: Dim, start: Dim | None, stop: Dim | None, step: int) -> tuple[Dim, Dim]:
    """Where a slice of so many begins, and how long it is: Python's rules, for ends that may be lengths."""
    if all(isinstance(end, int | None) for end in (dim, start, stop)):
        picked = range(dim)[slice(start, stop, step)]  # type: ignore[arg-type]
        return picked.start, len(picked)
    first, size = _forward(dim, start, stop) if step > 0 else _backward(dim, start, stop)
    if abs(step) > 1:
        size = length(Op.INT_DIV, length(Op.ADD, size, abs(step) - 1), abs(step))
    if isinstance(size, Expr) and size != dim:
        emitter.writer.bounds[size] = dim
    return first, size


def _forward(dim: Dim, start: Dim | None, stop: Dim | None) -> tuple[Dim, Dim]:
    start = 0 if start is None else start
    if isinstance(start, int) and start >= 0 and isinstance(stop, int | None):
        if stop is None or stop < 0:
            return start, shortened(dim, start - (stop or 0))
        return start, shortened(at_most(dim, stop), start)
    if isinstance(start, int) and stop is None:
        return shortened(dim, -start), at_most(dim, -start)
    first = _end(start, dim)
    return first, length(Op.SHORTENED, dim if stop is None else _end(stop, dim), first)


def _end(end: Dim, dim: Dim) -> Dim:
    if isinstance(end, int):
        return at_most(dim, end) if end >= 0 else shortened(dim, -end)
    return length(Op.CLAMPED, end, dim)


def _backward(dim: Dim, start: Dim | None, stop: Dim | None) -> tuple[Dim, Dim]:
    first = length(Op.SUB, dim, 1) if start is None else length(Op.CLAMPED_BACK, start, dim)
    if stop is None:
        return first, dim if start is None else length(Op.ADD, first, 1)
    return first, length(Op.SHORTENED, first, length(Op.CLAMPED_BACK, stop, dim))
