"""What is called at the events of a training, and may end it: users' functions, and `EarlyStopping`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rowspace.errors import DataError
from rowspace.errors.checks import check_kind, number, whole
from rowspace.system.memory import require_memory
from rowspace.train.epoch import Epoch

EVENTS = ("on_train_begin", "on_epoch_begin", "on_epoch_end", "on_train_end", "on_resume")


def call_all(callbacks: Sequence[Any], trainer: Any, event: str) -> bool:
    """Call what callbacks have for an event; whether one of them ended the training, by StopIteration."""
    ended = False
    for callback in callbacks:
        method = getattr(callback, event, callback if event == "on_epoch_end" and callable(callback) else None)
        if method is not None:
            try:
                method(trainer)
            except StopIteration:
                ended = True
    return ended


class EarlyStopping:
    """A callback that ends a training once its cost no longer falls.

    It looks at the cost of the examples that are held out (`fit(..., held_out=data)`); without such at the cost of
    those trained on, which falls long after a model has begun to learn its examples by heart.

    Args:
        patience: after how many epochs in a row that were not better than the best the training ends.
        min_delta: by how much a cost must be lower to be better.
        keep_best: whether the tables are in the end those of the best epoch. They are copied in memory after each
            epoch that was better. What an update keeps beside the rows stays that of the last epoch. Not together with
            checkpoints, which do not hold that copy.

    Raises:
        DataError: for a patience below 1, or a negative difference.

    >>> import rowspace as rs
    >>> E, stopping = rs.Table(4, 2), rs.EarlyStopping(patience=2, keep_best=True)
    >>> data, others = {"i": [0, 1], "j": [1, 2], "label": [1, 1]}, {"i": [2], "j": [3], "label": [0]}
    >>> trainer = rs.Trainer(rs.costs.squared_dot, {"E": E}, rs.sgd(0.1))
    >>> history = trainer.fit(data, epochs=500, held_out=others, callbacks=[stopping])
    >>> len(history) < 500, stopping.best.held_out == min(history.held_out)
    (True, True)
    """

    def __init__(self, patience: int = 3, *, min_delta: float = 0.0, keep_best: bool = False) -> None:
        self.patience = whole("patience", patience, 1)
        self.min_delta = number("min_delta", min_delta, 0)
        check_kind("keep_best", keep_best, (bool, np.bool_), "True or False")
        self.keep_best = bool(keep_best)
        self.best: Epoch | None = None
        self._begun = 0
        self._kept: dict[str, np.ndarray] = {}

    def __repr__(self) -> str:
        return f"EarlyStopping(patience={self.patience}, min_delta={self.min_delta:g}, keep_best={self.keep_best})"

    def on_train_begin(self, trainer: Any) -> None:
        """Forget the training before."""
        self.best, self._begun, self._kept = None, len(trainer.history), {}
        if self.keep_best:
            size = sum(trainer.tables[table].values.nbytes for table in trainer.updates)
            require_memory(size, "the copy of the tables of the best epoch", "leave out keep_best")

    def on_resume(self, trainer: Any) -> None:
        """End a training at once that was ended before it was resumed."""
        self._end_after(self._waited(trainer))

    def on_epoch_end(self, trainer: Any) -> None:
        """Keep the tables if the epoch was the best; StopIteration after too many that were not."""
        waited = self._waited(trainer)
        if not waited and self.keep_best:
            self._kept = {table: trainer.tables[table].values.copy() for table in trainer.updates}
        self._end_after(waited)

    def on_train_end(self, trainer: Any) -> None:
        """Give the tables of the best epoch back."""
        if self.best is not None and self.best is not trainer.history[-1]:
            for table, values in self._kept.items():
                np.copyto(trainer.tables[table].values, values)
        self._kept = {}

    def _waited(self, trainer: Any) -> int:
        """Find the best epoch, and how many came after it; NaN is never better."""
        epochs = trainer.history[self._begun :]
        least, waited = float("inf"), 0
        for epoch, cost in zip(epochs, epochs.held_out or epochs.cost, strict=True):
            if cost < least - self.min_delta:
                self.best, least, waited = epoch, cost, 0
            else:
                waited += 1
        return waited

    def _end_after(self, waited: int) -> None:
        if waited >= self.patience:
            raise StopIteration


def check_without_checkpoint(callbacks: Sequence[Any]) -> None:
    """Refuse what a training with checkpoints could not go on with; DataError."""
    if any(isinstance(callback, EarlyStopping) and callback.keep_best for callback in callbacks):
        raise DataError(
            "EarlyStopping(keep_best=True) keeps the best tables in memory, and a checkpoint does not hold them; leave "
            "out keep_best or checkpoint"
        )
