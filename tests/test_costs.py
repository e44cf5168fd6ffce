"""Every named cost: its gradient, its loop against the naive version, and finite at extremes."""

import copy
from itertools import product

import numpy as np
import pytest

import rowspace as rs
from rowspace.costs import NAMED, weighted
from rowspace.errors import CostError, DataError, GradientError
from tests.support import naive
from tests.support.examples import ROWS, data_for, indexed, tables_for
from tests.support.quick import quick

EVERY = sorted(NAMED)
NO_GRADIENT = "word2vec_cbow"  # moves rows by word2vec.c's step


def as_tables(values):
    return {t: rs.Table.from_array(v.copy()) for t, v in values.items()}


@pytest.mark.parametrize("examples", [2, pytest.param(8, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", [name for name in EVERY if name != NO_GRADIENT])
def test_gradient_agrees_with_finite_differences(name, examples):
    tables = as_tables(tables_for(name))
    data = data_for(name, examples=8)
    for n in range(examples):
        rs.check_gradient(NAMED[name], tables, {c: v[n] for c, v in data.items()}, compiled=False)


def test_word2vec_moves_each_row_of_a_window_by_the_gradient_of_the_mean():
    tables = as_tables(tables_for("cbow"))
    example = {"window": [0, 1, 3, 4], "center": 2, "negatives": [1, 1, 0]}
    true, moved = (rs.gradient(NAMED[name], tables, example) for name in ("cbow", NO_GRADIENT))
    np.testing.assert_allclose(moved["W"].values, 4 * true["W"].values, rtol=1e-5)
    np.testing.assert_allclose(moved["C"].values, true["C"].values, rtol=1e-5)
    with pytest.raises(GradientError, match="W"):
        rs.check_gradient(NAMED[NO_GRADIENT], tables, example, compiled=False)


# Adagrad starts warm: from nothing it turns a gradient that is zero but for rounding into a whole step.
UPDATES = {
    "sgd": (rs.sgd(0.05), naive.sgd),
    "adagrad": (rs.adagrad(0.05, initial=0.1), naive.warm_adagrad),
}


WITH = {name: "sgd" if name in ("l1_dot", "squared_dot") else "adagrad" for name in EVERY}  # as in other tests


@pytest.mark.parametrize(("name", "update"), quick(product(EVERY, UPDATES), *WITH.items()))
def test_loop_agrees_with_the_naive_version(name, update):
    values, data = tables_for(name), data_for(name)
    before = copy.deepcopy(data)
    tables, (rule, naive_rule) = as_tables(values), UPDATES[update]
    trainer = rs.Trainer(NAMED[name], tables, rule)
    [epoch] = trainer.fit(data)
    expected, mean = naive.train(NAMED[name], values, data, naive_rule, ids=indexed(name), rate=0.05)
    assert not trainer.kernel.slow
    for table, wanted in expected.items():
        np.testing.assert_allclose(tables[table].values, wanted, rtol=2e-3, atol=2e-3 if name == "l1_dot" else 2e-5)
    assert epoch.costed == epoch.examples == len(next(iter(data.values())))
    assert epoch.cost == pytest.approx(mean, rel=1e-4)
    for column, given in before.items():
        assert np.array(data[column], object).tolist() == np.array(given, object).tolist()  # nobody writes into it


@pytest.mark.parametrize("scale", [0.0, 1e-6, 30.0])
@pytest.mark.parametrize("name", EVERY)
def test_cost_and_gradient_are_finite_at_extremes(name, scale):
    tables = {t: rs.Table.from_array(v * np.float32(scale)) for t, v in tables_for(name).items()}
    example = {c: v[0] for c, v in data_for(name).items()}
    for found in rs.gradient(NAMED[name], tables, example).values():
        assert np.isfinite(found.values).all()


def test_weighted_multiplies_the_cost():
    tables = as_tables(tables_for("l1_dot"))
    example = {"i": 0, "j": 1, "label": 1.0}
    plain = rs.gradient(NAMED["squared_dot"], tables, example)["E"]
    twice = rs.gradient(weighted(NAMED["squared_dot"]), tables, {**example, "weight": 2.0})["E"]
    np.testing.assert_allclose(twice.values, 2 * plain.values, rtol=1e-6)
    assert plain.n_rows == ROWS


def test_weighted_refuses_a_name_already_taken():
    with pytest.raises(rs.RowspaceError, match="already has a parameter 'label'"):
        weighted(NAMED["l1_dot"], "label")


@pytest.mark.parametrize("dim", [1, 3, 5])
def test_complex_needs_an_even_width(dim):
    tables = {"E": rs.Table(3, dim), "R": rs.Table(2, dim)}
    data = {"head": [0, 1], "relation": [0, 1], "tail": [1, 2], "label": [1.0, -1.0]}
    with pytest.raises(CostError, match=f"must be even for the cost complex_, not {dim}"):
        rs.Trainer(rs.costs.complex_, tables).fit(data, progress=False)


@pytest.mark.parametrize("cost", [rs.costs.transe, rs.costs.distmult, rs.costs.complex_])
def test_entities_and_relations_are_equally_wide(cost):
    tables = {"E": rs.Table(3, 4), "R": rs.Table(2, 1)}
    example = {"head": 0, "relation": 1, "tail": 2, "label": 1.0, "negatives": [1]}
    example.pop("label" if cost is not rs.costs.complex_ else "negatives")
    with pytest.raises(CostError, match="equally wide: E 4, R 1"):
        rs.gradient(cost, tables, example)


@pytest.mark.parametrize(
    ("cost", "labels", "message"),
    [
        (rs.costs.logistic_dot, [0, 1, -1], "holds -1 at position 2; the cost logistic_dot takes numbers from 0 to 1"),
        (rs.costs.weighted(rs.costs.logistic_dot), [1.5, 1, 0], "holds 1.5 at position 0"),
    ],
)
def test_labels_that_a_cost_cannot_mean_are_refused_before_it_trains(cost, labels, message):
    E = rs.Table(4, 3, seed=0)
    before = E.values.copy()
    data = {"i": [0, 1, 2], "j": [1, 2, 3], "label": labels, "weight": [1.0, 1, 1]}
    with pytest.raises(DataError, match=message):
        rs.Trainer(cost, {"E": E}).fit(data, progress=False)
    with pytest.raises(DataError, match="takes numbers from 0 to 1"):
        rs.gradient(cost, {"E": E}, {"i": 0, "j": 1, "label": 3.0, "weight": 1.0})
    assert np.array_equal(E.values, before)


def test_complex_takes_signs_and_glove_counts():
    tables = {"E": rs.Table(3, 4), "R": rs.Table(2, 4)}
    data = {"head": [0, 1], "relation": [0, 1], "tail": [1, 2], "label": [1, 0]}
    with pytest.raises(DataError, match="holds 0 at position 1; the cost complex_ takes -1 or 1"):
        rs.Trainer(rs.costs.complex_, tables).fit(data, progress=False)
    tables = {t: rs.Table(3, 1 if t in "bc" else 4) for t in "WCbc"}
    with pytest.raises(DataError, match="holds 0 at position 0; the cost glove takes numbers above 0"):
        rs.gradient(rs.costs.glove, tables, {"i": 0, "j": 1, "count": 0.0})
