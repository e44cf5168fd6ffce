"""Rules for dot products, sums, maxima and softmax."""

from functools import partial

from pytensor.graph.basic import Apply
from pytensor.tensor.math import Dot

from rowspace.kernel.emit.emitter import Emitter
from rowspace.kernel.emit.expression import ZERO, Dim, Expr, Index, Op, apply, joined, named, product
from rowspace.kernel.emit.folds import REDUCTIONS, accumulate
from rowspace.kernel.emit.scalars import Unsupported
from rowspace.kernel.emit.typed import function, number_of


def dot(emitter: Emitter, node: Apply) -> None:
    """A product of vectors and matrices."""
    _multiply(emitter, node, ())


def blockwise(emitter: Emitter, node: Apply) -> None:
    """A product of matrices for each place along further axes; no other operation on blocks has a loop."""
    if not isinstance(node.op.core_op, Dot) or any(x.type.ndim < 2 for x in node.inputs):
        raise Unsupported(str(node.op))
    matrices(emitter, node)


def matrices(emitter: Emitter, node: Apply) -> None:
    """Products of matrices, one for each place along the axes before the last two."""
    left, right = map(emitter.shape, node.inputs)
    _multiply(emitter, node, emitter.broadcast([left[:-2], right[:-2]]))


def _multiply(emitter: Emitter, node: Apply, batch: tuple[Dim, ...]) -> None:
    """Products of what stands behind the axes of a batch: along the last axis of the one and the first of the other."""
    [a, b], [out], n = node.inputs, node.outputs, len(batch)
    left, right = emitter.shape(a), emitter.shape(b)
    rows, columns = left[n:-1], right[n + 1 :]
    emitter.equate(left[-1], right[n])

    def term(index: Index, inner: Index) -> Expr:
        outer, column = index[: n + len(rows)], index[n + len(rows) :]
        left_one = emitter.at_as(a, (*outer, *inner), out.type.dtype)
        return product([left_one, emitter.at_as(b, (*index[:n], *inner, *column), out.type.dtype)])

    dims = (*batch, *rows, *columns)
    if left[-1] == 1 and not batch:
        emitter.define(out, dims, lambda index: term(index, (ZERO,)))
    else:
        emitter.reduce(out, dims, (left[-1],), term, REDUCTIONS["Add"])


def careduce(emitter: Emitter, node: Apply) -> None:
    """A sum, a product, a maximum and so on, along some axes."""
    [x], [out] = node.inputs, node.outputs
    operation = REDUCTIONS.get(type(node.op.scalar_op).__name__)
    if operation is None or not operation.gives(out.type.dtype):
        raise Unsupported(str(node.op))
    shape = emitter.shape(x)
    folded = tuple(range(len(shape))) if node.op.axis is None else tuple(node.op.axis)
    kept = [axis for axis in range(len(shape)) if axis not in folded]

    def term(index: Index, inner: Index) -> Expr:
        return emitter.at_as(x, joined(kept, index, folded, inner), out.type.dtype)

    emitter.reduce(out, tuple(shape[a] for a in kept), tuple(shape[a] for a in folded), term, operation)


def softmax(emitter: Emitter, node: Apply, *, log: bool) -> None:
    """softmax(x) = exp(x - max x) / sum(exp(x - max x)), along one axis or all."""
    [x], [out] = node.inputs, node.outputs
    if out.type.ndim != 1:
        raise Unsupported(str(node.op))
    [dim], reckon = emitter.shape(x), partial(function, given=out.type.dtype, everywhere=emitter.writer.portable)
    number = number_of(out.type.dtype)
    r = named("r")
    top = accumulate(emitter.writer, [(r, dim)], emitter.at_as(x, (r,), out.type.dtype), REDUCTIONS["Maximum"], number)

    def below_top(index: Index) -> Expr:
        return apply(Op.SUB, emitter.at_as(x, index, out.type.dtype), top)

    def power(index: Index) -> Expr:
        return reckon("Exp", below_top(index))

    total = accumulate(emitter.writer, [(r, dim)], power((r,)), REDUCTIONS["Add"], number)
    if log:
        total = emitter.writer.local(reckon("Log", total))
        emitter.store(out, (dim,), lambda index: apply(Op.SUB, below_top(index), total))
    else:
        emitter.store(out, (dim,), lambda index: apply(Op.DIV, power(index), total))
