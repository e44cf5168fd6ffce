"""A text and the options it is trained with, and the tables that they begin from."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from rowspace.columns.negatives import Negatives
from rowspace.columns.subwords import Subwords
from rowspace.model.model import Model
from rowspace.read.text import Text
from rowspace.recipes.contexts import chance_of_keeping
from rowspace.system.mapped import copy_rows
from rowspace.system.memory import require_memory
from rowspace.tables.files import write_table
from rowspace.tables.table import Table, reopened
from rowspace.train.history import History

PIECE_NUMBERS = 2**22  # of a table on disk that are made at a time


@dataclass(frozen=True)
class TextOptions:
    """A text and the options of `train_text`, checked and with their defaults."""

    text: Text
    start: Model | None  # to go on with
    cost: str
    dim: int
    epochs: int
    rate: float
    window: int
    negative: int
    ns_exponent: float
    sample: float
    seed: int
    threads: int
    subwords: Subwords | None
    others: Text | None = None  # the sentences that are held out
    folder: Path | None = None  # for tables on disk
    resumes: bool = False  # whether the tables of a training that was stopped may lie there

    @property
    def about(self) -> dict[str, Any]:
        """What a model says of any training on a text."""
        about = {"cost": self.cost, "epochs": self.epochs, "rate": self.rate, "seed": self.seed}
        return about | {"text": self.text.name, "tokens": self.text.tokens, "window": self.window}

    @property
    def costs_before(self) -> list[float]:
        """The mean cost of each epoch of the model to go on with."""
        return [] if self.start is None else self.start.cost

    def held_out_with(self, history: History) -> list[float]:
        """The held-out costs of the model to go on with, NaN where it has none, and those of its new epochs."""
        before = [] if self.start is None else self.start.held_out
        if not before and not history.held_out:
            return []
        missing, new = [math.nan], history.held_out or [math.nan] * len(history)
        return [*(before or missing * len(self.costs_before)), *new]

    @cached_property
    def counts(self) -> np.ndarray:
        """(n,) how often each word occurred so far: before, and in this text."""
        counts = self.text.counts.copy()
        if self.start is not None and self.start.table.counts is not None:
            counts[: len(self.start)] += self.start.table.counts
        return counts

    @property
    def words(self) -> int:
        """How many words there are."""
        return len(self.text.names)

    @property
    def keep(self) -> np.ndarray:
        """(n,) float32, how likely an occurrence of each word is kept."""
        return chance_of_keeping(self.text.counts, self.sample)

    @property
    def why_empty(self) -> str:
        """How it may be that an epoch has no example."""
        if np.diff(self.text.offsets).max(initial=0) < 2:
            return (
                "no word has another beside it; give a sentence or a document a line, with spaces between words, or "
                "say what else is between them, such as tokens=',' (--tokens ,)"
            )
        return (
            f"the text is too small for a sample of {self.sample:g}, which left out the words that have another beside "
            "them; a sample of 0 (--sample 0) leaves out none"
        )

    def require_memory(self, each: int) -> None:
        """Refuse tables of `each` rows a word that would not fit in memory, before the first of them is made."""
        rows = each * self.words + (0 if self.subwords is None else self.words + self.subwords.buckets)
        instead = "take a smaller dim, fewer words or fewer buckets, or keep the tables on disk (--table-on-disk)"
        require_memory(4 * rows * self.dim, f"{rows:,} rows of {self.dim:,} numbers: that", instead)

    def negatives(self, of: Table, avoid: str | None = "center") -> Negatives:
        """The words drawn against each example."""
        return Negatives(of=of, k=self.negative, power=self.ns_exponent, counts=self.counts, avoid=avoid)

    def vectors(self, name: str, rows: int, *, farthest: float = 0.5, words: int | None = None) -> Table:
        """A table that starts uniform, at most `farthest` / dim from 0 (word2vec.c's is a half); known rows go on.

        Of a table with rows for the words and others behind them, `words` says how many are the words'.
        """
        random = np.random.default_rng([abs(self.seed), *name.encode()])

        def drawn(lo: int, hi: int) -> np.ndarray:
            values = random.random((hi - lo, self.dim), np.float32)
            values -= np.float32(0.5)
            values /= np.float32(self.dim * 0.5 / farthest)
            return values

        return self._gone_on(name, self.table(name, (rows, self.dim), drawn), words)

    def zeros(self, name: str, dim: int | None = None) -> Table:
        """A table of zeros, one row a word; known rows go on."""
        shape = self.words, self.dim if dim is None else dim
        return self._gone_on(name, self.table(name, shape, lambda lo, hi: np.zeros((hi - lo, shape[1]), np.float32)))

    def table(self, name: str, shape: tuple[int, int], rows: Callable[[int, int], np.ndarray]) -> np.ndarray:
        """The values of a table, where tables are to be; `rows` gives some of them, in their order."""
        if self.folder is not None and self.resumes and (path := self.folder / f"{name}.npy").exists():
            return reopened(path, shape).values
        return self.derived(name, shape, rows)

    def derived(self, name: str, shape: tuple[int, int], rows: Callable[[int, int], np.ndarray]) -> np.ndarray:
        """As `table`, of values that are always computed anew: a file that was left behind is replaced."""
        if self.folder is None:
            return rows(0, shape[0])
        step, path = max(1, PIECE_NUMBERS // shape[1]), self.folder / f"{name}.npy"
        parts = (rows(lo, min(lo + step, shape[0])) for lo in range(0, shape[0], step))
        write_table(path, shape, parts, replace=self.resumes)
        return Table.open(path, "r+").values

    def named(self, values: np.ndarray) -> Table:
        """Vectors of the words, with their names and counts."""
        return Table.from_array(values, self.text.names, counts=self.counts)

    def _gone_on(self, name: str, values: np.ndarray, words: int | None = None) -> Table:
        if self.start is not None and name in self.start.tables:
            old = self.start.tables[name].values
            behind = 0 if words is None else len(values) - words
            known = len(old) - behind
            copy_rows(old[:known], values[:known])
            copy_rows(old[known:], values[len(values) - behind :])
        return Table.from_array(values)
