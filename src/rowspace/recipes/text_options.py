"""What word vectors are trained with, and the plan that a cost makes of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rowspace.columns.kinds import Ragged
from rowspace.columns.negatives import Negatives
from rowspace.columns.subwords import Subwords
from rowspace.read.text import Text
from rowspace.recipes.contexts import chance_of_keeping
from rowspace.system.mapped import copy_rows
from rowspace.tables.files import write_table
from rowspace.tables.table import Table, reopened
from rowspace.updates import Update

_STRETCH = 2**22  # numbers of a table on disk that are made at a time

Answer = Callable[[], dict[str, Table]]  # the tables of the model that comes of a training


@dataclass(frozen=True)
class TextOptions:
    """A text and the options of `train_text`, checked; `before` are the tables of a model to go on with."""

    text: Text
    counts: np.ndarray
    dim: int
    window: int
    negative: int
    ns_exponent: float
    sample: float
    seed: int
    threads: int
    subwords: Subwords | None
    epochs_before: int = 0
    before: Mapping[str, Table] = field(default_factory=dict)
    folder: Path | None = None  # for tables on disk
    resumes: bool = False  # whether the tables of a training that was stopped may lie there

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
            return "no word has another beside it; give a sentence or a document a line"
        return (
            f"the text is too small for a sample of {self.sample:g}, which left out the words that have another beside "
            "them; a sample of 0 (--sample 0) leaves out none"
        )

    def negatives(self, of: Table, avoid: str | None = "center") -> Negatives:
        """The words drawn against each example."""
        return Negatives(of=of, k=self.negative, power=self.ns_exponent, counts=self.counts, avoid=avoid)

    def vectors(self, name: str, rows: int, *, words: int | None = None) -> Table:
        """A table that starts as in word2vec.c, uniform and at most half of 1 / dim from 0; known rows go on.

        Of a table with rows for the words and others behind them, `words` says how many are the words'.
        """
        random = np.random.default_rng([self.seed, *name.encode()])

        def drawn(lo: int, hi: int) -> np.ndarray:
            values = random.random((hi - lo, self.dim), np.float32)
            values -= np.float32(0.5)
            values /= np.float32(self.dim)
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
        step, path = max(1, _STRETCH // shape[1]), self.folder / f"{name}.npy"
        parts = (rows(lo, min(lo + step, shape[0])) for lo in range(0, shape[0], step))
        write_table(path, shape, parts, replace=self.resumes)
        return Table.open(path, "r+").values

    def named(self, values: np.ndarray) -> Table:
        """Vectors of the words, with their names and counts."""
        return Table.from_array(values, self.text.names, counts=self.counts)

    def _gone_on(self, name: str, values: np.ndarray, words: int | None = None) -> Table:
        if name in self.before:
            old = self.before[name].values
            behind = 0 if words is None else len(values) - words
            known = len(old) - behind
            copy_rows(old[:known], values[:known])
            copy_rows(old[known:], values[len(values) - behind :])
        return Table.from_array(values)


@dataclass(frozen=True)
class Recipe:
    """What `Trainer` needs for a cost, and the tables of the model that comes of it, the words' vectors first."""

    cost: Callable[..., Any]
    tables: dict[str, Table]
    data: Any
    update: Callable[[Any], Update]  # of a rate
    answer: Answer
    fit: dict[str, Any] = field(default_factory=dict)


def together(bags: Ragged, groups: np.ndarray) -> Ragged:
    """Bags joined: those from `groups[n]` to `groups[n + 1]` become one."""
    return Ragged(bags.values, bags.offsets[groups])
