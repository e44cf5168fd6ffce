"""torch's own threads, lent to rowspace's loops.

After each of its own loops torch's second thread spins for a while, in wait of the next one. A thread of another pool
would have to share a core with it; on torch's pool our loops take its place at once.
"""

import ctypes
import os
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from threading import Event
from typing import Any

import torch

from rowspace.system.threads import CalledThreads, thread_count, worker

_PROCESS = os.getpid()  # in one that is forked from it, OpenMP waits for threads that are not there
_CALLED = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class TorchThreads:
    """As many threads as asked for; None for as many as torch has."""

    def __init__(self, threads: int | None = None) -> None:
        self._asked = None if threads is None else thread_count(threads)

    @property
    def threads(self) -> int:
        """How many there are."""
        return self._asked or torch.get_num_threads()

    def run(self, do: Callable[[Any], None], tasks: Sequence[Any]) -> None:
        """Do every task, begun in order; what one raises is raised when all threads are idle.

        Ctrl-C has to wait meanwhile (`interrupts_deferred`): what is raised between C and Python is lost.
        """
        parallel = _openmp() if os.getpid() == _PROCESS else None
        if parallel is None:
            CalledThreads(self.threads).run(do, tasks)
            return
        halted, errors = Event(), list[BaseException]()
        work = worker(do, tasks, halted.is_set, halted.set)

        def called(_: Any) -> None:
            try:
                work()
            except BaseException as error:
                errors.append(error)

        parallel(_CALLED(called), None, min(self.threads, len(tasks)), 0)
        if errors:
            raise errors[0]


@cache
def _openmp() -> Any:
    """The function of torch's OpenMP that calls another on several threads; None where torch has another library."""
    folder = Path(torch.__file__).parent
    for path in [*folder.glob("lib/libgomp*"), *folder.parent.glob("torch.libs/libgomp*")]:
        try:
            found = ctypes.CDLL(str(path)).GOMP_parallel
        except (OSError, AttributeError):
            continue
        found.argtypes = [_CALLED, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint]
        found.restype = None
        return found
    return None
