"""Costs of users for `replay.py`, and the tables and columns that costs take, by the names of their parameters.

Columns: i, j and others (single ids), bag (4 ids), r, s (ragged bags, as long as each other), w (ragged numbers, as
long), window and subwords (ragged), negatives (drawn), x, label and count (numbers), v (6 numbers), m (4 numbers).
"""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt

import rowspace as rs

DIM, ROWS, FEW = 6, 40, 5
TABLES = ("E", "F", "W", "C", "S", "R", "b", "c")
MATRIX = np.linspace(-1, 1, DIM * DIM).reshape(DIM, DIM).astype(np.float32)
SHARED = pytensor.shared(np.array([0.5, -1, 2, 0.25, 1, 3], np.float32), name="scales")
softmax, log_softmax = pt.special.softmax, pt.special.log_softmax


def self_attention(E: Any, bag: Any) -> Any:
    rows = E[bag]
    return ((softmax(rows @ rows.T / 2, axis=1) @ rows) ** 2).sum()


def layer_norm(E: Any, i: Any, v: Any) -> Any:
    row = E[i]
    return (v * (row - row.mean()) / pt.sqrt(row.var() + 1e-5)).sum() ** 2


def poincare(E: Any, i: Any, j: Any) -> Any:
    a, b = E[i], E[j]
    inside = (1 - (a**2).sum()) * (1 - (b**2).sum())
    return pt.arccosh(1 + 2 * ((a - b) ** 2).sum() / pt.maximum(inside, 1e-3))


def decayed(E: Any, r: Any, i: Any) -> Any:
    return (0.8 ** pt.arange(r.shape[0] - 1, -1, -1)) @ E[r] @ E[i]


def tower(E: Any, F: Any, i: Any, j: Any, k: Any, x: Any) -> Any:
    """Three rows of two tables, one of which is looked up twice."""
    return (x - pt.tanh(E[i] * F[j] + E[k]).sum()) ** 2


COSTS: dict[str, Callable[..., Any]] = {
    "dot": lambda E, i, j, x: (x - E[i] @ E[j]) ** 2,
    "distance": lambda E, i, j: ((E[i] - E[j]) ** 2).sum(),
    "manhattan": lambda E, i, j: abs(E[i] - 2 * E[j]).sum(),
    "chebyshev": lambda E, i, j: abs(E[i] - 2 * E[j]).max(),
    "minkowski": lambda E, i, j: (abs(E[i] - 2 * E[j]) ** 3).sum() ** (1 / 3),
    "huber": lambda E, i, j: pt.where(abs(E[i] - E[j]) < 0.5, (E[i] - E[j]) ** 2, abs(E[i] - E[j])).sum(),
    "log loss": lambda E, i, j, x: -x * pt.log(pt.sigmoid(E[i] @ E[j])) - (1 - x) * pt.log(1 - pt.sigmoid(E[i] @ E[j])),
    "cosine": lambda E, i, j: 1 - E[i] @ E[j] / (pt.linalg.norm(E[i]) * pt.linalg.norm(E[j])),
    "norm of rows": lambda E, bag: pt.linalg.norm(E[bag], axis=1).sum(),
    "poincare": poincare,
    "layer norm": layer_norm,
    "tower": tower,
    "a constant matrix": lambda E, i, j: ((MATRIX @ E[i] - E[j]) ** 2).sum(),
    "rows by a constant matrix": lambda E, bag: pt.tanh(E[bag] @ MATRIX).sum(),
    "shared variable": lambda E, i, j: (SHARED * E[i]) @ E[j],
    "attention in a bag": lambda E, bag, i: (softmax(E[bag] @ E[i]) @ E[bag]) @ E[i],
    "self-attention": self_attention,
    "listwise": lambda E, bag, i, m: -(softmax(m) * log_softmax(E[bag] @ E[i])).sum(),
    "cumsum of a bag": lambda E, bag: (pt.cumsum(E[bag], axis=0) ** 2).sum(),
    "noisy or": lambda E, bag, i: 1 - (1 - pt.sigmoid(E[bag] @ E[i])).prod(),
    "argmax": lambda E, bag, i: E[bag][pt.argmax(E[bag] @ E[i])] @ E[i],
    "sort": lambda E, i, v: pt.sort(E[i]) @ v,
    "some numbers twice": lambda E, i: (E[i][[0, 2, 0]] ** 3).sum(),
    "permuted": lambda E, i, j: E[i][np.array([2, 0, 3, 1, 5, 4])] @ E[j],
    "roll": lambda E, i, j: pt.roll(E[i], 1) @ E[j],
    "stack": lambda E, i, j: (pt.stack([E[i], E[j]], axis=1) ** 3).sum(),
    "diag of products": lambda E, bag: (pt.diag(E[bag] @ E[bag].T) ** 2).sum(),
    "without the diagonal": lambda E, bag: (pt.fill_diagonal(E[bag] @ E[bag].T, 0) ** 2).sum(),
    "set to": lambda E, i, j: (pt.set_subtensor(E[i][:2], E[j][2:4]) ** 2).sum(),
    "add at": lambda E, i, j: (pt.inc_subtensor(E[i][[0, 0, 1]], E[j][:3]) ** 2).sum(),
    "all pairs of rows": lambda E, bag: pt.sqrt(((E[bag][:, None] - E[bag][None, :]) ** 2).sum(axis=-1) + 1).sum(),
    "matrices as rows": lambda E, i, j: (E[i].reshape((2, 3)) @ E[j].reshape((3, 2)) @ E[i][:2]).sum(),
    "einsum of three": lambda E, i, j, bag: pt.einsum("k,k,bk->b", E[i], E[j], E[bag]).sum(),
    "and": lambda E, i, j: pt.where((E[i] > 0) & (E[j] > 0), E[i] * E[j], 0.1 * E[i]).sum(),
    "same id": lambda E, i, j: pt.switch(pt.eq(i, j), 0.5, E[i] @ E[j]),
    "gamma": lambda E, i: pt.gamma(1 + E[i] ** 2).sum() + pt.gammaln(2 + E[i] ** 2).sum(),
    "gelu": lambda E, i: (0.5 * E[i] * (1 + pt.erf(E[i] / np.float32(np.sqrt(2))))).sum(),
    "attention": lambda E, r, i: (softmax(E[r] @ E[i]) @ E[r]) @ E[i],
    "attention by another": lambda E, r, s, i: (softmax(E[r] @ E[i]) @ E[s]) @ E[i],
    "weighted bag": lambda E, r, w, i: (softmax(w) @ E[r]) @ E[i],
    "smooth steps": lambda E, r: ((E[r][1:] - E[r][:-1]) ** 2).sum(),
    "last three": lambda E, r, i: (E[r][-3:].sum(axis=0) @ E[i]) ** 2,
    "decayed": decayed,
    "ragged gram": lambda E, r: pt.triu(E[r] @ E[r].T, 1).sum(),
    "ragged max": lambda E, r: E[r].max(axis=0).sum(),
    "inverse": lambda E, i, j: pt.linalg.inv(pt.eye(DIM) + pt.outer(E[i], E[i])).sum() * (E[j] ** 2).sum(),
}


