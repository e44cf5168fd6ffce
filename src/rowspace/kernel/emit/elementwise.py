"""Element by element: every scalar operation of the table in `scalars.py`, and compositions of them."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from pytensor.graph.basic import Apply, Constant
from pytensor.graph.traversal import toposort
from pytensor.scalar import basic as ps

from rowspace.kernel.emit.emitter import Emitter
from rowspace.kernel.emit.expression import ZERO, Expr, Index, Op, Operation, apply, constant, product, sum_of
from rowspace.kernel.emit.scalars import CHEAP, Unsupported
from rowspace.kernel.emit.typed import converted, finished, literal, operands, operation_of

_ZEROS = (ZERO, constant("0.0", "f32"), constant("0.0", "f64"))


def elemwise(emitter: Emitter, node: Apply) -> None:
    """An operation of single numbers, for every element."""
    if len(node.outputs) > 1:
        raise Unsupported(str(node.op))
    operation, [out] = node.op.scalar_op, node.outputs
    takes, write = _scalar_writer(operation, _types(node.inputs), out.type.dtype, emitter.writer.portable)
    dims = emitter.broadcast([emitter.shape(x) for x in node.inputs])

    def access(index: Index) -> Expr:
        return write([emitter.at_as(x, index, dtype) for x, dtype in zip(node.inputs, takes, strict=True)])

    emitter.define(out, dims, access, cheap=_is_cheap(operation))


def _types(variables: Sequence[Any]) -> list[str]:
    return [v.type.dtype for v in variables]


def _is_cheap(operation: Any) -> bool:
    if isinstance(operation, ps.Composite):
        return all(_is_cheap(node.op) for node in toposort(operation.fgraph.outputs))
    return type(operation).__name__ in CHEAP


def _scalar_writer(
    operation: Any, taken: Sequence[str], given: str, portable: bool
) -> tuple[list[str], Callable[[Sequence[Expr]], Expr]]:
    """The types that a scalar operation casts its arguments to, and how it writes them."""
    name = type(operation).__name__
    if isinstance(operation, ps.Composite):
        return _types(operation.fgraph.inputs), partial(_composite, operation, portable)
    if isinstance(operation, ps.Cast):
        return list(taken), lambda args: converted(args[0], taken[0], given)
    write = partial(_applied, operation_of(name, given, everywhere=portable))
    return operands(name, taken, given), lambda args: finished(name, write(args), given)


def _applied(operation: Operation, args: Sequence[Expr]) -> Expr:
    """An operation of arguments, simplified where that takes no more than a look at it."""
    match operation:
        case Op.MUL:
            return product(args)
        case Op.ADD:
            return sum_of(args)
        case Op.SUB if args[0] in _ZEROS:
            return _negative(args[1])
        case Op.NEG:
            return _negative(args[0])
    return apply(operation, *args)


def _composite(operation: Any, portable: bool, args: Sequence[Expr]) -> Expr:
    """Several scalar operations in one, such as the products that PyTensor makes of a whole power."""
    graph = operation.fgraph
    known = dict(zip(graph.inputs, args, strict=True))
    for node in toposort(graph.outputs):
        takes, write = _scalar_writer(node.op, _types(node.inputs), node.outputs[0].type.dtype, portable)
        known[node.outputs[0]] = write([_part(known, x, t) for x, t in zip(node.inputs, takes, strict=True)])
    return known[graph.outputs[0]]


def _part(known: dict[Any, Expr], x: Any, dtype: str) -> Expr:
    """What a piece of a composition takes, as a number of type `dtype`."""
    if isinstance(x, Constant):
        return literal(np.asarray(x.data).astype(dtype))
    return converted(known[x], x.type.dtype, dtype)


def _negative(e: Expr) -> Expr:
    return e.args[0] if e.op is Op.NEG else apply(Op.NEG, e)
