"""So many points that they would be a blob: hexagons, stronger where more of them lie."""

from typing import Any

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import Colormap, LinearSegmentedColormap, LogNorm, Normalize, to_hex, to_rgb

from rowspace.plot.colors import NONE, Groups, Numbers
from rowspace.plot.figure import PALETTE

MANY_POINTS = 4000  # above it points cover one another in the middle of a group
HEXAGONS = 64  # along the longer side
FAINTEST = 0.22  # share of its colour that a hexagon with one point has


def draw_hexagons(axes: Any, points: np.ndarray, colors: Numbers | Groups | None) -> PolyCollection:
    """Draw points (n, 2) as hexagons; of numbers with their mean, of groups with the colour of the largest.

    Returns:
        The hexagons, of which a colour bar can be made unless their colours are those of groups.
    """
    cells: list[np.ndarray] = []

    def gather(members: list[float]) -> int:
        cells.append(np.array(members, dtype=np.intp))
        return len(members)

    width, height = np.maximum(np.ptp(points, axis=0), 1e-12)
    across = int(np.clip(HEXAGONS * min(1.0, width / height), 4, HEXAGONS))
    up = int(np.clip(across * height / width / 3**0.5, 4, HEXAGONS))
    style = {"gridsize": (across, up), "linewidths": 0.3, "edgecolors": "face", "zorder": 3}
    hexagons: PolyCollection = axes.hexbin(*points.T, C=np.arange(len(points)), reduce_C_function=gather, **style)
    counts = np.array([len(cell) for cell in cells])
    if isinstance(colors, Numbers):
        hexagons.set(
            array=np.array([_mean(colors.values[cell]) for cell in cells]), cmap=colors.map(), norm=Normalize()
        )
        hexagons.autoscale()
    elif isinstance(colors, Groups):
        strength = _strength(counts)
        largest = [np.bincount(colors.codes[cell] + 1).argmax() - 1 for cell in cells]
        shown = [_mixed(color, part) for color, part in zip(colors.hexes(np.array(largest)), strength, strict=True)]
        hexagons.set(array=None, facecolors=shown, edgecolors=shown)
    else:
        hexagons.set(array=counts, cmap=_map(PALETTE[0]), norm=LogNorm(1, max(2, counts.max())))
    return hexagons


def _mean(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else np.nan


def _strength(counts: np.ndarray) -> np.ndarray:
    """How much of its colour each hexagon has, by the logarithm of its points."""
    return FAINTEST + (1 - FAINTEST) * np.log(counts) / max(np.log(counts.max()), 1.0)


def _mixed(color: str, part: float) -> str:
    return to_hex(1 - part * (1 - np.array(to_rgb(color))))


def _map(color: str) -> Colormap:
    """From the faintest of a colour, by the colour, to a darker one."""
    dark = to_hex(0.45 * np.array(to_rgb(color)))
    return LinearSegmentedColormap.from_list("density", [_mixed(color, FAINTEST), color, dark]).with_extremes(bad=NONE)
