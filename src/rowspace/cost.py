"""Trace a cost, cut it at its lookups, differentiate: the only module that knows PyTensor, with `emit.py`."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.builders import OpFromGraph
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.replace import graph_replace
from pytensor.graph.rewriting.utils import rewrite_graph
from pytensor.graph.traversal import ancestors, toposort
from pytensor.scalar.basic import Cast, Identity
from pytensor.tensor.basic import Join, MakeVector, ScalarFromTensor, TensorFromScalar
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.shape import Reshape
from pytensor.tensor.subtensor import AdvancedSubtensor, Subtensor, indices_from_subtensor

from rowspace.columns import Kind
from rowspace.errors import CostError
from rowspace.updates import Update

Cost = Callable[..., Any]

# What an id may go through between its column and the lookup: operations that move ids and never make new ones,
# so that checking the column checks the lookup.
_MOVES = (Subtensor, DimShuffle, MakeVector, Join, Reshape, ScalarFromTensor, TensorFromScalar)
_LONGEST_SLICE = 4096
# Rewrites for other ways of running a graph: in place, by BLAS, fused into C.
_NOT_REWRITTEN = ("inplace", "BlasOpt", "fusion", "cxx_only")


@dataclass(frozen=True)
class Lookup:
    """Where a cost indexes a table: `rows` stands for `table[index]` in the cut graph."""

    table: str
    index: Variable  # () or (m,) integers: a column, part of one, or a constant
    rows: Variable  # (d,) or (m, d) floats


@dataclass(frozen=True)
class Traced:
    """A cost cut at its lookups, and once differentiated its gradient with respect to the rows of the first of them.

    `columns` holds the symbolic columns the cost uses, `ids` the tables each id column indexes; the first `trained`
    lookups are of tables to be trained.
    """

    cost: Variable
    gradients: list[Variable]
    lookups: list[Lookup]
    columns: dict[str, Variable]
    ids: dict[str, list[str]]
    trained: int


def parameters(cost: Cost, tables: Iterable[str], columns: Iterable[str]) -> tuple[list[str], list[str]]:
    """Sort the parameters of `cost` into tables and columns; those with defaults may be absent."""
    tables, columns = list(tables), list(columns)
    both = sorted(set(tables) & set(columns))
    if both:
        raise CostError(f"{both[0]!r} names both a table and a column of the data; rename one of them")
    used_tables, used_columns = [], []
    for name, parameter in inspect.signature(cost).parameters.items():
        if name in tables:
            used_tables.append(name)
        elif name in columns:
            used_columns.append(name)
        elif parameter.default is inspect.Parameter.empty:
            raise CostError(
                f"the cost takes {name!r}, which is neither a table ({', '.join(tables) or 'none'}) "
                f"nor a column of the data ({', '.join(columns) or 'none'})"
            )
    unused = [t for t in tables if t not in used_tables]
    if unused:
        raise CostError(f"table {unused[0]!r} is not a parameter of the cost; name it there or leave it out")
    return used_tables, used_columns


def trace(
    cost: Cost,
    tables: Mapping[str, tuple[int, int]],
    kinds: Mapping[str, Kind],
    *,
    frozen: Sequence[str] = (),
    dtype: str = "float32",
) -> Traced:
    """Call `cost` with symbols and replace each lookup by fresh rows.

    `tables` gives (n, d) by name and `kinds` the form of each column of one example. Tables named in `frozen` are
    looked up but not to be trained; their lookups come last. Raises CostError where the cost cannot be traced or cut.
    """
    used_tables, used_columns = parameters(cost, tables, kinds)
    with pytensor.config.change_flags(floatX=dtype):
        symbols = {t: _symbol(t, shape=(None, tables[t][1]), dtype=dtype) for t in used_tables}
        columns = {c: _column(c, kinds[c], dtype) for c in used_columns}
        total = inline(_call(cost, {**symbols, **columns}))
        lookups, total = _cut(total, symbols, columns, {t: tables[t][0] for t in used_tables})
        _check_cut(total, symbols)
        indexed = _id_columns(lookups, columns, tables)
        numbers = [c for c in used_columns if kinds[c].integer and c not in indexed]
        if numbers:  # whole numbers that index nothing are numbers: trace again with that known
            kinds = {**kinds, **{c: kinds[c].as_number() for c in numbers}}
            return trace(cost, tables, kinds, frozen=frozen, dtype=dtype)
    trained = [look for look in lookups if look.table not in frozen]
    others = [look for look in lookups if look.table in frozen]
    return Traced(total, [], trained + others, columns, indexed, len(trained))


def differentiate(traced: Traced) -> Traced:
    """The same, with the gradient of the cost with respect to the rows of every table that is not frozen."""
    rows = [look.rows for look in traced.lookups[: traced.trained]]
    if not rows:
        return traced
    try:
        with pytensor.config.change_flags(floatX=rows[0].dtype):
            found = pytensor.grad(traced.cost, rows, disconnected_inputs="ignore", return_disconnected="zero")
    except Exception as error:  # every operation raises its own kind
        raise CostError(f"PyTensor cannot differentiate the cost: {error}") from error
    return replace(traced, gradients=found)


def simplify(traced: Traced, dtype: str = "float32") -> tuple[Variable, list[Variable]]:
    """Rewrite cost and gradients together for stability and simplicity (softplus for log(1 + exp), and so on)."""
    with pytensor.config.change_flags(floatX=dtype):
        outputs = rewrite_graph(
            [traced.cost, *traced.gradients],
            include=("fast_run",),
            exclude=_NOT_REWRITTEN,
        )
        outputs = [inline(out) for out in outputs]
    return outputs[0], outputs[1:]


def inline(out: Variable) -> Variable:
    """Open every OpFromGraph (softmax is one in PyTensor 3.3), so that only plain operations remain."""
    while True:
        node = next((n for n in toposort([out]) if isinstance(n.op, OpFromGraph)), None)
        if node is None:
            return out
        graph = node.op.fgraph
        graph = graph.unfreeze() if hasattr(graph, "unfreeze") else graph  # frozen since PyTensor 3.3
        inputs = dict(zip(graph.inputs, node.inputs, strict=True))
        inside = graph_replace(graph.outputs, inputs, strict=False)
        [out] = graph_replace([out], dict(zip(node.outputs, inside, strict=True)))


def _symbol(name: str, *, shape: Sequence[int | None], dtype: str) -> Variable:
    """A symbolic array; unlike `pytensor.tensor.tensor`, it may be called by the name of a dtype."""
    return pt.TensorType(dtype, tuple(shape))(name)


def _column(name: str, kind: Kind, dtype: str) -> Variable:
    return _symbol(name, shape=kind.shape, dtype="int64" if kind.integer else dtype)


def _call(cost: Cost, arguments: dict[str, Variable]) -> Variable:
    try:
        total = cost(**arguments)
    except (TypeError, ValueError, IndexError, NotImplementedError, AttributeError) as error:
        raise CostError(
            f"the cost {name_of(cost)} could not be traced: {error}; inside a cost use operators and the functions "
            "of pytensor.tensor"
        ) from error
    if not isinstance(total, Variable):
        raise CostError(
            f"the cost {name_of(cost)} returned {total!r}, which does not depend on a table; return a scalar expression"
        )
    if total.type.ndim != 0:
        raise CostError(
            f"the cost {name_of(cost)} has {total.type.ndim} dimension(s); "
            "the cost of one example is a scalar: take its .sum() or .mean()"
        )
    if total.type.dtype not in ("float32", "float64"):
        raise CostError(f"the cost {name_of(cost)} is of type {total.type.dtype}; it must be a real number")
    return total


def name_of(cost: Cost) -> str:
    """What messages call a cost."""
    return getattr(cost, "__name__", repr(cost))


# --- cutting -------------------------------------------------------------------------------------------------------


def _cut(
    total: Variable,
    tables: dict[str, Variable],
    columns: dict[str, Variable],
    sizes: dict[str, int],
) -> tuple[list[Lookup], Variable]:
    names = {symbol: name for name, symbol in tables.items()}
    lookups: dict[Any, Lookup] = {}
    replaced: dict[Variable, Variable] = {}
    for node in toposort([total]):
        if _indexes(node) and node.inputs[0] in names:
            table = names[node.inputs[0]]
            index, rest = _split_index(node, table, sizes[table])
            rows = _look_up(lookups, tables[table], table, index, sizes[table])
            replaced[node.outputs[0]] = rows[rest] if len(rest) > index.type.ndim else rows
    if not lookups:
        raise CostError("the cost looks up no row of a table; index a table with a column, as in E[i]")
    [total] = graph_replace([total], replaced)
    return _split_picks(list(lookups.values()), total)


def _indexes(node: Apply) -> bool:
    return isinstance(node.op, Subtensor | AdvancedSubtensor) or _takes_rows(node)


def _takes_rows(node: Apply) -> bool:
    """PyTensor 3.0 has an operation of its own for x[vector]."""
    return type(node.op).__name__ == "AdvancedSubtensor1"


def _split_index(node: Apply, table: str, size: int) -> tuple[Variable, tuple[Any, ...]]:
    """An indexing of a table as the index of its rows and what is left to apply to the rows."""
    if _takes_rows(node):
        return node.inputs[1], ()
    first, *rest = indices_from_subtensor(node.inputs[1:], node.op.idx_list)
    if isinstance(first, slice):
        first = pt.constant(_constant_slice(first, table, size))
    if any(isinstance(r, Variable) and r.type.ndim > 0 for r in rest):
        raise CostError(
            f"table {table!r} is indexed by arrays in two dimensions, which rowspace cannot cut; "
            f"look up the rows first: {table}[ids][:, columns]"
        )
    if first.type.dtype == "bool":
        raise CostError(f"table {table!r} is indexed by a boolean mask inside the cost; index it with ids")
    return first, (slice(None),) * first.type.ndim + tuple(rest)


def _constant_slice(part: slice, table: str, size: int) -> np.ndarray:
    ends = [None if e is None else _constant(e) for e in (part.start, part.stop, part.step)]
    ids = np.arange(size)[slice(*ends)]
    if part.stop is None or len(ids) > _LONGEST_SLICE:
        raise CostError(
            f"table {table!r} is used whole, or nearly ({len(ids)} of {size} rows); a cost of one example looks up "
            "only the rows it needs: index the table with a column"
        )
    return ids


def _constant(variable: Variable) -> int:
    while variable.owner is not None and isinstance(variable.owner.op, _MOVES):
        variable = variable.owner.inputs[0]
    if not isinstance(variable, Constant):
        raise CostError("a slice of a table inside a cost must have constant ends")
    return int(variable.data)


def _look_up(lookups: dict[Any, Lookup], symbol: Variable, table: str, index: Variable, size: int) -> Variable:
    """The rows of `table[index]`: the same variable for the same index, so that its gradients add up."""
    flat = _peel(index if index.type.ndim <= 1 else index.flatten())
    flat = _wrap(flat, size)
    key = (table, _signature(flat))
    if key not in lookups:
        shape = (*flat.type.shape, symbol.type.shape[1])
        rows = _symbol(f"{table}_rows{len(lookups)}", shape=shape, dtype=symbol.type.dtype)
        lookups[key] = Lookup(table, flat, rows)
    rows = lookups[key].rows
    return rows if index.type.ndim <= 1 else rows.reshape((*index.shape, symbol.type.shape[1]))


def _peel(index: Variable) -> Variable:
    """Drop the steps between a column and its use as an index that change nothing."""
    while index.owner is not None and _changes_nothing(index.owner):
        index = index.owner.inputs[0]
    return index


def _changes_nothing(node: Apply) -> bool:
    if isinstance(node.op, ScalarFromTensor | TensorFromScalar):
        return True
    return isinstance(node.op, Elemwise) and isinstance(node.op.scalar_op, Cast | Identity)


def _wrap(index: Variable, size: int) -> Variable:
    """Constant ids count from the end when negative, as NumPy's do."""
    if not isinstance(index, Constant):
        return index
    ids = np.asarray(index.data)
    return pt.constant(np.where(ids < 0, ids + size, ids).astype("int64"))


