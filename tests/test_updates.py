"""Every update: descends a parabola, touches no other row, equals its NumPy version, sums repeats."""

from itertools import product

import numpy as np
import pytest

import rowspace as rs
from tests.support import naive
from tests.support.quick import quick

UPDATES = {
    "sgd": (lambda rate: rs.sgd(rate), naive.sgd),
    "momentum": (lambda rate: rs.momentum(rate), naive.momentum),
    "adagrad": (lambda rate: rs.adagrad(rate), naive.adagrad),
    "rowwise_adagrad": (lambda rate: rs.rowwise_adagrad(rate), naive.rowwise_adagrad),
    "lazy_adam": (lambda rate: rs.lazy_adam(rate), naive.lazy_adam),
    "weight_decay": (lambda rate: rs.weight_decay(rs.sgd(rate), 0.1), naive.decayed_sgd),
    "clip_norm": (lambda rate: rs.clip_norm(rs.adagrad(rate), 0.5), naive.clipped_adagrad),
    "adamw": (lambda rate: rs.adamw(rate, decay=0.2), naive.adamw),
    "max_norm": (lambda rate: rs.max_norm(rs.adagrad(rate), 0.8), naive.short_adagrad),
}

SHORT_OF_ONE = {"weight_decay": 0.1, "adamw": 0.1, "max_norm": 0.7}  # how far from the bottom a rule stays


def squared_distance(E, i, target):
    return ((E[i] - target) ** 2).sum()


def three_at_once(E, i, j, bag):
    return (E[i] @ E[j] - 1) ** 2 + (E[bag].sum(axis=0) ** 2).sum()


def start(rows=7, dim=5, seed=0):
    return np.random.default_rng(seed).normal(0, 0.4, (rows, dim)).astype(np.float32)


@pytest.mark.parametrize("name", UPDATES)
def test_descends_a_parabola(name):
    table = rs.Table.from_array(start())
    data = {"i": np.tile([1, 3], 400), "target": np.ones((800, 5), np.float32)}
    trainer = rs.Trainer(squared_distance, {"E": table}, UPDATES[name][0](rs.linear(0.2, 0.001)))
    trainer.fit(data)
    assert np.abs(table.values[[1, 3]] - 1).max() < SHORT_OF_ONE.get(name, 0.03)


@pytest.mark.parametrize("name", UPDATES)
def test_untouched_rows_are_bit_identical(name):
    before = start()
    table = rs.Table.from_array(before.copy())
    data = {"i": [1, 3, 1], "target": np.ones((3, 5), np.float32)}
    rs.Trainer(squared_distance, {"E": table}, UPDATES[name][0](0.1)).fit(data)
    rest = [0, 2, 4, 5, 6]
    assert table.values[rest].tobytes() == before[rest].tobytes()
    assert not np.array_equal(table.values[[1, 3]], before[[1, 3]])


FEW = [*((u, "few") for u in UPDATES), ("lazy_adam", "many")]


@pytest.mark.parametrize(("name", "bag"), quick(product(UPDATES, ["few", "many"]), *FEW))
def test_equals_numpy_with_repeats_of_a_row(name, bag):
    make, rule = UPDATES[name]
    rng = np.random.default_rng(1)
    values = {"E": start()}
    data = {
        "i": rng.integers(0, 7, 40),
        "j": rng.integers(0, 7, 40),
        "bag": rng.integers(0, 7, (40, 3 if bag == "few" else 30)),
    }
    table = rs.Table.from_array(values["E"].copy())
    rs.Trainer(three_at_once, {"E": table}, make(0.003)).fit(data)
    expected, _ = naive.train(three_at_once, values, data, rule, ids={"i": ["E"], "j": ["E"], "bag": ["E"]}, rate=0.003)
    np.testing.assert_allclose(table.values, expected["E"], rtol=1e-3, atol=1e-4)


def test_repeats_are_summed_before_adagrad():
    """The design's number: two halves of a step merged move 1.00 rates, unmerged 1.71."""
    table = rs.Table.from_array(np.zeros((2, 1), np.float32))
    rs.Trainer(lambda E, i, j: (E[i] + E[j]).sum(), {"E": table}, rs.adagrad(1.0)).fit({"i": [0], "j": [0]})
    assert table.values[0, 0] == pytest.approx(-1.0)


def test_wrappers_compose_in_the_order_given():
    table = rs.Table.from_array(np.full((1, 4), 2.0, np.float32))
    update = rs.weight_decay(rs.clip_norm(rs.sgd(1.0), 1.0), 0.5)
    assert update.name == "weight_decay(clip_norm(sgd, 1), 0.5)"
    rs.Trainer(lambda E, i: E[i].sum(), {"E": table}, update).fit({"i": [0]})
    np.testing.assert_allclose(table.values, 2 - 0.5, rtol=1e-6)  # gradient 1 + 0.5 * 2 = 2 each, clipped to length 1


