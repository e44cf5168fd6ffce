"""A step of JAX over tables that are looked up: dense gradients, row gradients by hand, and rowspace's tables.

    python benchmarks/row_gradients.py        # four tables of 1,000,000 x 32, batches of 2,048

Each contender looks rows up, runs a network of two layers, and steps the rows: by SGD, and rowspace by its other rules,
    too.
"""

import argparse
from collections.abc import Callable
from functools import partial
from time import perf_counter

import jax
import jax.numpy as jnp
import numpy as np
from measure import machine, milliseconds

import rowspace as rs
import rowspace.jax

RATE = 0.01


def cost(rows: list, net: tuple, label: jax.Array) -> jax.Array:
    """Of a batch: rows side by side under two layers."""
    hidden = jnp.tanh(jnp.concatenate(rows, -1) @ net[0])
    return ((hidden @ net[1] - label) ** 2).mean()


@partial(jax.jit, donate_argnums=0)
def dense_step(tables: list, net: tuple, ids: jax.Array, label: jax.Array) -> tuple:
    """The gradient of the tables, as large as they are."""
    value, (g, of_net) = jax.value_and_grad(
        lambda t, n: cost([e[i] for e, i in zip(t, ids, strict=True)], n, label), (0, 1)
    )(tables, net)
    return [e - RATE * each for e, each in zip(tables, g, strict=True)], moved(net, of_net), value


@partial(jax.jit, donate_argnums=0)
def row_step(tables: list, net: tuple, ids: jax.Array, label: jax.Array) -> tuple:
    """The gradient of the rows, added to tables that nobody else holds."""
    rows = [e[i] for e, i in zip(tables, ids, strict=True)]
    value, (g, of_net) = jax.value_and_grad(cost, (0, 1))(rows, net, label)
    return [e.at[i].add(-RATE * each) for e, i, each in zip(tables, ids, g, strict=True)], moved(net, of_net), value


@jax.jit
def outside_step(rows: list, net: tuple, label: jax.Array) -> tuple:
    """The network alone, and the gradient of its rows."""
    value, (g, of_net) = jax.value_and_grad(cost, (0, 1))(rows, net, label)
    return g, moved(net, of_net), value


def moved(net: tuple, gradients: tuple) -> tuple:
    """The network after its step."""
    return jax.tree.map(lambda w, g: w - RATE * g, net, gradients)


def of_jax(step: Callable, values: list, net: tuple) -> Callable:
    """A contender that keeps its tables in JAX."""
    held = {"tables": [jnp.asarray(v) for v in values], "net": net}

    def one(ids: np.ndarray, label: jax.Array) -> None:
        held["tables"], held["net"], value = step(held["tables"], held["net"], jnp.asarray(ids), label)
        jax.block_until_ready((held["tables"], value))

    return one


def of_rowspace(update: rs.Update, values: list, net: tuple, threads: int) -> Callable:
    """Tables of rowspace outside, the network in JAX."""
    names = [f"t{n}" for n in range(len(values))]
    tables = rs.jax.Tables(
        {n: rs.Table.from_array(v) for n, v in zip(names, values, strict=True)}, update, threads=threads
    )
    held = {"net": net}

    def one(ids: np.ndarray, label: jax.Array) -> None:
        by_name = dict(zip(names, ids, strict=True))
        rows = tables.lookup(by_name)
        gradients, held["net"], _ = outside_step([rows[n] for n in names], held["net"], label)
        tables.apply(by_name, dict(zip(names, gradients, strict=True)))

    return one


def main() -> None:
    """Time all in turn, and print milliseconds a step."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=4)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=32)
    parser.add_argument("--batch", type=int, default=2048)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    values = [rng.random((given.rows, given.dim), dtype=np.float32) for _ in range(given.tables)]
    net = tuple(
        jnp.asarray(rng.standard_normal(s), jnp.float32) * 0.1 for s in ((given.tables * given.dim, 256), (256,))
    )
    shape = (given.tables, given.batch)
    ids = [np.exp(rng.random(shape) * np.log(given.rows)).astype(np.int64) * 7919 % given.rows for _ in range(20)]
    label = jnp.asarray(rng.random(given.batch), jnp.float32)
    made = {
        "JAX, dense gradients": of_jax(dense_step, values, net),
        "JAX, row gradients by hand, donated": of_jax(row_step, values, net),
        **{f"rowspace, {u.name}": of_rowspace(u, values, net, given.threads) for u in RULES},
    }
    spent: dict[str, list[float]] = {name: [] for name in made}
    for one in made.values():
        one(ids[0], label)
    for number in range(given.rounds):
        for name, one in made.items():
            for step in range(given.steps):
                start = perf_counter()
                one(ids[(number * given.steps + step) % len(ids)], label)
                spent[name].append((perf_counter() - start) * 1e3)
    print(machine("jax"))
    print(f"\n{given.tables} tables of {given.rows:,} x {given.dim}, batch {given.batch:,}, {given.threads} threads")
    print(f"\n{milliseconds(spent)}")


RULES = (rs.sgd(RATE), rs.adagrad(RATE), rs.lazy_adam(RATE))

if __name__ == "__main__":
    main()
