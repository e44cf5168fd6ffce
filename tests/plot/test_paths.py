import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

import rowspace as rs
from rowspace.errors import DataError
from rowspace.plot import animation, paths, plot_trace
from rowspace.train.trace import Trace, TraceData

NAMES = ["cat", "dog", "owl", "bee", "ant", "cow"]


def spiral(dim=2, m=6, steps=40, names=NAMES):
    """Items that turn and shrink towards their ends, each from a place of its own."""
    rng = np.random.default_rng(0)
    start, end = rng.normal(size=(2, m, dim))
    done = np.linspace(0, 1, steps)[:, None, None]
    positions = (start + (end - start) * done + 0.1 * np.sin(9 * done)).astype(np.float32)
    return TraceData(np.arange(steps) * 100, list(names or range(m)), positions)


def texts_of(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def svg_texts(path):
    return [node.text for node in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")]


def boxes_of(figure):
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    # that of an annotation would hold its line too
    return [Text.get_window_extent(text, renderer) for text in figure.axes[0].texts]


def test_labels_stand_at_the_starts_and_the_ends():
    data = spiral()
    data.positions[-3:, 0] = data.positions[-3:, 1]  # two that end together
    data.positions[:, 5] = data.positions[0, 5]  # and one that stays
    figure = plot_trace(data)
    assert texts_of(figure) == [*NAMES, "cat, dog", "owl", "bee", "ant"]
    for text, place in zip(figure.axes[0].texts, [*data.positions[0], *data.positions[-1, [0, 2, 3, 4]]], strict=True):
        np.testing.assert_allclose(text.xy, place, rtol=1e-6)


def test_many_that_end_together_are_not_named_there():
    data = spiral()
    data.positions[-1] = data.positions[-1, 0]
    assert texts_of(plot_trace(data)) == NAMES


def test_the_unit_circle_and_equal_axes():
    axes = plot_trace(spiral()).axes[0]
    circle = axes.lines[0].get_xydata()
    np.testing.assert_allclose(np.linalg.norm(circle, axis=1), 1)
    assert axes.get_aspect() == 1
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("d0", "d1")
    assert axes.get_title() == "6 items over 3,900 steps"


def test_more_dimensions_are_projected_and_say_so():
    figure = plot_trace(spiral(dim=5))
    axes = figure.axes[0]
    assert axes.get_xlabel().startswith("principal component 1 of the final positions (")
    assert len(axes.lines) == 0  # no circle


def test_one_item_in_many_dimensions_is_projected_by_its_whole_path():
    axes = plot_trace(spiral(dim=5, m=1, names=["a"])).axes[0]
    assert axes.get_xlabel().startswith("principal component 1 of all positions (")


def test_one_dimension_is_drawn_over_the_steps():
    axes = plot_trace(spiral(dim=1)).axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("steps", "d0")


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_png(tmp_path, dim):
    plot_trace(spiral(dim), tmp_path / "t.png")
    with Image.open(tmp_path / "t.png") as image:
        assert image.format == "PNG"
        assert min(image.size) >= 500


def test_svg_holds_the_labels_as_text(tmp_path):
    plot_trace(spiral(), tmp_path / "t.svg")
    assert set(NAMES) <= set(svg_texts(tmp_path / "t.svg"))


def test_names_that_would_break_markup_or_be_mathematics(tmp_path):
    names = ["<b>&", "$x$", "$", "a\nb", "x" * 100, "\u65e5"]
    plot_trace(spiral(names=names), tmp_path / "t.svg")
    texts = svg_texts(tmp_path / "t.svg")
    assert {"<b>&", "$x$", "$", "a b", "x" * 39 + "\u2026", "\u65e5"} <= set(texts)


def test_gif_moves_and_is_small(tmp_path):
    figure = plot_trace(spiral(steps=250), tmp_path / "t.gif")
    with Image.open(tmp_path / "t.gif") as image:
        assert image.n_frames == 100
        assert image.info["loop"] == 0
        first = np.asarray(image.convert("RGB")).copy()
        image.seek(99)
        assert (first != np.asarray(image.convert("RGB"))).any()
        assert image.info["duration"] > 1000
    assert first[2, -3].tolist() == [255, 255, 255]
    assert (tmp_path / "t.gif").stat().st_size < 2_000_000
    assert figure.axes[0].get_title() == "6 items over 24,900 steps"


def test_gif_ends_when_nothing_moves(tmp_path):
    data = spiral(steps=80)
    data.positions[20:] = data.positions[20] + 0.01 * np.sin(np.arange(60))[:, None, None].astype("f")  # it trembles
    plot_trace(data, tmp_path / "t.gif")
    with Image.open(tmp_path / "t.gif") as image:
        assert 19 <= image.n_frames <= 23
        assert image.info["duration"] == 150
    drawing = paths.draw(data, dpi=80)
    assert animation._at_rest(drawing) in (18, 19, 20)


def test_names_move_with_their_points():
    data = spiral(steps=30)
    drawing, titles = paths.draw(data, dpi=80), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing.axes.title, "set_text", titles.append)
        animation._frames(drawing, np.array([0, 10, 29]), "Six")
    assert [title for title in titles if "Six" in title] == [
        "Six, step 0",
        "Six, step 1,000",
        "Six, step 2,900 (at rest from 1,000)",
    ]
    assert texts_of(drawing.figure) == NAMES
    for text, end in zip(drawing.axes.texts, data.positions[-1], strict=True):
        np.testing.assert_array_equal(text.xy, end)
    boxes = boxes_of(drawing.figure)
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])


