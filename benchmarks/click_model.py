"""A click model: tables under a network in torch, and what a training step takes with each library's tables.

    python benchmarks/click_model.py                       # eight tables of 1,000,000 x 32, batches of 2,048
    python benchmarks/click_model.py --batch 8192 --threads 1

Two tables are printed: the tables' part alone (look up, backward of a given gradient, step), and the whole step with a
network of three layers on top. All run in one process on the same values, in turn, on the same threads; a run makes its
optimiser's state anew. FBGEMM takes part where it is installed (`pip install fbgemm-gpu-cpu==1.8.0` with torch 2.13).
"""

import argparse
import gc
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import torch
from measure import machine, milliseconds
from torch import Tensor, nn

import rowspace as rs
import rowspace.torch as layers

RATE = 0.01
Step = Callable[[Tensor], object]


@dataclass(frozen=True)
class Problem:
    """Tables' values, batches of ids (batch, tables) each, and the gradient of the rows (batch, tables * dim)."""

    values: list[np.ndarray]
    batches: list[Tensor]
    gradient: Tensor
    network: bool

    @classmethod
    def drawn(cls, tables: int, rows: int, dim: int, batch: int, *, network: bool, count: int = 40) -> "Problem":
        """Ids of Zipf's distribution, the frequent ones anywhere in the table."""
        rng = np.random.default_rng(0)
        values = [rng.random((rows, dim), dtype=np.float32) - 0.5 for _ in range(tables)]
        ranks = [np.exp(rng.random((batch, tables)) * np.log(rows)).astype(np.int64) - 1 for _ in range(count)]
        gradient = torch.from_numpy(rng.standard_normal((batch, tables * dim), dtype=np.float32) * 1e-3)
        return cls(values, [torch.from_numpy(r * 7919 % rows) for r in ranks], gradient, network)

    def step(self, look_up: Callable[[Tensor], Tensor], *optimizers: torch.optim.Optimizer) -> Step:
        """A training step over these tables: alone, or under a network with Adam."""
        top, dense = self._network() if self.network else (None, None)
        every = [*optimizers, *([dense] if dense else [])]

        def one(ids: Tensor) -> None:
            found = look_up(ids)
            if top is None:
                found.backward(self.gradient)
            else:
                top(found).square().mean().backward()
            for optimizer in every:
                optimizer.step()
                optimizer.zero_grad()

        return one

    def _network(self) -> tuple[nn.Module, torch.optim.Optimizer]:
        torch.manual_seed(0)
        width = self.gradient.shape[1]
        top = nn.Sequential(nn.Linear(width, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 1))
        return top, torch.optim.Adam(top.parameters(), 1e-3, fused=True)


def of_torch(problem: Problem, make: Callable[[list[Tensor]], torch.optim.Optimizer], *, sparse: bool = True) -> Step:
    """torch's own layers."""
    own = [nn.Embedding.from_pretrained(torch.from_numpy(v), freeze=False, sparse=sparse) for v in problem.values]
    return problem.step(side_by_side(own), make([layer.weight for layer in own]))


def of_fbgemm(problem: Problem, kind: str) -> Step:
    """FBGEMM's tables, which are stepped within backward."""
    from fbgemm_gpu.split_embedding_configs import EmbOptimType
    from fbgemm_gpu.split_table_batched_embeddings_ops_common import EmbeddingLocation, PoolingMode
    from fbgemm_gpu.split_table_batched_embeddings_ops_training import (
        ComputeDevice,
        SplitTableBatchedEmbeddingBagsCodegen,
    )

    (rows, dim), count = problem.values[0].shape, len(problem.values)
    tables = SplitTableBatchedEmbeddingBagsCodegen(
        [(rows, dim, EmbeddingLocation.HOST, ComputeDevice.CPU)] * count,
        optimizer=getattr(EmbOptimType, kind),
        learning_rate=RATE,
        pooling_mode=PoolingMode.SUM,
    )
    tables.init_embedding_weights_uniform(-0.5, 0.5)
    offsets = torch.arange(problem.batches[0].numel() + 1)
    return problem.step(lambda ids: tables(ids.t().reshape(-1), offsets))


