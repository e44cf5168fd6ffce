"""What happened in an epoch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Epoch:
    """What happened in an epoch: the mean cost, over how many of how many examples, and in how many seconds.

    Each cost is that of the rows as they were just before the example moved them.
    """

    number: int
    cost: float
    costed: int
    examples: int
    seconds: float

    def __str__(self) -> str:
        over = "" if self.costed == self.examples else f" (mean of {self.costed:,} of {self.examples:,} examples)"
        speed = f"{self.examples / max(self.seconds, 1e-9):,.0f} examples/s"
        return f"epoch {self.number}: cost {self.cost:.6g}{over}, {speed}"
