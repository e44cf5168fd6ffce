"""Lazy against exact updates: how far each ends from torch's dense optimiser, its cost, and how long it takes.

Pairs of Zipf-distributed ids of a table of hidden rows, squared error of the dot product, whole batches.

usage: exact.py [--rows 20000 --dim 32 --examples 200000 --batch 256]
"""

import argparse
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
from measure import machine

import rowspace as rs
from rowspace import costs

RULES: dict[str, tuple[Callable[[], rs.Update], Callable[[Any, Any], Any]]] = {
    "Adam": (lambda: rs.lazy_adam(0.01), lambda t, p: t.optim.Adam(p, 0.01)),
    "momentum 0.9": (lambda: rs.momentum(0.002), lambda t, p: t.optim.SGD(p, 0.002, momentum=0.9)),
    "SGD, decay 0.01": (
        lambda: rs.weight_decay(rs.sgd(0.02), 0.01),
        lambda t, p: t.optim.SGD(p, 0.02, weight_decay=0.01),
    ),
    "Adam, decay 0.01": (
        lambda: rs.weight_decay(rs.lazy_adam(0.01), 0.01),
        lambda t, p: t.optim.Adam(p, 0.01, weight_decay=0.01),
    ),
}


def problem(rows: int, dim: int, examples: int) -> dict[str, np.ndarray]:
    """Examples and a tenth as many held out: ids by rank to the power -1, labels the dot product of hidden rows."""
    rng = np.random.default_rng(0)
    hidden = rng.standard_normal((rows, 8), dtype=np.float32) / np.float32(8**0.5)
    chance = 1 / np.arange(1, rows + 1)
    i, j = rng.choice(rows, (2, examples), p=chance / chance.sum())
    return {"i": i, "j": j, "label": (hidden[i] * hidden[j]).sum(1)}


def with_torch(make: Any, start: np.ndarray, data: dict[str, np.ndarray], batch: int) -> np.ndarray:
    """The dense optimiser."""
    import torch

    E = torch.nn.Parameter(torch.from_numpy(start.copy()))
    optimiser = make(torch, [E])
    columns = [torch.from_numpy(data[c]) for c in ("i", "j", "label")]
    for n in range(0, len(data["i"]), batch):
        i, j, label = (c[n : n + batch] for c in columns)
        optimiser.zero_grad()
        ((label - (E[i] * E[j]).sum(1)) ** 2).sum().backward()
        optimiser.step()
    return E.detach().numpy()


def with_rowspace(update: rs.Update, start: np.ndarray, data: dict[str, np.ndarray], batch: int) -> np.ndarray:
    """Lazy, or exact."""
    E = rs.Table.from_array(start.copy())
    rs.Trainer(costs.squared_dot, {"E": E}, update).fit(data, batch=batch, progress=False)
    return E.values


def main() -> None:
    """Measure, and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--dim", type=int, default=32)
    parser.add_argument("--examples", type=int, default=200_000)
    parser.add_argument("--batch", type=int, default=256)
    given = parser.parse_args()
    data = problem(given.rows, given.dim, given.examples * 11 // 10)
    train = {c: v[: given.examples] for c, v in data.items()}
    held = {c: v[given.examples :] for c, v in data.items()}
    start = rs.Table(given.rows, given.dim, seed=0, scale=0.1).values
    print(machine("rowspace", "torch", "numpy"))
    print("\n| | farthest from dense | of rows met last | held-out cost | seconds |\n|---|---:|---:|---:|---:|")
    for name, (make, optimiser) in RULES.items():
        ways: dict[str, Callable[[], np.ndarray]] = {
            "torch, dense": lambda optimiser=optimiser: with_torch(optimiser, start, train, given.batch),
            "exact": lambda make=make: with_rowspace(rs.exact(make()), start, train, given.batch),
            "lazy": lambda make=make: with_rowspace(make(), start, train, given.batch),
        }
        dense = None
        for way, run in ways.items():
            run() if way != "torch, dense" else None  # compilation is not timed
            clock = perf_counter()
            E = run()
            seconds = perf_counter() - clock
            dense = E if dense is None else dense
            off = np.abs(E - dense).max(axis=1)
            recent = np.unique(train["i"][-given.examples // 10 :])
            cost = float(((held["label"] - (E[held["i"]] * E[held["j"]]).sum(1)) ** 2).mean())
            print(
                f"| {name}: {way} | {off.max():.1g} | {off[recent].max():.1g} | {cost:.4f} | {seconds:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
