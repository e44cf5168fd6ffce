"""How good vectors of words are: similarity as people judge it, and analogies."""

import math
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from rowspace.errors import DataError
from rowspace.errors.checks import check_kind
from rowspace.errors.quoting import quoted
from rowspace.model.analogies import RIGHT, UNKNOWN, WRONG, rows_alike, solved
from rowspace.model.queries import Queries
from rowspace.read.judged import Question, read_analogies, read_word_pairs
from rowspace.tables.table import Table

File = str | os.PathLike[str]


class Correlation(NamedTuple):
    """A correlation from -1 to 1, and the probability of one as large between things unrelated; NaN of constants."""

    value: float
    p: float


@dataclass(frozen=True)
class Similarity:
    """How the cosines of word pairs go with the scores that people gave them.

    Args:
        file: where the pairs are from.
        pairs: how many there are.
        unknown: of those, how many have a word that the model does not know.
        spearman: the correlation of the ranks.
        pearson: the correlation of the values.
        header: a first line of the file that was taken for a header, or None.
        column: what it calls the scores, if there are more columns than three.
    """

    file: str
    pairs: int
    unknown: int
    spearman: Correlation
    pearson: Correlation
    header: str | None = None
    column: str | None = None


@dataclass(frozen=True)
class Section:
    """Analogies of one kind.

    Args:
        name: what the file calls them.
        questions: how many there are.
        unknown: of those, how many have a word that the model does not know.
        correct: how many were answered with the word that was expected.
        asked: how many count: all whose words are known, or all.
    """

    name: str
    questions: int
    unknown: int
    correct: int
    asked: int

    @property
    def accuracy(self) -> float:
        """The correct ones of those that count, from 0 to 1; NaN where none does."""
        return self.correct / self.asked if self.asked else math.nan

    def __repr__(self) -> str:
        right = f"{self.correct:,} of {self.asked:,} right"
        share = f" ({self.accuracy:.1%})" if self.asked else ""
        return f"<Section {quoted(self.name)}: {right}{share}, {self.unknown:,} with unknown words>"


@dataclass(frozen=True)
class Analogies:
    """Sections of analogies in the order of their file, and all together."""

    file: str
    sections: tuple[Section, ...]

    @property
    def total(self) -> Section:
        """All sections as one."""
        sums = (sum(getattr(s, part) for s in self.sections) for part in ("questions", "unknown", "correct", "asked"))
        return Section("total", *sums)

    def __repr__(self) -> str:
        lines = [repr(section) for section in (*self.sections, self.total)]
        return "\n  ".join([f"<Analogies of {self.file}:", *lines]) + ">"


def evaluate_similarity(
    model: Queries | Table,
    file: File,
    *,
    delimiter: str | None = None,
    restrict_vocab: int | None = 300_000,
    case_insensitive: bool = True,
    count_unknown: bool = False,
) -> Similarity:
    r"""Compare cosines of word pairs with what people said of them, as gensim's `evaluate_word_pairs`.

    Args:
        model: a model or a table, with names.
        file: lines of two words and a score, as WordSim-353, MEN, RG-65 and SimLex-999 have them; blank lines, lines
            that begin with # and a header are passed over.
        delimiter: what stands between the fields; None for a tab, a semicolon, a comma or white space, whichever splits
            all lines alike.
        restrict_vocab: names of that many first rows are known; None for all.
        case_insensitive: compare words in upper case; of names alike the first row counts.
        count_unknown: take 0 for the cosine of a pair with an unknown word, instead of leaving it out.

    Returns:
        Correlations, their p-values, and how many pairs were unknown.

    Raises:
        DataError: naming the file and the line of what cannot be read; if fewer than two pairs are known, or the table
            has no names.

    >>> from pathlib import Path; from tempfile import TemporaryDirectory
    >>> E = Table.from_array(np.array([[1, 0], [2, 1], [0, 3]], np.float32), ["cat", "dog", "car"])
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "pairs.tsv"
    ...     _ = file.write_text("cat\tdog\t9\ncat\tcar\t1\nDog\tcar\t2\ncat\towl\t5\n")
    ...     found = evaluate_similarity(E, file)
    >>> found.pairs, found.unknown, round(found.spearman.value, 4)
    (4, 1, 1.0)
    """
    queries, read = _named(model), read_word_pairs(file, delimiter)
    fold = str.upper if case_insensitive else str
    pairs = [(fold(a), fold(b)) for a, b in read.pairs]
    words = {word for pair in pairs for word in pair}
    alike = rows_alike(queries.index_to_key[: queries.rows(restrict_vocab)], words, case_insensitive)
    known = np.array([a in alike and b in alike for a, b in pairs])
    used = np.ones_like(known) if count_unknown else known
    if used.sum() < 2:
        raise DataError(
            f"{read.file}: the model knows both words of {used.sum()} of {len(pairs)} pairs; two are needed"
        )
    cosines = np.zeros(len(pairs))
    name_of = {word: queries.index_to_key[rows[0]] for word, rows in alike.items()}
    cosines[known] = [queries.similarity(name_of[a], name_of[b]) for a, b in pairs if a in alike and b in alike]
    spearman, pearson = _correlations(np.array(read.scores)[used], cosines[used])
    return Similarity(read.file, len(pairs), int((~known).sum()), spearman, pearson, read.header, read.column)


