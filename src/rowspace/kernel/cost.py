"""A cost as a graph: called with symbols, cut at its lookups, differentiated."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytensor
from pytensor.graph.basic import Variable
from pytensor.tensor.special import LogSoftmax, Softmax

from rowspace.columns.kinds import Form
from rowspace.errors import CostError, RowspaceError, Unsimplified
from rowspace.kernel.graph.evaluation import agree, values_of
from rowspace.kernel.graph.floatx import floats
from rowspace.kernel.graph.plain import inline, with_values
from rowspace.kernel.graph.rewriting import rewritten
from rowspace.kernel.graph.stable import stable
from rowspace.kernel.graph.subgradients import mended, unmended
from rowspace.kernel.lookups import IdsOf, Lookup, check_cut, cut, id_columns, new_symbol, table_symbol

Cost = Callable[..., Any]


@dataclass(frozen=True)
class SymbolicCost:
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
    for name, parameter in _signature(cost).items():
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


def column_names(cost: Cost, tables: Iterable[str]) -> list[str]:
    """The parameters of `cost` that are no tables: the columns that it uses, if the data have them."""
    return [name for name in _signature(cost) if name not in set(tables)]


def _signature(cost: Cost) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(cost).parameters
    except (TypeError, ValueError):
        example = "such as lambda E, i, j: ((E[i] - E[j]) ** 2).sum()"
        raise CostError(f"the cost is {cost!r}; give a function of tables and columns by name, {example}") from None


def symbolic(
    cost: Cost,
    tables: Mapping[str, tuple[int, int]],
    kinds: Mapping[str, Form],
    *,
    frozen: Sequence[str] = (),
    dtype: str = "float32",
    ids: Mapping[str, IdsOf] | None = None,
) -> SymbolicCost:
    """Call `cost` with symbols and replace each lookup by fresh rows.

    `tables` gives (n, d) by name and `kinds` the form of each column of one example. Tables named in `frozen` are
    looked up but not to be trained; their lookups come last; `ids` gives the ids of names, where a table has such.
    Raises CostError where the cost cannot be traced or cut.
    """
    used_tables, used_columns = parameters(cost, tables, kinds)
    with floats(dtype):
        symbols = {t: table_symbol(t, tables[t][1], dtype, (ids or {}).get(t)) for t in used_tables}
        columns = {c: _column(c, kinds[c], dtype) for c in used_columns}
        total = inline(_call(cost, {**symbols, **columns}, kinds), keep=(Softmax, LogSoftmax))
        lookups, total = cut(total, symbols, columns, {t: tables[t][0] for t in used_tables})
        check_cut(total, symbols)
        indexed = id_columns(lookups, columns, tables)
        numbers = [c for c in used_columns if kinds[c].integer and c not in indexed]
        if numbers:  # whole numbers that index nothing are numbers: trace again with that known
            kinds = {**kinds, **{c: replace(kinds[c], integer=False, names=False) for c in numbers}}
            return symbolic(cost, tables, kinds, frozen=frozen, dtype=dtype, ids=ids)
    trained = [look for look in lookups if look.table not in frozen]
    others = [look for look in lookups if look.table in frozen]
    return SymbolicCost(total, [], trained + others, columns, indexed, len(trained))


def differentiate(traced: SymbolicCost) -> SymbolicCost:
    """The same, with the gradient of the cost with respect to the rows of every table that is not frozen.

    Shared variables stand for the values they have now.
    """
    traced = replace(traced, cost=with_values(traced.cost))
    rows = [look.rows for look in traced.lookups[: traced.trained]]
    if not rows:
        return traced
    try:
        with floats(rows[0].dtype):
            cost = mended(_stable(traced.cost, rows), rows)
            found = pytensor.grad(cost, rows, disconnected_inputs="ignore", return_disconnected="zero")
            cost, *found = unmended([cost, *found])
    except Exception as error:  # every operation raises its own kind
        raise CostError(f"PyTensor cannot differentiate the cost: {error}") from error
    return replace(traced, cost=cost, gradients=found)


def _stable(cost: Variable, rows: list[Variable]) -> Variable:
    """The cost written anew, if it then is the same."""
    before = values_of([inline(cost)])
    found = stable(cost, rows)
    if agree(before, values_of([inline(found)])):
        return found
    Unsimplified.warn("the cost")
    return inline(cost)


def simplify(traced: SymbolicCost) -> tuple[Variable, list[Variable]]:
    """Rewrite cost and gradients together for stability and simplicity (softplus for log(1 + exp), and so on)."""
    with floats("float32"):
        outputs = rewritten([traced.cost, *traced.gradients], "the cost")
    return outputs[0], outputs[1:]


def _column(name: str, kind: Form, dtype: str) -> Variable:
    return new_symbol(name, shape=kind.shape, dtype="int64" if kind.integer else dtype)


def _call(cost: Cost, arguments: dict[str, Variable], kinds: Mapping[str, Form]) -> Variable:
    try:
        total = cost(**arguments)
    except RowspaceError:
        raise
    except (TypeError, ValueError, IndexError, NotImplementedError, AttributeError, RecursionError) as error:
        raise CostError(
            f"the cost {name_of(cost)} could not be traced: {str(error).rstrip('.')}; inside a cost use operators and "
            f"the functions of pytensor.tensor, as in pt.maximum for max, pt.switch for if, pt.exp for math.exp"
            f"{_numbers(arguments, kinds)}"
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


def _numbers(arguments: dict[str, Variable], kinds: Mapping[str, Form]) -> str:
    """A hint for those who index with numbers."""
    numbers = [name for name, v in arguments.items() if v.type.ndim < 2 and v.type.dtype in ("float32", "float64")]
    seen = "; ".join(f"{name} holds {kinds[name].seen}" for name in numbers if name in kinds and kinds[name].seen)
    hint = f", and index tables with ids or names: {', '.join(numbers)} holds numbers" if numbers else ""
    return f"{hint} ({seen})" if seen else hint


def name_of(cost: Cost) -> str:
    """What messages call a cost."""
    return getattr(cost, "__name__", repr(cost))