@pytest.mark.parametrize("length", [1e-30, 1e20, 3e38])
def test_a_gradient_whose_square_float32_does_not_hold_is_clipped(length):
    table = rs.Table.from_array(np.array([[1, 2]], np.float32))
    data = {"i": [0], "weight": np.array([[0.6 * length, -0.8 * length]], np.float32)}
    update = rs.clip_norm(rs.sgd(0.1), 1e-30)
    rs.Trainer(lambda E, i, weight: (weight * E[i]).sum(), {"E": table}, update).fit(data)
    assert table.values.tolist() == [[1, 2]]  # so short a step is none
    update = rs.clip_norm(rs.sgd(0.1), min(length, 1.0))
    rs.Trainer(lambda E, i, weight: (weight * E[i]).sum(), {"E": table}, update).fit(data)
    step = 0.1 * min(length, 1.0)
    assert np.allclose(table.values, [[1 - 0.6 * step, 2 + 0.8 * step]], atol=1e-6)


def test_a_user_writes_an_update():
    def sign_descent(row, gradient, state, rate):
        return row - rate * gradient / abs(gradient), state

    table = rs.Table.from_array(np.zeros((2, 3), np.float32))
    update = rs.Update(sign_descent, rate=0.25)
    rs.Trainer(squared_distance, {"E": table}, update).fit({"i": [1], "target": np.full((1, 3), 9.0)})
    np.testing.assert_array_equal(table.values, [[0, 0, 0], [0.25, 0.25, 0.25]])


BY_COLUMN = np.array([1.0, 0.5, 0.25], np.float32)


def by_column(row, gradient, state, rate):
    return row - rate * BY_COLUMN * gradient, state


@pytest.mark.parametrize("way", ["one by one", "in batches", "exact", "exact in batches"])
def test_an_update_may_hold_an_array(way):
    """A rate for each column."""
    before = start(dim=3)
    table = rs.Table.from_array(before.copy())
    update = rs.Update(by_column, rate=0.1)
    trainer = rs.Trainer(squared_distance, {"E": table}, rs.exact(update) if "exact" in way else update)
    trainer.fit({"i": [0, 1], "target": np.ones((2, 3), np.float32)}, **({"batch": 2} if "batches" in way else {}))
    np.testing.assert_allclose(table.values[:2], before[:2] - 0.2 * BY_COLUMN * (before[:2] - 1), rtol=1e-5)
    assert table.values[2:].tobytes() == before[2:].tobytes()


@pytest.mark.parametrize("options", [{}, {"batch": 2}])
def test_an_update_without_a_loop_is_refused(options):
    import pytensor.tensor as pt

    update = rs.Update(lambda row, gradient, state, rate: (row - rate * pt.i0(gradient), state))
    with pytest.raises(rs.RowspaceError, match="the update '<lambda>' uses .*, which has no compiled loop"):
        rs.Trainer(squared_distance, {"E": rs.Table(2, 3)}, update).fit(
            {"i": [0], "target": np.ones((1, 3))}, **options
        )


def test_updates_by_table_and_a_frozen_one():
    W, C = rs.Table(3, 4, seed=0), rs.Table(3, 4, seed=1)
    before = C.values.copy()
    cost = lambda W, C, i, j: (W[i] @ C[j] - 1) ** 2
    rs.Trainer(cost, {"W": W, "C": C}, {"W": rs.adagrad(0.5), "C": None}).fit({"i": [0] * 300, "j": [1] * 300})
    assert C.values.tobytes() == before.tobytes()
    assert W.values[0] @ C.values[1] == pytest.approx(1, abs=1e-3)


def test_state_of_another_shape_is_refused():
    update = rs.Update(
        lambda row, gradient, state, rate: (row, (gradient.sum(),)),
        0.1,
        lambda dim: (np.zeros(dim),),
    )
    with pytest.raises(rs.RowspaceError, match="turned state0 of shape"):
        rs.Trainer(squared_distance, {"E": rs.Table(2, 3)}, update).fit({"i": [0], "target": np.ones((1, 3))})


@pytest.mark.parametrize("rate", [-0.1, float("nan"), float("inf"), "fast"])
def test_a_rate_that_is_no_rate_is_refused(rate):
    with pytest.raises(rs.RowspaceError, match="the rate is"):
        rs.sgd(rate)


def test_rates_by_fraction_done():
    assert [rs.linear(1.0, 0.5)(f) for f in (0, 0.5, 1)] == [1.0, 0.75, 0.5]
    assert rs.sgd(lambda done: 1 - done).rate(0.25) == 0.75


@pytest.mark.parametrize("bad", [lambda: rs.momentum(decay=1.0), lambda: rs.lazy_adam(beta2=-0.1)])
def test_decays_out_of_range_are_refused(bad):
    with pytest.raises(rs.RowspaceError, match="must be at least 0 and below 1"):
        bad()


def test_wrappers_refuse_bad_numbers():
    with pytest.raises(rs.RowspaceError, match="decay is -1"):
        rs.weight_decay(rs.sgd(), -1)
    with pytest.raises(rs.RowspaceError, match="largest is 0"):
        rs.clip_norm(rs.sgd(), 0)


def test_an_update_may_permute_the_row():
    E = rs.Table.from_array(np.arange(12, dtype=np.float32).reshape(3, 4))
    update = rs.Update(lambda row, gradient, state, rate: (0.5 * row[::-1] + 0 * gradient, state))
    rs.Trainer(lambda E, i: E[i].sum(), {"E": E}, update).fit({"i": [1]})
    np.testing.assert_allclose(E.values[1], [3.5, 3, 2.5, 2])
