"""Ctrl-C that waits: while it would be lost, or leave something half done or locked for good."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def interrupts_deferred(then: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold back what Ctrl-C raises until the end of the block; call `then` at once, so that the block can end soon.

    LLVM's callbacks into Python swallow a KeyboardInterrupt, and the program would run on as if nothing had been said.
    Between taking a lock and remembering that it was taken, Python's conditions lose one: threads would wait for ever.
    A handler of the user's own is called when the signal comes. In a thread other than the main one, where none does,
    and where a signal is ignored or ends the process, nothing changes.
    """
    before = _handler()
    if before is None:
        yield
        return
    raised: list[BaseException] = []

    def heed(number: int, frame: Any) -> None:
        try:
            before(number, frame)
        except BaseException as error:
            raised.append(error)
            if then is not None:
                then()

    signal.signal(signal.SIGINT, heed)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if raised:
            raise raised[0].with_traceback(None)


@contextmanager
def interrupts_heard() -> Iterator[Callable[[], None]]:
    """Gives a call that raises once more what Ctrl-C raised where nobody heard it.

    In the callback of a weak reference, or while an object is freed, Python prints an exception and goes on. This one
    is not printed: it is raised after all.
    """
    before, raised = _handler(), list[BaseException]()
    show = sys.unraisablehook

    def heed(number: int, frame: Any) -> None:
        try:
            before(number, frame)
        except BaseException as error:
            raised.append(error)
            raise

    def show_others(unheard: Any) -> None:
        if unheard.exc_value not in raised:
            show(unheard)

    def check() -> None:
        if raised:
            raise raised.pop().with_traceback(None)

    if before is not None:
        signal.signal(signal.SIGINT, heed)
        sys.unraisablehook = show_others
    try:
        yield check
    finally:
        if before is not None:
            sys.unraisablehook = show
            signal.signal(signal.SIGINT, before)


def _handler() -> Any:
    """What Ctrl-C calls; None if it is ignored or ends the process, and in a thread where it never comes."""
    handler = signal.getsignal(signal.SIGINT)
    return handler if callable(handler) and threading.current_thread() is threading.main_thread() else None
