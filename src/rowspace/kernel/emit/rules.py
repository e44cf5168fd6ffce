"""The table of rules: an operation of PyTensor -> the function that writes it."""

from collections.abc import Callable
from functools import partial

from pytensor.graph.basic import Apply
from pytensor.tensor.basic import (
    Alloc,
    AllocDiag,
    ARange,
    ExtractDiag,
    Eye,
    Join,
    MakeVector,
    ScalarFromTensor,
    Split,
    TensorFromScalar,
)
from pytensor.tensor.blas import BatchedDot
from pytensor.tensor.blockwise import Blockwise
from pytensor.tensor.elemwise import CAReduce, DimShuffle, Elemwise
from pytensor.tensor.extra_ops import CumOp, FillDiagonal
from pytensor.tensor.math import Argmax, Dot
from pytensor.tensor.shape import Reshape, Shape_i, SpecifyShape
from pytensor.tensor.sort import ArgSortOp, SortOp
from pytensor.tensor.special import LogSoftmax, Softmax
from pytensor.tensor.subtensor import AdvancedIncSubtensor, AdvancedSubtensor, IncSubtensor, Subtensor

from rowspace.kernel.emit import arrange, contract, diagonals, elementwise, ordered, picking
from rowspace.kernel.emit.emitter import Emitter
from rowspace.kernel.emit.first_largest import first_largest
from rowspace.kernel.emit.writer import Writer
from rowspace.kernel.graph.first_largest import FirstLargest

RULES: dict[type | str, Callable[[Emitter, Apply], None]] = {
    Elemwise: elementwise.elemwise,
    Dot: contract.dot,
    Blockwise: contract.blockwise,
    CAReduce: contract.careduce,
    Softmax: partial(contract.softmax, log=False),
    LogSoftmax: partial(contract.softmax, log=True),
    DimShuffle: arrange.dimshuffle,
    Alloc: arrange.alloc,
    Shape_i: arrange.shape_i,
    SpecifyShape: arrange.specify_shape,
    TensorFromScalar: arrange.same_elements,
    ScalarFromTensor: arrange.same_elements,
    MakeVector: arrange.make_vector,
    Join: arrange.join,
    Split: arrange.split,
    Subtensor: arrange.subtensor,
    IncSubtensor: arrange.inc_subtensor,
    FirstLargest: first_largest,
    Reshape: arrange.reshape,
    AdvancedSubtensor: picking.pick,
    "AdvancedSubtensor1": picking.pick,  # PyTensor 3.0 has operations of its own for x[vector]
    AdvancedIncSubtensor: picking.place,
    "AdvancedIncSubtensor1": picking.place,
    BatchedDot: contract.matrices,
    CumOp: ordered.cumulate,
    Argmax: ordered.argmax,
    SortOp: ordered.sort,
    ArgSortOp: ordered.argsort,
    ARange: diagonals.arange,
    Eye: diagonals.eye,
    FillDiagonal: diagonals.fill_diagonal,
    ExtractDiag: diagonals.extract_diagonal,
    AllocDiag: diagonals.place_on_diagonal,
}


def emitter(writer: Writer, *, inline: bool = False) -> Emitter:
    """An emitter that knows every rule; `inline` as in `Emitter`."""
    return Emitter(writer, RULES, inline=inline)
