"""The task that all trainers of word vectors get, and the settings they share."""

from dataclasses import dataclass

DIM = 100
WINDOW = 5
NEGATIVE = 5
SAMPLE = 1e-3
MIN_COUNT = 5
RATES = {"skip_gram": 0.025, "cbow": 0.05}  # word2vec.c's; gensim's library starts CBOW from 0.025 if not told
COSTS = tuple(RATES)


@dataclass(frozen=True)
class Task:
    """A corpus (plain text, a sentence a line), what is learned from it and how."""

    corpus: str
    cost: str
    epochs: int
    threads: int
    seed: int = 1

    @property
    def rate(self) -> float:
        """Where the rate starts, for every trainer."""
        return RATES[self.cost]
