"""Tables cut into blocks of rows, small enough for the cache: which block a row is in, and the rows of each."""

import heapq
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

PAGE = 16  # neighbouring rows stay together: they share cache lines and pages


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


def deal(counts: np.ndarray, blocks: int, groups: int, seed: Any, *, apart: bool = True) -> Blocks:
    """Deal rows to blocks, so that every block is looked up about equally often.

    Neighbours are dealt together, `PAGE` at a time; rows so frequent that a page of them would be a quarter of a
    block's share are dealt by themselves, each to the block that is looked up least. Without `apart` all are dealt by
    chance, so that any two are in one block as often as others are.

    Arguments:
        counts: (n,) how often each row is looked up.
        blocks: how many, a multiple of `groups`.
        groups: how many groups of blocks.
        seed: of the deal, as `np.random.default_rng` takes it.

    >>> deal(np.array([9, 1, 1, 1]), 2, 2, seed=0).count
    2
    """
    n, rng = len(counts), np.random.default_rng(seed)
    page = PAGE if n >= 4 * blocks * PAGE else 1
    heavy = np.flatnonzero(counts * (4 * blocks * page) > counts.sum())
    if not apart:
        of = np.repeat((rng.permutation(-(-n // page)) % blocks).astype(np.uint16), page)[:n]
        of[heavy] = rng.permutation(len(heavy)) % blocks
        return Blocks(of, blocks, groups)
    light = counts.astype(np.float64)
    light[heavy] = 0
    of = np.repeat(_snake(np.add.reduceat(light, np.arange(0, n, page)), blocks, rng), page)[:n]
    loads = [(load, block) for block, load in enumerate(np.bincount(of, light, blocks).tolist())]
    heapq.heapify(loads)
    for row in heavy[np.argsort(-counts[heavy], kind="stable")]:
        load, of[row] = loads[0]
        heapq.heapreplace(loads, (load + int(counts[row]), int(of[row])))
    return Blocks(of, blocks, groups)


def _snake(loads: np.ndarray, blocks: int, rng: np.random.Generator) -> np.ndarray:
    """The block of each page: from the heaviest to the lightest, to and fro over the blocks, equals in random order."""
    shuffled = rng.permutation(len(loads))
    order = shuffled[np.argsort(-loads[shuffled], kind="stable")]
    turn, place = np.divmod(np.arange(len(loads)), blocks)
    of = np.empty(len(loads), np.uint16)
    of[order] = np.where(turn % 2 == 0, place, blocks - 1 - place)
    return of
