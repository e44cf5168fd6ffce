"""Million pairs a second, one thread each: skip-gram with five uniform negatives.

By rowspace and by hand. usage: skip_gram.py [--rows 50000 --dim 100] [--rounds 7] [--quick]
"""

import argparse
from functools import partial

import by_hand
from measure import Contender, Loop, compete, machine, markdown
from problems import NEGATIVES, RATE, Words, words

SIZES = [(50_000, 100), (1_000_000, 128)]
_EXAMPLES = 2**22


def with_rowspace(problem: Words) -> Loop:
    """`costs.skip_gram` through the public `Trainer.fit`, negatives drawn inside the loop."""
    import rowspace as rs
    from rowspace import costs

    tables = {
        "W": rs.Table.from_array(problem.words.copy()),
        "C": rs.Table.from_array(problem.contexts.copy()),
    }
    trainer = rs.Trainer(costs.skip_gram, tables, rs.sgd(RATE))
    negatives = rs.Negatives(of=tables["C"], k=NEGATIVES, power=0)

    def run(lo: int, hi: int) -> float:
        columns = {"center": problem.center[lo:hi], "context": problem.context[lo:hi]}
        [epoch] = trainer.fit({**columns, "negatives": negatives}, progress=False)
        return epoch.cost * (hi - lo)

    return Loop(run, lambda: [t.values for t in tables.values()])


def contenders(examples: int) -> list[Contender]:
    """rowspace and the loops by hand."""
    hand = {form: (form,) for form in by_hand.SKIP_GRAM}
    return [
        Contender("rowspace", with_rowspace, examples, {"": ()}),
        Contender("Numba, by hand", by_hand.skip_gram, examples, hand),
    ]


def main() -> None:
    """Time, and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, help="rows of each table; default both sizes")
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="few pairs, 2 rounds: a trial")
    given = parser.parse_args()
    examples = _EXAMPLES // 16 if given.quick else _EXAMPLES
    rounds = 2 if given.quick else given.rounds
    print(machine("rowspace", "numba", "numpy"))
    for rows, dim in [(given.rows, given.dim)] if given.rows else SIZES:
        print(f"\n2 x {rows:,} rows x {dim}, million pairs a second, {rounds} rounds\n", flush=True)
        timings = compete(contenders(examples), partial(words, rows, dim, examples), rounds)
        print(markdown(timings), flush=True)


if __name__ == "__main__":
    main()
