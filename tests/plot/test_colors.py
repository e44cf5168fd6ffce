"""What colours the points: values by row or by item, groups with a legend, clusters."""

import numpy as np
import pandas as pd
import pytest

import rowspace as rs
from rowspace.errors import DataError, ShapeError
from rowspace.plot import plot_table
from rowspace.plot.colors import NONE, OTHER, Groups, Numbers, colors_of
from rowspace.plot.figure import PALETTE

NAMES = ["cat", "dog", "owl", "ant"]


def animals(names=NAMES):
    return rs.Table.from_array(np.eye(4, 2, dtype=np.float32), names=names)


def colors(color, items=range(4), table=None):
    return colors_of(color, None, table or animals(), np.array(items))


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


@pytest.mark.parametrize(
    "color",
    [
        ["fur", "fur", "wings", None],
        np.array(["fur", "fur", "wings", ""]),
        {"owl": "wings", "dog": "fur", "cat": "fur", "eel": "fins"},
        pd.Series({"owl": "wings", "dog": "fur", "cat": "fur"}),
        pd.Series(["fur", "fur", "wings", None]),
        pd.Series(["fur", "fur", "wings", None], dtype="category"),
    ],
)
def test_groups_by_row_or_by_item(color):
    found = colors(color)
    assert isinstance(found, Groups)
    assert found.names == ["fur", "wings"]
    assert found.codes.tolist() == [0, 0, 1, -1]
    assert found.hexes() == [PALETTE[0], PALETTE[0], PALETTE[1], NONE]
    assert found.legend() == [(PALETTE[0], "fur"), (PALETTE[1], "wings"), (NONE, "no value")]


@pytest.mark.parametrize(
    "color", [[1, 2.5, 3, np.nan], {"cat": 1, "dog": 2.5, "owl": 3}, np.array([1, 2.5, 3, np.nan])]
)
def test_numbers_by_row_or_by_item(color):
    found = colors(color)
    assert isinstance(found, Numbers)
    np.testing.assert_array_equal(found.finite(), [1, 2.5, 3, np.nan])


def test_truth_is_two_groups_and_ids_are_items_of_a_table_without_names():
    assert colors(np.array([True, False, True, True])).names == ["True", "False"]
    assert colors({2: "b", 0: "a"}, table=animals(None)).codes.tolist() == [0, -1, 1, -1]


def test_values_of_all_rows_follow_the_items_drawn():
    assert colors(["a", "b", "c", "c"], items=[3, 1]).names == ["b", "c"]
    assert colors([1, 2, 3, 4], items=[3, 1]).values.tolist() == [4, 2]


def test_the_legend_has_the_largest_groups_and_the_others_together():
    values = [f"g{k}" for k in range(12) for _ in range(20 - k)]
    table = rs.Table(len(values), 3, seed=0)
    figure = plot_table(table, color=values, color_label="group")
    assert legend(figure) == [*(f"g{k}" for k in range(7)), "other (5 more)"]
    assert figure.legends[0].get_title().get_text() == "group"
    assert OTHER in colors_of(values, None, table, np.arange(len(values))).hexes()


def test_clusters_are_found_and_called_by_their_items():
    rng = np.random.default_rng(0)
    centers = np.eye(3, 8) * 5
    rows = np.vstack([center + 0.3 * rng.normal(size=(20, 8)) for center in centers]) * rng.uniform(0.5, 2, (60, 1))
    table = rs.Table.from_array(
        rows.astype(np.float32), names=[f"w{k}" for k in range(60)], counts=np.arange(60, 0, -1)
    )
    found = colors("clusters:3", range(60), table)
    assert sorted(found.names) == ["w0, w1, w2, ...", "w20, w21, w22, ...", "w40, w41, w42, ..."]
    assert [len(set(found.codes[k : k + 20])) for k in (0, 20, 40)] == [1, 1, 1]
    assert len(colors("clusters", range(60), table).names) == 6
    assert plot_table(table, color="clusters:3").legends[0].get_title().get_text() == "3 clusters"


def test_fewer_rows_than_clusters():
    assert len(colors("clusters", table=animals()).names) == 3  # two rows are zero
    assert len(colors("clusters", [0]).names) == 1


def test_what_is_refused():
    with pytest.raises(DataError, match="color is 'red'; give a value for each item, or 'clusters'"):
        colors("red")
    with pytest.raises(DataError, match="ask for 2 to 7 clusters"):
        colors("clusters:12")
    with pytest.raises(DataError, match="none of the 4 items drawn, such as 'cat'; it names 'eel'"):
        colors({"eel": 1})
    with pytest.raises(ShapeError, match=r"color has shape \(3,\), expected \(4,\)"):
        colors(["a", "b", "c"])
    with pytest.raises(ShapeError, match=r"color has shape \(\)"):
        colors(5)
    with pytest.raises(DataError, match="color is different for each item, such as '0'"):
        colors_of(list(map(str, range(9))), None, rs.Table(9, 2), np.arange(9))
