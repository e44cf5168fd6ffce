"""Checks the lengths of bags before a loop runs, because the loop itself does not."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from rowspace.columns.chunk import Chunk
from rowspace.columns.kinds import column_of
from rowspace.errors import DataError
from rowspace.kernel.arithmetic import calculated


def check_lengths(
    chunk: Chunk, named: Mapping[str, str], equal: Iterable[tuple[str, str]], inside: Iterable[tuple[str, str]]
) -> None:
    """Check the lengths of a chunk's bags.

    Args:
        chunk: checked columns.
        named: what the loop calls the length of each ragged column: that name -> the column's.
        equal: pairs of lengths that must be the same in every example, as sources over those names.
        inside: places, and the lengths they must lie in. Places count from the end when they are negative.

    Raises:
        DataError: for the first example that does not fit.
    """
    for a, b in equal:
        first, second = (_values(text, chunk, named) for text in (a, b))
        n = _first(first != second, chunk)
        if n is not None:
            raise _differ(chunk, [named.get(a, a), named.get(b, b)], [_at(first, n), _at(second, n)], n)
    for place, length in inside:
        at, of = (_values(text, chunk, named) for text in (place, length))
        n = _first((at < -of) | (at >= of), chunk)
        if n is not None:
            column = next(c for name, c in named.items() if re.search(rf"\b{name}\b", f"{length} {place}"))
            raise DataError(
                f"the cost takes place {_at(at, n)} of {_bag(length, column, named)}, which holds {_at(of, n)} at "
                f"example {n}; leave out examples with bags that are so short"
            )


def _values(text: str, chunk: Chunk, named: Mapping[str, str]) -> Any:
    """A length of every example: a number, or a source over lengths of columns."""
    found: dict[str, Any] = {}
    for name, column in named.items():
        if re.search(rf"\b{name}\b", text):
            lengths = column_of(chunk[column]).lengths
            if lengths is None:
                raise DataError(f"column {column!r} must be ragged, as it was when the loop was written")
            found[name] = lengths
    return np.asarray(calculated(text, found))


def _first(wrong: Any, chunk: Chunk) -> int | None:
    """The first example with something wrong; what is wrong of no bag in particular is so of the first."""
    found = np.flatnonzero(wrong)
    if not len(found):
        return None
    lengths = (column_of(column).lengths for column in chunk.values())
    return int(found[0]) if any(of is not None and len(of) for of in lengths) else None


def _at(values: Any, n: int) -> int:
    return int(values[n] if values.ndim else values)


def _bag(length: str, column: str, named: Mapping[str, str]) -> str:
    return f"bag {column!r}" if length in named else f"a part of bag {column!r}"


def _differ(chunk: Chunk, what: list[str], lengths: list[int], n: int) -> DataError:
    a, b = what
    if a in chunk and b in chunk:
        which = f"columns {a!r} and {b!r} are used together but differ in length"
    else:
        which = "the cost uses parts of bags together that differ in length"
    return DataError(f"{which}: {lengths[0]} and {lengths[1]} at example {n}")
