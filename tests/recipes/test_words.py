"""The recipe `cbow` beside word2vec.c's formulas, step by step."""

import numpy as np

import rowspace as rs
from rowspace.recipes.text_options import TextOptions
from rowspace.recipes.words import COSTS

WORDS = 30
DIM = 12
RATE = 0.05


def word2vec(W, C, examples, rate):
    """CBOW with negative sampling as in word2vec.c, lines in the same order: the hidden vector is a mean, and each
    word around moves by the whole error."""
    for center, window, negatives in examples:
        hidden = W[window].sum(axis=0) / len(window)
        error = np.zeros_like(hidden)
        for target, label in [(center, 1), *((negative, 0) for negative in negatives)]:
            g = (label - 1 / (1 + np.exp(-hidden @ C[target]))) * rate
            error += g * C[target]
            C[target] += g * hidden
        for word in window:
            W[word] += error


def recipe(lines, cost="cbow"):
    """The recipe of a text of these lines."""
    text = rs.read_text(lines, min_count=1, progress=False)
    options = {"dim": DIM, "epochs": 1, "rate": RATE, "window": 5, "negative": 5, "ns_exponent": 0.75}
    of_text = TextOptions(text, None, cost, **options, sample=0.01, seed=3, threads=1, subwords=None)
    return COSTS[cost].recipe(of_text)


def test_first_vectors_are_as_far_from_zero_as_elsewhere():
    """At most 0.5 / dim in word2vec.c, 1 / dim for CBOW as in gensim and fastText."""
    for cost, farthest in ("skip_gram", 0.5), ("cbow", 1.0):
        W = recipe([[f"w{n}" for n in range(WORDS)]] * 2, cost).tables["W"].values
        assert 0.95 * farthest < abs(W * DIM).max() <= farthest


def test_cbow_learns_the_tables_of_word2vec():
    rng = np.random.default_rng(5)
    lines = [[f"w{n}" for n in rng.zipf(1.5, rng.integers(2, 25)) % WORDS] for _ in range(60)]
    found = recipe(lines)
    chunk = next(iter(found.data.at(0, 0)))
    others = [rng.permutation(np.delete(np.arange(len(found.tables["C"])), center))[:5] for center in chunk["center"]]
    chunk["negatives"] = np.array(others)  # each once, as word2vec.c moves one before it looks at the next
    found.tables["C"].values[:] = rng.normal(0, 0.3, found.tables["C"].values.shape)  # zeros would hide much

    offsets, values = chunk["window"].offsets, chunk["window"].values
    windows = [values[a:b] for a, b in zip(offsets[:-1], offsets[1:], strict=True)]
    assert {len(window) for window in windows} == set(range(1, 11))
    W, C = (found.tables[name].values.astype(np.float64) for name in "WC")
    word2vec(W, C, zip(chunk["center"], windows, others, strict=True), RATE)

    rs.Trainer(found.cost, found.tables, rs.sgd(RATE)).fit(chunk, schedule="sequential", progress=False)
    np.testing.assert_allclose(found.tables["W"].values, W, rtol=1e-5, atol=2e-6)
    np.testing.assert_allclose(found.tables["C"].values, C, rtol=1e-5, atol=2e-6)
