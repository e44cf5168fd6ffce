"""Skip-gram, CBOW and GloVe as recipes: a word and the words around it.

Skip-gram and CBOW, with subwords or without, tell them from words drawn; GloVe fits how often they stand near one
another, counted once.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from rowspace import costs
from rowspace.columns.kinds import Ragged
from rowspace.columns.subwords import compose
from rowspace.model.model import Model
from rowspace.rates import linear
from rowspace.read.cooccurrence import cooccurrences
from rowspace.recipes.contexts import PIECE_TOKENS, Contexts, KeptWords, gathered
from rowspace.recipes.recipe import Recipe
from rowspace.recipes.text_options import TextOptions
from rowspace.tables.table import Table
from rowspace.train.trainer import Trainer
from rowspace.updates import adagrad, sgd

Columns = Callable[[KeptWords], dict[str, Any]]  # of a chunk, from what is kept of a piece of the text
Answer = Callable[[], dict[str, Table]]  # the tables of the model, the words' vectors first; called after training


@dataclass(frozen=True)
class Defaults:
    """How a cost is trained: its recipe, the rate it starts from, and how many epochs."""

    recipe: Callable[[TextOptions], Recipe]
    rate: float
    epochs: int = 5
    draws: bool = True  # negatives
    rows: int = 2  # of `dim` numbers for each word, with the update's slots and the model's table


def skip_gram(options: TextOptions) -> Recipe:
    """Pairs of a word and one around it, sorted in blocks: the same bytes for any number of threads."""
    W, C, bags, answer = _tables(options)
    if bags is not None:
        return _subword_skip_gram(options, W, C, bags, answer)
    negatives = options.negatives(C)

    def columns(kept: KeptWords) -> dict[str, Any]:
        center, contexts = kept.pairs()
        return {"window": gathered(contexts), "center": center, "negatives": negatives}

    data = _contexts(options, columns, paired=True)
    update, model = sgd(linear(options.rate)), partial(_model, options, answer)
    return Recipe(costs.skip_gram_bag, {"W": W, "C": C}, data, update, {"schedule": "blocks"}, model)


def _subword_skip_gram(options: TextOptions, S: Table, C: Table, bags: Ragged, answer: Answer) -> Recipe:
    """As `skip_gram`, with the mean of all subwords of the word."""
    negatives = options.negatives(C, avoid=None)

    def columns(kept: KeptWords) -> dict[str, Any]:
        center, window = kept.bags()
        return {"subwords": bags.reordered(center), "window": window, "negatives": negatives}

    return _over_bags(options, costs.subword_skip_gram, {"S": S, "C": C}, columns, answer)


def cbow(options: TextOptions) -> Recipe:
    """A word and the mean of those around it, or of all their subwords, whose rows lie in any block."""
    W, C, bags, answer = _tables(options, farthest=1.0)  # as in gensim and fastText: a mean is shorter than its words
    negatives = options.negatives(C)

    def columns(kept: KeptWords) -> dict[str, Any]:
        center, window = kept.bags()
        if bags is not None:
            members = bags.reordered(window.values)
            window = Ragged(members.values, members.offsets[window.offsets])  # all of a word's neighbours are one bag
        return {"window": window, "center": center, "negatives": negatives}

    return _over_bags(options, costs.word2vec_cbow, {"W": W, "C": C}, columns, answer)


def glove(options: TextOptions) -> Recipe:
    """Pairs of words with a count, in random order: the same bytes for any number of threads."""
    text, n = options.text, options.words
    i, j, count = cooccurrences(text.ids, text.offsets, n, window=options.window, threads=options.threads)
    W, C = options.vectors("W", n), options.vectors("C", n)
    tables = {"W": W, "C": C, "b": options.zeros("b", 1), "c": options.zeros("c", 1)}

    def sums(lo: int, hi: int) -> Any:
        return W.values[lo:hi] + C.values[lo:hi]

    def answer() -> dict[str, Table]:
        return {"E": options.named(options.derived("E", W.shape, sums)), **tables}

    update, model = adagrad(linear(options.rate)), partial(_model, options, answer)
    return Recipe(costs.glove, tables, {"i": i, "j": j, "count": count}, update, {"shuffle": True}, model)


COSTS = {
    "skip_gram": Defaults(skip_gram, 0.025),
    "cbow": Defaults(cbow, 0.05),
    "glove": Defaults(glove, 0.05, epochs=25, draws=False, rows=5),
}


# --- what they share


def _tables(options: TextOptions, *, farthest: float = 0.5) -> tuple[Table, Table, Ragged | None, Answer]:
    """The table of words, with subwords that of words and n-grams; that of contexts; each word's bag; the model's."""
    n, subwords = options.words, options.subwords
    if subwords is None:
        W, C = options.vectors("W", n, farthest=farthest), options.zeros("C")
        return W, C, None, lambda: {"W": options.named(W.values), "C": C}
    S, C = options.vectors("S", n + subwords.buckets, farthest=farthest, words=n), options.zeros("C")
    bags = subwords.bags(options.text.names)

    def words(lo: int, hi: int) -> Any:
        return compose(S.values, Ragged(bags.values, bags.offsets[lo : hi + 1]))

    def answer() -> dict[str, Table]:
        return {"W": options.named(options.derived("W", (n, options.dim), words)), "S": S, "C": C}

    return S, C, bags, answer


def _contexts(options: TextOptions, columns: Columns, *, paired: bool) -> Contexts:
    return Contexts(
        options.text,
        options.keep,
        options.window,
        abs(options.seed),
        columns,
        options.threads,
        paired=paired,
        epochs_before=len(options.costs_before),
        depends_on={"subwords": "none" if options.subwords is None else str(options.subwords)},
        why_empty=options.why_empty,
        piece=PIECE_TOKENS,
    )


def _over_bags(options: TextOptions, cost: Any, tables: dict[str, Table], columns: Columns, answer: Answer) -> Recipe:
    """The recipe of a cost over bags whose rows lie in any block: in file order, which threads take turns at."""
    data = _contexts(options, columns, paired=False)
    defaults = {"schedule": "sequential"}
    return Recipe(cost, tables, data, sgd(linear(options.rate)), defaults, partial(_model, options, answer))


def _model(options: TextOptions, answer: Answer, trainer: Trainer) -> Model:
    """The model of a text, going on with the costs of the one before."""
    about = options.about | {"examples": trainer.examples, "epochs": len(trainer.history)}
    about |= {} if options.others is None else {"held_out": len(options.others)}
    if COSTS[options.cost].draws:
        about |= {"sample": options.sample, "negative": options.negative, "ns_exponent": options.ns_exponent}
    if options.subwords is not None:
        about |= asdict(options.subwords)
    history = trainer.history
    return Model(answer(), about, [*options.costs_before, *history.cost], options.held_out_with(history))
