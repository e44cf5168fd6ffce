"""Ctrl-C that waits: for stretches in which it would be lost or leave something half done."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def interrupts_deferred() -> Iterator[None]:
    """Hold back Ctrl-C until the end of the block; in a thread other than the main one, where none arrives, do nothing.

    LLVM's callbacks into Python swallow a KeyboardInterrupt, and the program would run on as if nothing had been said.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[Any] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: caught.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before if before is not None else signal.SIG_DFL)
    if caught and callable(before):
        before(*caught[0])
