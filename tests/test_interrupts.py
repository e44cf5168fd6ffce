"""Ctrl-C is held back, not lost."""

import os
import signal
import threading

import pytest

from rowspace.interrupts import interrupts_deferred


def test_an_interrupt_comes_at_the_end_of_the_block():
    reached = []
    with pytest.raises(KeyboardInterrupt), interrupts_deferred():
        os.kill(os.getpid(), signal.SIGINT)
        reached.append("the end of the block")
    assert reached
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_without_one_nothing_happens():
    with interrupts_deferred():
        pass
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


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
