"""GloVe: how often words stand near one another, counted once."""

from rowspace import costs
from rowspace.read.cooccurrence import cooccurrences
from rowspace.recipes.text_options import Recipe, TextOptions
from rowspace.updates import adagrad


def glove(setting: TextOptions) -> Recipe:
    """Pairs of words with a count, in random order: the same bytes for any number of threads."""
    text, n = setting.text, setting.words
    i, j, count = cooccurrences(text.ids, text.offsets, n, window=setting.window, threads=setting.threads)
    W, C = setting.vectors("W", n), setting.vectors("C", n)
    tables = {"W": W, "C": C, "b": setting.zeros("b", 1), "c": setting.zeros("c", 1)}
    sums = lambda lo, hi: W.values[lo:hi] + C.values[lo:hi]
    answer = lambda: {"E": setting.named(setting.derived("E", W.shape, sums)), **tables}
    return Recipe(costs.glove, tables, {"i": i, "j": j, "count": count}, adagrad, answer, {"shuffle": True})
