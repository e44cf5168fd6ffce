"""When checkpoints are written, and into which folders they may be; `store.py` writes them."""

import json
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rowspace.checkpoint.form import Malformed
from rowspace.checkpoint.saved import DocumentCheck
from rowspace.checkpoint.store import Store, has_checkpoints, is_unfinished
from rowspace.errors import CheckpointError, DataError, Unkept
from rowspace.errors.checks import path_of
from rowspace.system.json_text import json_text

EVERY = 300  # seconds from one checkpoint to the next, where nobody says how often

_UNITS = {"": 1, "s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600}
_EVERY = re.compile(r"\s*([0-9]+(?:\.[0-9]*)?)\s*([a-z]*?)s?\s*")


@dataclass(frozen=True)
class Every:
    """How often: after so many seconds (0: between any two plans), or after so many chunks of the data.

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
    """Writes checkpoints of a training into a folder; `saved` is the last one that is there, for a resume.

    Args:
        folder: where they are, or will be.
        every: how often one is `due`, as `Every.of` takes it.
        resume: whether the training goes on from the last checkpoint.
        check: raises Malformed for a document from which no training can go on.

    Raises:
        DataError: for an `every` that is none.
        Locked: if another process has the folder.
        CheckpointError: for a folder of other things, or of checkpoints that are damaged; without `resume`, for one
            with a training that has not come to its end.
    """

    def __init__(self, folder: str | os.PathLike[str], every: Any, *, resume: bool, check: DocumentCheck) -> None:
        folder, self.every, self._check = path_of("a checkpoint", folder), Every.of(every), check
        check_free(folder, resume=resume)
        self._store = Store(folder)
        try:
            check_free(folder, resume=resume)  # nobody else can have begun one now
            self.saved = self._store.newest(check) if resume else None
            self._store.replaces = not resume
        except BaseException:
            self._store.close()
            raise
        self._last, self._chunks = time.perf_counter(), 0

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, *error: object) -> None:
        self._store.close()

    @property
    def finished(self) -> bool:
        """Whether the training to be resumed came to its end."""
        return self.saved is not None and self.saved.document["finished"]

    def due(self, chunk_ended: bool) -> bool:
        """Whether it is time for a checkpoint: to be asked between any two plans.

        Seconds are not so strict that a training would wait until the last checkpoint is on disk.
        """
        self._chunks += chunk_ended
        if self.every.seconds is None:
            return self._chunks >= (self.every.chunks or 1)
        return time.perf_counter() - self._last >= self.every.seconds and not (self.every.seconds and self._store.busy)

    def write(self, arrays: Mapping[str, np.ndarray], document: Mapping[str, Any]) -> None:
        """Write a checkpoint; when this returns, the arrays may change again."""
        try:
            self._check(json.loads(json_text(document)))
        except Malformed as error:
            raise CheckpointError(f"a checkpoint of this training could not be resumed: {error}") from None
        self._store.write(arrays, document)
        self._last, self._chunks = time.perf_counter(), 0

    def finish(self, arrays: Mapping[str, np.ndarray], document: Mapping[str, Any]) -> None:
        """Write the end of the training; where it cannot be written, a warning says so: the tables are there."""
        try:
            self.write(arrays, document)
            self._store.flush()
        except (OSError, CheckpointError) as error:
            Unkept.warn(str(self._store.folder), error)


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
    """Refuse a folder of other things and, without `resume`, one with a training that has not come to its end."""
    if is_unfinished(Path(folder)) and not resume:
        raise CheckpointError(
            f"{folder} holds checkpoints of a training that has not come to its end, as far as they can be read; "
            "resume it, or give another folder, or remove this one"
        )
