"""Which indices are sure to be in range: those that an arange, an argmax or an argsort gives."""

from typing import Any

import numpy as np
from pytensor.graph.basic import Constant, Variable
from pytensor.scalar import basic as ps
from pytensor.tensor.elemwise import Elemwise

from rowspace.kernel.emit.emitter import Emitter
from rowspace.kernel.emit.expression import Dim
from rowspace.kernel.graph.signs import FIRST

_PICKS = ("AdvancedSubtensor", "AdvancedSubtensor1")


def below(emitter: Emitter, variable: Variable) -> Dim | None:
    """A length that every element is below, none being negative; None if none is known."""
    if isinstance(variable, Constant):
        numbers = np.asarray(variable.data)
        return int(numbers.max()) + 1 if numbers.dtype.kind in "iu" and numbers.size and numbers.min() >= 0 else None
    if variable in emitter.below:
        return emitter.below[variable]
    node = variable.owner
    if node is None:
        return None
    if isinstance(node.op, FIRST) or type(node.op).__name__ in _PICKS or is_scalar(node.op, ps.Cast, ps.Identity):
        return below(emitter, node.inputs[0])
    if is_scalar(node.op, ps.Switch):
        return _of_both(*(below(emitter, x) for x in node.inputs[1:]))
    return None


def is_inside(emitter: Emitter, index: Variable, dim: Dim) -> bool:
    """Whether all places of an index are sure to lie inside an axis of this length."""
    limit = below(emitter, index)
    if isinstance(limit, int) and isinstance(dim, int):
        return limit <= dim
    return limit is not None and limit == dim


def is_scalar(op: Any, *kinds: type) -> bool:
    """Whether an operation does one of these to every element."""
    return isinstance(op, Elemwise) and isinstance(op.scalar_op, kinds)


def _of_both(a: Dim | None, b: Dim | None) -> Dim | None:
    if isinstance(a, int) and isinstance(b, int):
        return max(a, b)
    return a if a is not None and b is not None and a == b else None
