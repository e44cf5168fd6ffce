"""What every named cost needs: its tables, its columns, and which column looks up rows of which table."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

import rowspace as rs
from rowspace import costs

ROWS = 5

UPDATES = {
    "sgd": lambda: rs.sgd(0.02),
    "momentum": lambda: rs.momentum(0.01),
    "adagrad": lambda: rs.adagrad(0.05),
    "rowwise_adagrad": lambda: rs.rowwise_adagrad(0.05),
    "lazy_adam": lambda: rs.lazy_adam(0.01),
    "exact adam": lambda: rs.exact(rs.lazy_adam(0.01)),
    "weight_decay": lambda: rs.weight_decay(rs.adagrad(0.05), 0.01),
    "clip_norm": lambda: rs.clip_norm(rs.sgd(rs.linear(0.05)), 0.5),
}
# The update that every test takes with a cost, unless it is about updates, so that one loop is compiled for them all;
# one of the costs with a small table has an update whose state is of several shapes.
WITH = {
    **dict.fromkeys(costs.NAMED, "adagrad"),
    **dict.fromkeys(["l1_dot", "squared_dot", "skip_gram", "transe"], "sgd"),
    "distmult": "lazy_adam",
}


@dataclass(frozen=True)
class Column:
    """What a column holds, and the tables it looks up rows of."""

    holds: str  # id, bag, negatives, label, sign or count
    of: tuple[str, ...] = ()
    avoid: str | None = None  # the column whose ids negatives are not to be


PAIR = {"i": Column("id", ("E",)), "j": Column("id", ("E",)), "label": Column("label")}
CENTER = {"center": Column("id", ("W",)), "context": Column("id", ("C",)), "negatives": Column("negatives", ("C",))}
WINDOW = {"window": Column("bag", ("W",)), "center": Column("id", ("C",)), "negatives": Column("negatives", ("C",))}
TRIPLE = {"head": Column("id", ("E",)), "relation": Column("id", ("R",)), "tail": Column("id", ("E",))}
CASES: Mapping[str, Mapping[str, Column]] = {
    **dict.fromkeys(costs.NAMED, PAIR),
    "margin": {c: Column("id", ("E",)) for c in ("anchor", "positive", "negative")},
    "pair_negatives": {"i": PAIR["i"], "j": PAIR["j"], "negatives": Column("negatives", ("E",), avoid="j")},
    "skip_gram": CENTER,
    "sampled_softmax": CENTER,
    "cbow": WINDOW,
    "word2vec_cbow": WINDOW,
    "skip_gram_bag": WINDOW,
    "subword_skip_gram": {
        "subwords": Column("bag", ("S",)),
        "window": Column("bag", ("C",)),
        "negatives": Column("negatives", ("C",)),
    },
    "glove": {"i": Column("id", ("W", "b")), "j": Column("id", ("C", "c")), "count": Column("count")},
    "transe": {**TRIPLE, "negatives": Column("negatives", ("E",))},
    "distmult": {**TRIPLE, "negatives": Column("negatives", ("E",))},
    "complex_": {**TRIPLE, "label": Column("sign")},
}
BIASES = ("b", "c")  # tables of one number a row


def indexed(name):
    """Column -> the tables it looks up rows of."""
    return {column: list(what.of) for column, what in CASES[name].items() if what.of}


def widths(name, dim):
    """Table -> numbers in a row: `dim`, or the even number above it where a cost pairs them, or one."""
    names = [table for what in CASES[name].values() for table in what.of]
    return {table: 1 if table in BIASES else dim + dim % 2 * ("R" in names) for table in names}


def tables_for(name, dim=6):
    """Table -> (rows, dim) of values."""
    rng = np.random.default_rng(7)
    return {t: rng.normal(0, 0.5, (ROWS, d)).astype(np.float32) for t, d in widths(name, dim).items()}


def data_for(name, examples=60, seed=3):
    """Columns for a named cost, with many repeats of a row within an example."""
    rng = np.random.default_rng(seed)
    make = {
        "id": lambda: rng.integers(0, ROWS, examples),
        "bag": lambda: [rng.integers(0, ROWS, n).tolist() for n in rng.integers(1, 8, examples)],
        "negatives": lambda: rng.integers(0, ROWS, (examples, 4)),
        **numbers(rng, examples),
    }
    return {column: make[what.holds]() for column, what in CASES[name].items()}


def problem(name, rows=40, examples=700, dim=6, seed=0):
    """Tables and data for a named cost, ids by a heavy-tailed draw, so that some rows repeat all the time.

    Negatives are drawn by the loop, and bags are gathered.
    """
    rng = np.random.default_rng(seed)
    few = max(1, rows // 8)
    shapes = {t: (few if t == "R" else rows, width) for t, width in widths(name, dim).items()}
    tables = {t: rs.Table(*shape, seed=n, scale=0.3) for n, (t, shape) in enumerate(shapes.items(), 1)}
    ids = lambda table: (len(table) * rng.random(examples) ** 3).astype(np.int64)
    data = {}
    for column, what in CASES[name].items():
        table = tables[what.of[0]] if what.of else None
        if what.holds == "negatives":
            counts = np.arange(rows) + 1 if what.avoid else None
            data[column] = rs.Negatives(of=table, k=5 if what.avoid else 3, counts=counts, avoid=what.avoid)
        elif what.holds == "bag":
            data[column] = rs.Gathered(ids(table), by="center", most=3)
        else:
            data[column] = ids(table) if what.of else numbers(rng, examples)[what.holds]()
    return tables, data


def numbers(rng, examples):
    """What a column of numbers holds -> what makes it."""
    label = lambda: rng.integers(0, 2, examples).astype(np.float32)
    return {
        "label": label,
        "sign": lambda: 2 * label() - 1,
        "count": lambda: rng.uniform(1, 200, examples).astype(np.float32),
    }
