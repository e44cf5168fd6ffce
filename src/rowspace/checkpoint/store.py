"""A folder of checkpoints: the last two, each whole or not there at all.

A new checkpoint is made of the older of the two: its folder is renamed to `.next`, the stretches of its files that
have changed since are written over, everything is flushed to the disk, and only then is it renamed to its number. So
the last good one stays untouched meanwhile, and little is written where little has changed. Flushing and renaming are
done by a thread of their own, while the training goes on.
"""

import json
import os
import re
import shutil
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rowspace.checkpoint.arrays import check_described, damage, read_into, write_changed
from rowspace.checkpoint.form import Malformed, record, text, truth, whole
from rowspace.errors import CheckpointError
from rowspace.system.atomic import sync_folder
from rowspace.system.digests import digest_of_texts
from rowspace.system.disk_full import explain_disk_full
from rowspace.system.json_text import json_text
from rowspace.system.lock import locked
from rowspace.system.threads import ThreadPool, waited
from rowspace.version import __version__

FORMAT, VERSION = "rowspace checkpoint", 2
MANIFEST, NEXT, LOCK = "checkpoint.json", ".next", ".lock"
_MAY_BE_THERE = (LOCK, ".DS_Store", "Thumbs.db", "desktop.ini")
_NUMBER = re.compile("[0-9]{6}|[1-9][0-9]{6,17}")  # of a checkpoint
ADVICE = "free some and resume from the checkpoint before, if there is one"
_KEPT = 2
_LONGEST = 1 << 28  # bytes of a manifest

Sums = dict[str, np.ndarray]
DocumentCheck = Callable[[Any], None]  # raises Malformed


class Damaged(CheckpointError):
    """A checkpoint that is not as it was written."""


@dataclass(frozen=True)
class Saved:
    """A checkpoint on disk: its document, and its arrays."""

    folder: Path
    number: int
    document: Mapping[str, Any]
    shapes: Mapping[str, tuple[str, tuple[int, ...]]]  # dtype and shape by name
    sums: Sums

    def array(self, name: str) -> np.ndarray:
        """An array, read anew."""
        dtype, shape = self.shapes[name]
        out = np.empty(shape, dtype)
        read_into(self._path(name), out)
        return out

    def read_into(self, name: str, array: np.ndarray) -> None:
        """Read an array into one that is there."""
        read_into(self._path(name), array)

    def damage(self) -> str:
        """What is wrong with its files, or nothing."""
        found = (damage(self._path(name), *self.shapes[name], self.sums[name]) for name in self.shapes)
        return next(filter(None, found), "")

    def unfit(self, why: str) -> CheckpointError:
        """The error for a training that this checkpoint does not fit."""
        advice = "resume it as it was begun, or begin anew in another folder"
        return CheckpointError(f"{self.folder} does not fit this training: {why}; {advice}")

    def _path(self, name: str) -> Path:
        return self.folder / _file(name)


class Store:
    """The checkpoints of one training, and the lock on their folder, which this process holds until `close`.

    Raises Locked if another process has it, CheckpointError for a folder of other things, OSError where it cannot be
    written.
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
        self._sums: dict[int, Sums] = {}
        self._thread = ThreadPool(1, "rowspace-checkpoint")
        self._flushing: Future[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether the last checkpoint is still being flushed to the disk; raises what went wrong with it."""
        if self._flushing is not None and self._flushing.done():
            self._wait()
        return self._flushing is not None

    def newest(self, check: DocumentCheck | None = None) -> Saved | None:
        """The last checkpoint that is whole; None if there is none yet, CheckpointError if all are damaged.

        Args:
            check: raises Malformed for a document that is not what it has to be.
        """
        complaints: dict[int, str] = {}
        for number in sorted(_numbers(self.folder), reverse=True):
            try:
                found = _opened(self.folder, number, check)
                wrong = found.damage()
            except Damaged as error:
                wrong = str(error)
            if not wrong:
                self._without(complaints, found)
                return found
            complaints[number] = wrong
        if complaints:
            listed = "; ".join(complaints.values())
            raise CheckpointError(f"{listed}; no other checkpoint is left: start anew in another folder")
        return None

    def _without(self, complaints: Mapping[int, str], good: Saved) -> None:
        """Remove the damaged ones, so that the good one is not the older that is written over."""
        self._sums[good.number] = good.sums
        for number, complaint in complaints.items():
            warnings.warn(f"{complaint}; going on from {good.folder}, the one before", stacklevel=3)
            shutil.rmtree(_path(self.folder, number))

    def write(self, arrays: Mapping[str, np.ndarray], document: Mapping[str, Any]) -> None:
        """Write a checkpoint as the newest; when this returns, the arrays may change again.

        Where these `replaces` those of another training, they are removed now.
        """
        self._wait()
        if self.replaces:
            self._clear()
        numbers = sorted(_numbers(self.folder))
        new = (numbers[-1] if numbers else 0) + 1
        place, sums = self.folder / NEXT, self._reused(numbers)
        try:
            with explain_disk_full(self.folder, sum(a.nbytes for a in arrays.values()), ADVICE):
                place.mkdir(exist_ok=True)
                sums = {name: write_changed(place / _file(name), a, sums.get(name)) for name, a in arrays.items()}
            text = _manifest(arrays, sums, document)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        self._flushing = self._thread.submit(self._finish, new, text, sums, [_file(name) for name in arrays])

    def _clear(self) -> None:
        for number in sorted(_numbers(self.folder)):  # the last one, which is whole, goes last
            _remove(self.folder, number)
        self._sums, self.replaces = {}, False

    def flush(self) -> None:
        """Wait until the last checkpoint is on disk; raises what went wrong with it."""
        self._wait()

    def close(self) -> None:
        """Wait until the last checkpoint is on disk, and give the lock back."""
        try:
            self._wait()
        finally:
            self._thread.shutdown()
            self._lock.close()

    def _reused(self, numbers: list[int]) -> Sums:
        """Make the oldest of two checkpoints the next one; gives what is known of its files."""
        if len(numbers) < _KEPT:
            return {}
        os.rename(_path(self.folder, numbers[0]), self.folder / NEXT)
        return self._sums.pop(numbers[0], {})

    def _finish(self, number: int, manifest: str, sums: Sums, files: list[str]) -> None:
        place = self.folder / NEXT
        try:
            with explain_disk_full(self.folder, advice=ADVICE):
                for name in files:
                    sync_folder(place / name)  # fsync takes a file as well as a folder
                with (place / MANIFEST).open("w", encoding="ascii") as stream:
                    stream.write(manifest)
                    stream.flush()
                    os.fsync(stream.fileno())
                sync_folder(place)
                os.rename(place, _path(self.folder, number))
                sync_folder(self.folder)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        self._sums[number] = sums
        for old in sorted(_numbers(self.folder))[:-_KEPT]:
            shutil.rmtree(_path(self.folder, old), ignore_errors=True)

    def _wait(self) -> None:
        flushing, self._flushing = self._flushing, None
        if flushing is not None:
            waited(flushing)


