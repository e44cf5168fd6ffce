"""Where the largest elements are, found once and kept."""

from pytensor.graph.basic import Apply

from rowspace.kernel.emit.emitter import Emitter, element
from rowspace.kernel.emit.expression import ZERO, Dim, Expr, Index
from rowspace.kernel.emit.scalars import DTYPES


def first_largest(emitter: Emitter, node: Apply) -> None:
    """Keep the place of the first largest element along the axes; an element is 1 at that place and 0 elsewhere."""
    [x], [out], writer = node.inputs, node.outputs, emitter.writer
    shape, folded = emitter.shape(x), list(node.op.axes)
    kept = [axis for axis in range(len(shape)) if axis not in folded]
    outer, index = emitter.axes(tuple(shape[a] for a in kept), "zk")
    inner, place = emitter.axes(tuple(shape[a] for a in folded), "rs")
    whole = _joined(kept, index, folded, place)
    best, found, value = writer.name("best"), writer.name("place"), writer.name("v")
    target = found
    if outer:
        places = writer.array("places", tuple(dim for _, dim in outer), "int64")
        target = str(element(places)(tuple(variable for variable, _ in outer)))
    with writer.around(outer):
        writer.line(f"{best} = {DTYPES[x.type.dtype]}(-INFINITY)")
        writer.line(f"{target} = 0")
        with writer.around(inner):
            writer.line(f"{value} = {emitter.at(x, whole)}")
            with writer.block(f"if {value} > {best} or ({value} != {value} and {best} == {best}):"):
                writer.line(f"{best} = {value}")
                writer.line(f"{target} = {_flat(place, [shape[a] for a in folded])}")
    one, zero = (f"{DTYPES[out.type.dtype]}({n})" for n in (1, 0))

    def access(index: Index) -> Expr:
        here = _flat(tuple(index[a] for a in folded), [shape[a] for a in folded])
        at = [index[a] for a in kept if shape[a] != 1]
        there = element(places)(tuple(at)) if outer else Expr(found)
        return Expr(f"({one} if {{}} == {{}} else {zero})", (here, there))

    emitter.bind(out, shape, access)


def _joined(kept: list[int], index: Index, folded: list[int], place: Index) -> Index:
    at = {**dict(zip(kept, index, strict=True)), **dict(zip(folded, place, strict=True))}
    return tuple(at[axis] for axis in sorted(at))


def _flat(index: Index, dims: list[Dim]) -> Expr:
    """The number of a place among all along some axes."""
    number = ZERO
    for i, dim in zip(index, dims, strict=True):
        number = i if number == ZERO else Expr(f"({{}} * {dim} + {{}})", (number, i))
    return number
