"""Costs drawn at random are drawn well, and what compares them finds what it is meant to find."""

import numpy as np
import pytest
import random_costs
from cost_grammar import Drawn, drawn
from random_costs import Found, compared, reference

VALUES = {"A": np.linspace(-1, 1, 15, dtype=np.float32).reshape(5, 3)}
PAIR = Drawn("3 * (A[i] @ A[j]) ** 2", VALUES, {"i": 0, "j": 4})


def test_a_number_gives_the_same_cost_each_time_and_most_are_compared():
    costs = [drawn(7, number) for number in range(200)]
    again = [drawn(7, number) for number in range(200)]
    assert [c.text for c in costs] == [c.text for c in again]
    assert len({c.text for c in costs}) > 190
    assert sum(not reference(c).excluded for c in costs) > 120


def test_the_slopes_of_the_reference_are_those_of_a_formula():
    a, b = (VALUES["A"][n].astype(float) for n in (0, 4))
    found = reference(PAIR)
    assert found.value == pytest.approx(3 * (a @ b) ** 2)
    np.testing.assert_allclose(found.slopes["A"][0], 6 * (a @ b) * b, rtol=1e-6)
    np.testing.assert_allclose(found.slopes["A"][1:4], 0)


def test_a_kink_is_not_compared():
    flat = Drawn("abs(A[i]).sum()", {"A": np.zeros((5, 3), np.float32)}, {"i": 0})
    assert reference(flat).excluded == "at a kink"


def test_a_right_cost_is_right():
    assert compared(PAIR, compiled=True) == "right"


def test_a_gradient_wrong_by_a_thousandth_is_found(monkeypatch):
    true = random_costs.reference

    def wrong(cost):
        right = true(cost)
        right.slopes["A"][0] *= 1.001
        return right

    monkeypatch.setattr(random_costs, "reference", wrong)
    with pytest.raises(Found, match=r"rs\.gradient: table A, row 0"):
        compared(PAIR, compiled=False)


def test_a_process_that_dies_is_found(monkeypatch):
    results = random_costs.run(0, [0, 1], 0, 1, work=_dies)
    assert results[0] == ("the process died (exit 3)", True)
    assert results[1] == ("right", False)


def _dies(seed, numbers, every, told):
    import os

    if 0 in numbers:
        told.put((0, "begun", False))
        os._exit(3)
    told.put((numbers[0], "right", False))
