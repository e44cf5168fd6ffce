"""A checkpoint on disk: a manifest, which holds the document, and a file for each array; checked before it is used."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rowspace.checkpoint.arrays import check_described, damage, read_into
from rowspace.checkpoint.form import Malformed, record, text, truth, whole
from rowspace.errors import CheckpointError
from rowspace.system.digests import digest_of_texts
from rowspace.system.json_text import json_text
from rowspace.version import __version__

FORMAT, VERSION = "rowspace checkpoint", 2
MANIFEST = "checkpoint.json"
_LONGEST = 1 << 28  # bytes of a manifest

Digests = dict[str, np.ndarray]  # those of the pieces of each array, by its name
DocumentCheck = Callable[[Any], None]  # raises Malformed


class Damaged(CheckpointError):
    """A checkpoint that is not as it was written."""


@dataclass(frozen=True)
class Saved:
    """A checkpoint on disk.

    Args:
        folder: its own.
        number: of checkpoints that were written before it, and one.
        document: what it says beside its arrays.
        shapes: dtype and shape of each array, by name.
        digests: of their pieces.
    """

    folder: Path
    number: int
    document: Mapping[str, Any]
    shapes: Mapping[str, tuple[str, tuple[int, ...]]]
    digests: Digests

    @classmethod
    def opened(cls, folder: Path, number: int, check: DocumentCheck | None = None) -> "Saved":
        """The checkpoint in a folder, as its manifest describes it; the arrays are not looked at.

        Raises:
            Damaged: if the manifest is not as it was written.
            CheckpointError: if it is of another format.
        """
        content = _content(folder / MANIFEST)
        if content["version"] != VERSION:
            raise CheckpointError(
                f"{folder} is a checkpoint of format {content['version']} and this rowspace ({__version__}) "
                f"reads format {VERSION}; resume with rowspace {content['rowspace']}"
            )
        arrays, document = content["arrays"], content["told"]
        try:
            check_described(arrays)
            truth(document.get("finished"), "finished")
            if check is not None:
                check(document)
        except Malformed as error:
            raise Damaged(f"{folder / MANIFEST} is damaged: {error}") from None
        shapes = {name: (dtype, tuple(shape)) for name, (dtype, shape, _) in arrays.items()}
        digests = {name: np.frombuffer(bytes.fromhex(d), ">u8").astype(np.uint64) for name, (*_, d) in arrays.items()}
        return cls(folder, number, document, shapes, digests)

    def array(self, name: str) -> np.ndarray:
        """An array, read anew."""
        dtype, shape = self.shapes[name]
        out = np.empty(shape, dtype)
        self.read_into(name, out)
        return out

    def read_into(self, name: str, array: np.ndarray) -> None:
        """Read an array into one that is there."""
        read_into(self.folder / file_of(name), array)

    def damage(self) -> str:
        """What is wrong with the files of its arrays, or nothing."""
        found = (damage(self.folder / file_of(name), *self.shapes[name], self.digests[name]) for name in self.shapes)
        return next(filter(None, found), "")

    def unfit(self, why: str) -> CheckpointError:
        """The error for a training that this checkpoint does not fit."""
        advice = "resume it as it was begun, or begin anew in another folder"
        return CheckpointError(f"{self.folder} does not fit this training: {why}; {advice}")


def file_of(name: str) -> str:
    """The name of an array's file.

    Some file systems do not tell capital letters from small ones: a name with capital ones gets a digest behind it.
    """
    return f"{name}.npy" if name.islower() else f"{name}.{digest_of_texts([name])[:4]}.npy"


def manifest_text(arrays: Mapping[str, np.ndarray], digests: Digests, document: Mapping[str, Any]) -> str:
    """The text of a manifest: a digest, and the content that it is of."""
    described = {
        name: [a.dtype.str, list(a.shape), digests[name].astype(">u8").tobytes().hex()] for name, a in arrays.items()
    }
    content = {"format": FORMAT, "version": VERSION, "rowspace": __version__, "told": document, "arrays": described}
    written = json_text(content)
    return json_text({"mark": digest_of_texts([written]), "content": written})


def _content(path: Path) -> dict[str, Any]:
    """The content of a manifest; Damaged if it is not as it was written."""
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
    """Raise Malformed unless this is the content of a checkpoint, of whatever version."""
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise Malformed("it is not what a checkpoint says of itself")
    whole()(content.get("version"), "version")
    text(r"[\w.+-]{1,50}", "a version")(content.get("rowspace"), "rowspace")
    if content["version"] == VERSION and not (isinstance(content.get("told"), dict) and "arrays" in content):
        raise Malformed("it says nothing of the training")
