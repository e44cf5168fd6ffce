"""Names and their ids: a name's id is the number of its row."""

import difflib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from rowspace.errors import DataError, UnknownItem
from rowspace.errors.quoting import quoted

# difflib compares about 100,000 short names a second, and an error should come at once
COMPARED_NAMES = 20_000


class Names(Sequence[str]):
    """Distinct names in the order of their rows.

    Names are compared code point by code point: two ways to write one accent are two names.

    Args:
        names: n strings in any iterable (a list, a NumPy, pandas or Arrow column); "" is a name
            like any other.

    Raises:
        DataError: if a name is not a string, or occurs twice.

    >>> names = Names(["cat", "dog"])
    >>> names[1], names.ids([["dog", "cat"]]).tolist()
    ('dog', [[1, 0]])
    >>> names.ids("caat")
    Traceback (most recent call last):
    rowspace.errors.UnknownItem: item 'caat' is not in the table (2 items); did you mean 'cat'?
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.index_to_key = _strings(names)
        twice = repeated(self.index_to_key)
        if twice:
            first, second = twice
            name, where = quoted(self.index_to_key[first]), f"positions {first} and {second}"
            raise DataError(f"name {name} occurs twice, at {where}; names must be distinct")

    @cached_property
    def key_to_index(self) -> dict[str, int]:
        """The id of each name; built when first asked for."""
        return {name: i for i, name in enumerate(self.index_to_key)}

    @cached_property
    def numbered(self) -> bool:
        """Whether every name is a whole number, and not just that of its row."""
        whole = all(name.removeprefix("-").isdecimal() for name in self.index_to_key)
        return whole and any(name != str(row) for row, name in enumerate(self.index_to_key))

    def check_meant(self, number: int) -> None:
        """Raise UnknownItem for a whole number that may be meant as a name, or as a row of another name."""
        name, there = str(number), 0 <= number < len(self)
        if self.key_to_index.get(name, None if self.numbered else number) == number:
            return
        meant = f"may be item {name!r} or row {number}" if name in self else "is no item"
        row = f", and a row by its name, table.names[{number}], or as table.values[{number}]" if there else ""
        raise UnknownItem(
            f"{number} {meant}: items here have whole numbers for names; give an item as text, {quoted(self[0])}{row}"
        )

    def ids(self, names: Any) -> np.ndarray:
        """The ids, intp, of a name or of names in nested lists or an array, in the same shape.

        Raises:
            UnknownItem: for a name that is not here, with the nearest that are.
        """
        # object: an array of NumPy's own strings would drop a name's trailing zero characters
        array = np.array(names, dtype=object)
        try:
            found = map(self.key_to_index.__getitem__, array.ravel().tolist())
            return np.fromiter(found, np.intp, array.size).reshape(array.shape)
        except KeyError as error:
            raise self._unknown(error.args[0]) from None

    def id(self, name: str) -> int:
        """The id of one name; UnknownItem if it is not here."""
        try:
            return self.key_to_index[name]
        except KeyError:
            raise self._unknown(name) from None

    def _unknown(self, name: Any) -> UnknownItem:
        near = self._near(name) if isinstance(name, str) else []
        hint = f"; did you mean {' or '.join(map(quoted, near))}?" if near else ""
        return UnknownItem(f"item {quoted(name)} is not in the table ({_items(len(self))}){hint}")

    def _near(self, name: str) -> list[str]:
        spelled = dict.fromkeys(s for s in _spellings(name) if s in self.key_to_index)
        if spelled:
            return list(spelled)[:1]
        with_kind = [other for other in self.index_to_key if other.endswith(f" {name}")]  # of two kinds: "user 1"
        if name and 0 < len(with_kind) <= 2:
            return with_kind
        slack = 1 + len(name) // 3
        close = (other for other in self.index_to_key if abs(len(other) - len(name)) <= slack)
        compared = [other for other, _ in zip(close, range(COMPARED_NAMES), strict=False)]
        return difflib.get_close_matches(name[:100], compared, n=1)

    def __len__(self) -> int:
        return len(self.index_to_key)

    def __getitem__(self, i: Any) -> Any:
        return self.index_to_key[i]

    def __iter__(self) -> Iterator[str]:
        return iter(self.index_to_key)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self.key_to_index

    def __repr__(self) -> str:
        return f"<Names: {_items(len(self))}>"


def repeated(names: list[str]) -> tuple[int, int] | None:
    """The positions of the first name that occurs a second time, or None.

    >>> repeated(["a", "b", "c", "b"])
    (1, 3)
    """
    if len(set(names)) == len(names):
        return None
    seen: dict[str, int] = {}
    for i, name in enumerate(names):
        if seen.setdefault(name, i) != i:
            return seen[name], i
    return None


def _strings(names: Iterable[str]) -> list[str]:
    if isinstance(names, str):
        raise DataError(f"names must be a list, got one string; write [{quoted(names)}]")
    # Arrow's elements are scalars of its own until asked for Python's
    try:
        listed = names.to_pylist() if hasattr(names, "to_pylist") else list(names)
    except TypeError:
        raise DataError(f"names must be a list of strings, not {quoted(names)}") from None
    if set(map(type, listed)) <= {str}:
        return listed
    for i, name in enumerate(listed):
        if not isinstance(name, str):
            what = f"{quoted(name)} at position {i} is {type(name).__name__}"
            raise DataError(f"name {what}, not a string; give str(name)")
    return [str(name) for name in listed]


def _spellings(name: str) -> Iterator[str]:
    """What a reader would call the same name: other normal forms, cases and surrounding spaces."""
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        yield unicodedata.normalize(form, name)  # type: ignore[arg-type]
    yield from (name.strip(), name.lower(), name.upper(), name.title(), name.strip().lower())


def _items(n: int) -> str:
    return "1 item" if n == 1 else f"{n} items"
