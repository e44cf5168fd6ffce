"""Which element of each maximum is taken: the operation that a maximum's gradient goes through."""

from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import grad_undefined
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.op import Op
from pytensor.tensor.math import Argmax


class FirstLargest(Op):
    """1 where `x` has the first of its largest elements along `axes`, 0 elsewhere; of the shape and type of x.

    First in the order of the elements; NaN counts as the largest. A loop finds the place once: to ask anew which
    element equals the maximum may find several, or after rounding none.
    """

    __props__ = ("axes",)

    def __init__(self, axes: tuple[int, ...]) -> None:
        self.axes = axes

    def make_node(self, x: Any) -> Apply:
        x = pt.as_tensor_variable(x)
        return Apply(self, [x], [x.type()])

    def perform(self, node: Apply, inputs: Any, storage: Any) -> None:
        [x] = inputs
        kept = [a for a in range(x.ndim) if a not in self.axes]
        flat = x.transpose([*kept, *self.axes]).reshape([*(x.shape[a] for a in kept), -1])
        mask = np.zeros(flat.shape, x.dtype)
        np.put_along_axis(mask, flat.argmax(axis=-1)[..., None], 1, axis=-1)
        moved = mask.reshape([*(x.shape[a] for a in kept), *(x.shape[a] for a in self.axes)])
        storage[0][0] = moved.transpose(np.argsort([*kept, *self.axes]))

    def infer_shape(self, *given: Any) -> Any:  # fgraph, node, shapes; from PyTensor 3.3 on without the first
        return given[-1]

    def pullback(self, inputs: Any, outputs: Any, gradients: Any) -> list[Variable]:
        return [grad_undefined(self, 0, inputs[0], "the place of a maximum has no derivative")]

    def opened(self, x: Variable) -> Variable:
        """The same by operations of PyTensor's, for costs that run through its own function."""
        place = pt.expand_dims(Argmax(self.axes)(x), self.axes)
        lengths = [x.shape[a] for a in self.axes]
        count = pt.arange(pt.prod(pt.stack(lengths))).reshape(lengths, ndim=len(lengths))
        order = [self.axes.index(a) if a in self.axes else "x" for a in range(x.type.ndim)]
        return pt.cast(pt.eq(count.dimshuffle(order), place), x.type.dtype)
