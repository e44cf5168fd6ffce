"""The state of a training between two windows: all that decides what comes after, as arrays and as JSON."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from rowspace.checkpoint.fitting import fitting, trained_arrays
from rowspace.checkpoint.store import Saved
from rowspace.jit.machine import machine, warn_if_elsewhere
from rowspace.schedule.place import Cursor, Place
from rowspace.train.epoch import Epoch
from rowspace.train.identity import check_same

if TYPE_CHECKING:
    from rowspace.train.fit import Fit


def arrays_of(run: "Fit") -> dict[str, np.ndarray]:
    """The arrays of a training by name: tables, their state, what exact updates missed, how tables are cut."""
    state, past = run.state, run.state.rates
    found = trained_arrays(run)
    if past.tables:
        found |= {"past.since": past.since, "past.paces": past.paces[:, : len(past.since)]}
    for number, (_, sample) in enumerate(state.samples.items()):
        found |= {f"met.{number}.{axis}": met for axis, met in enumerate(sample.met)}
    return found


def document_of(run: "Fit", *, finished: bool = False) -> dict[str, Any]:
    """The rest of the state, and the settings, as JSON."""
    state, past = run.state, run.state.rates
    return {
        "finished": finished,
        "settings": run.settings,
        "machine": machine(),
        "options": run.options.kept(),
        "marks": run.marks.kept(),
        "standing": asdict(run.standing),
        "trainer": {"examples": state.examples, "steps": state.steps, "first": run.first_epoch},
        "history": [asdict(epoch) for epoch in run.history],
        "pace": {"every": run.pace.sampled, "examples": run.chunks.examples},
        "past": past.tables,
        "samples": [[list(key), s.examples, s.gathered, len(s.met)] for key, s in state.samples.items()],
    }


def restore(run: "Fit", saved: Saved) -> None:
    """Put a training where a checkpoint was taken; CheckpointError, before anything is changed, for other settings."""
    told, state = saved.told, run.state
    check_same(told["settings"], run.settings, saved.folder.parent)
    past, samples = fitting(run, saved)
    warn_if_elsewhere(told["machine"], saved.folder.parent)
    for name, array in trained_arrays(run).items():
        saved.read_into(name, array)
    state.rates = past
    run.cuts.clear()
    state.samples = samples
    state.examples, state.steps = told["trainer"]["examples"], told["trainer"]["steps"]
    run.history[:] = [Epoch.of(epoch) for epoch in told["history"]]
    run.first_epoch = told["trainer"]["first"]
    run.pace.sampled, run.chunks.examples = told["pace"]["every"], told["pace"]["examples"]
    run.standing = Cursor(**{**told["standing"], "place": Place(**told["standing"]["place"])})
