"""Sums of products and other folds over an axis: dot products, reductions, softmax."""

from pytensor.graph.basic import Apply
from pytensor.tensor.math import Dot

from rowspace.emit.emitter import REDUCTIONS, Emitter, Unsupported
from rowspace.emit.expression import ZERO, Expr, Index, product
from rowspace.emit.scalars import DTYPES


def dot(emitter: Emitter, node: Apply) -> None:
    a, b = node.inputs
    left, right = emitter.shape(a), emitter.shape(b)
    rows, columns = left[:-1], right[1:]
    emitter.equate(left[-1], right[0])

    def term(index: Index, inner: Index) -> Expr:
        return product(
            [
                emitter.at(a, (*index[: len(rows)], *inner)),
                emitter.at(b, (*inner, *index[len(rows) :])),
            ]
        )

    [out], dims = node.outputs, (*rows, *columns)
    if left[-1] == 1:
        emitter.define(out, dims, lambda index: term(index, (ZERO,)))
    else:
        emitter.reduce(out, dims, (left[-1],), term, REDUCTIONS["Add"])


def blockwise(emitter: Emitter, node: Apply) -> None:
    if not isinstance(node.op.core_op, Dot) or any(x.type.ndim < 2 for x in node.inputs):
        raise Unsupported(str(node.op))
    matrices(emitter, node)


def matrices(emitter: Emitter, node: Apply) -> None:
    """Products of matrices, one for each place along the axes before the last two."""
    a, b = node.inputs
    left, right = emitter.shape(a), emitter.shape(b)
    batch = emitter.broadcast([left[:-2], right[:-2]])

    def term(index: Index, inner: Index) -> Expr:
        *outer, row, column = index
        return product([emitter.at(a, (*outer, row, *inner)), emitter.at(b, (*outer, *inner, column))])

    emitter.equate(left[-1], right[-2])
    dims = (*batch, left[-2], right[-1])
    emitter.reduce(node.outputs[0], dims, (left[-1],), term, REDUCTIONS["Add"])


def careduce(emitter: Emitter, node: Apply) -> None:
    [x], [out] = node.inputs, node.outputs
    operation = REDUCTIONS.get(type(node.op.scalar_op).__name__)
    whole = out.type.dtype == "int64" and operation is not None and not operation.logical
    logical = out.type.dtype == "bool" and operation is not None and operation.logical
    if operation is None or not (whole or logical or out.type.dtype in ("float32", "float64")):
        raise Unsupported(str(node.op))
    shape = emitter.shape(x)
    folded = tuple(range(len(shape))) if node.op.axis is None else tuple(node.op.axis)
    kept = [axis for axis in range(len(shape)) if axis not in folded]

    def term(index: Index, inner: Index) -> Expr:
        full = [ZERO] * len(shape)
        for place, axis in enumerate(kept):
            full[axis] = index[place]
        for place, axis in enumerate(folded):
            full[axis] = inner[place]
        return emitter.at(x, tuple(full))

    emitter.reduce(out, tuple(shape[a] for a in kept), tuple(shape[a] for a in folded), term, operation)


def softmax(emitter: Emitter, node: Apply, *, log: bool) -> None:
    """softmax(x) = exp(x - max x) / sum(exp(x - max x)), along one axis or all."""
    [x], [out] = node.inputs, node.outputs
    if out.type.ndim != 1:
        raise Unsupported(str(node.op))
    [dim] = emitter.shape(x)
    number = DTYPES[out.type.dtype]
    r = Expr("r")
    top = emitter.accumulate([(r, dim)], emitter.at(x, (r,)), REDUCTIONS["Maximum"], number)
    shifted = lambda index: Expr("({} - {})", (emitter.at(x, index), top))
    power = lambda index: Expr("math.exp({})", (shifted(index),))
    total = emitter.accumulate([(r, dim)], power((r,)), REDUCTIONS["Add"], number)
    if log:
        total = emitter.writer.local(Expr("math.log({})", (total,)))
        emitter.store(out, (dim,), lambda index: Expr("({} - {})", (shifted(index), total)))
    else:
        emitter.store(out, (dim,), lambda index: Expr("({} / {})", (power(index), total)))
