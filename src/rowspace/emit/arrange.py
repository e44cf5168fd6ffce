"""Where elements come from and go to: slices, joins, splits, shapes."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.tensor.basic import Join, MakeVector, ScalarFromTensor, TensorFromScalar
from pytensor.tensor.subtensor import indices_from_subtensor

from rowspace.emit.emitter import Emitter, Unsupported, element
from rowspace.emit.expression import ZERO, Dim, Expr, Index, length_for_layout, shifted, sum_of, total_length


def dimshuffle(emitter: Emitter, node: Apply) -> None:
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
    value, *lengths = node.inputs
    dims = tuple(_length(emitter, length) for length in lengths)
    own = len(emitter.shape(value))
    emitter.bind(node.outputs[0], dims, lambda index: emitter.at(value, index[len(index) - own :]))


def _length(emitter: Emitter, variable: Variable) -> Dim:
    if isinstance(variable, Constant):
        return int(variable.data)
    text = str(emitter.at(variable, ()))
    return int(text) if text.isdigit() else text


def shape_i(emitter: Emitter, node: Apply) -> None:
    length = Expr(str(emitter.shape(node.inputs[0])[node.op.i]))
    emitter.bind(node.outputs[0], (), lambda _: length)


def same_elements(emitter: Emitter, node: Apply) -> None:
    x = node.inputs[0]
    emitter.bind(node.outputs[0], emitter.shape(x), lambda index: emitter.at(x, index))


def make_vector(emitter: Emitter, node: Apply) -> None:
    sections = [((p,), (1,), lambda _, x=x: emitter.at(x, ())) for p, x in enumerate(node.inputs)]
    _fill(emitter, node.outputs[0], (len(node.inputs),), sections)


def join(emitter: Emitter, node: Apply) -> None:
    place, parts = _axis_first(node)
    sections, start = [], 0  # type: list[Any], Dim
    for x in parts:
        shape = emitter.shape(x)
        place %= len(shape)
        offset = tuple(start if a == place else 0 for a in range(len(shape)))
        sections.append((offset, shape, partial(emitter.at, x)))
        start = total_length(start, shape[place])
    dims = tuple(start if a == place else d for a, d in enumerate(emitter.shape(parts[0])))
    _fill(emitter, node.outputs[0], dims, sections)


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
        emitter.writer.loops(loops, [(emitter.access[out](place), "=", access(inner))])


def split(emitter: Emitter, node: Apply) -> None:
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
    return [_length(emitter, size) for size in sizes.owner.inputs]


class Part:
    """A constant basic index: for each axis a fixed place, or a start, a step and a length."""

    def __init__(self, emitter: Emitter, node: Apply, flat: Sequence[Variable], shape: tuple[Dim, ...]) -> None:
        indices = indices_from_subtensor(flat, node.op.idx_list)
        indices = (*indices, *[slice(None)] * (len(shape) - len(indices)))
        self.axes = [_part(node, i, d) for i, d in zip(indices, shape, strict=True)]
        self.dims = tuple(length for place, length in self.axes if length is not None)

    def outer(self, index: Index) -> Index:
        """The index in the whole of an index in the part."""
        rest = iter(index)
        return tuple(place if length is None else place(next(rest)) for place, length in self.axes)


def _part(node: Apply, index: Any, dim: Dim) -> tuple[Any, Dim | None]:
    if not isinstance(index, slice):
        place = _whole(node, index)
        if not isinstance(dim, int) or not -dim <= place < dim:
            raise Unsupported(f"place {place} of a bag of length {dim}")
        return Expr(str(place % dim)), None
    start, stop, step = (None if e is None else _whole(node, e) for e in (index.start, index.stop, index.step))
    if isinstance(dim, int):
        picked = range(dim)[slice(start, stop, step)]
        return (lambda i: shifted(_scale(i, picked.step), picked.start)), len(picked)
    if (start, stop, step) in ((None, None, None), (0, None, None), (0, None, 1), (None, None, 1)):
        return (lambda i: i), dim
    raise Unsupported("a slice of a ragged bag")


def _scale(index: Expr, step: int) -> Expr:
    return index if step == 1 or index == ZERO else Expr(f"({{}} * {step})", (index,))


def _whole(node: Apply, index: Variable) -> int:
    while index.owner is not None and isinstance(index.owner.op, ScalarFromTensor | TensorFromScalar):
        index = index.owner.inputs[0]
    if not isinstance(index, Constant):
        raise Unsupported(f"{node.op} with an index that is not constant")
    return int(index.data)


def subtensor(emitter: Emitter, node: Apply) -> None:
    x, *flat = node.inputs
    part = Part(emitter, node, flat, emitter.shape(x))
    emitter.bind(node.outputs[0], part.dims, lambda index: emitter.at(x, part.outer(index)))


def inc_subtensor(emitter: Emitter, node: Apply) -> None:
    x, y, *flat = node.inputs
    [out], shape = node.outputs, emitter.shape(x)
    part = Part(emitter, node, flat, shape)
    if 0 in part.dims:
        emitter.bind(out, shape, lambda index: emitter.at(x, index))
        return
    if x in emitter.stored and emitter.uses.get(x, 0) == 1:
        emitter.bind(out, shape, emitter.access[x])  # nothing else reads x: change it where it is
        emitter.stored.add(out)
    else:
        emitter.store(out, shape, lambda index: emitter.at(x, index))
    axes, index = emitter.axes(part.dims, "zk")
    axes.sort(key=lambda axis: length_for_layout(axis[1]))
    own = len(emitter.shape(y))
    value = emitter.at(y, index[len(index) - own :])
    if Emitter.is_array(shape):
        target = emitter.access[out](part.outer(index))
        emitter.writer.loops(axes, [(target, "=" if node.op.set_instead_of_inc else "+=", value)])
    else:
        base = emitter.access[out](part.outer(index))
        result = value if node.op.set_instead_of_inc else Expr("({} + {})", (base, value))
        emitter.bind(out, shape, lambda _: result)


def reshape(emitter: Emitter, node: Apply) -> None:
    x, [out] = node.inputs[0], node.outputs
    shape, dims = emitter.shape(x), out.type.shape
    if any(isinstance(d, str) for d in shape) or None in dims:
        raise Unsupported("reshaping a ragged bag")
    flat = emitter.writer.array("t", (int(np.prod([int(d) for d in shape])),), out.type.dtype)
    load = element(flat)
    axes, index = emitter.axes(shape, "zk")
    emitter.writer.loops(axes, [(load((_flat(index, shape),)), "=", emitter.at(x, index))])
    emitter.bind(out, dims, lambda idx: load((_flat(idx, dims),)))


def _flat(index: Index, shape: Sequence[Any]) -> Expr:
    terms, stride = [], 1
    for i, d in zip(reversed(index), reversed(list(shape)), strict=True):
        if i != ZERO:
            terms.append(_scale(i, stride))
        stride *= d
    terms = terms[::-1] or [ZERO]
    return sum_of(terms)
