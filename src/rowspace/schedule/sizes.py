"""Every number that decides into how many blocks tables are cut, and so what bytes they learn."""

import numpy as np

from rowspace.tables.on_disk import EXTENT

BLOCK = 2**22  # bytes at least: a few extents
MOST = 512  # blocks
MOST_SAMPLED = 32  # where negatives are drawn from single blocks: with more they are less like the whole
MOST_IN_BAGS = 32  # where examples are gathered: with more, bags get small
MOST_SHARED = 64  # where small tables are merged after every eight rows of buckets: those are in memory together
PAGE = 16  # neighbouring rows stay together: they share cache lines and pages


def blocks_on_disk(size: int, most: int = MOST) -> int:
    """Into how many blocks a table of so many bytes is cut, its state included: a power of two, at most so many.

    >>> blocks_on_disk(8 * 2**30), blocks_on_disk(2**28)
    (512, 64)
    """
    return min(most, 2 ** max(3, int(np.log2(max(1, size / BLOCK)))))


def page_on_disk(row_bytes: int) -> int:
    """How many neighbouring rows stay together, a power of two."""
    return max(PAGE * 2, 2 ** int(np.log2(max(1, EXTENT / row_bytes))))
