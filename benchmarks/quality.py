"""What is learned in blocks beside file order: the cost of held-out examples after each epoch, over several seeds.

Ratios are of the mean cost of a tenth of the examples, held out, to that of `schedule="sequential"` with the same
first values and the same split. Another order, sequential with another seed, says how far chance alone goes.

usage: quality.py [--seeds 6] [--only airports] [--pairs CLOSURE.tsv] [--quick]
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import held_out
import numpy as np
from held_out import HeldOut
from measure import machine

import rowspace as rs

RUNS: dict[str, dict[str, Any]] = {
    "file order": {"schedule": "sequential"},
    "file order, other seed": {"schedule": "sequential", "seed": 1_000_000},
    "default": {},
    **{f"{n} blocks": {"schedule": "blocks", "blocks": n} for n in (4, 16, 64)},
}
_WITHIN = 0.01

CONSTANT = {"adagrad": rs.adagrad(0.1), "SGD": rs.sgd(0.02)}
FALLING = {"adagrad": rs.adagrad(0.1), "SGD": rs.sgd(rs.linear(0.025))}  # word2vec's rate
DECAYED = {  # as `rs.train_pairs` trains pairs without labels
    "adagrad": rs.weight_decay(rs.adagrad(rs.linear(0.2)), 0.03),
    "SGD": rs.weight_decay(rs.sgd(rs.linear(0.1)), 0.03),
}

Make = Callable[[int], HeldOut]
Case = tuple[Make, rs.Update, int]  # the problem of a seed, the update, epochs


def cases(path: str | None, quick: bool) -> dict[str, Case]:
    """Every problem with adagrad and with SGD."""
    size = {"examples": 200_000} if quick else {}
    far = partial(held_out.low_rank, near=False, **size)
    makes: dict[str, tuple[Make, dict[str, rs.Update], int]] = {
        "airports": (held_out.airports, DECAYED, 100),
        "low rank": (partial(held_out.low_rank, **size), CONSTANT, 10),
        "low rank from afar": (far, CONSTANT, 20),
        "topics": (partial(held_out.topics, **size), FALLING, 5),
    }
    if path:
        makes["items"] = (partial(held_out.items, path), DECAYED, 100)
    return {f"{n}, {u}": (make, update, epochs) for n, (make, us, epochs) in makes.items() for u, update in us.items()}


def after_each_epoch(make: Make, update: rs.Update, epochs: int, seed: int, options: Mapping[str, Any]) -> list[float]:
    """The cost held out after every epoch, each in a new random order."""
    problem, found = make(seed), []

    def look(trainer: rs.Trainer) -> None:
        found.append(problem.mean_cost())

    how = {**options, "seed": seed + options.get("seed", 0), "shuffle": True, "progress": False, "callbacks": [look]}
    rs.Trainer(problem.cost, problem.tables, update).fit(problem.train, epochs, **how)
    return found


def ratios(case: Case, seeds: int) -> dict[str, np.ndarray]:
    """For every run but the first, (seeds, epochs) costs over the first's; and the first's costs under its own name."""
    make, update, epochs = case
    costs = {
        name: np.array([after_each_epoch(make, update, epochs, seed, options) for seed in range(seeds)])
        for name, options in RUNS.items()
    }
    first = next(iter(costs))
    return {name: c if name == first else c / costs[first] for name, c in costs.items()}


def markdown(found: dict[str, np.ndarray]) -> str:
    """The mean over seeds after some epochs, and the epoch that is farthest from 1 with its standard error."""
    first, *others = found
    epochs = found[first].shape[1]
    shown = [n for n in (1, 2, 3, 5, 10, 20, 50, 100) if n <= epochs]
    lines = ["| | " + " | ".join(f"epoch {n}" for n in shown) + " | farthest | within 1% |"]
    lines.append("|---|" + "---:|" * len(shown) + "---:|---|")
    cost = found[first].mean(axis=0)
    lines.append(f"| cost, {first} | " + " | ".join(f"{cost[n - 1]:.4g}" for n in shown) + " | | |")
    for name in others:
        mean, error = found[name].mean(axis=0), found[name].std(axis=0, ddof=1) / len(found[name]) ** 0.5
        at = int(np.argmax(abs(mean - 1)))
        far = f"{mean[at]:.4f} ± {error[at]:.4f} at {at + 1}"
        within = "yes" if abs(mean[at] - 1) <= _WITHIN else "no"
        lines.append(f"| {name} | " + " | ".join(f"{mean[n - 1]:.4f}" for n in shown) + f" | {far} | {within} |")
    return "\n".join(lines)


def main() -> None:
    """Train, compare, and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--only", nargs="+", default=[""], help="names, or parts, of problems")
    parser.add_argument("--pairs", help="a file of pairs of items, two columns and no header, as a further problem")
    parser.add_argument("--quick", action="store_true", help="fewer examples, 2 seeds: a trial")
    given = parser.parse_args()
    seeds = 2 if given.quick else given.seeds
    print(machine("rowspace", "numba", "numpy"))
    for name, case in cases(given.pairs, given.quick).items():
        if any(word in name for word in given.only):
            print(f"\n{name}, {seeds} seeds\n", flush=True)
            print(markdown(ratios(case, seeds)), flush=True)
            print(f"  {name}: done", file=sys.stderr)


if __name__ == "__main__":
    main()
