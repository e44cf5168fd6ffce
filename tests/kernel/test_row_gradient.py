"""Row gradients and the checker, which itself must fail when a gradient is off by a thousandth."""

from dataclasses import replace

import numpy as np
import pytensor.tensor as pt
import pytest

import rowspace as rs
from rowspace.errors import GradientError
from rowspace.kernel.row_gradient import RowGradient


def cost(E, i, j, label):
    return (label - E[i] @ E[j]) ** 2


EXAMPLE = {"i": 2, "j": 0, "label": 1.0}


def tables():
    return {"E": rs.Table(6, 3, seed=1)}


def test_rows_are_distinct_and_sorted():
    found = rs.gradient(cost, tables(), EXAMPLE)["E"]
    assert (found.rows.tolist(), found.values.shape, found.n_rows) == ([0, 2], (2, 3), 6)
    assert found.values.dtype == np.float32


def test_repeats_are_summed():
    E = tables()["E"]
    found = rs.gradient(cost, {"E": E}, {"i": 4, "j": 4, "label": 0.0})["E"]
    assert found.rows.tolist() == [4]
    np.testing.assert_allclose(found.values[0], 4 * (E.values[4] @ E.values[4]) * E.values[4], rtol=1e-5)


def test_tables_are_unmodified_even_when_read_only():
    values = tables()["E"].values.copy()
    values.flags.writeable = False
    before = values.tobytes()
    rs.gradient(cost, {"E": rs.Table.from_array(values)}, EXAMPLE)
    assert values.tobytes() == before


def test_names_may_stand_for_ids():
    E = rs.Table(names=["cat", "dog", "car"], dim=3, seed=0)
    assert rs.gradient(cost, {"E": E}, {"i": "car", "j": "cat", "label": 1})["E"].rows.tolist() == [
        0,
        2,
    ]
    with pytest.raises(rs.RowspaceError, match="did you mean 'cat'"):
        rs.gradient(cost, {"E": E}, {"i": "caat", "j": "cat", "label": 1})


def test_checker_passes_what_is_right():
    assert rs.check_gradient(cost, tables(), EXAMPLE) < 1e-5


def test_checker_compares_machine_code_too(monkeypatch):
    """A fault of the compiled loop alone is found, and not looked for when nobody asks."""
    from rowspace.kernel.row_gradient import OneExample

    through = OneExample.run

    def faulty(self, loop):
        total, found = through(self, loop)
        twice = {t: replace(g, values=2 * g.values) for t, g in found.items()}
        return total, twice if loop is self.kernel.__dict__.get("run") else found

    monkeypatch.setattr(OneExample, "run", faulty)
    with pytest.raises(rs.RowspaceError, match="the gradient is .* in machine code, central differences give"):
        rs.check_gradient(cost, tables(), EXAMPLE)
    assert rs.check_gradient(cost, tables(), EXAMPLE, compiled=False) < 1e-5


@pytest.mark.parametrize("place", [(0, 0), (1, 2)])
def test_checker_fails_a_gradient_wrong_by_a_thousandth(place):
    E = tables()
    found = rs.gradient(cost, E, EXAMPLE)
    wrong = found["E"].values.copy()
    biggest = np.unravel_index(np.abs(wrong).argmax(), wrong.shape)
    wrong[biggest] *= 1.001
    with pytest.raises(rs.RowspaceError, match="table 'E', row .*, column .*: the gradient is .*differences give"):
        rs.check_gradient(cost, E, EXAMPLE, gradients={"E": replace(found["E"], values=wrong)})


def test_checker_fails_a_whole_gradient_wrong_by_a_thousandth():
    E = tables()
    found = rs.gradient(cost, E, EXAMPLE)["E"]
    with pytest.raises(rs.RowspaceError):
        rs.check_gradient(
            cost,
            E,
            EXAMPLE,
            gradients={"E": replace(found, values=found.values * np.float32(0.999))},
        )


