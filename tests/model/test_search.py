import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rowspace.errors import ShapeError
from rowspace.model import search


def naive(values, query, k):
    """Every cosine in float64, one row at a time."""
    query = np.asarray(query, np.float64)
    scores = []
    for row in values.astype(np.float64):
        length = np.linalg.norm(row) * np.linalg.norm(query)
        scores.append(float((row * query).sum() / length) if length else 0.0)
    order = sorted(range(len(values)), key=lambda i: (-round(scores[i], 12), i))[:k]
    return order, [scores[i] for i in order]


@settings(deadline=None, derandomize=True)
@given(
    st.integers(1, 60),
    st.integers(1, 5),
    st.integers(1, 3),
    st.integers(0, 70),
    st.integers(0, 2**32 - 1),
)
def test_nearest_is_the_slow_search(n, d, q, k, seed):
    rng = np.random.default_rng(seed)
    # few distinct numbers: many zero rows, equal rows and ties
    values = rng.integers(-1, 2, (n, d)).astype(np.float32)
    queries = rng.integers(-1, 2, (q, d)).astype(np.float32)
    ids, scores = search.nearest(values, queries, k)
    assert ids.shape == scores.shape == (q, min(k, n))
    for row, query in enumerate(queries):
        expected_ids, expected = naive(values, query, k)
        np.testing.assert_allclose(scores[row], expected, atol=1e-12)
        np.testing.assert_array_equal(ids[row], expected_ids)


@pytest.mark.parametrize("k", [1, 10, 3000])
def test_blocks_make_no_difference(monkeypatch, k):
    rng = np.random.default_rng(0)
    values = rng.standard_normal((5000, 8), dtype=np.float32)
    values[4000:4010] = values[7]  # ties in different blocks
    queries = np.concatenate([values[[7, 4999]], rng.standard_normal((2, 8))])
    whole = search.nearest(values, queries, k)
    monkeypatch.setattr(search, "SCORE_BYTES", 1)
    assert search._rows_at_once(8) == 1024
    blocked = search.nearest(values, queries, k)
    known = search.nearest(values, queries, k, lengths=search.norms(values))
    for ids, scores in (whole, blocked, known):
        for q in range(4):
            expected_ids, expected = naive(values, queries[q], k)
            np.testing.assert_array_equal(ids[q], expected_ids)
            np.testing.assert_allclose(scores[q], expected, atol=1e-12)
    assert whole[0][0][:10].tolist() == [7, *range(4000, 4009)][:k]


