"""A table as points in two dimensions."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from rowspace.errors import DataError
from rowspace.plot.colors import Groups, Numbers, colors_of
from rowspace.plot.density import MANY_POINTS, draw_hexagons
from rowspace.plot.figure import INK, NOTE, PALETTE, add_legend, freeze_layout, new_axes, shown_name
from rowspace.plot.fonts import families
from rowspace.plot.labels import place_labels
from rowspace.plot.project import lay_out
from rowspace.tables.table import Table

FEW_POINTS = 60  # so many are all labelled, with lines where it is crowded
MOST_LABELS = 40  # among more points than that
BAR_CHARACTERS = 90  # along a colour bar
SURE_LABELS = 12  # of the most frequent, with lines where it is crowded
DENSE_MARKER = 16.0  # of a named point among hexagons
TRIED_LABELS = 400  # of these, in search of room


@dataclass(frozen=True)
class Arranged:
    """What a picture shows: points (n, 2) with their names, colours, and the meaning of the axes."""

    table: Table
    ids: np.ndarray
    points: np.ndarray
    axis_labels: list[str]
    colors: Numbers | Groups | None
    on_a_line: bool

    def names(self, which: np.ndarray) -> list[str]:
        """The names of some points, or their ids."""
        names, ids = self.table.names, self.ids[which].tolist()
        return [shown_name(k if names is None else names[k]) for k in ids]

    def by_importance(self) -> np.ndarray:
        """The points, the most frequent first; as they are, where nobody has counted."""
        counts = self.table.counts
        return np.arange(len(self.ids)) if counts is None else np.argsort(-counts[self.ids], kind="stable")

    def places(self, items: Any) -> np.ndarray:
        """Where some items are among the points."""
        wanted = np.atleast_1d(self.table.ids(items)).ravel().tolist()
        place = {k: at for at, k in enumerate(self.ids.tolist())}
        for k in (k for k in wanted if k not in place):
            item = k if self.table.names is None else self.table.names[k]
            raise DataError(f"cannot label {item!r}: it is not among the items drawn")
        return np.array([place[k] for k in wanted], dtype=np.intp)


def arrange(table: Table, *, items: Any, color: Any, color_label: str | None, layout: str) -> Arranged:
    """Bring rows of a table into the plane."""
    ids = np.arange(len(table)) if items is None else np.atleast_1d(table.ids(items)).ravel()
    rows = _finite_rows(table, ids)
    colors = colors_of(color, color_label, table, ids)  # what is wrong with them is told before a layout takes long
    points, axis_labels = lay_out(rows, layout)
    return Arranged(table, ids, points, axis_labels, colors, on_a_line=table.dim == 1 and layout == "pca")


def draw(shown: Arranged, *, labels: Any, title: str | None) -> Any:
    """The figure of points, or of hexagons where they are many."""
    points = shown.points
    chosen, options = _labelled(shown, labels)
    axes = _empty_axes(shown, title)
    dense = len(points) > MANY_POINTS and not shown.on_a_line
    size = float(np.clip(6000 / len(points), 3, 46))  # of a marker
    if dense:
        chosen, options, size = chosen[: options.get("most")], {}, DENSE_MARKER
        _density(axes, points, shown.colors)
        axes.scatter(*points[chosen].T, s=size, color=INK, edgecolors="white", linewidths=0.8, zorder=4)
    else:
        _scatter(axes, points, shown.colors, size)
    axes.margins(0.09)
    if not shown.on_a_line:
        axes.set_aspect("equal", adjustable="datalim")
    freeze_layout(axes.figure)
    seen = points[chosen] if dense else points
    place_labels(axes, points[chosen], shown.names(chosen), avoid=seen, rivals=seen, radius=size**0.5 / 2, **options)
    return axes.figure


def _finite_rows(table: "Table", ids: np.ndarray) -> np.ndarray:
    if len(ids) == 0:
        raise DataError("no items to draw")
    rows = np.asarray(table.values[ids], dtype=np.float64)
    wrong = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(wrong):
        k = int(ids[wrong[0]])
        item = k if table.names is None else table.names[k]
        raise DataError(f"the row of {item!r} is not finite: its training diverged")
    return rows


def _empty_axes(shown: Arranged, title: str | None) -> Any:
    axes = new_axes(8.4, 3.0 if shown.on_a_line else _height(shown.points), shown.axis_labels, title)
    if shown.on_a_line:  # the height means nothing there
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
    return axes


def _height(points: np.ndarray) -> float:
    """The height of a figure, in inches, that leaves little of it empty at one scale."""
    width, height = np.ptp(points, axis=0)
    return float(np.clip(7.2 * height / width + 0.8, 4.2, 8.4)) if width > 0 else 7.0


def _scatter(axes: Any, points: np.ndarray, colors: Numbers | Groups | None, size: float) -> None:
    style = {"s": size, "linewidths": 0.4 if size > 8 else 0, "edgecolors": "white", "zorder": 3}
    # a hundred thousand shapes would make an SVG that no browser opens
    style["rasterized"] = len(points) > 5000
    if isinstance(colors, Numbers):
        _numbered(axes, points, colors, style)
        return
    axes.scatter(*points.T, c=colors.hexes() if colors else PALETTE[0], alpha=0.85, **style)
    if colors:
        _legend(axes, colors)


def _numbered(axes: Any, points: np.ndarray, colors: Numbers, style: dict[str, Any]) -> None:
    shown = axes.scatter(*points.T, c=colors.finite(), cmap=colors.map(), plotnonfinite=True, **style)
    _bar(axes, shown, colors.label)


def _density(axes: Any, points: np.ndarray, colors: Numbers | Groups | None) -> None:
    hexagons = draw_hexagons(axes, points, colors)
    if isinstance(colors, Groups):
        _legend(axes, colors, "stronger where more items are")
    elif isinstance(colors, Numbers):
        _bar(axes, hexagons, f"{colors.label or 'color'}, mean of a hexagon")
    else:
        bar = _bar(axes, hexagons, "items in a hexagon")
        bar.set_ticks([base * 10**k for k in range(7) for base in (1, 2, 5) if base * 10**k <= hexagons.norm.vmax])
        bar.ax.yaxis.set(major_formatter="{x:,.0f}", minor_locator=NullLocator())


def _bar(axes: Any, shown: Any, label: str | None) -> Any:
    bar = axes.figure.colorbar(shown, ax=axes, fraction=0.04, pad=0.02, aspect=32)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=9, colors="0.35", length=3)
    if label:
        said = shown_name(label, BAR_CHARACTERS)
        bar.set_label(said, family=families(said), parse_math=False, **NOTE)
    return bar


def _legend(axes: Any, colors: Groups, note: str = "") -> None:
    named = colors.legend()
    dots = [Line2D([], [], marker="o", markersize=6.5, linestyle="", color=color) for color, _ in named]
    title = ", ".join(filter(None, [colors.label and shown_name(colors.label), note])) or None
    add_legend(axes.figure, dots, [name for _, name in named], title)


def _labelled(shown: Arranged, labels: Any) -> tuple[np.ndarray, dict[str, Any]]:
    """Which of the drawn rows get a label, and how hard to try."""
    if labels is not None:
        return shown.places(labels), {}
    if len(shown.ids) <= FEW_POINTS:
        return np.arange(len(shown.ids)), {}
    sure = 0 if shown.table.counts is None else SURE_LABELS
    return shown.by_importance()[:TRIED_LABELS], {"most": MOST_LABELS, "sure": sure}