def of_rowspace(problem: Problem, update: rs.Update, how: str) -> Step:
    """rowspace's: "together" or one layer a table ("apart"), stepped by an optimiser or "fused" into backward."""
    tables = {f"t{n}": rs.Table.from_array(v) for n, v in enumerate(problem.values)}
    fused = update if "fused" in how else None
    if "together" in how:
        both = layers.Embeddings(tables, update=fused)
        look_up = lambda ids: both(ids).flatten(1)
    else:
        both = nn.ModuleList([layers.Embedding(table, update=fused) for table in tables.values()])
        look_up = side_by_side(both)
    return problem.step(look_up, *([] if fused else [layers.Optimizer(both, update)]))


def over_torchs(problem: Problem, update: rs.Update) -> Step:
    """torch's own layers, with rowspace's optimiser: one changed line."""
    own = [nn.Embedding.from_pretrained(torch.from_numpy(v), freeze=False, sparse=True) for v in problem.values]
    return problem.step(side_by_side(own), layers.Optimizer(own, update))


def side_by_side(own) -> Callable[[Tensor], Tensor]:
    """One layer a table, their rows concatenated."""
    return lambda ids: torch.cat([layer(ids[:, t]) for t, layer in enumerate(own)], 1)


def contenders(*, dense: bool) -> Mapping[str, Callable[[Problem], Step]]:
    """All of them by name: those of one rule together, rowspace's last."""
    optim = torch.optim
    found = {
        "torch sparse, SGD": lambda p: of_torch(p, lambda w: optim.SGD(w, RATE)),
        "FBGEMM, SGD": lambda p: of_fbgemm(p, "EXACT_SGD"),
        **_ours("sgd", rs.sgd(RATE)),
        "torch sparse, Adagrad": lambda p: of_torch(p, lambda w: optim.Adagrad(w, RATE)),
        "FBGEMM, Adagrad": lambda p: of_fbgemm(p, "EXACT_ADAGRAD"),
        "torch layers, rowspace adagrad": lambda p: over_torchs(p, rs.adagrad(RATE)),
        **_ours("adagrad", rs.adagrad(RATE)),
        "FBGEMM, row-wise Adagrad": lambda p: of_fbgemm(p, "EXACT_ROWWISE_ADAGRAD"),
        **_ours("rowwise_adagrad", rs.rowwise_adagrad(RATE)),
        "torch sparse, SparseAdam": lambda p: of_torch(p, lambda w: optim.SparseAdam(w, RATE)),
        **_ours("lazy_adam", rs.lazy_adam(RATE)),
    }
    if dense:
        found["torch dense, Adam fused"] = lambda p: of_torch(
            p, lambda w: optim.Adam(w, RATE, fused=True), sparse=False
        )
        found |= _ours("exact(lazy_adam)", rs.exact(rs.lazy_adam(RATE)))
    return found


def _ours(name: str, update: rs.Update) -> dict[str, Callable[[Problem], Step]]:
    return {
        f"rowspace {name}{', ' + how if how != 'apart' else ''}": lambda p, how=how: of_rowspace(p, update, how)
        for how in ("apart", "together", "together, fused")
    }


def timed(problem: Problem, made: Mapping[str, Callable[[Problem], Step]], rounds: int, steps: int) -> dict:
    """Milliseconds of each step, in turn."""
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, make in made.items():
            try:
                one = make(problem)
            except (ImportError, OSError) as error:
                print(f"  {name}: left out ({str(error).splitlines()[0]})", flush=True)
                continue
            for ids in problem.batches[:3]:
                one(ids)
            for ids in problem.batches[3 : 3 + steps]:
                start = perf_counter()
                one(ids)
                found.setdefault(name, []).append((perf_counter() - start) * 1e3)
            del one
            gc.collect()
    return found


def main() -> None:
    """Time all, and print what they took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=8)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=32)
    parser.add_argument("--batch", type=int, default=2048)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--part", choices=("tables", "model"))
    parser.add_argument("--only", default="", help="names that contain this")
    parser.add_argument("--dense", action="store_true", help="dense Adam beside the exact rule, which takes long")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(given.threads)
    print(machine("torch", "fbgemm-gpu-cpu"))
    made = {name: make for name, make in contenders(dense=given.dense).items() if given.only in name}
    for part in [given.part] if given.part else ("tables", "model"):
        problem = Problem.drawn(given.tables, given.rows, given.dim, given.batch, network=part == "model")
        sizes = f"{given.tables} tables of {given.rows:,} x {given.dim}, batch {given.batch:,}"
        print(f"\n{part}: {sizes}, {given.threads} threads")
        print(f"\n{milliseconds(timed(problem, made, given.rounds, given.steps))}", flush=True)


if __name__ == "__main__":
    main()
