"""Costs nobody told the emitter of: each must have a loop, and the loop's gradient must be right."""

import warnings

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.scalar import basic as ps
from pytensor.tensor.elemwise import Elemwise

import rowspace as rs
from tests.support import naive
from tests.support.quick import quick

# name -> cost; columns i, j (ids), bag, other (5 ids), long (ragged), x (number), v (vector of 4), w (ragged numbers)
COSTS = {
    "one element": lambda E, i: E[i, 0] ** 2,
    "last element": lambda E, i: E[i, -1] ** 2,
    "a constant row": lambda E, i: E[i] @ E[-1],
    "norm": lambda E, i, j: pt.linalg.norm(E[i] - 2 * E[j]),
    "tanh": lambda E, i, x: pt.tanh(E[i]).sum() * x,
    "mixed scalars": lambda E, i, x: pt.exp(-E[i] @ E[i]) * pt.log1p(x**2) + pt.sin(E[i]).sum() / (1 + x**2),
    "power": lambda E, i: (abs(E[i]) ** 1.5).sum(),
    "clip": lambda E, i: pt.clip(E[i], -0.2, 0.3).sum(),
    "switch": lambda E, i, x: pt.switch(x > 0, E[i].sum(), (E[i] ** 2).sum()),
    "where": lambda E, i: pt.where(E[i] > 0, E[i], 0.1 * E[i]).sum(),
    "max": lambda E, i: E[i].max(),
    "min of a bag": lambda E, bag, i: (E[bag] @ E[i]).min(),
    "cube": lambda E, i, j: ((E[i] - E[j]) ** 3).sum(),
    "mean": lambda E, bag: (E[bag].mean(axis=0) ** 2).sum(),
    "variance": lambda E, bag: E[bag].var(axis=0).sum(),
    "softmax": lambda E, i, v: -(pt.log(pt.special.softmax(E[i])) * v).sum(),
    "log_softmax": lambda E, i: -pt.special.log_softmax(E[i])[2],
    "logsumexp": lambda E, bag, i: pt.logsumexp(E[bag] @ E[i]),
    "attention": lambda E, bag, i: (pt.special.softmax(E[bag] @ E[i]) @ E[bag]) @ E[i],
    "bag by bag": lambda E, bag, other: pt.softplus(E[bag] @ E[other].T).sum(),
    "gram": lambda E, bag: ((E[bag] @ E[bag].T) ** 2).sum(),
    "covariance": lambda E, bag: ((E[bag].T @ E[bag]) ** 2).sum(),
    "outer": lambda E, i, j: (pt.outer(E[i], E[j]) ** 2).sum(),
    "concatenate": lambda E, i, j: (pt.concatenate([E[i], E[j]]) ** 2)[1:6].sum(),
    "stack": lambda E, i, j: (pt.stack([E[i], E[j]]) ** 3).sum(),
    "halves": lambda E, i, j: E[i][:2] @ E[j][2:] - E[i][::-1] @ E[j],
    "steps": lambda E, i, j: E[i][::2] @ E[j][1::2],
    "reshape": lambda E, i, j: (E[i].reshape((2, 2)) @ E[j].reshape((2, 2))).sum(),
    "set_subtensor": lambda E, i, x: (pt.set_subtensor(E[i][1], x) ** 2).sum(),
    "inc_subtensor": lambda E, i, j: (pt.inc_subtensor(E[i][:2], E[j][2:]) ** 2).sum(),
    "list of ids": lambda E, i, j: (E[[i, j]].sum(axis=0) ** 2).sum(),
    "part of a bag": lambda E, bag: (E[bag[1:4]].sum(axis=0) ** 2).sum() + E[bag[0]] @ E[bag[-1]],
    "matrix of ids": lambda E, bag: (E[bag[:4].reshape((2, 2))].sum(axis=0) ** 2).sum(),
    "ragged sum": lambda E, long: (E[long].sum(axis=0) ** 2).sum(),
    "ragged mean": lambda E, long, i: (E[long].mean(axis=0) - E[i]) @ E[i],
    "ragged max": lambda E, long: E[long].max(axis=0).sum(),
    "ragged scores": lambda E, long, i: pt.logsumexp(E[long] @ E[i]),
    "ragged softmax": lambda E, long, i: (pt.special.softmax(E[long] @ E[i]) ** 2).sum(),
    "ragged pairs": lambda E, long, bag: pt.softplus(E[long] @ E[bag].T).sum(),
    "ragged weights": lambda E, long, w: ((E[long] * w[:, None]).sum(axis=0) ** 2).sum(),
    "ragged length": lambda E, long, i: E[i].sum() * long.shape[0],
    "ragged and one more": lambda E, long, i: (pt.concatenate([E[long], E[i][None]]) ** 3).sum(),
    "vector of numbers": lambda E, i, v: ((E[i] - v) ** 2).sum(),
    "a constant vector": lambda E, i: (E[i] * np.array([1.0, -2.0, 0.5, 3.0], np.float32)).sum() ** 2,
    "used twice": lambda E, i, j: ((E[i] - E[j]) ** 2).sum() + pt.sqrt(((E[i] - E[j]) ** 2).sum() + 1),
    "hyperbolic": lambda E, i, j: pt.arccosh(1 + 2 * ((E[i] - E[j]) ** 2).sum() + 0.1),
    "erf": lambda E, i: pt.erf(E[i]).sum(),
    "sign": lambda E, i, j: (pt.sign(E[i]) * E[j]).sum(),
    "einsum": lambda E, i, j, v: pt.einsum("k,k,k->", E[i], E[j], v),
    "no gradient in one": lambda E, i, j: pt.switch(E[j].sum() > 0, 1.0, 2.0) * E[i].sum(),
}


