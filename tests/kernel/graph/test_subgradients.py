"""Gradients at kinks: ties, zeros and branches not taken have a subgradient, and it is finite."""

import numpy as np
import pytensor.tensor as pt
import pytest

import rowspace as rs

M = [[3, 4, 0], [-1, 2, 5], [3, 4, 5]]
ZERO = [[0, 0, 0], [3, 4, 0]]


def gradient(cost, rows, **example):
    E = rs.Table.from_array(np.array(rows, np.float32))
    return rs.gradient(cost, {"E": E}, example)["E"].to_dense().tolist()


@pytest.mark.parametrize(
    ("cost", "bag", "right"),
    [
        (lambda E, bag: E[bag].max(axis=0).sum(), [0, 0, 1], [[1, 1, 0], [0, 0, 1], [0, 0, 0]]),
        (lambda E, bag: E[bag].max(axis=0).sum(), [2, 0, 1], [[0, 0, 0], [0, 0, 0], [1, 1, 1]]),
        (lambda E, bag: E[bag].min(axis=0).sum(), [0, 2, 0], [[1, 1, 1], [0, 0, 0], [0, 0, 0]]),
        (lambda E, bag: E[bag].max(), [0, 1, 2, 1], [[0, 0, 0], [0, 0, 1], [0, 0, 0]]),
        (lambda E, bag: E[bag].max(axis=1).sum(), [0, 0, 2], [[0, 2, 0], [0, 0, 0], [0, 0, 1]]),
        (lambda E, bag: E[bag].min(axis=1).max(), [1, 2, 2], [[0, 0, 0], [0, 0, 0], [1, 0, 0]]),
    ],
)
@pytest.mark.parametrize("ragged", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_maximum_moves_the_first_that_attains_it(cost, bag, right, ragged):
    bags = [bag, bag[:1]] if ragged else [bag]
    E = rs.Table.from_array(np.array(M, np.float32))
    update = rs.Update(lambda row, gradient, state, rate: (row - gradient, state), 1.0)
    if not ragged:
        assert gradient(cost, M, bag=bag) == right
        return
    rs.Trainer(cost, {"E": E}, update).fit({"bag": bags[:1] + [[0]]}, progress=False)
    alone = np.array(gradient(cost, np.array(M) - right, bag=[0]))
    assert np.allclose(E.values, np.array(M) - right - alone)


@pytest.mark.parametrize("order", [None, 0.5, 1, 1.5, 2, 3, np.inf])
def test_a_norm_at_the_origin(order):
    found = gradient(lambda E, i: pt.linalg.norm(E[i], ord=order), ZERO, i=0)
    assert found == ([[1, 0, 0], [0, 0, 0]] if order == np.inf and found[0][0] else [[0, 0, 0], [0, 0, 0]])


@pytest.mark.parametrize(
    "cost",
    [
        lambda E, i, j: pt.sqrt(((E[i] - E[j]) ** 2).sum()),
        lambda E, i, j: pt.sqrt(((E[i] - E[j]) * (E[i] - E[j])).sum()),
        lambda E, i, j: pt.sqrt((E[i] - E[j]) @ (E[i] - E[j])),
        lambda E, i, j: ((E[i] - E[j]) ** 2).sum() ** 0.5,
        lambda E, i, j: (abs(E[i] - E[j]) ** 3).sum() ** (1 / 3),
        lambda E, i, j: pt.linalg.norm(E[i] - E[j]),
        lambda E, i, j: pt.sqrt(pt.maximum(E[i] @ E[i] + E[j] @ E[j] - 2 * (E[i] @ E[j]), 0)),
        lambda E, i, j: pt.std(E[i] - E[j]),
        lambda E, i, j: pt.linalg.norm(E[[i, j]] - E[j], axis=1).sum(),
    ],
)
def test_the_distance_of_a_row_to_itself(cost):
    assert gradient(cost, M, i=1, j=1) == [[0, 0, 0]] * 3


@pytest.mark.parametrize("of_two", [pt.maximum, pt.minimum])
def test_the_larger_of_equals_counts_once(of_two):
    cost = lambda E, i, j: of_two(E[i], E[j]).sum()
    assert gradient(cost, M, i=0, j=0) == [[1, 1, 1], [0, 0, 0], [0, 0, 0]]
    assert np.sum(gradient(cost, [M[0], M[0]], i=0, j=1)) == 3


def test_a_clip_counts_once_also_at_its_ends():
    rows = [[-1, 0, 4, 5]]
    assert gradient(lambda E, i: pt.clip(E[i], 0, 4).sum(), rows, i=0) == [[0, 1, 1, 0]]
    assert gradient(lambda E, i: pt.clip(E[i], E[i], E[i]).sum(), rows, i=0) == [[1, 1, 1, 1]]


@pytest.mark.parametrize(
    ("cost", "row", "right"),
    [
        (lambda x: abs(x).sum(), [0, 1, -4], [0, 1, -1]),
        (lambda x: pt.sqrt(abs(x)).sum(), [0, 1, -4], [0, 0.5, -0.25]),
        (lambda x: x.prod(), [0, 2, 3], [6, 0, 0]),
        (lambda x: x.prod(), [0, 0, 3], [0, 0, 0]),
        (lambda x: (x**0).sum(), [0, 1, -4], [0, 0, 0]),
        (lambda x: (x**1.5).sum(), [0, 1, 4], [0, 1.5, 3]),
        (lambda x: pt.switch(x > 0, pt.log(x), 0).sum(), [0, 1, 2], [0, 1, 0.5]),
        (lambda x: pt.switch(x > 0, pt.sqrt(x), 0).sum(), [-1, 0, 4], [0, 0, 0.25]),
        (lambda x: pt.switch(pt.eq(x, 0), 0, 1 / x).sum(), [0, 1, 4], [0, -1, -0.0625]),
        (lambda x: pt.sqrt(x)[1], [0, 1, 4], [0, 0.5, 0]),
        (lambda x: pt.arctan2(x[0], x[1]), [0, 0, 1], [0, 0, 0]),
        (lambda x: (x / pt.maximum(pt.sqrt((x**2).sum()), 1e-2)).sum(), [0, 0, 0], [100, 100, 100]),
        (lambda x: x.max() - x.min(), [1, 1, 1], [0, 0, 0]),
        (lambda x: pt.arccos(pt.clip(x[0], -0.5, 0.5)), [1, 0, 0], [0, 0, 0]),
    ],
)
def test_zeros_and_branches_not_taken(cost, row, right):
    assert np.allclose(gradient(lambda E, i: cost(E[i]), [row], i=0), [right], rtol=1e-6)


@pytest.mark.parametrize("power", [0, 1, 2])
def test_a_power_of_a_column_at_zero(power):
    right = [power * x ** max(power - 1, 0) for x in (0, 1, 4)]
    assert gradient(lambda E, i, p: (E[i] ** p).sum(), [[0, 1, 4]], i=0, p=float(power)) == [right]


@pytest.mark.filterwarnings("ignore::rowspace.errors.SlowCost")
def test_a_cumulative_product_with_zeros():
    assert gradient(lambda E, i: pt.cumprod(E[i])[2], [[0, 2, 3]], i=0) == [[6, 0, 0]]
    assert gradient(lambda E, bag: pt.cumprod(E[bag], axis=0).sum(), [[0, 2], [5, 0]], bag=[0, 1]) == [[6, 1], [0, 2]]


def test_what_is_truly_infinite_stays():
    assert gradient(lambda E, i: pt.sqrt(E[i]).sum(), [[0, 1, 4]], i=0) == [[np.inf, 0.5, 0.25]]


def test_the_compiled_loop_finds_the_largest_of_computed_numbers():
    rng = np.random.default_rng(3)
    values = rng.standard_normal((40, 6)).astype(np.float32)
    E = rs.Table.from_array(values.copy())
    i, j = rng.integers(0, 40, (2, 60))
    rs.Trainer(lambda E, i, j: abs(E[i] + E[7] - E[j]).max(), {"E": E}, rs.sgd(0.001)).fit({"i": i, "j": j})
    right = values.astype(np.float64)
    for a, b in zip(i, j, strict=True):
        x = right[a] + right[7] - right[b]
        k = abs(x).argmax()
        step = 0.001 * np.sign(x[k])
        right[a, k] -= step
        right[7, k] -= step
        right[b, k] += step
    assert np.allclose(E.values, right, atol=1e-5)
