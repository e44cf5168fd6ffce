"""The paths of items from their start: a line each, labelled where it starts, marked at its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D

from rowspace.errors import DataError
from rowspace.plot.figure import FAINT, LEGEND, PALETTE, freeze_layout, new_axes, shown_name
from rowspace.plot.labels import place_labels
from rowspace.plot.project import fit_plane
from rowspace.read.trace import TraceData

MOST_STEPS = 2000  # along a path: more are not seen
FEW_ITEMS = 30  # so many are all labelled, lines crossed or not
TOGETHER, LEFT = 9, 60  # pixels between ends that are one marker, and from a start whose name is too far to see
NAMED_TOGETHER = 3  # items at the most in one label


@dataclass(frozen=True)
class Paths:
    """What is drawn: points (s, m, 2) at `steps` (s,), with the meaning of the two axes."""

    steps: np.ndarray
    points: np.ndarray
    names: list[str]
    axis_labels: list[str]
    dim: int


@dataclass(frozen=True)
class Drawing:
    """A figure and those of its parts that move in an animation."""

    axes: Any
    paths: Paths
    lines: LineCollection
    ends: Any

    @property
    def figure(self) -> Any:
        """The figure of the axes."""
        return self.axes.figure

    @property
    def small(self) -> bool:
        """Whether there are so many items that lines and names are small, and some names left out."""
        return len(self.paths.names) > FEW_ITEMS

    @property
    def font_size(self) -> float:
        """Of names, in points."""
        return 8 if self.small else 10


def draw(
    data: TraceData,
    *,
    names: Sequence[str] | None = None,
    title: str | None = None,
    dpi: float = 120,
) -> Drawing:
    """Draw the whole paths, without names."""
    paths = project(data, names)
    if title is None:
        title = f"{counted_items(paths)} over {paths.steps[-1] - paths.steps[0]:,} steps"
    axes = new_axes(6.6, 5.0 if paths.dim == 1 else 6.8, paths.axis_labels, title, dpi=dpi)
    colors = [PALETTE[k % len(PALETTE)] for k in range(len(paths.names))]
    small = len(paths.names) > FEW_ITEMS
    lines = LineCollection(segments(paths.points), colors=colors, linewidths=0.8 if small else 1.4, zorder=3)
    lines.set_joinstyle("round")
    axes.add_collection(lines)
    start, end = paths.points[0], paths.points[-1]
    size = 12 if small else 26
    axes.scatter(*start.T, s=size, facecolors="white", edgecolors=colors, linewidths=1.2, zorder=4)
    ends = axes.scatter(*end.T, s=2 * size, c=colors, edgecolors="white", linewidths=0.9, zorder=4.5)
    _reference(axes, paths.dim)
    _legend(axes, paths.dim)
    _set_limits(axes, paths)
    freeze_layout(axes.figure)
    return Drawing(axes, paths, lines, ends)


def name_paths(drawing: Drawing) -> None:
    """Name the items where they start, and where they end: those that end together in one label."""
    axes, paths = drawing.axes, drawing.paths
    start, end = paths.points[0], paths.points[-1]
    groups = _ending_together(axes.transData.transform(start), axes.transData.transform(end))
    place_labels(
        axes,
        np.vstack([start, *(end[group].mean(axis=0) for group in groups)]),
        [*paths.names, *(", ".join(paths.names[k] for k in group) for group in groups)],
        avoid=along(paths.points),
        rivals=np.vstack([start, end]),
        sure=0 if drawing.small else None,
        size=drawing.font_size,
    )


def _ending_together(start: np.ndarray, end: np.ndarray) -> list[list[int]]:
    """Items whose ends (m, 2) are one marker, if one of them has left its start; of many together none is named."""
    groups: list[list[int]] = []
    for k in range(len(end)):
        near = (group for group in groups if np.abs(end[group[0]] - end[k]).max() < TOGETHER)
        found = next(near, None)
        if found is None:
            groups.append([k])
        else:
            found.append(k)
    left = np.abs(end - start).max(axis=1) > LEFT
    return [group for group in groups if len(group) <= NAMED_TOGETHER and left[group].any()]


def project(data: TraceData, names: Sequence[str] | None = None) -> Paths:
    """Bring a trace into the plane; where it has very many steps, take some of them."""
    _check(data)
    called = [shown_name(item) for item in (data.items if names is None else names)]
    if len(called) != len(data.items):
        raise DataError(f"{len(called)} names for the {len(data.items)} items of the trace")
    steps, positions = data.steps, data.positions.astype(np.float64)
    if len(steps) > MOST_STEPS:
        some = np.linspace(0, len(steps) - 1, MOST_STEPS).round().astype(int)
        steps, positions = steps[some], positions[some]
    dim = positions.shape[2]
    points, axis_labels = _in_the_plane(steps, positions)
    return Paths(steps, points, called, axis_labels, dim)


def segments(points: np.ndarray) -> list[np.ndarray]:
    """The lines of points (s, m, 2): m of (s, 2)."""
    return list(points.transpose(1, 0, 2))


def along(points: np.ndarray) -> np.ndarray:
    """Points along the lines, close enough together that a label cannot slip between."""
    start, step = points[:-1].reshape(-1, 2), np.diff(points, axis=0).reshape(-1, 2)
    span = np.maximum(np.ptp(points, axis=(0, 1)), 1e-12)
    pieces = np.ceil(np.abs(step / span).max(axis=1) * 200).astype(int) + 1
    firsts = np.repeat(np.cumsum(pieces) - pieces, pieces)
    fractions = (np.arange(pieces.sum()) - firsts) / np.repeat(pieces, pieces)
    between = np.repeat(start, pieces, axis=0)
    return np.vstack([between + fractions[:, None] * np.repeat(step, pieces, axis=0), points[-1]])


def _in_the_plane(steps: np.ndarray, positions: np.ndarray) -> tuple[np.ndarray, list[str]]:
    dim = positions.shape[2]
    if dim == 1:
        over = np.broadcast_to(steps[:, None].astype(float), positions.shape[:2])
        return np.stack([over, positions[..., 0]], axis=-1), ["steps", "d0"]
    if dim == 2:
        return positions, ["d0", "d1"]
    of = "the final positions"
    plane = fit_plane(positions[-1])
    if np.count_nonzero(plane.share > 1e-9) < 2:
        # one or two items, or all ending on a line: their ends span no plane
        of, plane = "all positions", fit_plane(positions.reshape(-1, dim))
    return plane.project(positions), plane.labels(of)


def _check(data: TraceData) -> None:
    if data.positions.size == 0:
        raise DataError("the trace has no records to draw")
    wrong = np.argwhere(~np.isfinite(data.positions))
    if len(wrong):
        step, item = data.steps[wrong[0][0]], data.items[wrong[0][1]]
        raise DataError(f"item {item!r} is not finite at step {step}: the training diverged")


def counted_items(paths: Paths) -> str:
    """The number of items in words: "6 items"."""
    return f"{len(paths.names)} item{'s' * (len(paths.names) != 1)}"


def _reference(axes: Any, dim: int) -> None:
    """The unit circle, where the plane is the table's own."""
    style = {"color": FAINT, "linewidth": 1.0, "linestyle": (0, (5, 4)), "zorder": 2}
    if dim == 1:
        for length in (-1, 1):
            axes.axhline(length, **style)
    if dim == 2:
        turn = np.linspace(0, 2 * np.pi, 181)
        axes.plot(np.cos(turn), np.sin(turn), **style)


