"""A table as points in two dimensions."""

from typing import Any

import numpy as np

from rowspace.errors import DataError, ShapeError
from rowspace.plot.figure import NOTE, PALETTE, freeze_layout, new_axes, shown_name
from rowspace.plot.labels import place_labels
from rowspace.plot.project import fit_plane
from rowspace.tables.table import Table

FEW_POINTS = 60  # so many are all labelled, with lines where it is crowded
MOST_LABELS = 40  # among more points than that
TRIED_LABELS = 400  # of these, in search of room


def draw(table: Table, *, items: Any, color: Any, color_label: str | None, labels: Any, title: Any) -> Any:
    """The figure of the table's rows."""
    ids = np.arange(len(table)) if items is None else np.atleast_1d(table.ids(items)).ravel()
    rows = _finite_rows(table, ids)
    colors = None if color is None else _colors(color, len(table), ids)
    points, axis_labels = _in_the_plane(rows)
    axes = _empty_axes(table.dim, points, axis_labels, title)
    size = float(np.clip(6000 / len(points), 3, 46))  # of a marker
    _scatter(axes, points, colors, color_label, size)
    axes.margins(0.09)
    if table.dim > 1:
        axes.set_aspect("equal", adjustable="datalim")
    freeze_layout(axes.figure)
    chosen, options = _labelled(table, ids, labels)
    names = table.names
    texts = [shown_name(ids[k] if names is None else names[ids[k]]) for k in chosen]
    place_labels(axes, points[chosen], texts, avoid=points, rivals=points, radius=size**0.5 / 2, **options)
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


def _colors(color: Any, n: int, ids: np.ndarray) -> np.ndarray:
    try:
        numbers = np.asarray(color, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ShapeError(f"color must be numbers, one for each row: {error}") from None
    if numbers.shape not in ((len(ids),), (n,)):
        raise ShapeError(f"color has shape {numbers.shape}, expected ({len(ids)},): one for each row")
    numbers = numbers if len(numbers) == len(ids) else numbers[ids]
    if not np.isfinite(numbers).any():
        raise ShapeError("color has no finite number to draw")
    return numbers


def _in_the_plane(rows: np.ndarray) -> tuple[np.ndarray, list[str]]:
    if rows.shape[1] == 1:
        return np.hstack([rows, np.zeros_like(rows)]), ["d0", ""]
    if rows.shape[1] == 2:
        return rows, ["d0", "d1"]
    plane = fit_plane(rows)
    return plane.project(rows), plane.labels()


def _empty_axes(dim: int, points: np.ndarray, axis_labels: list[str], title: str | None) -> Any:
    axes = new_axes(8.4, 3.0 if dim == 1 else _height(points), axis_labels, title)
    if dim == 1:  # the height means nothing there
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
    return axes


def _height(points: np.ndarray) -> float:
    """The height of a figure, in inches, that leaves little of it empty at one scale."""
    width, height = np.ptp(points, axis=0)
    return float(np.clip(7.2 * height / width + 0.8, 4.2, 8.4)) if width > 0 else 7.0


def _scatter(axes: Any, points: np.ndarray, colors: np.ndarray | None, label: str | None, size: float) -> None:
    style = {"s": size, "linewidths": 0.4 if size > 8 else 0, "edgecolors": "white", "zorder": 3}
    # a hundred thousand shapes would make an SVG that no browser opens
    style["rasterized"] = len(points) > 5000
    if colors is None:
        axes.scatter(*points.T, c=PALETTE[0], alpha=0.85, **style)
        return
    from matplotlib import colormaps

    map_ = colormaps["viridis"].with_extremes(bad="0.8")
    shown = axes.scatter(
        *points.T,
        c=np.where(np.isfinite(colors), colors, np.nan),
        cmap=map_,
        plotnonfinite=True,
        **style,
    )
    bar = axes.figure.colorbar(shown, ax=axes, fraction=0.04, pad=0.02, aspect=32)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=9, colors="0.35", length=3)
    if label:
        bar.set_label(label, **NOTE)


def _labelled(table: "Table", ids: np.ndarray, labels: Any) -> tuple[np.ndarray, dict[str, Any]]:
    """Which of the drawn rows get a label, and how hard to try."""
    if labels is None:
        if len(ids) <= FEW_POINTS:
            return np.arange(len(ids)), {}
        order = np.arange(len(ids)) if table.counts is None else np.argsort(-table.counts[ids], kind="stable")
        return order[:TRIED_LABELS], {"most": MOST_LABELS, "strict": True}
    wanted = np.atleast_1d(table.ids(labels)).ravel()
    place = {int(k): at for at, k in enumerate(ids.tolist())}
    missing = [int(k) for k in wanted if int(k) not in place]
    if missing:
        item = missing[0] if table.names is None else table.names[missing[0]]
        raise DataError(f"cannot label {item!r}: it is not among the items drawn")
    return np.array([place[int(k)] for k in wanted], dtype=np.intp), {}
