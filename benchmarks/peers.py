"""The post's cost, |label - a.b|, as a user of each library would train it: idiomatic loops.

A batch adds up the gradients of its examples, so that each example moves its rows by the same rate
as in the loop one by one.
"""

from typing import Any

import numpy as np
from measure import Loop
from problems import RATE, Pairs


def numpy_add_at(problem: Pairs, batch: int) -> Loop:
    """Gather, gradient, `np.add.at`."""
    E = problem.table

    def run(lo: int, hi: int) -> float:
        total = 0.0
        for n in range(lo, hi, batch):
            i, j = problem.i[n : n + batch], problem.j[n : n + batch]
            a, b = E[i], E[j]
            error = np.einsum("nk,nk->n", a, b) - problem.label[n : n + batch]
            step = (np.float32(-RATE) * np.sign(error))[:, None]
            np.add.at(E, i, step * b)
            np.add.at(E, j, step * a)
            total += float(abs(error).sum())
        return total

    return Loop(run, lambda: [E])


def pytensor_per_call(problem: Pairs, trusted: bool) -> Loop:
    """The post's own loop: a function of one pair with an `inc_subtensor` update, called for each.

    `trusted` skips PyTensor's check of the arguments.
    """
    import pytensor
    import pytensor.tensor as pt

    E = pytensor.shared(problem.table, name="E", borrow=True)
    ids, label = pt.ivector("ids"), pt.fscalar("label")
    rows = E[ids]
    cost = abs(label - rows[0] @ rows[1])
    moved = pt.inc_subtensor(rows, np.float32(-RATE) * pytensor.grad(cost, rows))
    step = pytensor.function([ids, label], cost, updates=[(E, moved)])
    step.trust_input = trusted
    ij = np.stack([problem.i, problem.j], axis=1)
    labels = [np.asarray(x) for x in problem.label] if trusted else problem.label

    def run(lo: int, hi: int) -> float:
        total = 0.0
        for n in range(lo, hi):
            total += step(ij[n], labels[n])
        return total

    return Loop(run, lambda: [E.get_value()])


def pytensor_batch(problem: Pairs, batch: int) -> Loop:
    """The same function of a batch of pairs."""
    import pytensor
    import pytensor.tensor as pt

    E = pytensor.shared(problem.table, name="E", borrow=True)
    ids, label = pt.imatrix("ids"), pt.fvector("label")
    rows = E[ids.ravel()]
    ab = rows.reshape((-1, 2, problem.table.shape[1]))
    cost = abs(label - (ab[:, 0] * ab[:, 1]).sum(axis=1)).sum()
    moved = pt.inc_subtensor(rows, np.float32(-RATE) * pytensor.grad(cost, rows))
    step = pytensor.function([ids, label], cost, updates=[(E, moved)])
    ij = np.stack([problem.i, problem.j], axis=1)

    def run(lo: int, hi: int) -> float:
        total = 0.0
        for n in range(lo, hi, batch):
            total += step(ij[n : n + batch], problem.label[n : n + batch])
        return total

    return Loop(run, lambda: [E.get_value()])


def torch_sparse(problem: Pairs, batch: int, threads: int = 1) -> Loop:
    """`Embedding(sparse=True)` under SGD; both rows of a pair in one lookup."""
    import torch

    torch.set_num_threads(threads)
    E = torch.nn.Embedding.from_pretrained(torch.from_numpy(problem.table), freeze=False, sparse=True)
    optimizer = torch.optim.SGD(E.parameters(), lr=RATE)
    ij = torch.from_numpy(np.stack([problem.i, problem.j], axis=1))
    label = torch.from_numpy(problem.label)

    def run(lo: int, hi: int) -> float:
        total = torch.zeros(())
        for n in range(lo, hi, batch):
            optimizer.zero_grad()
            a, b = E(ij[n : n + batch]).unbind(1)
            cost = (label[n : n + batch] - (a * b).sum(1)).abs().sum()
            cost.backward()
            optimizer.step()
            total += cost.detach()
        return total.item()

    return Loop(run, lambda: [E.weight.detach().numpy()])


def jax_at_add(problem: Pairs, batch: int, scan: bool) -> Loop:
    """`E.at[ids].add(...)` under jit with E donated: a call or a step of `lax.scan` per batch."""
    import jax
    import jax.numpy as jnp

    def costs(a: Any, b: Any, label: Any) -> Any:
        return abs(label - (a * b).sum(1)).sum()

    def step(E: Any, columns: Any) -> Any:
        i, j, label = columns
        cost, gradients = jax.value_and_grad(costs, (0, 1))(E[i], E[j], label)
        ids = jnp.concatenate([i, j])
        return E.at[ids].add(-RATE * jnp.concatenate(gradients)), cost

    jitted = jax.jit(step, donate_argnums=0)
    scanned = jax.jit(lambda E, columns: jax.lax.scan(step, E, columns), donate_argnums=0)
    state = {"E": jnp.array(problem.table)}

    def in_batches(lo: int, hi: int) -> list[Any]:
        columns = (problem.i[lo:hi], problem.j[lo:hi], problem.label[lo:hi])
        return [c.reshape(-1, batch) for c in columns]

    def run(lo: int, hi: int) -> float:
        if scan:
            state["E"], total = scanned(state["E"], in_batches(lo, hi))
            return float(total.sum())
        totals = []
        for columns in zip(*in_batches(lo, hi), strict=True):
            state["E"], total = jitted(state["E"], columns)
            totals.append(total)
        return float(jnp.stack(totals).sum())

    return Loop(run, lambda: [np.asarray(state["E"])])