def is_unfinished(folder: Path) -> bool:
    """Whether a folder holds checkpoints of a training that has not come to its end, or of one that cannot be known."""
    _check_ours(folder)
    numbers = _numbers(folder)
    try:
        return bool(numbers) and not _opened(folder, max(numbers)).document["finished"]
    except CheckpointError:
        return True


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:06d}"


def _remove(folder: Path, number: int) -> None:
    """Remove a checkpoint: what a kill or a power cut leaves of it has no number any more."""
    os.rename(_path(folder, number), folder / NEXT)
    sync_folder(folder)
    shutil.rmtree(folder / NEXT)


def has_checkpoints(folder: Path) -> bool:
    """Whether there is anything to resume."""
    return bool(_numbers(folder))


def _file(name: str) -> str:
    """The file of an array; two names that differ in the case of letters only have files that differ in more."""
    return f"{name}.npy" if name.islower() else f"{name}.{digest_of_texts([name])[:4]}.npy"


def _numbers(folder: Path) -> list[int]:
    return [int(path.name) for path in _inside(folder) if _NUMBER.fullmatch(path.name)]


def _inside(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.exists() else []


def _is_ours(path: Path) -> bool:
    """Whether a path may be removed: a checkpoint, whole or half written."""
    named = path.name == NEXT or _NUMBER.fullmatch(path.name)
    return bool(named) and path.is_dir() and all(map(_is_a_part, path.iterdir()))


def _is_a_part(path: Path) -> bool:
    """Whether this is a file of a checkpoint by its name, and no pipe, on which a reader would wait for ever."""
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


def _manifest(arrays: Mapping[str, np.ndarray], sums: Sums, document: Mapping[str, Any]) -> str:
    shapes = {
        name: [a.dtype.str, list(a.shape), sums[name].astype(">u8").tobytes().hex()] for name, a in arrays.items()
    }
    content = {"format": FORMAT, "version": VERSION, "rowspace": __version__, "told": document, "arrays": shapes}
    written = json_text(content)
    return json_text({"mark": digest_of_texts([written]), "content": written})


def _opened(folder: Path, number: int, check: DocumentCheck | None = None) -> Saved:
    """A checkpoint as its manifest says; Damaged if that is not as written, CheckpointError for another format."""
    place = _path(folder, number)
    content = _content(place / MANIFEST)
    if content["version"] != VERSION:
        raise CheckpointError(
            f"{place} is a checkpoint of format {content['version']} and this rowspace ({__version__}) "
            f"reads format {VERSION}; resume with rowspace {content['rowspace']}"
        )
    try:
        check_described(content["arrays"])
        truth(content["told"].get("finished"), "finished")
        if check is not None:
            check(content["told"])
    except Malformed as error:
        raise Damaged(f"{place / MANIFEST} is damaged: {error}") from None
    arrays = content["arrays"]
    shapes = {name: (dtype, tuple(shape)) for name, (dtype, shape, _) in arrays.items()}
    sums = {name: np.frombuffer(bytes.fromhex(s), ">u8").astype(np.uint64) for name, (*_, s) in arrays.items()}
    return Saved(place, number, content["told"], shapes, sums)


def _content(path: Path) -> dict[str, Any]:
    """What a manifest says, if it is one; Damaged if it is not as written."""
    try:
        if path.stat().st_size > _LONGEST:
            raise Malformed(f"it has {path.stat().st_size} bytes")
        outer = json.loads(path.read_bytes())
        record(mark=text(), content=text())(outer, "")
        if outer["mark"] != digest_of_texts([outer["content"]]):
            raise Malformed("its checksum is another")
        content = json.loads(outer["content"])
        _check_head(content)
    except (FileNotFoundError, ValueError, RecursionError) as error:
        raise Damaged(f"{path} is damaged: {error}") from None
    return content


def _check_head(content: Any) -> None:
    """Raise Malformed unless this is a checkpoint, of whatever version."""
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise Malformed("it is not what a checkpoint says of itself")
    whole()(content.get("version"), "version")
    text(r"[\w.+-]{1,50}", "a version")(content.get("rowspace"), "rowspace")
    if content["version"] == VERSION and not (isinstance(content.get("told"), dict) and "arrays" in content):
        raise Malformed("it says nothing of the training")
