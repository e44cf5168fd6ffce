"""The mean cost of each epoch, as a line with a point an epoch."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from rowspace.errors import DataError
from rowspace.errors.quoting import quoted
from rowspace.plot.figure import NOTE, PALETTE, add_legend, freeze_layout, new_axes
from rowspace.plot.labels import place_labels
from rowspace.plot.paths import along

STYLES = ("-", "--", ":", "-.")  # one for each round through the palette
MARKER_POINTS = 6.5  # the diameter of a marker
TRAINED, HELD_OUT = "examples trained on", "examples held out"  # where a model has both
FEW_LINES = 4  # so many have all their ends labelled
FLAT = 1e-6  # of their size: costs that differ by less are flat


def draw(model: Any, *, title: str | None) -> Any:
    """The figure of one model's costs, or of several by name."""
    lines: dict[str, np.ndarray] = {}
    for name, one in model.items() if isinstance(model, Mapping) else [("", model)]:
        lines[str(name)] = _costs(
            getattr(one, "cost", one), f" of {quoted(name)}" if isinstance(model, Mapping) else ""
        )
        if len(held_out := np.asarray(getattr(one, "held_out", []), np.float64)):
            lines[f"{name}, held out" if name else HELD_OUT] = held_out
    if not lines:
        raise DataError("no models to draw the costs of")
    epochs = max(map(len, lines.values()))
    axes = _empty_axes(epochs, title)
    size = float(np.clip(250 / epochs, 2.6, MARKER_POINTS))
    drawn = [_draw_line(axes, costs, k, size=size) for k, costs in enumerate(lines.values())]
    axes.margins(y=0.09)
    _say_if_flat(axes, np.concatenate(list(lines.values())))
    if isinstance(model, Mapping) or len(lines) > 1:
        add_legend(axes.figure, drawn, [name or TRAINED for name in lines])
    freeze_layout(axes.figure)
    _label_ends(axes, list(lines.values()))
    return axes.figure


def _costs(given: Any, of: str) -> np.ndarray:
    """Costs (epochs,) as numbers; what is not finite is NaN, where a line has a gap."""
    try:
        costs = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        costs = np.empty((0, 0))
    if costs.ndim != 1:
        raise DataError(f"cannot draw the costs{of}: give a model, or a list with a number for each epoch")
    if not len(costs):
        raise DataError(f"no costs{of} to draw: a model keeps one for each epoch it was trained, an import has none")
    finite = np.isfinite(costs)
    if not finite.any():
        raise DataError(f"no costs{of} to draw: not one of {len(costs):,} is finite")
    return np.where(finite, costs, np.nan)


def _empty_axes(epochs: int, title: str | None) -> Any:
    axes = new_axes(6.6, 4.2, ("epoch", "mean cost of an example"), title)
    axes.set_xticks(_ticks(epochs))
    air = max(0.045 * (epochs - 1), 0.25)
    axes.set_xlim(1 - air, epochs + air)
    # costs that differ little would be written as differences from a number above the axis
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.yaxis.get_offset_text().set(size=9, color="0.35")
    return axes


def _ticks(epochs: int) -> list[int]:
    """Round numbers of epochs, and the first: there is no epoch 0."""
    ticks = MaxNLocator(10, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1).tick_values(1, epochs)
    return sorted({max(int(tick), 1) for tick in ticks if tick <= epochs})


def _draw_line(axes: Any, costs: np.ndarray, k: int, *, size: float) -> Any:
    color, dashes = PALETTE[k % len(PALETTE)], STYLES[k // len(PALETTE) % len(STYLES)]
    at = np.arange(1, len(costs) + 1)
    style = {"color": color, "linestyle": dashes, "linewidth": 1.6, "marker": "o", "markeredgewidth": 0}
    [line] = axes.plot(at, costs, markersize=size, zorder=3, **style)
    # where there are many points, those that have a number still stand out
    axes.scatter(*_points(costs)[[0, -1]].T, s=MARKER_POINTS**2, color=color, linewidths=0, zorder=3)
    return line


def _say_if_flat(axes: Any, costs: np.ndarray) -> None:
    """Where all costs are the same, the axis has one number, not the tiny differences of rounding."""
    low, high = np.nanmin(costs), np.nanmax(costs)
    if costs.size > 1 and high - low <= FLAT * max(abs(low), abs(high)):
        level = f"{high:.4g}"
        air = abs(high) / 10 or 1
        axes.set_ylim(low - air, high + air)
        axes.set_yticks([high], [level])
        axes.set_ylabel(f"mean cost of an example: flat at {level}", **NOTE)


def _label_ends(axes: Any, lines: list[np.ndarray]) -> None:
    points = [_points(costs) for costs in lines]
    # first all last ones: they are what is compared, and what is labelled first finds room
    ends = [line[-1] for line in points] + [line[0] for line in points if len(line) > 1]
    place_labels(
        axes,
        np.array(ends),
        [f"{cost:.4g}" for _, cost in ends],
        avoid=np.vstack([along(line[:, None, :]) for line in points]),
        rivals=np.array(ends),
        sure=0 if len(lines) > FEW_LINES else None,
        radius=MARKER_POINTS / 2,
    )


def _points(costs: np.ndarray) -> np.ndarray:
    """Epoch and cost (n, 2) of those that are finite."""
    at = np.flatnonzero(np.isfinite(costs))
    return np.stack([at + 1.0, costs[at]], axis=1)
