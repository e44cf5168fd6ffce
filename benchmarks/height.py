"""Time per pair against the number of rows: rowspace, and the dense gradient, which grows with the table.

usage: height.py [--dim 16] [--rounds 5] [--plot height.png] [--quick]
"""

import argparse
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from statistics import median

import numpy as np
import pairs
from measure import Contender, Loop, compete, machine
from problems import RATE, Pairs
from problems import pairs as make_pairs

_EXAMPLES = 2**22
_DENSE_ROWS = 2 * 10**7  # rows that a round of a dense contender goes through


def numpy_dense(problem: Pairs) -> Loop:
    """A gradient of the table's shape, zero but in two rows, and a step of the whole table."""
    E = problem.table

    def run(lo: int, hi: int) -> float:
        total = 0.0
        for n in range(lo, hi):
            i, j, label = problem.i[n], problem.j[n], problem.label[n]
            error = E[i] @ E[j] - label
            gradient = np.zeros_like(E)
            gradient[i] += np.sign(error) * E[j]
            gradient[j] += np.sign(error) * E[i]
            gradient *= np.float32(RATE)
            np.subtract(E, gradient, out=E)
            total += abs(float(error))
        return total

    return Loop(run, lambda: [E])


def torch_dense(problem: Pairs) -> Loop:
    """`torch.nn.Embedding` as it comes, under SGD."""
    import torch

    torch.set_num_threads(1)
    E = torch.nn.Embedding.from_pretrained(torch.from_numpy(problem.table), freeze=False)
    optimizer = torch.optim.SGD(E.parameters(), lr=RATE)
    ij = torch.from_numpy(np.stack([problem.i, problem.j], axis=1))
    label = torch.from_numpy(problem.label)

    def run(lo: int, hi: int) -> float:
        total = 0.0
        for n in range(lo, hi):
            optimizer.zero_grad()
            a, b = E(ij[n])
            cost = (label[n] - a @ b).abs()
            cost.backward()
            optimizer.step()
            total += cost.item()
        return total

    return Loop(run, lambda: [E.weight.detach().numpy()])


def contenders(rows: int, examples: int) -> list[Contender]:
    """rowspace and the dense ones, each doing about what fits into a second."""
    few = max(4, _DENSE_ROWS // rows)
    once = {"": ()}
    dense = [Contender("NumPy, dense gradient", numpy_dense, few, once)]
    if find_spec("torch"):
        dense.append(Contender("torch, dense gradient", torch_dense, few, once))
    return [Contender("rowspace", pairs.with_rowspace, examples, once), *dense]


def draw(path: str, heights: Sequence[int], times: dict[str, list[float]]) -> None:
    """A picture of microseconds per pair against rows, both logarithmic."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    for name, values in times.items():
        axes.loglog(heights, values, marker="o", label=name)
    axes.set(xlabel="rows of the table", ylabel="microseconds per pair")
    axes.margins(y=0.1)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)


def _short(value: float) -> str:
    return f"{value:.3f}" if value < 10 else f"{value:,.0f}"


def main() -> None:
    """Time, print Markdown, and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dim", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--plot", help="where to write the picture")
    parser.add_argument("--quick", action="store_true", help="to a million rows, 2 rounds: a trial")
    given = parser.parse_args()
    heights = [10**n for n in (range(4, 7) if given.quick else range(4, 8))]
    examples = _EXAMPLES // 4 if given.quick else _EXAMPLES
    rounds = 2 if given.quick else given.rounds
    times: dict[str, list[float]] = {}
    for rows in heights:
        problem = partial(make_pairs, rows, given.dim, 2 * examples)
        for timing in compete(contenders(rows, examples), problem, rounds):
            times.setdefault(timing.name, []).append(1 / median(timing.rates))
    print(machine("rowspace", "numba", "torch", "numpy"))
    print(f"\nMicroseconds per pair, {given.dim} dimensions, median of {rounds} rounds\n")
    print("| rows | " + " | ".join(times) + " |")
    print("|---:|" + "---:|" * len(times))
    for rows, *row in zip(heights, *times.values(), strict=True):
        print(f"| {rows:,} | " + " | ".join(_short(value) for value in row) + " |")
    if given.plot:
        draw(given.plot, heights, times)


if __name__ == "__main__":
    main()
