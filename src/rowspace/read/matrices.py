"""Sparse matrices as pairs: files of MatrixMarket, and those of scipy."""

import io
from collections.abc import Iterator
from typing import Any

import numpy as np

from rowspace.errors import DataError
from rowspace.errors.quoting import one_line
from rowspace.read.stream import Content, Stream
from rowspace.read.tabular import ArrowTable
from rowspace.system.memory import require_memory

ENTRY_BYTES = 3  # of a file, at least: two numbers and a space; the last may have no end of line
PAIR_BYTES = 100  # of memory, for two names and a weight


def matrix_market(source: Content) -> ArrowTable:
    """The entries of a MatrixMarket file, of which ids begin with 1; of a symmetric one each that is written.

    Raises:
        DataError: for a matrix that is not sparse or not of real numbers, or another number of entries than it says.
    """
    from scipy.io import mminfo, mmread

    try:
        *_, entries, layout, field, symmetry = mminfo(io.BytesIO(source.data))
        if layout != "coordinate" or field == "complex":
            raise DataError(f"{source.name} is a matrix of {layout}, {field}; give one of coordinates and real numbers")
        if ENTRY_BYTES * entries > len(source.data):
            raise ValueError(f"it says that it has {entries:,} entries, and is too short for them")
        require_memory(PAIR_BYTES * entries, f"{source.name}, {entries:,} entries,", "give the pairs in parts")
        found = mmread(io.BytesIO(source.data)).tocoo()
    except (ValueError, OverflowError) as error:
        raise DataError(f"{source.name}: damaged MatrixMarket file: {one_line(error)}") from None
    return _entries(source.name, found, first=1, half=symmetry != "general")


def matrix_column(stream: Stream, column: str) -> Iterator[Any]:
    """Refuse a matrix where a text is wanted."""
    raise DataError(f"{stream.name} is a matrix, which has no column of text")


def sparse_matrix(name: str, data: Any) -> ArrowTable:
    """The entries of a sparse matrix of scipy's, of which ids begin with 0.

    Raises:
        DataError: for one that is not of two dimensions, or of complex numbers.
    """
    if len(data.shape) != 2 or np.dtype(data.dtype).kind not in "biuf":
        raise DataError(f"{name} of shape {data.shape} holds {data.dtype}; give a matrix of real numbers")
    return _entries(name, data.tocoo(), first=0, half=False)


def _entries(name: str, matrix: Any, *, first: int, half: bool) -> ArrowTable:
    """Those that are not 0; rows and columns of a matrix that is not square are different items, and named so.

    The values are weights, unless all are 1.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kept = (matrix.data != 0) & ((matrix.row >= matrix.col) if half else True)
    ids = [pa.array((side[kept] + first).astype(np.int64)) for side in (matrix.row, matrix.col)]
    if matrix.shape[0] != matrix.shape[1]:
        texts = (one.cast(pa.string()) for one in ids)
        ids = [pc.binary_join_element_wise(what, one, " ") for what, one in zip(("row", "column"), texts, strict=True)]
    values = matrix.data[kept]
    columns = {"left": ids[0], "right": ids[1]} | ({} if (values == 1).all() else {"weight": pa.array(values)})
    return ArrowTable(name, pa.table(columns), says_roles=True)
