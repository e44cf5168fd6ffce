"""Data with heavy repeats for every named cost, and the tables it indexes."""

import numpy as np

import rowspace as rs

ROWS = 5
GRAPH = ("transe", "distmult", "complex_")


def tables_for(name, dim=6):
    """name -> table name -> (rows, dim) of values; widths of one for biases."""
    widths = {"glove": {"W": dim, "C": dim, "b": 1, "c": 1}, "subword_skip_gram": {"S": dim, "C": dim}}
    two = {"W": dim, "C": dim}
    graph = {"E": dim, "R": dim}
    families = {**dict.fromkeys(("skip_gram", "skip_gram_bag", "cbow", "sampled_softmax"), two), **widths}
    families |= dict.fromkeys(("transe", "distmult", "complex_"), graph)
    rng = np.random.default_rng(7)
    return {t: rng.normal(0, 0.5, (ROWS, d)).astype(np.float32) for t, d in families.get(name, {"E": dim}).items()}


def data_for(name, examples=60, seed=3):
    """Columns for a named cost, with many repeats of a row within an example."""
    rng = np.random.default_rng(seed)
    ids = lambda *shape: rng.integers(0, ROWS, (examples, *shape))
    bags = lambda: [rng.integers(0, ROWS, n).tolist() for n in rng.integers(1, 8, examples)]
    labels = lambda: rng.integers(0, 2, examples).astype(np.float32)
    pair = lambda: {"i": ids(), "j": ids(), "label": labels()}
    triple = lambda: {"head": ids(), "relation": ids(), "tail": ids()}
    made = {
        "margin": lambda: {"anchor": ids(), "positive": ids(), "negative": ids()},
        "skip_gram": lambda: {"center": ids(), "context": ids(), "negatives": ids(4)},
        "pair_negatives": lambda: {"i": ids(), "j": ids(), "negatives": ids(4)},
        "sampled_softmax": lambda: {"center": ids(), "context": ids(), "negatives": ids(4)},
        "cbow": lambda: {"window": bags(), "center": ids(), "negatives": ids(4)},
        "skip_gram_bag": lambda: {"window": bags(), "center": ids(), "negatives": ids(4)},
        "subword_skip_gram": lambda: {"subwords": bags(), "window": bags(), "negatives": ids(4)},
        "glove": lambda: {"i": ids(), "j": ids(), "count": rng.uniform(1, 200, examples).astype(np.float32)},
        "transe": lambda: {**triple(), "negatives": ids(3)},
        "distmult": lambda: {**triple(), "negatives": ids(3)},
        "complex_": lambda: {**triple(), "label": 2 * labels() - 1},
    }
    return made.get(name, pair)()


def indexed(name):
    """Which tables each id column indexes."""
    two = {"center": ["W"], "context": ["C"], "negatives": ["C"]}
    graph = {"head": ["E"], "tail": ["E"], "relation": ["R"], "negatives": ["E"]}
    special = {
        "margin": dict.fromkeys(("anchor", "positive", "negative"), ["E"]),
        "pair_negatives": dict.fromkeys(("i", "j", "negatives"), ["E"]),
        "skip_gram": two,
        "sampled_softmax": two,
        **dict.fromkeys(("cbow", "skip_gram_bag"), {"window": ["W"], "center": ["C"], "negatives": ["C"]}),
        "subword_skip_gram": {"subwords": ["S"], "window": ["C"], "negatives": ["C"]},
        "glove": {"i": ["W", "b"], "j": ["C", "c"]},
        "transe": graph,
        "distmult": graph,
        "complex_": {c: graph[c] for c in ("head", "tail", "relation")},
    }
    return special.get(name, {"i": ["E"], "j": ["E"]})


def problem(cost, rows=40, examples=700, dim=5, seed=0):
    """Tables and data for a named cost, ids by a heavy-tailed draw, so that some rows repeat all the time."""
    rng = np.random.default_rng(seed)
    ids = lambda n=rows: (n * rng.random(examples) ** 3).astype(np.int64)
    table = lambda seed, n=rows, dim=dim: rs.Table(n, dim, seed=seed, scale=0.3)
    labels = rng.integers(0, 2, examples).astype(np.float32)
    if cost in ("skip_gram", "sampled_softmax"):
        tables = {"W": table(1), "C": table(2)}
        return tables, {"center": ids(), "context": ids(), "negatives": rs.Negatives(of=tables["C"], k=3)}
    if cost == "skip_gram_bag":
        tables = {"W": table(1), "C": table(2)}
        window = rs.Gathered(ids(), by="center", most=3)
        return tables, {"window": window, "center": ids(), "negatives": rs.Negatives(of=tables["C"], k=3)}
    if cost == "glove":
        tables = {"W": table(1), "C": table(2), "b": table(3, dim=1), "c": table(4, dim=1)}
        return tables, {"i": ids(), "j": ids(), "count": rng.uniform(1, 200, examples).astype(np.float32)}
    if cost in GRAPH:
        few = max(1, rows // 8)
        tables = {"E": table(1, dim=6), "R": table(2, few, 6)}
        data = {"head": ids(), "relation": ids(few), "tail": ids()}
        last = {"label": 2 * labels - 1} if cost == "complex_" else {"negatives": rs.Negatives(of=tables["E"], k=3)}
        return tables, data | last
    tables = {"E": table(1)}
    if cost == "pair_negatives":
        counts = np.arange(rows) + 1
        return tables, {"i": ids(), "j": ids(), "negatives": rs.Negatives(of=tables["E"], counts=counts, avoid="j")}
    return tables, {"i": ids(), "j": ids(), "label": labels}
