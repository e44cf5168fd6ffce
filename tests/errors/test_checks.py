"""What users give: what is taken, and how the rest is refused."""

import numpy as np
import pytest

from rowspace.errors import DataError, ShapeError
from rowspace.errors.checks import number, whole


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3)])
def test_whole_numbers_are_pythons_own(value):
    assert whole("n", value, 3, 3) == 3
    assert type(whole("n", value)) is int


@pytest.mark.parametrize("value", [2.0, True, np.True_, "2", None, float("nan"), np.array([1, 2]), np.float32(2)])
def test_others_are_no_whole_numbers(value):
    with pytest.raises(DataError, match="^n is .*; give a whole number$"):
        whole("n", value)


def test_an_error_tells_the_limits():
    with pytest.raises(DataError, match="^n is 0; give a whole number of at least 1$"):
        whole("n", 0, 1)
    with pytest.raises(DataError, match="^n is 5000; give a whole number from 1 to 4,096$"):
        whole("n", 5000, 1, 4096)
    with pytest.raises(ShapeError, match="^n is 0; give so many$"):
        whole("n", 0, 1, wanted="give so many", error=ShapeError)


@pytest.mark.parametrize("value", [0, 0.5, np.float32(0.5), np.int64(0)])
def test_numbers_are_given_as_they_are(value):
    assert number("share", value, 0, 1) is value


@pytest.mark.parametrize("value", [-0.1, 1, float("nan"), float("inf"), "0.5", True, None, np.zeros(1)])
def test_others_are_no_numbers_within_the_limits(value):
    with pytest.raises(DataError, match="^share is .*; give a number of at least 0$"):
        number("share", value, 0, 1)
