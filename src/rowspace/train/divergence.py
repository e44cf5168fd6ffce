"""What to say when a number stops being finite: which example, why probably, and what to do."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rowspace.columns.chunk import Chunk
from rowspace.columns.kinds import column_of
from rowspace.errors import Diverged
from rowspace.kernel.cost import Cost
from rowspace.state import TrainState


def diverged(cost: Cost, state: TrainState, chunk: Chunk, example: int | None, position: int) -> Diverged:
    """The error for an example of a chunk, at a position in the epoch; the tables are as at the last good chunk."""
    tables = f"the tables are as they were after {state.examples:,} examples"
    if example is None:
        return Diverged(f"a row is no longer finite; {_lower_the_rate(state)}; {tables}")
    where = f"example {position:,} of the epoch ({_shown(chunk, example)})"
    return Diverged(
        f"the cost or its gradient is not finite at {where}; {_remedy(cost, state, chunk, example)}; {tables}"
    )


def _shown(chunk: Mapping[str, Any], n: int) -> str:
    values = {name: column_of(column).example(n) for name, column in chunk.items()}
    return ", ".join(f"{name} = {_short(value)}" for name, value in values.items() if isinstance(value, np.ndarray))


def _short(array: np.ndarray) -> str:
    if array.ndim == 0:
        return f"{array.item():.6g}" if array.dtype.kind == "f" else str(array.item())
    return np.array2string(array, threshold=6, edgeitems=2, separator=", ")


def _remedy(cost: Cost, state: TrainState, chunk: Mapping[str, Any], example: int) -> str:
    """A cost that is not finite even at the rows gone back to has no rate to blame."""
    from rowspace.kernel.row_gradient import gradient

    one = {name: column_of(column).example(example) for name, column in chunk.items()}
    empty = [name for name, column in chunk.items() if column_of(column).lengths is not None and not one[name].size]
    if empty:
        return f"its bag {empty[0]!r} is empty: drop such examples, or do not divide by its length"
    try:
        found = gradient(cost, state.tables, one)
        if all(np.isfinite(g.values).all() for g in found.values()):
            return _lower_the_rate(state)
    except Diverged:
        pass
    except Exception:  # advice must not hide the error it is for
        return _lower_the_rate(state)
    return _not_at_any_rate(cost, state, one)


def _not_at_any_rate(cost: Cost, state: TrainState, one: Mapping[str, Any]) -> str:
    """What there is to say where no rate would help: whether the cost is a number at all, with wider ones."""
    from rowspace.kernel.row_gradient import cost_in_float64

    try:
        finite = np.isfinite(cost_in_float64(cost, state.tables, one))
    except Exception:  # advice must not hide the error it is for
        finite = False
    away = "keep logarithms, roots and divisions away from 0, as in pt.sqrt(x + 1e-9)"
    if not finite:
        return f"no rate would help, for the cost itself is not a finite number there: {away}"
    return (
        f"no rate would help, for the cost is finite there but not its gradient, or not in float32: {away}, "
        "and numbers on the way to it below 3e38, as what goes into pt.exp below 88"
    )


def _lower_the_rate(state: TrainState) -> str:
    rate = max((u.rate(0.0) for u in state.updates.values()), default=0.0)
    return f"the steps probably grow without bound: lower the rate ({rate:g}), or wrap the update in rs.clip_norm"
