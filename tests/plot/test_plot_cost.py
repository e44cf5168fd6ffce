"""The picture of costs: what is drawn, and what cannot be."""

import numpy as np
import pytest

import rowspace as rs
from rowspace.errors import DataError


def model_with(cost):
    return rs.Model({"E": rs.Table(3, 2)}, cost=cost)


def lines(figure):
    return [line.get_xydata().tolist() for line in figure.axes[0].lines]


def test_a_point_for_each_epoch_from_the_first():
    assert lines(rs.plot_cost(model_with([0.5, 0.25, 0.125]))) == [[[1, 0.5], [2, 0.25], [3, 0.125]]]


def test_one_epoch_is_a_point():
    figure = rs.plot_cost([0.5])
    assert lines(figure) == [[[1, 0.5]]]
    assert figure.axes[0].lines[0].get_marker() == "o"


def test_the_axes_say_what_they_are_and_epochs_are_whole():
    axes = rs.plot_cost(np.linspace(1, 0.5, 100), title="Words").axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == ("epoch", "mean cost of an example", "Words")
    assert all(tick == int(tick) and tick >= 1 for tick in axes.get_xticks())


def test_several_models_by_name():
    figure = rs.plot_cost({"sgd": [3, 2], "adagrad": model_with([2, 1])})
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["sgd", "adagrad"]


def test_a_gap_where_a_cost_is_not_finite():
    drawn = np.array(lines(rs.plot_cost([1.0, np.inf, 0.5]))[0])
    assert np.isnan(drawn[1, 1])
    assert drawn[2, 1] == 0.5


def test_it_is_written(tmp_path):
    rs.plot_cost([2, 1], tmp_path / "cost.png")
    assert (tmp_path / "cost.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("given", "said"),
    [([], "no costs to draw"), ([np.nan], "not one of 1 is finite"), ("x", "give a model"), ({}, "no models")],
)
def test_what_cannot_be_drawn_is_said(given, said):
    with pytest.raises(DataError, match=said):
        rs.plot_cost(given)


def test_another_kind_of_picture_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"\.png, \.svg"):
        rs.plot_cost([1], tmp_path / "cost.gif")