def evaluate_analogies(
    model: Queries | Table,
    file: File,
    *,
    restrict_vocab: int | None = 300_000,
    case_insensitive: bool = True,
    count_unknown: bool = False,
) -> Analogies:
    r"""Answer "a is to b as c is to ?" with the name nearest to b + c - a, as gensim's `evaluate_word_analogies`.

    Names that are a, b or c, in any case if cases do not count, are no answers; gensim looks for another among its
    five best only. https://arxiv.org/abs/1301.3781, section 4. A section with few known questions says little.

    Args:
        model: a model or a table, with names.
        file: sections `: name` of lines `a b c d`, such as `questions-words.txt`.
        restrict_vocab: names of that many first rows are known, and answers; None for all.
        case_insensitive: compare words in upper case; of names alike the first row counts.
        count_unknown: take questions with an unknown word for wrong, instead of leaving them out.

    Returns:
        How many of each section were known and answered, and of all.

    Raises:
        DataError: naming the file and the line of what cannot be read; if the table has no names.

    >>> from pathlib import Path; from tempfile import TemporaryDirectory
    >>> rows = np.array([[1, 1, 0], [2, 1, 2], [1, 2, 0], [2, 3, 2]], np.float32)
    >>> E = Table.from_array(rows, ["man", "king", "woman", "queen"])
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "questions.txt"
    ...     _ = file.write_text(": royals\nman king woman queen\nman king boy prince\n")
    ...     total = evaluate_analogies(E, file).total
    >>> total.questions, total.unknown, total.accuracy
    (2, 1, 1.0)
    """
    name, sections, answers = judged_analogies(model, file, restrict_vocab, case_insensitive)
    counts = (_section(key, found, count_unknown) for key, found in zip(sections, answers, strict=True))
    return Analogies(name, tuple(counts))


def answered_analogies(
    model: Queries | Table, file: File, restrict_vocab: int | None, case_insensitive: bool, count_unknown: bool
) -> tuple[float, list[dict[str, Any]]]:
    """The accuracy of analogies and the questions of each section, correct and incorrect, in gensim's shape."""
    _, sections, answers = judged_analogies(model, file, restrict_vocab, case_insensitive)
    worst = UNKNOWN if count_unknown else WRONG
    told = [
        {
            "section": name,
            "correct": [question for question, answer in zip(asked, found, strict=True) if answer == RIGHT],
            "incorrect": [question for question, answer in zip(asked, found, strict=True) if worst <= answer < RIGHT],
        }
        for (name, asked), found in zip(sections.items(), answers, strict=True)
    ]
    total: dict[str, Any] = {kind: [q for one in told for q in one[kind]] for kind in ("correct", "incorrect")}
    asked = len(total["correct"]) + len(total["incorrect"])
    return len(total["correct"]) / asked if asked else 0.0, [*told, {"section": "Total accuracy", **total}]


def judged_analogies(
    model: Queries | Table, file: File, restrict_vocab: int | None, case_insensitive: bool
) -> tuple[str, dict[str, list[Question]], list[np.ndarray]]:
    """What errors call the file, its sections, and for each whether its questions were answered (see `solved`)."""
    queries, (name, sections) = _named(model), read_analogies(file)
    fold = str.upper if case_insensitive else str
    sections = {key: [_folded(question, fold) for question in asked] for key, asked in sections.items()}
    questions = [question for asked in sections.values() for question in asked]
    ends = np.cumsum([len(asked) for asked in sections.values()])
    answers = solved(queries, questions, restrict_vocab, case_insensitive)
    return name, sections, np.split(answers, ends[:-1])


def _folded(question: Question, fold: Callable[[str], str]) -> Question:
    a, b, c, d = map(fold, question)
    return a, b, c, d


def _section(name: str, answers: np.ndarray, count_unknown: bool) -> Section:
    unknown = int((answers == UNKNOWN).sum())
    asked = len(answers) - (0 if count_unknown else unknown)
    return Section(name, len(answers), unknown, int((answers == RIGHT).sum()), asked)


def _named(model: Queries | Table) -> Queries:
    check_kind("what is judged", model, (Queries, Table), "a model or a table")
    queries = Queries(model) if isinstance(model, Table) else model
    if queries.table.names is None:
        raise DataError("the table has no names, so it knows no words; give it names: Table.from_array(values, names)")
    return queries


def _correlations(scores: np.ndarray, cosines: np.ndarray) -> tuple[Correlation, Correlation]:
    from scipy.stats import pearsonr, spearmanr

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of constants, whose correlation is NaN
        found = (of(scores, cosines) for of in (spearmanr, pearsonr))
        spearman, pearson = (Correlation(float(one.statistic), float(one.pvalue)) for one in found)
    return spearman, pearson
