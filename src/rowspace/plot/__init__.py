"""Pictures of what was learned: the cost of each epoch, paths of rows while they trained, a table in two dimensions.

- `costs.py`, `paths.py`, `points.py`: a picture each, of costs, of a trace and of a table (`project.py` finds the two
  dimensions, `colors.py` the colours, `labels.py` places the names; `density.py` draws very many points).
  `animation.py`: paths that grow; `page.py`, `page.html`: a table for a browser.
- `figure.py`: the look of all of them, and the files they become; `fonts.py`: fonts that have the letters.

Figures are built from matplotlib's objects, never through pyplot: no window, no global state.
matplotlib is imported when the first picture is drawn.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from rowspace.errors import DataError, MissingLetters
from rowspace.read.trace import TraceData, read_trace
from rowspace.tables.table import table_of

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure as Figure

    Costs: TypeAlias = "Trained | Sequence[float] | np.ndarray"

__all__ = ["PICTURES", "plot_cost", "plot_table", "plot_trace"]

PICTURES = (".png", ".svg", ".pdf")  # endings of files
OF_TABLES = (*PICTURES, ".html")
OF_TRACES = (*PICTURES, ".gif")


class Trained(Protocol):
    """What keeps the mean cost of each epoch, as a model and a `History` do."""

    @property
    def cost(self) -> list[float]: ...


def plot_cost(
    model: "Costs | Mapping[str, Costs]",
    path: str | os.PathLike[str] | None = None,
    *,
    title: str | None = None,
) -> "Figure":
    """Draw the mean cost of each epoch, with the first and the last in numbers.

    Each cost is that of the rows just before its example moved them, so the mean of an epoch is of
    rows that got better meanwhile, and no measure of examples not trained on. Where examples were
    held out, their cost is a line of its own.

    Args:
        model: a model, a `History`, or its `cost`: a number for each epoch; several by name, as
            `{"sgd": one, "adagrad": other}`. Where a cost is not finite the line has a gap.
        path: where to write: `.png`, `.svg` or `.pdf`; None to write nothing.
        title: a title.

    Returns:
        The matplotlib Figure, which a notebook shows.

    Raises:
        DataError: for another suffix, a model without costs (as imported ones are), costs of which
            none is finite, or that are not a list of numbers.

    >>> figure = plot_cost([0.7, 0.3, 0.25])
    >>> sorted(text.get_text() for text in figure.axes[0].texts)
    ['0.25', '0.7']
    """
    to = _target(path)
    from rowspace.plot import costs

    return _written(costs.draw(model, title=title), to)


def plot_trace(
    trace: TraceData | str | os.PathLike[str],
    path: str | os.PathLike[str] | None = None,
    *,
    names: Sequence[str] | None = None,
    title: str | None = None,
) -> "Figure":
    """Draw each item's path from its start, named there, as the blog post does, and at its end where that lies apart.

    In an animation names move with their points, and it ends when nothing moves any more.

    Two dimensions are drawn as they are, with the unit circle; one is drawn over the steps; more
    are projected on the two principal components of the final positions, which need not be the
    plane in which the most moved.

    Args:
        trace: the file a `Trace` wrote, or what `read_trace` returned.
        path: where to write: `.png`, `.svg`, `.pdf`, or `.gif` for an animation; None to write nothing.
        names: what to call the m items, in the order of the trace, instead of their names or ids.
        title: a title instead of the number of items and steps.

    Returns:
        The matplotlib Figure, which a notebook shows; of a GIF its last frame.

    Raises:
        DataError: for another suffix, a trace without records or with values that are not finite,
            or names that are not m.

    >>> import numpy as np
    >>> turn = np.linspace(0, 1, 11)
    >>> positions = np.stack([np.cos(turn), np.sin(turn)], axis=1)[:, None, :]
    >>> data = TraceData(np.arange(0, 1100, 100), ["a"], positions.astype(np.float32))
    >>> figure = plot_trace(data)
    >>> figure.axes[0].get_title()
    '1 item over 1,000 steps'
    """
    to = _target(path, OF_TRACES)
    data = trace if isinstance(trace, TraceData) else read_trace(trace)
    from rowspace.plot import animation, paths

    if to is not None and to.suffix.lower() == ".gif":
        return _told(animation.write(data, to, names=names, title=title))
    drawing = paths.draw(data, names=names, title=title)
    paths.name_paths(drawing)
    return _written(drawing.figure, to)


def plot_table(
    table: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    items: Any = None,
    color: Any = None,
    color_label: str | None = None,
    labels: Any = None,
    layout: str = "pca",
    title: str | None = None,
) -> "Figure":
    """Draw a table as points in two dimensions, with labels that do not overlap.

    Two dimensions are drawn as they are, one on a line, more on the two principal components of
    the rows drawn: distances across what was left out do not show (the axes say how much shows). More than 4,000
    points are drawn as hexagons, stronger where more points are.

    Args:
        table: the table, or a model that has one.
        path: where to write: `.png`, `.svg`, `.pdf`, or `.html` for a page on which points tell their names, are
            searched and zoomed, and which needs no network; None to write nothing.
        items: names or ids of the rows to draw, default all.
        color: what colours the points: a value for each row drawn or for each of the table, or a dict or pandas
            Series from items to values. Numbers get a colour bar, other values a legend of the most frequent.
            `"clusters"`, or `"clusters:4"`, finds that many groups of rows by their directions (k-means).
        color_label: what those values are.
        labels: names or ids to label; default all of up to 60 points, of more as many as fit
            beside their points, 40 at most: those of the largest `table.counts` first, a dozen of them where it is
            crowded too, or the first rows.
        layout: `"pca"`, as above, or `"umap"`, which keeps neighbours by cosine together and needs
            `pip install 'rowspace[umap]'`: far apart means nothing there.
        title: a title.

    Returns:
        The matplotlib Figure, which a notebook shows; of a page the picture that it replaces.

    Raises:
        DataError: for another suffix, a model of several tables, rows that are not finite, labels of rows not drawn,
            colours that are for none of the rows, or different for each, a layout that is not known or not installed.
        ShapeError: for colours that are not one for each row.
        UnknownItem, IdOutOfRange: for items that the table has not.

    >>> import numpy as np, rowspace as rs
    >>> E = rs.Table.from_array(np.eye(2, dtype=np.float32), names=["cat", "dog"])
    >>> figure = plot_table(E)
    >>> sorted(text.get_text() for text in figure.axes[0].texts)
    ['cat', 'dog']
    >>> figure = plot_table(E, color={"cat": "pet", "dog": "pet"}, color_label="kind")
    >>> [text.get_text() for text in figure.legends[0].get_texts()]
    ['pet']
    """
    to = _target(path, OF_TABLES)
    table = table_of("what is drawn", table)
    from rowspace.plot import points, project

    project.check_layout(layout)
    shown = points.arrange(table, items=items, color=color, color_label=color_label, layout=layout)
    figure = points.draw(shown, labels=labels, title=title)
    if to is not None and to.suffix.lower() == ".html":
        from rowspace.plot import page

        page.write(shown, to, labels=labels, title=title)
        return figure
    return _written(figure, to)


def _target(path: str | os.PathLike[str] | None, suffixes: tuple[str, ...] = PICTURES) -> Path | None:
    """The path to write, refused before anything is drawn."""
    if path is None:
        return None
    path = Path(path)
    if path.suffix.lower() not in suffixes:
        raise DataError(f"cannot draw {path}: this picture is written as {', '.join(suffixes)}")
    if not path.parent.is_dir():
        raise DataError(f"cannot write {path}: there is no folder {path.parent}")
    return path


def _written(figure: "Figure", to: Path | None) -> "Figure":
    from rowspace.plot.figure import write_figure

    if to is not None:
        write_figure(figure, to)
    # the text of an SVG is drawn by the fonts of whoever opens it
    return figure if to is not None and to.suffix.lower() == ".svg" else _told(figure)


def _told(figure: "Figure") -> "Figure":
    """The figure, with a warning if letters of its names are missing."""
    from rowspace.plot.fonts import missing_letters

    if letters := missing_letters(figure):
        MissingLetters.warn(letters)
    return figure
