"""Where a fit is: what a checkpoint says of it, and a resumed fit begins with."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import add
from typing import Any

from rowspace.schedule.place import Place
from rowspace.schedule.plan import Outcome


@dataclass(frozen=True)
class Cursor:
    """Where a fit is, and what the present epoch has added up to so far.

    Args:
        epoch: which, from 0.
        place: in the data of the epoch.
        done: examples of this fit.
        before: those of them that were done before this epoch.
        total: the sum of the costs that were added up in this epoch.
        counted: how many those are.
        seconds: that the epoch took.
    """

    epoch: int = 0
    place: Place = field(default_factory=Place)
    done: int = 0
    before: int = 0
    total: float = 0.0
    counted: int = 0
    seconds: float = 0.0

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Cursor":
        """A cursor as a checkpoint has it."""
        return cls(**{**document, "place": Place(**document["place"])})

    @property
    def cost(self) -> float | None:
        """The mean cost of the epoch so far."""
        return self.total / self.counted if self.counted else None

    def moved(self, outcome: Outcome) -> "Cursor":
        """The cursor after what was done."""
        total, counted = reduce(add, outcome.costs, self.total), self.counted + outcome.counted
        return replace(self, done=self.done + outcome.done, total=total, counted=counted)

    def at(self, place: Place, seconds: float) -> "Cursor":
        """The cursor at another place of the epoch."""
        return replace(self, place=place, seconds=seconds)

    def next_epoch(self) -> "Cursor":
        """The cursor at the beginning of the next epoch."""
        return Cursor(self.epoch + 1, done=self.done, before=self.done)
