"""An update rule as a graph: its step, called with symbols for a row of some width."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable
from pytensor.graph.replace import graph_replace
from pytensor.graph.traversal import ancestors

from rowspace.errors import CostError
from rowspace.errors.quoting import one_line
from rowspace.kernel.graph.floatx import floats
from rowspace.kernel.graph.objects import Untold
from rowspace.kernel.graph.rewriting import rewritten
from rowspace.kernel.graph.spelling import Graph, Spelling
from rowspace.kernel.lookups import new_symbol
from rowspace.updates import Update, first_of


@dataclass(frozen=True)
class SymbolicUpdate:
    """An update rule traced for rows of one width; an additive rule's `new_row` is what the row loses."""

    row: Variable  # (d,)
    gradient: Variable  # (d,)
    slots: list[Variable]  # (d,) or (1,) each
    rate: Variable  # ()
    new_row: Variable
    new_slots: list[Variable]
    steps: Variable | None = None  # (), of an idle stretch
    name: str = "update"

    @property
    def graph(self) -> Graph:
        """Its outputs, and its inputs by name."""
        inputs = {self.row: "row", self.gradient: "gradient", self.rate: "rate"}
        inputs |= {state: f"state {n}" for n, state in enumerate(self.slots)}
        inputs |= {} if self.steps is None else {self.steps: "steps"}
        return [self.new_row, *self.new_slots], inputs


def trace_step(update: Update, dim: int) -> SymbolicUpdate:
    """Call the step with symbols; raises CostError when it gives other shapes than it was given."""
    with floats("float32"):
        row, gradient = (new_symbol(name, shape=(dim,), dtype="float32") for name in ("row", "gradient"))
        first = first_of(update, dim)
        state = [new_symbol(f"state{n}", shape=(len(s),), dtype="float32") for n, s in enumerate(first)]
        rate = new_symbol("rate", shape=(), dtype="float32")
        new_row, new_state = _called(update, update.step, row, gradient, tuple(state), rate)
        if len(new_state) != len(state):
            raise CostError(f"update {update.name} returned {len(new_state)} parts of state; init gives {len(state)}")
        pairs = zip([new_row, *new_state], [row, *state], strict=True)
        outputs = [_fitted(update, new, old) for new, old in pairs]
        if update.additive:
            zeros = pt.zeros(dim, dtype="float32")
            outputs[0] = -graph_replace([outputs[0]], {row: zeros}, strict=False)[0]
    return SymbolicUpdate(row, gradient, state, rate, outputs[0], outputs[1:], name=update.name)


def trace_idle(update: Update, dim: int) -> SymbolicUpdate | None:
    """What a stretch of steps without a gradient does, simplified; None if they must be taken one by one."""
    if update.idle is None:
        return None
    with floats("float32"):
        graph = trace_step(update, dim)
        steps = new_symbol("steps", shape=(), dtype="float32")
        new_row, new_state = _called(update, update.idle, graph.row, tuple(graph.slots), graph.rate, steps)
        pairs = zip([new_row, *new_state], [graph.row, *graph.slots], strict=True)
        outputs = [_fitted(update, new, old) for new, old in pairs]
    return _simplified(replace(graph, new_row=outputs[0], new_slots=outputs[1:], steps=steps))


def trace_update(update: Update, dim: int) -> SymbolicUpdate:
    """An update rule for rows of width `dim`, simplified."""
    return _simplified(trace_step(update, dim))


@dataclass(frozen=True)
class _Told:
    """A graph, which equals those that compute the same from the same shared variables."""

    spelling: Spelling
    shared: frozenset[Variable]
    graph: SymbolicUpdate = field(compare=False)


def _simplified(graph: SymbolicUpdate) -> SymbolicUpdate:
    """The same update in fewer operations; one that was met before is not rewritten again, which takes 0.1 s."""
    shapes = str([symbol.type.shape for symbol in (graph.row, *graph.slots)])
    shared = frozenset(v for v in ancestors(graph.graph[0]) if isinstance(v, SharedVariable))
    try:
        spelling = Spelling.of(shapes, graphs=[graph.graph])
    except Untold:
        return _rewritten(graph)
    return replace(_rewritten_once(_Told(spelling, shared, graph)), name=graph.name)


@lru_cache(maxsize=64)
def _rewritten_once(told: _Told) -> SymbolicUpdate:
    return _rewritten(told.graph)


def _rewritten(graph: SymbolicUpdate) -> SymbolicUpdate:
    with floats("float32"):
        outputs = rewritten([graph.new_row, *graph.new_slots], f"the update {graph.name}")
    return replace(graph, new_row=outputs[0], new_slots=list(outputs[1:]))


def _called(update: Update, rule: Callable[..., Any], *symbols: Any) -> tuple[Any, tuple[Any, ...]]:
    """What a rule gives, a row and a state."""
    try:
        given = rule(*symbols)
    except (TypeError, ValueError, IndexError, NotImplementedError, AttributeError, RecursionError) as error:
        raise CostError(
            f"update {update.name} could not be traced: {str(error).rstrip('.')}; it is called once, with symbols "
            "(row, gradient, state, rate): use operators and functions of pytensor.tensor, as in pt.switch for if"
        ) from error
    if not isinstance(given, tuple) or len(given) != 2 or not isinstance(given[1], tuple | list):
        raise CostError(
            f"update {update.name} returned {one_line(given)}; return (row, state), where state is a tuple: () "
            "without any"
        )
    return given[0], tuple(given[1])


def _fitted(update: Update, new: Any, old: Variable) -> Variable:
    new = pt.as_tensor_variable(new)
    if new.type.ndim != 1 or new.type.shape not in (old.type.shape, (None,)):
        raise CostError(f"update {update.name} turned {old.name} of shape {old.type.shape} into shape {new.type.shape}")
    return pt.specify_shape(new, old.type.shape).astype("float32")
