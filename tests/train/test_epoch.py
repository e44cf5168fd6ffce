"""What is said of an epoch, and of one that met no example."""

import json

import numpy as np
import pytest

import rowspace as rs
from rowspace.errors import NoExamples
from rowspace.system.json_text import json_text
from rowspace.train.epoch import Epoch


def refused(constant):
    raise ValueError(f"{constant} is not JSON")


class Examples:
    """Epochs of so many examples each."""

    def __init__(self, *lengths):
        self.lengths = lengths

    def at(self, epoch, chunk):
        yield from [{"i": np.zeros(self.lengths[epoch], np.int64)}][chunk:]


def fit(lengths, **options):
    trainer = rs.Trainer(lambda E, i: E[i].sum(), {"E": rs.Table(2, 2, seed=0)})
    return trainer, trainer.fit(Examples(*lengths), len(lengths), progress=False, **options)


def test_an_epoch_without_examples_says_so_and_has_no_cost():
    with pytest.warns(NoExamples, match="2 of 3 epochs met no example: the data gave no rows") as warned:
        trainer, history = fit([0, 3, 0])
    assert len(warned) == 1
    assert np.isnan([epoch.cost for epoch in history]).tolist() == [True, False, True]
    assert str(history[0]) == "epoch 1: no examples"
    assert str(history[1]).startswith("epoch 2: cost ")
    assert np.isnan(trainer.model().cost).tolist() == [True, False, True]


def test_no_warning_for_a_chunk_without_examples(recwarn):
    trainer = rs.Trainer(lambda E, i: E[i].sum(), {"E": rs.Table(2, 2, seed=0)})
    trainer.fit([{"i": np.zeros(0, np.int64)}, {"i": [1]}], progress=False)
    assert not recwarn.list


def test_no_warning_for_no_epochs(recwarn):
    assert fit([])[1] == []
    assert not recwarn.list


def test_an_epoch_of_which_no_cost_was_taken():
    assert str(Epoch(2, float("nan"), 0, 1_000, 1.0)) == "epoch 2: no cost was taken of its 1,000 examples"


def test_json_has_null_where_there_is_no_cost(tmp_path):
    with pytest.warns(NoExamples):
        trainer, history = fit([0, 3], checkpoint=tmp_path / "kept")
    trainer.model().save(tmp_path / "model")
    strict = lambda text: json.loads(text, parse_constant=refused)
    assert strict((tmp_path / "model" / "model.json").read_bytes())["cost"][0] is None
    [manifest] = (tmp_path / "kept").glob("*/checkpoint.json")
    told = strict(strict(manifest.read_bytes())["content"])["told"]["history"]
    assert [epoch["cost"] for epoch in told] == [None, history[1].cost]
    assert [str(Epoch.of(epoch)) for epoch in told] == [str(epoch) for epoch in history]
    assert Epoch.of(told[1]).told() == told[1]


def test_numbers_that_are_not_finite_are_null_wherever_they_stand():
    value = {"a": [np.float32("nan"), (float("inf"),)], 3: np.array([1.0, -np.inf]), "b": True}
    assert json_text(value) == '{"a": [null, [null]], "3": [1.0, null], "b": true}'
