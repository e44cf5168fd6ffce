"""Tables cut into blocks of rows, small enough for the cache: which block a row is in, and the rows of each."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

PAGE = 16  # neighbouring rows stay together: they share cache lines and pages
_HEAVY = 8  # a row with more than 1 / (8 P) of all lookups is dealt by itself


@dataclass(frozen=True)
class Blocks:
    """`of` (n,) uint16: the block of each row, from 0 to `count` - 1; groups of blocks make `groups` larger ones."""

    of: np.ndarray
    count: int
    groups: int

    @cached_property
    def rows(self) -> np.ndarray:
        """The rows, block after block, (n,) int32."""
        return np.argsort(self.of, kind="stable").astype(np.int32)

    @cached_property
    def starts(self) -> np.ndarray:
        """Where each block begins in `rows`, (count + 1,)."""
        return np.concatenate([[0], np.cumsum(np.bincount(self.of, minlength=self.count))])

    @property
    def group_starts(self) -> np.ndarray:
        """Where each group of blocks begins in `rows`, (groups + 1,)."""
        return self.starts[:: self.count // self.groups]


def deal(counts: np.ndarray, blocks: int, groups: int, seed: int) -> Blocks:
    """Deal rows to blocks: pages of neighbours at random, and frequent rows evenly.

    Arguments:
        counts: (n,) how often each row is looked up.
        blocks: how many, a multiple of `groups`.
        groups: how many groups of blocks.
        seed: of the deal.

    >>> deal(np.array([9, 1, 1, 1]), 2, 2, seed=0).count
    2
    """
    n, rng = len(counts), np.random.default_rng(seed)
    pages = -(-n // PAGE)
    if pages < 4 * blocks:  # too few to be even
        of = (rng.permutation(n) % blocks).astype(np.uint16)
    else:
        of = np.repeat((rng.permutation(pages) % blocks).astype(np.uint16), PAGE)[:n]
    heavy = np.flatnonzero(counts * (_HEAVY * blocks) > counts.sum())
    light = counts.astype(np.float64)
    light[heavy] = 0
    loads = np.bincount(of, light, blocks)
    for row in heavy[np.argsort(-counts[heavy], kind="stable")]:
        of[row] = np.argmin(loads)
        loads[of[row]] += counts[row]
    return Blocks(of, blocks, groups)
