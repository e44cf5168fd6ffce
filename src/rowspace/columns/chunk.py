"""Columns of the same examples, by name."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from rowspace.columns.checking import checked_values
from rowspace.columns.kinds import Column, Gathered, Ragged, Unused, of_each
from rowspace.columns.negatives import Negatives
from rowspace.errors import DataError

Chunk = dict[str, Column]


def length(columns: Chunk) -> int:
    """The number of examples: every column but a sampled one has this length."""
    lengths = {name: len(c) for name, c in columns.items() if not isinstance(c, Negatives | Unused)}
    if not lengths:
        raise DataError("data has no column of its own; give at least one array")
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {n}" for name, n in lengths.items())
        raise DataError(f"columns differ in length: {listed}")
    return next(iter(lengths.values()))


def members(columns: Chunk) -> np.ndarray | None:
    """Where the members of gathered bags begin, (n + 1,): what counts as examples; None if examples are single."""
    return next((c.offsets for c in columns.values() if isinstance(c, Ragged) and c.gathered), None)


def counted_before(columns: Chunk, n: Any) -> Any:
    """How many examples stand before entry n of a chunk: n, or the members of the bags before bag n."""
    bags = members(columns)
    return n if bags is None else bags[n] - bags[0]


def checked(chunk: Chunk, ids: Mapping[str, list[str]], tables: Mapping[str, Any], used: Any) -> Chunk:
    """The columns in `used` as a kernel takes them: ids in range, numbers finite float32, all contiguous.

    `ids` names the tables that each id column indexes. Raises IdOutOfRange, UnknownItem or DataError naming the
    column and the position of the first value that is none.
    """
    return {name: _checked(name, chunk[name], [tables[t] for t in ids.get(name, [])]) for name in used}


def _checked(name: str, column: Column, indexed: list[Any]) -> Column:
    if isinstance(column, Unused):
        raise DataError(f"column {name!r} is not one of the cost's")
    if isinstance(column, Negatives):
        for table in indexed:
            if len(table) != len(column.of):
                raise DataError(f"{name!r} is drawn from {len(column.of)} rows but indexes a table of {len(table)}")
        return column
    if isinstance(column, Ragged):
        offsets = np.ascontiguousarray(column.offsets, np.int64)
        if offsets[0] < 0 or offsets[-1] > len(column.values) or (np.diff(offsets) < 0).any():
            raise DataError(f"column {name!r} has offsets that do not rise from 0 to its {len(column.values)} values")
        return replace(column, values=checked_values(name, column.values, indexed), offsets=offsets)
    if isinstance(column, Gathered):
        return column.of(checked_values(name, column.values, indexed))
    return checked_values(name, column, indexed)


def cut_out(chunk: Chunk, lo: int, hi: int) -> Chunk:
    """Examples `lo` to `hi` of a chunk, without copying."""
    return {name: _cut_out(column, lo, hi) for name, column in chunk.items()}


def _cut_out(column: Column, lo: int, hi: int) -> Column:
    if isinstance(column, Negatives | Unused):
        return column
    if isinstance(column, Ragged):
        return replace(column, offsets=column.offsets[lo : hi + 1])
    return column.of(column.values[lo:hi]) if isinstance(column, Gathered) else column[lo:hi]


def reordered(chunk: Chunk, order: np.ndarray) -> Chunk:
    """The examples of a chunk in another order."""
    return {name: _reordered(column, order) for name, column in chunk.items()}


def _reordered(column: Column, order: np.ndarray) -> Column:
    if isinstance(column, Negatives | Unused):
        return column
    if isinstance(column, Gathered):
        return column.of(column.values[order])
    return of_each(column, order) if isinstance(column, Ragged) else column[order]
