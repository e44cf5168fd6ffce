"""Tables cut into blocks of rows, small enough for the cache: which block a row is in, and the rows of each."""

import heapq
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from rowspace.schedule.sizes import PAGE

MOST_INT32 = 2**31  # rows that int32 can number


def number_dtype(rows: int) -> type[np.integer]:
    """What holds the number of any of so many rows."""
    return np.int32 if rows <= MOST_INT32 else np.int64


@dataclass(frozen=True)
class Blocks:
    """`of` (n,) uint16: the block of each row, from 0 to `count` - 1.

    `pages` (p,) uint16 is that of every `page` neighbouring rows, a few frequent ones among them left out; `count` for
    pages whose rows are in many blocks.
    """

    of: np.ndarray
    count: int
    pages: np.ndarray
    page: int

    @cached_property
    def rows(self) -> np.ndarray:
        """The rows, block after block, (n,) int32; int64 where that does not hold them."""
        return np.argsort(self.of, kind="stable").astype(number_dtype(len(self.of)))

    @cached_property
    def starts(self) -> np.ndarray:
        """Where each block begins in `rows`, (count + 1,)."""
        return np.concatenate([[0], np.cumsum(np.bincount(self.of, minlength=self.count))])

    @cached_property
    def runs(self) -> list[list[tuple[int, int]]]:
        """For each block, the rows of its pages as runs of neighbours, from and to; the last are in many blocks."""
        pages = np.argsort(self.pages, kind="stable")
        ends = np.cumsum(np.bincount(self.pages, minlength=self.count + 1))
        return [self._neighbours(own) for own in np.split(pages, ends[:-1])]

    def _neighbours(self, pages: np.ndarray) -> list[tuple[int, int]]:
        parts = np.split(pages, np.flatnonzero(np.diff(pages) > 1) + 1) if len(pages) else []
        return [(int(p[0]) * self.page, min((int(p[-1]) + 1) * self.page, len(self.of))) for p in parts]


class Deck:
    """Rows to be dealt to blocks, so that every block is looked up about equally often.

    Neighbours are dealt together, `PAGE` at a time; rows so frequent that a page of them would be a quarter of a
    block's share are dealt by themselves.

    Args:
        counts: (n,) how often each row is looked up.
        blocks: how many.
        page: how many neighbours; of a table on disk so many that reading them at once is worth a disk's while. Where
            so many are a quarter of a block's share, they are dealt `PAGE` at a time.

    >>> Deck(np.array([9, 1, 1, 1]), 2).deal(seed=0).count
    2
    """

    def __init__(self, counts: np.ndarray, blocks: int, page: int = PAGE) -> None:
        self.rows, self.blocks = len(counts), blocks
        while page > PAGE and self.rows < 4 * blocks * page:
            page //= 2
        self.page = page if self.rows >= 4 * blocks * page else 1
        share = counts.sum() / (4 * blocks)
        heavy = np.flatnonzero(counts > share / min(self.page, PAGE))
        self.heavy = heavy[np.argsort(-counts[heavy], kind="stable")]
        self.heavy_counts = counts[self.heavy].tolist()
        light = counts.astype(np.float32)
        light[heavy] = 0
        loads = np.add.reduceat(light, np.arange(0, self.rows, self.page))
        hot = loads > share if self.page > PAGE else np.zeros(len(loads), bool)
        self.pages = _Pile(np.flatnonzero(~hot), loads[~hot], blocks)
        self.split = np.flatnonzero(hot)
        starts = (self.split[:, None] * self.page + np.arange(0, self.page, PAGE)).ravel()
        starts = starts[starts < self.rows]
        self.little = _Pile(starts, np.array([light[n : n + PAGE].sum() for n in starts.tolist()]), blocks)

    def deal(self, seed: Any, *, apart: bool = True) -> Blocks:
        """Deal anew: pages as heavy as one another, as many as there are blocks, go to one block each.

        A frequent row goes to the block that is looked up least. Without `apart` all are dealt by chance, so that any
        two are in one block as often as others are. `seed` is what `np.random.default_rng` takes.
        """
        rng = np.random.default_rng(seed)
        pages = np.full(-(-self.rows // self.page), self.blocks, np.uint16)
        pages[self.pages.places] = dealt = self.pages.deal(rng, apart)
        of = np.repeat(pages, self.page)[: self.rows]
        loads = self.pages.met(dealt)
        if len(self.split):
            little = self.little.deal(rng, apart)
            rows = self.little.places[:, None] + np.arange(PAGE)
            of[rows[rows < self.rows]] = np.broadcast_to(little[:, None], rows.shape)[rows < self.rows]
            loads = loads + self.little.met(little)
        of[self.heavy] = self._least(loads) if apart else rng.permutation(len(self.heavy)) % self.blocks
        return Blocks(of, self.blocks, pages, self.page)

    def _least(self, met: np.ndarray) -> list[int]:
        """For each frequent row, the block that has least when its turn comes."""
        loads = [(load, block) for block, load in enumerate(met.tolist())]
        heapq.heapify(loads)
        chosen = []
        for count in self.heavy_counts:
            load, block = loads[0]
            chosen.append(block)
            heapq.heapreplace(loads, (load + count, block))
        return chosen


class _Pile:
    """Stretches of rows, of one length, that are dealt to so many blocks: where they are, and how often looked up."""

    def __init__(self, places: np.ndarray, loads: np.ndarray, blocks: int) -> None:
        self.places, self.loads, self.blocks = places, loads, blocks
        shuffled = np.random.default_rng(0).permutation(len(loads))
        self.order = shuffled[np.argsort(-loads[shuffled], kind="stable")]  # from the heaviest

    def deal(self, rng: np.random.Generator, apart: bool) -> np.ndarray:
        """The block of each, uint16."""
        if not apart:
            return (rng.permutation(len(self.order)) % self.blocks).astype(np.uint16)
        turns = -(-len(self.order) // self.blocks)
        every = np.broadcast_to(np.arange(self.blocks, dtype=np.uint16), (turns, self.blocks))
        dealt = np.empty(len(self.order), np.uint16)
        dealt[self.order] = rng.permuted(every, axis=1).ravel()[: len(dealt)]
        return dealt

    def met(self, dealt: np.ndarray) -> np.ndarray:
        """How often each block is looked up."""
        return np.bincount(dealt, self.loads, self.blocks)
