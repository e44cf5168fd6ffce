"""Skip-gram and CBOW, with subwords or without: a word and the words around it, against words drawn."""

from typing import Any

from rowspace import costs
from rowspace.subwords import Subwords, compose
from rowspace.table import Table
from rowspace.updates import sgd
from rowspace.words.contexts import Contexts, Kept, gathered
from rowspace.words.setting import Plan, Setting, of_each, together


def skip_gram(setting: Setting) -> Plan:
    """Pairs of a word and one around it, sorted in blocks: the same bytes for any number of threads."""
    if setting.subwords is not None:
        return _subword_skip_gram(setting, setting.subwords)
    W, C = setting.vectors("W", setting.words), setting.zeros("C")
    negatives = setting.negatives(C)

    def columns(kept: Kept) -> dict[str, Any]:
        center, contexts = kept.pairs()
        return {"window": gathered(contexts), "center": center, "negatives": negatives}

    tables = {"W": W, "C": C}
    answer = lambda: {"W": setting.named(W.values), "C": C}
    return Plan(
        costs.skip_gram_bag, tables, _contexts(setting, columns, paired=True), sgd, answer, {"schedule": "blocks"}
    )


def cbow(setting: Setting) -> Plan:
    """A word and the mean of those around it, whose rows lie in any block: threads race, or there is one."""
    if setting.subwords is not None:
        return _subword_cbow(setting, setting.subwords)
    W, C = setting.vectors("W", setting.words), setting.zeros("C")
    negatives = setting.negatives(C)

    def columns(kept: Kept) -> dict[str, Any]:
        center, window = kept.bags()
        return {"window": window, "center": center, "negatives": negatives}

    answer = lambda: {"W": setting.named(W.values), "C": C}
    return _racing(setting, costs.cbow, {"W": W, "C": C}, columns, answer)


def _subword_cbow(setting: Setting, subwords: Subwords) -> Plan:
    """As `cbow`, with the mean of all subwords of the words around."""
    C = setting.zeros("C")
    S, bags = _subwords(setting, subwords)
    negatives = setting.negatives(C)

    def columns(kept: Kept) -> dict[str, Any]:
        center, window = kept.bags()
        window = together(of_each(bags, window.values), window.offsets)
        return {"window": window, "center": center, "negatives": negatives}

    answer = lambda: {"W": setting.named(compose(S.values, bags)), "S": S, "C": C}
    return _racing(setting, costs.cbow, {"W": S, "C": C}, columns, answer)


def _subword_skip_gram(setting: Setting, subwords: Subwords) -> Plan:
    C = setting.zeros("C")
    S, bags = _subwords(setting, subwords)
    negatives = setting.negatives(C, avoid=None)

    def columns(kept: Kept) -> dict[str, Any]:
        center, window = kept.bags()
        return {"subwords": of_each(bags, center), "window": window, "negatives": negatives}

    answer = lambda: {"W": setting.named(compose(S.values, bags)), "S": S, "C": C}
    return _racing(setting, costs.subword_skip_gram, {"S": S, "C": C}, columns, answer)


def _subwords(setting: Setting, subwords: Subwords) -> tuple[Table, Any]:
    """The table of words and n-grams, and the bag of each word."""
    rows = setting.words + subwords.buckets
    return setting.vectors("S", rows, words=setting.words), subwords.bags(setting.text.names)


def _contexts(setting: Setting, columns: Any, *, paired: bool) -> Contexts:
    given = setting.text, setting.keep, setting.window, setting.seed, columns, setting.threads
    return Contexts(*given, paired=paired, epoch=setting.epochs_before)


def _racing(setting: Setting, cost: Any, tables: dict[str, Table], columns: Any, answer: Any) -> Plan:
    """The plan of a cost over bags whose rows lie in any block: threads race, unless there is one."""
    schedule = "hogwild" if setting.threads > 1 else "sequential"
    return Plan(cost, tables, _contexts(setting, columns, paired=False), sgd, answer, {"schedule": schedule})
