"""Costs that people write: each has a loop, and the loop's gradient is right, whatever the bags hold."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import special

import rowspace as rs
from rowspace.columns.chunk import checked, length
from rowspace.columns.input import as_chunk
from rowspace.errors import DataError
from rowspace.jit.compile import interpreted as compiled_interpreted
from rowspace.kernel.emit.functions import used_functions
from rowspace.kernel.row_gradient import OneExample, one_of
from rowspace.kernel.segments import Slice, run_slice
from tests.support import both_loops, naive
from tests.support.ordinary import LONG_KNOWN, ORDINARY, TABLE, columns_of, example
from tests.support.quick import quick

IDS = ("i", "j", "bag", "other", "r", "s")
RAGGED = ("r", "s", "w")


def table():
    return rs.Table.from_array(TABLE.copy())


def examples(cost, lengths, *, repeats=True):
    """Columns for a cost: an example for each length of the ragged bags, of few rows, met again and again."""
    made = [example(seed, length) for seed, length in enumerate(lengths)]
    fewer = lambda name, value: np.asarray(value) % 4 if repeats and name in IDS else value
    data = {c: [fewer(c, e[c]) for e in made] for c in columns_of(cost)}
    return {c: v if c in RAGGED else np.array(v) for c, v in data.items()}


def interpreted(cost, data, rate=0.05):
    """The table after training through the loop's very source, run by Python."""
    E = table()
    trainer = rs.Trainer(cost, {"E": E}, rs.sgd(rate))
    chunk = as_chunk(data, data)
    kernel = trainer.compile(chunk)
    ready = checked(chunk, kernel.ids, trainer.tables, kernel.traced.columns)
    bound = kernel.bind(trainer.tables, trainer.states, ready)
    done, _, _ = run_slice(kernel.interpreted, bound, Slice(0, length(chunk), 0, (rate,), 1, 0))
    assert done == length(chunk)
    return E.values


def trained_naively(cost, data, rate=0.05):
    """The same by PyTensor's gradients of the whole table, in float64."""
    ids = {c: ["E"] for c in data if c in IDS}
    return naive.train(cost, {"E": TABLE}, data, naive.sgd, ids=ids, rate=rate)[0]["E"]


@pytest.mark.parametrize("name", quick(ORDINARY, *(n for n in ORDINARY if n not in LONG_KNOWN)))
def test_every_ordinary_cost_has_a_loop_with_the_right_gradient(name):
    cost, one, tables = ORDINARY[name], example(1), {"E": table()}
    columns = {c: one[c] for c in columns_of(cost)}
    kernel = OneExample(cost, tables, one_of(cost, tables, columns)).kernel
    assert not kernel.slow, kernel.slow
    rs.check_gradient(cost, tables, columns, compiled=False)


@pytest.mark.slow  # the loop that trains differs in what is done with a gradient
@pytest.mark.parametrize("name", ORDINARY)
def test_every_ordinary_cost_has_a_loop_that_trains(name):
    cost, one = ORDINARY[name], example(1)
    kernel = rs.Trainer(cost, {"E": table()}).compile({c: [one[c]] for c in columns_of(cost)})
    assert not kernel.slow, kernel.slow


REPEATED = ["product over a bag", "cumsum of a bag", "some rows", "points of a matrix", "add at", "set rows of ones"]
REPEATED += ["argmax", "sort of rows", "any of rows", "contrast", "heads", "isclose", "digamma"]


@pytest.mark.parametrize("name", REPEATED)
def test_loops_over_data_full_of_repeats_agree_with_the_naive_version(name):
    data = examples(ORDINARY[name], [3] * 4)
    np.testing.assert_allclose(
        interpreted(ORDINARY[name], data), trained_naively(ORDINARY[name], data), rtol=2e-3, atol=5e-5
    )


ANY_LENGTH = ["all but the first", "all but the last", "last three", "first two", "every other", "reversed"]
ANY_LENGTH += ["smooth steps", "curvature", "decayed", "ragged gram", "ragged cumsum", "ragged product"]
ANY_LENGTH += ["last three ids"]


