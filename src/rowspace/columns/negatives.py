"""Negatives: ids drawn on the fly, inside the compiled loop."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from rowspace.columns.kinds import Column, Draws, Form
from rowspace.errors import DataError
from rowspace.errors.checks import number, whole
from rowspace.errors.quoting import one_line
from rowspace.jit.draws import alias_tables, draw_uniform, is_kept, random_bits
from rowspace.system.digests import digest_of
from rowspace.tables.entries import check_not_masked
from rowspace.tables.table import table_of

# Every draw has a counter of its own. They are far enough apart that no two draws of an example share one.
AVOID_TRIES = 8  # draws of one negative before an avoided id is taken after all
TRY_STEP = 2**16  # between the counters of two tries: so many negatives at the most
SALT_STEP = 2**32  # between those of two sampled columns


@dataclass(frozen=True, eq=False)
class Negatives(Column):
    """A column of `k` ids drawn anew for every example and epoch.

    Item r of the table is drawn with probability proportional to `counts[r] ** power`: 0.75 is word2vec's, 0 is
    uniform. Draws depend on the seed, the epoch and the example's position alone, so they are the same however the
    work is divided.

    Args:
        of: the table drawn from, or a model that has one.
        k: how many ids an example gets.
        power: the exponent applied to the counts.
        counts: (n,) how often each item occurs; default the table's own `counts`; uniform when there are none.
        avoid: name of an id column whose own id is not to be drawn (tried eight times, then taken as it comes).

    Raises:
        DataError: for k < 1 or more than 65,536, and for counts that are not n finite numbers of at least 0 with one
            above.

    Source: Mikolov et al., Distributed Representations of Words and Phrases (2013), section 2.2; drawn by Walker's
    alias method (1977), exact and in constant time.

    >>> import rowspace as rs
    >>> rs.Negatives(of=rs.Table(6, 2), k=5)
    Negatives(5 of 6 rows, power=0.75)
    """

    of: Any
    k: int = 5
    power: float = 0.75
    counts: Any = None
    avoid: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "of", table_of("what is drawn from", self.of))
        whole("k", self.k, 1, TRY_STEP, wanted=f"draw from 1 to {TRY_STEP:,} negatives")
        number("power", self.power, wanted="it must be a number such as 0.75")
        counts = self.weights
        if counts is None:
            return
        if counts.shape != (len(self.of),):
            raise DataError(f"counts have shape {counts.shape}; the table has {len(self.of)} rows")
        if not np.isfinite(counts).all() or counts.min() < 0 or counts.max() <= 0:
            raise DataError("counts must be finite and not negative, with at least one above zero")

    def __repr__(self) -> str:
        avoid = "" if self.avoid is None else f", avoid={self.avoid!r}"
        return f"Negatives({self.k} of {len(self.of):,} rows, power={self.power:g}{avoid})"

    @cached_property
    def weights(self) -> np.ndarray | None:
        """The counts to draw by, (n,) float64, or None for a uniform draw."""
        counts = self.of.counts if self.counts is None else self.counts
        if counts is None or self.power == 0:
            return None
        try:
            check_not_masked("counts", counts)
            return np.asarray(counts, np.float64)
        except (TypeError, ValueError) as error:
            raise DataError(f"counts are no numbers, one for each row of the table: {one_line(error)}") from None

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """What the loop draws with: nothing, or the alias tables."""
        return self.alias or ()

    @property
    def refers_to(self) -> tuple[str, ...]:
        return (self.avoid,) if self.avoid else ()

    @property
    def digest(self) -> str:
        return f"{self.k} {self.power} {self.avoid} {self._weights_digest}"

    def how_drawn(self, name: str) -> str:
        return f"{self.k} of {name}, power {self.power}, avoiding {self.avoid}, counts {self._weights_digest}"

    @property
    def _weights_digest(self) -> str:
        return "none" if self.weights is None else digest_of(self.weights)[:16]

    def form(self, name: str) -> Form:
        return Form((self.k,), draws=Draws(self.k, self.avoid, ("keep", "other") if self.alias else ()))

    def checked(self, name: str, indexed: Sequence[Any]) -> "Negatives":
        for table in indexed:
            if len(table) != len(self.of):
                raise DataError(f"{name!r} is drawn from {len(self.of)} rows but indexes a table of {len(table)}")
        return self

    def with_draws(self, part: Any, salt: int, columns: Mapping[str, Any]) -> np.ndarray:
        avoid = columns.get(self.avoid) if self.avoid else None
        known = isinstance(avoid, np.ndarray) and avoid.dtype.kind in "iu"
        return draw(self, part, salt, avoid if known else None)

    @cached_property
    def alias(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Walker's tables: (n,) float32 chance of keeping a slot, (n,) int64 where else to go; None if uniform."""
        if self.weights is None:
            return None
        positive = self.weights > 0
        return alias_tables(np.where(positive, self.weights, 1) ** self.power * positive)


@dataclass(frozen=True, eq=False)
class BlockNegatives(Negatives):
    """The same, drawn from a part of a pool of rows, which the loop is told for every segment of examples.

    The part is that of the block of the row they stand for, whose id is in column (and place) `replaced`. That row
    itself would come up as many times too often as there are blocks, and so is taken only in one of so many times.
    """

    whole: Any = None  # the negatives these are a part of, whose alias tables are made but once
    pool: Any = None
    replaced: Any = None

    @property
    def alias(self) -> tuple[np.ndarray, np.ndarray] | None:  # type: ignore[override]
        """Those of the whole table."""
        return self.whole.alias

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """The pool: (m,) int32, or int64 of a table with more rows than that can number."""
        return (self.pool,)

    def form(self, name: str) -> Form:
        return Form((self.k,), draws=Draws(self.k, self.avoid, ("pool",), self.replaced))

    def drawing_from(self, pool: np.ndarray) -> "BlockNegatives":
        """The same with another pool."""
        other = copy(self)
        object.__setattr__(other, "pool", pool)
        return other


def draw(negatives: Negatives, part: Any, salt: int, avoid: np.ndarray | None) -> np.ndarray:
    """The ids that the kernel draws for examples `part.lo` to `part.hi` of a chunk, (hi - lo, k): the same counters."""
    examples = np.arange(part.lo, part.hi, dtype=np.uint64)[:, None] + np.uint64(part.first)
    draws = np.arange(negatives.k, dtype=np.uint64)[None, :] + np.uint64(salt * SALT_STEP)
    drawn = _pick(negatives, random_bits(np.uint64(part.seed), examples, draws))
    for attempt in range(1, AVOID_TRIES if avoid is not None else 1):
        assert avoid is not None
        again = drawn == avoid[part.lo : part.hi, None]
        other = _pick(negatives, random_bits(np.uint64(part.seed), examples, draws + np.uint64(TRY_STEP * attempt)))
        drawn = np.where(again, other, drawn)
    return drawn


def _pick(negatives: Negatives, bits: Any) -> np.ndarray:
    slots = draw_uniform(bits, len(negatives.of)).astype(np.int64)
    if negatives.alias is None:
        return slots
    keep, other = negatives.alias
    return np.where(is_kept(bits, keep[slots]), slots, other[slots])
