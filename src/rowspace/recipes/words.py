"""Skip-gram and CBOW, with subwords or without: a word and the words around it, against words drawn."""

from typing import Any

from rowspace import costs
from rowspace.columns.kinds import Ragged, of_each
from rowspace.columns.subwords import Subwords, compose
from rowspace.recipes.contexts import Contexts, Kept, gathered
from rowspace.recipes.text_options import Answer, Recipe, TextOptions, together
from rowspace.tables.table import Table
from rowspace.updates import sgd


def skip_gram(setting: TextOptions) -> Recipe:
    """Pairs of a word and one around it, sorted in blocks: the same bytes for any number of threads."""
    if setting.subwords is not None:
        return _subword_skip_gram(setting, setting.subwords)
    tables, answer = _words(setting)
    negatives = setting.negatives(tables["C"])

    def columns(kept: Kept) -> dict[str, Any]:
        center, contexts = kept.pairs()
        return {"window": gathered(contexts), "center": center, "negatives": negatives}

    data = _contexts(setting, columns, paired=True)
    return Recipe(costs.skip_gram_bag, tables, data, sgd, answer, {"schedule": "blocks"})


def cbow(setting: TextOptions) -> Recipe:
    """A word and the mean of those around it, whose rows lie in any block: threads race, or there is one."""
    if setting.subwords is not None:
        return _subword_cbow(setting, setting.subwords)
    tables, answer = _words(setting)
    negatives = setting.negatives(tables["C"])

    def columns(kept: Kept) -> dict[str, Any]:
        center, window = kept.bags()
        return {"window": window, "center": center, "negatives": negatives}

    return _racing(setting, costs.cbow, tables, columns, answer)


def _subword_cbow(setting: TextOptions, subwords: Subwords) -> Recipe:
    """As `cbow`, with the mean of all subwords of the words around."""
    S, C, bags, answer = _subwords(setting, subwords)
    negatives = setting.negatives(C)

    def columns(kept: Kept) -> dict[str, Any]:
        center, window = kept.bags()
        window = together(of_each(bags, window.values), window.offsets)
        return {"window": window, "center": center, "negatives": negatives}

    return _racing(setting, costs.cbow, {"W": S, "C": C}, columns, answer)


def _subword_skip_gram(setting: TextOptions, subwords: Subwords) -> Recipe:
    S, C, bags, answer = _subwords(setting, subwords)
    negatives = setting.negatives(C, avoid=None)

    def columns(kept: Kept) -> dict[str, Any]:
        center, window = kept.bags()
        return {"subwords": of_each(bags, center), "window": window, "negatives": negatives}

    return _racing(setting, costs.subword_skip_gram, {"S": S, "C": C}, columns, answer)


def _words(setting: TextOptions) -> tuple[dict[str, Table], Answer]:
    """The tables of words, and the model's."""
    W, C = setting.vectors("W", setting.words), setting.zeros("C")
    return {"W": W, "C": C}, lambda: {"W": setting.named(W.values), "C": C}


def _subwords(setting: TextOptions, subwords: Subwords) -> tuple[Table, Table, Ragged, Answer]:
    """The table of words and n-grams, that of contexts, the bag of each word, and the model's tables."""
    S = setting.vectors("S", setting.words + subwords.buckets, words=setting.words)
    C, bags = setting.zeros("C"), subwords.bags(setting.text.names)
    words = lambda lo, hi: compose(S.values, Ragged(bags.values, bags.offsets[lo : hi + 1]))
    answer = lambda: {"W": setting.named(setting.derived("W", (setting.words, setting.dim), words)), "S": S, "C": C}
    return S, C, bags, answer


def _contexts(setting: TextOptions, columns: Any, *, paired: bool) -> Contexts:
    given = setting.text, setting.keep, setting.window, setting.seed, columns, setting.threads
    told = {"subwords": "none" if setting.subwords is None else str(setting.subwords)}
    before, why = setting.epochs_before, setting.why_empty
    return Contexts(*given, paired=paired, epochs_before=before, told=told, why_empty=why)


def _racing(setting: TextOptions, cost: Any, tables: dict[str, Table], columns: Any, answer: Answer) -> Recipe:
    """The plan of a cost over bags whose rows lie in any block: threads race, unless there is one."""
    schedule = "hogwild" if setting.threads > 1 else "sequential"
    return Recipe(cost, tables, _contexts(setting, columns, paired=False), sgd, answer, {"schedule": schedule})
