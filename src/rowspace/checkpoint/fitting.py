"""Whether the arrays of a checkpoint fit a training, before any of them is used: loops do not look where they write."""

from typing import TYPE_CHECKING, Any

import numpy as np

from rowspace.checkpoint.store import Saved
from rowspace.errors import CheckpointError
from rowspace.state import RateHistory, Sample

if TYPE_CHECKING:
    from rowspace.train.fit import Fit


def trained_arrays(run: "Fit") -> dict[str, np.ndarray]:
    """The tables that are trained, and their state."""
    state = run.state
    found = {f"{t}.values": state.tables[t].values for t in state.updates}
    return found | {f"{t}.state.{k}": a for t, states in state.slots.items() for k, a in enumerate(states)}


def fitting(run: "Fit", saved: Saved) -> tuple[RateHistory, dict[Any, Sample]]:
    """The rates of the past and how tables were cut, as a checkpoint keeps them.

    Raises CheckpointError if anything in it does not fit the training that is to go on.
    """
    told, count = saved.told, run.chunks.examples
    expected = {name: (a.dtype.str, a.shape) for name, a in trained_arrays(run).items()}
    for name in expected:
        if name in saved.shapes and saved.shapes[name] != expected[name]:
            raise _unfit(saved, f"{name} is {_shown(saved.shapes[name])}, and {_shown(expected[name])} is needed")
    met = {f"met.{n}.{axis}" for n, (*_, axes) in enumerate(told["samples"]) for axis in range(axes)}
    names = {*expected, *met, *(("past.since", "past.paces") if told["past"] else ())}
    others = sorted(names ^ saved.shapes.keys())
    if others:
        raise _unfit(saved, f"it has other arrays than those of this training, such as {others[0]}")
    if not told["standing"]["epoch"] and told["pace"]["examples"] != count:
        raise _unfit(saved, f"it tells of {told['pace']['examples']} examples in an epoch, and the data of {count}")
    for table, update in run.state.updates.items():
        if update.exact:
            _check_seen(saved, f"{table}.state.{len(run.state.slots[table]) - 1}")
    return _past(run, saved), _samples(saved)


def _check_seen(saved: Saved, name: str) -> None:
    """How many steps each row has taken: of those before this epoch all."""
    now, steps = saved.told["standing"], saved.told["trainer"]["steps"]
    seen = saved.array(name)
    least = max(0, steps - (now["done"] - now["before"]))
    if len(seen) and not least <= seen.min() <= seen.max() <= steps:
        raise _unfit(saved, f"{name} tells of steps that cannot have been taken, or missed")


def _past(run: "Fit", saved: Saved) -> RateHistory:
    tables = saved.told["past"]
    if not tables:
        return RateHistory()
    if not set(run.state.updates) <= set(tables) <= set(run.state.tables):
        raise _unfit(saved, f"it keeps the rates of the tables {', '.join(tables)}")
    since, paces = saved.array("past.since"), saved.array("past.paces")
    numbers = since.dtype == np.int64 and since.ndim == 1 and paces.dtype == np.float32
    if not numbers or not len(since) or paces.shape != (len(tables), len(since)) or not np.isfinite(paces).all():
        raise _unfit(saved, f"the rates of its steps are {_shown(saved.shapes['past.paces'])}")
    if since[0] < 0 or (np.diff(since) <= 0).any() or since[-1] > saved.told["trainer"]["steps"]:
        raise _unfit(saved, "the rates of its steps are not in order")
    return RateHistory.of_pieces(tables, since, paces)


def _samples(saved: Saved) -> dict[Any, Sample]:
    found = {}
    for number, (key, examples, gathered, axes) in enumerate(saved.told["samples"]):
        met = [saved.array(f"met.{number}.{axis}") for axis in range(axes)]
        if any(a.dtype != np.int32 or a.ndim != 1 for a in met):
            raise _unfit(saved, "it counts rows in other things than whole numbers")
        found[tuple(key)] = Sample(examples, gathered, met)
    return found


def _shown(form: tuple[str, tuple[int, ...]]) -> str:
    dtype, shape = form
    return f"{np.dtype(dtype).name} of {' x '.join(map(str, shape))}"


def _unfit(saved: Saved, why: str) -> CheckpointError:
    told = f"{saved.folder} does not fit this training: {why}"
    return CheckpointError(f"{told}; resume it as it was begun, or begin anew in another folder")
