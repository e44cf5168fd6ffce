"""Million pairs a second: the post's cost, SGD, uniform and Zipf-distributed pairs.

By rowspace, by hand and by its peers, each on two threads (or as many as are asked for).

usage: pairs.py [--threads 2] [--rows 50000 --dim 100] [--ids uniform zipf] [--rounds 7] [--only JAX torch] [--quick]
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import product

import by_hand
import peers
from measure import Contender, Loop, compete, machine, markdown
from problems import IDS, RATE, Pairs, pairs

SIZES = [(50_000, 100), (1_000_000, 128), (10_000_000, 64)]
EXAMPLES = 2**22  # a round, for each thread
_LEAST = 16384  # a round, of slow contenders
_LARGE = 5_000_000  # rows for which memory and patience allow five contenders with few settings
BATCHES = {"uniform": (1024, 4096, 16384), "zipf": (1024, 4096)}  # larger ones diverge where one row is everywhere


def with_rowspace(problem: Pairs, schedule: str | None = None, threads: int = 1) -> Loop:
    """Through the public `Trainer.fit`, with its checks of ids, its sorting, its cost and its look-out for NaN."""
    import rowspace as rs
    from rowspace import costs

    E = rs.Table.from_array(problem.table)
    trainer = rs.Trainer(costs.l1_dot, {"E": E}, rs.sgd(RATE))
    columns = {"i": problem.i, "j": problem.j, "label": problem.label}

    def run(lo: int, hi: int) -> float:
        data = {c: v[lo:hi] for c, v in columns.items()}
        [epoch] = trainer.fit(data, schedule=schedule, threads=threads, progress=False)
        return epoch.cost * (hi - lo)

    return Loop(run, lambda: [E.values])


def ours(examples: int, threads: int) -> list[Contender]:
    """rowspace as it comes, and what else it offers."""
    as_it_comes = Contender("rowspace", with_rowspace, examples, {"": (None, threads)})
    in_order = Contender("rowspace, in file order, one thread", with_rowspace, examples, {"": ("sequential", 1)})
    turns = Contender("rowspace, in file order", with_rowspace, examples, {"": ("sequential", threads)})
    hogwild = Contender("rowspace, hogwild", with_rowspace, examples, {"": ("hogwild", threads)})
    return [as_it_comes, hogwild, turns, in_order] if threads > 1 else [as_it_comes, in_order]


def by_hand_in_numba(examples: int, threads: int) -> list[Contender]:
    """The loop on one thread, and with several by threads that race."""
    name = "Numba by hand, one thread"
    forms = [(f"Numba by hand, {threads} threads racing", threads), (name, 1)] if threads > 1 else [(name, 1)]
    return [Contender(n, by_hand.pairs, examples, {f: (f, t) for f in by_hand.PAIRS}) for n, t in forms]


def everyone(examples: int, threads: int, sizes: Sequence[int]) -> list[Contender]:
    """`examples` a round for the fastest, fewer for those who would take too long; batches of several sizes."""
    batches = {f"batches of {n:,}": (n,) for n in sizes}
    few, fewer = max(examples // 4, _LEAST), max(examples // 64, _LEAST)
    per_call = {"as it comes": (False,), "trust_input": (True,)}
    return [
        *ours(examples, threads),
        *by_hand_in_numba(examples, threads),
        Contender("JAX at[].add", peers.jax_at_add, few, _jax(sizes)),
        Contender("torch Embedding(sparse=True)", peers.torch_sparse, few, _torch(sizes, threads)),
        Contender("NumPy add.at", peers.numpy_add_at, fewer, batches),
        Contender("PyTensor inc_subtensor, batches", peers.pytensor_batch, fewer, batches),
        Contender("PyTensor inc_subtensor, per call", peers.pytensor_per_call, max(examples // 256, 1024), per_call),
    ]


def for_a_large_table(examples: int, threads: int, sizes: Sequence[int]) -> list[Contender]:
    """Those whose tables fit into memory together, in few settings: other ones are not tried at this size."""
    few, batch = max(examples // 4, _LEAST), max(sizes)
    racing = by_hand_in_numba(examples, threads)[0]
    return [
        *ours(examples, threads),
        replace(racing, settings={"i == j apart": ("i == j apart", threads)}),
        Contender("JAX at[].add", peers.jax_at_add, few, _jax([batch])),
        Contender("torch Embedding(sparse=True)", peers.torch_sparse, few, _torch([batch], threads)),
    ]


def contenders(rows: int, ids: str, examples: int, threads: int) -> list[Contender]:
    """Who takes part at a size."""
    return (for_a_large_table if rows > _LARGE else everyone)(examples, threads, BATCHES[ids])


def _jax(batches: Sequence[int]) -> dict[str, tuple[int, bool]]:
    calls = {f"a call for batches of {n:,}": (n, False) for n in batches}
    return calls | {f"scan over batches of {n:,}": (n, True) for n in batches}


def _torch(batches: Sequence[int], threads: int) -> dict[str, tuple[int, int]]:
    """Its threads do not always help: one is tried too."""
    if threads == 1:
        return {f"batches of {n:,}": (n, 1) for n in batches}
    return {f"batches of {n:,}, set_num_threads({t})": (n, t) for n in batches for t in (1, threads)}


def main() -> None:
    """Time, and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rows", type=int, help="rows of the table; default all three sizes")
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--ids", nargs="+", choices=IDS, default=list(IDS), help="a table of results for each")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", nargs="+", default=[""], help="names, or parts, of contenders")
    parser.add_argument("--quick", action="store_true", help="few pairs, 2 rounds: a trial")
    given = parser.parse_args()
    examples = given.threads * (EXAMPLES // 16 if given.quick else EXAMPLES)
    rounds = 2 if given.quick else given.rounds
    print(machine("rowspace", "numba", "pytensor", "torch", "jax", "numpy"))
    sizes = [(given.rows, given.dim)] if given.rows else SIZES
    for (rows, dim), ids in product(sizes, given.ids):
        title = f"{rows:,} rows x {dim}, {ids} ids, threads: {given.threads}"
        print(f"\n{title}; million pairs a second, {rounds} rounds\n", flush=True)
        all_ = contenders(rows, ids, examples, given.threads)
        some = [c for c in all_ if any(word in c.name for word in given.only)]
        timings = compete(some, partial(pairs, rows, dim, 2 * examples, ids), rounds, threads=given.threads)
        print(markdown(timings), flush=True)


if __name__ == "__main__":
    main()
