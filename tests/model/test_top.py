import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowspace.model.top import TopK


def naive(scores, k):
    return [sorted(range(len(row)), key=lambda i: (-row[i], i))[:k] for row in scores.tolist()]


def taken(scores, k, step):
    best = TopK(len(scores), k)
    for a in range(0, scores.shape[1], step):
        best.take(a, scores[:, a : a + step])
    return [ids.tolist() for ids in best.ids()]


@given(st.integers(1, 5), st.integers(1, 40), st.integers(1, 12), st.integers(1, 15), st.integers(0, 2**32 - 1))
def test_best_is_a_sort(queries, rows, k, step, seed):
    # few distinct numbers: many ties
    scores = np.random.default_rng(seed).integers(-3, 4, (queries, rows)).astype(np.float32)
    assert taken(scores, k, step) == naive(scores, k)


@pytest.mark.parametrize("order", ["rising", "falling", "equal", "random"])
def test_whatever_the_order(order, monkeypatch):
    monkeypatch.setattr("rowspace.model.top.SCORE_BYTES", 4 * 500 * 2)  # two queries at a time
    rng = np.random.default_rng(0)
    scores = rng.standard_normal((5, 20_000), dtype=np.float32)
    if order in ("rising", "falling"):
        scores = np.sort(scores, axis=1)[:, :: 1 if order == "rising" else -1]
    if order == "equal":
        scores[:] = 0.5
    before = scores.copy()
    assert taken(scores, 7, 500) == taken(scores, 7, 20_000) == naive(scores, 7)
    np.testing.assert_array_equal(scores, before)


def test_what_is_kept_does_not_grow():
    scores = np.sort(np.random.default_rng(0).standard_normal((3, 50_000), dtype=np.float32), axis=1)
    best, most = TopK(3, 10), 0
    for a in range(0, 50_000, 1000):
        best.take(a, scores[:, a : a + 1000])
        most = max(most, best._waiting)
    assert most < 3 * 2000
    assert [ids.tolist() for ids in best.ids()] == naive(scores, 10)
