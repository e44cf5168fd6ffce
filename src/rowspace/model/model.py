"""A trained model: tables and what they were trained with; saved as a folder, opened mapped."""

import math
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from rowspace.columns.subwords import Subwords, Unseen
from rowspace.errors import DataError, FormatError, ModelError, ShapeError
from rowspace.errors.checks import check_kind, path_of
from rowspace.errors.quoting import quoted
from rowspace.model import manifest
from rowspace.model.evaluate import answered_analogies, evaluate_similarity
from rowspace.model.integrity import check_files, files_of, forget, recorded
from rowspace.model.several_tables import SeveralTables
from rowspace.system.atomic import atomic_folder
from rowspace.system.digests import NAME, Digested, digest
from rowspace.system.disk_full import explain_disk_full
from rowspace.system.lock import saved
from rowspace.system.mapped import whole_file
from rowspace.system.npy import write_array
from rowspace.system.siblings import present
from rowspace.tables.files import names_json
from rowspace.tables.table import Table, by_name

T = TypeVar("T")

ATTEMPTS = 20  # to read a folder that other processes replace
SUBWORDS = "S"  # the table of words and their n-grams


class Model(SeveralTables):
    """Tables by name, what they were trained with, and questions to the first of them, or to that which has the item.

    A model trained with subwords also answers for words that it never saw: `trained_with` holds
    `min_n`, `max_n` and `buckets`, and table `S` has, below a row for each name of the first, one
    for each bucket of n-grams. A word's vector is then the mean of its n-grams' rows.

    Args:
        tables: the tables by name; each name a Python identifier, as a cost's parameters are. A table alone is "E".
        trained_with: anything JSON can hold: the cost's name, the update, the rate, ...
        cost: the mean cost of each epoch; NaN of one that met no example.
        held_out: the mean cost of examples that were held out, after each epoch; NaN where none were.

    Raises:
        ModelError: without any table, for a name that is not an identifier, or when `S` is not as
            the subwords need it.

    >>> import numpy as np
    >>> E = Table.from_array(np.array([[1, 0], [2, 1], [0, 3]], np.float32), ["a", "b", "c"])
    >>> model = Model({"E": E}, {"update": "sgd"})
    >>> model["b"], model.similarity("a", "c")
    (array([2., 1.], dtype=float32), 0.0)
    """

    def __init__(
        self,
        tables: Mapping[str, Table] | Table,
        trained_with: Mapping[str, Any] | None = None,
        cost: Iterable[float] | None = None,
        held_out: Iterable[float] | None = None,
    ) -> None:
        self.tables = by_name({"E": tables} if isinstance(tables, Table) else tables)
        check_kind("trained_with", trained_with, (Mapping, type(None)), "a dict of what JSON can hold")
        self.trained_with = dict(trained_with or {})
        self.cost, self.held_out = _costs("cost", cost), _costs("held_out", held_out)
        if not self.tables:
            raise ModelError("a model needs at least one table")
        for name in self.tables:
            manifest.check_table_name(name)
        super().__init__(next(iter(self.tables.values())), _unseen(self.tables, self.trained_with))

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write the model as a folder: `model.json`, and .npy values with names beside them.

        It is written under a temporary name, flushed to the disk and renamed; a model that was
        there is replaced by the rename, and files in its folder that are not the model's own are
        carried over. If it fails, the old model stays. The size and the checksum of each file are
        kept in `model.json`.

        Args:
            folder: where; its parents are made.

        Raises:
            ModelError: if something else than a model is there, or `trained_with` is not JSON.
            Locked: if another process trains a model into this folder; one that saves is waited for.
            DiskFull: an OSError too, if it does not fit on the disk.
            OSError: if it cannot be written.
        """
        save_taking(self, folder, None)

    def evaluate_word_pairs(
        self,
        pairs: Any,
        delimiter: str = "\t",
        restrict_vocab: int | None = 300_000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
    ) -> tuple[tuple[float, float], tuple[float, float], float]:
        """What `rs.evaluate_similarity` finds, as gensim returns it: (Pearson, p), (Spearman, p), percent unknown."""
        options: dict[str, Any] = {"restrict_vocab": restrict_vocab, "case_insensitive": case_insensitive}
        found = evaluate_similarity(self, pairs, delimiter=delimiter, count_unknown=dummy4unknown, **options)
        return found.pearson, found.spearman, 100 * found.unknown / found.pairs

    def evaluate_word_analogies(
        self,
        analogies: Any,
        restrict_vocab: int | None = 300_000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
        similarity_function: str = "most_similar",
    ) -> tuple[float, list[dict[str, Any]]]:
        """What `rs.evaluate_analogies` finds, as gensim returns it.

        Args:
            analogies: the file.
            restrict_vocab: names of that many first rows are known, and answers; None for all.
            case_insensitive: compare words in upper case.
            dummy4unknown: take questions with an unknown word for wrong, instead of leaving them out.
            similarity_function: "most_similar", which is what gensim 4 computes whatever it is given.

        Returns:
            The accuracy, and for each section and the total {"section", "correct", "incorrect"} with the questions.
        """
        if similarity_function != "most_similar":
            raise ShapeError(f"similarity_function is {quoted(similarity_function)}; only 'most_similar' is computed")
        return answered_analogies(self, analogies, restrict_vocab, case_insensitive, dummy4unknown)

    def described(self) -> dict[str, Any]:
        """What `model.json` says of it, beside its files."""
        entries = [_entry(name, table) for name, table in self.tables.items()]
        for entry, stem in zip(entries, manifest.stems(self.tables).values(), strict=True):
            if stem != entry["name"]:
                entry["stem"] = stem
        found = {"tables": entries, "trained_with": self.trained_with, "cost": self.cost}
        return found | ({"held_out": self.held_out} if self.held_out else {})

    def __repr__(self) -> str:
        tables = ", ".join(f"{name} {t.shape[0]} x {t.dim}" for name, t in self.tables.items())
        return f"<Model: {tables}>"


def save_taking(model: Model, folder: str | os.PathLike[str], left: Path | None) -> None:
    """Save a model as `Model.save` does; files of tables in the folder `left` become the model's, and are not copied.

    It is for tables that nobody writes any more, whose folder is then removed: a disk need not hold them twice.
    """
    folder, described = path_of("a model", folder), model.described()
    manifest.written(described)  # what is no JSON is told before anything is written
    needed = sum(table.values.nbytes for table in model.tables.values())
    path = Path(os.path.realpath(folder))
    _files_of_old(path)  # or it is no model, and not overwritten
    path.parent.mkdir(parents=True, exist_ok=True)
    with explain_disk_full(folder, needed), saved(path, folder), atomic_folder(folder, needed) as new:
        _carry_over(path, new)
        files: dict[str, Any] = {}
        for entry, table in zip(described["tables"], model.tables.values(), strict=True):
            files |= _write_table(new, entry, table, left)
        (new / manifest.FILE).write_bytes(manifest.written({**described, "files": files}))


def _costs(what: str, cost: Iterable[float] | None) -> list[float]:
    try:
        return [] if cost is None else list(map(float, cost))
    except (TypeError, ValueError):
        raise ModelError(f"{what} is {cost!r:.80}; give a list of numbers, the mean cost of each epoch") from None


def open(folder: str | os.PathLike[str], mode: str = "r", check: bool | None = None) -> Model:
    """Open a saved model; its values are mapped, not read into memory.

    Args:
        folder: what `Model.save` wrote.
        mode: "r" read-only, "c" changes stay in this process, "r+" changes go to the files; the
            checksums of values are then forgotten, until the model is saved again.
        check: whether files are compared with the checksums that were kept when they were written:
            True all of them, False none, None as many, the smaller ones first, as have 256 MB
            together. Sizes are compared always.

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
    folder = path_of("a model", folder)
    check_kind("check", check, (bool, type(None)), "True, False or None")
    model = _undisturbed(folder, lambda: _open_once(folder, mode, check), "open it later")
    if mode == "r+":
        forget(present(folder))
    return model


