"""Million pairs a second, one thread each: the post's cost, SGD, uniform pairs.

By rowspace, by hand and by its peers.

usage: pairs.py [--rows 50000 --dim 100] [--rounds 7] [--only rowspace Numba] [--quick]
"""

import argparse
from functools import partial

import by_hand
import peers
from measure import Contender, Loop, compete, machine, markdown
from problems import RATE, Pairs, pairs

SIZES = [(50_000, 100), (1_000_000, 128)]
_EXAMPLES = 2**22


def with_rowspace(problem: Pairs) -> Loop:
    """Through the public `Trainer.fit`, with its checks of ids, its cost and its look-out for NaN."""
    import rowspace as rs
    from rowspace import costs

    E = rs.Table.from_array(problem.table.copy())
    trainer = rs.Trainer(costs.l1_dot, {"E": E}, rs.sgd(RATE))
    columns = {"i": problem.i, "j": problem.j, "label": problem.label}

    def run(lo: int, hi: int) -> float:
        [epoch] = trainer.fit({c: v[lo:hi] for c, v in columns.items()}, progress=False)
        return epoch.cost * (hi - lo)

    return Loop(run, lambda: [E.values])


def contenders(examples: int) -> list[Contender]:
    """Everyone; `examples` a round for the fastest, fewer for those who would take too long."""
    batches = {f"batches of {n:,}": (n,) for n in (1024, 4096, 16384)}
    few, fewer = max(examples // 4, 16384), max(examples // 64, 16384)
    jax = {f"a call for {s}": (*b, False) for s, b in batches.items()}
    jax |= {f"scan over {s}": (*b, True) for s, b in batches.items()}
    hand = {form: (form,) for form in by_hand.PAIRS}
    return [
        Contender("rowspace", with_rowspace, examples, {"": ()}),
        Contender("Numba, by hand", by_hand.pairs, examples, hand),
        Contender("JAX at[].add", peers.jax_at_add, few, jax),
        Contender("torch Embedding(sparse=True)", peers.torch_sparse, few, batches),
        Contender("NumPy add.at", peers.numpy_add_at, fewer, batches),
        Contender("PyTensor inc_subtensor, batches", peers.pytensor_batch, fewer, batches),
        Contender(
            "PyTensor inc_subtensor, per call",
            peers.pytensor_per_call,
            max(examples // 256, 1024),
            {"as it comes": (False,), "trust_input": (True,)},
        ),
    ]


def main() -> None:
    """Time, and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, help="rows of the table; default both sizes")
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", nargs="+", default=[""], help="names, or parts, of contenders")
    parser.add_argument("--quick", action="store_true", help="few pairs, 2 rounds: a trial")
    given = parser.parse_args()
    examples = _EXAMPLES // 16 if given.quick else _EXAMPLES
    rounds = 2 if given.quick else given.rounds
    print(machine("rowspace", "numba", "pytensor", "torch", "jax", "numpy"))
    for rows, dim in [(given.rows, given.dim)] if given.rows else SIZES:
        print(f"\n{rows:,} rows x {dim}, million pairs a second, {rounds} rounds\n", flush=True)
        some = [c for c in contenders(examples) if any(word in c.name for word in given.only)]
        timings = compete(some, partial(pairs, rows, dim, examples), rounds)
        print(markdown(timings), flush=True)


if __name__ == "__main__":
    main()
