"""Sources already written: kept in the cache folder under a digest of the graph they were written from.

Differentiating and rewriting take PyTensor a quarter of a second; the graph of a cost before that is made in a few
milliseconds and says all that the source depends on.
"""

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytensor

from rowspace.columns.kinds import Form
from rowspace.jit import cache
from rowspace.kernel.cost import SymbolicCost
from rowspace.kernel.graph.objects import Untold, digest_of_text
from rowspace.kernel.graph.spelling import Graph, SharedValues, Spelling
from rowspace.kernel.update import trace_idle, trace_step
from rowspace.system.digests import digest_of
from rowspace.updates import Update

# The modules that decide what a source says.
_WRITERS = (
    "kernel/cost.py kernel/lookups.py kernel/update.py kernel/graph/*.py kernel/emit/*.py kernel/update_phase.py "
    "kernel/example_loop.py kernel/loop_columns.py kernel/row_loop.py kernel/source_cache.py kernel/segments.py "
    "columns/negatives.py jit/draws.py"
).split()


@dataclass(frozen=True)
class GraphDigests:
    """What tells a cost, or an update, from others.

    Args:
        structure: the digest of what it computes.
        values: the digest of the values of its constants and shared variables.
        untold: what of it cannot be told from its like, if there is such a thing; it is then equal to no other.
    """

    structure: str
    values: str
    untold: str = ""

    def __str__(self) -> str:
        return f"{self.structure} {self.values}"


def digest_of_loop(
    traced: SymbolicCost,
    dims: Mapping[str, int],
    updates: Mapping[str, Update],
    forms: Mapping[str, Form],
    options: object,
) -> str | None:
    """A name for the source of a kernel: the same only for the same graphs, forms of columns and writers.

    None where they cannot be told from others.
    """
    parts = [writers(), *_told_of(traced, dims, forms), repr(options)]
    graphs = [_graph_of(traced)]
    for table, update in updates.items():
        same = [other for other in updates if updates[other] is update]
        parts += [f"{table} {update.additive} {update.exact} {update.idle_after} {same}"]
        graphs += _graphs_of(update, dims[table])
    return _name(parts, graphs)


def digest_of_row_loop(update: Update, dim: int, step: bool, portable: bool) -> str | None:
    """A name for the source of a loop over rows; None where the update cannot be told from others."""
    parts = ["rows", writers(), f"{dim} {update.additive} {update.exact} {update.idle_after} {step} {portable}"]
    return _name(parts, _graphs_of(update, dim))


def digests_of_cost(traced: SymbolicCost, dims: Mapping[str, int], forms: Mapping[str, Form]) -> GraphDigests:
    """What tells a cost over columns of these forms from others, whatever is made of it."""
    return _digests(_told_of(traced, dims, forms), [_graph_of(traced)])


def digests_of_update(update: Update, dim: int) -> GraphDigests:
    """What tells the steps of an update of rows of this width from others, and the state they begin with."""
    first = digest_of(*map(np.asarray, update.init(dim)))
    return _digests([f"{update.exact} {update.idle_after} {first}"], _graphs_of(update, dim))


def shared_values(traced: SymbolicCost, dims: Mapping[str, int], updates: Mapping[str, Update]) -> SharedValues:
    """The values of the shared variables in a cost and its updates."""
    graphs = [_graph_of(traced), *(graph for t, update in updates.items() for graph in _graphs_of(update, dims[t]))]
    return SharedValues(graphs)


def _name(parts: Sequence[str], graphs: Sequence[Graph]) -> str | None:
    try:
        return Spelling.of(*parts, graphs=graphs).digest
    except Untold:
        return None


def _digests(parts: Sequence[str], graphs: Sequence[Graph]) -> GraphDigests:
    try:
        spelling = Spelling.of(*parts, graphs=graphs)
    except Untold as what:
        return GraphDigests(f"like no other {uuid4().hex}", "", str(what))
    return GraphDigests(digest_of_text(spelling.structure), digest_of_text(spelling.values))


def _told_of(traced: SymbolicCost, dims: Mapping[str, int], forms: Mapping[str, Form]) -> list[str]:
    looked_up = [look.table for look in traced.lookups]
    columns = ", ".join(f"({name!r}, {_spelled(forms[name])})" for name in traced.columns)
    return [repr(sorted(dims.items())), f"[{columns}]", f"{traced.trained} are trained of {looked_up}"]


def _spelled(form: Form) -> str:
    """A form, as checkpoints have it from the first on: whatever its class and fields are called now."""
    if form.draws:
        of_block = () if form.draws.replaced is None else (form.draws.replaced,)
        return repr((form.draws.count, form.draws.avoid, bool(of_block) or not form.draws.arrays, *of_block))
    return f"Kind(shape={form.shape}, integer={form.integer}, names={form.names}, gathered={form.gathered})"


def _graph_of(traced: SymbolicCost) -> Graph:
    inputs = {symbol: f"column {name}" for name, symbol in traced.columns.items()}
    inputs |= {look.rows: f"rows {look.table} {n}" for n, look in enumerate(traced.lookups)}
    return [traced.cost, *(look.index for look in traced.lookups)], inputs


def _graphs_of(update: Update, dim: int) -> list[Graph]:
    """What an update does in a step, and in those without a gradient."""
    idle = trace_idle(update, dim) if update.exact else None
    return [traced.graph for traced in (trace_step(update, dim), idle) if traced is not None]


def load(name: str | None) -> dict[str, Any] | None:
    """The fields of a source kept under a digest, or None."""
    if name is None:
        return None
    try:
        fields = json.loads(cache.read(_file(name)) or "null")
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def keep(name: str | None, fields: dict[str, Any]) -> None:
    """Keep the fields of a source under its digest; without one, or a folder to write, nothing is kept."""
    if name is not None:
        cache.keep(_file(name), json.dumps(fields))


def _file(name: str) -> str:
    return f"plan_{name}.json"


@functools.cache
def writers() -> str:
    """A digest of the modules that write sources."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256(pytensor.__version__.encode())
    for pattern in _WRITERS:
        paths = sorted(package.glob(pattern))
        assert paths, f"no module is called {pattern}"
        for path in paths:
            digest.update(path.read_bytes())
    return digest.hexdigest()
