"""The values a table stands on: drawn at random, or adopted from an array."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from rowspace.errors import ShapeError
from rowspace.errors.checks import number, whole
from rowspace.errors.quoting import one_line, quoted
from rowspace.system.memory import require_memory
from rowspace.tables.entries import check_not_masked

NUMBERS_AT_ONCE = 2**22  # drawn
Floats = np.ndarray[Any, np.dtype[np.float32]]


def checked_shape(n: Any, dim: Any) -> tuple[int, int]:
    """The shape of a table: two whole numbers of at least 1."""
    return whole("n", n, 1, error=ShapeError), whole("dim", dim, 1, error=ShapeError)


def drawn(n: Any, dim: Any, seed: Any, scale: float | None) -> np.ndarray:
    """(n, dim) float32, normal with standard deviation `scale` or else 1 / sqrt(dim)."""
    shape = checked_shape(n, dim)
    require_memory(4 * shape[0] * shape[1], f"a table of {shape[0]} x {shape[1]}")
    return next(drawn_in_pieces(shape, seed, scale, rows=shape[0]))


def drawn_in_pieces(
    shape: tuple[int, int], seed: Any, scale: float | None, rows: int | None = None
) -> Iterator[np.ndarray]:
    """The same numbers some rows at a time, never all of them in memory."""
    if scale is not None:
        number("scale", scale, wanted="give a number, the standard deviation of the values", error=ShapeError)
    random, (n, dim) = _random(seed), shape
    rows = max(1, NUMBERS_AT_ONCE // dim) if rows is None else rows
    for lo in range(0, n, rows):
        values = random.standard_normal((min(rows, n - lo), dim), dtype=np.float32)
        values *= np.float32(1 / np.sqrt(dim) if scale is None else scale)
        yield values


def _random(seed: Any) -> np.random.Generator:
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise ShapeError(f"seed is {quoted(seed)}; give a whole number of at least 0") from None


def adoptable(array: Any) -> np.ndarray:
    """The array itself, if a table can stand on it as it is."""
    if not isinstance(array, np.ndarray):
        kind = type(array).__name__
        raise ShapeError(f"expected a NumPy array, not {kind}; give np.asarray(..., np.float32)")
    check_not_masked("the array", array)
    if array.ndim != 2 or 0 in array.shape:
        raise ShapeError(f"a table is (n, dim) with n and dim at least 1, got shape {array.shape}; reshape it")
    if array.dtype != np.float32 or not array.flags.c_contiguous or not array.flags.aligned:
        order = "" if array.flags.c_contiguous else " not in C order"
        raise ShapeError(
            f"a table adopts float32 in C order, got {array.dtype}{order}; "
            "give np.ascontiguousarray(array, dtype=np.float32), which copies"
        )
    return array


def checked_counts(counts: Any, n: int) -> np.ndarray:
    """Counts as (n,) int64."""
    try:
        check_not_masked("counts", counts)
        array = np.asarray(counts)
    except ValueError as error:
        raise ShapeError(f"counts must be {n} integers, one for each row: {one_line(error)}") from None
    if array.shape != (n,) or array.dtype.kind not in "iu":
        got = f"{array.dtype} of shape {array.shape}"
        raise ShapeError(f"counts must be {n} integers, one for each row, got {got}")
    if (array < 0).any():
        raise ShapeError(f"counts must not be negative, got {array.min()} at row {array.argmin()}")
    return np.ascontiguousarray(array, dtype=np.int64)
