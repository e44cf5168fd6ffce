"""Checkpoints: the state of a training on disk, from which it goes on to the very bytes it would have had."""

import json
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowspace.checkpoint.form import Malformed
from rowspace.checkpoint.store import Saved, Store, has_checkpoints, is_unfinished
from rowspace.checkpoint.told import check_told
from rowspace.errors import CheckpointError, DataError, Unkept
from rowspace.errors.checks import path_of
from rowspace.schedule.place import Place
from rowspace.system.json_text import json_text
from rowspace.train.saved_state import arrays_of, document_of, restore

if TYPE_CHECKING:
    from rowspace.train.fit import Fit

EVERY = 300  # seconds

_UNITS = {"": 1, "s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600}
_EVERY = re.compile(r"\s*([0-9]+(?:\.[0-9]*)?)\s*([a-z]*?)s?\s*")


@dataclass(frozen=True)
class Every:
    """How often: after so many seconds (0: whenever it can be), or so many chunks of the data.

    >>> Every.of("5 min"), Every.of("10 chunks")
    (Every(seconds=300.0, chunks=None), Every(seconds=None, chunks=10))
    """

    seconds: float | None = None
    chunks: int | None = None

    @classmethod
    def of(cls, given: Any) -> "Every":
        """From seconds, or a text; DataError says what it could be."""
        if isinstance(given, int | float) and not isinstance(given, bool) and 0 <= given < float("inf"):
            return cls(seconds=float(given))
        found = _EVERY.fullmatch(str(given))
        number, unit = (float(found[1]), found[2]) if found and not isinstance(given, bool) else (0.0, "?")
        if unit in _UNITS:
            return cls(seconds=number * _UNITS[unit])
        if unit == "chunk" and number >= 1 and number == int(number):
            return cls(chunks=int(number))
        raise DataError(f"every is {given!r}; give seconds, or a text such as '5 min' or '10 chunks'")


class Checkpoints:
    """Writes checkpoints of a fit into a folder, as often as asked for; with `resume`, begins from the last.

    Raises what `Store` and `check_free` do.
    """

    def __init__(self, folder: str | os.PathLike[str], every: Any, *, resume: bool) -> None:
        folder, self.every = path_of("a checkpoint", folder), Every.of(every)
        check_free(folder, resume=resume)
        self.slots = Store(folder)
        try:
            check_free(folder, resume=resume)  # nobody else can have begun one now
            self.saved = self._found(resume)
        except BaseException:
            self.slots.close()
            raise
        self._last, self._chunks = time.perf_counter(), 0

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, *error: object) -> None:
        self.slots.close()

    @property
    def finished(self) -> bool:
        """Whether the training to be resumed came to its end."""
        return self.saved is not None and self.saved.told["finished"]

    def restore(self, run: "Fit") -> bool:
        """Put a fit where the last checkpoint was taken, if there is one; gives whether there was."""
        if self.saved is not None:
            restore(run, self.saved)
        return self.saved is not None

    def after_window(self, run: "Fit", place: Place) -> None:
        """Write a checkpoint if it is time; seconds are not so strict that the last one had to be waited for."""
        self._chunks += place.entry == 0
        due = (
            time.perf_counter() - self._last >= self.every.seconds
            if self.every.seconds is not None
            else self._chunks >= (self.every.chunks or 1)
        )
        if due and not (self.every.seconds and self.slots.busy):
            self._write(run, finished=False)
            self._last, self._chunks = time.perf_counter(), 0

    def finish(self, run: "Fit") -> None:
        """Write the end of the training; where it cannot be written, a warning says so: the tables are there."""
        try:
            self._write(run, finished=True)
            self.slots.flush()
        except (OSError, CheckpointError) as error:
            Unkept.warn(str(self.slots.folder), error)

    def _write(self, run: "Fit", *, finished: bool) -> None:
        told = document_of(run, finished=finished)
        try:
            check_told(json.loads(json_text(told)))
        except Malformed as error:
            raise CheckpointError(f"a checkpoint of this training could not be resumed: {error}") from None
        self.slots.write(arrays_of(run), told)

    def _found(self, resume: bool) -> Saved | None:
        if resume:
            return self.slots.newest()
        self.slots.replaces = True
        return None


def check_there(folder: str | os.PathLike[str]) -> None:
    """Refuse to resume from a folder that is not there, or has no checkpoint yet; CheckpointError."""
    if not path_of("a checkpoint", folder).is_dir():
        raise CheckpointError(f"there is no checkpoint folder {folder} to resume from")
    if not has_checkpoints(Path(folder)):
        raise CheckpointError(f"{folder} holds no checkpoint yet; begin anew, with checkpoints into this folder")


def is_begun(folder: str | os.PathLike[str] | None) -> bool:
    """Whether there is a checkpoint to go on from."""
    return folder is not None and has_checkpoints(Path(folder))


def check_free(folder: str | os.PathLike[str], *, resume: bool) -> None:
    """Refuse a folder of other things and, without `resume`, one with a training to be resumed; CheckpointError."""
    if is_unfinished(Path(folder)) and not resume:
        raise CheckpointError(
            f"{folder} holds checkpoints of a training that has not come to its end, as far as they can be read; "
            "resume it, or give another folder, or remove this one"
        )
