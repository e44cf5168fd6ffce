"""Python's lists become arrays by looking at every entry, before NumPy sees any.

NumPy makes one kind of array of whatever it is given: of a name and a missing one two names, of 1 and True two ids.
"""

from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from itertools import chain
from typing import Any, NoReturn

import numpy as np

from rowspace.errors import DataError
from rowspace.errors.quoting import quoted

NAME, WHOLE, NUMBER, TRUTH, BAG = "a name", "a whole number", "a number", "a truth value", "a list"
_MEANINGS: tuple[tuple[str, tuple[type, ...]], ...] = (
    (NAME, (str,)),
    (TRUTH, (bool, np.bool_)),
    (WHOLE, (int, np.integer)),
    (NUMBER, (float, np.floating, Decimal)),
)
Place = Callable[[int], str]


def array_of(what: str, entries: Sequence[Any], place: Place = "at position {}".format) -> np.ndarray:
    """An array (n,) of names (Python's own strings), whole numbers, numbers or truth values.

    Whole numbers among others are numbers. Nothing else is mixed. Errors call the entries `what`, and say by `place`
    where entry k stands.

    Raises:
        DataError: naming the first entry that is none of these, or not what the others are.

    >>> array_of("column 'i'", ["oslo", float("nan")])
    Traceback (most recent call last):
    rowspace.errors.DataError: column 'i' holds nan (float) at position 1: it is missing; drop such examples or fill
    them in
    """
    kinds = set(map(type, entries))
    found = {_meaning(kind) for kind in kinds}
    if found == {NAME}:
        # NumPy's own strings drop zero characters at the end
        return np.fromiter(entries if kinds == {str} else map(str, entries), object, len(entries))
    if found <= {WHOLE}:
        return _whole_numbers(what, entries, place)
    if found <= {WHOLE, NUMBER}:
        try:
            return np.array(entries, np.float64)
        except OverflowError:
            _refuse(what, entries, place, lambda entry: abs(entry) > 2**1000, "it is no finite number")
    if found == {TRUTH}:
        return np.array(entries, np.bool_)
    raise _mixed(what, entries, place)


