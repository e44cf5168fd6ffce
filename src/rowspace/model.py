"""A trained model: tables and what they were trained with; saved as a folder, opened mapped."""

import json
import math
import os
import shutil
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import rowspace
from rowspace import store
from rowspace.errors import DataError, FormatError, ModelError
from rowspace.files import atomic_folder
from rowspace.names import shown
from rowspace.queries import Queries
from rowspace.subwords import Subwords, Unseen
from rowspace.table import Table

FORMAT = "rowspace model"
VERSION = 1
ATTEMPTS = 20
SUBWORDS = "S"  # the table of words and their n-grams


class Model(Queries):
    """Tables by name, what they were trained with, and questions to the first of them.

    A model trained with subwords also answers for words that it never saw: `trained_with` holds
    `min_n`, `max_n` and `buckets`, and table `S` has, below a row for each name of the first, one
    for each bucket of n-grams. A word's vector is then the mean of its n-grams' rows.

    Args:
        tables: the tables by name; each name a Python identifier, as a cost's parameters are.
        trained_with: anything JSON can hold: the cost's name, the update, the rate, ...
        cost: the mean cost of each epoch.

    Raises:
        ModelError: without any table, for a name that is not an identifier, or when `S` is not as
            the subwords need it.

    >>> E = Table.from_array(np.array([[1, 0], [2, 1], [0, 3]], np.float32), ["a", "b", "c"])
    >>> model = Model({"E": E}, {"update": "sgd"})
    >>> model["b"], model.similarity("a", "c")
    (array([2., 1.], dtype=float32), 0.0)
    """

    def __init__(
        self,
        tables: Mapping[str, Table],
        trained_with: Mapping[str, Any] | None = None,
        cost: Iterable[float] | None = None,
    ) -> None:
        self.tables = dict(tables)
        self.trained_with = dict(trained_with or {})
        self.cost = list(map(float, cost)) if cost is not None else []
        if not self.tables:
            raise ModelError("a model needs at least one table")
        for name in self.tables:
            _check_name(name)
        super().__init__(next(iter(self.tables.values())), _unseen(self.tables, self.trained_with))

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write the model as a folder: `model.json`, and .npy values with names beside them.

        It is written under a temporary name, flushed to the disk and renamed; a model that was
        there is replaced by the rename, and files in its folder that are not the model's own are
        carried over. If it fails, the old model stays.

        Args:
            folder: where; its parents are made.

        Raises:
            ModelError: if something else than a model is there, or `trained_with` is not JSON.
            OSError: if it cannot be written.
        """
        folder = Path(folder)
        described = self._described()
        old = _files_of_old(folder)
        folder.absolute().parent.mkdir(parents=True, exist_ok=True)
        with atomic_folder(folder.absolute()) as new:
            if old:
                shutil.copytree(folder, new, dirs_exist_ok=True, ignore=_only(folder, old))
            for name, table in self.tables.items():
                _write_table(new, name, table)
            (new / "model.json").write_text(described, encoding="ascii")

    def _described(self) -> str:
        description = {
            "format": FORMAT,
            "version": VERSION,
            "rowspace": rowspace.__version__,
            "tables": [_entry(name, table) for name, table in self.tables.items()],
            "trained_with": self.trained_with,
            "cost": self.cost,
        }
        try:
            return json.dumps(_plain(description), indent=1, allow_nan=False) + "\n"
        except (TypeError, ValueError, RecursionError) as error:
            raise ModelError(f"trained_with cannot be written as JSON: {error}") from None

    def __repr__(self) -> str:
        tables = ", ".join(f"{name} {t.shape[0]} x {t.dim}" for name, t in self.tables.items())
        return f"<Model: {tables}>"


def open(folder: str | os.PathLike[str], mode: str = "r") -> Model:
    """Open a saved model; its values are mapped, not read.

    Args:
        folder: what `Model.save` wrote.
        mode: "r" read-only, "c" changes stay in this process, "r+" changes go to the files.

    Returns:
        The model, whose first table answers queries.

    Raises:
        ModelError: if the folder is not a model, is newer than this rowspace, or is damaged.

    >>> from pathlib import Path; from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as parent:
    ...     Model({"E": Table(names=["a", "b"], dim=2)}).save(Path(parent) / "model")
    ...     open(Path(parent) / "model").index_to_key
    ['a', 'b']
    """
    folder = Path(folder)
    for _ in range(ATTEMPTS):
        before = _identity(folder)
        try:
            model = _open_once(folder, mode)
        except (ModelError, OSError):
            if before is not None and before == _identity(folder):
                raise
        else:
            if before == _identity(folder):
                return model
        # it was replaced while it was being opened, or is not there between the two renames
        time.sleep(0.002)
    return _open_once(folder, mode)


def _open_once(folder: Path, mode: str) -> Model:
    description = _description(folder)
    tables = {}
    for entry in description["tables"]:
        name = _check_name(entry["name"])
        try:
            tables[name] = Table.open(folder / f"{name}.npy", mode)
        except FormatError as error:
            raise ModelError(f"{error}; the model is damaged") from None
        except FileNotFoundError as error:
            raise ModelError(f"{folder}: {error.filename} is missing; copy the folder again") from None
        _check_entry(folder, entry, _entry(name, tables[name]))
    cost = [math.nan if value is None else value for value in description.get("cost", [])]
    return Model(tables, description.get("trained_with"), cost)


def _description(folder: Path) -> dict[str, Any]:
    """What model.json says, as far as it makes sense."""
    path = folder / "model.json"
    try:
        description = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise ModelError(f"{folder} is not a model: it has no model.json{_aside(folder)}") from None
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is not JSON: {error}") from None
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise ModelError(f"{path} does not describe a rowspace model")
    version = description.get("version")
    if version != VERSION:
        raise ModelError(
            f"{folder} is a model of format {version!r} and this rowspace ({rowspace.__version__}) "
            f"reads format {VERSION}; install the rowspace that wrote it, or a newer one"
        )
    _check_description(path, description)
    return description


def _check_description(path: Path, description: dict[str, Any]) -> None:
    entries, cost = description.get("tables"), description.get("cost", [])
    sound = (
        isinstance(entries, list)
        and entries
        and all(isinstance(entry, dict) and "name" in entry for entry in entries)
        and isinstance(description.get("trained_with", {}), dict)
        and isinstance(cost, list)
        and all(value is None or type(value) in (int, float) for value in cost)
    )
    if not sound:
        raise ModelError(f"{path} is damaged: its tables, trained_with or cost are not as written")


def _check_entry(folder: Path, written: dict[str, Any], found: dict[str, Any]) -> None:
    for key, value in found.items():
        if written.get(key) != value:
            raise ModelError(
                f"{folder / 'model.json'} says {key} {written.get(key)!r} of table "
                f"{found['name']} where the files have {value!r}; the files are of two models"
            )


def _entry(name: str, table: Table) -> dict[str, Any]:
    named, counted = table.names is not None, table.counts is not None
    return {"name": name, "rows": len(table), "dim": table.dim, "names": named, "counts": counted}


def _check_name(name: Any) -> str:
    """A table's name is a file's name: an identifier cannot lead out of the folder."""
    if not isinstance(name, str) or not name.isidentifier() or len(name) > 100:
        raise ModelError(f"table name {shown(name)} is not a Python identifier of at most 100 letters")
    return name


def _unseen(tables: dict[str, Table], trained_with: dict[str, Any]) -> Unseen | None:
    """What gives words without a row a vector, in a model that has subwords."""
    first, rows = next(iter(tables.values())), tables.get(SUBWORDS)
    if rows is None or first.names is None or not {"min_n", "max_n", "buckets"} <= trained_with.keys():
        return None
    try:
        subwords = Subwords(*(trained_with[key] for key in ("min_n", "max_n", "buckets")))
    except DataError as error:
        raise ModelError(f"the model's subwords are not as trained: {error}") from None
    needed = len(first) + subwords.buckets, first.dim
    if rows.shape != needed:
        raise ModelError(
            f"table {SUBWORDS} is {rows.shape[0]} x {rows.shape[1]}; {len(first)} names and "
            f"{subwords.buckets} buckets need {needed[0]} x {needed[1]}"
        )
    return Unseen(subwords, rows.values[len(first) :])


def _write_table(folder: Path, name: str, table: Table) -> None:
    path = folder / f"{name}.npy"
    with path.open("wb") as stream:
        store.write_array(stream, table.values)
    if table.names is not None:
        store.names_path(path).write_text(store.names_json(table.names), encoding="ascii")
    if table.counts is not None:
        with store.counts_path(path).open("wb") as stream:
            store.write_array(stream, table.counts)


def _files_of_old(folder: Path) -> set[str]:
    """The model's own files in a folder that is to be replaced; none if there is nothing."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return set()
    try:
        tables = _description(folder)["tables"]
    except ModelError as error:
        raise ModelError(f"{error}; it is not overwritten: save to another folder") from None
    paths = [folder / f"{_check_name(entry['name'])}.npy" for entry in tables]
    beside = [beside(path) for path in paths for beside in (store.names_path, store.counts_path)]
    return {"model.json", *(path.name for path in (*paths, *beside))}


def _only(folder: Path, names: set[str]) -> Any:
    return lambda inside, _: names if Path(inside) == folder else set()


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(folder)
    except OSError:
        return None
    return status.st_ino, status.st_ctime_ns


def _aside(folder: Path) -> str:
    """What a save killed between its two renames left behind, as advice."""
    for old in sorted(folder.absolute().parent.glob(f".{folder.name[:100]}.old-*")):
        return f"; a save was interrupted and the model before it is {old}: rename it back"
    return ""


def _plain(value: Any) -> Any:
    """A value in JSON's types; a number that is not finite becomes null."""
    if isinstance(value, (np.generic, np.ndarray)):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return os.fspath(value) if isinstance(value, os.PathLike) else value