def _signature(index: Variable) -> Any:
    if isinstance(index, Constant):
        return np.asarray(index.data).tolist().__repr__()
    if index.owner is None:
        return index
    return index.owner.op, tuple(_signature(_peel(i)) for i in index.owner.inputs)


def _split_picks(lookups: list[Lookup], total: Variable) -> tuple[list[Lookup], Variable]:
    """Turn a fixed bag of which only single rows are used, `r = E[pair]; r[0] @ r[1]`, into single lookups."""
    out: list[Lookup] = []
    for look in lookups:
        picks = _picks(look, total)
        if picks is None:
            out.append(look)
            continue
        replaced = {}
        for position, nodes in picks.items():
            rows = _symbol(
                f"{look.rows.name}_{position}",
                shape=look.rows.type.shape[1:],
                dtype=look.rows.dtype,
            )
            out.append(Lookup(look.table, look.index[position], rows))
            for node in nodes:
                _, *rest = indices_from_subtensor(node.inputs[1:], node.op.idx_list)
                replaced[node.outputs[0]] = rows[tuple(rest)]
        [total] = graph_replace([total], replaced)
    return out, total


def _picks(look: Lookup, total: Variable) -> dict[int, list[Apply]] | None:
    size = look.rows.type.shape[0]
    if look.rows.type.ndim != 2 or size is None or isinstance(look.index, Constant):
        return None
    picks: dict[int, list[Apply]] = {}
    for node in toposort([total]):
        if look.rows not in node.inputs:
            continue
        if not isinstance(node.op, Subtensor):
            return None
        first = indices_from_subtensor(node.inputs[1:], node.op.idx_list)[0]
        if isinstance(first, slice) or not isinstance(_peel(first), Constant):
            return None
        picks.setdefault(int(_peel(first).data) % size, []).append(node)
    return picks or None