def example(seed=0):
    rng = np.random.default_rng(seed)
    many = rng.integers(2, 7)
    return {
        "i": 1,
        "j": 2,
        "bag": rng.integers(0, 6, 5),
        "other": rng.integers(0, 6, 5),
        "long": rng.integers(0, 6, many),
        "w": rng.normal(size=many).astype(np.float32),
        "x": 0.7,
        "v": np.array([0.1, 0.2, 0.3, 0.4], np.float32),
    }


def columns_of(cost):
    return [c for c in cost.__code__.co_varnames[: cost.__code__.co_argcount] if c != "E"]


def table():
    return rs.Table.from_array(np.random.default_rng(5).normal(0, 0.5, (6, 4)).astype(np.float32))


def with_last(cost):
    return lambda E, last=None, **columns: cost(E, **columns)


def many_examples(cost, n=25):
    made = [example(seed) for seed in range(n)]
    rng = np.random.default_rng(11)
    for e in made:
        e["i"], e["j"] = rng.integers(0, 6, 2)  # often the same
    data = {c: [e[c] for e in made] for c in columns_of(cost)}
    return {c: v if c in ("long", "w") else np.array(v) for c, v in data.items()}


@pytest.mark.parametrize("name", quick(COSTS, *list(COSTS)[::4]))  # of all, the loop that trains is compared below
def test_gradient_agrees_with_finite_differences(name):
    cost, one = COSTS[name], example()
    if "max" in name:  # a tie between two lookups of a row is a kink
        one["long"] = np.unique(one["long"])
    rs.check_gradient(cost, {"E": table()}, {c: one[c] for c in columns_of(cost)}, compiled=False)


@pytest.mark.parametrize("name", COSTS)
def test_every_cost_has_a_loop(name):
    cost = COSTS[name]
    kernel = rs.Trainer(cost, {"E": table()}).compile(many_examples(cost))
    assert not kernel.slow, kernel.slow


@pytest.mark.filterwarnings("ignore:np.dot")
@pytest.mark.parametrize("name", COSTS)
def test_interpreted_loop_agrees_with_the_naive_version(name):
    """The loop's very source, run by Python, over data full of repeats."""
    cost = COSTS[name]
    data = many_examples(cost)
    if "max" in name or "min" in name:  # of equal elements PyTensor's own gradient counts each
        rng = np.random.default_rng(3)
        chosen = {"bag": np.array([rng.permutation(6)[:5] for _ in range(25)]), "long": [[4, 1, 2]] * 25}
        data |= {c: v for c, v in chosen.items() if c in data}
    ids = {c: ["E"] for c in data if c in ("i", "j", "bag", "other", "long")}
    if name == "a constant row":
        data["last"], ids["last"] = np.full(25, 5), ["E"]  # what the naive version has to be told
    values = {"E": table().values}
    expected, _ = naive.train(with_last(cost), values, data, naive.sgd, ids=ids, rate=0.01)
    found = interpreted(cost, {c: v for c, v in data.items() if c != "last"}, rs.sgd(0.01))
    np.testing.assert_allclose(found, expected["E"], rtol=2e-3, atol=5e-5)


