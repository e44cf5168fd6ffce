"""Whole batches: the gradients of many examples at the same rows, repeats summed, one step for each row."""

from itertools import cycle, product

import numpy as np
import pytest

import rowspace as rs
from rowspace import costs
from rowspace.schedule.sizes import Sizes
from tests.support import examples, naive
from tests.support.quick import quick

RULES = {
    "sgd": (rs.sgd, naive.sgd),
    "momentum": (rs.momentum, naive.momentum),
    "adagrad": (rs.adagrad, naive.adagrad),
    "rowwise_adagrad": (rs.rowwise_adagrad, naive.rowwise_adagrad),
    "lazy_adam": (rs.lazy_adam, naive.lazy_adam),
    "weight_decay": (lambda rate: rs.weight_decay(rs.sgd(rate), 0.1), naive.decayed_sgd),
    "clip_norm": (lambda rate: rs.clip_norm(rs.adagrad(rate), 0.5), naive.clipped_adagrad),
}


def tables_of(name):
    return {t: rs.Table.from_array(v) for t, v in examples.tables_for(name).items()}


def trained(name, data, update, **options):
    tables = tables_of(name)
    trainer = rs.Trainer(costs.NAMED[name], tables, update)
    history = trainer.fit(data, **options)
    return {t: table.values for t, table in tables.items()}, history, trainer


def cut(data, lo, hi):
    return {c: v[lo:hi] for c, v in data.items()}


NAMES = ["l1_dot", "skip_gram", "glove", "transe", "cbow", "margin", "skip_gram_bag", "subword_skip_gram"]
SOME = {*zip(NAMES, cycle(RULES), strict=False)}  # every cost with a rule, every rule with a cost


@pytest.mark.parametrize(("name", "rule"), quick(product(NAMES, RULES), *SOME))
def test_equals_the_naive_version(name, rule):
    make, slow = RULES[rule]
    data = examples.data_for(name)
    found, [epoch], trainer = trained(name, data, make(0.02), batch=16)
    expected, cost = naive.train_in_batches(
        costs.NAMED[name], examples.tables_for(name), data, slow, ids=examples.indexed(name), rate=0.02, batch=16
    )
    for table, values in expected.items():
        np.testing.assert_allclose(found[table], values, rtol=2e-3, atol=2e-4)
    assert epoch.cost == pytest.approx(cost, rel=1e-4)
    assert (trainer.examples, trainer.steps) == (60, 4)


def test_a_batch_of_one_is_the_loop():
    data = examples.data_for("logistic_dot")
    one, [epoch], _ = trained("logistic_dot", data, rs.adagrad(0.1), batch=1)
    loop, [again], _ = trained("logistic_dot", data, rs.adagrad(0.1), schedule="sequential")
    np.testing.assert_allclose(one["E"], loop["E"], rtol=1e-5, atol=1e-6)
    assert epoch.cost == pytest.approx(again.cost, rel=1e-5)


SGD, EXACT = rs.sgd(0.1), rs.exact(rs.lazy_adam(0.01))
FEW = [("skip_gram", SGD), ("cbow", EXACT), ("transe", SGD)]  # costs of the test above, whose loops are compiled


@pytest.mark.parametrize(
    ("name", "update"), quick(product(["skip_gram", "cbow", "transe", "distmult"], [SGD, EXACT]), *FEW)
)
def test_the_same_bytes_at_any_number_of_threads(name, update, monkeypatch):
    monkeypatch.setattr(rs.Trainer, "sizes", Sizes(share=3))
    monkeypatch.setattr("rowspace.execute.batches.SHARE_LOOKUPS", 3)
    data = examples.data_for(name, 200)
    found = [trained(name, data, update, batch=50, threads=n, epochs=2) for n in (1, 2, 3, 4, 8)]
    for tables, history, _ in found[1:]:
        assert all(tables[t].tobytes() == found[0][0][t].tobytes() for t in tables)
        assert [e.cost for e in history] == [e.cost for e in found[0][1]]
    assert any((found[0][0][t] != v).any() for t, v in examples.tables_for(name).items())


def test_drawn_negatives():
    W, C = rs.Table(6, 4, seed=0), rs.Table(6, 4, seed=1)
    negatives = rs.Negatives(of=C, k=3, counts=[5, 4, 3, 2, 1, 1])
    trainer = rs.Trainer(costs.skip_gram, {"W": W, "C": C}, rs.adagrad(0.1))
    data = {"center": np.arange(300) % 3, "context": np.arange(300) % 3, "negatives": negatives}
    history = trainer.fit(data, 20, batch=32)
    assert history[-1].cost < 0.9 * history[0].cost


@pytest.mark.parametrize("batch", [7, 60, 1000])
def test_chunks_and_batches_of_any_size(batch):
    data = examples.data_for("squared_dot")
    empty = cut(data, 0, 0)
    chunks = [cut(data, 0, 60), empty, cut(data, 0, 1)]
    found, [epoch], trainer = trained("squared_dot", chunks, rs.sgd(0.01), batch=batch)
    assert epoch.examples == trainer.examples == 61
    tables = tables_of("squared_dot")
    trainer = rs.Trainer(costs.squared_dot, tables, rs.sgd(0.01))
    for chunk in (chunks[0], chunks[2]):
        trainer.fit(chunk, batch=batch)
    assert found["E"].tobytes() == tables["E"].values.tobytes()


def test_untouched_rows_are_bit_identical():
    E = rs.Table(9, 3, seed=0)
    before = E.values.copy()
    rs.Trainer(costs.l1_dot, {"E": E}, rs.lazy_adam(0.1)).fit({"i": [1, 2], "j": [2, 2], "label": [1, 0]}, batch=2)
    assert E.values[[0, 3, 4, 5, 6, 7, 8]].tobytes() == before[[0, 3, 4, 5, 6, 7, 8]].tobytes()
    assert (E.values[[1, 2]] != before[[1, 2]]).any(axis=1).all()


def test_a_batch_that_goes_wrong_is_not_written(monkeypatch):
    monkeypatch.setattr(rs.Trainer, "most_copied", 0)
    data = examples.data_for("squared_dot")
    data["label"] = data["label"].copy()
    data["label"][37] = 3e38
    tables = tables_of("squared_dot")
    with pytest.raises(rs.Diverged, match="not finite at example 37 of the epoch.*after 32 examples"):
        rs.Trainer(costs.squared_dot, tables, rs.sgd(0.01)).fit(data, batch=16)
    good, _, _ = trained("squared_dot", cut(data, 0, 32), rs.sgd(0.01), batch=16)
    assert tables["E"].values.tobytes() == good["E"].tobytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch": 0}, "batch is 0; give the number of examples"),
        ({"batch": 2.0}, "batch is 2.0"),
        ({"batch": 4, "schedule": "blocks"}, "batches run in file order"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(rs.RowspaceError, match=message):
        trained("l1_dot", examples.data_for("l1_dot"), rs.sgd(), **options)


def test_a_cost_without_a_loop_is_refused():
    import pytensor.tensor as pt

    cost = lambda E, i: pt.i0(E[i]).sum()
    with pytest.raises(rs.RowspaceError, match="needs a compiled loop"):
        rs.Trainer(cost, {"E": rs.Table(3, 4)}).fit({"i": [0, 1]}, batch=2)
