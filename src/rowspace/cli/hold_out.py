"""Options of the commands that train, for examples that are held out, and for a training that ends by them."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from rowspace.cli.output import note
from rowspace.errors import DataError


@dataclass(frozen=True)
class HoldOutOptions:
    """What is held out, and after how many epochs that bring nothing the training ends."""

    hold_out: Annotated[
        float | None,
        typer.Option(
            help="Share of the pairs or sentences, such as 0.05, that is not trained on: what it costs after training "
            "tells how well the model does on what it has not seen."
        ),
    ] = None
    patience: Annotated[
        int | None,
        typer.Option(
            help="With --hold-out: stop after this many epochs in a row without a new lowest cost of what is held out, "
            "and keep the vectors of the best epoch. With checkpoints or tables on disk those of the last are kept."
        ),
    ] = None

    def check(self, what: str) -> None:
        """Refuse what the library would refuse after reading, or would not understand; DataError."""
        if self.hold_out is not None and not 0 < self.hold_out < 1:
            from rowspace.recipes.hold_out import wanted

            raise DataError(f"--hold-out is {self.hold_out:g}; {wanted(what)}")
        if self.patience is not None and self.patience < 1:
            raise DataError(f"--patience is {self.patience}; give a number of epochs of at least 1")
        if self.patience is not None and self.hold_out is None:
            raise DataError("--patience looks at the cost of what is held out; give --hold-out too, such as 0.05")

    def stopping(self, *, keeps: bool) -> list[Any]:
        """A callback that ends the training, if one was asked for; `keeps`: whether the best epoch can be kept."""
        if self.patience is None:
            return []
        from rowspace.train.callbacks import EarlyStopping

        return [EarlyStopping(self.patience, keep_best=keeps)]


def note_kept(model: Any, stopping: list[Any]) -> float | None:
    """The held-out cost of the vectors that a model has; None without.

    Where they are not those of the last epoch, or are not the best, a line says so, and the model notes which are kept.
    """
    if not model.held_out:
        return None
    best = stopping[0].best if stopping else None
    if best is None or best.held_out == model.held_out[-1]:
        return float(model.held_out[-1])
    epochs, number = model.trained_with["epochs"], best.number
    found = f"epoch {number} of {epochs} has the lowest cost of what was held out ({best.held_out:.4g})"
    if not stopping[0].keep_best:
        note(f"{found}; the vectors are those of the last, as always with checkpoints or tables on disk")
        return float(model.held_out[-1])
    model.trained_with["kept_epoch"] = number
    note(f"{found}: its vectors are kept")
    return float(best.held_out)
