"""Threads that take tasks in order, and stop together."""

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Any

from rowspace.errors import DataError


def thread_count(threads: int | None) -> int:
    """How many threads to use: as many as asked for, or as many as there are cores that this process may use."""
    if threads is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise DataError(f"threads is {threads!r}; give a number of at least 1, or None for all cores")
    return threads


class Workers:
    """A pool of threads that lives as long as a fit; with one thread, the caller's own does the work."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.halted = threading.Event()
        self._pool = ThreadPoolExecutor(threads, "rowspace") if threads > 1 else None
        self._aside = ThreadPoolExecutor(threads, "rowspace-aside") if threads > 1 else None

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for pool in (self._pool, self._aside):
            if pool is not None:
                pool.shutdown(wait=True, cancel_futures=True)

    def aside(self, function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
        """Begin a call beside the tasks, if there are threads for it; what is returned waits for its result."""
        if self._aside is None:
            return lambda: function(*arguments)
        return self._aside.submit(function, *arguments).result

    def run(self, do: Callable[[Any], None], tasks: Iterable[Any]) -> None:
        """Do every task, begun in order, until one halts the rest or Ctrl-C does; all threads are idle on return."""
        self.halted.clear()
        left, lock = iter(tasks), threading.Lock()

        def work() -> None:
            while not self.halted.is_set():
                with lock:
                    task = next(left, None)
                if task is None:
                    return
                try:
                    do(task)
                except BaseException:
                    self.halted.set()
                    raise

        if self._pool is None:
            work()
        else:
            self._wait([self._pool.submit(work) for _ in range(self.threads)])

    def _wait(self, running: "list[Future[None]]") -> None:
        try:
            wait(running)
        except BaseException:  # Ctrl-C: end with whole tasks
            self.halted.set()
            wait(running)
            raise
        for one in running:
            one.result()
