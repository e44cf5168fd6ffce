"""What depends on order: running sums and products, the place of the greatest, sorting."""

import math

from pytensor.graph.basic import Apply, Constant

from rowspace.kernel.emit.dims import fixed, length, length_for_layout
from rowspace.kernel.emit.emitter import Emitter
from rowspace.kernel.emit.expression import ZERO, Axis, Dim, Expr, Op, apply, element, joined, named, whole
from rowspace.kernel.emit.folds import REDUCTIONS
from rowspace.kernel.emit.scalars import Unsupported
from rowspace.kernel.emit.statements import Assign, For, Run
from rowspace.kernel.emit.typed import number_of


def cumulate(emitter: Emitter, node: Apply) -> None:
    """cumsum and cumprod: each element joined to the one before it, along the axis."""
    [x], [out], axis = node.inputs, node.outputs, node.op.axis
    shape = emitter.shape(x)
    emitter.copy_to_change(out, x)
    if shape[axis] == 1:
        return
    loops, index = emitter.axes(shape, "zk")
    along = index[axis]
    others = sorted((loop for loop in loops if loop[0] is not along), key=lambda loop: length_for_layout(loop[1]))
    target, before = (emitter.at(out, (*index[:axis], place, *index[axis + 1 :])) for place in (along, _before(along)))
    with emitter.writer.inside(For(along, shape[axis], start=whole(1))):
        emitter.writer.loops(others, [Assign(target, before, "+=" if node.op.mode == "add" else "*=")])


def _before(place: Expr) -> Expr:
    return apply(Op.SUB, place, whole(1))


def argmax(emitter: Emitter, node: Apply) -> None:
    """The place of the first of the greatest elements, counted over the axes that are searched."""
    [x], [out] = node.inputs, node.outputs
    shape = emitter.shape(x)
    searched = tuple(range(len(shape))) if node.op.axis is None else tuple(node.op.axis)
    for axis in searched:
        if isinstance(shape[axis], Expr):
            emitter.require_place(0, shape[axis])
    others = [axis for axis in range(len(shape)) if axis not in searched]
    dims = tuple(shape[a] for a in others)
    kept, index = emitter.axes(dims, "zk")
    loops, inner = emitter.axes(tuple(shape[a] for a in searched), "rs")
    value = emitter.at(x, joined(others, index, searched, inner))
    number = number_of(x.type.dtype)
    target = emitter.scratch(out, dims, index, kept) if kept else None
    with emitter.writer.around(kept):
        place = _search(emitter, loops, value, number)
        if target is not None:
            emitter.writer.assign(target, place)
    if target is None:
        emitter.bind(out, dims, lambda _: place)
    emitter.below[out] = _count([dim for _, dim in loops])


def _count(dims: list[Dim]) -> Dim:
    product = math.prod(dim for dim in dims if isinstance(dim, int))
    ragged = [dim for dim in dims if isinstance(dim, Expr)]
    if not ragged:
        return product
    return ragged[0] if len(dims) == 1 else length(Op.MUL, *ragged, product)


def _search(emitter: Emitter, loops: list[Axis], value: Expr, number: str) -> Expr:
    writer = emitter.writer
    best, place, count = (named(writer.name(base)) for base in ("best", "place", "count"))
    writer.add(Assign(best, REDUCTIONS["Maximum"].start(number)), Assign(place, ZERO), Assign(count, ZERO))
    with writer.around(loops):
        now = writer.local(value, "v")
        with writer.when(apply(Op.GT, now, best)):
            writer.add(Assign(best, now), Assign(place, count))
        writer.assign(count, whole(1), "+=")
    return place


def sort(emitter: Emitter, node: Apply) -> None:
    """The elements along an axis, the least first."""
    _sort(emitter, node, places=False)


def argsort(emitter: Emitter, node: Apply) -> None:
    """The places of the elements along an axis, the least first."""
    _sort(emitter, node, places=True)


def _sort(emitter: Emitter, node: Apply, *, places: bool) -> None:
    """Sort along an axis by a merge sort, which leaves equal elements in their order; store elements or places."""
    (x, axis), [out], writer = node.inputs, node.outputs, emitter.writer
    if not isinstance(axis, Constant):
        raise Unsupported(str(node.op))
    shape, along = emitter.shape(x), int(axis.data) % x.type.ndim
    if shape[along] == 1:
        emitter.bind(out, shape, (lambda _: ZERO) if places else (lambda index: emitter.at(x, index)))
        emitter.below[out] = 1
        return
    keys = writer.array("keys", (shape[along],), x.type.dtype)
    order, spare = (writer.array(base, (shape[along],), "int64") for base in ("order", "spare"))
    others, index = emitter.axes(tuple(d for a, d in enumerate(shape) if a != along), "zk")
    place = named("r")
    full = (*index[:along], place, *index[along:])
    loops, everywhere = emitter.axes(shape, "zk")
    emitter.scratch(out, shape, everywhere, loops)
    key, sorted_place = (element(array)((place,)) for array in (keys, order))
    with writer.around(others):
        filled = [Assign(key, emitter.at(x, full)), Assign(sorted_place, place)]
        writer.loops([(place, shape[along])], filled, independent=True)
        writer.add(Run(apply("sort_places", *map(named, (keys, order, spare)), fixed(shape[along]))))
        result = sorted_place if places else element(keys)((sorted_place,))
        writer.loops([(place, shape[along])], [Assign(emitter.at(out, full), result)])
    if places:
        emitter.below[out] = shape[along]
