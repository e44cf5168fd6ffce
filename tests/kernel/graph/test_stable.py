"""Costs made of exponentials: whatever the spelling, the gradient is that of float64, at any size of the scores."""

import numpy as np
import pytensor.tensor as pt
import pytest
from scipy.special import expit, softmax

import rowspace as rs
from rowspace.kernel.row_gradient import OneExample

SCORES = [
    [0, 0, 0, 0],
    [1, -0.5, 0.3, 2],
    [100, -100, 30, 0],
    [1000, -1000, 0, 1000],
    [1000, 1000, 1000, 1000],
    [-1000, -1000, -1000, -1000],
    [-100, -100, -101, -99.5],
    [90, 89, 88, 91],
]
WEIGHTS = np.array([1, -2, 3, 0.5], np.float32)
LABELS = np.array([1, 0, 0.3, 1], np.float32)


def share(x):
    """exp(x) / sum(exp(x)), as a beginner writes it."""
    return pt.exp(x) / pt.exp(x).sum()


LOG_SUM_EXP = {
    "logsumexp": lambda x: pt.logsumexp(x),
    "keepdims": lambda x: pt.logsumexp(x, keepdims=True)[0],
    "along an axis": lambda x: pt.logsumexp(x.reshape((2, 2)), axis=1).sum() * 0 + pt.logsumexp(x[None], axis=1)[0],
    "log of a sum": lambda x: pt.log(pt.exp(x).sum()),
    "log of a mean": lambda x: pt.log(pt.exp(x).mean()),
    "log of terms": lambda x: pt.log(pt.exp(x[0]) + pt.exp(x[1]) + pt.exp(x[2]) + pt.exp(x[3])),
    "logaddexp": lambda x: pt.logaddexp(pt.logaddexp(x[0], x[1]), pt.logaddexp(x[2], x[3])),
    "one apart": lambda x: pt.log(pt.exp(x[0]) + pt.exp(x[1:]).sum()),
    "shifted by hand": lambda x: x.max() + pt.log(pt.exp(x - x.max()).sum()),
    "a dot product": lambda x: pt.log(pt.exp(x) @ np.ones(4, np.float32)),
    "of a power": lambda x: -pt.log(pt.exp(x).sum() ** -1),
    "by halves": lambda x: 2 * pt.log(pt.sqrt(pt.exp(x).sum())),
    "log2": lambda x: pt.log2(pt.exp(x).sum()) * np.float32(np.log(2)),
}
CROSS_ENTROPY = {
    "logsumexp less a score": lambda x: pt.logsumexp(x) - x[0],
    "log of softmax": lambda x: -pt.log(pt.special.softmax(x)[0]),
    "one of log softmax": lambda x: -pt.log(pt.special.softmax(x))[0],
    "log_softmax": lambda x: -pt.special.log_softmax(x)[0],
    "log of a share": lambda x: -pt.log(share(x))[0],
    "log of a quotient": lambda x: -pt.log(pt.exp(x[0]) / (pt.exp(x[0]) + pt.exp(x[1:]).sum())),
    "log of a product": lambda x: -pt.log(pt.exp(x[0]) * (1 / pt.exp(x).sum())),
    "differences": lambda x: pt.log(pt.exp(x - x[0]).sum()),
    "log1p of differences": lambda x: pt.log1p(pt.exp(x[1:] - x[0]).sum()),
    "1 and differences": lambda x: pt.log(1 + pt.exp(x[1:] - x[0]).sum()),
    "softmax of a matrix": lambda x: -pt.log(pt.special.softmax(x.reshape((1, 4)), axis=1)[0, 0]),
}
SOFTPLUS = {
    "softplus": lambda x: pt.softplus(x).sum(),
    "log(1 + exp)": lambda x: pt.log(1 + pt.exp(x)).sum(),
    "log1p(exp)": lambda x: pt.log1p(pt.exp(x)).sum(),
    "log of a sigmoid": lambda x: -pt.log(pt.sigmoid(-x)).sum(),
    "log of 1 less a sigmoid": lambda x: -pt.log(1 - pt.sigmoid(x)).sum(),
    "log1p of a sigmoid": lambda x: -pt.log1p(-pt.sigmoid(x)).sum(),
    "a sigmoid by hand": lambda x: -pt.log(1 / (1 + pt.exp(x))).sum(),
    "1 less a sigmoid by hand": lambda x: -pt.log(1 - 1 / (1 + pt.exp(-x))).sum(),
    "logaddexp": lambda x: pt.logaddexp(0, x).sum(),
    "log of a product of sigmoids": lambda x: -pt.log(pt.prod(pt.sigmoid(-x))),
}
SOFT_CHOICE = {
    "softmax": lambda x: pt.special.softmax(x) @ WEIGHTS,
    "by hand": lambda x: share(x) @ WEIGHTS,
    "sums": lambda x: (pt.exp(x) * WEIGHTS).sum() / pt.exp(x).sum(),
    "dot products": lambda x: (pt.exp(x) @ WEIGHTS) / pt.exp(x).sum(),
    "exp of log_softmax": lambda x: pt.exp(pt.special.log_softmax(x)) @ WEIGHTS,
}
SIGMOID = {
    "1 / (1 + exp(-x))": lambda x: (1 / (1 + pt.exp(-x))).sum(),
    "exp(x) / (1 + exp(x))": lambda x: (pt.exp(x) / (1 + pt.exp(x))).sum(),
    "to the -1": lambda x: ((1 + pt.exp(-x)) ** -1).sum(),
}
BINARY = {
    "sigmoid": lambda x: -(LABELS * pt.log(pt.sigmoid(x)) + (1 - LABELS) * pt.log(1 - pt.sigmoid(x))).sum(),
    "by hand": lambda x: -(LABELS * pt.log(1 / (1 + pt.exp(-x))) + (1 - LABELS) * pt.log1p(-pt.sigmoid(x))).sum(),
}
TANH = {
    "log cosh": lambda x: pt.log(pt.cosh(x)).sum(),
    "log of both": lambda x: pt.log((pt.exp(x) + pt.exp(-x)) / 2).sum(),
}


