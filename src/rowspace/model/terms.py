"""What a question is made of: items, vectors and weights, in the shapes gensim's users give them."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from rowspace.errors import ShapeError
from rowspace.errors.checks import is_integer
from rowspace.errors.quoting import quoted


def listed(terms: Any) -> list[Any]:
    """Terms as a list: one item or one vector stands for a list of itself."""
    if terms is None:
        return []
    one_vector = isinstance(terms, np.ndarray) and terms.ndim == 1 and terms.dtype.kind in "iuf"
    return [terms] if isinstance(terms, str) or is_integer(terms) or one_vector else several(terms)


def several(items: Any) -> list[Any]:
    """Items that can be gone through, as a list."""
    if isinstance(items, type) or not isinstance(items, Iterable):
        raise ShapeError(f"expected a list of items, got {quoted(items)} ({type(items).__name__})")
    return list(items)


def weighted(term: Any, sign: float) -> tuple[Any, float]:
    """An item or a vector and its weight; `sign` times that of an (item, weight) pair."""
    if not isinstance(term, tuple):
        return term, sign
    if len(term) != 2 or isinstance(term[1], str) or np.ndim(term[1]):
        raise ShapeError(f"expected (item, weight), got {quoted(term)}")
    return term[0], float(numbers_of("a weight", term[1]))


def vector_of(vector: np.ndarray, dim: int) -> np.ndarray:
    """A vector (dim,) in float64."""
    if vector.shape != (dim,) or vector.dtype.kind not in "iuf":
        raise ShapeError(
            f"a vector must be {dim} numbers, got {vector.dtype} of shape {vector.shape}; items go in a list"
        )
    return vector.astype(np.float64)


def numbers_of(what: str, numbers: Any) -> np.ndarray:
    """Numbers in float64."""
    try:
        return np.asarray(numbers, np.float64)
    except (TypeError, ValueError):
        raise ShapeError(f"{what} must be numbers, got {quoted(numbers)}") from None
