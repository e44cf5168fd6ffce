"""What has to be the same in a training and in the one that resumes it, as texts to be compared."""

import re
from collections.abc import Mapping

import numpy as np

from rowspace.columns.data import Data
from rowspace.errors import CheckpointError
from rowspace.errors.quoting import one_line
from rowspace.kernel.graph.objects import marked
from rowspace.kernel.source_cache import identity_of_update
from rowspace.schedule.options import ScheduleOptions
from rowspace.schedule.pacing import RATE_STEPS
from rowspace.state import TrainState
from rowspace.system.digests import digest_of, digest_of_texts
from rowspace.tables.on_disk import is_on_disk
from rowspace.updates import Update
from rowspace.version import __version__

_MARK = re.compile("[0-9a-f]{32,}")  # says nothing to people
_NOT_COMPARED = {"the part of rowspace that writes loops"}  # kept by checkpoints of before the loops themselves were


def settings(state: TrainState, data: Data, options: ScheduleOptions) -> dict[str, str]:
    """The settings of a fit by what people call them."""
    found = {"the version of rowspace": __version__, "the tables": ", ".join(state.tables)}
    for name in ("epochs", "seed", "shuffle", "schedule", "blocks", "batch"):
        found[name] = str(getattr(options, name))
    for name, table in state.tables.items():
        found[f"the shape of table {name}"] = f"{table.shape[0]} x {table.shape[1]}"
        found[f"the place of table {name}"] = "on disk" if is_on_disk(table.values) else "in memory"
        named = f"{len(table)} names, " if table.names is not None else "none, "
        found[f"the names of table {name}"] = named + digest_of_texts(table.names or [])
        update = state.updates.get(name)
        found[f"the update of table {name}"] = "none" if update is None else update.name
        if update is None:
            found[f"the values of table {name}"] = digest_of(table.values)
        else:
            found[f"the steps of the update of table {name}"] = _steps(name, update, table.dim)
            found[f"the rate of table {name}"] = _rates(update)
    return found | {f"the data's {name}": text for name, text in data.fingerprint.items()}


def check_same(before: Mapping[str, str], now: Mapping[str, str], folder: object) -> None:
    """Refuse to resume what has other settings; CheckpointError names them all."""
    differ = [n for n in {**before, **now} if n not in _NOT_COMPARED and before.get(n) != now.get(n)]
    if "the tables" in differ:
        differ = [name for name in differ if name in before and name in now]
    if differ:
        told = "; ".join(_told(name, before.get(name), now.get(name)) for name in differ)
        raise CheckpointError(f"this is not the training of {folder}: {told}; resume it as it was begun")


def _told(name: str, before: str | None, now: str | None) -> str:
    """What a setting is and was: of a mark, which says nothing to people, the beginning."""
    shown = [one_line(_MARK.sub(lambda mark: f"mark {mark[0][:8]}", text or "none")) for text in (before, now)]
    return f"{one_line(name)}: {shown[1]}, was {shown[0]}"


def _steps(table: str, update: Update, dim: int) -> str:
    """A mark of an update's steps and of the state that they begin with."""
    found = identity_of_update(update, dim)
    if found.untold:
        raise CheckpointError(
            f"the update {update.name!r} of table {table} holds {found.untold}, which a resumed training could not "
            "tell from another; train without checkpoints, or write it with constants"
        )
    return marked(str(found))


def _rates(update: Update) -> str:
    """A rate as its values over the training, as often as it is looked at."""
    rates = [update.rate(done) for done in np.linspace(0, 1, RATE_STEPS + 1).tolist()]
    first, last = rates[0], rates[-1]
    if rates == [first] * len(rates):
        return f"{first!r}"
    return f"{first!r} to {last!r} (by way of {digest_of(np.array(rates))})"
