import sys
from types import ModuleType

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

import rowspace as rs
from rowspace.errors import DataError, ShapeError, UnknownItem
from rowspace.plot import plot_table
from rowspace.plot.project import fit_plane


def table_of(n, dim=2, names=True, seed=0):
    values = np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)
    return rs.Table.from_array(values, names=[f"word-{k}" for k in range(n)] if names else None)


def boxes_of(figure):
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    # that of an annotation would hold its line too
    return [Text.get_window_extent(text, renderer) for text in labels(figure)]


def labels(figure):
    return figure.axes[0].texts


def overlaps(boxes):
    return [(a, b) for k, a in enumerate(boxes) for b in boxes[:k] if a.overlaps(b)]


@pytest.mark.parametrize("n", [1, 12, 40, 60])
@pytest.mark.parametrize("dim", [1, 2, 7])
def test_labels_do_not_overlap_nor_leave_the_frame(n, dim):
    figure = plot_table(table_of(n, dim))
    boxes = boxes_of(figure)
    assert overlaps(boxes) == []
    frame = figure.axes[0].get_window_extent().padded(1)
    assert all(frame.contains(*corner) for box in boxes for corner in box.corners())
    if dim > 1:
        assert len(boxes) >= (n if n <= 40 else 0.9 * n)


def test_labels_do_not_cover_points_where_there_is_room():
    figure = plot_table(table_of(30))
    points = figure.axes[0].transData.transform(table_of(30).values)
    for box in boxes_of(figure):
        assert not any(box.contains(*point) for point in points)


def test_the_frame_a_label_stands_in_is_clear_among_hundreds():
    figure = plot_table(table_of(400))
    boxes = boxes_of(figure)
    assert 10 <= len(boxes) <= 40
    assert overlaps(boxes) == []
    assert not any(text.arrow_patch for text in labels(figure))


def test_a_line_ties_a_label_that_is_far_to_its_point():
    figure = plot_table(table_of(60, seed=1))
    far = [text for text in labels(figure) if text.arrow_patch]
    assert far
    assert all(np.hypot(*text.get_position()) > 10 for text in far)


def test_only_the_labels_asked_for():
    figure = plot_table(table_of(300), labels=["word-250", "word-3"])
    assert [text.get_text() for text in labels(figure)] == ["word-250", "word-3"]
    assert not labels(plot_table(table_of(5), labels=[]))


def test_frequent_items_are_labelled_first():
    E = table_of(500)
    E.counts = np.arange(500)
    rows = [int(text.get_text().removeprefix("word-")) for text in labels(plot_table(E))]
    assert min(rows) >= 100  # the 400 most frequent are tried
    assert set(rows) >= set(range(490, 500))


def test_only_the_items_asked_for():
    E = table_of(10)
    figure = plot_table(E, items=["word-7", "word-2"])
    np.testing.assert_array_equal(figure.axes[0].collections[0].get_offsets(), E.values[[7, 2]].astype(float))


def test_ids_label_a_table_without_names():
    assert [text.get_text() for text in labels(plot_table(table_of(2, names=False)))] == ["0", "1"]


def test_axes_say_how_much_they_show():
    values = np.zeros((4, 3), dtype=np.float32)
    values[:, 1], values[:, 2] = [3, -3, 0, 0], [0, 0, 1, -1]
    axes = plot_table(rs.Table.from_array(values)).axes[0]
    assert axes.get_xlabel() == "principal component 1 (90% of variance)"
    assert axes.get_ylabel() == "principal component 2 (10% of variance)"
    axes = plot_table(table_of(4)).axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("d0", "d1")


def test_the_plane_is_that_of_the_largest_singular_values():
    rows = np.random.default_rng(0).normal(size=(50, 6)) * [1, 5, 2, 1, 3, 1] + 7
    plane = fit_plane(rows)
    centred = rows - rows.mean(axis=0)
    _, values, vectors = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(np.abs((plane.axes * vectors[:2]).sum(axis=1)), 1)
    np.testing.assert_allclose(plane.share, (values**2 / (values**2).sum())[:2])
    np.testing.assert_allclose(np.abs(plane.project(rows)), np.abs(centred @ vectors[:2].T))


def test_colour_with_a_bar():
    E = table_of(6)
    color = np.array([1, 2, 3, np.nan, 5, np.inf])
    figure = plot_table(E, color=color, color_label="longitude")
    assert figure.axes[1].get_ylabel() == "longitude"
    shown = figure.axes[0].collections[0]
    np.testing.assert_array_equal(np.ma.filled(shown.get_array(), np.nan), [1, 2, 3, np.nan, 5, np.nan])


def test_what_a_bar_says_is_not_cut_at_the_length_of_a_name():
    label = "longitude (degrees east; Alaska and Hawaii as -125) in $"
    assert plot_table(table_of(3), color=[1, 2, 3], color_label=label).axes[1].get_ylabel() == label


