"""What ends a command early: SIGTERM and SIGHUP do so as Ctrl-C does, with nothing half written."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

WORDS = {"SIGINT": "interrupted", "SIGTERM": "terminated", "SIGHUP": "hung up"}  # Windows has no SIGHUP


class Ended(KeyboardInterrupt):
    """A signal asked the program to end."""

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__()
        self.status = 128 + number  # as shells report a program that a signal ended
        self.word = WORDS[signal.Signals(number).name]

    @classmethod
    def of(cls, error: KeyboardInterrupt) -> "Ended":
        """What was raised by a signal; Ctrl-C, if it does not say."""
        return error if isinstance(error, cls) else cls()


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Within the block, signals that would end the process raise `Ended`; those that are ignored stay so.

    All go the way of Ctrl-C, which the library holds back where it would leave something locked or half done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in signal.Signals if number.name in WORDS}
    ignored = {number for number, handler in before.items() if handler is signal.SIG_IGN}

    def heed(number: int, frame: Any) -> None:
        if number not in ignored:
            raise Ended(number)

    def as_interrupt(number: int, frame: Any) -> None:
        handler = signal.getsignal(signal.SIGINT)  # that of the moment
        assert callable(handler)
        handler(number, frame)

    for number in before.keys() - ignored:
        signal.signal(number, as_interrupt)
    signal.signal(signal.SIGINT, heed)  # also where Ctrl-C is ignored, as in the background: the others go this way
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
