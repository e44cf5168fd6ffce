"""Answers to analogies, thousands of questions in one pass over the table."""

from collections.abc import Sequence

import numpy as np

from rowspace.model.queries import Queries
from rowspace.model.search import nearest, scored, slack
from rowspace.read.judged import Question

QUESTIONS_AT_ONCE = 2048  # answered in one pass over the rows

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
    for a in range(0, len(known), QUESTIONS_AT_ONCE):
        part = known[a : a + QUESTIONS_AT_ONCE]
        asked = [questions[i] for i in part]
        answers[part] = _answered(model, asked, alike, lengths[:rows])
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


def _answered(model: Queries, questions: Sequence[Question], alike: Alike, lengths: np.ndarray) -> np.ndarray:
    """(q,) bool: whether, of the rows that are none of a, b and c, one of d's is nearest to b + c - a."""
    targets, values = _targets(model, questions, alike), model.vectors[: len(lengths)]
    asked = [{id for word in words for id in alike[word]} for *words, _ in questions]
    of_asked, of_answers = _sorted(asked), _sorted([set(alike[d]) for *_, d in questions])
    answer, other = np.full((2, len(questions)), -np.inf, np.float32)
    for first, scores in scored(values, targets, lengths):
        _take_out(scores, first, *of_asked)
        np.maximum.at(answer, *_take_out(scores, first, *of_answers))
        np.maximum(other, scores.max(axis=1), out=other)
    right = answer > other
    with np.errstate(invalid="ignore"):  # where all rows were asked about
        close = np.abs(answer - other) <= slack(values.shape[1]) * np.linalg.norm(targets, axis=1)
    for q in np.flatnonzero(close).tolist():
        near, _ = nearest(values, targets[q], len(asked[q]) + 1, lengths=lengths)
        right[q] = next(id for id in near.tolist() if id not in asked[q]) in alike[questions[q][3]]
    return right


def _sorted(ids: Sequence[set[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Ids of each of many questions as one sorted array, and whose each is."""
    own = [(id, question) for question, some in enumerate(ids) for id in some]
    sorted_ids, questions = np.array(sorted(own)).T
    return sorted_ids, questions


def _take_out(scores: np.ndarray, first: int, ids: np.ndarray, questions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Leave rows out of some scores (q, m), which begin with row `first`: whose they are, and their scores."""
    a, b = np.searchsorted(ids, [first, first + scores.shape[1]])
    place = questions[a:b], ids[a:b] - first
    taken = scores[place]
    scores[place] = -np.inf
    return place[0], taken


def _targets(model: Queries, questions: Sequence[Question], alike: Alike) -> np.ndarray:
    """(q, d): b + c - a of each question, each scaled to length 1."""
    terms = np.array([[alike[word][0] for word in words] for *words, _ in questions])
    ids, places = np.unique(terms, return_inverse=True)
    units = np.stack([model.get_vector(model.index_to_key[id], norm=True) for id in ids.tolist()])
    a, b, c = units[places.reshape(terms.shape).T]
    return b + c - a
