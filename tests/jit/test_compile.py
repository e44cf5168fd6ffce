"""Loops share the machine code of functions that they have in common."""

import numpy as np
import pytest
from numba.core import event

from rowspace.jit.compile import compiled

TWICE = "def twice(x):\n    return 2 * x\n\n\n"
ONE = TWICE + "def kernel(x):\n    x[0] = twice(x[0]) + 1\n"
OTHER = "# a line before it\n\n" + TWICE + "def kernel(x):\n    x[0] = twice(x[0]) + 3\n"
CHANGED = ONE.replace("2 * x", "5 * x")
CALLS = TWICE + "def more(x):\n    return twice(x) + 1\n\n\ndef kernel(x):\n    x[0] = more(x[0])\n"
CALLS_CHANGED = CALLS.replace("2 * x", "5 * x")


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("ROWSPACE_CACHE", str(tmp_path))


def _ran(source: str, *, bounds: bool = False) -> tuple[float, list[str]]:
    """What becomes of 10, and the functions that were compiled for it."""
    x = np.array([10.0])
    with event.install_recorder("numba:compile") as recorded:
        compiled(source, bounds=bounds)(x)
    return x[0], [each.data["dispatcher"].py_func.__name__ for _, each in recorded.buffer if each.is_start]


def test_a_function_of_two_loops_is_compiled_once() -> None:
    assert _ran(ONE)[0] == 21
    assert _ran(OTHER) == (23, ["kernel"])


def test_a_function_of_the_same_name_that_computes_something_else_is_another() -> None:
    assert _ran(ONE)[0] == 21
    assert _ran(CHANGED)[0] == 51


def test_a_function_that_calls_another_one_of_the_same_name_is_another() -> None:
    assert _ran(CALLS)[0] == 21
    assert _ran(CALLS_CHANGED)[0] == 51


def test_a_function_that_reads_another_constant_of_the_same_name_is_another() -> None:
    reads = "MORE = {}\n\n\ndef more():\n    return MORE + 2**53 + 1 - 2**53\n\n\ndef kernel(x):\n    x[0] = more()\n"
    found = [_ran(reads.format(constant))[0] for constant in ("4", "2", "2.0", "u8(4)")]
    assert found == [5, 3, 4, 5]  # float64 has no odd number so large


def test_a_constant_may_be_made_of_names_that_every_source_knows() -> None:
    assert _ran("ARRAY = np.array([1.0, 2.0])\n\n\ndef kernel(x):\n    x[0] += ARRAY[1]\n")[0] == 12


def test_checked_loops_have_functions_of_their_own() -> None:
    reads = "def second(x):\n    return x[1]\n\n\ndef kernel(x):\n    x[0] = second(x)\n"
    beyond = np.array([1.0, 2.0])[:1]
    compiled(reads)(beyond)
    assert beyond[0] == 2
    with pytest.raises(IndexError):
        compiled(reads, bounds=True)(beyond)
