"""What the rates of a training are when, how long a segment may be, and which costs are added up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rowspace.columns.data import Data
from rowspace.rates import Constant
from rowspace.updates import Update

_SEGMENT_EXAMPLES = 1 << 16  # of a segment, at most
RATE_STEPS = 2000  # a rate that changes does so at least this often over a training
SAMPLED = 16  # one cost in so many is added up, where it takes time (docs/decisions/engine.md#the-reported-cost)


@dataclass(frozen=True)
class EpochStart:
    """Where in a fit an epoch is: its place in this fit and in the training, its seed, and the examples before it."""

    epoch: int
    number: int
    seed: int
    before: int


class Pacing:
    """Rates and lengths for a fit of some epochs over `chunks`."""

    def __init__(self, updates: Mapping[str, Update], chunks: Data, epochs: int) -> None:
        self.updates, self.chunks, self.epochs = updates, chunks, epochs
        self.sampled: int | None = None  # of how many costs one is added up, once that is decided

    def rates(self, tables: Sequence[str], at: np.ndarray, position: EpochStart) -> np.ndarray:
        """The rate of every table, (s, tables), at some positions in the epoch."""
        updates = [self.updates.get(t) for t in tables]
        fractions = [0.0] if self._constant else [self._fraction(position, n) for n in at.tolist()]
        rates = np.array([[u.rate(f) if u else 0.0 for u in updates] for f in fractions]).reshape(-1, len(updates))
        return np.broadcast_to(rates, (len(at), len(updates)))

    def longest(self) -> int:
        """How many examples a segment may have, which are all run at one rate."""
        if self._constant or self.chunks.examples is None:
            return _SEGMENT_EXAMPLES
        return int(np.clip(self.epochs * self.chunks.examples // RATE_STEPS, 1, _SEGMENT_EXAMPLES))

    def every(self, cheap: bool, examples: int) -> int:
        """Of how many examples one's cost is added up: decided at the first chunk, so that all weigh the same."""
        if self.sampled is None:
            self.sampled = 1 if cheap or examples < 1000 * SAMPLED else SAMPLED
        return self.sampled

    def document(self) -> dict[str, Any]:
        """What a checkpoint keeps: of how many costs one is added up, and how many examples an epoch has."""
        return {"every": self.sampled, "examples": self.chunks.examples}

    def load(self, document: Mapping[str, Any]) -> None:
        """Take on what a checkpoint kept."""
        self.sampled, self.chunks.examples = document["every"], document["examples"]

    def _fraction(self, position: EpochStart, at: int) -> float:
        """How much of the training is done, from 0 to 1; in whole epochs while their length is not known."""
        if self.chunks.examples is None:
            return position.epoch / self.epochs
        return min(1.0, (position.before + at) / max(1, self.epochs * self.chunks.examples))

    @property
    def _constant(self) -> bool:
        return all(isinstance(u.rate, Constant) for u in self.updates.values())
