"""PyTensor's rewriting of a graph, with care: it ends, and the graph afterwards computes what it did before.

See `docs/known-faults.md` for what went wrong without.
"""

import time
from collections.abc import Sequence
from typing import Any

from pytensor.compile.mode import Mode
from pytensor.graph.basic import Variable
from pytensor.graph.features import Feature
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.utils import rewrite_graph

from rowspace.errors import CostError, Unsimplified
from rowspace.kernel.graph.evaluation import agree, values_of
from rowspace.kernel.graph.plain import inline_all

# What `stable` has done: of whole numbers the one goes on for ever, the other shifts a second time.
_STABLE = ("local_log_sum_exp", "local_softmax_stabilize")
# Reads a slice of one element that runs backwards at the front.
_FAULTY = ("local_dimshuffle_subtensor",)
# Slices of slices of ragged bags are clearer one by one than as one with ends that are worked out at run time.
_MERGED_SLICES = tuple(f"local_subtensor_merge{kind}" for kind in ("", "_slice", "_integer"))  # names by version
# Rewrites for other ways of running a graph: in place, by BLAS, fused into C.
_NOT_REWRITTEN = ("inplace", "BlasOpt", "fusion", "cxx_only", *_STABLE, *_FAULTY, *_MERGED_SLICES)
_SECONDS = 60.0
_CHANGES = 200  # for each operation that there was, and so many more


def rewritten(outputs: Sequence[Variable], name: str) -> list[Variable]:
    """The graphs rewritten for simplicity (sqr for a power of 2, and so on); `name` is that of a cost in messages.

    Raises CostError where the rewriting does not end. Where the result differs, warns and gives them as they were.
    """
    before = values_of(outputs)
    found = _opened(_within_bounds(outputs, name))
    if agree(before, values_of(found)):
        return found
    Unsimplified.warn(name)
    return _opened(outputs)


def _opened(outputs: Sequence[Variable]) -> list[Variable]:
    """In plain operations, of which those that are the same are one: what is computed once differs from nothing."""
    return rewrite_graph(inline_all(outputs), include=("merge",))


def careful_mode() -> Mode:
    """How PyTensor's own function is made: of operations as they are, simplified, and not compiled."""
    return Mode(linker="py", optimizer="fast_run").excluding(*_FAULTY, *_STABLE)


def _within_bounds(outputs: Sequence[Variable], name: str) -> list[Variable]:
    graph = FunctionGraph(outputs=list(outputs), clone=True, copy_inputs=False)
    graph.attach_feature(_Bound(_CHANGES * (10 + len(graph.apply_nodes))))
    try:
        rewrite_graph(graph, include=("fast_run",), exclude=_NOT_REWRITTEN)
    except _Endless:
        raise CostError(
            f"PyTensor does not come to an end with simplifying {name}: write it in another way, whole numbers in "
            "functions of real ones as in pt.cast(x, 'float32')"
        ) from None
    return list(graph.outputs)


class _Endless(BaseException):
    """Not an Exception: PyTensor would go on after one."""


class _Bound(Feature):
    """Counts the changes of a graph."""

    def __init__(self, changes: int) -> None:
        self.left, self.end = changes, time.monotonic() + _SECONDS

    def on_change_input(self, fgraph: Any, node: Any, i: Any, r: Any, new_r: Any, reason: Any = None) -> None:
        self.left -= 1
        if self.left < 0 or time.monotonic() > self.end:
            raise _Endless

    def clone(self) -> "_Bound":
        return self