def interpreted(cost, data, update):
    """Train through the interpreted loop."""
    from rowspace.columns.chunk import checked, length
    from rowspace.columns.input import as_chunk
    from rowspace.kernel.segments import Slice, run_slice

    E = table()
    trainer = rs.Trainer(cost, {"E": E}, update)
    chunk = as_chunk(data, data)
    kernel = trainer.compile(chunk)
    ready = checked(chunk, kernel.ids, trainer.tables, kernel.traced.columns)
    bound = kernel.bind(trainer.tables, trainer.states, ready)
    n = length(chunk)
    done, _, counted = run_slice(kernel.interpreted, bound, Slice(0, n, 0, (update.rate(0),), 1, 0))
    assert done == counted == n
    return E.values


COMPILED = ["attention", "bag by bag", "ragged scores", "ragged weights", "halves", "matrix of ids", "softmax"]


@pytest.mark.parametrize("name", quick(COMPILED, "attention", "ragged weights", "matrix of ids"))
def test_compiled_loop_agrees_with_the_interpreted_one(name):
    cost = COSTS[name]
    data, E = many_examples(cost), table()
    rs.Trainer(cost, {"E": E}, rs.sgd(0.01)).fit(data)
    np.testing.assert_allclose(E.values, interpreted(cost, data, rs.sgd(0.01)), rtol=1e-4, atol=1e-5)


def test_ragged_columns_used_together_must_agree_in_length():
    cost = COSTS["ragged weights"]
    data = {"long": [[0, 1], [2], [3]], "w": [[1.0, 2.0], [1.0, 2.0], [1.0]]}
    with pytest.raises(rs.RowspaceError, match="differ in length: 1 and 2 at example 1"):
        rs.Trainer(cost, {"E": table()}).fit(data)


def bessel(E, i):
    return pt.i0(E[i]).sum()


def test_a_cost_without_a_loop_trains_all_the_same_and_says_why():
    values, data = {"E": table().values}, {"i": np.array([0, 3, 0, 5])}
    expected, mean = naive.train(bessel, values, data, naive.sgd, ids={"i": ["E"]}, rate=0.5)
    E = table()
    trainer = rs.Trainer(bessel, {"E": E}, rs.sgd(0.5))
    with pytest.warns(rs.SlowCost, match="I1 in the cost 'bessel' has no compiled loop") as said:
        [epoch] = trainer.fit(data)
        trainer.fit({"i": [1]})
    assert len(said) == 1
    assert epoch.cost == pytest.approx(mean)
    np.testing.assert_allclose(E.values[[0, 2, 3, 5]], expected["E"][[0, 2, 3, 5]], rtol=1e-5)