@pytest.mark.parametrize("name", ANY_LENGTH)
def test_bags_of_any_length_agree_with_the_naive_version(name):
    data = examples(ORDINARY[name], [0, 1, 2, 5])
    np.testing.assert_allclose(
        interpreted(ORDINARY[name], data), trained_naively(ORDINARY[name], data), rtol=2e-3, atol=5e-5
    )


AT_LEAST_ONE = ["attention", "first", "last", "first id", "first against others", "ragged sort", "ragged argmax"]


@pytest.mark.parametrize("name", AT_LEAST_ONE)
def test_bags_of_at_least_one_agree_with_the_naive_version(name):
    data = examples(ORDINARY[name], [1, 5])
    np.testing.assert_allclose(
        interpreted(ORDINARY[name], data), trained_naively(ORDINARY[name], data), rtol=2e-3, atol=5e-5
    )


@pytest.mark.parametrize("name", ["first", "last", "first id", "last id", "ragged argmax", "ragged log softmax"])
def test_a_place_in_an_empty_bag_is_refused_before_the_loop_runs(name):
    data, E = examples(ORDINARY[name], [2, 3, 0, 1]), table()
    with pytest.raises(DataError, match=r"place -?\d of bag 'r', which holds 0 at example 2"):
        rs.Trainer(ORDINARY[name], {"E": E}).fit(data)
    np.testing.assert_array_equal(E.values, TABLE)


def test_a_place_beyond_a_short_bag_is_refused():
    cost = lambda E, r, i: E[r][[0, 2, 2]].sum() * E[r][1:][-2].sum() + E[i].sum()
    with pytest.raises(DataError, match="place 2 of bag 'r', which holds 2 at example 1"):
        interpreted(cost, examples(cost, [3, 2]))
    interpreted(cost, examples(cost, [3, 4]))


def test_parts_of_bags_that_are_used_together_must_agree_in_length():
    cost = lambda E, r, v: (E[r][:4].sum(axis=1) * v).sum()
    with pytest.raises(DataError, match="parts of bags together that differ in length: 3 and 4 at example 2"):
        interpreted(cost, examples(cost, [4, 5, 3]))
    data = examples(cost, [4, 6])
    np.testing.assert_allclose(interpreted(cost, data), trained_naively(cost, data), rtol=1e-4, atol=1e-5)


def much(E, bag, r, i, v):
    """One loop with operations that are sorts, places, sums so far and parts of bags."""
    rows, scores = E[bag], E[bag] @ E[i]
    ordered = pt.sort(scores)[-2:].sum() + rows[pt.argmax(scores)] @ E[i] + (rows[[3, 1, 3]] ** 2).sum()
    return 0.1 * (ordered + (pt.cumsum(rows, axis=0) ** 2).sum() + ((E[r][1:] - E[r][:-1]) ** 2).sum() + E[i] @ v)


def everything(E, bag, r, i, v):
    """One loop with every operation that has no loop in a few lines."""
    rows, scores = E[bag], E[bag] @ E[i]
    ordered = pt.sort(scores)[-2:].sum() + rows[pt.argsort(scores)][0] @ v + rows[pt.argmax(scores)] @ E[i]
    picked = (rows[[3, 1, 3]] ** 2).sum() + (pt.set_subtensor(E[i][[0, 2]], v[:2]) ** 3).sum() + pt.trace(rows @ rows.T)
    sums = (pt.cumsum(rows, axis=0) ** 2).sum() + (1 + rows).prod(axis=0).sum() + pt.cumprod(1 + E[i]).sum()
    special = pt.digamma(2 + abs(E[i])).sum() + pt.erfinv(0.5 * pt.tanh(E[i])).sum() + pt.erfcx(E[i]).sum()
    logic = pt.switch((rows > 0.5).any(axis=1), rows.sum(axis=1), 0.5).sum() + pt.round(3 * E[i]) @ E[i]
    bags = ((E[r][1:] - E[r][:-1]) ** 2).sum() + E[r][0] @ E[r][-1] + (E[r][::-1][:2] ** 3).sum()
    return 0.1 * (ordered + picked + sums + special + logic + bags)


