"""The state of a training between two windows: all that decides what comes after, as arrays and as JSON."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from rowspace.buckets import Sample
from rowspace.checkpoint.settings import check_same
from rowspace.checkpoint.slots import Saved
from rowspace.epoch import Epoch
from rowspace.past import Past
from rowspace.standing import Place, Standing

if TYPE_CHECKING:
    from rowspace.run import Run


def arrays_of(run: "Run") -> dict[str, np.ndarray]:
    """The arrays of a training by name: tables, their state, what exact updates missed, how tables are cut."""
    trainer, past = run.trainer, run.windows.past
    found = trained_arrays(run)
    if past.tables:
        found |= {"past.since": past.since, "past.paces": past.paces[:, : len(past.since)]}
    for number, (_, sample) in enumerate(_samples(trainer)):
        found |= {f"met.{number}.{axis}": met for axis, met in enumerate(sample.met)}
    return found


def trained_arrays(run: "Run") -> dict[str, np.ndarray]:
    """The tables that are trained, and their state."""
    trainer = run.trainer
    found = {f"{t}.values": trainer.tables[t].values for t in trainer.updates}
    return found | {f"{t}.state.{k}": a for t, states in trainer.states.items() for k, a in enumerate(states)}


def told_of(run: "Run", *, finished: bool = False) -> dict[str, Any]:
    """The rest of the state, and the settings, as JSON."""
    trainer, past = run.trainer, run.windows.past
    return {
        "finished": finished,
        "settings": run.settings,
        "options": run.options.kept(),
        "marks": run.marks.kept(),
        "standing": asdict(run.standing),
        "trainer": {"examples": trainer.examples, "steps": trainer.steps, "first": run.first_epoch},
        "history": [asdict(epoch) for epoch in trainer.history],
        "pace": {"every": run.pace.sampled, "examples": run.chunks.examples},
        "past": past.tables,
        "samples": [[list(key), s.examples, s.gathered, len(s.met)] for key, s in _samples(trainer)],
    }


def restore(run: "Run", saved: Saved) -> None:
    """Put a training where a checkpoint was taken; CheckpointError, before anything is changed, for other settings."""
    told, trainer = saved.told, run.trainer
    check_same(told["settings"], run.settings, saved.folder.parent)
    for name, array in trained_arrays(run).items():
        saved.read_into(name, array)
    if told["past"]:
        run.windows.past = Past.of_pieces(told["past"], saved.array("past.since"), saved.array("past.paces"))
    trainer.buckets.clear()
    trainer.samples.clear()
    for number, (key, examples, gathered, axes) in enumerate(told["samples"]):
        met = [saved.array(f"met.{number}.{axis}") for axis in range(axes)]
        trainer.samples[tuple(key)] = Sample(examples, gathered, met)
    trainer.examples, trainer.steps = told["trainer"]["examples"], told["trainer"]["steps"]
    trainer.history[:] = [Epoch.of(epoch) for epoch in told["history"]]
    run.first_epoch = told["trainer"]["first"]
    run.pace.sampled, run.chunks.examples = told["pace"]["every"], told["pace"]["examples"]
    run.standing = standing_of(told["standing"])


def standing_of(told: Mapping[str, Any]) -> Standing:
    """A standing as it was written down."""
    return Standing(**{**told, "place": Place(**told["place"])})


def _samples(trainer: Any) -> list[tuple[Any, Sample]]:
    cut = {key: buckets.sample for key, buckets in trainer.buckets.items() if buckets is not None}
    return list({**trainer.samples, **cut}.items())
