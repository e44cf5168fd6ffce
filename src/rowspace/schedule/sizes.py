"""Every number that decides into how many blocks tables are cut and how many examples are sorted together.

They decide what bytes are learned. They depend on tables and data alone, not on the machine or the threads.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rowspace.tables.on_disk import EXTENT

PAGE = 16  # neighbouring rows stay together: they share cache lines and pages
REPLICAS = 8  # rows of buckets that begin with the same copies of small tables, whatever the number of threads


@dataclass(frozen=True)
class Sizes:
    """How tables are cut; see `docs/decisions/schedule.md` and `docs/decisions/on-disk.md` for what was measured.

    Args:
        examples_a_row: that are sorted together; with more, blocks are fitted to one another, not to the data.
        most_examples: that are sorted together.
        most_examples_on_disk: as tables on disk are read and written once or more each time, more of them.
        block_bytes: of a block; two blocks and their slots fit the second-level cache.
        most_blocks, fewest_blocks: where there would be fewer, sorting is not worth its while.
        examples_a_block: of those sorted together, at least: a thread's task.
        blocks_in_bags: where examples are gathered: with more, bags get small.
        columns: of buckets, of which more than half as many threads would not make use.
        pool: rows to draw negatives from, at least: bags share theirs, so that fewer are drawn.
        disk_block_bytes: of a block of a table on disk, at least: a few extents.
        most_on_disk: blocks of a table on disk.
        most_sampled: where negatives are drawn from single blocks: with more they are less like the whole.
        most_in_bags: where examples are gathered.
        most_shared: where small tables are merged after every eight rows of buckets: those are in memory together.
        share: examples of a batch whose costs are added up together.
    """

    examples_a_row: float = 4.2
    most_examples: int = 2**22
    most_examples_on_disk: int = 2**30
    block_bytes: int = 2**19
    most_blocks: int = 512
    fewest_blocks: int = 8
    examples_a_block: int = 4096
    blocks_in_bags: int = 16
    columns: int = 32
    pool: int = 2**18
    disk_block_bytes: int = 2**22
    most_on_disk: int = 512
    most_sampled: int = 32
    most_in_bags: int = 32
    most_shared: int = 64
    share: int = 4096

    def sorted_together(self, rows: int, *, on_disk: bool = False) -> int:
        """How many examples are sorted together: a power of two, at most four or so for every row.

        >>> sizes = Sizes()
        >>> [sizes.sorted_together(rows) for rows in (50_000, 10_000_000)]
        [131072, 4194304]
        >>> sizes.sorted_together(10_000_000, on_disk=True)
        33554432
        """
        most = self.most_examples_on_disk if on_disk else self.most_examples
        return min(_power(self.examples_a_row * rows), most)

    def blocks(self, row_bytes: int, rows: int, examples: int) -> int:
        """Into how many blocks a table is cut, a power of two: 1 where it or the examples are too few to cut.

        >>> Sizes().blocks(400, 50_000, 131_072), Sizes().blocks(128, 300, 1024)
        (32, 1)
        """
        wanted = min(self.most_blocks, 2 ** np.ceil(np.log2(rows * row_bytes / self.block_bytes)))
        blocks = _power(min(max(wanted, 2 * self.fewest_blocks), examples / self.examples_a_block))
        return blocks if blocks >= self.fewest_blocks else 1

    def in_memory(self, row_bytes: Sequence[int], rows: Sequence[int], examples: int) -> int:
        """Into how many blocks the tables of each side are cut, given the bytes of a row and the rows of each."""
        counts = [self.blocks(*table, examples) for table in zip(row_bytes, rows, strict=True)]
        return 1 if min(counts) == 1 else counts[0]

    def gathered(self, examples: int) -> int:
        """Into how many blocks tables are cut where examples are gathered in bags."""
        return self.blocks_in_bags if examples >= self.blocks_in_bags * self.examples_a_block else 1

    def on_disk(self, size: int, *, in_bags: bool = False, shared: bool = False, sampled: bool = False) -> int:
        """Into how many blocks a table on disk of so many bytes is cut, its slots included: a power of two.

        >>> Sizes().on_disk(8 * 2**30), Sizes().on_disk(2**28)
        (512, 64)
        """
        limits = (in_bags, self.most_in_bags), (shared, self.most_shared), (sampled, self.most_sampled)
        most = min([limit for holds, limit in limits if holds], default=self.most_on_disk)
        return min(most, 2 ** max(3, int(np.log2(max(1, size / self.disk_block_bytes)))))


def page_on_disk(row_bytes: int) -> int:
    """How many neighbouring rows of a table on disk stay together, a power of two."""
    return max(PAGE * 2, 2 ** int(np.log2(max(1, EXTENT / row_bytes))))


def _power(x: float) -> int:
    """The largest power of two that is not above x, at least 1."""
    return 2 ** int(np.log2(max(x, 1)))
