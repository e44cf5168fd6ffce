"""Rows out of tables into JAX, and gradients back."""

import io

import numpy as np
import pytest

import rowspace as rs
from tests.support import naive

jax = pytest.importorskip("jax")
jnp = jax.numpy
Tables = pytest.importorskip("rowspace.jax").Tables

ROWS, DIM = 30, 4


def table(seed=0, rows=ROWS):
    return rs.Table(rows, DIM, seed=seed)


def cost(rows, net, label):
    """Two lookups side by side under a layer."""
    both = jnp.concatenate([rows["user"], rows["item"]], -1)
    return ((jnp.tanh(both @ net).sum(-1) - label) ** 2).sum()


STEP = jax.jit(jax.value_and_grad(cost))
NET = jnp.asarray(np.random.default_rng(0).standard_normal((2 * DIM, 3)), jnp.float32)


def batches(count, size=6):
    rng = np.random.default_rng(1)
    for _ in range(count):
        ids = {"user": rng.zipf(1.5, size) % ROWS, "item": rng.integers(0, 5, size)}
        yield ids, jnp.asarray(rng.random(size), jnp.float32)


def begun(update, **options):
    return Tables({"user": table(), "item": table(1, 5)}, update, **options)


def trained(tables, some):
    return [float(one_step(tables, ids, label)) for ids, label in some]


def one_step(tables, ids, label):
    value, gradients = STEP(tables.lookup(ids), NET, label)
    tables.apply(ids, gradients)
    return value


def test_equals_a_dense_training_of_jax():
    """Momentum in its dense form, of all rows, by JAX alone."""
    tables, values = begun(rs.exact(rs.momentum(0.01))), {"user": table().values, "item": table(1, 5).values}
    dense = {name: jnp.asarray(v) for name, v in values.items()}
    velocity = jax.tree.map(jnp.zeros_like, dense)
    slope = jax.grad(lambda dense, ids, label: cost({n: dense[n][ids[n]] for n in dense}, NET, label))
    for ids, label in batches(60):
        one_step(tables, ids, label)
        velocity = jax.tree.map(lambda v, g: 0.9 * v + g, velocity, slope(dense, ids, label))
        dense = jax.tree.map(lambda e, v: e - 0.01 * v, dense, velocity)
    tables.catch_up()
    for name, own in tables.tables.items():
        np.testing.assert_allclose(own.values, dense[name], atol=2e-5)
        assert np.abs(own.values - values[name]).max() > 1e-2


def test_a_step_of_adagrad_is_numpys():
    tables, rule = Tables({"E": table()}, rs.adagrad(0.1)), naive.adagrad((ROWS, DIM), np.float32)
    tables.apply({"E": [3, 5, 3]}, {"E": np.ones((3, DIM))})
    for row, gradient in ((3, 2.0), (5, 1.0)):
        np.testing.assert_allclose(
            tables.tables["E"][row], rule.step(row, table()[row], np.full(DIM, gradient), 0.1), 1e-6
        )
    assert np.array_equal(np.delete(tables.tables["E"].values, [3, 5], 0), np.delete(table().values, [3, 5], 0))


def test_the_same_bytes_at_any_number_of_threads(monkeypatch):
    monkeypatch.setattr("rowspace.execute.row_steps.SHARE_LOOKUPS", 2)
    found = []
    for threads in (1, 2, 5):
        tables = begun(rs.adagrad(0.1), threads=threads)
        trained(tables, batches(5, 40))
        found.append([own.values for own in tables.tables.values()])
    assert all(np.array_equal(a, b) for other in found[1:] for a, b in zip(other, found[0], strict=True))


def test_lookups_by_name_of_any_shape_and_of_some_tables():
    tables = Tables({"W": rs.Table(names=["cat", "dog"], dim=DIM), "C": table()}, rs.sgd(0.1))
    rows = tables.lookup({"W": [["cat", "dog"], ["dog", "dog"]]})
    assert rows.keys() == {"W"}
    assert rows["W"].shape == (2, 2, DIM)
    assert np.array_equal(tables.lookup({"C": jnp.array([4])})["C"], table()[[4]])


def test_the_rate_of_a_step():
    tables = Tables({"E": table()}, rs.sgd(0.1))
    tables.apply({"E": [2]}, {"E": jnp.ones((1, DIM))}, rate=0.5)
    np.testing.assert_allclose(table()[2] - tables.tables["E"][2], 0.5, rtol=1e-5)


