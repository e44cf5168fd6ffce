"""Element by element: every scalar operation of the table in `scalars.py`, and compositions of them."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from pytensor.graph.basic import Apply, Constant
from pytensor.graph.traversal import toposort
from pytensor.scalar import basic as ps

from rowspace.emit.emitter import Emitter, Unsupported, literal
from rowspace.emit.expression import Expr, product, sum_of
from rowspace.emit.scalars import CHEAP, DTYPES, SCALAR

_ZEROS = ("0", "f32(0.0)", "f64(0.0)")


def elemwise(emitter: Emitter, node: Apply) -> None:
    if len(node.outputs) > 1:
        raise Unsupported(str(node.op))
    operation, [out] = node.op.scalar_op, node.outputs
    if isinstance(operation, ps.Invert) and out.type.dtype != "bool":
        raise Unsupported(str(node.op))
    write = _scalar_writer(operation)
    dims = emitter.broadcast([emitter.shape(x) for x in node.inputs])
    access = lambda index: write([emitter.at(x, index) for x in node.inputs])
    emitter.define(out, dims, access, cheap=_is_cheap(operation))


def _is_cheap(operation: Any) -> bool:
    if isinstance(operation, ps.Composite):
        return all(_is_cheap(node.op) for node in toposort(operation.fgraph.outputs))
    return type(operation).__name__ in CHEAP


def _scalar_writer(operation: Any) -> Callable[[Sequence[Expr]], Expr]:
    """How a scalar operation writes its arguments."""
    name = type(operation).__name__
    if isinstance(operation, ps.Composite):
        return partial(_composite, operation)
    if isinstance(operation, ps.Cast):
        number = DTYPES.get(operation.o_type.dtype)
        if number is None:
            raise Unsupported(str(operation))
        return lambda args: Expr(f"{number}({{}})", tuple(args))
    if name not in SCALAR:
        raise Unsupported(str(operation))
    form = SCALAR[name]
    if form == "*":
        return product
    if form == "+":
        return sum_of
    if name == "Sub":
        return lambda args: _negative(args[1]) if str(args[0]) in _ZEROS else Expr(form, tuple(args))
    if name == "Neg":
        return lambda args: _negative(args[0])
    return lambda args: Expr(form, tuple(args))


def _composite(operation: Any, args: Sequence[Expr]) -> Expr:
    """Several scalar operations in one, such as the products that PyTensor makes of a whole power."""
    graph = operation.fgraph
    known = dict(zip(graph.inputs, args, strict=True))
    for node in toposort(graph.outputs):
        parts = [literal(x.data) if isinstance(x, Constant) else known[x] for x in node.inputs]
        known[node.outputs[0]] = _scalar_writer(node.op)(parts)
    return known[graph.outputs[0]]


def _negative(e: Expr) -> Expr:
    return e.args[0] if e.form == SCALAR["Neg"] else Expr(SCALAR["Neg"], (e,))
