"""From a text to word vectors: skip-gram, CBOW and GloVe, each a cost in `costs`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rowspace import costs
from rowspace.contexts import Contexts, Kept, chance_of_keeping, gathered
from rowspace.errors import DataError
from rowspace.rates import linear
from rowspace.sampling import Negatives
from rowspace.table import Table
from rowspace.train import Trainer
from rowspace.updates import sgd
from rowspace.workers import thread_count

if TYPE_CHECKING:
    from rowspace.model import Model

RATES = {"skip_gram": 0.025, "cbow": 0.05, "glove": 0.05}


def train_text(text: Any, dim: int = 100, epochs: int = 5, *, cost: str = "skip_gram", window: int = 5, negative: int = 5,
    ns_exponent: float = 0.75, sample: float = 1e-3, rate: float | None = None, seed: int = 0, threads: int | None = None,
    start: "Model | None" = None, progress: bool | None = None, callbacks: Sequence[Any] = (),
) -> "Model":  # fmt: skip
    n = len(text.names)
    W = Table.from_array(_first(n, dim, seed), text.names, counts=text.counts)
    C = Table.from_array(np.zeros((n, dim), np.float32))
    negatives = Negatives(of=C, k=negative, power=ns_exponent, counts=text.counts, avoid="center")
    keep = chance_of_keeping(text.counts, sample)
    rule = sgd(linear(RATES[cost] if rate is None else rate))

    def pairs(kept: Kept) -> dict[str, Any]:
        centers, contexts = kept.pairs()
        return {"center": centers, "window": gathered(contexts), "negatives": negatives}

    def bags(kept: Kept) -> dict[str, Any]:
        centers, window = kept.bags()
        return {"center": centers, "window": window, "negatives": negatives}

    made = pairs if cost == "skip_gram" else bags
    data = Contexts(text, keep, window, abs(seed), made, thread_count(threads), paired=cost == "skip_gram")
    trainer = Trainer({"skip_gram": costs.skip_gram_bag, "cbow": costs.cbow}[cost], {"W": W, "C": C}, rule)
    trainer.fit(data, epochs, seed=seed, threads=threads, schedule="blocks" if cost == "skip_gram" else "hogwild", progress=progress, callbacks=callbacks)
    return trainer.model()


def _first(n: int, dim: int, seed: int) -> np.ndarray:
    """Where word vectors start, as in word2vec.c: uniform, at most half of 1 / dim from 0."""
    random = np.random.default_rng(abs(seed))
    return ((random.random((n, dim), np.float32) - np.float32(0.5)) / np.float32(dim)).astype(np.float32)
