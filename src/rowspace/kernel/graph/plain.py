"""A cost in plain operations: what PyTensor wraps them in is opened, and shared variables stand for their values."""

from collections.abc import Sequence

import pytensor.tensor as pt
from pytensor.compile.builders import OpFromGraph
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable
from pytensor.graph.replace import graph_replace
from pytensor.graph.traversal import ancestors, toposort


def inline(out: Variable, keep: tuple[type, ...] = ()) -> Variable:
    """Open every OpFromGraph, as softmax is one, so that only plain operations remain and those to `keep`."""
    return inline_all([out], keep)[0]


def inline_all(outputs: Sequence[Variable], keep: tuple[type, ...] = ()) -> list[Variable]:
    """The same for several, which go on sharing what they share."""
    while True:
        closed = (n for n in toposort(list(outputs)) if isinstance(n.op, OpFromGraph) and not isinstance(n.op, keep))
        node = next(closed, None)
        if node is None:
            return list(outputs)
        graph = node.op.fgraph
        graph = graph.unfreeze() if hasattr(graph, "unfreeze") else graph  # frozen since PyTensor 3.3
        inputs = dict(zip(graph.inputs, node.inputs, strict=True))
        inside = graph_replace(graph.outputs, inputs, strict=False)
        outputs = graph_replace(list(outputs), dict(zip(node.outputs, inside, strict=True)))


def with_values(out: Variable) -> Variable:
    """The same with constants for shared arrays: the values they have now."""
    shared = [v for v in ancestors([out]) if isinstance(v, SharedVariable) and isinstance(v.type, pt.TensorType)]
    constants = {v: pt.constant(v.get_value(), name=v.name, dtype=v.type.dtype) for v in shared}
    return graph_replace([out], constants)[0] if constants else out
