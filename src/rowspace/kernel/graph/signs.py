"""What the form of a cost says of signs: which results are never negative, and which are never zero."""

from collections.abc import Callable
from typing import Any

import numpy as np
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.scalar import basic as ps
from pytensor.scalar import math as psm
from pytensor.tensor.basic import Alloc, Join, MakeVector, ScalarFromTensor, TensorFromScalar
from pytensor.tensor.elemwise import CAReduce, DimShuffle, Elemwise
from pytensor.tensor.math import Dot
from pytensor.tensor.shape import Reshape, Shape, Shape_i, SpecifyShape
from pytensor.tensor.subtensor import Subtensor

Ask = Callable[[Variable], bool]

# Operations whose elements are elements of their first input.
FIRST = (DimShuffle, Subtensor, Reshape, SpecifyShape, Alloc, ScalarFromTensor, TensorFromScalar)
_ALWAYS = (ps.Sqr, ps.Abs, ps.Exp, ps.Exp2, psm.Sigmoid, psm.Softplus, ps.Cosh, ps.Sqrt)
_IF_ALL = (ps.Add, ps.Mul, ps.TrueDiv, ps.Minimum, ps.Cast, ps.Identity, ps.Reciprocal)


def without_axes(x: Variable) -> Variable:
    """What a variable is without its added axes."""
    while x.owner is not None and isinstance(x.owner.op, DimShuffle):
        x = x.owner.inputs[0]
    return x


def is_constant(x: Variable, holds: Callable[[np.ndarray], Any]) -> bool:
    """Whether x, but for added axes, is a constant of numbers for which all this holds."""
    x = without_axes(x)
    return isinstance(x, Constant) and bool(holds(np.asarray(x.data)).all())


def nonnegative(x: Variable) -> bool:
    """Whether x is at least 0 whatever the rows are (or NaN), as far as its form says."""
    if isinstance(x, Constant):
        return bool((np.asarray(x.data) >= 0).all())
    if x.type.dtype == "bool" or x.type.dtype.startswith("uint"):
        return True
    node = x.owner
    if node is None:
        return False
    if isinstance(node.op, Elemwise):
        return _elementwise(node, nonnegative)
    if isinstance(getattr(node.op, "core_op", node.op), Dot):
        return _moved(node.inputs[0]) is _moved(node.inputs[1]) and all(x.type.broadcastable[-2:])
    return _moving(node, nonnegative)


def positive(x: Variable) -> bool:
    """Whether x is above 0 whatever the rows are, rounded to nothing as they may be (or NaN)."""
    if isinstance(x, Constant):
        return bool((np.asarray(x.data) > 0).all())
    node = x.owner
    if node is None:
        return False
    if not isinstance(node.op, Elemwise):
        return _moving(node, positive)
    operation = node.op.scalar_op
    if isinstance(operation, ps.Add | ps.Maximum):
        return any(map(positive, node.inputs)) and all(map(nonnegative, node.inputs))
    if isinstance(operation, ps.Cosh):
        return True
    return isinstance(operation, (*_IF_ALL, ps.Sqrt)) and all(map(positive, node.inputs))


def _elementwise(node: Apply, ask: Ask) -> bool:
    operation, inputs = node.op.scalar_op, node.inputs
    if isinstance(operation, _ALWAYS) or (isinstance(operation, ps.Mul) and _square(inputs)):
        return True
    if isinstance(operation, _IF_ALL):
        return all(map(ask, inputs))
    if isinstance(operation, ps.Maximum):
        return any(map(ask, inputs))
    if isinstance(operation, ps.Pow):
        return ask(inputs[0]) or is_constant(inputs[1], lambda numbers: numbers % 2 == 0)
    if isinstance(operation, ps.Switch | ps.Clip | ps.Second):
        return all(map(ask, inputs[1:]))
    return False


def _square(inputs: list[Variable]) -> bool:
    """Whether every factor of a product comes an even number of times, or is at least 0."""
    odd = [x for x in set(inputs) if inputs.count(x) % 2]
    return all(map(nonnegative, odd))


def _moving(node: Apply, ask: Ask) -> bool:
    """Of what only moves elements or folds them, and of lengths."""
    if isinstance(node.op, Shape | Shape_i):
        return ask is nonnegative
    if isinstance(node.op, FIRST):
        return ask(node.inputs[0])
    if isinstance(node.op, Join | MakeVector):
        return all(ask(x) for x in node.inputs if x.type.ndim or isinstance(node.op, MakeVector))
    return isinstance(node.op, CAReduce) and ask(node.inputs[0])


def _moved(x: Variable) -> Variable:
    while x.owner is not None and isinstance(x.owner.op, DimShuffle | Reshape | SpecifyShape):
        x = x.owner.inputs[0]
    return x
