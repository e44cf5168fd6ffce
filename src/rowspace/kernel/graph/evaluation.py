"""What a graph computes at a few points, without compiling it: to compare it before and after it is rewritten."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.traversal import graph_inputs, toposort
from pytensor.tensor.type import TensorType

Values = list[np.ndarray]

_BAG = 3  # members of a ragged bag
_MOST = 100_000  # numbers of an input: of more, nothing is computed
_TOLERANCE = 1e-3  # of the largest number: the order of sums may change, and no more

# Numbers around 0, between 0 and 1, and larger ones.
_POINTS: Sequence[Callable[[np.random.Generator, Any], Any]] = (
    lambda rng, shape: rng.normal(0, 0.7, shape),
    lambda rng, shape: rng.uniform(0.1, 0.9, shape),
    lambda rng, shape: rng.normal(0, 2, shape),
)


def values_of(outputs: Sequence[Variable]) -> list[Values | None]:
    """What the graphs compute at each of a few points; None where that cannot be said."""
    return [_at_point(list(outputs), seed, draw) for seed, draw in enumerate(_POINTS)]


def agree(before: list[Values | None], after: list[Values | None]) -> bool:
    """Whether graphs compute the same at one of the points at least: at a single one rounding may decide a branch."""
    compared = [(a, b) for a, b in zip(before, after, strict=True) if a is not None and b is not None]
    return not compared or any(all(map(_same, a, b)) for a, b in compared)


def _same(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether numbers are the same, where they were finite: rewriting makes others finite, too."""
    if np.shape(before) != np.shape(after):
        return False
    known = np.isfinite(before)
    a, b = np.asarray(before, np.float64)[known], np.asarray(after, np.float64)[known]
    return bool((np.abs(a - b) <= _TOLERANCE * np.abs(a).max(initial=1e-6)).all())


def _at_point(outputs: list[Variable], seed: int, draw: Callable[..., Any]) -> Values | None:
    try:
        return _computed(outputs, {x: _value(x, seed, draw) for x in graph_inputs(outputs)})
    except Exception:  # every operation raises its own kind: a graph that cannot be run here is not compared
        return None


def _value(x: Variable, seed: int, draw: Callable[..., Any]) -> Any:
    """A value for an input: at the same point the same for the same name."""
    if isinstance(x, Constant):
        return x.data
    if isinstance(x, SharedVariable):
        return x.get_value()
    if not isinstance(x.type, TensorType):
        raise TypeError(f"{x} is no array")
    shape = [_BAG if n is None else n for n in x.type.shape]
    if np.prod(shape, dtype=float) > _MOST:
        raise ValueError(f"{x} is too large")
    whole = np.dtype(x.type.dtype).kind in "iub"
    rng = np.random.default_rng([seed, *str(x.name).encode()])
    return np.asarray(rng.integers(0, 2, shape) if whole else draw(rng, shape), x.type.dtype)


def _computed(outputs: list[Variable], known: dict[Variable, Any]) -> Values:
    with np.errstate(all="ignore"):
        for node in toposort(outputs):
            if hasattr(node.op, "fgraph"):
                raise NotImplementedError("a graph inside an operation would be compiled")
            storage: list[list[Any]] = [[None] for _ in node.outputs]
            node.op.prepare_node(node, None, None, "py")
            node.op.perform(node, [known[x] for x in node.inputs], storage)
            known.update((out, kept[0]) for out, kept in zip(node.outputs, storage, strict=True))
    return [np.asarray(known[out]) for out in outputs]
