"""PyTensor's `floatX`, the type of numbers written in a cost, as the thread that traces needs it: no other sees it.

PyTensor keeps it in one place for the whole process, and `change_flags` changes it there: other threads would make
their graphs of another type meanwhile, and two that change it at once leave it changed.
"""

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import pytensor

_FLOAT: ContextVar[str | None] = ContextVar("rowspace_floatX", default=None)
_ONE = threading.RLock()  # PyTensor's rewriters are shared, too


class _OfContext:
    """The parameter of PyTensor's configuration, and where a context has its own, that."""

    def __init__(self, whole: Any) -> None:
        self.whole = whole

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        return _FLOAT.get() or self.whole.__get__(owner, kind)

    def __set__(self, owner: Any, value: Any) -> None:
        self.whole.__set__(owner, value)


@contextmanager
def floats(dtype: str) -> Iterator[None]:
    """Numbers without a type of their own are of `dtype` in here: those of this thread alone.

    >>> before = pytensor.config.floatX
    >>> with floats("float16"):
    ...     pytensor.config.floatX
    'float16'
    >>> pytensor.config.floatX == before
    True
    """
    with _ONE:
        _installed()
        token = _FLOAT.set(dtype)
        try:
            yield
        finally:
            _FLOAT.reset(token)


@functools.cache
def _installed() -> None:
    """Put the context's value before that of the process."""
    kind = type(pytensor.config)
    kind.floatX = _OfContext(vars(kind)["floatX"])  # type: ignore[assignment]
