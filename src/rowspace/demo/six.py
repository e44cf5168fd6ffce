"""The blog post's experiment: six items in three groups, told pair by pair whether they belong together."""

from collections.abc import Callable
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np

import rowspace as rs
from rowspace import costs

GROUPS = (("cat", "kitten"), ("car", "truck"), ("tea", "coffee"))
NAMES = [name for group in GROUPS for name in group]
PAIRS = 10_000
EVERY = 100  # steps between two records of the trace
SEED = 0  # as any other: of the seeds 0 to 19 each leaves one group at the origin in two dimensions
WIDTH = 90


def examples(seed: int = SEED) -> dict[str, np.ndarray]:
    """Random pairs, an item with itself included: label 1 in one group, 0 otherwise."""
    i, j = np.random.default_rng(seed).integers(0, len(NAMES), (2, PAIRS))
    return {"i": i, "j": j, "label": (i // 2 == j // 2).astype(np.float32)}


def train(dim: int, rate: Any, *, seed: int = SEED, trace: rs.Trace | None = None) -> tuple[rs.Table, float]:
    """The table after every pair once, and the mean cost of all pairs of items at the end."""
    E = rs.Table(names=NAMES, dim=dim, seed=seed)
    rs.Trainer(costs.l1_dot, {"E": E}, rs.sgd(rate)).fit(examples(seed), progress=False, trace=trace)
    return E, final_cost(E)


def final_cost(E: rs.Table) -> float:
    """The mean of |label - a.b| over all 36 pairs."""
    group = np.arange(len(NAMES)) // 2
    return float(np.abs((group[:, None] == group) - E.values @ E.values.T).mean())


def two_dimensions(folder: Path, say: Callable[[str], None]) -> None:
    """The post's own training, with its table, its figure and why it ended as it did."""
    trace = rs.Trace(folder / "trace.tsv", every=EVERY)
    E, cost = train(2, 0.01, trace=trace)
    for picture in ("six-items.png", "six-items.gif"):
        rs.plot_trace(trace.path, folder / picture, title="Six items in three groups")
    groups = ", ".join(" and ".join(group) for group in GROUPS)
    story = (
        f"{groups} belong together; everything else does not. {PAIRS:,} random pairs say so, one at a time, and each "
        "moves the two rows it looks up: cost |label - a.b|, rate 0.01, two dimensions."
    )
    say(fill(story, WIDTH) + "\n")
    say(_lines(trace.path) + "\n")
    say(f"Mean cost at the end: {cost:.3f}\n")
    say(f"{rs.explain(E, *_asked(examples()))}\n")
    say(f"  {folder / 'six-items.png'}, {folder / 'six-items.gif'}: how they got there\n")


def three_dimensions(say: Callable[[str], None]) -> None:
    """The same with room for all three groups."""
    E, cost = train(3, rs.linear(0.05, 0.0))
    explanation = rs.explain(E, *_asked(examples()))
    story = f"With three dimensions, and a rate that falls from 0.05 to 0: mean cost {cost:.4f}. {explanation.sentence}"
    say(fill(story, WIDTH) + "\n")


def _asked(data: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return np.stack([data["i"], data["j"]], axis=1), data["label"]


def _lines(path: Path) -> str:
    """The first and the last records of a trace, as the post prints them."""
    lines = path.read_text(encoding="utf-8").splitlines()
    n = len(NAMES)
    return "\n".join(line.expandtabs(14) for line in [*lines[: n + 1], "...", *lines[-n:]])
