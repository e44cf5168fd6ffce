"""Answers to analogies, thousands of questions in one pass over the table."""

from collections.abc import Sequence

import numpy as np

from rowspace.queries import Queries
from rowspace.read.analogies import Question
from rowspace.search import scored

# questions answered in one pass over the rows
QUESTIONS = 2048

Alike = dict[str, list[int]]  # a word -> the rows whose names are the same word

UNKNOWN, WRONG, RIGHT = -1, 0, 1


def solved(
    model: Queries, questions: Sequence[Question], restrict_vocab: int | None, case_insensitive: bool
) -> np.ndarray:
    """Whether the row nearest to b + c - a, each of length 1, and none of the three, is d.

    Args:
        model: what is asked, with names.
        questions: m questions a, b, c, d, upper case where cases do not count.
        restrict_vocab: the first rows that are looked at, or None for all; words of other rows are unknown.
        case_insensitive: names are compared in upper case; of those alike the first stands for all.

    Returns:
        (m,) int8: UNKNOWN, WRONG or RIGHT.
    """
    rows, lengths = model.rows(restrict_vocab), model.norms
    alike = rows_alike(
        model.index_to_key[:rows], {word for question in questions for word in question}, case_insensitive
    )
    answers = np.full(len(questions), UNKNOWN, np.int8)
    known = np.array([i for i, question in enumerate(questions) if all(word in alike for word in question)], np.intp)
    for a in range(0, len(known), QUESTIONS):
        part = known[a : a + QUESTIONS]
        asked = [questions[i] for i in part]
        found = _nearest(model, asked, alike, lengths[:rows])
        answers[part] = [near in alike[d] for near, (*_, d) in zip(found.tolist(), asked, strict=True)]
    return answers


def rows_alike(names: Sequence[str], wanted: set[str], case_insensitive: bool) -> Alike:
    """The rows of each wanted word that is a name, in order.

    >>> rows_alike(["us", "a", "US"], {"US", "B"}, True)
    {'US': [0, 2]}
    """
    alike: Alike = {}
    for i, name in enumerate(names):
        word = name.upper() if case_insensitive else name
        if word in wanted:
            alike.setdefault(word, []).append(i)
    return alike


def _nearest(
    model: Queries, questions: Sequence[Question], alike: dict[str, list[int]], lengths: np.ndarray
) -> np.ndarray:
    """(q,) ids: the row of largest cosine with each b + c - a that is none of their rows."""
    targets = _targets(model, questions, alike)
    own = [(id, q) for q, (*words, _) in enumerate(questions) for word in words for id in alike[word]]
    ids, places = np.array(sorted(own)).T
    best, least = np.zeros(len(questions), np.intp), np.full(len(questions), -np.inf, np.float32)
    for first, scores in scored(model.vectors[: len(lengths)], targets, lengths):
        a, b = np.searchsorted(ids, [first, first + scores.shape[1]])
        scores[places[a:b], ids[a:b] - first] = -np.inf
        here = scores.argmax(axis=1)
        top = np.take_along_axis(scores, here[:, None], axis=1)[:, 0]
        better = top > least
        best[better], least[better] = here[better] + first, top[better]
    return best


def _targets(model: Queries, questions: Sequence[Question], alike: Alike) -> np.ndarray:
    a, b, c = np.array([[alike[word][0] for word in words] for *words, _ in questions]).T
    vectors = {id: model.get_vector(id, norm=True) for id in {*a.tolist(), *b.tolist(), *c.tolist()}}
    unit = lambda ids: np.stack([vectors[id] for id in ids.tolist()])
    return unit(b) + unit(c) - unit(a)
