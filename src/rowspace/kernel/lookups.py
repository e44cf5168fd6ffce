"""Where a cost looks up rows: its graph is cut there, and what indexes tables must be columns of ids."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.replace import graph_replace
from pytensor.graph.traversal import ancestors, toposort
from pytensor.scalar.basic import Cast, Identity
from pytensor.tensor.basic import Join, MakeVector, ScalarFromTensor, TensorFromScalar
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.shape import Reshape
from pytensor.tensor.subtensor import AdvancedSubtensor, Subtensor, indices_from_subtensor
from pytensor.tensor.variable import TensorVariable

from rowspace.errors import CostError

IdsOf = Callable[[Any], np.ndarray]  # the ids of names, one or in lists

# What an id may go through between its column and the lookup: operations that move ids and never make new ones,
# so that checking the column checks the lookup.
_MOVES = (Subtensor, DimShuffle, MakeVector, Join, Reshape, ScalarFromTensor, TensorFromScalar)
_LONGEST_SLICE = 4096


@dataclass(frozen=True)
class Lookup:
    """Where a cost indexes a table: `rows` stands for `table[index]` in the cut graph."""

    table: str
    index: Variable  # () or (m,) integers: a column, part of one, or a constant
    rows: Variable  # (d,) or (m, d) floats


def new_symbol(name: str, *, shape: Sequence[int | None], dtype: str) -> Variable:
    """A symbolic array; unlike `pytensor.tensor.tensor`, it may be called by the name of a dtype."""
    return pt.TensorType(dtype, tuple(shape))(name)


class TableSymbol(TensorVariable):
    """A table in a cost: names between its brackets stand for the ids that they have when the cost is traced."""

    ids_of: IdsOf | None = None

    def __getitem__(self, key: Any) -> Any:
        rows, *columns = key if isinstance(key, tuple) and key else (key,)
        if self.ids_of is not None and _are_names(rows):
            ids = self.ids_of(rows)
            key = (ids if ids.ndim else int(ids), *columns)
        return super().__getitem__(key)


def _are_names(key: Any) -> bool:
    if isinstance(key, list | tuple):
        return bool(key) and all(map(_are_names, key))
    return isinstance(key, str) or (isinstance(key, np.ndarray) and key.dtype.kind in "UT")


def table_symbol(name: str, dim: int, dtype: str, ids_of: IdsOf | None = None) -> TableSymbol:
    """A symbolic table of any number of rows; `ids_of` gives the ids of names."""
    symbol = TableSymbol(pt.TensorType(dtype, (None, dim)), None, name=name)
    symbol.ids_of = ids_of
    return symbol


def cut(
    total: Variable,
    tables: dict[str, Variable],
    columns: dict[str, Variable],
    sizes: dict[str, int],
) -> tuple[list[Lookup], Variable]:
    """The lookups of a cost, and its graph with fresh rows in their place."""
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
        rows = new_symbol(f"{table}_rows{len(lookups)}", shape=shape, dtype=symbol.type.dtype)
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
            rows = new_symbol(
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
        place = int(_peel(first).data)
        if not -size <= place < size:
            raise CostError(f"the cost takes row {place} of a bag of {size} rows of table {look.table!r}")
        picks.setdefault(place % size, []).append(node)
    return picks or None


def check_cut(total: Variable, tables: dict[str, Variable]) -> None:
    """Refuse a cost that uses a table otherwise than by looking up rows."""
    reached = set(ancestors([total]))
    for name, symbol in tables.items():
        if symbol in reached:
            user = next(n for n in toposort([total]) if symbol in n.inputs)
            raise CostError(
                f"table {name!r} is used whole (by {user.op}), which rowspace cannot cut; a cost of one example "
                f"looks up only the rows it needs: index the table with a column, as in {name}[i]"
            )


def id_columns(
    lookups: list[Lookup], columns: dict[str, Variable], sizes: Mapping[str, tuple[int, int]]
) -> dict[str, list[str]]:
    """Which tables each column indexes; refuses an index that is more than ids moved about."""
    names = {symbol: name for name, symbol in columns.items()}
    indexed: dict[str, list[str]] = {}
    for look in lookups:
        for part, _ in _leaves(look.index):
            if part.owner is not None:
                raise _computed(look.table, part.owner.op)
            if isinstance(part, Constant):
                _check_constant(look.table, part, sizes[look.table][0])
            elif part not in names:
                raise _computed(look.table, part)
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


def _computed(table: str, what: Any) -> CostError:
    return CostError(
        f"table {table!r} is indexed by something computed ({what}), which rowspace cannot check; "
        "compute the ids beforehand and give them as a column"
    )


def _leaves(index: Variable) -> list[tuple[Variable, Apply | None]]:
    """The columns and constants that ids come from, each with the indexing of it, if only a part of it is taken.

    What is computed is a leaf, too, and has an owner.
    """
    index = _peel(index)
    node = index.owner
    if node is None or not isinstance(node.op, _MOVES):
        return [(index, None)]
    first = _peel(node.inputs[0])
    if isinstance(node.op, Subtensor) and first.owner is None:
        return [(first, node)]
    moved = node.inputs[:1] if isinstance(node.op, Subtensor | Reshape) else node.inputs
    if isinstance(node.op, Join) and not hasattr(node.op, "axis"):
        moved = moved[1:]
    return [leaf for part in moved for leaf in _leaves(part)]


def id_sources(look: Lookup) -> list[tuple[str | None, int | None]]:
    """Where the ids of a lookup come from: (column, None), (column, place in its fixed bag), (None, None) a constant.

    A ragged bag, whose places cannot be told apart, counts as its column with the place -1.
    """
    found: list[tuple[str | None, int | None]] = []
    for leaf, picked in _leaves(look.index):
        if isinstance(leaf, Constant):
            found.append((None, None))
        else:
            found += _picked(leaf, picked) if picked else _places(leaf)
    return list(dict.fromkeys(found))


def _places(column: Variable) -> list[tuple[str | None, int | None]]:
    if column.type.ndim == 0:
        return [(column.name, None)]
    [length] = column.type.shape
    return [(column.name, -1)] if length is None else [(column.name, place) for place in range(length)]


def _picked(column: Variable, node: Apply) -> list[tuple[str | None, int | None]]:
    """The places of a fixed bag that a constant index picks; of any other bag or index, all of them."""
    length = column.type.shape[0]
    parts = indices_from_subtensor(node.inputs[1:], node.op.idx_list)
    ends = [parts[0].start, parts[0].stop, parts[0].step] if isinstance(parts[0], slice) else [parts[0]]
    if length is None or any(isinstance(e, Variable) and not isinstance(_peel(e), Constant) for e in ends):
        return _places(column)
    numbers: list[Any] = [None if e is None else _constant(e) if isinstance(e, Variable) else int(e) for e in ends]
    picked = range(length)[slice(*numbers)] if len(numbers) == 3 else [range(length)[numbers[0]]]
    return [(column.name, place) for place in picked]