def _open_once(folder: Path, mode: str, check: bool | None) -> Model:
    folder = present(folder)
    described = manifest.read(folder, check)
    check_files(folder, described, check)
    tables = {}
    for entry in described["tables"]:
        name = entry["name"]
        try:
            tables[name] = Table.open(folder / files_of(entry)[0], mode)
        except FormatError as error:
            raise ModelError(f"{error}; the model is damaged") from None
        except FileNotFoundError as error:
            raise ModelError(f"{folder}: {error.filename} is missing; copy the folder again") from None
        _check_entry(folder, entry, _entry(name, tables[name]))
    costs = ([math.nan if value is None else value for value in described.get(of, [])] for of in ("cost", "held_out"))
    return Model(tables, described.get("trained_with"), *costs)


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


def _write_table(folder: Path, entry: Mapping[str, Any], table: Table, left: Path | None) -> dict[str, Any]:
    """Write a table's files, or take them; what model.json keeps of each."""
    values, names, counts = files_of(entry)
    files = {
        values: _taken(folder / values, table, left)
        or _write(folder / values, lambda out: write_array(out, table.values))
    }
    if table.names is not None:
        text = names_json(table.names).encode()
        files[names] = _write(folder / names, lambda out: out.write(text))
    occurrences = table.counts
    if occurrences is not None:
        files[counts] = _write(folder / counts, lambda out: write_array(out, occurrences))
    return files


