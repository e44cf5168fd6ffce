"""Row gradients without any training: of one example, through the same loop that trains."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from rowspace.columns.chunk import Chunk, checked, forms_of
from rowspace.columns.holding import check_held
from rowspace.columns.input import as_chunk
from rowspace.columns.kinds import Column, column_of
from rowspace.errors import DataError, Diverged, GradientError
from rowspace.errors.checks import check_kind, number
from rowspace.kernel.cost import Cost, column_names, parameters, symbolic
from rowspace.kernel.graph.floatx import floats
from rowspace.kernel.graph.plain import inline
from rowspace.kernel.kernel import new_kernel
from rowspace.kernel.segments import Runner, Slice, run_slice
from rowspace.tables.table import Table, by_name
from rowspace.updates import Update

_FIRST = Slice(0, 1, 0, (), 1, 0)
Sides = Callable[[int, int], tuple[float, float] | None]


@dataclass(frozen=True)
class RowGradient:
    """The gradient of a cost with respect to the rows it looked up.

    `rows` (r,) are the distinct ids, sorted; `values` (r, d) their gradients, float32; `n_rows` the table's rows.
    """

    rows: np.ndarray
    values: np.ndarray
    n_rows: int

    def to_dense(self) -> np.ndarray:
        """The gradient of the whole table, (n_rows, d): zero wherever the cost looked up nothing.

        >>> import numpy as np
        >>> RowGradient(np.array([1]), np.array([[2.0, 3.0]]), 3).to_dense().tolist()
        [[0.0, 0.0], [2.0, 3.0], [0.0, 0.0]]
        """
        dense = np.zeros((self.n_rows, self.values.shape[1]), self.values.dtype)
        dense[self.rows] = self.values
        return dense


def gradient(cost: Cost, tables: Mapping[str, Table], example: Mapping[str, Any]) -> dict[str, RowGradient]:
    """The gradient of the cost of one example with respect to the rows it looks up, by table.

    Args:
        cost: a function of tables and columns, as for `Trainer`.
        tables: the tables by parameter name; nothing is changed in them.
        example: one entry per column: an id or name, a list of them, a number or a vector.

    Repeats of a row are summed; sampled ids are drawn once.

    Raises:
        CostError, DataError, IdOutOfRange, UnknownItem: as `Trainer.fit` does.
        Diverged: where the gradient is not finite.

    >>> import numpy as np, rowspace as rs
    >>> E = rs.Table.from_array(np.eye(3, 2, dtype=np.float32))
    >>> rs.gradient(lambda E, i, j: (1 - E[i] @ E[j]) ** 2, {"E": E}, {"i": 0, "j": 1})["E"].values.tolist()
    [[0.0, -2.0], [-2.0, 0.0]]
    """
    one = OneExample(cost, by_name(tables), one_of(cost, tables, example))
    return one.run(one.kernel.interpreted)[1]


class OneExample:
    """The loop of a cost over one example, which collects the gradients of rows and moves none."""

    def __init__(self, cost: Cost, tables: Mapping[str, Table], chunk: Chunk) -> None:
        collect = {t: Update(_collect, rate=1.0, init=_nothing_and_not_met, name="collect") for t in tables}
        self.kernel = new_kernel(cost, tables, collect, forms_of(chunk, chunk))
        self.tables = tables
        self.chunk = checked(chunk, self.kernel.ids, tables, self.kernel.traced.columns)
        check_held(cost, self.chunk)

    def run(self, loop: Runner) -> tuple[float, dict[str, RowGradient]]:
        """The cost and its gradients through the kernel's interpreted loop or its compiled one.

        Raises:
            Diverged: where they are not finite.
        """
        states = {t: tuple(np.zeros((len(v), w), np.float32) for w in (v.dim, 1)) for t, v in self.tables.items()}
        whole = Slice(0, 1, 0, (1.0,) * len(self.tables), 1, 0)
        done, total, _ = run_slice(loop, self.kernel.bind(self.tables, states, self.chunk), whole)
        if done == 0:
            raise Diverged("the cost or its gradient is not finite for this example")
        out = {}
        for table, (sums, met) in states.items():
            rows = np.flatnonzero(met)
            out[table] = RowGradient(rows, sums[rows], len(met))
        return total, out


def _nothing_and_not_met(dim: int) -> tuple[np.ndarray, ...]:
    return np.zeros(dim, np.float32), np.zeros(1, np.float32)


def _collect(row: Any, gradient: Any, state: Any, rate: Any) -> tuple[Any, Any]:
    """An update that leaves the row and keeps its gradient."""
    return row, (state[0] + gradient, state[1] * 0 + 1)


def one_of(cost: Cost, tables: Mapping[str, Table], example: Mapping[str, Any]) -> Chunk:
    """An example as a chunk of one."""
    if not isinstance(example, Mapping) or not example:
        raise DataError("an example is a dict with one entry per column, such as {'i': 0, 'j': 1, 'label': 1.0}")
    entries = {name: value if _fits_any(value) else [value] for name, value in example.items()}
    chunk = as_chunk(entries, column_names(cost, tables))
    used = {name: chunk[name] for name in parameters(cost, tables, chunk)[1]}
    return {name: column_of(column).with_draws(_FIRST, 0, chunk) for name, column in used.items()}


def _fits_any(value: Any) -> bool:
    """Whether a value is a column for any number of examples."""
    return isinstance(value, Column) and value.examples is None


def check_gradient(
    cost: Cost,
    tables: Mapping[str, Table],
    example: Mapping[str, Any],
    *,
    step: float = 1e-4,
    tolerance: float = 2e-4,
    gradients: Mapping[str, RowGradient] | None = None,
    compiled: bool = True,
) -> float:
    """Compare the gradient with central differences of the cost in float64; gives the largest relative difference.

    The gradient is taken twice: as `gradient` does, and through the loop as machine code, which is what trains. To
    compile it takes seconds the first time.

    Args:
        cost, tables, example: as for `gradient`. On a kink of the cost (equal numbers in a maximum, a norm of 0) any
            number between the slopes on both sides is taken for right.
        step: the distance moved each way, relative to 1 + |value|.
        tolerance: the largest difference allowed, relative to the largest gradient of the table.
        gradients: what to check instead of rowspace's own gradient.
        compiled: whether to check the machine code, too.

    Raises:
        GradientError: naming table, row, column and both numbers where they differ by more.

    >>> import rowspace as rs
    >>> E = rs.Table(6, 3, seed=0)
    >>> rs.check_gradient(lambda E, i, j: (E[i] @ E[j]) ** 2, {"E": E}, {"i": 0, "j": 4}) < 1e-5
    True
    """
    number("step", step, 0)
    number("tolerance", tolerance, 0)
    check_kind("gradients", gradients, (Mapping, type(None)), "what rs.gradient gives")
    tables = by_name(tables)
    chunk = one_of(cost, tables, example)
    given = {"": gradients} if gradients is not None else _both_loops(OneExample(cost, tables, chunk), compiled)
    evaluate, looked_up = _cost_in_float64(cost, tables, chunk)
    worst = 0.0
    for name, ids in looked_up.items():
        values = {t: table.values.astype(np.float64) for t, table in tables.items()}
        found = {loop: each[name] for loop, each in given.items() if name in each}
        if not found:
            continue
        rows = np.unique(np.concatenate([ids, *(each.rows for each in found.values())])).astype(np.int64)
        dim = values[name].shape[1]
        expected = np.array([_differences(evaluate, values, name, r, step) for r in rows.tolist()]).reshape(-1, dim)
        for loop, each in found.items():
            sides = partial(_sides, evaluate, values, name, step=step)
            worst = max(worst, _farthest(each.to_dense()[rows], expected, tolerance, (name, rows, loop), sides))
    return worst


def _both_loops(one: OneExample, compiled: bool) -> dict[str, dict[str, RowGradient]]:
    """The gradients by loop; a cost without a loop of its own has one way to run."""
    found = {"": one.run(one.kernel.interpreted)[1]}
    if compiled and not one.kernel.slow:
        found[" in machine code"] = one.run(one.kernel.run)[1]
    return found


def _farthest(
    given: np.ndarray, expected: np.ndarray, tolerance: float, where: tuple[str, np.ndarray, str], sides: Sides
) -> float:
    """The largest relative difference; raises GradientError where it is above `tolerance`, if not between `sides`."""
    scale = max(np.abs(expected).max(initial=0), np.abs(given).max(initial=0), 1e-6)
    off = np.abs(given - expected) / scale
    table, rows, loop = where
    for r, k in np.argwhere(~(off <= tolerance)):
        kink = sides(int(rows[r]), int(k))
        if kink is None or not min(kink) - tolerance * scale <= given[r, k] <= max(kink) + tolerance * scale:
            on_kink = "" if kink is None else f"; it is on a kink, from {kink[0]:.6g} below to {kink[1]:.6g} above"
            raise GradientError(
                f"table {table!r}, row {rows[r]}, column {k}: the gradient is {given[r, k]:.6g}{loop}, "
                f"central differences give {expected[r, k]:.6g}{on_kink}"
            )
        off[r, k] = 0
    return float(off.max(initial=0))


def _differences(evaluate: Any, values: dict[str, np.ndarray], name: str, row: int, step: float) -> np.ndarray:
    out = np.empty(values[name].shape[1])
    for k, middle in enumerate(values[name][row].copy()):
        width = step * (1 + abs(middle))
        values[name][row, k] = middle + width
        above = evaluate(values)
        values[name][row, k] = middle - width
        below = evaluate(values)
        values[name][row, k] = middle
        out[k] = (above - below) / (2 * width)
    return out


def _sides(
    evaluate: Any, values: dict[str, np.ndarray], name: str, row: int, k: int, *, step: float
) -> tuple[float, float] | None:
    """The slopes below and above a number, where they differ however short the step: on a kink. Otherwise None."""
    middle = values[name][row, k]

    def slopes(width: float) -> tuple[float, float]:
        costs = []
        for moved in (-width, 0, width):
            values[name][row, k] = middle + moved
            costs.append(evaluate(values))
        values[name][row, k] = middle
        return (costs[1] - costs[0]) / width, (costs[2] - costs[1]) / width

    wide, narrow = (slopes(step * (1 + abs(middle)) * part) for part in (1, 0.25))
    jump, least = abs(wide[1] - wide[0]), 1e-6 * max(map(abs, wide))  # below, it is rounding
    return narrow if jump > least and abs(narrow[1] - narrow[0]) > 0.7 * jump else None


def cost_in_float64(cost: Cost, tables: Mapping[str, Table], example: Mapping[str, Any]) -> float:
    """The cost of one example with every number in float64."""
    evaluate, _ = _cost_in_float64(cost, tables, one_of(cost, tables, example))
    with np.errstate(all="ignore"):
        return float(evaluate({t: table.values for t, table in tables.items()}))


def _cost_in_float64(cost: Cost, tables: Mapping[str, Table], chunk: Chunk) -> tuple[Any, dict[str, np.ndarray]]:
    """The cost of the example as a function of the tables' values, through PyTensor and not through the loop.

    And the ids it looks up, by table.
    """
    import pytensor
    from pytensor.compile.mode import Mode

    sizes = {t: table.shape for t, table in tables.items()}
    known = {t: table.ids for t, table in tables.items()}
    traced = symbolic(cost, sizes, forms_of(chunk, chunk), dtype="float64", ids=known)
    mode = Mode(linker="py", optimizer=None)
    with floats("float64"):
        symbols = list(traced.columns.values())
        options: dict[str, Any] = {"mode": mode, "on_unused_input": "ignore"}
        ids = pytensor.function(symbols, [look.index for look in traced.lookups], **options)
        value = pytensor.function([*[look.rows for look in traced.lookups], *symbols], inline(traced.cost), **options)
    ready = checked(chunk, traced.ids, tables, traced.columns)
    one = [column_of(ready[c]).example(0) for c in traced.columns]
    found = ids(*one)

    def evaluate(values: dict[str, np.ndarray]) -> float:
        rows = [values[look.table][i] for look, i in zip(traced.lookups, found, strict=True)]
        return float(value(*rows, *one))

    looked_up = {
        t: [np.ravel(i) for look, i in zip(traced.lookups, found, strict=True) if look.table == t] for t in tables
    }
    return evaluate, {t: np.concatenate([*ids, np.empty(0, np.int64)]) for t, ids in looked_up.items()}
