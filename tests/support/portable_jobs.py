"""Small trainings of many kinds, as a program: prints a checksum of what each learns, as JSON.

usage: python -m tests.support.portable_jobs NAME...
"""

import hashlib
import json
import sys

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.special import log_softmax

import rowspace as rs
from rowspace import costs

EXAMPLES, ROWS = 300, 60


def hidden(E, W, b, i, j, target):
    """A network of one hidden layer over two rows, whose softmax is to find one of five."""
    x = pt.concatenate([E[i], E[j]])
    scores = pt.tanh(W[[0, 1, 2, 3, 4, 5, 6, 7]] @ x) @ b[[0, 1, 2, 3, 4, 5, 6, 7]]
    return -(log_softmax(scores) * target).sum()


def all_functions(E, i, j, label):
    """The functions that logistic costs do not need."""
    a, b = E[i], E[j]
    turned = pt.cos(a) + pt.sin(b) + pt.arctan(a - b) + pt.sinh(a) + pt.arcsinh(b)
    grown = pt.exp2(a) + pt.log1p(b * b) + (1.5 + a * a) ** (0.3 * label) + pt.expm1(b)
    return (label - 0.01 * (turned + grown).sum()) ** 2 + pt.log(1 + (a * a).mean())


def pairs(tables):
    rng = np.random.default_rng(1)
    i, j = rng.integers(0, ROWS, (2, EXAMPLES))
    return {"i": i, "j": j, "label": rng.integers(0, 2, EXAMPLES).astype(np.float32)}


def five(tables):
    chosen = np.random.default_rng(2).integers(0, 5, EXAMPLES)
    return {"i": chosen, "j": pairs(tables)["j"], "target": np.eye(5, dtype=np.float32)[chosen]}


def triples(tables):
    rng = np.random.default_rng(3)
    head, tail = rng.integers(0, ROWS, (2, EXAMPLES))
    return {
        "head": head,
        "relation": rng.integers(0, 5, EXAMPLES),
        "tail": tail,
        "negatives": rs.Negatives(of=tables["E"], k=5),
    }


def bags(tables):
    rng = np.random.default_rng(4)
    window = [rng.integers(0, ROWS, n).tolist() for n in rng.integers(1, 8, EXAMPLES)]
    center, negatives = rng.integers(0, ROWS, EXAMPLES), rs.Negatives(of=tables["C"], k=5, counts=np.arange(ROWS) + 1)
    return {"window": window, "center": center, "negatives": negatives}


ADAM = rs.exact(rs.lazy_adam(0.01))
# name -> cost, rows and width of tables, update, data, options
JOBS = {
    "the post's": (costs.l1_dot, {"E": (ROWS, 100)}, rs.sgd(0.01), pairs, {}),
    "logistic": (costs.logistic_dot, {"E": (ROWS, 37)}, rs.sgd(0.1), pairs, {"threads": 2}),
    "a hidden layer": (hidden, {"E": (ROWS, 24), "W": (8, 48), "b": (8, 5)}, rs.adagrad(0.1), five, {}),
    "functions": (all_functions, {"E": (ROWS, 20)}, rs.adagrad(0.05), pairs, {}),
    "transe": (costs.transe, {"E": (ROWS, 40), "R": (5, 40)}, rs.sgd(0.01), triples, {}),
    "cbow": (costs.cbow, {"W": (ROWS, 600), "C": (ROWS, 600)}, rs.adagrad(0.1), bags, {}),
    "catching up": (costs.squared_dot, {"E": (ROWS, 50)}, ADAM, pairs, {}),
    "batches": (costs.squared_dot, {"E": (ROWS, 50)}, ADAM, pairs, {"batch": 50}),
}
PLAIN = "logistic"  # the job that is run without portable as well


def learned(name, portable):
    """A checksum of the tables, the updates' state and the costs of a job."""
    cost, shapes, update, data, options = JOBS[name]
    tables = {t: rs.Table(*shape, seed=n) for n, (t, shape) in enumerate(shapes.items())}
    trainer = rs.Trainer(cost, tables, update)
    history = trainer.fit(data(tables), 2, portable=portable, progress=False, **options)
    arrays = [a for t in tables for a in trainer.state.arrays_of(t)]
    return hashlib.sha256(b"".join(a.tobytes() for a in arrays) + repr([e.cost for e in history]).encode()).hexdigest()


if __name__ == "__main__":
    print(json.dumps({name: learned(name, True) for name in sys.argv[1:]} | {"plain": learned(PLAIN, False)}))
