"""A folder of checkpoints: the last two, each whole or not there at all.

A new checkpoint is made of the older of the two: its folder is renamed to `.next`, the pieces of its files that have
changed since are written over, everything is flushed to the disk, and only then is it renamed to its number. So the
last good one stays untouched meanwhile, and little is written where little has changed. Flushing and renaming are
done by a thread of their own, while the training goes on.
"""

import os
import re
import shutil
import warnings
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from rowspace.checkpoint.arrays import write_changed
from rowspace.checkpoint.saved import MANIFEST, Damaged, Digests, DocumentCheck, Saved, file_of, manifest_text
from rowspace.errors import CheckpointError, OlderCheckpoint
from rowspace.system.atomic import settle, sync_folder
from rowspace.system.disk_full import explain_disk_full
from rowspace.system.lock import locked
from rowspace.system.threads import ThreadPool, waited

NEXT, LOCK = ".next", ".lock"
_MAY_BE_THERE = (LOCK, ".DS_Store", "Thumbs.db", "desktop.ini")
_NUMBER = re.compile("[0-9]{6}|[1-9][0-9]{6,17}")  # of a checkpoint
_KEPT = 2  # checkpoints
_ADVICE = "free some and resume from the checkpoint before, if there is one"


class Store:
    """The checkpoints of one training, and the lock on their folder, which this process holds until `close`.

    `replaces` says that the folder holds those of another training, which are removed before the first is written.

    Raises:
        Locked: if another process has it.
        CheckpointError: for a folder of other things.
        OSError: where it cannot be written.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder, self.replaces = Path(folder), False
        _check_ours(self.folder)
        if not self.folder.exists():
            self.folder.mkdir(parents=True)
            sync_folder(self.folder.absolute().parent)
        self._lock = ExitStack()
        self._lock.enter_context(locked(self.folder / LOCK, f"checkpoint folder {self.folder} is in use"))
        shutil.rmtree(self.folder / NEXT, ignore_errors=True)  # of a process that was killed
        self._digests: dict[int, Digests] = {}
        self._thread = ThreadPool(1, "rowspace-checkpoint")
        self._flushing: Future[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether the last checkpoint is still being flushed to the disk; raises what went wrong with it."""
        if self._flushing is not None and self._flushing.done():
            self.flush()
        return self._flushing is not None

    def newest(self, check: DocumentCheck | None = None) -> Saved | None:
        """The last checkpoint that is whole, or None if there is none yet; CheckpointError if all are damaged."""
        complaints: dict[int, str] = {}
        for number in sorted(_numbers(self.folder), reverse=True):
            try:
                found = Saved.opened(_path(self.folder, number), number, check)
                wrong = found.damage()
            except Damaged as error:
                wrong = str(error)
            if not wrong:
                self._remove_damaged(complaints, found)
                return found
            complaints[number] = wrong
        if complaints:
            listed = "; ".join(complaints.values())
            raise CheckpointError(f"{listed}; no other checkpoint is left: start anew in another folder")
        return None

    def _remove_damaged(self, complaints: Mapping[int, str], good: Saved) -> None:
        """Remove damaged checkpoints: the older of two is written over next, and that must not be the good one."""
        self._digests[good.number] = good.digests
        for number, complaint in complaints.items():
            warnings.warn(f"{complaint}; going on from {good.folder}, the one before", OlderCheckpoint, stacklevel=3)
            shutil.rmtree(_path(self.folder, number))

    def write(self, arrays: Mapping[str, np.ndarray], document: Mapping[str, Any]) -> None:
        """Write the newest checkpoint; when this returns, the arrays may change again, and flushing goes on."""
        self.flush()
        if self.replaces:
            self._clear()
        numbers = sorted(_numbers(self.folder))
        new = (numbers[-1] if numbers else 0) + 1
        place, digests = self.folder / NEXT, self._reused(numbers)
        try:
            with explain_disk_full(self.folder, sum(a.nbytes for a in arrays.values()), _ADVICE):
                place.mkdir(exist_ok=True)
                digests = {n: write_changed(place / file_of(n), a, digests.get(n)) for n, a in arrays.items()}
            manifest = manifest_text(arrays, digests, document)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        self._flushing = self._thread.submit(self._finish, new, manifest, digests, [file_of(name) for name in arrays])

    def _clear(self) -> None:
        for number in sorted(_numbers(self.folder)):  # the last one, which is whole, goes last
            _remove(self.folder, number)
        self._digests, self.replaces = {}, False

    def close(self) -> None:
        """Wait until the last checkpoint is on disk, and give the lock back."""
        try:
            self.flush()
        finally:
            self._thread.shutdown()
            self._lock.close()

    def _reused(self, numbers: list[int]) -> Digests:
        """Make the older of two checkpoints the next one; gives the digests of what its files hold, if known."""
        if len(numbers) < _KEPT:
            return {}
        os.rename(_path(self.folder, numbers[0]), self.folder / NEXT)
        return self._digests.pop(numbers[0], {})

    def _finish(self, number: int, manifest: str, digests: Digests, files: list[str]) -> None:
        """Flush the next checkpoint to the disk and give it its number: on a thread of its own."""
        place = self.folder / NEXT
        try:
            with explain_disk_full(self.folder, advice=_ADVICE):
                for name in files:
                    sync_folder(place / name)  # fsync takes a file as well as a folder
                with (place / MANIFEST).open("w", encoding="ascii") as stream:
                    stream.write(manifest)
                    settle(stream)
                sync_folder(place)
                os.rename(place, _path(self.folder, number))
                sync_folder(self.folder)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        self._digests[number] = digests
        for old in sorted(_numbers(self.folder))[:-_KEPT]:
            shutil.rmtree(_path(self.folder, old), ignore_errors=True)

    def flush(self) -> None:
        """Wait until the last checkpoint is on disk; raises what went wrong with it."""
        flushing, self._flushing = self._flushing, None
        if flushing is not None:
            waited(flushing)


