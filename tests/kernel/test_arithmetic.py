"""Lengths written as source: the same value as Python's, and nothing but arithmetic."""

import numpy as np
import pytest

from rowspace.kernel.arithmetic import calculated

LENGTHS = {"a": np.array([0, 1, 5]), "b": np.array([3, 3, 2])}
TEXTS = ["7", "-a", "a + b * 2", "-(-a // 2) % 3", "(a * (a < b) + b * (1 - (a < b)))", "a == b", "a != 1", "a >= 1"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_length_is_what_python_makes_of_it(text):
    np.testing.assert_array_equal(calculated(text, LENGTHS), eval(text, dict(LENGTHS)))


def test_the_longer_and_the_shorter_of_several():
    assert calculated("max(a, min(b, 2), 1)", LENGTHS).tolist() == [2, 2, 5]


@pytest.mark.parametrize(
    "text", ["c", "a.size", "open('x')", "a[0]", "'a'", "max()", "1 < a < 3", "lambda: 1", "a @ b"]
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="is no arithmetic"):
        calculated(text, LENGTHS)
