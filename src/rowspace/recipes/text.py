"""From a text to word vectors: skip-gram, CBOW and GloVe, each of them a cost in `costs` that the engine compiles."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rowspace.checkpoint.checkpoints import EVERY, is_begun
from rowspace.columns.subwords import Subwords
from rowspace.errors import DataError, unused
from rowspace.errors.checks import number, whole
from rowspace.errors.unused import changed, refuse_unused
from rowspace.model.model import Model
from rowspace.read.part import parts
from rowspace.read.text import Text, read_text
from rowspace.recipes.hold_out import held_out_of
from rowspace.recipes.text_options import TextOptions
from rowspace.recipes.words import COSTS
from rowspace.system.threads import thread_count
from rowspace.train.trainer import Trainer

DIM = 100
FARTHEST = 10_000  # a window


def train_text(
    text: Any,
    dim: int | None = None,
    epochs: int | None = None,
    *,
    cost: str = "skip_gram",
    window: int = 5,
    negative: int = 5,
    ns_exponent: float = 0.75,
    sample: float = 1e-3,
    rate: float | None = None,
    min_n: int = 3,
    max_n: int = 0,
    buckets: int = 2_000_000,
    seed: int = 0,
    threads: int | None = None,
    start: Model | None = None,
    progress: bool | None = None,
    callbacks: Sequence[Any] = (),
    hold_out: float | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    every: float | str = EVERY,
    resume: bool = False,
    table_on_disk: str | os.PathLike[str] | None = None,
    memory: int | str | None = None,
) -> Model:
    """Learn a vector for every word of a text.

    The same seed gives the same bytes, however many threads there are. `glove` keeps about 40 bytes in memory for every
    two words that stand near one another; the others stream.

    Args:
        text: what `rs.read_text` gives, or anything it reads with its defaults.
        dim: numbers a word; default 100, or what `start` has.
        epochs: times over the text; default 5, for glove 25.
        cost: skip_gram; cbow; or glove, from counts of words near one another.
        window: how far a word reaches; in skip_gram and cbow each occurrence at random from 1 to this.
        negative: words drawn against each example (see `rs.Negatives`); not for glove.
        ns_exponent: the exponent of the counts they are drawn by; not for glove.
        sample: words more frequent than about this share of the text are left out at times; 0 for never; not for glove.
        rate: where the rate starts; it falls to 0 in a straight line. Default 0.025 for skip_gram; 0.05 for cbow, as
            in word2vec.c (gensim's library starts from 0.025), and for glove.
        min_n, max_n: with max_n above 0 (fastText's is 6), words are made of their n-grams too, so that a word never
            seen has a vector.
        buckets: rows for the n-grams.
        seed: of the first values and of everything drawn.
        threads: how many, None for all cores.
        start: a model to go on with, whose words the text was read with (`names=start.index_to_key`).
        progress: whether to show a bar; None shows one on a terminal.
        hold_out: a share of the sentences, such as 0.05, that are not trained on: chosen at random, from the seed.
            Their mean cost after each epoch is `model.held_out`. Words are still counted in the whole text. Not for
            glove.
        callbacks, checkpoint, every, resume, memory: as for `Trainer.fit`; see also `rs.EarlyStopping`.
        table_on_disk: a folder for the tables, each of which is then mapped from a file there and may be larger than
            memory (see `Table.create`); None for memory. The model needs the files until it is saved elsewhere.
            Tables that are there are refused, unless they are those of the training to `resume`.

    Returns:
        The model. Its first table holds the words, with names and counts; C the words as contexts; with subwords S the
        rows of words and n-grams; for glove the first table is the sum of W and C. `model.cost` is the mean cost of an
        example in each epoch: of a pair of words for skip_gram and glove, of a word with its window for the others.

    Raises:
        DataError: for options that do not fit one another or `start`, or have no effect beside the others, and for a
            text of which nothing is left.
        Diverged: when the rate is too high.

    Sources: Mikolov et al. (2013); Pennington et al. (2014); Bojanowski et al. (2017).

    >>> import rowspace as rs
    >>> line = "the cat sat on the mat and the dog sat on the rug".split()
    >>> with rs.read_text([line] * 20, min_count=1) as text:
    ...     model = rs.train_text(text, dim=8, epochs=10, sample=0, threads=1)
    >>> len(model), model.vector_size, model.cost[-1] < model.cost[0]
    (8, 8, True)
    """
    numbers: dict[str, Any] = {"window": window, "negative": negative, "ns_exponent": ns_exponent, "sample": sample}
    options = {"min_n": min_n, "buckets": buckets, "hold_out": hold_out, "every": every, "memory": memory, **numbers}
    refuse_unused(unused_options(cost, max_n, sample, checkpoint, table_on_disk), changed(_DEFAULTS, options))
    subwords = checked_subwords(cost, min_n, max_n, buckets)
    check_numbers(dim, window, negative, sample)
    whole("seed", seed)
    if start is not None:
        check_start(start, cost, subwords, dim)
    text = _read(text, start, threads, progress)
    text, others = (text, None) if hold_out is None else _parts(text, hold_out, seed)
    defaults = COSTS[cost]
    of_text = TextOptions(
        text,
        start,
        cost,
        dim=_dim(dim, start),
        epochs=defaults.epochs if epochs is None else epochs,
        rate=defaults.rate if rate is None else rate,
        seed=seed,
        **numbers,
        threads=thread_count(threads),
        subwords=subwords,
        others=others,
        folder=None if table_on_disk is None else Path(table_on_disk),
        resumes=resume and is_begun(checkpoint),
    )
    if table_on_disk is None:
        of_text.require_memory(defaults.rows)
    fit: dict[str, Any] = {"epochs": of_text.epochs, "seed": seed, "threads": threads, "progress": progress}
    fit |= {"checkpoint": checkpoint, "every": every, "resume": resume, "memory": memory}
    recipe, callbacks = defaults.recipe(of_text), [*callbacks, _RefuseEmpty(of_text)]
    return recipe.train(callbacks=callbacks, held_out=_examples(others, recipe.data), **fit)


_DEFAULTS: dict[str, Any] = train_text.__kwdefaults__ or {}


def _parts(text: Text, share: float, seed: int) -> tuple[Text, Text]:
    """The sentences to train on, and the share that is held out of them."""
    return parts(text, held_out_of(len(text), share, seed, "sentences"))


def _examples(others: Text | None, data: Any) -> Any:
    """Those of the sentences held out, as the data has them: the same ones, however many epochs there were before."""
    return None if others is None else replace(data, text=others, epochs_before=0)


@dataclass(frozen=True)
class _RefuseEmpty:
    """Refuses a training in which no epoch met an example."""

    options: TextOptions

    def on_train_end(self, trainer: Trainer) -> None:
        """DataError says why."""
        if trainer.history and not trainer.examples:
            raise DataError(f"{self.options.text.name} left nothing to train on: {self.options.why_empty}")


def unused_options(cost: str, max_n: int, sample: float, checkpoint: Any, table_on_disk: Any) -> dict[str, str]:
    """What options are for that have no effect beside these."""
    purposes = unused.unused_options(checkpoint, table_on_disk)
    if not max_n:
        purposes |= dict.fromkeys(("min_n", "buckets"), "for subwords; give {max_n} too, such as 6")
    if cost in COSTS and not COSTS[cost].draws:
        drawing = [name for name, defaults in COSTS.items() if defaults.draws]
        sampling = ["sample"] if sample else []  # no words are left out with 0 either
        names = ("negative", "ns_exponent", "hold_out", *sampling)
        purposes |= dict.fromkeys(names, f"for {' and '.join(drawing)}; leave it out with {cost}")
    return purposes


def check_numbers(dim: int | None, window: int, negative: int, sample: float) -> None:
    """Refuse numbers that no text could be trained with; DataError says which."""
    for name, given in {"dim": DIM if dim is None else dim, "window": window, "negative": negative}.items():
        whole(name, given, 1)
    if window > FARTHEST:
        raise DataError(f"window is {window}; words reach {FARTHEST:,} words at most")
    number("sample", sample, 0, wanted="give 0, or a share of the text such as 0.001")


def checked_subwords(cost: str, min_n: int, max_n: int, buckets: int) -> Subwords | None:
    """The subwords asked for; DataError for a cost that has none, or is none for texts."""
    if cost not in COSTS:
        raise DataError(f"cost {cost!r} is not one for texts; it can be {', '.join(COSTS)}")
    if not max_n:
        return None
    if not COSTS[cost].draws:
        raise DataError(f"{cost} has no subwords; take cost skip_gram or cbow, or leave out max_n")
    return Subwords(min_n, max_n, buckets)


# --- going on with a model


def check_start(start: Model, cost: str, subwords: Subwords | None, dim: int | None) -> None:
    """Refuse to go on with a model that was trained otherwise; DataError."""
    about = getattr(start, "trained_with", None)
    if about is None:
        raise DataError(f"start is a {type(start).__name__}; give a model, as rs.open does")
    was = about.get("cost")
    if was not in COSTS:
        raise DataError(
            f"the model to start from was not trained on a text (its cost is {was!r}): there is no going on"
        )
    if was != cost:
        raise DataError(f"the model to start from was trained with cost {was!r}, not {cost!r}; give cost={was!r}")
    had = Subwords(about["min_n"], about["max_n"], about["buckets"]) if "buckets" in about else None
    if had != subwords:
        raise DataError(f"the model to start from has {_described(had)}, not {_described(subwords)}; ask for the same")
    _dim(dim, start)


def _described(subwords: Subwords | None) -> str:
    if subwords is None:
        return "no subwords"
    return f"subwords of {subwords.min_n} to {subwords.max_n} characters in {subwords.buckets:,} buckets"


def _read(text: Any, start: Model | None, threads: int | None, progress: bool | None) -> Text:
    """A text with the words of a model to go on with."""
    if not isinstance(text, Text):
        text = read_text(text, names=None if start is None else start.index_to_key, threads=threads, progress=progress)
    if start is not None and text.names[: len(start)] != list(start.index_to_key):
        raise DataError("the text was not read with the model's words; read it with names=start.index_to_key")
    return text


def _dim(dim: int | None, start: Model | None) -> int:
    if start is not None and dim not in (None, start.vector_size):
        raise DataError(f"dim is {dim}; the model to start from has {start.vector_size} numbers a word")
    return start.vector_size if start is not None else DIM if dim is None else dim
