"""model.json: what a model's folder says of itself, written with a checksum of itself and read with care."""

import json
import os
import re
import stat
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rowspace.errors import ModelError
from rowspace.errors.quoting import bytes_text, quoted
from rowspace.system.digests import NAME, digest
from rowspace.system.json_text import json_text
from rowspace.system.siblings import leftover_hint
from rowspace.version import __version__

FILE = "model.json"
FORMAT = "rowspace model"
VERSION = 1
GIVEN_BYTES = 32 << 20  # of what a caller may have written
READ_BYTES = 2 * GIVEN_BYTES  # of a model.json: what is recorded of the files comes on top

# the checksum of all else is the last entry, so that what it stands for is what is left without it
_OWN = re.compile(rb',\n "%b": "([0-9a-f]{32})"\n}\n\Z' % NAME.encode())


def written(description: Mapping[str, Any]) -> bytes:
    """The bytes of model.json: the description, to which format, version and checksum are added.

    Raises:
        ModelError: if it cannot be written as JSON, or is too long to be read again.
    """
    whole = {"format": FORMAT, "version": VERSION, "rowspace": __version__, **description}
    try:
        text = json_text(whole, indent=1).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ModelError(f"trained_with cannot be written as JSON: {error}") from None
    if len(text) > GIVEN_BYTES:
        raise ModelError(
            f"trained_with and the costs take {bytes_text(len(text))} in {FILE}; the limit is {bytes_text(GIVEN_BYTES)}"
        )
    text += b"\n"
    return text[:-3] + b',\n "%b": "%b"\n}\n' % (NAME.encode(), digest(text).encode())


def read(folder: Path, check: bool | None = None) -> dict[str, Any]:
    """What model.json says, as far as it makes sense; a `check` of False leaves its checksum alone.

    Raises:
        ModelError: if it is missing, too long, no JSON, of another version, or not what was written.
    """
    path = folder / FILE
    data = _data(folder, path)
    try:
        description = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is not JSON: {error}") from None
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise ModelError(f"{path} does not describe a rowspace model")
    version = description.get("version")
    if version != VERSION:
        raise ModelError(
            f"{folder} is a model of format {version!r:.80} and this rowspace ({__version__}) "
            f"reads format {VERSION}; install the rowspace that wrote it, or a newer one"
        )
    if check is not False:
        _check_own(path, data, description)
    _check_sound(path, description)
    return description


def size_inside(folder: Path, name: str) -> int:
    """The size of a file in a folder, without opening it.

    Raises:
        ModelError: if it is a link that leads out of the folder, or a pipe, a device or a folder.
        FileNotFoundError: if it is not there.
    """
    path = folder / name
    try:
        target = path.resolve(strict=True)
        status = target.stat()
    except FileNotFoundError:
        raise
    except (OSError, RuntimeError) as error:  # links in a circle
        if isinstance(error, (PermissionError, NotADirectoryError)):
            raise
        raise ModelError(f"{path} leads nowhere: {error}") from None
    if not target.is_relative_to(folder.resolve()):
        raise ModelError(f"{path} is a link to {target}, outside the model's folder; put the file itself there")
    if not stat.S_ISREG(status.st_mode):
        raise ModelError(f"{path} is not a file; copy the folder again")
    return status.st_size


def _data(folder: Path, path: Path) -> bytes:
    try:
        length = size_inside(folder, FILE)
        if length > READ_BYTES:
            raise ModelError(f"{path} has {bytes_text(length)}, more than any model.json; it is not read")
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        why = f"it has no {FILE}" if folder.exists() else "there is no such folder"
        raise ModelError(f"{folder} is not a model: {why}{leftover_hint(folder.absolute())}") from None


def _check_own(path: Path, data: bytes, description: dict[str, Any]) -> None:
    own = _OWN.search(data)
    if own is None:
        if "files" in description:
            raise ModelError(f"{path} was altered or damaged since it was written (it has lost its checksum); {ADVICE}")
        return  # by a rowspace that kept no checksums
    found, was = digest(data[: own.start()] + b"\n}\n"), own[1].decode()
    if found != was:
        raise altered(path, found, was)


def check_table_name(name: Any) -> str:
    """A table's name is a file's name: an identifier cannot lead out of the folder.

    Raises:
        ModelError: if it is none, or is too long for a file's name.
    """
    if not isinstance(name, str) or not name.isidentifier() or len(os.fsencode(name)) > 200 or len(name) > 100:
        raise ModelError(f"table name {quoted(name)} is not a Python identifier of at most 100 letters")
    return name


def stems(names: Iterable[str]) -> dict[str, str]:
    """What the files of each table begin with: its name, and more where file systems may not tell it from one before.

    Those of macOS and Windows hold one file for names that differ in the case of letters.

    >>> stems(["W", "C", "c"])
    {'W': 'W', 'C': 'C', 'c': 'c.12d8bdd1'}
    """
    out: dict[str, str] = {}
    taken = set[str]()
    for name in names:
        folded = unicodedata.normalize("NFKC", name).casefold()
        out[name] = _longer(name) if folded in taken else name
        taken.add(folded)
    return out


def _longer(name: str) -> str:
    return f"{name}.{digest(name.encode())[:8]}"


ADVICE = "restore it from a copy, or open with check=False to read it all the same"


def altered(path: str | os.PathLike[str], found: str, was: str) -> ModelError:
    """The error for a file whose checksum is not the one that was recorded."""
    return ModelError(
        f"{path} was altered or damaged since it was written (checksum {found[:12]}..., written as {was[:12]}...); "
        f"{ADVICE}"
    )


def _check_sound(path: Path, description: dict[str, Any]) -> None:
    sound = (
        _are_tables(description.get("tables"))
        and isinstance(description.get("trained_with", {}), dict)
        and all(_are_costs(description.get(of, [])) for of in ("cost", "held_out"))
        and _are_files(description.get("files", {}))
    )
    if not sound:
        raise ModelError(f"{path} is damaged: its tables, trained_with, cost or files are not as written")
    for entry in description["tables"]:
        check_table_name(entry["name"])
        if entry.get("stem", entry["name"]) not in (entry["name"], _longer(entry["name"])):
            raise ModelError(f"{path} is damaged: the files of table {entry['name']} are called {entry['stem']!r:.80}")


def _are_tables(entries: Any) -> bool:
    if not isinstance(entries, list) or not all(isinstance(entry, dict) and "name" in entry for entry in entries):
        return False
    return 0 < len(entries) == len({repr(entry["name"]) for entry in entries})


def _are_costs(costs: Any) -> bool:
    # an integer of JSON may be larger than any float
    return isinstance(costs, list) and all(
        cost is None or type(cost) is float or (type(cost) is int and abs(cost) < 2**1000) for cost in costs
    )


def _are_files(files: Any) -> bool:
    return isinstance(files, dict) and all(
        isinstance(of, dict) and type(of.get("size", 0)) is int and isinstance(of.get(NAME, ""), str)
        for of in files.values()
    )