def test_a_training_goes_on_from_its_state():
    update, some = rs.exact(rs.lazy_adam(0.05)), list(batches(10))
    straight, halted = begun(update), begun(update)
    trained(straight, some)
    trained(halted, some[:6])
    out = io.BytesIO()
    np.savez(out, **{f"{t} {k}": v for t, own in halted.state().items() for k, v in own.items()})
    saved = np.load(io.BytesIO(out.getvalue()))
    state = {t: {k.split(" ", 1)[1]: saved[k] for k in saved if k.startswith(t)} for t in halted.tables}
    resumed = Tables({t: rs.Table.from_array(own.values.copy()) for t, own in halted.tables.items()}, update)
    resumed.load_state(state)
    trained(resumed, some[6:])
    for one in (straight, resumed):
        one.catch_up()
    for name, own in straight.tables.items():
        assert np.array_equal(own.values, resumed.tables[name].values)
    with pytest.raises(rs.FormatError, match="the tables are E"):
        Tables({"E": table()}, update).load_state(state)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16, np.float64])
def test_gradients_in_other_dtypes_and_of_one_row(dtype):
    tables = Tables({"E": table()}, rs.sgd(0.5))
    assert tables.lookup({"E": []})["E"].shape == (0, DIM)
    tables.apply({"E": []}, {"E": np.zeros((0, DIM), dtype)})
    assert tables.lookup({"E": jnp.array(3)})["E"].shape == (DIM,)
    tables.apply({"E": 3}, {"E": np.ones(DIM, dtype)})
    np.testing.assert_allclose(table()[3] - tables.tables["E"][3], 0.5, rtol=1e-6)


E = {"E": table()}
GRADIENT = {"E": jnp.ones((2, DIM))}
WRONG = {
    "an unknown table": (lambda t: t.lookup({"F": [1]}), rs.DataError, "no table 'F'; the tables are E"),
    "too large an id": (lambda t: t.lookup({"E": [30]}), rs.IdOutOfRange, "id 30"),
    "ids that are floats": (lambda t: t.lookup({"E": jnp.array([1.5])}), rs.ShapeError, "got float32"),
    "too large an id in a step": (lambda t: t.apply({"E": [1, 30]}, GRADIENT), rs.IdOutOfRange, "id 30"),
    "another shape": (
        lambda t: t.apply({"E": [1]}, GRADIENT),
        rs.ShapeError,
        r"has shape \(2, 4\); its rows have \(1, 4\)",
    ),
    "no gradient": (lambda t: t.apply({"E": [1]}, {}), rs.DataError, "gradients are given for"),
    "ids within jit": (lambda t: jax.jit(lambda i: t.lookup({"E": i}))(jnp.array([1])), rs.DataError, "within jit"),
    "ids within vmap": (lambda t: jax.vmap(lambda i: t.lookup({"E": i}))(jnp.array([1])), rs.DataError, "within jit"),
    "a step within jit": (
        lambda t: jax.jit(lambda g: t.apply({"E": [1, 2]}, {"E": g}))(jnp.ones((2, DIM))),
        rs.DataError,
        "gradients of E have no numbers yet",
    ),
    "ids without a table": (lambda t: t.lookup([1]), rs.DataError, "ids are a list; give a dict"),
    "a complex gradient": (
        lambda t: t.apply({"E": [1, 2]}, {"E": jnp.ones((2, DIM), complex)}),
        rs.ShapeError,
        "is complex64; it must be float32",
    ),
    "a rate of NaN": (lambda t: t.apply({"E": [1, 2]}, GRADIENT, rate=float("nan")), rs.DataError, "the rate is nan"),
    "one table twice": (lambda t: Tables({"a": E["E"], "b": E["E"]}, rs.sgd(0.1)), rs.DataError, "the same rows"),
    "no update": (lambda t: Tables(E, 0.1), rs.DataError, "the update is a float"),
    "the update None": (lambda t: Tables(E, {"E": None}), rs.DataError, "has the update None; leave it out"),
    "NaN": (lambda t: t.apply({"E": [1, 2]}, {"E": jnp.full((2, DIM), jnp.nan)}), rs.Diverged, "no row was moved"),
    "a schedule": (lambda t: Tables(E, rs.sgd(rs.linear(0.1))), rs.DataError, "is a schedule"),
    "updates of others": (lambda t: Tables(E, {"F": rs.sgd(0.1)}), rs.DataError, "the tables are E"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_in_one_sentence_and_moves_nothing(name):
    call, error, message = WRONG[name]
    tables = Tables({"E": table()}, rs.sgd(0.1))
    with pytest.raises(error, match=message):
        call(tables)
    assert np.array_equal(tables.tables["E"].values, table().values)
