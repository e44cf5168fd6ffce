"""Labels beside points, placed so that none covers another: greedy, the first label first.

Each label tries places around its point, near ones first, then farther ones tied to the point by
a thin line; it takes the place that covers fewest points, or is left out if all are taken.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.text import Annotation, Text

from rowspace.plot.figure import FAINT, INK
from rowspace.plot.fonts import families, without_glyph_warnings

DISTANCES = (5.0, 16.0, 28.0, 44.0)  # points from a label's edge to its point; the first needs no line
SIDES = 16
ALONE = 7.5  # points around a label in which only its own marker may lie for it to be clear
PADDING = 1.5  # pixels of air around a label
STEPS = 12  # points along a line that are tested

# right, left, above, below, then the corners: the order in which people look
NEAR = np.array([(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)], dtype=float)


def place_labels(
    axes: Any,
    points: np.ndarray,
    texts: Sequence[str],
    *,
    avoid: np.ndarray,
    rivals: np.ndarray,
    most: int | None = None,
    sure: int | None = None,
    size: float = 9.5,
    radius: float = 2.0,
) -> list[Annotation]:
    """Label points; call it when the layout is frozen and the limits are final.

    Args:
        axes: matplotlib axes.
        points: (k, 2) data coordinates of what is labelled, the most important first.
        texts: k labels.
        avoid: (n, 2) data coordinates that labels should rather not cover.
        rivals: (r, 2) data coordinates of the markers a label could be taken to belong to.
        most: labels at most.
        sure: so many are placed where it is crowded too, with a line or as near to a rival, and the others only
            where there is room; None for all.
        size: of the font, in points.
        radius: of the markers, in points.

    Returns:
        The labels placed, as annotations of the axes.
    """
    layout = _Layout(axes, avoid, rivals, radius=radius)
    measure = _measurer(axes, size)
    placed: list[Annotation] = []
    for k, (point, text) in enumerate(zip(points, texts, strict=True)):
        if most is not None and len(placed) >= most:
            break
        strict = sure is not None and k >= sure
        offset = layout.place(axes.transData.transform(point), measure(text), strict=strict)
        if offset is not None:
            placed.append(_annotate(axes, text, point, offset, size))
    return placed


def place_moving_labels(
    axes: Any, points: np.ndarray, texts: Sequence[str], *, sure: bool, size: float, radius: float
) -> list[tuple[int, Annotation]]:
    """Label points that move: each label keeps its place beside its point, one that is good in most frames.

    Args:
        axes: matplotlib axes, with final layout and limits.
        points: (f, k, 2) data coordinates in each frame. The labels are left where those of the last belong.
        texts: k labels, the most important first.
        sure: whether all are placed; else only those that never cover another.
        size: of the font, in points.
        radius: of the markers, in points.

    Returns:
        Which points have a label, and the labels.
    """
    layout = _Layout(axes, points[-1], points[-1], radius=radius)
    measure = _measurer(axes, size)
    at = axes.transData.transform(points.reshape(-1, 2)).reshape(points.shape)
    weights = np.ones(len(at))
    weights[-1] = max(1, len(at) / 4)  # the last frame is looked at longest
    taken = np.empty((len(at), 0, 4))
    placed: list[tuple[int, Annotation]] = []
    for k, text in enumerate(texts):
        extent = measure(text)
        middles, rings = layout.candidates(extent)
        corners = at[:, k, None] + middles
        boxes = np.concatenate([corners - extent / 2, corners + extent / 2], axis=-1)
        wrong = ~layout.inside(boxes) + 1.0 * _overlap(boxes, taken).sum(axis=-1)
        covered = _overlap(boxes, np.concatenate([at, at], axis=-1)).sum(axis=-1)
        cost = weights @ (4 * wrong + covered) / weights.sum() + rings / len(DISTANCES)
        best = int(np.argmin(cost))
        if sure or not (rings[best] or wrong[:, best].any()):
            taken = np.concatenate([taken, boxes[:, best, None]], axis=1)
            offset = middles[best] / layout.scale, bool(rings[best])
            placed.append((k, _annotate(axes, text, points[-1, k], offset, size)))
    return placed


class _Layout:
    """What is taken, in pixels: boxes (x0, y0, x1, y1) of labels and lines, and the points."""

    def __init__(self, axes: Any, avoid: np.ndarray, rivals: np.ndarray, *, radius: float) -> None:
        self.scale = axes.figure.dpi / 72
        self._frame = axes.get_window_extent()
        self._crowd = _Crowd(axes.transData.transform(avoid), axes.figure.bbox)
        self._rivals = _Crowd(axes.transData.transform(rivals), axes.figure.bbox)
        self._radius = radius
        self._taken = np.empty((0, 4))

    def place(self, at: np.ndarray, size: np.ndarray, *, strict: bool) -> tuple[np.ndarray, bool] | None:
        """Offset of a label's middle in points and whether it needs a line; None if no room."""
        middles, rings = self.candidates(size)
        boxes = np.hstack([at + middles - size / 2, at + middles + size / 2])
        ends = np.clip(at, boxes[:, :2], boxes[:, 2:])  # where a line would meet the box
        free = self.inside(boxes) & ~_overlap(boxes, self._taken).any(axis=1)
        reach = self._radius * self.scale + 1
        covered = self._crowd.count(boxes, reach)
        near = self._rivals.count(boxes, reach + ALONE * self.scale)
        unclear = (near > 1) & (rings == 0)
        if strict:
            free &= (covered == 0) & ~unclear & (rings == 0)
        # covering a point is worse than the longest line, being unclear worse than a short one
        cost = np.minimum(covered, 20) * len(DISTANCES) + rings + 1.5 * unclear
        if not strict:
            cost += 2.0 * self._crossed(at, ends, reach) * (rings > 0)
        for k in np.argsort(np.where(free, cost, np.inf), kind="stable"):
            if not free[k]:
                return None
            line = _line_boxes(at, ends[k]) if rings[k] else np.empty((0, 4))
            if not _overlap(line, self._taken).any():
                padded = boxes[k] + PADDING * self.scale * np.array([-1, -1, 1, 1])
                self._taken = np.vstack([self._taken, padded, line])
                return middles[k] / self.scale, bool(rings[k])
        return None

    def _crossed(self, at: np.ndarray, ends: np.ndarray, reach: float) -> np.ndarray:
        """(c,) bool: whether the line from a point to each end runs over another marker."""
        boxes = np.stack([_line_boxes(at, end) for end in ends])
        middles = (boxes[..., :2] + boxes[..., 2:]) / 2
        beyond = np.abs(middles - at).max(axis=-1) > reach + 2
        others = self._rivals.count(boxes.reshape(-1, 4), reach).reshape(beyond.shape)
        return np.asarray((beyond & (others > 0)).any(axis=1))

    def candidates(self, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(c, 2) offsets of the label's middle from the point, (c,) how far out each is."""
        angles = np.arange(SIDES) * 2 * np.pi / SIDES
        around = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        found, rings = [], []
        for ring, distance in enumerate(DISTANCES):
            directions = around if ring else NEAR
            gap = (self._radius + distance) * self.scale
            if ring == 0:  # in the corners the box's corner, not its side, is nearest
                gap = np.where(np.abs(directions).sum(axis=1) > 1, gap * 0.75, gap)[:, None]
            found.append(directions * (size / 2 + gap))
            rings.append(np.full(len(directions), ring))
        return np.vstack(found), np.concatenate(rings)

    def inside(self, boxes: np.ndarray) -> np.ndarray:
        frame = self._frame
        low, high = boxes[..., :2] >= [frame.x0, frame.y0], boxes[..., 2:] <= [frame.x1, frame.y1]
        return np.asarray(low.all(axis=-1) & high.all(axis=-1))


class _Crowd:
    """How many points lie in a box, from a table of sums over pixels: any number of points."""

    def __init__(self, points: np.ndarray, bounds: Any) -> None:
        self._shape = int(bounds.width) + 1, int(bounds.height) + 1
        grid, _, _ = np.histogram2d(points[:, 0], points[:, 1], bins=self._shape, range=[(0, s) for s in self._shape])
        self._sums = np.pad(grid.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))

    def count(self, boxes: np.ndarray, margin: float) -> np.ndarray:
        """(b,) points inside boxes (b, 4) made larger by a margin, in pixels."""
        low = np.clip(np.floor(boxes[:, :2] - margin).astype(int), 0, self._shape)
        high = np.clip(np.ceil(boxes[:, 2:] + margin).astype(int), 0, self._shape)
        (x0, y0), (x1, y1) = low.T, high.T
        sums = self._sums
        return sums[x1, y1] - sums[x0, y1] - sums[x1, y0] + sums[x0, y0]


