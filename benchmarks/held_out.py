"""Problems with a tenth of their examples held out, to see what was learned; everything is drawn from a seed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import rowspace as rs
from rowspace import costs
from rowspace.demo.airports import routes

NEGATIVES = 5
RANK, NOISE = 8, 0.3
Columns = dict[str, Any]


@dataclass(frozen=True)
class HeldOut:
    """Tables to train with a cost, the columns to train on, and `apart`: the columns held out, negatives and all."""

    cost: Callable[..., Any]
    tables: dict[str, rs.Table]
    train: Columns
    apart: Columns

    def mean_cost(self) -> float:
        """The mean cost of the examples held out, in float64."""
        return MEANS[self.cost](self.tables, self.apart)


def airports(seed: int) -> HeldOut:
    """Routes between airports of the United States, as in the demo: each with five negatives."""
    return _without_labels(routes(), seed)


def items(path: str, seed: int) -> HeldOut:
    """Any file of pairs without labels and without a header line, such as a closure of nouns."""
    left, right = np.loadtxt(path, str, delimiter="\t", comments=None, unpack=True)
    return _without_labels(rs.read_pairs(_frame(left, right)), seed)


def low_rank(seed: int, rows: int = 20_000, examples: int = 2_000_000, *, near: bool = True) -> HeldOut:
    """Labels are dot products of hidden rows, with a variance of 1, and noise: the best cost is NOISE^2.

    Rows begin `near` the hidden ones, as far as those are long; or at random, where rows stay until they happen to
    agree on a basis: then the time that takes, which differs from order to order, is most of what is measured.
    """
    rng = np.random.default_rng([seed, 1])
    scale = np.float32(RANK**-0.25)
    hidden = scale * rng.standard_normal((rows, RANK), dtype=np.float32)
    i, j = rng.integers(0, rows, (2, examples), dtype=np.int32)
    label = (hidden[i] * hidden[j]).sum(1) + np.float32(NOISE) * rng.standard_normal(examples, dtype=np.float32)
    train, apart = _split({"i": i, "j": j, "label": label}, rng)
    table = rs.Table(rows, RANK, seed=seed, scale=float(scale) if near else None)
    if near:
        table.values[:] += hidden
    return HeldOut(costs.squared_dot, {"E": table}, train, apart)


def topics(seed: int, rows: int = 20_000, examples: int = 2_000_000, dim: int = 32, of: int = 200) -> HeldOut:
    """Words by Zipf's law in topics: the context is four times in five of the word's own topic. Two tables."""
    rng = np.random.default_rng([seed, 2])
    chance = 1 / np.arange(1, rows + 1)
    topic = rng.integers(0, of, rows)
    center, context = _drawn(chance, rng, examples), _drawn(chance, rng, examples)
    own = rng.random(examples) < 0.8
    for t in range(of):
        words, here = np.flatnonzero(topic == t), own & (topic[center] == t)
        context[here] = words[_drawn(chance[words], rng, here.sum())]
    train, apart = _split({"center": center, "context": context}, rng)
    tables = {"W": rs.Table(rows, dim, seed=seed), "C": rs.Table(rows, dim, seed=seed + 1000)}
    return _with_negatives(costs.skip_gram, tables, "C", "context", train, apart, rng)


def _without_labels(pairs: Any, seed: int) -> HeldOut:
    rng = np.random.default_rng([seed, 3])
    train, apart = _split({"i": pairs.left, "j": pairs.right}, rng)
    tables = {"E": rs.Table(len(pairs.names), 32, seed=seed)}
    return _with_negatives(costs.pair_negatives, tables, "E", "j", train, apart, rng)


def _with_negatives(
    cost: Any, tables: dict[str, rs.Table], of: str, instead: str, train: Columns, apart: Columns, rng: Any
) -> HeldOut:
    """Negatives by how often items occur in place of those of a column, to the power 0.75; those held out are fixed."""
    ids = [train[c] for c in train if of == "E" or c == instead]
    counts = sum(np.bincount(column, minlength=len(tables[of])) for column in ids)
    train = {**train, "negatives": rs.Negatives(of=tables[of], k=NEGATIVES, counts=counts, avoid=instead)}
    chance = counts**0.75
    shape = len(apart[instead]), NEGATIVES
    return HeldOut(cost, tables, train, {**apart, "negatives": _drawn(chance, rng, np.prod(shape)).reshape(shape)})


def _drawn(chance: np.ndarray, rng: np.random.Generator, size: int) -> np.ndarray:
    ends = np.cumsum(chance, dtype=np.float64)
    return np.searchsorted(ends, rng.random(size) * ends[-1], side="right").astype(np.int32)


def _split(columns: Columns, rng: np.random.Generator) -> tuple[Columns, Columns]:
    order = rng.permutation(len(next(iter(columns.values()))))
    apart, train = order[: len(order) // 10], order[len(order) // 10 :]
    return {c: v[train] for c, v in columns.items()}, {c: v[apart] for c, v in columns.items()}


def _frame(left: np.ndarray, right: np.ndarray) -> Any:
    import pyarrow as pa

    return pa.table({"left": left.tolist(), "right": right.tolist()})


def _softplus(x: np.ndarray) -> np.ndarray:
    return np.logaddexp(0, x, dtype=np.float64)


def _dots(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("...k,...k->...", a, b)


def _squared(tables: dict[str, rs.Table], apart: Columns) -> float:
    E = tables["E"].values
    return float(np.mean((apart["label"] - _dots(E[apart["i"]], E[apart["j"]])) ** 2, dtype=np.float64))


def _sampled(left: np.ndarray, right: np.ndarray, i: np.ndarray, j: np.ndarray, negatives: np.ndarray) -> float:
    u = left[i]
    far = sum(_softplus(_dots(u, right[n])) for n in negatives.T)
    return float(np.mean(_softplus(-_dots(u, right[j])) + far))


def _pair_negatives(tables: dict[str, rs.Table], apart: Columns) -> float:
    E = tables["E"].values
    return _sampled(E, E, apart["i"], apart["j"], apart["negatives"])


def _skip_gram(tables: dict[str, rs.Table], apart: Columns) -> float:
    return _sampled(tables["W"].values, tables["C"].values, apart["center"], apart["context"], apart["negatives"])


MEANS = {costs.squared_dot: _squared, costs.pair_negatives: _pair_negatives, costs.skip_gram: _skip_gram}
