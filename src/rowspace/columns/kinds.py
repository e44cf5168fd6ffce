"""The kinds of columns: a class for each, with all that is done to a column.

A chunk holds plain NumPy arrays as they are; `column_of` gives what is done to them. A new kind derives from `Column`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from rowspace.columns.checking import checked_values
from rowspace.columns.move_loops import move, take_bags
from rowspace.errors import DataError
from rowspace.jit.compile import compiled_loop
from rowspace.system.digests import digest_of
from rowspace.tables.entries import offsets_of

_LOOKED_AT_ENTRIES = 4096  # the first ones, among which errors look for a number that is no id


@dataclass(frozen=True)
class Draws:
    """How a loop draws the ids of a column.

    Args:
        count: how many for an example.
        avoid: the column whose own id is not to be drawn.
        arrays: the names of what it draws with: alias tables, a pool, or nothing where draws are uniform.
        replaced: of a pool of the rows of a block, the column (and place in it) of the id that drawn ones stand for.
    """

    count: int
    avoid: str | None
    arrays: tuple[str, ...] = ()
    replaced: tuple[str, int | None] | None = None


@dataclass(frozen=True)
class Form:
    """What a loop has to know of a column: the form of one example's part of it.

    Args:
        shape: () for one value, (m,) for m of them, (None,) for a ragged bag.
        integer: whether the values are whole numbers, which may be ids.
        names: whether they are strings.
        gathered: whether the bags are made of entries that count as examples.
        draws: how the loop draws the values, if it does.
        seen: one number that is no id, for errors.
    """

    shape: tuple[int | None, ...] = ()
    integer: bool = True
    names: bool = False
    gathered: bool = False
    draws: Draws | None = None
    seen: str = field(default="", compare=False, repr=False)

    def __str__(self) -> str:
        if self.draws:
            return f"{self.draws.count} drawn"
        what = "ids" if self.integer else "numbers"
        return f"bag of {what}" if self.ragged else " x ".join([*map(str, self.shape), what])

    @property
    def ragged(self) -> bool:
        return self.shape == (None,)


class Column:
    """A column of a chunk, and what is done to one.

    As it stands here, it has no entries of its own and fits any number of examples.
    """

    @property
    def examples(self) -> int | None:
        """How many examples it has entries for; None where it fits any number."""
        return None

    @property
    def flat(self) -> np.ndarray | None:
        """The array of its ids or numbers, if it has any of its own."""
        return None

    @property
    def single(self) -> np.ndarray | None:
        """Of one id or number for each example, all of them (n,)."""
        return None

    @property
    def lengths(self) -> np.ndarray | None:
        """Of bags of any length (n,) int64: how long each is."""
        return None

    @property
    def members(self) -> np.ndarray | None:
        """Of bags whose members count as examples (n + 1,) int64: where their members begin."""
        return None

    @property
    def refers_to(self) -> tuple[str, ...]:
        """The other columns that it refers to."""
        return ()

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """What a loop is given of it."""
        return ()

    @property
    def digest(self) -> str:
        """A text that tells it from others."""
        raise NotImplementedError

    def how_drawn(self, name: str) -> str:
        """How its ids are drawn, for people; nothing where none are drawn."""
        return ""

    def form(self, name: str) -> Form:
        """Its form; DataError, which calls it `name`, where it is none that a loop takes."""
        raise NotImplementedError

    def checked(self, name: str, indexed: Sequence[Any]) -> "AnyColumn":
        """The column as a loop takes it.

        Args:
            name: what errors call it.
            indexed: the tables that it indexes; of one that indexes none, the numbers are checked.

        Raises:
            IdOutOfRange, UnknownItem, DataError: naming the position of the first value that will not do.
        """
        return self

    def of(self, values: np.ndarray) -> "AnyColumn":
        """The same kind of column with other ids or numbers, for as many examples."""
        return self

    def example(self, n: int) -> Any:
        """What example n has of it, as an array."""
        return self

    def between(self, lo: int, hi: int) -> np.ndarray:
        """The ids or numbers of examples `lo` to `hi`."""
        raise NotImplementedError

    def cut(self, lo: int, hi: int) -> "AnyColumn":
        """Examples `lo` to `hi`, without copying."""
        return self

    def reordered(self, order: np.ndarray) -> "AnyColumn":
        """The examples in another order."""
        return self

    def moved(self, places: np.ndarray) -> "AnyColumn":
        """Every example n at the place `places[n]`."""
        return self

    def with_draws(self, part: Any, salt: int, columns: Mapping[str, Any]) -> "AnyColumn":
        """Some examples, with the ids drawn that a loop would draw for them.

        Args:
            part: the examples and the seed, a `Slice`.
            salt: the place of the column among those of the cost.
            columns: the arrays of those that it may refer to.
        """
        return self.cut(part.lo, part.hi)


AnyColumn = np.ndarray | Column


@dataclass(frozen=True)
class Plain(Column):
    """An array of one entry for each example: a value, or a bag or vector of m values."""

    values: np.ndarray

    @property
    def examples(self) -> int | None:
        return len(self.values)

    @property
    def flat(self) -> np.ndarray | None:
        return self.values

    @property
    def single(self) -> np.ndarray | None:
        return self.values if self.values.ndim == 1 else None

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        return (self.values,)

    @property
    def digest(self) -> str:
        return digest_of(self.values)

    def of(self, values: np.ndarray) -> AnyColumn:
        return values

    def form(self, name: str) -> Form:
        if self.values.ndim > 2:
            raise DataError(
                f"column {name!r} has {self.values.ndim} dimensions; a column has one, or two for bags and vectors"
            )
        return _form(name, self.values, self.values.shape[1:])

    def checked(self, name: str, indexed: Sequence[Any]) -> AnyColumn:
        return self.of(checked_values(name, self.values, indexed))

    def example(self, n: int) -> Any:
        return np.asarray(self.values[n])

    def between(self, lo: int, hi: int) -> np.ndarray:
        return self.values[lo:hi]

    def cut(self, lo: int, hi: int) -> AnyColumn:
        return self.of(self.values[lo:hi])

    def reordered(self, order: np.ndarray) -> AnyColumn:
        return self.of(self.values[order])

    def moved(self, places: np.ndarray) -> AnyColumn:
        out = np.empty_like(self.values)
        wide, into = (a if a.ndim == 2 else a[:, None] for a in (self.values, out))
        compiled_loop(move)(wide, places, into)
        return self.of(out)


@dataclass(frozen=True)
class Ragged(Column):
    """A column of bags of any length: example n holds `values[offsets[n]:offsets[n + 1]]`.

    Members of `gathered` bags count as examples (see `Gathered`).
    """

    values: np.ndarray
    offsets: np.ndarray
    gathered: bool = False

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, n: int) -> np.ndarray:
        return self.values[self.offsets[n] : self.offsets[n + 1]]

    @property
    def examples(self) -> int | None:
        return len(self)

    @property
    def flat(self) -> np.ndarray | None:
        return self.values

    @property
    def lengths(self) -> np.ndarray | None:
        return np.diff(self.offsets)

    @property
    def members(self) -> np.ndarray | None:
        return self.offsets if self.gathered else None

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        return self.values, self.offsets

    @property
    def digest(self) -> str:
        return f"{self.gathered} {digest_of(self.values, self.offsets)}"

    def form(self, name: str) -> Form:
        return _form(name, self.values, (None,), gathered=self.gathered)

    def checked(self, name: str, indexed: Sequence[Any]) -> "Ragged":
        offsets = np.ascontiguousarray(self.offsets, np.int64)
        if offsets[0] < 0 or offsets[-1] > len(self.values) or (np.diff(offsets) < 0).any():
            raise DataError(f"column {name!r} has offsets that do not rise from 0 to its {len(self.values)} values")
        return replace(self, values=checked_values(name, self.values, indexed), offsets=offsets)

    def example(self, n: int) -> Any:
        return np.asarray(self[n])

    def between(self, lo: int, hi: int) -> np.ndarray:
        return self.values[self.offsets[lo] : self.offsets[hi]]

    def cut(self, lo: int, hi: int) -> "Ragged":
        return replace(self, offsets=self.offsets[lo : hi + 1])

    def reordered(self, order: np.ndarray) -> "Ragged":
        """The bags of some examples, one after another."""
        offsets = offsets_of(np.diff(self.offsets)[order])
        values = np.empty(offsets[-1], self.values.dtype)
        compiled_loop(take_bags)(self.values, self.offsets, order, offsets, values)
        return replace(self, values=values, offsets=offsets)

    def moved(self, places: np.ndarray) -> "Ragged":
        return self.reordered(np.argsort(places, kind="stable"))


@dataclass(frozen=True)
class Unused(Column):
    """A column that the cost does not use: nobody has looked at it."""

    def form(self, name: str) -> Form:
        raise DataError(f"column {name!r} is not one of the cost's")

    def checked(self, name: str, indexed: Sequence[Any]) -> AnyColumn:
        raise DataError(f"column {name!r} is not one of the cost's")


def column_of(entries: AnyColumn) -> Column:
    """What stands in a chunk, with all that is done to it: the one place that knows that arrays stand there bare."""
    return entries if isinstance(entries, Column) else Plain(entries)


def _form(name: str, values: np.ndarray, shape: tuple[int | None, ...], *, gathered: bool = False) -> Form:
    if values.dtype.kind not in "iuOUTfb":
        raise DataError(f"column {name!r} holds {values.dtype}; a column holds ids, names or numbers")
    return Form(shape, values.dtype.kind in "iuOUT", values.dtype.kind in "OUT", gathered, seen=_seen(values))


def _seen(values: np.ndarray) -> str:
    """A number that is not whole among the first ones, or else the first, and its position; of numbers only."""
    first = values[:_LOOKED_AT_ENTRIES]
    if first.dtype.kind not in "fb" or not first.size:
        return ""
    odd = np.argwhere(np.trunc(first) != first) if first.dtype.kind == "f" else np.empty((0, first.ndim), np.int64)
    place = tuple(odd[0].tolist()) if len(odd) else (0,) * first.ndim
    return f"{first[place]} at position {place[0] if len(place) == 1 else place}"