def _taken(path: Path, table: Table, left: Path | None) -> dict[str, Any] | None:
    """Give the file of a table in the folder `left` another name; what model.json keeps of it, or None if it cannot."""
    file = None if left is None else whole_file(table.values)
    if file is None or file.parent != left:
        return None
    try:
        os.link(file, path)
    except OSError:  # there are no links, or none from there
        return None
    return {"size": path.stat().st_size, NAME: digest(path)}


def _write(path: Path, write: Callable[[Digested], Any]) -> dict[str, Any]:
    with path.open("wb") as stream:
        out = Digested(stream)
        write(out)
        return recorded(out)


def _files_of_old(folder: Path) -> set[str]:
    """The model's own files in a folder that is to be replaced; none if there is nothing."""

    def listed() -> set[str]:
        there = present(folder)
        if _identity(folder) is None or (there.is_dir() and not os.listdir(there)):
            return set()
        try:
            tables = manifest.read(there, check=False)["tables"]
        except (ModelError, FileNotFoundError) as error:
            raise ModelError(f"{error}; it is not overwritten: save to another folder") from None
        return {manifest.FILE, *(name for entry in tables for name in files_of(entry))}

    return _undisturbed(folder, listed, "save to another folder")


def _carry_over(folder: Path, new: Path) -> None:
    """Bring what people keep in a model's folder, beside the model's own files, into the one that replaces it."""

    def bring() -> None:
        for half in new.iterdir():  # where the folder was replaced meanwhile
            shutil.rmtree(half) if half.is_dir() and not half.is_symlink() else half.unlink()
        if ours := _files_of_old(folder):
            _bring_all(present(folder), new, ours)

    _undisturbed(folder, bring, "save to another folder")


def _undisturbed(folder: Path, act: Callable[[], T], otherwise: str) -> T:
    """What `act` returns; it is done again where the folder was replaced meanwhile by another process.

    Raises:
        ModelError, OSError: what `act` raised, or if the folder is replaced every time.
    """
    for left in reversed(range(ATTEMPTS)):
        before = _identity(folder)
        try:
            result = act()
        except (ModelError, OSError):
            # it may be between the two renames, and not there for a moment
            if not left or (before is not None and before == _identity(folder)):
                raise
        else:
            if before == _identity(folder):
                return result
        time.sleep(0.002)
    raise ModelError(f"{folder} is being written by another process all the time; {otherwise}")


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(present(folder))
    except OSError:
        return None
    return status.st_ino, status.st_ctime_ns


def _bring_all(old: Path, new: Path, ours: set[str]) -> None:
    """Bring all that is in the folder `old`, except the names `ours`, into `new`; links stay links.

    Files get a second name rather than a copy, where the file system can do so.

    Raises:
        OSError: if something cannot be brought over.
    """
    met: list[OSError] = []

    def bring(source: Any, target: Any) -> None:
        try:
            os.link(source, target)
        except OSError:
            try:
                shutil.copy2(source, target)
            except OSError as error:
                met.append(error)
                raise

    def ignore(inside: Any, _: list[str]) -> set[str]:
        return ours if Path(inside) == old else set()

    try:
        shutil.copytree(old, new, symlinks=True, dirs_exist_ok=True, ignore=ignore, copy_function=bring)
    except shutil.Error:
        if met:
            raise met[0] from None  # which says that a disk is full; shutil's own says what it met in passing
        raise
