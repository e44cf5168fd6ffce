"""What the contenders work on: tables and examples, the same in every process."""

from dataclasses import dataclass

import numpy as np

RATE = 0.01
NEGATIVES = 5


@dataclass
class Pairs:
    """A table and labelled pairs of its rows: `i`, `j` (n,) int32, `label` (n,) float32."""

    table: np.ndarray
    i: np.ndarray
    j: np.ndarray
    label: np.ndarray

    def __len__(self) -> int:
        return len(self.i)


@dataclass
class Words:
    """Tables of words and contexts, and (center, context) pairs of their rows: (n,) int32 each."""

    words: np.ndarray
    contexts: np.ndarray
    center: np.ndarray
    context: np.ndarray

    def __len__(self) -> int:
        return len(self.center)


def pairs(rows: int, dim: int, examples: int, ids: str = "uniform") -> Pairs:
    """Pairs with labels of 0 and 1, alike often; ids are "uniform", or "zipf" as words are."""
    rng = np.random.default_rng(0)
    i, j = IDS[ids](rows, (2, examples), rng)
    label = rng.integers(0, 2, examples).astype(np.float32)
    return Pairs(_table(rows, dim, rng), i, j, label)


def words(rows: int, dim: int, examples: int) -> Words:
    """Uniform pairs of a word and a context."""
    rng = np.random.default_rng(0)
    center, context = uniform(rows, (2, examples), rng)
    return Words(_table(rows, dim, rng), _table(rows, dim, rng), center, context)


def uniform(rows: int, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Every row alike often, int32."""
    return rng.integers(0, rows, shape, dtype=np.int32)


def zipf(rows: int, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """The row of rank r about in proportion to 1 / r: log(1 + 1 / r) / log(1 + rows), int32.

    Which row has which rank is drawn as well: frequent rows are not neighbours, as after no sorting by frequency.
    """
    rank = np.exp(rng.random(shape, dtype=np.float32) * np.float32(np.log1p(rows)))
    return rng.permutation(rows).astype(np.int32)[np.clip(rank.astype(np.int32) - 1, 0, rows - 1)]


def _table(rows: int, dim: int, rng: np.random.Generator) -> np.ndarray:
    table = rng.standard_normal((rows, dim), dtype=np.float32)
    table /= np.float32(np.sqrt(dim))
    return table


IDS = {"uniform": uniform, "zipf": zipf}
