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
    C = setting.zeros("C")
    negatives = setting.negatives(C)
    if setting.subwords is None:
        name, W = "W", setting.vectors("W", setting.words)
        answer = lambda: {"W": setting.named(W.values), "C": C}
    else:
        name, W, bags = "S", *_subwords(setting, setting.subwords)
        answer = lambda: {"W": setting.named(compose(W.values, bags)), "S": W, "C": C}

    def columns(kept: Kept) -> dict[str, Any]:
        center, window = kept.bags()
        if setting.subwords is not None:
            window = together(of_each(bags, window.values), window.offsets)
        return {"window": window, "center": center, "negatives": negatives}

    data = _contexts(setting, columns, paired=False)
    cost = costs.cbow if name == "W" else _renamed_cbow
    return Plan(cost, {name: W, "C": C}, data, sgd, answer, {"schedule": _racing(setting)})


def _renamed_cbow(S: Any, C: Any, window: Any, center: Any, negatives: Any) -> Any:
    return costs.cbow(S, C, window, center, negatives)


def _subword_skip_gram(setting: Setting, subwords: Subwords) -> Plan:
    C = setting.zeros("C")
    S, bags = _subwords(setting, subwords)
    negatives = setting.negatives(C, avoid=None)

    def columns(kept: Kept) -> dict[str, Any]:
        center, window = kept.bags()
        return {"subwords": of_each(bags, center), "window": window, "negatives": negatives}

    data = _contexts(setting, columns, paired=False)
    answer = lambda: {"W": setting.named(compose(S.values, bags)), "S": S, "C": C}
    return Plan(costs.subword_skip_gram, {"S": S, "C": C}, data, sgd, answer, {"schedule": _racing(setting)})


def _subwords(setting: Setting, subwords: Subwords) -> tuple[Table, Any]:
    """The table of words and n-grams, and the bag of each word."""
    rows = setting.words + subwords.buckets
    return setting.vectors("S", rows, words=setting.words), subwords.bags(setting.text.names)


def _contexts(setting: Setting, columns: Any, *, paired: bool) -> Contexts:
    return Contexts(setting.text, setting.keep, setting.window, setting.seed, columns, setting.threads, paired=paired)


def _racing(setting: Setting) -> str:
    return "hogwild" if setting.threads > 1 else "sequential"