def is_unfinished(folder: Path) -> bool:
    """Whether a folder holds a training that has not come to its end, or checkpoints that cannot be read."""
    _check_ours(folder)
    numbers = _numbers(folder)
    try:
        return bool(numbers) and not Saved.opened(_path(folder, max(numbers)), max(numbers)).document["finished"]
    except CheckpointError:
        return True


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:06d}"


def _remove(folder: Path, number: int) -> None:
    """Remove a checkpoint; it loses its number first, so that a kill or a power cut leaves no half of one."""
    os.rename(_path(folder, number), folder / NEXT)
    sync_folder(folder)
    shutil.rmtree(folder / NEXT)


def has_checkpoints(folder: Path) -> bool:
    """Whether there is anything to resume."""
    return bool(_numbers(folder))


def _numbers(folder: Path) -> list[int]:
    return [int(path.name) for path in _inside(folder) if _NUMBER.fullmatch(path.name)]


def _inside(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.exists() else []


def _is_ours(path: Path) -> bool:
    """Whether a path may be removed: a checkpoint, whole or half written."""
    named = path.name == NEXT or _NUMBER.fullmatch(path.name)
    return bool(named) and path.is_dir() and all(map(_is_a_part, path.iterdir()))


def _is_a_part(path: Path) -> bool:
    """Whether this has the name of a checkpoint's file, and is no pipe, on which a reader would wait for ever."""
    return (path.name == MANIFEST or path.suffix == ".npy") and (path.is_symlink() or path.is_file())


def _check_ours(folder: Path) -> None:
    """Refuse a folder that holds anything but checkpoints."""
    if folder.exists() and not folder.is_dir():
        raise CheckpointError(f"{folder} is a file; give a folder for the checkpoints")
    others = [path.name for path in _inside(folder) if not _is_ours(path) and path.name not in _MAY_BE_THERE]
    if others:
        raise CheckpointError(f"{folder} holds other things, such as {others[0]!r}; checkpoints want a folder for them")
    links = [path for path in folder.rglob("*") if path.is_symlink()]
    if links:  # what is written over would lie elsewhere
        raise CheckpointError(f"{links[0]} is a link; put the files themselves into the folder of checkpoints")
