"""PyTensor's floatX while a cost is traced: of the thread that traces, and of no other."""

import threading

import numpy as np
import pytensor
import pytest

import rowspace as rs
from rowspace.kernel.graph.floatx import floats


def squared_dot_halved(E, i, j):
    return (E[i] @ E[j]) ** 2 * 0.5


def test_another_thread_never_sees_it_changed():
    before, seen, over = pytensor.config.floatX, set(), threading.Event()

    def look():
        while not over.is_set():
            seen.add(pytensor.config.floatX)

    watch = threading.Thread(target=look)
    watch.start()
    for _ in range(3):
        E = {"E": rs.Table(6, 3, seed=0)}
        rs.gradient(squared_dot_halved, E, {"i": 1, "j": 2})
        rs.check_gradient(squared_dot_halved, E, {"i": 1, "j": 2})
    over.set()
    watch.join()
    assert seen == {before}


def test_threads_that_trace_at_once_trace_in_their_own():
    wrong = []

    def work(double):
        for _ in range(3):
            E = {"E": rs.Table(6, 3, seed=0)}
            if double:
                rs.check_gradient(squared_dot_halved, E, {"i": 1, "j": 2})
            elif rs.gradient(squared_dot_halved, E, {"i": 1, "j": 2})["E"].values.dtype != np.float32:
                wrong.append("float64")

    before = pytensor.config.floatX
    threads = [threading.Thread(target=work, args=(n % 2,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert pytensor.config.floatX == before


def test_it_ends_with_an_exception_and_goes_by_depth():
    before = pytensor.config.floatX
    with pytest.raises(ZeroDivisionError), floats("float32"):
        with floats("float16"):
            assert pytensor.config.floatX == "float16"
        assert pytensor.config.floatX == "float32"
        raise ZeroDivisionError
    assert pytensor.config.floatX == before


def test_it_can_still_be_changed_for_the_whole_process():
    before = pytensor.config.floatX
    with floats("float16"):
        pass
    with pytensor.config.change_flags(floatX="float32"):
        assert pytensor.config.floatX == "float32"
    assert pytensor.config.floatX == before
