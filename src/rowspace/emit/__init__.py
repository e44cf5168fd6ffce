"""Graph -> Numba source: one rule per operation, read as a table."""

from collections.abc import Callable
from functools import partial

from pytensor.graph.basic import Apply
from pytensor.tensor.basic import Alloc, Join, MakeVector, ScalarFromTensor, Split, TensorFromScalar
from pytensor.tensor.blockwise import Blockwise
from pytensor.tensor.elemwise import CAReduce, DimShuffle, Elemwise
from pytensor.tensor.math import Dot
from pytensor.tensor.shape import Reshape, Shape_i, SpecifyShape
from pytensor.tensor.special import LogSoftmax, Softmax
from pytensor.tensor.subtensor import IncSubtensor, Subtensor

from rowspace.emit import arrange, contract, elementwise
from rowspace.emit.emitter import Emitter, Unsupported, element
from rowspace.emit.expression import Writer
from rowspace.emit.first_largest import first_largest
from rowspace.first_largest import FirstLargest

__all__ = ["RULES", "Emitter", "Unsupported", "element", "emitter"]

RULES: dict[type, Callable[[Emitter, Apply], None]] = {
    Elemwise: elementwise.elemwise,
    Dot: contract.dot,
    Blockwise: contract.blockwise,
    CAReduce: contract.careduce,
    Softmax: partial(contract.softmax, log=False),
    LogSoftmax: partial(contract.softmax, log=True),
    DimShuffle: arrange.dimshuffle,
    Alloc: arrange.alloc,
    Shape_i: arrange.shape_i,
    SpecifyShape: arrange.same_elements,
    TensorFromScalar: arrange.same_elements,
    ScalarFromTensor: arrange.same_elements,
    MakeVector: arrange.make_vector,
    Join: arrange.join,
    Split: arrange.split,
    Subtensor: arrange.subtensor,
    IncSubtensor: arrange.inc_subtensor,
    FirstLargest: first_largest,
    Reshape: arrange.reshape,
}


def emitter(writer: Writer, *, inline: bool = False) -> Emitter:
    """An emitter that knows every rule; `inline` as in `Emitter`."""
    return Emitter(writer, RULES, inline=inline)
