"""Shapes at the edge: axes of length nothing and one, in both loops and beside PyTensor."""

import numpy as np
import pytensor.tensor as pt
import pytest

from tests.support import both_loops

VECTOR = np.array([1.0, -2.0, 0.5, 3.0], np.float32)
MATRIX = np.arange(12, dtype=np.float32).reshape(3, 4)

# Constants of every shape that meets a row (4), a bag (3, 4) or a ragged bag (?, 4).
CONSTANTS = {
    "a vector and a bag": lambda E, bag: (E[bag] * VECTOR).sum(),
    "a vector taken from a bag": lambda E, bag: ((E[bag] - VECTOR) ** 2).sum(),
    "a row of a matrix and a bag": lambda E, bag: (E[bag] * VECTOR[None]).sum(),
    "a column and a bag": lambda E, bag: (E[bag] * VECTOR[:3, None]).sum(),
    "a matrix and a bag": lambda E, bag: (pt.tanh(E[bag]) * MATRIX).sum(),
    "a matrix and a row": lambda E, i: (E[i] * MATRIX).sum(),
    "a column and a row": lambda E, i: (E[i] * MATRIX[:, :1]).sum(),
    "a vector and a ragged bag": lambda E, long: (pt.tanh(E[long]) * VECTOR).sum(),
    "a maximum over a bag": lambda E, bag: abs(E[bag] * VECTOR + MATRIX).max(axis=0).sum(),
    "bag by matrix": lambda E, bag: (E[bag] @ MATRIX.T).sum(),
    "matrix by row": lambda E, i: pt.exp(MATRIX @ E[i] / 10).sum(),
    "a vector joined to a row": lambda E, i: (pt.concatenate([E[i], VECTOR]) ** 2).sum(),
    "a row of a matrix joined to a bag": lambda E, bag: (pt.concatenate([E[bag], VECTOR[None]]) ** 3).sum(),
    "a column joined to a bag": lambda E, bag: (pt.concatenate([E[bag], MATRIX[:, :1]], axis=1) ** 2).sum(),
    "a vector spread over a bag": lambda E, i: (pt.alloc(VECTOR, 3, 4) * E[i]).sum(),
    "a vector in place of a part": lambda E, i: (pt.set_subtensor(E[i][1:3], VECTOR[:2]) ** 2).sum(),
    "a vector added to a bag": lambda E, bag: (pt.inc_subtensor(E[bag][1:], VECTOR) ** 2).sum(),
    "a number in place of a part": lambda E, bag: pt.set_subtensor(E[bag].sum(0)[:1], 2.0).reshape((2, 2)).sum(),
    "integers": lambda E, bag: (E[bag] * np.array([1, 2, 3, 4])).sum(),
    "booleans": lambda E, bag: (E[bag] * np.array([True, False, True, True])).sum(),
    "small integers": lambda E, bag: (E[bag] ** np.array([1, 2, 3, 2], np.int8)).sum(),
    "nothing": lambda E, i: (E[i][:0] * VECTOR[:0]).sum() + E[i].sum(),
    "three axes": lambda E, bag: (E[bag][:, None, :] * MATRIX[None]).sum(),
    "an axis of one among three": lambda E, bag: (E[bag][:, None, :] * MATRIX.reshape(3, 1, 4)).sum(),
}

ROW_OF_ONE = {
    "all of a part of nothing": lambda E, i: (pt.set_subtensor(E[i][1:], 7.0) ** 2).sum(),
    "added to nothing": lambda E, i, j: (pt.inc_subtensor(E[i][1:], E[j][1:]) ** 3).sum(),
    "the sum of nothing": lambda E, i, j: (E[i][:0] ** 2).sum() + E[i] @ E[j],
    "joined to nothing": lambda E, i: (pt.concatenate([E[i][1:], E[i][:1]]) ** 2).sum(),
    "nothing joined to nothing": lambda E, i: pt.concatenate([E[i][1:], E[i][1:]]).sum() + (E[i] ** 2).sum(),
    "one number joined": lambda E, i, j: (pt.concatenate([E[i], E[j]]) ** 3).sum(),
    "one of a stack": lambda E, i: (pt.stack([E[i, 0]]) ** 3).sum(),
    "in place of all": lambda E, i, j: (pt.set_subtensor(E[i][:1], E[j]) ** 2).sum(),
    "backwards": lambda E, i: (E[i][::-1] ** 3).sum(),
    "split into one and nothing": lambda E, i: sum((p**2).sum() for p in pt.split(E[i], [1, 0])),
    "split into nothing and one": lambda E, i: sum((p**2).sum() for p in pt.split(E[i], [0, 1])),
    "reshaped": lambda E, i: (E[i].reshape((1, 1)) ** 3).sum() + (E[i, 0].reshape((1,)) ** 2).sum(),
    "reshaped to a number": lambda E, i: E[i].reshape(()) ** 3,
    "the greatest": lambda E, i, j: (E[i].max() * E[j].min()) ** 2,
    "softmax": lambda E, i, j: (pt.special.softmax(E[i]) * E[j]).sum(),
    "a product of matrices": lambda E, bag: ((E[bag] @ E[bag].T) ** 2).sum(),
    "the other product": lambda E, bag: ((E[bag].T @ E[bag]) ** 2).sum(),
    "outer": lambda E, i, j: (pt.outer(E[i], E[j]) ** 2).sum(),
    "mean and variance": lambda E, bag: E[bag].mean() ** 3 + E[bag].var(axis=0).sum(),
    "a ragged bag": lambda E, long: (E[long] ** 2).sum() + E[long].sum(axis=0).max(),
}

