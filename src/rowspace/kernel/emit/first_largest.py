"""Where the largest elements are, found once and kept."""

from pytensor.graph.basic import Apply

from rowspace.kernel.emit.emitter import Emitter
from rowspace.kernel.emit.expression import ZERO, Dim, Expr, Index, Op, apply, constant, element, joined, named
from rowspace.kernel.emit.scalars import DTYPES
from rowspace.kernel.emit.statements import Assign


def first_largest(emitter: Emitter, node: Apply) -> None:
    """Keep the place of the first largest element along the axes; an element is 1 at that place and 0 elsewhere."""
    [x], [out], writer = node.inputs, node.outputs, emitter.writer
    shape, folded = emitter.shape(x), list(node.op.axes)
    kept = [axis for axis in range(len(shape)) if axis not in folded]
    outer, index = emitter.axes(tuple(shape[a] for a in kept), "zk")
    inner, place = emitter.axes(tuple(shape[a] for a in folded), "rs")
    whole = joined(kept, index, folded, place)
    best, first, value = (named(writer.name(base)) for base in ("best", "place", "v"))
    load = element(writer.array("places", tuple(dim for _, dim in outer), "int64")) if outer else lambda _: first
    target = load(tuple(name for name, _ in outer))
    with writer.around(outer):
        writer.assign(best, constant("-INFINITY", DTYPES[x.type.dtype]))
        writer.assign(target, ZERO)
        with writer.around(inner):
            writer.add(Assign(value, emitter.at(x, whole), enclosed=True))
            with writer.when(apply(Op.EXCEEDS, value, best)):
                writer.assign(best, value)
                writer.add(Assign(target, _flat(place, [shape[a] for a in folded]), enclosed=True))
    one, zero = (constant(number, DTYPES[out.type.dtype]) for number in "10")

    def access(index: Index) -> Expr:
        here = _flat(tuple(index[a] for a in folded), [shape[a] for a in folded])
        return apply(Op.SELECT_SAME, one, here, load(tuple(index[a] for a in kept if shape[a] != 1)), zero)

    emitter.bind(out, shape, access)


def _flat(index: Index, dims: list[Dim]) -> Expr:
    """The number of a place among all along some axes."""
    number = ZERO
    for i, dim in zip(index, dims, strict=True):
        number = i if number == ZERO else Expr(Op.FLAT, (number, i), length=dim)
    return number
