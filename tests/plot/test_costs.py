"""The picture of costs: what is drawn, and what cannot be."""

import numpy as np
import pytest
from matplotlib.text import Text

import rowspace as rs
from rowspace.errors import DataError


def model_with(cost):
    return rs.Model({"E": rs.Table(3, 2)}, cost=cost)


def lines(figure):
    return [line.get_xydata().tolist() for line in figure.axes[0].lines]


def falling(epochs, seed=0):
    noise = np.random.default_rng(seed).normal(size=epochs)
    return 0.2 + 2 / np.arange(1, epochs + 1) + 0.01 * noise


def texts_of(figure):
    return {text.get_text() for text in figure.axes[0].texts}


def visible_ticks(axes):
    low, high = axes.get_xlim()
    return [tick for tick in axes.get_xticks() if low <= tick <= high]


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


def test_what_is_held_out_is_a_line_of_its_own():
    model = rs.Model({"E": rs.Table(3, 2)}, cost=[2, 1], held_out=[2.5, 2])
    figure = rs.plot_cost(model)
    assert lines(figure) == [[[1, 2], [2, 1]], [[1, 2.5], [2, 2]]]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["examples trained on", "examples held out"]
    figure = rs.plot_cost({"one": model, "other": [3, 2]})
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["one", "one, held out", "other"]


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


@pytest.mark.parametrize("as_", [model_with, list, np.asarray, tuple])
def test_a_model_or_its_costs(as_):
    assert lines(rs.plot_cost(as_([3.0, 1.0]))) == [[[1, 3], [2, 1]]]


@pytest.mark.parametrize("epochs", [1, 2, 5, 12, 20, 100, 1000, 54_321])
def test_epochs_are_whole_from_the_first_on(epochs):
    ticks = visible_ticks(rs.plot_cost(falling(epochs)).axes[0])
    assert all(tick == round(tick) for tick in ticks)
    assert ticks[0] == 1
    assert ticks[-1] > 0.6 * epochs
    assert len(ticks) == epochs if epochs <= 5 else 5 <= len(ticks) <= 12


def test_a_single_epoch_is_a_point_with_its_number():
    figure = rs.plot_cost([0.693147])
    assert texts_of(figure) == {"0.6931"}
    low, high = figure.axes[0].get_ylim()
    assert low < 0.693147 < high
    figure.canvas.draw()
    assert np.ptp(np.array(figure.canvas.buffer_rgba())[..., :3], axis=-1).max() > 100  # a colour on white and grey


@pytest.mark.parametrize("epochs", [1, 2, 5, 30, 100, 2000])
def test_both_numbers_stand_in_the_frame_and_off_the_line(epochs):
    figure = rs.plot_cost(falling(epochs))
    figure.canvas.draw()
    axes = figure.axes[0]
    boxes = [Text.get_window_extent(text, figure.canvas.get_renderer()) for text in axes.texts]
    assert len(boxes) == min(epochs, 2)
    assert all(axes.get_window_extent().contains(*corner) for box in boxes for corner in box.corners())
    path = axes.transData.transform_path(axes.lines[0].get_path())
    assert not any(path.intersects_bbox(box, filled=False) for box in boxes)


def test_the_numbers_are_the_first_and_last_finite():
    figure = rs.plot_cost([np.nan, 2.0, np.inf, 1.5, 1.0, np.nan])
    assert texts_of(figure) == {"2", "1"}
    assert visible_ticks(figure.axes[0]) == [1, 2, 3, 4, 5, 6]


def test_costs_are_left_as_they_are():
    costs = np.array([np.inf, 1.0])
    rs.plot_cost(costs)
    assert costs.tolist() == [np.inf, 1.0]


@pytest.mark.parametrize("costs", [[0.5, 0.50001, 0.500005], [3e-7] * 2, [1.3e7, -4e6], [0.0, 0.0]])
def test_costs_of_any_size(costs):
    axes = rs.plot_cost(costs).axes[0]
    low, high = axes.get_ylim()
    assert low < min(costs) <= max(costs) < high
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert len(set(labels)) == len(labels)
    assert "+" not in axes.yaxis.get_offset_text().get_text()


@pytest.mark.parametrize(("costs", "level"), [([0.693147, 0.693147 + 1e-9] * 3, "0.6931"), ([0.0, 0.0], "0")])
def test_the_axis_of_flat_costs_says_so(costs, level):
    axes = rs.plot_cost(costs).axes[0]
    assert axes.get_ylabel() == f"mean cost of an example: flat at {level}"
    assert [label.get_text() for label in axes.get_yticklabels()] == [level]


def test_names_are_shown_as_they_are():
    figure = rs.plot_cost({"sgd": model_with([3, 2, 1]), "_lazy $x$ $y$": [2.5, 0.5]})
    assert texts_of(figure) == {"3", "1", "2.5", "0.5"}
    [legend] = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["sgd", "_lazy $x$ $y$"]
    assert not any(text.get_parse_math() for text in legend.get_texts())


def test_many_models_are_told_apart():
    figure = rs.plot_cost({f"m{k}": falling(10, seed=k) for k in range(20)})
    looks = {(line.get_color(), line.get_linestyle()) for line in figure.axes[0].lines}
    assert len(looks) == 20


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_files_are_the_same_bytes_each_time(tmp_path, suffix):
    for name in "ab":
        rs.plot_cost({"one": falling(20), "other": falling(10)}, tmp_path / f"{name}{suffix}")
    data = (tmp_path / f"a{suffix}").read_bytes()
    assert data == (tmp_path / f"b{suffix}").read_bytes()
    assert suffix == ".png" or b">other</text>" in data


def test_the_costs_of_a_training():
    trainer = rs.Trainer(rs.costs.l1_dot, {"E": rs.Table(4, 2, seed=0)}, rs.sgd(0.01))
    history = trainer.fit({"i": [0, 2], "j": [1, 3], "label": [1, 1]}, epochs=3, progress=False)
    assert lines(rs.plot_cost(trainer.model())) == [[[epoch.number, epoch.cost] for epoch in history]]


def test_what_is_refused_names_what_is_wrong(tmp_path):
    with pytest.raises(DataError, match="there is no folder"):
        rs.plot_cost([1.0], tmp_path / "no" / "c.png")
    with pytest.raises(DataError, match=r"^no costs to draw: a model keeps one for each epoch.*an import has none$"):
        rs.plot_cost(model_with(None), tmp_path / "c.png")
    with pytest.raises(DataError, match="^no costs of 'b' to draw"):
        rs.plot_cost({"a": [1.0], "b": model_with([])})
    for wrong in ("model", 1.0, ["low"], [[1.0, 2.0]], [[1.0], [1.0, 2.0]], rs.Table(3, 2), None):
        with pytest.raises(DataError, match="^cannot draw the costs: give a model, or a list with a number for each"):
            rs.plot_cost(wrong)
    assert not list(tmp_path.iterdir())