@pytest.mark.parametrize(("n", "d"), [(5, 50), (33, 300), (100, 100), (3000, 37)])
def test_equal_rows_are_equally_near_wherever_they_stand(monkeypatch, n, d):
    monkeypatch.setattr(search, "SCORE_BYTES", 4 * 1024 * d)  # several blocks of the largest
    rng = np.random.default_rng(n)
    row = rng.standard_normal(d)
    values = np.concatenate([rng.standard_normal((1, d)), np.tile(row, (n, 1)), -np.tile(row, (2, 1))])
    values = values.astype(np.float32)
    values[2] *= 4
    for query in (values[0], row):
        assert len(set(search.cosines(values, query)[1 : n + 1].tolist())) == 1
        for other in {*range(1, n + 1, 1 + n // 300), n}:  # a row is compared with all others each time
            assert not set(search.nearer(values, query, other).tolist()) & set(range(1, n + 1))
    asked = np.stack([row, values[1]])
    ids, _ = search.nearest(values, asked, min(n, 40))
    assert ids.tolist() == [list(range(1, min(n, 40) + 1))] * 2


def test_nearer_rows_are_those_of_larger_cosine():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((500, 8), dtype=np.float32)
    values[[7, 300]] = [[0] * 8, [np.nan] * 8]
    sound = np.where(np.isfinite(values), values, 0)
    order, _ = naive(sound, values[3], 500)
    for place in (0, 1, 250, 499):
        found = search.nearer(values, values[3], order[place])
        assert found.tolist() == sorted(i for i in order[:place] if i not in (7, 300) or order[place] not in (7, 300))


@pytest.mark.parametrize("odd", [0, 1e-35, 1e35, np.nan, np.inf])
@pytest.mark.parametrize("queries", [1, 3, 9, 600])
def test_rows_that_are_no_direction_change_nothing_else(odd, queries):
    rng = np.random.default_rng(0)
    values = rng.standard_normal((5000, 4), dtype=np.float32)
    values[[0, 17, 4999]] = odd
    asked = rng.standard_normal((queries, 4))
    ids, scores = search.nearest(values, asked, 5)
    sound = np.where(np.isfinite(values), values, 0)
    for q in range(min(queries, 9)):
        expected_ids, expected = naive(sound, asked[q], 5)
        np.testing.assert_array_equal(ids[q], expected_ids)
        np.testing.assert_allclose(scores[q], expected, atol=1e-12)
        every = dict(zip(*(found.tolist() for found in search.nearest(values, asked[q], 5000)), strict=True))
        cosines = search.cosines(values, asked[q])
        np.testing.assert_allclose([every[i] for i in range(5000)], cosines, atol=1e-6)


def test_more_queries_than_one_pass_takes(monkeypatch):
    rng = np.random.default_rng(0)
    values, asked = rng.standard_normal((3000, 6), dtype=np.float32), rng.standard_normal((25, 6))
    whole = search.nearest(values, asked, 4)
    monkeypatch.setattr(search, "QUERIES_AT_ONCE", 7)
    for one, other in zip(whole, search.nearest(values, asked, 4), strict=True):
        np.testing.assert_array_equal(one, other)


def test_norms_are_those_of_numpy(monkeypatch):
    rng = np.random.default_rng(0)
    values = rng.standard_normal((5000, 7), dtype=np.float32) * np.float32(10.0) ** rng.integers(-44, 37, (5000, 1))
    expected = np.linalg.norm(values.astype(np.float64), axis=1).astype(np.float32)
    np.testing.assert_allclose(search.norms(values), expected, rtol=1e-6)
    monkeypatch.setattr(search, "SCORE_BYTES", 1)  # several blocks, on all threads
    np.testing.assert_allclose(search.norms(values), expected, rtol=1e-6)


def test_the_table_is_not_copied_or_changed():
    values = np.arange(12, dtype=np.float32).reshape(4, 3)
    values.setflags(write=False)
    search.nearest(values, values[1], 2)
    search.cosines(values, values[1])
    np.testing.assert_array_equal(values.ravel(), np.arange(12))


def test_extreme_numbers_never_give_nan():
    big = 1e38
    values = np.array([[0, 0], [big, big], [1e-44, 0], [1, 1], [np.nan, 1], [np.inf, 1]], dtype=np.float32)
    for query in ([1, 1], [0, 0], [1e300, 1e300], [1e-300, 1e-300]):
        ids, scores = search.nearest(values, np.array(query), 6)
        assert sorted(ids.tolist()) == [0, 1, 2, 3, 4, 5]
        assert np.isfinite(scores).all()
        assert np.isfinite(search.cosines(values, np.array(query))).all()
    ids, scores = search.nearest(values, np.array([1, 1]), 3)
    np.testing.assert_allclose(scores, [1, 1, 0.5**0.5])
    assert ids.tolist() == [1, 3, 2]


def test_cosine_of_two():
    assert search.cosine(np.array([0, 0]), np.array([1, 2])) == 0
    assert search.cosine(np.array([3.0, 4]), np.array([6, 8])) == pytest.approx(1)


@pytest.mark.parametrize(
    ("query", "k", "text"),
    [
        ([1, 2, 3], 1, r"a query must have 2 numbers, got shape \(1, 3\)"),
        ([1, np.nan], 1, "a query must be finite numbers"),
        ([1, 2], -1, "cannot find -1 neighbours; ask for 1 or more"),
    ],
)
def test_what_cannot_be_searched(query, k, text):
    with pytest.raises(ShapeError, match=text):
        search.nearest(np.ones((3, 2), np.float32), np.array(query), k)


@pytest.mark.slow
def test_a_million_rows_need_no_second_copy():
    resource = pytest.importorskip("resource")
    values = np.random.default_rng(0).standard_normal((1_000_000, 100), dtype=np.float32)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    search.nearest(values, values[:20], 10, lengths=search.norms(values))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < 100_000  # kilobytes; the table itself is 400,000
