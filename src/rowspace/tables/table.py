"""The table: one row an item, indexed by id or by name as NumPy would."""

import operator
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, overload

import numpy as np

from rowspace.errors import DataError, FormatError, ReadOnly, ShapeError
from rowspace.errors.checks import check_kind, is_integer, path_of
from rowspace.errors.quoting import quoted
from rowspace.tables import files
from rowspace.tables.entries import check_not_masked
from rowspace.tables.html import table_html
from rowspace.tables.indexing import Index
from rowspace.tables.names import Names
from rowspace.tables.values import Floats, adoptable, checked_counts, checked_shape, drawn, drawn_in_pieces


class Table:
    """An embedding table: values (n, dim) float32, one row an item.

    The values start as `default_rng(seed).standard_normal((n, dim), dtype=np.float32) * scale`;
    with the default scale 1 / sqrt(dim) a row's length is near 1.

    Args:
        n: the number of rows; may be left out when names are given.
        dim: the number of columns.
        seed: what `np.random.default_rng` takes.
        names: n distinct strings, or None: then items are known by their ids only.
        scale: the standard deviation of the initial values; 0 gives zeros.
        counts: (n,) int64, how often each item occurs, or None; sampling uses them.

    Raises:
        ShapeError: if n or dim is not a positive integer, or names or counts are not n.
        DataError: if a name occurs twice or is not a string.
        TooLarge: if less memory is free than the values need; see `Table.create`.

    >>> E = Table(names=["cat", "dog", "owl"], dim=2, seed=0)
    >>> E["dog"].shape, E[-1].shape, E[:2].shape, E[["owl", "cat"]].shape
    ((2,), (2,), (2, 2), (2, 2))
    >>> E[[["dog", "cat"], ["owl", "owl"]]].reshape(2, -1).shape
    (2, 4)
    >>> E[7]
    Traceback (most recent call last):
    rowspace.errors.IdOutOfRange: id 7 is out of range for a table of 3 rows (0 to 2)
    """

    def __init__(
        self,
        n: int | None = None,
        dim: int | None = None,
        seed: Any = 0,
        *,
        names: Iterable[str] | None = None,
        scale: float | None = None,
        counts: Any = None,
    ) -> None:
        index = None if names is None else Names(names)
        if n is None and index is not None:
            n = len(index)
        self._adopt(drawn(n, dim, seed, scale), index, counts)

    @classmethod
    def from_array(cls, array: np.ndarray, names: Iterable[str] | None = None, *, counts: Any = None) -> "Table":
        """A table over an array's own memory: a change of one is a change of the other.

        Args:
            array: (n, dim) float32 in C order, writable or not.
            names: n distinct strings, or None.
            counts: (n,) int64, or None.

        Raises:
            ShapeError: if the array is anything else; the message says how to make it so.

        >>> array = np.zeros((2, 3), dtype=np.float32)
        >>> Table.from_array(array)[1] = 5
        >>> array[1]
        array([5., 5., 5.], dtype=float32)
        """
        table = cls.__new__(cls)
        table._adopt(adoptable(array), None if names is None else Names(names), counts)
        return table

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        n: int | None = None,
        dim: int | None = None,
        seed: Any = 0,
        *,
        names: Iterable[str] | None = None,
        scale: float | None = None,
        counts: Any = None,
    ) -> "Table":
        """A new table on disk, for one that is larger than memory: a .npy file, mapped.

        It holds the very values that `Table(n, dim, seed, scale=scale)` has, and is trained in the
        same way; see `Trainer.fit(..., memory=...)` for how much of it is in memory at a time.

        Args:
            path: the .npy file to write; names and counts are written beside it. Its folder must
                exist. Room for the whole table is taken on the disk at once.
            n, dim, seed, names, scale, counts: as for a table in memory.

        Raises:
            FileExistsError: if there is a file at the path, or names or counts beside it.
            Locked: if another process is writing it.
            ShapeError, DataError: as for a table in memory.
            DiskFull: if the disk has less room; nothing is left of it then.
            OSError: if it cannot be written otherwise.

        >>> from pathlib import Path; from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     E = Table.create(Path(folder) / "E.npy", 1000, 4, seed=1)
        ...     bool((E.values == Table(1000, 4, seed=1).values).all())
        True
        """
        path, index = path_of("a table", path), None if names is None else Names(names)
        shape = checked_shape(len(index) if n is None and index is not None else n, dim)
        files.write_table(path, shape, drawn_in_pieces(shape, seed, scale), index, counts)
        return cls.open(path, "r+")

    @classmethod
    def open(cls, path: str | os.PathLike[str], mode: str = "r") -> "Table":
        """A table over a memory-mapped .npy file, with the names and counts that lie beside it.

        Args:
            path: a file of (n, dim) float32, such as `np.save` writes; names are read from
                `<stem>.names.json` and counts from `<stem>.counts.npy`, where there are such files.
            mode: "r" read-only, "r+" changes go to the file, "c" changes stay in this process.

        Raises:
            FormatError: if the file is not such an array, or its size disagrees with its header.
            OSError: if it cannot be opened.
        """
        if not isinstance(mode, str) or mode not in ("r", "r+", "c"):
            raise ShapeError(f"mode must be 'r', 'r+' or 'c', not {quoted(mode)}")
        path = path_of("a table", path)
        values, names, counts = files.open_files(path, mode)
        try:
            return cls.from_array(values, names, counts=counts)
        except ValueError as error:
            raise FormatError(f"{path} and the files beside it disagree: {error}") from None

    def _adopt(self, values: np.ndarray, names: Names | None, counts: Any) -> None:
        # a plain view: indexing a memmap object is several times slower; flush needs the map
        self.values: Floats = np.asarray(values)
        self._map = values if isinstance(values, np.memmap) else None
        if names is not None and len(names) != len(values):
            given = f"{len(names)} names for {len(values)} rows"
            raise ShapeError(f"{given}; give one name for each row")
        self._index = Index(self.shape, names)
        self.counts = counts

    @property
    def counts(self) -> np.ndarray | None:
        """(n,) int64, how often each item occurs, or None."""
        return self._counts

    @counts.setter
    def counts(self, counts: Any) -> None:
        self._counts = None if counts is None else checked_counts(counts, len(self))

    @property
    def names(self) -> list[str] | None:
        """The n names in the order of the rows, or None."""
        return None if self._index.names is None else self._index.names.index_to_key

    @property
    def name_index(self) -> Names | None:
        """The names with their ids, or None."""
        return self._index.names

    @property
    def dim(self) -> int:
        """The number of columns."""
        return self.values.shape[1]

    @property
    def shape(self) -> tuple[int, int]:
        """(n, dim)."""
        return self.values.shape[0], self.values.shape[1]

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[Floats]:
        return iter(self.values)

    def __contains__(self, item: object) -> bool:
        if isinstance(item, str):
            return self._index.names is not None and item in self._index.names
        if not is_integer(item):
            return False
        number = operator.index(item)  # type: ignore[arg-type]
        if self._index.names is not None and self._index.names.numbered:
            self._index.names.check_meant(number)
        return 0 <= number < len(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if dtype is None or np.dtype(dtype) == self.values.dtype:
            return self.values.copy() if copy else self.values
        if copy is False:
            raise ShapeError(f"float32 rows cannot be seen as {np.dtype(dtype)} without a copy")
        return self.values.astype(dtype)

    def __getitem__(self, key: Any) -> Floats:
        """Rows as NumPy does: an id, ids (shape + (dim,)), a slice, a mask, a tuple, names."""
        return self.values[self._index.key(key)]  # type: ignore[no-any-return]

    def __setitem__(self, key: Any, values: Any) -> None:
        """Write rows in place; where an id repeats, the last value stays."""
        self._check_writable("assigned to")
        check_not_masked("what is assigned", values)
        where = self._index.key(key)
        try:
            self.values[where] = values
        except (TypeError, ValueError, OverflowError) as error:
            raise ShapeError(f"these values do not fit the rows: {error}") from None

    def ids(self, items: Any) -> np.ndarray:
        """The ids of items.

        Args:
            items: ids or names, one or any shape of them; a negative id counts from the end.

        Returns:
            Ids from 0 to n - 1, intp, in the same shape; possibly the very array that was given.

        Raises:
            UnknownItem: for a name that is not in the table.
            IdOutOfRange: for an id below -n or at least n.
            ShapeError: for anything that is neither ids nor names.

        >>> Table(names=["cat", "dog", "owl"], dim=2).ids([["owl", "cat"], [-1, 0]]).tolist()
        [[2, 0], [2, 0]]
        """
        return self._index.ids(items)

    def check_ids(self, array: np.ndarray, what: str = "ids") -> None:
        """Check a column of data: every id from 0 to n - 1, no negative ones.

        Args:
            array: integers of any shape.
            what: what the error calls them, such as "column i".

        Raises:
            IdOutOfRange: naming the first id that is not, and its position.
            ShapeError: if they are not integers.

        >>> Table(3, 2).check_ids(np.array([0, 2, 3]), "column i")
        Traceback (most recent call last):
        rowspace.errors.IdOutOfRange: column i: id 3 at position 2 is out of range for a table of
        3 rows (0 to 2)
        """
        try:
            found = np.asarray(array)
        except ValueError:
            raise ShapeError(f"{what} are nested lists of unequal lengths; give an array of integers") from None
        check_not_masked(what, array)
        self._index.check(found, what)

    def shared(self, name: str | None = None) -> Any:
        """A PyTensor shared variable over the same memory, for writing the loop by hand.

        An update that increments or sets rows (`pt.inc_subtensor`, `pt.set_subtensor`) writes into
        this table's values. PyTensor may give the variable a new array for any other update, such
        as a whole new matrix: then `E[:] = variable.get_value()` brings it back. Use one variable
        per table in one function.

        Args:
            name: the variable's name in printed graphs.

        Returns:
            A shared matrix of float32.

        Raises:
            ReadOnly: if the values cannot be written.
        """
        # compiled code would write all the same, and the process would die of it
        self._check_writable("shared with PyTensor")
        check_kind("name", name, (str, type(None)), "text")
        import pytensor

        return pytensor.shared(self.values, name=name, borrow=True)

    @overload
    def most_similar(
        self, positive: Any = ..., negative: Any = ..., topn: int = ..., *, restrict_vocab: int | None = ...
    ) -> list[tuple[str, float]]: ...
    @overload
    def most_similar(
        self, positive: Any = ..., negative: Any = ..., *, topn: None, restrict_vocab: int | None = ...
    ) -> Floats: ...
    def most_similar(
        self,
        positive: Any = None,
        negative: Any = None,
        topn: int | None = 10,
        *,
        restrict_vocab: int | None = None,
    ) -> list[tuple[str, float]] | Floats:
        """The items nearest to a sum of vectors by cosine, as `rs.Model(table).most_similar`, which has more questions.

        >>> E = Table.from_array(np.array([[1, 0], [2, 1], [0, 3]], np.float32), ["a", "b", "c"])
        >>> E.most_similar("a", topn=1)
        [('b', 0.894427190...)]
        """
        import rowspace  # models are a room above

        return rowspace.Model(self).most_similar(positive, negative, topn=topn, restrict_vocab=restrict_vocab)

    def flush(self) -> None:
        """Write what was assigned to a table opened with mode='r+' out to its file."""
        if self._map is not None:
            self._map.flush()

    def __repr__(self) -> str:
        rows = "1 row" if len(self) == 1 else f"{len(self)} rows"
        first = ", ".join(map(quoted, (self.names or [])[:3])) + (", ..." if len(self) > 3 else "")
        return f"<Table: {rows} x {self.dim}{', names ' + first if self.names else ''}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the table in words, and a small picture of one of two dimensions."""
        return table_html(repr(self), self.values, self.names)

    def _check_writable(self, done: str) -> None:
        if not self.values.flags.writeable:
            modes = "mode='r+' (changes the file) or 'c' (changes stay in this process)"
            raise ReadOnly(f"a read-only table cannot be {done}; open it with {modes}")


def by_name(tables: Any) -> dict[str, Table]:
    """The tables of a cost by the names they have in it; DataError for anything else."""
    if not isinstance(tables, Mapping) or not all(isinstance(table, Table) for table in tables.values()):
        raise DataError('tables must be a dict of tables by the names they have in the cost, such as {"E": E}')
    return dict(tables)


def table_of(what: str, given: Any) -> Table:
    """The table that is meant: a table itself, or that of a model which has one; DataError for anything else.

    >>> import rowspace as rs
    >>> table_of("what is drawn", rs.Model({"W": Table(2, 2), "C": Table(2, 2)}))
    Traceback (most recent call last):
    rowspace.errors.DataError: what is drawn is a model of the tables W, C; say which, as model.tables["W"]
    """
    tables = getattr(given, "tables", None)
    if isinstance(tables, Mapping) and len(tables) > 1:
        named = f'{", ".join(map(str, tables))}; say which, as model.tables["{next(iter(tables))}"]'
        raise DataError(f"{what} is a model of the tables {named}")
    found = next(iter(tables.values()), given) if isinstance(tables, Mapping) else given
    check_kind(what, found, Table, "a table, or a model that has one")
    return found  # type: ignore[no-any-return]


def reopened(path: str | os.PathLike[str], shape: tuple[int, int], names: list[str] | None = None) -> Table:
    """The table of a training that is gone on with; its values are written over by those of the checkpoint.

    Raises:
        DataError: if it is a table of another shape or of other names.
        FormatError, OSError: as `Table.open`.
    """
    table = Table.open(path, "r+")
    if table.shape != shape or table.names != names:
        found, wanted = (f"{n} x {dim}" for n, dim in (table.shape, shape))
        others = f"{found}, not {wanted}" if found != wanted else f"{found} with other names"
        raise DataError(f"{path} is a table of {others}: another training's; give the folder that this one began with")
    return table