def parameters(cost: Callable[..., Any]) -> tuple[list[str], list[str]]:
    """The tables and the columns of a cost."""
    names = list(inspect.signature(cost).parameters)
    return [name for name in names if name in TABLES], [name for name in names if name not in TABLES]


def tables_of(cost: Callable[..., Any], rows: int = ROWS, **options: Any) -> dict[str, Any]:
    """The tables of a cost; R has few rows, b and c are one number wide."""
    tables, seeds = parameters(cost)[0], range(1, 9)
    size = {"R": (max(FEW, rows // 8), DIM), "b": (rows, 1), "c": (rows, 1)}
    shape = {t: size.get(t, (rows, DIM)) for t in tables}
    return {t: rs.Table(*shape[t], seed=seed, scale=0.3, **options) for t, seed in zip(tables, seeds, strict=False)}


def columns_of(cost: Callable[..., Any], tables: dict[str, Any], examples: int = 700, **other: Any) -> dict[str, Any]:
    """Columns for a cost: ids by a draw in which some are frequent; `other` takes the place of some."""
    rng, out = np.random.default_rng(examples), dict[str, Any]()
    rows = len(next(iter(tables.values())))
    ids = lambda *shape: (rows * rng.random(shape or examples) ** 3).astype(np.int64)
    length = rng.integers(3, 7, examples)
    made = {
        "bag": lambda: ids(examples, 4),
        "label": lambda: rng.integers(0, 2, examples).astype(np.float32),
        "count": lambda: rng.uniform(1, 200, examples).astype(np.float32),
        "weight": lambda: rng.random(examples).astype(np.float32),
        "x": lambda: rng.normal(size=examples).astype(np.float32),
        "v": lambda: rng.normal(size=(examples, DIM)).astype(np.float32),
        "m": lambda: rng.normal(size=(examples, 4)).astype(np.float32),
        "w": lambda: [rng.normal(size=n).astype(np.float32) for n in length],
        "relation": lambda: (len(tables["R"]) * rng.random(examples)).astype(np.int64),
        "negatives": lambda: rs.Negatives(of=tables.get("C", tables.get("E")), k=3),
        **dict.fromkeys(("r", "s", "window", "subwords"), lambda: [ids(n) for n in length]),
    }
    for name in parameters(cost)[1]:
        out[name] = other[name] if name in other else made.get(name, ids)()
    if cost is rs.costs.complex_:
        out["label"] = 2 * out["label"] - 1
    return out


def updates(rate: Callable[[float], Any] = lambda rate: rate) -> dict[str, rs.Update]:
    """Every named update, and some within others."""
    momentum, adam, sgd = rs.momentum(rate(0.01)), rs.lazy_adam(rate(0.01)), rs.sgd(rate(0.05))
    return {
        "sgd": sgd,
        "momentum": momentum,
        "adagrad": rs.adagrad(rate(0.05)),
        "rowwise_adagrad": rs.rowwise_adagrad(rate(0.05)),
        "lazy_adam": adam,
        "weight_decay(sgd)": rs.weight_decay(sgd, 0.01),
        "clip_norm(weight_decay(adagrad))": rs.clip_norm(rs.weight_decay(rs.adagrad(rate(0.05)), 0.01), 0.5),
        "exact(momentum)": rs.exact(momentum),
        "exact(lazy_adam)": rs.exact(adam),
        "exact(weight_decay(sgd))": rs.exact(rs.weight_decay(sgd, 0.01)),
    }