def first(x):
    return np.eye(len(x))[0]


def gradient_of_choice(x):
    p = softmax(x)
    return p * (WEIGHTS - p @ WEIGHTS)


GROUPS = [
    (LOG_SUM_EXP, softmax),
    (CROSS_ENTROPY, lambda x: softmax(x) - first(x)),
    (SOFTPLUS, expit),
    (SOFT_CHOICE, gradient_of_choice),
    (SIGMOID, lambda x: expit(x) * expit(-x)),
    (BINARY, lambda x: expit(x) - LABELS),
    (TANH, np.tanh),
]
SPELLINGS = [(f, right) for spellings, right in GROUPS for f in spellings.values()]


@pytest.mark.parametrize(("cost", "right"), SPELLINGS, ids=[name for spellings, _ in GROUPS for name in spellings])
def test_every_spelling_has_the_gradient_of_float64(cost, right):
    E = {"E": rs.Table.from_array(np.array(SCORES, np.float32))}
    one = OneExample(lambda E, i: cost(E[i]), E, {"i": np.zeros(1, np.int64)})
    for scores in SCORES:
        E["E"].values[0] = scores
        found = one.run(one.kernel.interpreted)[1]["E"].values[0]
        assert np.allclose(found, right(np.array(scores, np.float64)), rtol=1e-5, atol=2e-6), scores


def test_over_ragged_bags_and_both_axes():
    V = np.array([[80, 60], [96, 28], [-100, 0], [10, 90]], np.float32)
    E = rs.Table.from_array(V)

    def cost(E, i, bag):
        return pt.logsumexp(E[bag] @ E[i]) + pt.log(pt.exp(E[bag]).sum(axis=1)).sum()

    found = rs.gradient(cost, {"E": E}, {"i": 0, "bag": [1, 2, 1, 3]})["E"].to_dense()
    exact, bag = V.astype(np.float64), [1, 2, 1, 3]
    right, p = np.zeros((4, 2)), softmax(exact[bag] @ exact[0])
    right[0] = p @ exact[bag]
    for q, i in zip(p, bag, strict=True):
        right[i] += q * exact[0] + softmax(exact[i])
    assert np.allclose(found, right, rtol=1e-5)


def test_a_masked_score_counts_as_nothing():
    E = rs.Table.from_array(np.array([[1000, 2, 1]], np.float32))
    for cost in (
        lambda E, i, keep: pt.logsumexp(pt.switch(keep > 0, E[i], -np.inf)),
        lambda E, i, keep: pt.log(pt.switch(keep > 0, pt.exp(E[i]), 0).sum()),
        lambda E, i, keep: pt.log((pt.exp(E[i]) * keep).sum()),
    ):
        found = rs.gradient(cost, {"E": E}, {"i": 0, "keep": [0.0, 1.0, 1.0]})["E"].values[0]
        assert np.allclose(found, [0, *softmax([2, 1])], atol=1e-6)


def test_whole_numbers_in_a_softmax():
    E = {"E": rs.Table.from_array(np.array([[1, -2, 3]], np.float32))}
    found = rs.gradient(lambda E, i: (pt.special.log_softmax((E[i] > 0) * 1) * E[i]).sum(), E, {"i": 0})["E"]
    assert np.allclose(found.values[0], np.log(softmax([1, 0, 1])), atol=1e-6)
    found = rs.gradient(lambda E, i: pt.logsumexp((E[i] > 0) * 1) * E[i].sum(), E, {"i": 0})["E"]
    assert np.allclose(found.values[0], np.log(2 * np.e + 1), atol=1e-6)


def test_a_small_constant_beside_a_sigmoid_stays():
    E = {"E": rs.Table.from_array(np.array([[-40, 3]], np.float32))}
    found = rs.gradient(lambda E, i: -pt.log(pt.sigmoid(E[i]) + 1e-9).sum(), E, {"i": 0})["E"].values[0]
    p = expit([-40.0, 3.0])
    assert np.allclose(found, -p * (1 - p) / (p + 1e-9), rtol=1e-5)


def test_the_compiled_loop_trains_on_large_scores():
    E = rs.Table.from_array(np.array([[1, 0], [0.8, 0.6], [0.96, 0.28]], np.float32))

    def cost(E, anchor, candidates):
        scores = E[candidates] @ E[anchor] / 0.01
        return pt.logsumexp(scores) - scores[0]

    trainer = rs.Trainer(cost, {"E": E}, rs.sgd(1e-4))
    [epoch] = trainer.fit({"anchor": [0], "candidates": [[1, 2]]}, progress=False)
    assert epoch.cost == pytest.approx(16, rel=1e-5)
    assert np.allclose(E.values[0], [1 - 0.0016, 0.0032], atol=1e-6)