BAGS = {
    "of nothing in a fixed bag": lambda E, bag: (E[bag[1:1]] ** 2).sum() + (E[bag] ** 2).sum(),
    "one of a fixed bag": lambda E, bag: (E[bag[1:2]] ** 3).sum() + E[bag[:1]].mean(axis=0).sum(),
    "rows of nothing": lambda E, bag: (E[bag][3:] ** 2).sum() + (E[bag] ** 2).sum(),
    "rows joined to no rows": lambda E, bag: (pt.concatenate([E[bag][:0], E[bag][1:2]]) ** 3).sum(),
    "columns of nothing": lambda E, bag: (E[bag][:, 4:] ** 2).sum() + (E[bag][:, :1] ** 3).sum(),
    "no rows in place": lambda E, bag: (pt.set_subtensor(E[bag][2:2], 5.0) ** 2).sum(),
    "split with an empty part": lambda E, i: sum(
        (n + 1) * (p**2).sum() for n, p in enumerate(pt.split(E[i], [3, 0, 1]))
    ),
    "reshaped to a row and a column": lambda E, i, j: (E[i].reshape((1, 4)) @ E[j].reshape((4, 1))).sum() ** 2,
    "products over nothing": lambda E, i, j: E[i][:0] @ E[j][4:] + (E[i] ** 2).sum(),
    "matrix products over nothing": lambda E, bag: (E[bag][:, :0] @ E[bag][:, :0].T).sum() + (E[bag] ** 2).sum(),
    "a softmax of one": lambda E, bag, i: (pt.special.softmax(E[bag][:1] @ E[i]) @ E[bag][:1]).sum(),
}


def table(width=4):
    return {"E": np.random.default_rng(5).normal(0, 0.7, (6, width)).astype(np.float32)}


def example(cost):
    all_columns = {"i": 1, "j": 2, "bag": np.array([3, 0, 3]), "long": np.array([4, 1])}
    names = cost.__code__.co_varnames[1 : cost.__code__.co_argcount]
    return {name: all_columns[name] for name in names}


@pytest.mark.parametrize("name", CONSTANTS)
def test_constants_of_every_shape(name):
    both_loops.assert_same(CONSTANTS[name], table(), example(CONSTANTS[name]), compile=False)


@pytest.mark.parametrize("name", ROW_OF_ONE)
def test_rows_of_one_number(name):
    both_loops.assert_same(ROW_OF_ONE[name], table(width=1), example(ROW_OF_ONE[name]), compile=False)


@pytest.mark.parametrize("name", BAGS)
def test_parts_of_nothing_and_one(name):
    both_loops.assert_same(BAGS[name], table(), example(BAGS[name]), compile=False)


def all_of(costs):
    """The sum of several costs, which share their columns."""

    def cost(E, i, j, bag, long):
        columns = {"i": i, "j": j, "bag": bag, "long": long}
        return sum(each(E, **{name: columns[name] for name in example(each)}) for each in costs.values())

    return cost


def test_machine_code_reads_constants_within_their_bounds():
    few = "a vector and a bag|a column and a bag|a vector and a ragged bag|a vector spread over a bag|integers".split(
        "|"
    )
    cost = all_of({name: CONSTANTS[name] for name in few})
    both_loops.assert_same(cost, table(), example(cost))


@pytest.mark.slow
@pytest.mark.parametrize(("costs", "width"), [(CONSTANTS, 4), (BAGS, 4), (ROW_OF_ONE, 1)])
def test_machine_code_stays_within_its_arrays(costs, width):
    """All of them at once, compiled with a check of every index."""
    cost = all_of(costs)
    both_loops.assert_same(cost, table(width), example(cost))


@pytest.mark.parametrize("ids", [[], [2]])
def test_ragged_bags_of_nothing_and_of_one(ids):
    """A vector of constants that meets them, too."""

    def cost(E, long, i):
        rows = E[long]
        return (rows * VECTOR).sum() + pt.tanh(rows @ E[i]).sum() + pt.concatenate([rows, E[i][None]]).max(axis=0).sum()

    both_loops.assert_same(cost, table(), {"long": np.array(ids, np.int64), "i": 1}, compile=False)


def test_a_check_of_bounds_finds_what_is_out_of_bounds():
    from rowspace.jit.compile import compiled

    read = compiled("def kernel(a, n):\n    return a[n]\n", bounds=True)
    assert read(np.arange(3), 2) == 2
    with pytest.raises(IndexError):
        read(np.arange(3), 3)