def _check_cut(total: Variable, tables: dict[str, Variable]) -> None:
    reached = set(ancestors([total]))
    for name, symbol in tables.items():
        if symbol in reached:
            user = next(n for n in toposort([total]) if symbol in n.inputs)
            raise CostError(
                f"table {name!r} is used whole (by {user.op}), which rowspace cannot cut; a cost of one example "
                f"looks up only the rows it needs: index the table with a column, as in {name}[i]"
            )


def _id_columns(
    lookups: list[Lookup], columns: dict[str, Variable], sizes: Mapping[str, tuple[int, int]]
) -> dict[str, list[str]]:
    """Which tables each column indexes; refuses an index that is more than ids moved about."""
    names = {symbol: name for name, symbol in columns.items()}
    indexed: dict[str, list[str]] = {}
    for look in lookups:
        for part in _index_parts(look, look.index):
            if isinstance(part, Constant):
                _check_constant(look.table, part, sizes[look.table][0])
            elif part.type.dtype != "int64":
                raise CostError(
                    f"column {names[part]!r} indexes table {look.table!r} but holds numbers; "
                    "ids must be integers or names"
                )
            elif look.table not in indexed.setdefault(names[part], []):
                indexed[names[part]].append(look.table)
    return indexed


def _check_constant(table: str, ids: Constant, size: int) -> None:
    found = np.asarray(ids.data)
    if found.size and not (found.min() >= 0 and found.max() < size):
        raise CostError(f"the cost looks up the constant id {found.tolist()} in table {table!r} of {size} rows")


