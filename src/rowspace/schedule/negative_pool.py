"""Rows drawn from a whole table before a plan is run, sorted by block, for the loop to draw its negatives from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rowspace.jit.compile import compiled_loop
from rowspace.jit.draws import draw_alias, draw_pool, random_bits
from rowspace.schedule.blocks import Blocks, number_dtype

_FREQUENT = 16  # a row is frequent that has more than one in so many of a block's share (docs/decisions/schedule.md)


@dataclass(frozen=True)
class NegativePool:
    """`rows` (m,) as `Blocks.rows`, those of one block after those of another; `starts` (blocks + 1,), of each."""

    rows: np.ndarray
    starts: np.ndarray

    @classmethod
    def drawn(cls, negatives: Any, blocks: Blocks, size: int, seed: Sequence[int]) -> "NegativePool":
        """Draw about `size` rows by the weights of the negatives, or where they are uniform take every row once.

        A row is met in its block's part as many times more often than in the whole as there are blocks: over plans,
        in which blocks are dealt anew, it comes up as if drawn from the whole. So frequent rows have in their part what
        is due to them, and the others share the rest of it.
        """
        if negatives.alias is None:
            return cls(blocks.rows, blocks.starts)
        bits = np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]
        drawn = np.empty(size, number_dtype(len(blocks.of)))
        compiled_loop(random_bits, draw_alias, draw_pool)(bits, *negatives.alias, drawn)
        share = max(1, size // blocks.count)
        often = np.bincount(drawn, minlength=len(blocks.of)) > share // _FREQUENT
        drawn = drawn[np.argsort(blocks.of[drawn], kind="stable")]  # by counting, for numbers of two bytes
        edges = np.searchsorted(blocks.of[drawn], np.arange(blocks.count + 1))
        own = zip(edges[:-1], edges[1:], blocks.starts[:-1], blocks.starts[1:], strict=True)
        parts = [_part(drawn[a:b], often, blocks.rows[c:d], share) for a, b, c, d in own]
        return cls(np.concatenate(parts), np.concatenate([[0], np.cumsum([len(part) for part in parts])]))


def _part(drawn: np.ndarray, often: np.ndarray, block: np.ndarray, share: int) -> np.ndarray:
    """A block's part: its frequent rows as often as drawn, and of its others, or of all, enough for its share."""
    frequent = drawn[often[drawn]]
    others = drawn[~often[drawn]]
    others = others if len(others) else block[~often[block]]
    others = others if len(others) else block
    return np.concatenate([frequent, np.resize(others, max(share - len(frequent), min(len(others), 1)))])
