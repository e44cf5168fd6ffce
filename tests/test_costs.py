"""Every named cost: its gradient, its loop against the naive version, and finite at extremes."""

import naive
import numpy as np
import pytest
from examples import ROWS, data_for, indexed, tables_for

import rowspace as rs
from rowspace.costs import NAMED, weighted

EVERY = sorted(NAMED)


def as_tables(values):
    return {t: rs.Table.from_array(v.copy()) for t, v in values.items()}


@pytest.mark.parametrize("name", EVERY)
def test_gradient_agrees_with_finite_differences(name):
    tables = as_tables(tables_for(name))
    data = data_for(name, examples=8)
    for n in range(8):
        rs.check_gradient(NAMED[name], tables, {c: v[n] for c, v in data.items()}, compiled=False)


# Adagrad starts warm: from nothing it turns a gradient that is zero but for rounding into a whole step.
UPDATES = {
    "sgd": (rs.sgd(0.05), naive.sgd),
    "adagrad": (rs.adagrad(0.05, initial=0.1), naive.warm_adagrad),
}


@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("name", EVERY)
def test_loop_agrees_with_the_naive_version(name, update):
    values, data = tables_for(name), data_for(name)
    tables, (rule, naive_rule) = as_tables(values), UPDATES[update]
    trainer = rs.Trainer(NAMED[name], tables, rule)
    [epoch] = trainer.fit(data)
    expected, mean = naive.train(NAMED[name], values, data, naive_rule, ids=indexed(name), rate=0.05)
    assert not trainer.kernel.slow
    for table, wanted in expected.items():
        np.testing.assert_allclose(tables[table].values, wanted, rtol=2e-3, atol=2e-3 if name == "l1_dot" else 2e-5)
    assert epoch.costed == epoch.examples == len(next(iter(data.values())))
    assert epoch.cost == pytest.approx(mean, rel=1e-4)


@pytest.mark.parametrize("scale", [0.0, 1e-6, 30.0])
@pytest.mark.parametrize("name", EVERY)
def test_cost_and_gradient_are_finite_at_extremes(name, scale):
    tables = {t: rs.Table.from_array(v * np.float32(scale)) for t, v in tables_for(name).items()}
    example = {c: v[0] for c, v in data_for(name).items()}
    for found in rs.gradient(NAMED[name], tables, example).values():
        assert np.isfinite(found.values).all()


@pytest.mark.parametrize("name", EVERY)
def test_inputs_are_unmodified(name):
    data = data_for(name)
    before = {c: np.array(v, dtype=object).tolist() for c, v in data.items()}
    rs.Trainer(NAMED[name], as_tables(tables_for(name))).fit(data)
    assert {c: np.array(v, dtype=object).tolist() for c, v in data.items()} == before


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