def bags_of(what: str, bags: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """The entries of all bags (m,), and where each bag begins among them and the last ends, (n + 1,) int64.

    Raises:
        DataError: as `array_of`, and for what is no flat list.
    """
    for n, bag in enumerate(bags if not all(map(is_bag, set(map(type, bags)))) else ()):
        if not is_bag(type(bag)):
            raise DataError(f"{what} holds {_told(bag)} at position {n}, among lists; make every example a list")
    arrays = [part for part in bags if isinstance(part, np.ndarray) and part.dtype != object]
    parts = list(bags) if len(arrays) == len(bags) else [_listed(what, n, bag) for n, bag in enumerate(bags)]
    offsets = offsets_of(np.fromiter(map(len, parts), np.int64, len(parts)))
    if len(arrays) == len(bags):
        joined = _joined(what, arrays)
        if joined is not None:
            return joined, offsets
        parts = [part.tolist() for part in arrays]
    return array_of(what, list(chain.from_iterable(parts)), lambda k: _in_bag(k, offsets)), offsets


def offsets_of(lengths: Any) -> np.ndarray:
    """Where bags of these lengths (n,) begin and the last ends, (n + 1,) int64."""
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def is_bag(kind: type) -> bool:
    """Whether entries of a type hold entries of their own, in an order."""
    if issubclass(kind, str | bytes | bytearray | memoryview | np.generic) or kind is type(np.ma.masked):
        return False
    return issubclass(kind, Sequence | np.ndarray) or (hasattr(kind, "__array__") and hasattr(kind, "__len__"))


def check_not_masked(what: str, array: Any) -> None:
    """Raise DataError for an array with a masked entry, which has no value."""
    if isinstance(array, np.ma.MaskedArray):
        masked = np.argwhere(np.ma.getmaskarray(array))
        if len(masked):
            where = masked[0][0] if array.ndim == 1 else tuple(masked[0].tolist())
            raise DataError(f"{what} is masked at position {where}; drop such entries or fill them in")


def _meaning(kind: type) -> str | None:
    return next((meaning for meaning, kinds in _MEANINGS if issubclass(kind, kinds)), BAG if is_bag(kind) else None)


def _whole_numbers(what: str, entries: Sequence[Any], place: Place) -> np.ndarray:
    try:
        return np.array(entries, np.int64)
    except OverflowError:
        _refuse(
            what, entries, place, lambda x: not -(2**63) <= x < 2**63, "it is beyond 64 bits; write a number as a float"
        )


def _refuse(what: str, entries: Sequence[Any], place: Place, wrong: Callable[[Any], bool], why: str) -> NoReturn:
    at, entry = next((k, entry) for k, entry in enumerate(entries) if wrong(entry))
    raise DataError(f"{what} holds {_told(entry)} {place(at)}: {why}")


def pieces_of(lengths: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Stretches of these lengths (n,) in pieces of at most so many: the stretch of each piece, and its place there.

    >>> pieces_of(np.array([2, 5]), 2)
    (array([0, 1, 1, 1]), array([0, 0, 1, 2]))
    """
    counts = -(-lengths // most)
    of = np.repeat(np.arange(len(counts)), counts)
    return of, np.arange(len(of)) - offsets_of(counts)[of]


def _mixed(what: str, entries: Sequence[Any], place: Place) -> DataError:
    """The error for entries that are no names, or numbers, or not all of one meaning."""
    found = [_meaning(type(entry)) for entry in entries]
    numbers = not {*found} & {NAME, BAG}
    for k, entry in enumerate(entries):
        if _is_missing(entry, numbers):
            return DataError(f"{what} holds {_told(entry)} {place(k)}: it is missing; {FILL}")
    for k, entry in enumerate(entries):
        if found[k] is None:
            hint = "; .decode() it" if isinstance(entry, bytes) else ""
            return DataError(f"{what} holds {_told(entry)} {place(k)}; a column holds ids, names or numbers{hint}")
    if BAG in found:
        odd = found.index(BAG)
        why = "where a single entry belongs; a column holds single entries, or flat lists of them"
        return DataError(f"{what} holds {_told(entries[odd])} {place(odd)}, {why}")
    odd = next(k for k, meaning in enumerate(found) if not _alike(meaning, found[0]))
    return DataError(
        f"{what} holds {_told(entries[odd])} {place(odd)}, which is {found[odd]}, and {_told(entries[0])} {place(0)}, "
        f"which is {found[0]}; give one or the other"
    )


FILL = "drop such examples or fill them in"


def _alike(meaning: str | None, usual: str | None) -> bool:
    return meaning == usual or {meaning, usual} == {WHOLE, NUMBER}


def _is_missing(entry: Any, among_numbers: bool) -> bool:
    """Whether an entry stands for none: None, NaT, pandas' NA, a masked one, and among others than numbers NaN."""
    if entry is None or entry is np.ma.masked or type(entry).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(entry, float | np.floating) and not among_numbers and bool(np.isnan(entry))


def _told(entry: Any) -> str:
    return quoted(entry) if entry is None else f"{quoted(entry)} ({type(entry).__name__})"


def _listed(what: str, n: int, bag: Any) -> Collection[Any]:
    """A bag as something to go through: Python's own numbers and strings, where it is an array."""
    if isinstance(bag, list | tuple):
        return bag
    check_not_masked(f"{what}, example {n}", bag)
    found: Any = bag if isinstance(bag, Sequence) else np.asarray(bag)
    if isinstance(found, np.ndarray):
        if found.ndim != 1:
            raise DataError(f"{what} holds an array of {found.ndim} dimensions at position {n}; a bag is a flat list")
        found = found.tolist()
    return list(found)


def _joined(what: str, arrays: Sequence[np.ndarray]) -> np.ndarray | None:
    """Arrays one after another; None where that would change what any of them holds."""
    for n, part in enumerate(arrays):
        if part.ndim != 1:
            raise DataError(f"{what} holds an array of {part.ndim} dimensions at position {n}; a bag is a flat list")
        if type(part) is not np.ndarray:
            check_not_masked(f"{what}, example {n}", part)
    parts = [np.asarray(part) for part in arrays if len(part)]
    kinds = {part.dtype.kind for part in parts}
    if kinds in ({"i"}, {"u"}, {"f"}, {"b"}, {"i", "f"}):
        return np.concatenate(parts)
    return None


def _in_bag(k: int, offsets: np.ndarray) -> str:
    n = int(np.searchsorted(offsets, k, side="right")) - 1
    return f"at place {k - offsets[n]} of example {n}"