def test_a_cost_without_a_loop_draws_the_same_negatives():
    def cost(E, i, negatives):
        return E[i] @ E[negatives].sum(axis=0)

    def slow(E, i, negatives):
        return cost(E, i, negatives) + 0 * pt.i0(E[i]).sum()

    fast_E, slow_E, data = table(), table(), {"i": np.arange(6)}
    for E, each in ((fast_E, cost), (slow_E, slow)):
        sampled = {
            **data,
            "negatives": rs.Negatives(of=E, k=3, counts=[1, 2, 3, 4, 5, 6], avoid="i"),
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", rs.SlowCost)
            rs.Trainer(each, {"E": E}, rs.sgd(0.1)).fit(sampled, epochs=2)
    np.testing.assert_allclose(slow_E.values, fast_E.values, rtol=1e-5)


def test_names_of_columns_may_be_anything():
    def cost(range, n, k):
        return (range[n] - k) @ range[n]

    E = table()
    found = rs.gradient(cost, {"range": E}, {"n": 1, "k": 0.5})["range"]
    np.testing.assert_allclose(found.values[0], 2 * E.values[1] - 0.5, rtol=1e-5)


def test_the_source_is_readable():
    kernel = rs.Trainer(COSTS["norm"], {"E": table()}).compile({"i": [0], "j": [1]})
    assert "def kernel(tables, states, columns, segments, rates, out, costs, progress, begin, end, " in kernel.source
    assert "E[i, k] -= " in kernel.source


class Halved(ps.Tanh):
    """Half of tanh: a user's own operation, derived from PyTensor's."""

    nfunc_spec = None  # NumPy's tanh, which PyTensor would call instead of `impl`

    def impl(self, x):
        return np.tanh(x) / 2

    def pullback(self, inputs, outputs, gradients):
        return [gradients[0] * (1 - (2 * outputs[0]) ** 2) / 2]

    L_op = pullback

    def c_code(self, *arguments):
        raise NotImplementedError


def test_an_operation_of_a_users_own_is_not_taken_for_the_one_it_is_derived_from():
    tables = {"E": rs.Table.from_array(np.array([[0.3, -0.4]], np.float32))}
    half = Elemwise(Halved(ps.upgrade_to_float, name="halved"))
    with pytest.warns(rs.SlowCost, match="Halved"):
        rs.Trainer(lambda E, i: half(E[i]).sum(), tables).compile({"i": [0]})
    found = rs.gradient(lambda E, i: half(E[i]).sum(), tables, {"i": 0})["E"].values
    np.testing.assert_allclose(found, (1 - np.tanh([[0.3, -0.4]]) ** 2) / 2, rtol=1e-5)


def test_ids_used_as_numbers_have_a_sign():
    def cost(E, i, j):
        rows = E[[i, j]].sum(axis=1)
        return abs(i - j) * (E[i] @ E[j]) - i * (E[i] @ E[j]) + (rows * (i - j)).sum()

    rs.check_gradient(cost, {"E": rs.Table(6, 2, seed=3)}, {"i": 1, "j": 4})


def test_ids_of_a_bag_used_as_numbers_have_a_sign():
    cost = lambda E, bag, i: ((bag - i) * E[bag].sum(axis=1)).sum()
    rs.check_gradient(cost, {"E": rs.Table(6, 2, seed=3)}, {"bag": [0, 1, 5], "i": 4})


def test_an_empty_bag_of_fixed_length():
    found = rs.gradient(
        lambda E, b, j: (E[b].sum(0) @ E[j] - 1) ** 2, {"E": rs.Table(6, 2, seed=3)}, {"b": [], "j": 1}
    )["E"]
    assert not found.to_dense().any()


def test_constants_may_be_infinite():
    mask = np.array([0, -np.inf, 0], np.float32)
    cost = lambda E, b: pt.logsumexp(E[b] @ E[b[0]] + mask)
    rs.check_gradient(cost, {"E": rs.Table(6, 2, seed=3)}, {"b": [1, 2, 3]})


def test_a_shared_variable_in_a_cost_has_a_loop():
    weight = pytensor.shared(np.array([1.0, 2.0], np.float32))
    E = rs.Table.from_array(np.zeros((3, 2), np.float32))
    rs.Trainer(lambda E, i: E[i] @ weight, {"E": E}, rs.sgd(1.0)).fit({"i": [1, 1]})
    np.testing.assert_allclose(E.values, [[0, 0], [-2, -4], [0, 0]])


def test_names_beside_lengths():
    cost = lambda max_b, b, len_b: (max_b[b].sum(axis=0) ** 2).sum() * len_b
    rs.check_gradient(cost, {"max_b": rs.Table(6, 2, seed=3)}, {"b": [1, 2], "len_b": 2.0})
    E = rs.Table(6, 2, seed=3)
    rs.Trainer(cost, {"max_b": E}).fit({"b": [[1, 2], [3]], "len_b": [1.0, 2.0]})


def test_many_constant_rows_compile_quickly():
    E = rs.Table(3000, 4, seed=0)
    source = rs.Trainer(lambda E, i: (E[:2000] @ E[i]).sum(), {"E": E}).compile({"i": [0]}).source
    assert source.index("constant = np.array(") < source.index("def kernel")