def test_checker_fails_a_gradient_that_is_not_a_number():
    E = tables()
    found = rs.gradient(cost, E, EXAMPLE)["E"]
    with pytest.raises(rs.RowspaceError, match="nan"):
        rs.check_gradient(
            cost,
            E,
            EXAMPLE,
            gradients={"E": replace(found, values=found.values * np.float32("nan"))},
        )


@pytest.mark.parametrize(
    ("example", "message"),
    [
        ({"i": 9, "j": 0, "label": 1.0}, "id 9 .* is out of range"),
        ({"i": -1, "j": 0, "label": 1.0}, "-1"),
        ({"i": 1.5, "j": 0, "label": 1.0}, "could not be traced|holds numbers|integers"),
        ({"i": 1, "j": 0, "label": float("nan")}, "column 'label' holds nan at position 0"),
        ({"i": 1, "j": 0}, "'label', which is neither a table"),
        ({}, "an example is a dict"),
    ],
)
def test_bad_examples_are_refused(example, message):
    with pytest.raises(rs.RowspaceError, match=message):
        rs.gradient(cost, tables(), example)


def on_a_kink(cost, rows, gradient, **example):
    E = {"E": rs.Table.from_array(np.array(rows, np.float32))}
    given = {"E": RowGradient(np.arange(len(rows)), np.array(gradient, np.float32), len(rows))}
    return rs.check_gradient(cost, E, example, gradients=given)


def test_any_slope_between_those_on_both_sides_of_a_kink_is_right():
    from pytensor import tensor as pt

    largest = lambda E, i, j: pt.maximum(E[i], E[j]).sum()
    for share in (0, 0.3, 1):
        assert on_a_kink(largest, [[2.0], [2.0]], [[share], [1 - share]], i=0, j=1) == 0
    with pytest.raises(GradientError, match=r"1.5, central differences give 0.5; it is on a kink, from 0 below to 1"):
        on_a_kink(largest, [[2.0], [2.0]], [[1.5], [0.0]], i=0, j=1)
    with pytest.raises(GradientError, match=r"the gradient is 2, central differences give 1$"):
        on_a_kink(largest, [[2.0]], [[2.0]], i=0, j=0)
    length = lambda E, i: pt.sqrt((E[i] ** 2).sum())
    assert on_a_kink(length, [[0.0, 0.0]], [[0.0, 0.0]], i=0) == 0


def test_a_steep_cost_is_no_kink():
    steep = lambda E, i: ((1000 * E[i]) ** 2).sum()
    with pytest.raises(GradientError, match=r"central differences give -?[0-9.e+-]+$"):
        on_a_kink(steep, [[0.01]], [[20_100.0]], i=0)


@pytest.mark.parametrize("order", [2, np.inf])
def test_rowspace_is_right_on_kinks(order):
    from pytensor import tensor as pt

    E = {"E": rs.Table.from_array(np.zeros((2, 3), np.float32))}
    cost = lambda E, i, j: pt.linalg.norm(E[i] - E[j], ord=order)
    assert rs.check_gradient(cost, E, {"i": 0, "j": 1}, compiled=False) == 0


def test_gradients_that_are_not_finite_are_refused():
    with pytest.raises(rs.Diverged, match="not finite for this example"):
        rs.gradient(lambda E, i: pt.log(E[i, 0] * 0), {"E": rs.Table(6, 2, seed=3)}, {"i": 1})


def test_the_checker_misses_no_row():
    E = rs.Table(6, 2, seed=3)
    cost = lambda E, i, j: (E[i] @ E[j]) ** 2
    half = rs.gradient(cost, {"E": E}, {"i": 1, "j": 2})["E"]
    half = rs.RowGradient(half.rows[:1], half.values[:1], half.n_rows)
    with pytest.raises(rs.RowspaceError, match="row 2, column 0: the gradient is 0,"):
        rs.check_gradient(cost, {"E": E}, {"i": 1, "j": 2}, gradients={"E": half})
