"""Basic indices: for each axis a place, or a start, a step and a length."""

from collections.abc import Sequence
from typing import Any

from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.tensor.basic import ScalarFromTensor, TensorFromScalar
from pytensor.tensor.subtensor import indices_from_subtensor

from rowspace.kernel.emit.dims import fixed, length, length_for_layout, shifted
from rowspace.kernel.emit.emitter import Emitter
from rowspace.kernel.emit.expression import ZERO, Axis, Dim, Expr, Index, Op, whole
from rowspace.kernel.emit.lengths import length_of, sliced
from rowspace.kernel.emit.limits import is_inside
from rowspace.kernel.emit.scalars import Unsupported


class Part:
    """A basic index of an array: for each axis a fixed place, or a start, a step and a length."""

    def __init__(self, emitter: Emitter, node: Apply, flat: Sequence[Variable], shape: tuple[Dim, ...]) -> None:
        indices = indices_from_subtensor(flat, node.op.idx_list)
        indices = (*indices, *[slice(None)] * (len(shape) - len(indices)))
        self.axes = [part_of(emitter, i, d) for i, d in zip(indices, shape, strict=True)]
        self.dims = tuple(dim for _, dim in self.axes if dim is not None)

    def outer(self, index: Index) -> Index:
        """The index in the whole of an index in the part."""
        rest = iter(index)
        return tuple(place if dim is None else place(next(rest)) for place, dim in self.axes)


def part_of(emitter: Emitter, index: Any, dim: Dim) -> tuple[Any, Dim | None]:
    """One axis of a basic index: (place, None), or (place in the whole of a place in the part, length)."""
    if not isinstance(index, slice):
        return place_in(emitter, index, dim), None
    start, stop, step = (None if e is None else _end(emitter, e) for e in (index.start, index.stop, index.step))
    step = 1 if step is None else step
    if not isinstance(step, int):
        raise Unsupported("a slice with a step that is not constant")
    first, picked = sliced(emitter, dim, start, stop, step)
    return (lambda i: shifted(scaled(i, step), first)), picked


def scaled(index: Expr, step: int) -> Expr:
    """An index times so much."""
    return index if step == 1 or index == ZERO else Expr(Op.STRIDE, (index,), length=step)


def _end(emitter: Emitter, end: Any) -> Dim:
    return length_of(emitter, end) if isinstance(end, Variable) else int(end)


def place_in(emitter: Emitter, index: Any, dim: Dim) -> Expr:
    """The source of a place along an axis: constant, made of lengths, or inside by what it is."""
    if isinstance(index, Variable) and not isinstance(index, Constant) and is_inside(emitter, index, dim):
        return emitter.at(_whole(index), ())
    place = _end(emitter, index)
    emitter.require_place(place, dim)
    if isinstance(place, int):
        if isinstance(dim, int):
            return whole(place % dim)
        return whole(place) if place >= 0 else fixed(length(Op.SUB, dim, -place))
    return fixed(length(Op.FROM_END, place, dim))


def _whole(index: Variable) -> Variable:
    while index.owner is not None and isinstance(index.owner.op, ScalarFromTensor | TensorFromScalar):
        index = index.owner.inputs[0]
    return index


def changed_part(emitter: Emitter, node: Apply, dims: tuple[Dim, ...]) -> tuple[list[Axis], Index, Expr]:
    """The loops over a part of `dims` that is set or added to, the index in it, and what comes there.

    The node's output is then a copy to change of its first input; its second is broadcast to the part.
    """
    x, y, [out] = node.inputs[0], node.inputs[1], node.outputs
    own = emitter.shape(y)
    emitter.broadcast([dims, (1,) * (len(dims) - len(own)) + own])
    emitter.copy_to_change(out, x)
    axes, index = emitter.axes(dims, "zk")
    axes.sort(key=lambda axis: length_for_layout(axis[1]))
    return axes, index, emitter.at_as(y, index[len(index) - len(own) :], out.type.dtype)
