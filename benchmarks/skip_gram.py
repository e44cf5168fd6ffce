"""Million pairs a second: skip-gram with five uniform negatives, by rowspace and by hand.

usage: skip_gram.py [--threads 2] [--rows 50000 --dim 100] [--rounds 7] [--quick]
"""

import argparse
from functools import partial

import by_hand
from measure import Contender, Loop, compete, machine, markdown
from problems import NEGATIVES, RATE, Words, words

SIZES = [(50_000, 100), (1_000_000, 128)]
_EXAMPLES = 2**22


def with_rowspace(problem: Words, schedule: str | None = None, threads: int = 1) -> Loop:
    """`costs.skip_gram` through the public `Trainer.fit`, negatives drawn inside the loop."""
    import rowspace as rs
    from rowspace import costs

    tables = {"W": rs.Table.from_array(problem.words), "C": rs.Table.from_array(problem.contexts)}
    trainer = rs.Trainer(costs.skip_gram, tables, rs.sgd(RATE))
    negatives = rs.Negatives(of=tables["C"], k=NEGATIVES, power=0)

    def run(lo: int, hi: int) -> float:
        columns = {"center": problem.center[lo:hi], "context": problem.context[lo:hi], "negatives": negatives}
        [epoch] = trainer.fit(columns, schedule=schedule, threads=threads, progress=False)
        return epoch.cost * (hi - lo)

    return Loop(run, lambda: [t.values for t in tables.values()])


def contenders(examples: int, threads: int) -> list[Contender]:
    """rowspace and the loops by hand, on one thread and, where there are more, racing on all of them."""

    def rowspace(name: str, schedule: str | None, threads: int) -> Contender:
        return Contender(name, with_rowspace, examples, {"": (schedule, threads)})

    def hand(name: str, threads: int) -> Contender:
        return Contender(name, by_hand.skip_gram, examples, {f: (f, threads) for f in by_hand.SKIP_GRAM})

    racing = [rowspace("rowspace, hogwild", "hogwild", threads)] if threads > 1 else []
    racing += [hand(f"Numba by hand, {threads} threads racing", threads)] if threads > 1 else []
    return [
        rowspace("rowspace", None, threads),
        *racing,
        rowspace("rowspace, in file order, one thread", "sequential", 1),
        hand("Numba by hand, one thread", 1),
    ]


def main() -> None:
    """Time, and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rows", type=int, help="rows of each table; default both sizes")
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="few pairs, 2 rounds: a trial")
    given = parser.parse_args()
    examples = _EXAMPLES // 16 if given.quick else _EXAMPLES
    rounds = 2 if given.quick else given.rounds
    print(machine("rowspace", "numba", "numpy"))
    for rows, dim in [(given.rows, given.dim)] if given.rows else SIZES:
        title = f"2 x {rows:,} rows x {dim}, threads: {given.threads}"
        print(f"\n{title}; million pairs a second, {rounds} rounds\n", flush=True)
        problem = partial(words, rows, dim, 2 * examples)
        timings = compete(contenders(examples, given.threads), problem, rounds, threads=given.threads)
        print(markdown(timings), flush=True)


if __name__ == "__main__":
    main()
