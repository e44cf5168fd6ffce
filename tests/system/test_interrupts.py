"""Ctrl-C is held back, not lost."""

import os
import random
import signal
import threading
import weakref

import numpy as np
import pytest

import rowspace as rs
from rowspace import costs
from rowspace.system.interrupts import interrupts_deferred, interrupts_heard
from rowspace.system.threads import ThreadPool, Workers, waited


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(autouse=True)
def heeded():
    """As in a shell, even where tests run in the background, with the signal ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_comes_at_the_end_of_the_block():
    reached = []
    with pytest.raises(KeyboardInterrupt), interrupts_deferred():
        interrupt()
        reached.append("the end of the block")
    assert reached


def test_without_one_nothing_happens():
    with interrupts_deferred(), interrupts_heard() as check:
        check()


def test_other_threads_leave_signals_alone():
    failed = []

    def work():
        try:
            with interrupts_deferred():
                pass
        except ValueError as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert not failed


def test_what_is_to_end_early_is_told_at_once():
    told = []
    with pytest.raises(KeyboardInterrupt), interrupts_deferred(lambda: told.append("end")):
        with interrupts_deferred():
            interrupt()
            assert told == ["end"]
        told.append("after")
    assert told == ["end", "after"]


def test_a_handler_that_raises_nothing_is_called_at_once_and_nothing_ends():
    called = []
    before = signal.signal(signal.SIGINT, lambda number, frame: called.append(number))
    try:
        with interrupts_deferred(lambda: called.append("then")):
            interrupt()
            assert called == [signal.SIGINT]
        with interrupts_heard() as check:
            interrupt()
            check()
        assert called == [signal.SIGINT, signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.SIG_DFL])
def test_what_is_ignored_or_ends_the_process_still_does(handler):
    before = signal.signal(signal.SIGINT, handler)
    try:
        for block in (interrupts_deferred(), interrupts_heard()):
            with block:
                assert signal.getsignal(signal.SIGINT) is handler
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_one_that_python_swallows_ends_the_training_all_the_same():
    class Thing:
        pass

    class Lose:
        """An interrupt in the callback of a weak reference, where Python prints it and goes on."""

        def on_epoch_begin(self, trainer):
            if len(trainer.history) == 2:
                thing = Thing()
                _kept = weakref.ref(thing, lambda ref: interrupt())
                del thing

    i, j = np.random.default_rng(0).integers(0, 6, (2, 50), dtype=np.int32)
    E = rs.Table(6, 2, seed=0)
    trainer = rs.Trainer(costs.l1_dot, {"E": E}, rs.sgd(0.01))
    with pytest.raises(KeyboardInterrupt):
        trainer.fit({"i": i, "j": j, "label": np.ones(50, np.float32)}, 4, callbacks=[Lose()])
    assert len(trainer.history) == 2
    assert trainer.examples == 150


@pytest.mark.parametrize("threads", [1, 3])
def test_interrupts_at_any_moment_leave_threads_that_go_on(threads):
    """A signal while threads are handed tiny tasks, again and again: no lock stays locked."""
    moments = random.Random(0)
    before = signal.signal(signal.SIGALRM, lambda number, frame: interrupt())
    with Workers(threads) as workers, ThreadPool(1) as one:
        for _ in range(400):
            with interrupts_heard() as check, pytest.raises(KeyboardInterrupt):
                signal.setitimer(signal.ITIMER_REAL, moments.uniform(0.0001, 0.002))
                for _ in range(100_000):
                    check()
                    done = []
                    workers.run(done.append, range(10))
                    assert len(done) == 10
                    assert waited(one.submit(sum, [1, 2])) == 3
        signal.signal(signal.SIGALRM, before)
        workers.run(done.append, [-1])
        assert done[-1] == -1


def test_the_rest_is_not_begun_after_an_interrupt():
    for threads in (1, 3):
        done = []

        def do(task, done=done):
            done.append(task)
            if task == 5:
                interrupt()

        with Workers(threads) as workers, pytest.raises(KeyboardInterrupt):
            workers.run(do, iter(range(10**9)))
        assert 5 in done
