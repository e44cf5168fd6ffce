"""Rules for operations that only move elements: slices, joins, splits, shapes."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.tensor.basic import Join, MakeVector
from pytensor.tensor.type_other import NoneTypeT

from rowspace.kernel.emit.dims import fixed, length_for_layout, shifted, total_length
from rowspace.kernel.emit.emitter import Emitter
from rowspace.kernel.emit.expression import ZERO, Dim, Expr, Index, Op, apply, element, sum_of
from rowspace.kernel.emit.lengths import length_of
from rowspace.kernel.emit.scalars import Unsupported
from rowspace.kernel.emit.slices import Part, changed_part, scaled
from rowspace.kernel.emit.statements import Assign


def dimshuffle(emitter: Emitter, node: Apply) -> None:
    """x with its axes in another order, and axes of length one."""
    [x], [out], order = node.inputs, node.outputs, node.op.new_order
    shape = emitter.shape(x)
    dims = tuple(1 if axis == "x" else shape[axis] for axis in order)

    def access(index: Index) -> Expr:
        inner = [ZERO] * len(shape)
        for place, axis in enumerate(order):
            if axis != "x":
                inner[axis] = index[place]
        return emitter.at(x, tuple(inner))

    emitter.bind(out, dims, access)


def alloc(emitter: Emitter, node: Apply) -> None:
    """A value spread over some lengths."""
    value, *lengths = node.inputs
    dims = tuple(length_of(emitter, length) for length in lengths)
    own = len(emitter.shape(value))
    emitter.bind(node.outputs[0], dims, lambda index: emitter.at(value, index[len(index) - own :]))


def shape_i(emitter: Emitter, node: Apply) -> None:
    """The length of an axis."""
    length = fixed(emitter.shape(node.inputs[0])[node.op.i])
    emitter.bind(node.outputs[0], (), lambda _: length)


def same_elements(emitter: Emitter, node: Apply) -> None:
    """What has the elements of x, at the same places."""
    x = node.inputs[0]
    emitter.bind(node.outputs[0], emitter.shape(x), lambda index: emitter.at(x, index))


def specify_shape(emitter: Emitter, node: Apply) -> None:
    """x, which must be of this shape: where a length is not known before, it is checked before the loop runs."""
    x, *given = node.inputs
    dims = tuple(
        own if isinstance(d.type, NoneTypeT) else _specified(emitter, own, length_of(emitter, d))
        for own, d in zip(emitter.shape(x), given, strict=True)
    )
    emitter.bind(node.outputs[0], dims, lambda index: emitter.at(x, index))


def _specified(emitter: Emitter, own: Dim, given: Dim) -> Dim:
    emitter.equate(own, given)
    return given if isinstance(given, int) else own


def make_vector(emitter: Emitter, node: Apply) -> None:
    """Numbers as a vector."""
    [out] = node.outputs
    sections = [((p,), (1,), lambda _, x=x: emitter.at_as(x, (), out.type.dtype)) for p, x in enumerate(node.inputs)]
    _fill(emitter, out, (len(node.inputs),), sections)


def join(emitter: Emitter, node: Apply) -> None:
    """Arrays one after another along an axis."""
    [out], (place, parts) = node.outputs, _axis_first(node)
    sections: list[Any] = []
    start: Dim = 0
    for x in parts:
        shape = emitter.shape(x)
        place %= len(shape)
        offset = tuple(start if a == place else 0 for a in range(len(shape)))
        sections.append((offset, shape, partial(emitter.at_as, x, dtype=out.type.dtype)))
        start = total_length(start, shape[place])
    dims = tuple(start if a == place else d for a, d in enumerate(emitter.shape(parts[0])))
    _fill(emitter, out, dims, sections)


def _axis_first(node: Apply) -> tuple[int, list[Variable]]:
    """The axis of a join or split and its other inputs: an input itself in PyTensor 3.0, a property since 3.3."""
    if hasattr(node.op, "axis"):
        return int(node.op.axis), list(node.inputs)
    axis = node.inputs[0 if isinstance(node.op, Join) else 1]
    if not isinstance(axis, Constant):
        raise Unsupported(str(node.op))
    return int(axis.data), [x for x in node.inputs if x is not axis]


def _fill(emitter: Emitter, out: Variable, dims: tuple[Dim, ...], sections: Sequence[Any]) -> None:
    """Store `out` in sections: (offset along every axis, section's shape, source of its elements)."""
    if not Emitter.is_array(dims):  # one number: the only section that is not empty
        [access] = [access for _, shape, access in sections if 0 not in shape]
        emitter.bind(out, dims, access)
        return
    axes, index = emitter.axes(dims, "zk")
    emitter.scratch(out, dims, index, axes)
    for offset, shape, access in sections:
        loops, inner = emitter.axes(shape, "zk")
        loops.sort(key=lambda axis: length_for_layout(axis[1]))
        place = tuple(shifted(i, o) for i, o in zip(inner, offset, strict=True))
        emitter.writer.loops(loops, [Assign(emitter.access[out](place), access(inner))])


def split(emitter: Emitter, node: Apply) -> None:
    """An array cut along an axis."""
    place, (x, sizes) = _axis_first(node)
    shape = emitter.shape(x)
    start: Dim = 0
    for out, size in zip(node.outputs, _lengths(emitter, node, sizes), strict=True):
        dims = tuple(size if a == place else d for a, d in enumerate(shape))

        def access(index: Index, start: Dim = start) -> Expr:
            return emitter.at(x, tuple(shifted(i, start) if a == place else i for a, i in enumerate(index)))

        emitter.bind(out, dims, access)
        start = total_length(start, size)


def _lengths(emitter: Emitter, node: Apply, sizes: Variable) -> list[Dim]:
    """The lengths of a split: constants, or a vector made of lengths of bags."""
    if isinstance(sizes, Constant):
        return np.asarray(sizes.data).tolist()
    if sizes.owner is None or not isinstance(sizes.owner.op, MakeVector):
        raise Unsupported(str(node.op))
    return [length_of(emitter, size) for size in sizes.owner.inputs]


def subtensor(emitter: Emitter, node: Apply) -> None:
    """x[slices and places]"""
    x, *flat = node.inputs
    part = Part(emitter, node, flat, emitter.shape(x))
    emitter.bind(node.outputs[0], part.dims, lambda index: emitter.at(x, part.outer(index)))


def inc_subtensor(emitter: Emitter, node: Apply) -> None:
    """x with y added to, or set at, x[slices and places]."""
    x, _, *flat = node.inputs
    [out], shape = node.outputs, emitter.shape(x)
    part = Part(emitter, node, flat, shape)
    if 0 in part.dims:
        emitter.bind(out, shape, lambda index: emitter.at(x, index))
        return
    axes, index, value = changed_part(emitter, node, part.dims)
    if Emitter.is_array(shape):
        target = emitter.access[out](part.outer(index))
        emitter.writer.loops(axes, [Assign(target, value, "=" if node.op.set_instead_of_inc else "+=")])
    else:
        base = emitter.access[out](part.outer(index))
        result = value if node.op.set_instead_of_inc else apply(Op.ADD, base, value)
        emitter.bind_one(out, shape, lambda _: result)


def reshape(emitter: Emitter, node: Apply) -> None:
    """The same elements in another shape: stored one after another, then read."""
    x, [out] = node.inputs[0], node.outputs
    shape, dims = emitter.shape(x), out.type.shape
    if any(isinstance(d, Expr) for d in shape) or None in dims:
        raise Unsupported("reshaping a ragged bag")
    flat = emitter.writer.array("t", (int(np.prod([d for d in shape if isinstance(d, int)])),), out.type.dtype)
    load = element(flat)
    axes, index = emitter.axes(shape, "zk")
    emitter.writer.loops(axes, [Assign(load((_flat(index, shape),)), emitter.at(x, index))])
    emitter.bind(out, dims, lambda idx: load((_flat(idx, dims),)))


def _flat(index: Index, shape: Sequence[Any]) -> Expr:
    terms, stride = [], 1
    for i, d in zip(reversed(index), reversed(list(shape)), strict=True):
        if i != ZERO:
            terms.append(scaled(i, stride))
        stride *= d
    terms = terms[::-1] or [ZERO]
    return sum_of(terms)
