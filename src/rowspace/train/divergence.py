"""What to say when a number stops being finite: which example, why probably, and what to do."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rowspace.columns.chunk import Chunk
from rowspace.columns.kinds import Ragged
from rowspace.columns.negatives import Negatives
from rowspace.errors import Diverged

if TYPE_CHECKING:
    from rowspace.train.trainer import Trainer


def diverged(trainer: "Trainer", chunk: Chunk, example: int | None, position: int) -> Diverged:
    """The error for an example of a chunk, at a position in the epoch; the tables are as at the last good chunk."""
    state = f"the tables are as they were after {trainer.examples:,} examples"
    if example is None:
        return Diverged(f"a row is no longer finite; {_lower_the_rate(trainer)}; {state}")
    where = f"example {position:,} of the epoch ({_shown(chunk, example)})"
    return Diverged(f"the cost or its gradient is not finite at {where}; {_remedy(trainer, chunk, example)}; {state}")


def _shown(chunk: Mapping[str, Any], n: int) -> str:
    values = {name: c[n] for name, c in chunk.items() if not isinstance(c, Negatives)}
    return ", ".join(f"{name} = {_short(value)}" for name, value in values.items())


def _short(value: Any) -> str:
    array = np.asarray(value)
    if array.ndim == 0:
        return f"{array.item():.6g}" if array.dtype.kind == "f" else str(array.item())
    return np.array2string(array, threshold=6, edgeitems=2, separator=", ")


def _remedy(trainer: "Trainer", chunk: Mapping[str, Any], example: int) -> str:
    """A cost that is not finite even at the rows gone back to has no rate to blame."""
    from rowspace.kernel.row_gradient import gradient

    one = {c: v if isinstance(v, Negatives) else np.array(v[example]) for c, v in chunk.items()}
    empty = [c for c, v in chunk.items() if isinstance(v, Ragged) and not len(v[example])]
    if empty:
        return f"its bag {empty[0]!r} is empty: drop such examples, or do not divide by its length"
    try:
        found = gradient(trainer.cost, trainer.tables, one)
        if all(np.isfinite(g.values).all() for g in found.values()):
            return _lower_the_rate(trainer)
    except Diverged:
        pass
    except Exception:  # advice must not hide the error it is for
        return _lower_the_rate(trainer)
    return _not_at_any_rate(trainer, one)


def _not_at_any_rate(trainer: "Trainer", one: Mapping[str, Any]) -> str:
    """What there is to say where no rate would help: whether the cost is a number at all, with wider ones."""
    from rowspace.kernel.row_gradient import cost_in_float64

    try:
        finite = np.isfinite(cost_in_float64(trainer.cost, trainer.tables, one))
    except Exception:  # advice must not hide the error it is for
        finite = False
    away = "keep logarithms, roots and divisions away from 0, as in pt.sqrt(x + 1e-9)"
    if not finite:
        return f"no rate would help, for the cost itself is not a finite number there: {away}"
    return (
        f"no rate would help, for the cost is finite there but not its gradient, or not in float32: {away}, "
        "and numbers on the way to it below 3e38, as what goes into pt.exp below 88"
    )


def _lower_the_rate(trainer: "Trainer") -> str:
    rate = max((u.rate(0.0) for u in trainer.updates.values()), default=0.0)
    return f"the steps probably grow without bound: lower the rate ({rate:g}), or wrap the update in rs.clip_norm"
