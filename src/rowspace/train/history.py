"""The epochs of a training: a list that prints as a table, and becomes a picture or a frame of pandas."""

import os
from collections.abc import Iterable, Iterator
from math import isnan
from typing import Any, SupportsIndex, overload

from rowspace import plot as pictures
from rowspace.errors import DataError
from rowspace.train.epoch import Epoch

SHOWN_FIRST, SHOWN_LAST = 5, 15  # epochs of a long training that are printed
MEANING = "cost: the mean over the examples of an epoch, each taken just before that example moved its rows"
HELD_OUT_MEANING = "held out: the mean over examples that were not trained on, at the end of the epoch"


class History(list[Epoch]):
    """What happened in each epoch: a list of `Epoch`, the first one first.

    It prints as a table, in a notebook too; `plot()` draws its costs, `to_pandas()` gives a frame.

    >>> history = History([Epoch(1, 0.7, 10, 10, 1.0), Epoch(2, 0.3, 10, 10, 0.5)])
    >>> print(history)
    epoch  cost  examples  examples/s
        1   0.7        10          10
        2   0.3        10          20
    cost: the mean over the examples of an epoch, each taken just before that example moved its rows
    >>> history[-1].cost, history.cost
    (0.3, [0.7, 0.3])
    """

    @property
    def cost(self) -> list[float]:
        """The mean cost of each epoch; NaN of one that met no example."""
        return [epoch.cost for epoch in self]

    @property
    def held_out(self) -> list[float]:
        """The mean cost of the held-out examples after each epoch, NaN where none were given; [] if none ever were."""
        costs = [float("nan") if epoch.held_out is None else epoch.held_out for epoch in self]
        return [] if all(map(isnan, costs)) else costs

    def plot(self, path: str | os.PathLike[str] | None = None, *, title: str | None = None) -> "pictures.Figure":
        """Draw the cost of each epoch, as `rs.plot_cost` does.

        Args:
            path: where to write: `.png`, `.svg` or `.pdf`; None to write nothing.
            title: a title.

        Returns:
            The matplotlib Figure, which a notebook shows.

        Raises:
            DataError: for another suffix, or without an epoch that has a cost.
        """
        return pictures.plot_cost(self, path, title=title)

    def to_pandas(self) -> Any:
        """A pandas DataFrame with a row for each epoch, and its number as the index.

        Raises:
            DataError: where pandas is not installed.
        """
        try:
            from pandas import DataFrame
        except ImportError:
            raise DataError("to_pandas needs pandas, which is not installed: pip install pandas") from None
        columns = {name: [getattr(epoch, name) for epoch in self] for name in ("cost", "costed", "examples", "seconds")}
        if held_out := self.held_out:
            columns["held_out"] = held_out
        return DataFrame(columns, index=[epoch.number for epoch in self]).rename_axis("epoch")

    @overload
    def __getitem__(self, key: SupportsIndex) -> Epoch: ...
    @overload
    def __getitem__(self, key: slice) -> "History": ...
    def __getitem__(self, key: SupportsIndex | slice) -> "Epoch | History":
        found = super().__getitem__(key)
        return History(found) if isinstance(found, list) else found

    def __repr__(self) -> str:
        if not self:
            return "no epochs"
        rows = [self._heads(), *self._rows()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        return "\n".join([*lines, *self._meanings()])

    __str__ = __repr__

    def _repr_html_(self) -> str:
        def row(cells: Iterable[str], tag: str) -> str:
            return "<tr>" + "".join(f'<{tag} style="text-align: right">{cell}</{tag}>' for cell in cells) + "</tr>"

        body = "".join(row(cells, "td") for cells in self._rows())
        notes = "<br>".join(self._meanings())
        return f"<table>{row(self._heads(), 'th')}{body}</table><small>{notes}</small>"

    def _heads(self) -> list[str]:
        return ["epoch", "cost", *(["held out"] if self.held_out else []), "examples", "examples/s"]

    def _rows(self) -> Iterator[list[str]]:
        """The cells of each epoch; of a long training the first and the last, with a row of dots between them."""
        hidden = range(SHOWN_FIRST, len(self) - SHOWN_LAST)
        for n, epoch in enumerate(self):
            if n in hidden and len(hidden) > 1:
                if n == SHOWN_FIRST:
                    yield ["..."] * len(self._heads())
                continue
            held_out = [_number(epoch.held_out)] if self.held_out else []
            speed = f"{epoch.examples / max(epoch.seconds, 1e-9):,.0f}"
            yield [str(epoch.number), _number(epoch.cost), *held_out, f"{epoch.examples:,}", speed]

    def _meanings(self) -> list[str]:
        return [MEANING, *([HELD_OUT_MEANING] if self.held_out else [])]


def _number(cost: float | None) -> str:
    return "none" if cost is None or isnan(cost) else f"{cost:.6g}"
