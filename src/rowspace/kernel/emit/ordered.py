"""What depends on order: running sums and products, the place of the greatest, sorting."""

import math

from pytensor.graph.basic import Apply, Constant, Variable

from rowspace.kernel.emit.emitter import REDUCTIONS, Emitter, Unsupported, element
from rowspace.kernel.emit.expression import ZERO, Dim, Expr, Index, length_for_layout
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
    with emitter.writer.block(f"for {along} in range(1, {shape[axis]}):"):
        emitter.writer.loops(others, [(target, "+=" if node.op.mode == "add" else "*=", before)])


def _before(place: Expr) -> Expr:
    return Expr("({} - 1)", (place,))


def argmax(emitter: Emitter, node: Apply) -> None:
    """The place of the first of the greatest elements, counted over the axes that are searched."""
    [x], [out] = node.inputs, node.outputs
    shape = emitter.shape(x)
    searched = tuple(range(len(shape))) if node.op.axis is None else tuple(node.op.axis)
    for axis in searched:
        if isinstance(shape[axis], str):
            emitter.require_place(0, shape[axis])
    dims = tuple(d for a, d in enumerate(shape) if a not in searched)
    kept, index = emitter.axes(dims, "zk")
    loops, inner = emitter.axes(tuple(shape[a] for a in searched), "rs")
    value = emitter.at(x, _merged(len(shape), searched, index, inner))
    number = number_of(x.type.dtype)
    target = emitter.scratch(out, dims, index, kept) if kept else None
    with emitter.writer.around(kept):
        place = _search(emitter, loops, value, number)
        if target is not None:
            emitter.writer.line(f"{target} = {place}")
    if target is None:
        emitter.bind(out, dims, lambda _: place)
    emitter.below[out] = _count([dim for _, dim in loops])


def _merged(ndim: int, folded: tuple[int, ...], kept: Index, inner: Index) -> Index:
    """An index over all axes from one over those that are kept and one over the others."""
    outer, rest = iter(kept), iter(inner)
    return tuple(next(rest) if axis in folded else next(outer) for axis in range(ndim))


def _count(dims: list[Dim]) -> Dim:
    whole = [dim for dim in dims if isinstance(dim, int)]
    product = math.prod(whole)
    ragged = [str(dim) for dim in dims if not isinstance(dim, int)]
    if not ragged:
        return product
    return ragged[0] if len(dims) == 1 else "(" + " * ".join([*ragged, str(product)]) + ")"


def _search(emitter: Emitter, loops: list[tuple[Expr, Dim]], value: Expr, number: str) -> Expr:
    writer = emitter.writer
    best, place, count = (writer.name(base) for base in ("best", "place", "count"))
    writer.add([f"{best} = {REDUCTIONS['Maximum'].start(number)}", f"{place} = 0", f"{count} = 0"])
    with writer.around(loops):
        now = writer.local(value, "v")
        with writer.block(f"if {now} > {best}:"):
            writer.add([f"{best} = {now}", f"{place} = {count}"])
        writer.line(f"{count} += 1")
    return Expr(place)


def sort(emitter: Emitter, node: Apply) -> None:
    _sort(emitter, node, places=False)


def argsort(emitter: Emitter, node: Apply) -> None:
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
    keys, order, spare = (_scratch(emitter, base, shape[along], d) for base, d in _arrays_for(x))
    others, index = emitter.axes(tuple(d for a, d in enumerate(shape) if a != along), "zk")
    place = Expr("r")
    full = (*index[:along], place, *index[along:])
    loops, whole = emitter.axes(shape, "zk")
    emitter.scratch(out, shape, whole, loops)
    with writer.around(others):
        statements = [(element(keys)((place,)), "=", emitter.at(x, full)), (element(order)((place,)), "=", place)]
        writer.loops([(place, shape[along])], statements, independent=True)
        writer.line(f"sort_places({keys}, {order}, {spare}, {shape[along]})")
        sorted_place = element(order)((place,))
        found = sorted_place if places else element(keys)((sorted_place,))
        writer.loops([(place, shape[along])], [(emitter.at(out, full), "=", found)])
    if places:
        emitter.below[out] = shape[along]


def _arrays_for(x: Variable) -> list[tuple[str, str]]:
    return [("keys", x.type.dtype), ("order", "int64"), ("spare", "int64")]


def _scratch(emitter: Emitter, base: str, length: Dim, dtype: str) -> str:
    return emitter.writer.array(base, (length,), dtype)