@pytest.mark.parametrize("cost", quick([much, everything], much))
def test_the_compiled_loop_agrees_with_the_interpreted_one(cost):
    data, E = examples(cost, [1, 2, 7, 3] * 3), table()
    rs.Trainer(cost, {"E": E}, rs.sgd(0.05)).fit(data)
    np.testing.assert_allclose(E.values, interpreted(cost, data), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(E.values, trained_naively(cost, data), rtol=2e-3, atol=1e-4)


@pytest.mark.slow
def test_no_index_of_the_compiled_loop_is_out_of_bounds():
    one = example(3, 2)
    both_loops.assert_same(everything, {"E": TABLE}, {c: one[c] for c in columns_of(everything)})


def test_equal_elements_stay_in_their_order():
    values = np.array([[2, 1, 2, 1, 1, 3]], np.float32)
    weights = np.array([1, 10, 100, 1000, 1e4, 1e5], np.float32)
    for pick, expected in [
        (lambda row: pt.argsort(row), [1, 3, 4, 0, 2, 5]),
        (lambda row: pt.sort(row), [1, 1, 1, 2, 2, 3]),
        (lambda row: pt.argmax(row), 5),
        (lambda row: pt.argmin(row), 1),
    ]:
        cost = lambda E, i, pick=pick: (pick(E[i]) * weights).sum() + 0 * E[i].sum()
        E = rs.Table.from_array(values.copy())
        trainer = rs.Trainer(cost, {"E": E})
        kernel = trainer.compile({"i": [0]})
        bound = kernel.bind(trainer.tables, trainer.states, {"i": np.zeros(1, np.int64)})
        _, total, _ = run_slice(kernel.interpreted, bound, Slice(0, 1, 0, (0.0,), 1, 0))
        assert total == pytest.approx((np.array(expected) * weights).sum())


@pytest.mark.parametrize("size", [1, 2, 3, 16, 100, 1001])
def test_the_loops_sort_is_a_stable_sort(size):
    source = used_functions("sort_places(") + "kernel = sort_places\n"
    keys = np.random.default_rng(size).integers(0, 20, size).astype(np.float32)
    places, spare = np.arange(size), np.empty(size, np.int64)
    compiled_interpreted(source)(keys, places, spare, size)
    np.testing.assert_array_equal(places, np.argsort(keys, kind="stable"))


@pytest.mark.parametrize(
    ("name", "expected", "numbers"),
    [
        ("digamma", special.digamma, np.r_[-7.5:-0.2:0.37, 0.01:12:0.31, 1e6]),
        ("trigamma", lambda x: special.polygamma(1, x), np.r_[0.01:12:0.31, 1e6]),
        ("erfinv", special.erfinv, np.r_[-1:1.01:0.05, 1 - 1e-7, 1e-9, 2]),
        ("erfcinv", special.erfcinv, np.r_[0:2.01:0.05, 1e-30, 3]),
        ("erfcx", special.erfcx, np.r_[-5:30:0.7, 1e4]),
    ],
)
def test_special_functions_are_those_of_scipy(name, expected, numbers):
    function = compiled_interpreted(used_functions(f"{name}(") + f"kernel = {name}\n")
    found = [function(np.float64(x)) for x in numbers]
    np.testing.assert_allclose(found, expected(numbers), rtol=1e-9, atol=1e-12)


def test_a_shared_variable_counts_with_the_value_it_has_at_the_time():
    scale = pytensor.shared(np.ones(4, np.float32), name="scale")
    cost = lambda E, i, j: (scale * E[i]) @ E[j]
    E, F = table(), table()
    trainer = rs.Trainer(cost, {"E": E}, rs.sgd(0.1))
    for value in (2.0, 2.0, -3.0):
        scale.set_value(np.full(4, value, np.float32))
        trainer.fit({"i": [1], "j": [2]})
        rs.Trainer(lambda E, i, j, value=value: value * (E[i] @ E[j]), {"E": F}, rs.sgd(0.1)).fit({"i": [1], "j": [2]})
    assert not trainer.kernel.slow
    np.testing.assert_allclose(E.values, F.values, rtol=1e-6)