def _index_parts(look: Lookup, index: Variable) -> list[Variable]:
    """The columns and constants that the ids of a lookup come from."""
    index = _peel(index)
    if index.owner is None:
        return [index]
    node = index.owner
    if not isinstance(node.op, _MOVES):
        raise CostError(
            f"table {look.table!r} is indexed by something computed ({node.op}), which rowspace cannot check; "
            "compute the ids beforehand and give them as a column"
        )
    moved = node.inputs[:1] if isinstance(node.op, Subtensor | Reshape) else node.inputs
    if isinstance(node.op, Join) and not hasattr(node.op, "axis"):
        moved = moved[1:]
    return [found for part in moved for found in _index_parts(look, part)]


# --- updates -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class UpdateGraph:
    """An update rule traced for rows of one width; an additive rule's `new_row` is what the row loses."""

    row: Variable  # (d,)
    gradient: Variable  # (d,)
    state: list[Variable]  # (d,) or (1,) each
    rate: Variable  # ()
    new_row: Variable
    new_state: list[Variable]


def trace_step(update: Update, dim: int) -> UpdateGraph:
    """Call the step with symbols; raises CostError when it gives other shapes than it was given."""
    with pytensor.config.change_flags(floatX="float32"):
        row, gradient = (_symbol(name, shape=(dim,), dtype="float32") for name in ("row", "gradient"))
        first = update.init(dim)
        state = [_symbol(f"state{n}", shape=(len(s),), dtype="float32") for n, s in enumerate(first)]
        rate = _symbol("rate", shape=(), dtype="float32")
        new_row, new_state = update.step(row, gradient, tuple(state), rate)
        if len(new_state) != len(state):
            raise CostError(f"update {update.name} returned {len(new_state)} parts of state; init gives {len(state)}")
        pairs = zip([new_row, *new_state], [row, *state], strict=True)
        outputs = [_fitted(update, new, old) for new, old in pairs]
        if update.additive:
            zeros = pt.zeros(dim, dtype="float32")
            outputs[0] = -graph_replace([outputs[0]], {row: zeros}, strict=False)[0]
    return UpdateGraph(row, gradient, state, rate, outputs[0], outputs[1:])


def trace_update(update: Update, dim: int) -> UpdateGraph:
    """An update rule for rows of width `dim`, simplified."""
    graph = trace_step(update, dim)
    with pytensor.config.change_flags(floatX="float32"):
        outputs = rewrite_graph([graph.new_row, *graph.new_state], include=("fast_run",), exclude=_NOT_REWRITTEN)
    return replace(graph, new_row=outputs[0], new_state=list(outputs[1:]))


def _fitted(update: Update, new: Any, old: Variable) -> Variable:
    new = pt.as_tensor_variable(new)
    if new.type.ndim != 1 or new.type.shape not in (old.type.shape, (None,)):
        raise CostError(f"update {update.name} turned {old.name} of shape {old.type.shape} into shape {new.type.shape}")
    return pt.specify_shape(new, old.type.shape).astype("float32")