def test_gif_of_one_record(tmp_path):
    plot_trace(spiral(steps=1), tmp_path / "t.gif")
    with Image.open(tmp_path / "t.gif") as image:
        assert image.n_frames == 1


@pytest.mark.parametrize("suffix", [".png", ".svg", ".gif"])
def test_the_same_trace_gives_the_same_bytes(tmp_path, suffix):
    for name in ("a", "b"):
        plot_trace(spiral(steps=5), tmp_path / f"{name}{suffix}")
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()
    assert len(list(tmp_path.iterdir())) == 2


def test_from_a_file_that_a_trace_wrote(tmp_path):
    E = rs.Table(3, 2, seed=0)
    trace = Trace(tmp_path / "t.tsv")
    trace.start({"E": E})
    trace.record(0)
    trace.record(100)
    trace.close()
    figure = plot_trace(tmp_path / "t.tsv", names=["x", "y", "z"], title="Three")
    assert texts_of(figure)[:3] == ["x", "y", "z"]
    assert figure.axes[0].get_title() == "Three"


def test_many_items_and_steps():
    figure = plot_trace(spiral(m=80, steps=3000, names=None))
    boxes = boxes_of(figure)
    assert 10 < len(boxes) < 80
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])


def test_items_that_start_at_one_place():
    data = spiral()
    data.positions[0] = 0
    boxes = boxes_of(plot_trace(data))
    assert len(boxes) == 12
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])


def test_nothing_moves():
    data = TraceData(np.arange(2), ["a"], np.zeros((2, 1, 3), dtype=np.float32))
    assert texts_of(plot_trace(data)) == ["a"]


def test_in_threads(tmp_path):
    paths = [tmp_path / f"{k}{suffix}" for k in range(2) for suffix in (".svg", ".png")]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda path: plot_trace(spiral(steps=5), path), paths))
    assert paths[0].read_bytes() == paths[2].read_bytes()


def test_a_notebook_shows_the_figure():
    assert plot_trace(spiral(steps=3))._repr_png_().startswith(b"\x89PNG")


def test_what_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"this picture is written as \.png, \.svg, \.pdf, \.gif"):
        plot_trace(spiral(), tmp_path / "t.jpg")
    with pytest.raises(DataError, match="there is no folder"):
        plot_trace(spiral(), tmp_path / "no" / "t.png")
    with pytest.raises(DataError, match="2 names for the 6 items"):
        plot_trace(spiral(), names=["a", "b"])
    with pytest.raises(DataError, match="no records"):
        plot_trace(TraceData(np.zeros(0), [], np.zeros((0, 0, 2))))
    data = spiral()
    data.positions[7, 2] = np.nan
    with pytest.raises(DataError, match="item 'owl' is not finite at step 700: the training div"):
        plot_trace(data)


def test_import_is_light_and_pyplot_is_never_there():
    code = (
        "import sys, numpy, rowspace.plot as p\n"
        "heavy = lambda: [m for m in ('matplotlib', 'matplotlib.pyplot', 'PIL', 'pyarrow')"
        " if m in sys.modules]\n"
        "print(heavy())\n"
        "p.plot_trace(p.TraceData(numpy.arange(2), ['a'], numpy.ones((2, 1, 2), 'f')))\n"
        "print('matplotlib.pyplot' in heavy())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\nFalse\n"
