"""The epochs of a training as a list that prints as a table."""

import pickle
import sys

import pytest

import rowspace as rs
from rowspace.train.history import MEANING

NAN = float("nan")


def history(count, **fields):
    return rs.History(rs.Epoch(n, 1 / n, 100, 100, 0.5, **fields) for n in range(1, count + 1))


def test_a_fit_gives_one_and_the_trainer_has_one():
    trainer = rs.Trainer(rs.costs.l1_dot, {"E": rs.Table(6, 2)})
    found = trainer.fit({"i": [0, 2], "j": [1, 3], "label": [1, 0]}, 3, progress=False)
    assert isinstance(found, rs.History)
    assert isinstance(trainer.history, rs.History)
    assert found == list(trainer.history)
    assert [epoch.number for epoch in found] == [1, 2, 3]


def test_it_is_a_list_whose_parts_are_histories():
    found = history(5)
    assert isinstance(found, list)
    assert found[-1].number == 5
    assert isinstance(found[1:3], rs.History)
    assert found[1:3].cost == [1 / 2, 1 / 3]
    assert pickle.loads(pickle.dumps(found)) == found


def test_it_prints_as_a_table():
    assert str(history(2)).splitlines() == [
        "epoch  cost  examples  examples/s",
        "    1     1       100         200",
        "    2   0.5       100         200",
        MEANING,
    ]
    assert str(history(0)) == "no epochs"


def test_a_long_one_prints_its_first_and_last_epochs():
    lines = str(history(10_000)).splitlines()
    assert len(lines) == 23
    assert lines[6].split() == ["..."] * 4
    assert lines[-2].split()[0] == "10000"
    assert "..." not in str(history(21))


def test_held_out_costs_have_a_column_and_a_meaning():
    found = history(2, held_out=0.25)
    assert found.held_out == [0.25, 0.25]
    assert "held out" in str(found).splitlines()[0]
    assert "not trained on" in str(found).splitlines()[-1]
    mixed = rs.History([*history(1), *found])
    assert str(mixed).splitlines()[1].split()[:3] == ["1", "1", "none"]
    assert history(2).held_out == []


def test_an_epoch_without_a_cost_has_none():
    assert str(rs.History([rs.Epoch(1, NAN, 0, 0, 0.1)])).splitlines()[1].split() == ["1", "none", "0", "0"]


def test_an_epoch_is_told_as_json_and_made_of_it_again():
    for epoch in (rs.Epoch(1, 0.5, 1, 1, 1.0), rs.Epoch(1, 0.5, 1, 1, 1.0, 0.25)):
        assert rs.Epoch.of(epoch.told()) == epoch
    assert "held_out" not in rs.Epoch(1, 0.5, 1, 1, 1.0).told()
    assert rs.History([rs.Epoch.of({**rs.Epoch(1, 0.5, 1, 1, 1.0).told(), "held_out": None})]).held_out == []


def test_a_notebook_shows_a_table():
    shown = history(2, held_out=0.25)._repr_html_()
    assert shown.count("<tr>") == 3
    assert "held out" in shown


def test_pandas_gets_a_row_for_each_epoch():
    frame = history(3).to_pandas()
    assert frame.index.name == "epoch"
    assert frame["cost"].tolist() == [1, 1 / 2, 1 / 3]
    assert "held_out" not in frame
    assert history(3, held_out=0.5).to_pandas()["held_out"].tolist() == [0.5] * 3


def test_without_pandas_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(rs.DataError, match="pip install pandas"):
        history(3).to_pandas()


def test_it_draws_its_costs(tmp_path):
    figure = history(3).plot(tmp_path / "cost.png", title="a title")
    assert figure.axes[0].get_title() == "a title"
    assert (tmp_path / "cost.png").exists()
    with pytest.raises(rs.DataError, match="no costs to draw"):
        rs.History().plot()
