"""A graph as one text of all that it computes: of two graphs with the same text, one may stand for the other.

Nodes are numbered, so that names of variables do not matter; graphs inside operations, as a scan's, are spelled where
they stand. What the text cannot tell apart from its like, such as random numbers, raises Untold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.fg import AbstractFunctionGraph
from pytensor.graph.op import HasInnerGraph, Op
from pytensor.graph.traversal import ancestors, toposort
from pytensor.graph.type import Type
from pytensor.scalar.basic import ScalarOp, ScalarType
from pytensor.tensor.random.op import RNGConsumerOp
from pytensor.tensor.type import TensorType

from rowspace.kernel.graph.objects import Objects, Untold, digest_of_text, is_of_library, names_of
from rowspace.system.digests import digest_of

# What operations of PyTensor remember of their graph beside the graph itself, or keep for speed.
_NOT_TOLD = {
    "fgraph", "inputs", "outputs", "inputs_type", "outputs_type", "input_types", "output_types", "shared_inputs",
    "name", "profile", "allow_gc", "strict", "prepare_node_called",
}  # fmt: skip


@dataclass(frozen=True)
class Spelling:
    """What graphs compute: the `structure`, and the `values` of their constants and shared variables."""

    structure: str
    values: str

    @classmethod
    def of(cls, *told: str, graphs: Sequence["Graph"]) -> "Spelling":
        """Of some texts and some graphs; raises Untold."""
        speller = _Speller()
        return cls("\n".join([*told, *(speller.graph(*graph) for graph in graphs)]), "\n".join(speller.values))

    @property
    def digest(self) -> str:
        """A short text for both: 64 hexadecimal digits."""
        return digest_of_text(self.structure) + digest_of_text(self.values)


Graph = tuple[Sequence[Variable], Mapping[Variable, str]]  # its outputs, and its inputs by name


class SharedValues:
    """The values that the shared variables of some graphs have; whether they `changed` since is seen at any time."""

    def __init__(self, graphs: Sequence["Graph"]) -> None:
        reached = dict.fromkeys(v for outputs, _ in graphs for v in ancestors(outputs))
        self._variables = [v for v in reached if isinstance(v, SharedVariable)]
        self._digests = self._now()

    @property
    def changed(self) -> bool:
        """Whether a value is another than when this was made."""
        return bool(self._variables) and self._now() != self._digests

    def _now(self) -> list[str]:
        values = [v.get_value(borrow=True) for v in self._variables]
        return [digest_of(np.asarray(value)) for value in values if isinstance(value, np.ndarray | np.generic)]


class _Speller(Objects):
    """Spells graphs; `values` are those met of constants and shared variables."""

    def __init__(self) -> None:
        super().__init__()
        self.values: list[str] = []

    def graph(self, outputs: Sequence[Variable], inputs: Mapping[Variable, str]) -> str:
        """Nodes by number, in an order that depends on the graph alone."""
        known = dict(inputs)
        lines = []
        for node in toposort(list(outputs)):
            if all(out in known for out in node.outputs):
                continue
            operation, given = self._op(node.op), [known.get(x) or self._leaf(x) for x in node.inputs]
            lines.append(f"{operation} {given} -> {[self._type(out.type) for out in node.outputs]}")
            known |= {out: f"{len(lines)}.{place}" for place, out in enumerate(node.outputs) if out not in known}
        lines.append(repr([known.get(out) or self._leaf(out) for out in outputs]))
        return "\n".join(lines)

    def value(self, thing: Any) -> str:
        """Anything that an operation holds."""
        if isinstance(thing, Op):
            return self._op(thing)
        if isinstance(thing, AbstractFunctionGraph):
            return f"({self._inner(thing)})"
        if isinstance(thing, Variable):
            return f"({self.graph([thing], {})})"
        return self._type(thing) if isinstance(thing, Type) else super().value(thing)

    def _leaf(self, variable: Variable) -> str:
        if isinstance(variable, Constant):
            return self._kept(f"constant {self._type(variable.type)}", variable.data)
        if isinstance(variable, SharedVariable):
            return self._kept(f"shared {self._type(variable.type)}", variable.get_value(borrow=True))
        raise Untold(f"the variable {variable}, whose value is not known")

    def _kept(self, told: str, value: Any) -> str:
        self.values.append(self.value(value))
        return f"{told} {len(self.values)}"

    def _op(self, op: Op) -> str:
        if isinstance(op, RNGConsumerOp):
            raise Untold(f"random numbers ({op})")
        kind = type(op)
        if not is_of_library(kind):
            return self.once(op, lambda: f"{self.value(kind)} {self.attributes(op, names_of(op))}")
        inner = f" ({self._inner(op.fgraph)})" if isinstance(op, HasInnerGraph) else ""
        return f"{self.value(kind)} {self.attributes(op, _told_by(op))}{inner}"

    def _inner(self, graph: AbstractFunctionGraph) -> str:
        return self.graph(graph.outputs, {x: f"input {n} {self._type(x.type)}" for n, x in enumerate(graph.inputs)})

    def _type(self, kind: Type) -> str:
        """A type by what it holds, without its name."""
        if type(kind) in (TensorType, ScalarType):
            return f"{type(kind).__name__} {kind.dtype} {getattr(kind, 'shape', ())}"
        if not is_of_library(type(kind)):
            raise Untold(f"values of the type {kind}")
        return f"{self.value(type(kind))} {kind}"


def _told_by(op: Op) -> list[str]:
    """The attributes of one of PyTensor's operations that say what it computes; scalar ones say so by their types."""
    declared = getattr(op, "__props__", None)
    if declared is not None and not isinstance(op, HasInnerGraph):
        return list(declared)
    if isinstance(op, ScalarOp) and not isinstance(op, HasInnerGraph):
        return []
    hidden = isinstance(op, HasInnerGraph)  # whose names begin with "_" is kept for speed
    found = [name for name in vars(op) if name not in _NOT_TOLD and not (hidden and name.startswith("_"))]
    return sorted({*found, *(name for name in declared or () if name != "fgraph")})
