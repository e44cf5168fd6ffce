"""The task that all trainers of word vectors get, and the settings they share."""

from dataclasses import dataclass

DIM = 100
WINDOW = 5
NEGATIVE = 5
SAMPLE = 1e-3
MIN_COUNT = 5
COSTS = ("skip_gram", "cbow")


@dataclass(frozen=True)
class Task:
    """A corpus (plain text, a sentence a line), what is learned from it and how; `rate` None is the trainer's own."""

    corpus: str
    cost: str
    epochs: int
    threads: int
    rate: float | None = None
    seed: int = 1
