"""Advanced indices: elements picked by arrays of places, and what is added or set at such places."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.tensor.subtensor import indices_from_subtensor

from rowspace.kernel.emit.emitter import Emitter
from rowspace.kernel.emit.expression import Dim, Index
from rowspace.kernel.emit.limits import is_inside
from rowspace.kernel.emit.scalars import Unsupported
from rowspace.kernel.emit.slices import changed_part, part_of
from rowspace.kernel.emit.statements import Assign


class Picked:
    """An advanced index of an array, as NumPy has it: arrays of places are broadcast together into a group of axes.

    The group stands where the first array stood if the arrays are next to each other, and before all other axes if
    not.
    """

    def __init__(self, emitter: Emitter, node: Apply, flat: Sequence[Variable], shape: tuple[Dim, ...]) -> None:
        self.emitter = emitter
        taken = getattr(node.op, "idx_list", (0,))  # the operations for x[vector] have none in every version
        indices = _with_masks_as_places(indices_from_subtensor(flat, taken))
        indices += [slice(None)] * (len(shape) - len(indices))
        self.parts = [
            part_of(emitter, i, d) if isinstance(i, slice) else _inside(emitter, node, i, d)
            for i, d in zip(indices, shape, strict=True)
        ]
        arrays = [axis for axis, i in enumerate(indices) if not isinstance(i, slice)]
        together = arrays == list(range(arrays[0], arrays[0] + len(arrays)))
        self.first = arrays[0] if together else 0
        self.group = _broadcast(emitter, [self.parts[axis] for axis in arrays])
        sliced = [part[1] for part in self.parts if isinstance(part, tuple)]
        self.dims: tuple[Dim, ...] = (*sliced[: self.first], *self.group, *sliced[self.first :])

    def outer(self, index: Index) -> Index:
        """The index in the whole of an index in what is picked."""
        last = self.first + len(self.group)
        places, rest = index[self.first : last], iter((*index[: self.first], *index[last:]))
        return tuple(
            part[0](next(rest))
            if isinstance(part, tuple)
            else self.emitter.at(part, places[len(places) - part.type.ndim :])
            for part in self.parts
        )


def _with_masks_as_places(indices: Sequence[Any]) -> list[Any]:
    places: list[Any] = []
    for index in indices:
        if isinstance(index, slice) or index.type.dtype != "bool":
            places.append(index)
        elif isinstance(index, Constant):
            places += [pt.constant(found) for found in np.nonzero(index.data)]
        else:
            raise Unsupported("a mask that is computed")
    return places


def _inside(emitter: Emitter, node: Apply, index: Variable, dim: Dim) -> Variable:
    """An array of places that lie inside the axis, none of them negative; raises Unsupported where that is not sure."""
    if not isinstance(index, Constant):
        if not is_inside(emitter, index, dim):
            raise Unsupported(f"{node.op} with places that are computed")
        return index
    places = np.asarray(index.data)
    for place in {int(places.min()), int(places.max())} if places.size else ():
        emitter.require_place(place, dim)
    if places.size == 0 or places.min() >= 0:
        return index
    if not isinstance(dim, int):
        raise Unsupported("places from the end of a ragged bag")
    return pt.constant(np.where(places < 0, places + dim, places).astype("int64"))


def _broadcast(emitter: Emitter, arrays: Sequence[Variable]) -> tuple[Dim, ...]:
    shapes = [emitter.shape(a) for a in arrays]
    most = max(map(len, shapes))
    return emitter.broadcast([(1,) * (most - len(s)) + s for s in shapes])


def pick(emitter: Emitter, node: Apply) -> None:
    """x[places]"""
    x, *flat = node.inputs
    picked = Picked(emitter, node, flat, emitter.shape(x))
    emitter.bind(node.outputs[0], picked.dims, lambda index: emitter.at(x, picked.outer(index)))


def place(emitter: Emitter, node: Apply) -> None:
    """x with y added to, or set at, x[places]; what is added at a place that is repeated adds up."""
    x, _, *flat = node.inputs
    if getattr(node.op, "ignore_duplicates", False):
        raise Unsupported(str(node.op))
    picked = Picked(emitter, node, flat, emitter.shape(x))
    if 0 in picked.dims:
        emitter.bind(node.outputs[0], emitter.shape(x), lambda index: emitter.at(x, index))
        return
    axes, index, value = changed_part(emitter, node, picked.dims)
    target = emitter.at(node.outputs[0], picked.outer(index))
    emitter.writer.loops(axes, [Assign(target, value, "=" if node.op.set_instead_of_inc else "+=")])
