"""What happened in an epoch."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import Any


@dataclass(frozen=True)
class Epoch:
    """What happened in an epoch: the mean cost, over how many of how many examples, and in how many seconds.

    Each cost is that of the rows as they were just before the example moved them. Where there was no example to take
    the cost of, it is NaN: a gap in a plot, and null in JSON. `held_out` is the mean cost of the examples that were
    held out, at the end of the epoch; None without such.
    """

    number: int
    cost: float
    costed: int
    examples: int
    seconds: float
    held_out: float | None = None

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Epoch":
        """An epoch as JSON has it."""
        costs = {name: nan for name in ("cost", "held_out") if name in told and told[name] is None}
        return cls(**{**told, **costs})

    def told(self) -> dict[str, Any]:
        """The epoch for JSON, of which `of` makes it again."""
        return {name: value for name, value in vars(self).items() if name != "held_out" or value is not None}

    def __str__(self) -> str:
        if not self.costed:
            none = "no examples" if not self.examples else f"no cost was taken of its {self.examples:,} examples"
            return f"epoch {self.number}: {none}"
        over = "" if self.costed == self.examples else f" (mean of {self.costed:,} of {self.examples:,} examples)"
        speed = f"{self.examples / max(self.seconds, 1e-9):,.0f} examples/s"
        held_out = "" if self.held_out is None else f", held out {self.held_out:.6g}"
        return f"epoch {self.number}: cost {self.cost:.6g}{over}{held_out}, {speed}"
