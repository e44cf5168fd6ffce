"""A chunk: columns of the same examples by name, and what is done to all of them at once."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from rowspace.columns.kinds import AnyColumn, Form, column_of
from rowspace.errors import DataError

Chunk = dict[str, AnyColumn]


def length(columns: Chunk) -> int:
    """The number of examples: every column has this length but those that fit any."""
    found = {name: column_of(column).examples for name, column in columns.items()}
    lengths = {name: n for name, n in found.items() if n is not None}
    if not lengths:
        raise DataError("data has no column of its own; give at least one array")
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {n}" for name, n in lengths.items())
        raise DataError(f"columns differ in length: {listed}")
    return next(iter(lengths.values()))


def members(columns: Chunk) -> np.ndarray | None:
    """Where the members of gathered bags begin, (n + 1,): what counts as examples; None if examples are single."""
    found = (column_of(column).members for column in columns.values())
    return next((begins for begins in found if begins is not None), None)


def counted_before(columns: Chunk, n: Any) -> Any:
    """How many examples stand before entry n of a chunk: n, or the members of the bags before bag n."""
    bags = members(columns)
    return n if bags is None else bags[n] - bags[0]


def forms_of(columns: Chunk, used: Iterable[str]) -> dict[str, Form]:
    """The form of each column in `used`."""
    return {name: column_of(columns[name]).form(name) for name in used}


def checked(chunk: Chunk, ids: Mapping[str, list[str]], tables: Mapping[str, Any], used: Iterable[str]) -> Chunk:
    """The columns in `used` as a kernel takes them: ids in range, numbers finite float32, all contiguous.

    `ids` names the tables that each id column indexes.

    Raises:
        IdOutOfRange, UnknownItem, DataError: naming the column and the position of the first value that will not do.
    """
    return {name: column_of(chunk[name]).checked(name, [tables[t] for t in ids.get(name, [])]) for name in used}


def cut_out(chunk: Chunk, lo: int, hi: int) -> Chunk:
    """Examples `lo` to `hi` of a chunk, without copying."""
    return {name: column_of(column).cut(lo, hi) for name, column in chunk.items()}


def reordered(chunk: Chunk, order: np.ndarray) -> Chunk:
    """The examples of a chunk in another order."""
    return {name: column_of(column).reordered(order) for name, column in chunk.items()}
