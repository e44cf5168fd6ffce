"""A model's files, compared with what its model.json recorded of them, before anything is read from them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rowspace.errors import ModelError
from rowspace.model import manifest
from rowspace.system.atomic import atomic_file
from rowspace.system.digests import NAME, Digested, digest
from rowspace.tables import files

CHECKED_BYTES = 256_000_000  # read for checksums, at the most, when a model is opened without check=True


@dataclass(frozen=True)
class Summary:
    """A model's files: how many of how many bytes, model.json apart, and the names of those without a checksum."""

    files: int
    bytes: int
    unrecorded: list[str]

    @classmethod
    def of(cls, folder: Path) -> "Summary":
        """What there is to say of a folder that `rowspace.open` opened."""
        described = manifest.read(folder)
        written = described.get("files", {})
        there = [name for name in _ours(described) if (folder / name).exists()]
        total = sum((folder / name).stat().st_size for name in there)
        return cls(len(there), total, [name for name in there if NAME not in written.get(name, {})])


def files_of(entry: Mapping[str, Any]) -> tuple[str, str, str]:
    """The names of the files of a table in a model.json: values, names, counts.

    >>> files_of({"name": "E"})
    ('E.npy', 'E.names.json', 'E.counts.npy')
    """
    values = f"{entry.get('stem', entry['name'])}.npy"
    return values, files.names_path(values).name, files.counts_path(values).name


def recorded(out: Digested) -> dict[str, Any]:
    """What model.json keeps of a file that was written through `out`."""
    return {"size": out.size, NAME: out.hexdigest()}


def check_files(folder: Path, described: Mapping[str, Any], check: bool | None = None) -> None:
    """Compare the files in a model's folder with what was recorded of them.

    Args:
        folder, described: the model's, and what its model.json says.
        check: True for the checksums of all files, False for sizes only, None for the checksums of the smaller
            files, up to `CHECKED_BYTES` in all.

    Raises:
        ModelError: for a file that is missing, is no file, leads out of the folder, or is not what was written.
    """
    written = described.get("files", {})
    ours = _ours(described)
    foreign = sorted(written.keys() - set(ours))
    if foreign:
        raise ModelError(f"{folder / manifest.FILE} is damaged: it speaks of {foreign[0]!r:.80}, no file of a table")
    sizes = {}
    for name in ours:
        if name in written or os.path.lexists(folder / name):
            sizes[name] = _checked_size(folder, name, written.get(name, {}).get("size"))
    budget = {True: float("inf"), False: -1, None: CHECKED_BYTES}[check]
    for name in sorted(sizes, key=sizes.__getitem__):
        budget -= sizes[name]
        if budget >= 0 and NAME in written.get(name, {}):
            found, was = digest(folder / name), written[name][NAME]
            if found != was:
                raise manifest.altered(folder / name, found, was)


def forget(folder: Path) -> None:
    """Take the checksums of values out of a model.json: they are about to be changed in place."""
    described = manifest.read(folder)
    values = {files_of(entry)[0] for entry in described["tables"]}
    files = described.get("files", {})
    kept = {name: {"size": of["size"]} if name in values and "size" in of else of for name, of in files.items()}
    if kept != files:
        with atomic_file(folder / manifest.FILE, "wb") as out:
            out.write(manifest.written({**described, "files": kept}))


def _ours(described: Mapping[str, Any]) -> list[str]:
    return [name for entry in described["tables"] for name in files_of(entry)]


def _checked_size(folder: Path, name: str, was: int | None) -> int:
    path = folder / name
    try:
        found = manifest.size_inside(folder, name)
    except FileNotFoundError:
        raise ModelError(f"{path} is missing; copy the folder again") from None
    if was is not None and found != was:
        raise ModelError(
            f"{path} has {found} bytes and was written with {was}: it was cut short or replaced, "
            "and the model is damaged; restore it from a copy"
        )
    return found
