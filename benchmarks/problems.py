"""What the contenders work on: tables and uniform examples, the same in every process."""

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


def pairs(rows: int, dim: int, examples: int) -> Pairs:
    """Uniform pairs with uniform labels."""
    rng = np.random.default_rng(0)
    i, j = rng.integers(0, rows, (2, examples), dtype=np.int32)
    label = rng.integers(0, 2, examples).astype(np.float32)
    return Pairs(_table(rows, dim, rng), i, j, label)


def words(rows: int, dim: int, examples: int) -> Words:
    """Uniform pairs of a word and a context."""
    rng = np.random.default_rng(0)
    center, context = rng.integers(0, rows, (2, examples), dtype=np.int32)
    return Words(_table(rows, dim, rng), _table(rows, dim, rng), center, context)


def _table(rows: int, dim: int, rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal((rows, dim), dtype=np.float32) / np.float32(np.sqrt(dim))
