"""The ten nearest rows, exactly, for one query and for a thousand; and the analogies of a whole file of questions.

One process asks everyone in turn, over the same table, and once more to see how much memory each takes beside it.

usage: search.py [--rows 1000000] [--dim 100] [--rounds 7] [--quick]
"""

import argparse
import logging
import tempfile
import tracemalloc
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from measure import machine

import rowspace as rs

TOP = 10
QUERIES = 1000
ALONE = 50  # queries of the thousand that those who answer one by one are timed at
SECTIONS = 14  # as questions-words.txt, with as many questions and words
QUESTIONS, ASKED = 19_544, 905
VOCABULARY = 50_000

Ask = Callable[[], object]


class Timed:
    """Someone who does `share` of the work in a call: seconds for all of it in each round."""

    def __init__(self, name: str, ask: Ask, share: float = 1) -> None:
        self.name, self.ask, self.share = name, ask, share
        self.seconds: list[float] = []

    def run(self) -> None:
        """One round."""
        start = perf_counter()
        self.ask()
        self.seconds.append((perf_counter() - start) / self.share)

    def memory(self) -> float:
        """Megabytes at the most, of arrays and of Python's own, beside what was there before."""
        tracemalloc.start()
        self.ask()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak / 1e6


def compete(people: list[Timed], rounds: int) -> str:
    """Everyone once without being timed, then in turn; a table whose last column is how much faster the first is."""
    for one in people:
        one.ask()
    for _ in range(rounds):
        for one in people:
            one.run()
    first, rows = people[0], ["| | seconds | min - max | MB | rowspace is faster by |", "|---|---:|---:|---:|---:|"]
    for one in people:
        times = median(b / a for a, b in zip(first.seconds, one.seconds, strict=True))
        spread = f"{min(one.seconds):.3g} - {max(one.seconds):.3g}"
        rows.append(f"| {one.name} | {median(one.seconds):.3g} | {spread} | {one.memory():.1f} | {times:.3g} x |")
    return "\n".join(rows)


def product_and_partition(values: np.ndarray, lengths: np.ndarray, ids: np.ndarray) -> list[np.ndarray]:
    """NumPy's way: a matrix product, a division, `argpartition`, and a sort of the few."""
    units = values[ids] / lengths[ids, None]
    scores = units @ values.T
    scores /= lengths
    best = np.argpartition(scores, -TOP - 1, axis=1)[:, -TOP - 1 :]
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1)
    return [row[row != i][:TOP] for row, i in zip(np.take_along_axis(best, order, axis=1), ids, strict=True)]


def keyed_vectors(names: list[str], values: np.ndarray) -> object:
    """gensim's KeyedVectors over the same array."""
    from gensim.models import KeyedVectors

    keyed = KeyedVectors(values.shape[1])
    keyed.index_to_key, keyed.key_to_index = names, {name: i for i, name in enumerate(names)}
    keyed.vectors = values
    keyed.fill_norms()
    return keyed


def one_query(model: rs.Model, writable: rs.Model, keyed: object, lengths: np.ndarray) -> list[Timed]:
    """Those who find the ten nearest of one row."""
    name, at = model.index_to_key[7], np.array([7])
    people = [
        Timed("rowspace", lambda: model.most_similar(name)),
        Timed("rowspace, rows that may change: norms each time", lambda: writable.most_similar(name)),
        Timed("NumPy, product and argpartition", lambda: product_and_partition(model.vectors, lengths, at)),
    ]
    return people + ([Timed("gensim most_similar", lambda: keyed.most_similar(name))] if keyed else [])


def many_queries(model: rs.Model, keyed: object, lengths: np.ndarray) -> list[Timed]:
    """Those who find the ten nearest of a thousand rows."""
    names, share = model.index_to_key[:QUERIES], ALONE / QUERIES
    one_by_one = lambda ask: lambda: [ask(name) for name in names[:ALONE]]
    people = [
        Timed("rowspace neighbors, together", lambda: model.neighbors(names)),
        Timed("rowspace most_similar, one by one", one_by_one(model.most_similar), share),
        Timed(
            f"NumPy, product and argpartition, {ALONE} at a time",
            lambda: product_and_partition(model.vectors, lengths, np.arange(ALONE)),
            share,
        ),
    ]
    return people + ([Timed("gensim most_similar, one by one", one_by_one(keyed.most_similar), share)] if keyed else [])


def analogies(dim: int, folder: Path) -> list[Timed]:
    """Those who answer as many questions as questions-words.txt has, of words that are all known; gensim a tenth."""
    rng = np.random.default_rng(1)
    values = rng.standard_normal((VOCABULARY, dim), dtype=np.float32)
    names = [f"w{i}" for i in range(VOCABULARY)]
    asked = np.array(names)[rng.integers(0, VOCABULARY, ASKED)]
    questions = rng.choice(asked, (QUESTIONS, 4))
    model = rs.Model({"E": rs.Table.from_array(values, names)})
    every, few = written(questions, folder / "every.txt"), written(questions[::10], folder / "few.txt")
    people = [Timed("rowspace", lambda: rs.evaluate_analogies(model, every))]
    if find_spec("gensim"):
        keyed = keyed_vectors(names, values)
        share = len(questions[::10]) / len(questions)
        people.append(Timed("gensim", lambda: keyed.evaluate_word_analogies(str(few)), share))
    return people


def written(questions: np.ndarray, file: Path) -> Path:
    """A file of questions in as many sections as questions-words.txt has."""
    parts = enumerate(np.array_split(questions, SECTIONS))
    file.write_text("".join(f": {i}\n" + "".join(" ".join(q) + "\n" for q in part) for i, part in parts))
    return file


def main() -> None:
    """Time and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="50,000 rows, 2 rounds: a trial")
    given = parser.parse_args()
    rows, rounds = (50_000, 2) if given.quick else (given.rows, given.rounds)
    warnings.simplefilter("ignore")
    logging.disable()
    values = np.random.default_rng(0).standard_normal((rows, given.dim), dtype=np.float32)
    names = [f"w{i}" for i in range(rows)]
    writable = rs.Model({"E": rs.Table.from_array(values, names)})
    frozen = values.view()
    frozen.flags.writeable = False
    model = rs.Model({"E": rs.Table.from_array(frozen, names)})  # as `rs.open` gives it
    keyed = keyed_vectors(names, values) if find_spec("gensim") else None
    print(machine("rowspace", "numpy", "gensim"))
    print(f"\nThe ten nearest of {rows:,} rows x {given.dim}, one query, median of {rounds} rounds\n")
    print(compete(one_query(model, writable, keyed, model.norms), 3 * rounds))
    print(f"\n{QUERIES:,} queries\n")
    print(compete(many_queries(model, keyed, model.norms), rounds))
    with tempfile.TemporaryDirectory() as folder:
        print(f"\n{QUESTIONS:,} analogies, {VOCABULARY:,} rows x {given.dim}\n")
        print(compete(analogies(given.dim, Path(folder)), rounds))


if __name__ == "__main__":
    main()
