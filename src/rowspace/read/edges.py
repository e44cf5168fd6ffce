"""Pairs that somebody has in memory and that are no frame: arrays, lists of tuples, graphs, sparse matrices."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rowspace.columns.frames import Frame
from rowspace.errors import DataError
from rowspace.read.matrices import sparse_matrix
from rowspace.read.roles import SIDES
from rowspace.read.tabular import ArrowTable, FrameColumns, frame

HOW = 'such as columns=["left", "right", "weight"]'


def in_memory(data: Any, columns: Sequence[str] | None) -> ArrowTable:
    """The columns of a frame, or of rows without names, which `columns` gives.

    Raises:
        DataError: for what is none of these, and rows that differ in length or have more fields than names.
    """
    name = f"the {type(data).__name__}"
    if isinstance(data, np.ndarray) and data.dtype.names is None:
        if data.ndim != 2:
            raise DataError(f"the array of shape {data.shape} has no pairs; give one of shape (n, 2) or (n, 3)")
        return _of_rows("the array", [_whole(column) for column in data.T], columns)
    if isinstance(data, list | tuple) and data and all(isinstance(row, list | tuple) for row in data):
        if len({len(row) for row in data}) > 1:
            k = next(k for k, row in enumerate(data) if len(row) != len(data[0]))
            raise DataError(f"{name} has {len(data[0])} entries in row 1, and {len(data[k])} in row {k + 1}")
        return _of_rows(name, [list(column) for column in zip(*data, strict=True)], columns)
    if columns is not None:
        raise DataError(f"{name} has names of its own, or none that can be given; leave out columns")
    if hasattr(data, "tocoo"):
        return sparse_matrix(name, data)
    if hasattr(data, "nodes") and callable(getattr(data, "edges", None)):
        return _of_graph(name, data)
    return frame(data)


def _of_rows(name: str, found: list[Any], columns: Sequence[str] | None) -> ArrowTable:
    if len(found) < 2:
        raise DataError(f"{name} has rows of {len(found)}; a pair has a left and a right item")
    if columns is None and len(found) > 2:
        raise DataError(f"{name} has rows of {len(found)}; say what they hold, {HOW}")
    if columns is not None and len(columns) != len(found):
        raise DataError(f"{name} has rows of {len(found)}, and columns {len(columns)} names; give one for each")
    return FrameColumns(Frame(name, SIDES if columns is None else columns, found.__getitem__), says_roles=True)


def _whole(column: np.ndarray) -> np.ndarray:
    """Whole numbers as such: an array of ids and weights has them as floats."""
    if column.dtype.kind == "f" and np.isfinite(column).all() and (column == np.rint(column)).all():
        return column.astype(np.int64)
    return column


def _of_graph(name: str, graph: Any) -> ArrowTable:
    """The edges of a graph as networkx has them, and what is known of each."""
    edges = list(graph.edges(data=True))
    known = dict.fromkeys(key for *_, about in edges for key in about if key not in SIDES)
    found = [[edge[0] for edge in edges], [edge[1] for edge in edges]]
    found += [[about.get(key) for *_, about in edges] for key in known]
    return FrameColumns(Frame(name, [*SIDES, *known], found.__getitem__))
