"""A figure and its look, and the files it becomes. Imports matplotlib: imported when drawing."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from rowspace.plot.fonts import families, without_glyph_warnings
from rowspace.system.atomic import atomic_file

# Okabe and Ito's palette, told apart by colour-blind readers too, without its yellow: it is too
# pale for thin lines on white
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
INK = "0.15"
FAINT = "0.55"
NOTE: dict[str, Any] = {"fontsize": 10, "color": "0.35"}
LEGEND: dict[str, Any] = {"loc": "outside lower center", "ncols": 3, "frameon": False, "labelcolor": "0.35"}
LEGEND_CHARACTERS = 12  # beside one another, in an inch
LABEL_CHARACTERS = 40  # at the most

_svg_settings = threading.Lock()


class Picture(Figure):
    """A figure that a notebook shows without pyplot."""

    def _repr_png_(self) -> bytes:
        import io

        out = io.BytesIO()
        self.savefig(out, format="png")
        return out.getvalue()

    def draw(self, renderer: Any) -> None:
        """Draw as matplotlib does, without its warnings of letters that are missing."""
        with without_glyph_warnings(*(text.get_text() for text in self.findobj(Text))):
            super().draw(renderer)


def new_axes(width: float, height: float, labels: Sequence[str], title: str | None, *, dpi: float = 120) -> Any:
    """Empty axes of a new figure, sizes in inches, with what they show in words; `axes.figure` is the figure."""
    figure = Picture(figsize=(width, height), dpi=dpi, facecolor="white")
    FigureCanvasAgg(figure)
    figure.set_layout_engine("constrained", w_pad=0.1, h_pad=0.1)
    axes = figure.add_subplot()
    axes.set_facecolor("white")
    axes.grid(color="0.92", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=9, colors="0.35", length=3)
    axes.spines[:].set_color("0.8")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel(labels[0], **NOTE)
    axes.set_ylabel(labels[1], **NOTE)
    if title:
        axes.set_title(title, fontsize=12, family=families(title), color=INK, pad=10)
    return axes


def add_legend(figure: Any, handles: Sequence[Any], names: Sequence[str], title: str | None = None) -> None:
    """Say below the axes what is what, in as many columns as the names leave room for."""
    names = [shown_name(name) for name in names]
    columns = int(np.clip(LEGEND_CHARACTERS * figure.get_figwidth() // (max(map(len, names)) + 8), 1, 4))
    # matplotlib before 3.10 leaves out names that begin with a line, unless they come later
    legend = figure.legend(handles, ["0"] * len(names), title=title, **{**LEGEND, "ncols": columns})
    legend.get_title().set(color="0.35")
    for text, name in zip([*legend.get_texts(), legend.get_title()], [*names, title or ""], strict=True):
        text.set(text=name, fontsize=9, family=families(name), parse_math=False)


def freeze_layout(figure: Figure) -> None:
    """Lay the figure out once and for all: what is placed by pixels must not move afterwards."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


def shown_name(item: Any, most: int = LABEL_CHARACTERS) -> str:
    """A name or id as one short line."""
    text = "".join(letter if letter.isprintable() else " " for letter in str(item))
    return text if len(text) <= most else text[: most - 1] + "\u2026"


def write_figure(figure: Figure, path: Path) -> None:
    """Write PNG, SVG or PDF; the same figure gives the same bytes, with the same version of matplotlib."""
    with atomic_file(path, "wb") as out:
        if path.suffix.lower() == ".svg":
            _write_svg(figure, out)
        elif path.suffix.lower() == ".pdf":
            figure.savefig(out, format="pdf", metadata={"CreationDate": None, "Producer": None, "Creator": None})
        else:
            figure.savefig(out, format="png", metadata={"Software": f"matplotlib {matplotlib.__version__}"})


def _write_svg(figure: Figure, out: Any) -> None:
    # these settings are only to be had globally; text stays text, ids do not depend on the clock
    settings = {"svg.fonttype": "none", "svg.hashsalt": "rowspace"}
    with _svg_settings, matplotlib.rc_context(settings):
        figure.savefig(out, format="svg", metadata={"Date": None})
