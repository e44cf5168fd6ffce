"""Sources already written: kept in the cache folder under a fingerprint of the graph they were written from.

Differentiating and rewriting take PyTensor a quarter of a second; the graph of a cost before that is made in a few
milliseconds and says all that the source depends on.
"""

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytensor
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.traversal import toposort

from rowspace import cache
from rowspace.cost import Traced
from rowspace.sampling import Negatives
from rowspace.step import trace_idle, trace_step
from rowspace.updates import Update

# The modules that decide what a source says.
_WRITERS = "cost.py cut.py step.py emit/*.py apply.py assemble.py rowwise.py plans.py sampling.py work.py".split()


def fingerprint(
    traced: Traced,
    dims: Mapping[str, int],
    updates: Mapping[str, Update],
    forms: Mapping[str, Any],
    options: Mapping[str, Any],
) -> str:
    """A name for the source of a kernel: the same only for the same graphs, forms of columns and writers."""
    parts = [writers(), cost_fingerprint(traced, dims, forms), repr(sorted(options.items()))]
    for table, update in updates.items():
        graph = trace_step(update, dims[table])
        same = [other for other in updates if updates[other] is update]
        parts += [f"{table} {update.additive} {update.exact} {same}", _text([graph.new_row, *graph.new_state], {})]
        idle = trace_idle(update, dims[table]) if update.exact else None
        parts += [f"{update.idle_after}", _text([idle.new_row, *idle.new_state], {})] if idle else []
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def cost_fingerprint(traced: Traced, dims: Mapping[str, int], forms: Mapping[str, Any]) -> str:
    """A name for a cost over columns of these forms, whatever is made of it."""
    parts = [repr(sorted(dims.items())), repr([(c, _form(forms[c])) for c in traced.columns])]
    outputs = [traced.cost, *(look.index for look in traced.lookups)]
    names = {look.rows: f"rows {look.table} {n}" for n, look in enumerate(traced.lookups)}
    parts += [f"{traced.trained} are trained of {[look.table for look in traced.lookups]}", _text(outputs, names)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def rows_fingerprint(update: Update, dim: int, step: bool) -> str:
    """A name for the source of a loop over rows."""
    graph, idle = trace_step(update, dim), trace_idle(update, dim) if update.exact else None
    parts = [writers(), f"{dim} {update.additive} {update.exact} {update.idle_after} {step}"]
    parts += [_text([g.new_row, *g.new_state], {}) for g in (graph, idle) if g]
    return "rows_" + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def load(name: str) -> dict[str, Any] | None:
    """The fields of a source kept under a fingerprint, or None."""
    try:
        fields = json.loads(cache.read(_file(name)) or "null")
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def keep(name: str, fields: dict[str, Any]) -> None:
    """Keep the fields of a source; where the folder cannot be written, nothing is kept."""
    cache.keep(_file(name), json.dumps(fields))


def _file(name: str) -> str:
    return f"plan_{name}.json"


@functools.cache
def writers() -> str:
    """A mark of the modules that write sources."""
    here = Path(__file__).parent
    digest = hashlib.sha256(pytensor.__version__.encode())
    for path in sorted(path for pattern in _WRITERS for path in here.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _form(form: Any) -> Any:
    return form.form if isinstance(form, Negatives) else form


def _text(outputs: Sequence[Variable], names: Mapping[Variable, str]) -> str:
    """A graph as text: its inputs by name, its nodes in order."""
    known = dict(names)
    lines = []
    for node in toposort(list(outputs)):
        inputs = [known.get(x) or _leaf(x) for x in node.inputs]
        properties = [getattr(node.op, p, None) for p in getattr(node.op, "__props__", ())]
        inner = getattr(node.op, "fgraph", None)  # of a scan
        properties += [] if inner is None else [_text(inner.outputs, {})]
        lines.append(f"{type(node.op).__qualname__} {node.op} {properties} {inputs}")
        known.update({out: f"{len(lines)}.{place}" for place, out in enumerate(node.outputs)})
    lines.append(repr([known.get(out) or _leaf(out) for out in outputs]))
    return "\n".join(lines)


def _leaf(variable: Variable) -> str:
    if isinstance(variable, Constant):
        data = np.asarray(variable.data)
        shown = hashlib.sha256(data.tobytes()).hexdigest() if data.dtype != object else repr(variable.data)
        return f"constant {data.dtype} {data.shape} {shown}"
    if isinstance(variable, SharedVariable) and isinstance(variable.get_value(borrow=True), np.ndarray):
        return f"shared {variable.type} {hashlib.sha256(variable.get_value(borrow=True).tobytes()).hexdigest()}"
    return f"{variable.name} {variable.type}"