def test_colour_of_all_rows_follows_the_items():
    figure = plot_table(table_of(6), items=[4, 1], color=np.arange(6))
    assert figure.axes[0].collections[0].get_array().tolist() == [4, 1]


@pytest.mark.parametrize("dim", [1, 2, 5])
@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_files_are_the_same_bytes_each_time(tmp_path, dim, suffix):
    for name in "ab":
        plot_table(table_of(20, dim), tmp_path / f"{name}{suffix}", color=np.arange(20))
    data = (tmp_path / f"a{suffix}").read_bytes()
    assert data == (tmp_path / f"b{suffix}").read_bytes()
    if suffix == ".png":
        with Image.open(tmp_path / "a.png") as image:
            image.verify()
    elif suffix == ".svg":
        assert b">word-0</text>" in data
    else:
        assert data.startswith(b"%PDF")
        assert b"CreationDate" not in data


def test_a_hundred_thousand_points_make_a_small_svg(tmp_path):
    plot_table(table_of(100_000, 3), tmp_path / "t.svg")
    assert (tmp_path / "t.svg").stat().st_size < 1_000_000


def many(n=4500):
    E = table_of(n, 3)
    E.counts = np.arange(n, 0, -1)
    return E


def test_many_points_are_hexagons_with_labels_of_the_most_frequent():
    figure = plot_table(many())
    hexagons, named = figure.axes[0].collections
    assert hexagons.get_array().sum() == 4500
    assert len(named.get_offsets()) == 40
    assert {int(text.get_text().removeprefix("word-")) for text in labels(figure)} <= set(range(40))
    assert len(labels(figure)) > 30
    assert figure.axes[1].get_ylabel() == "items in a hexagon"


def test_hexagons_have_the_mean_of_numbers_and_the_colour_of_the_largest_group():
    E = many()
    left = np.where(E.values[:, 0] < 0, "left", "right")
    figure = plot_table(E, color=E.values[:, 0], color_label="d0")
    hexagons = figure.axes[0].collections[0]
    assert len(hexagons.get_array()) < 2000
    assert abs(hexagons.get_array().mean()) < 0.5
    assert hexagons.get_clim() == (hexagons.get_array().min(), hexagons.get_array().max())
    assert figure.axes[1].get_ylabel() == "d0, mean of a hexagon"
    figure = plot_table(E, color=left, color_label="side")
    assert figure.legends[0].get_title().get_text() == "side, stronger where more items are"
    assert len({tuple(color) for color in figure.axes[0].collections[0].get_facecolor()}) > 5


def test_points_all_in_one_place():
    E = rs.Table.from_array(np.ones((3, 4), dtype=np.float32))
    assert len(labels(plot_table(E))) == 3


def stand_in(given):
    """A module as umap is: its layout is the first two dimensions, and what it was asked is kept."""

    class UMAP:
        def __init__(self, **options):
            given.update(options)

        def fit_transform(self, rows):
            return rows[:, :2]

    module = ModuleType("umap")
    module.UMAP = UMAP
    return module


def test_a_layout_by_neighbours(monkeypatch):
    given = {}
    monkeypatch.setitem(sys.modules, "umap", stand_in(given))
    E = table_of(12, 5)
    axes = plot_table(E, layout="umap").axes[0]
    np.testing.assert_array_equal(axes.collections[0].get_offsets(), E.values[:, :2])
    assert given == {"n_neighbors": 11, "metric": "cosine", "random_state": 0, "n_jobs": 1}
    assert axes.get_xlabel() == "UMAP: near are neighbours by cosine (11 each), far means nothing"
    with pytest.raises(DataError, match="at least 10 items, not 9; take layout 'pca'"):
        plot_table(table_of(9, 5), layout="umap")


def test_a_layout_that_is_not_there(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(DataError, match=r"layout is 'umap', which is not installed: pip install 'rowspace\[umap\]'"):
        plot_table(table_of(12, 5), layout="umap")
    with pytest.raises(DataError, match="layout 'tsne' is not one of pca, umap"):
        plot_table(table_of(12, 5), layout="tsne")


def test_what_is_refused(tmp_path):
    E = table_of(3)
    with pytest.raises(DataError, match=r"this picture is written as \.png, \.svg, \.pdf, \.html$"):
        plot_table(E, tmp_path / "t.gif")
    with pytest.raises(UnknownItem):
        plot_table(E, items=["x"])
    with pytest.raises(DataError, match="cannot label 'word-2': it is not among the items drawn"):
        plot_table(E, items=[0, 1], labels=["word-2"])
    with pytest.raises(ShapeError, match=r"color has shape \(2,\), expected \(3,\)"):
        plot_table(E, color=[1, 2])
    with pytest.raises(ShapeError, match="color has no finite number"):
        plot_table(E, color=[np.nan] * 3)
    with pytest.raises(DataError, match="no items to draw"):
        plot_table(E, items=[])
    E.values[1] = np.nan
    with pytest.raises(DataError, match="the row of 'word-1' is not finite"):
        plot_table(E)
