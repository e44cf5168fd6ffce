"""What a caller asked `Trainer.fit` for, checked when it is made."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from rowspace.checkpoint.checkpoints import EVERY
from rowspace.errors import DataError
from rowspace.errors.checks import check_choice, check_kind, whole
from rowspace.errors.unused import PURPOSES, changed, refuse_unused
from rowspace.schedule.options import ScheduleOptions
from rowspace.schedule.planner import SCHEDULES
from rowspace.system.memory import memory_limit
from rowspace.train.callbacks import EVENTS, check_without_checkpoint
from rowspace.train.trace import Trace

MOST_BLOCKS = 2**15  # of a table


@dataclass(frozen=True)
class FitOptions:
    """The options of one call of `Trainer.fit`, which documents them.

    Raises:
        DataError: for values that are none, and for options that have no effect beside the others.
    """

    epochs: int = 1
    seed: int = 0
    shuffle: bool = False
    progress: bool | None = None
    trace: Trace | None = None
    callbacks: Sequence[Any] = ()
    schedule: str | None = None
    threads: int | None = None
    blocks: int | None = None
    batch: int | None = None
    portable: bool = False
    memory: int | str | None = None
    checkpoint: str | os.PathLike[str] | None = None
    every: float | str = EVERY
    resume: bool = False

    def __post_init__(self) -> None:
        check_choice("schedule", self.schedule, (*SCHEDULES, None))
        check_kind("portable", self.portable, (bool, np.bool_), "True, for the same bytes on every processor, or False")
        check_kind("trace", self.trace, (Trace, type(None)), 'rs.Trace("trace.tsv")')
        _check_callbacks(self.callbacks)
        self._check_numbers()
        if self.batch is not None and (self.schedule is not None or self.blocks is not None):
            raise DataError("batches run in file order: leave out schedule and blocks, or batch")
        if self.resume and self.checkpoint is None:
            raise DataError("resume goes on from a checkpoint; give the folder as checkpoint")
        if self.trace is not None and self.checkpoint is not None:
            raise DataError("a trace cannot be gone on with; leave out trace or checkpoint")
        if self.checkpoint is not None:
            check_without_checkpoint(self.callbacks)
        memory_limit(self.memory)
        refuse_unused(self._unused(), changed(vars(FitOptions), {"every": self.every, "blocks": self.blocks}))

    def _check_numbers(self) -> None:
        whole("epochs", self.epochs, 0, wanted="it must be a whole number of at least 0")
        whole("seed", self.seed)
        if self.blocks is not None:
            wanted = f"give a number from 1 to {MOST_BLOCKS:,}, or None for as many as suit"
            whole("blocks", self.blocks, 1, MOST_BLOCKS, wanted)
        if self.batch is not None:
            whole("batch", self.batch, 1, wanted="give the number of examples in a batch, at least 1")

    def _unused(self) -> dict[str, str]:
        """What options are for that have no effect beside these; `memory` suits whatever tables there are."""
        unused = {} if self.checkpoint is not None else {"every": PURPOSES["every"]}
        if self.schedule in ("sequential", "hogwild"):
            unused["blocks"] = "for the schedule 'blocks'; leave it out, or {schedule}"
        return unused

    @cached_property
    def scheduled(self) -> ScheduleOptions:
        """The options that decide what is learned, as numbers that a checkpoint can keep."""
        return ScheduleOptions(
            epochs=int(self.epochs),
            seed=abs(int(self.seed)),
            shuffle=bool(self.shuffle),
            schedule=self.schedule,
            blocks=None if self.blocks is None else int(self.blocks),
            batch=None if self.batch is None else int(self.batch),
            portable=bool(self.portable),
        )


def _check_callbacks(callbacks: Any) -> None:
    listed = isinstance(callbacks, Iterable) and not isinstance(callbacks, str | bytes | Mapping)
    for callback in callbacks if listed else [callbacks]:
        has_any = callable(callback) or any(hasattr(callback, event) for event in EVENTS)
        if not listed or not has_any or isinstance(callback, type):
            events = ", ".join(EVENTS)
            raise DataError(
                f"callbacks is {callbacks!r:.80}; give a list of functions of the trainer, or of objects with {events}"
            )