def _legend(axes: Any, dim: int) -> None:
    dot: dict[str, Any] = {"linestyle": "", "color": "0.35"}
    handles = [
        Line2D([], [], marker="o", markersize=5.5, markerfacecolor="white", label="start", **dot),
        Line2D([], [], marker="o", markersize=7, label="end", **dot),
    ]
    if dim <= 2:
        label = "length 1" if dim == 1 else "unit circle"
        handles.append(Line2D([], [], color=FAINT, linestyle=(0, (5, 4)), lw=1, label=label))
    axes.figure.legend(handles=handles, fontsize=9, **LEGEND)


def _set_limits(axes: Any, paths: Paths) -> None:
    """All paths and the circle, with air around; both axes to one scale where both are space."""
    points = paths.points.reshape(-1, 2)
    if paths.dim == 1:
        axes.autoscale_view()
        axes.margins(0.08)
        return
    if paths.dim == 2:
        points = np.vstack([points, [[-1, -1], [1, 1]]])
    low, high = points.min(axis=0), points.max(axis=0)
    half = max(float((high - low).max()) / 2 * 1.12, 1e-6)
    middle = (low + high) / 2
    axes.set_aspect("equal", adjustable="box")
    axes.set_xlim(middle[0] - half, middle[0] + half)
    axes.set_ylim(middle[1] - half, middle[1] + half)
