"""Threads that take tasks in order and stop together."""

import gc
import threading

import pytest

import rowspace as rs
from rowspace.system.threads import KeptThreads, Workers, thread_count


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_every_task_is_done_once(threads):
    done = []
    with Workers(threads) as workers:
        workers.run(done.append, range(100))
        assert sorted(done) == list(range(100))
        first, second = workers.prepare(sum, [1, 2]), workers.prepare(sum, [3])
        assert (second(), first()) == (3, 3)
    assert not [t for t in threading.enumerate() if t.name.startswith("rowspace")]


@pytest.mark.parametrize("threads", [1, 4])
def test_an_error_stops_the_rest(threads):
    done = []

    def do(task):
        if task == 3:
            raise ValueError("three")
        done.append(task)

    with Workers(threads) as workers:
        with pytest.raises(ValueError, match="three"):
            workers.run(do, range(10_000))
        assert len(done) < 10_000
        workers.run(done.append, [-1])  # and it goes on after that
    assert done[-1] == -1


def test_threads_that_are_kept():
    before, done = threading.active_count(), []
    kept = KeptThreads(2)
    for _ in range(3):
        kept.run(done.append, range(10))
    with pytest.raises(ZeroDivisionError):
        kept.run(lambda task: 1 // task, [1, 0, 1])
    kept.run(done.append, range(10))  # and it goes on after that
    assert sorted(done) == sorted([*range(10)] * 4)
    ending = [t for t in threading.enumerate() if t.name.startswith("rowspace")]
    del kept
    gc.collect()  # an error holds on to where it was raised
    for thread in ending:
        thread.join(10)
    assert threading.active_count() == before


def test_how_many():
    assert thread_count(None) >= 1
    assert thread_count(3) == 3
    with pytest.raises(rs.RowspaceError, match="threads is -1"):
        thread_count(-1)