def _overlap(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(..., a, b) whether boxes (..., a, 4) and (..., b, 4) overlap."""
    a, b = boxes[..., :, None, :], others[..., None, :, :]
    return np.asarray(((a[..., :2] < b[..., 2:]) & (a[..., 2:] > b[..., :2])).all(axis=-1))


def _line_boxes(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Small boxes along a line, leaving out its ends."""
    middles = start + np.linspace(0, 1, STEPS + 2)[1:-1, None] * (end - start)
    return np.hstack([middles - 1, middles + 1])


def _measurer(axes: Any, size: float) -> Any:
    """A function from a text to its (2,) width and height in pixels."""
    renderer = axes.figure.canvas.get_renderer()
    probe = Text(0, 0, "", fontsize=size, parse_math=False)
    probe.set_figure(axes.figure)

    def measure(text: str) -> np.ndarray:
        probe.set(text=text, family=families(text))
        with without_glyph_warnings(text):
            box = probe.get_window_extent(renderer)
        return np.array([box.width, box.height])

    return measure


def _annotate(axes: Any, text: str, point: np.ndarray, offset: tuple[np.ndarray, bool], size: float) -> Annotation:
    middle, far = offset
    line = {"arrowstyle": "-", "linewidth": 0.7, "color": FAINT, "shrinkA": 0, "shrinkB": 1}
    annotation: Annotation = axes.annotate(
        text,
        point,
        xytext=middle,
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=size,
        family=families(text),
        color=INK,
        parse_math=False,
        arrowprops=line if far else None,
        # not an outline around the letters: with one, an SVG would hold shapes instead of text
        bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 0.5},
        annotation_clip=False,
        zorder=5,
    )
    return annotation
