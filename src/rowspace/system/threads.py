"""Threads: how many to use, a pool that Ctrl-C cannot harm, and workers that take a stage's tasks in order."""

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

from rowspace.errors import DataError
from rowspace.errors.checks import whole
from rowspace.system.interrupts import interrupts_deferred

T = TypeVar("T")

MOST_THREADS = 1024


def thread_count(threads: int | None) -> int:
    """How many threads to use: as many as asked for, or as many as there are cores that this process may use."""
    if threads is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = whole("threads", threads, 1, wanted="give a number of at least 1, or None for all cores")
    if threads > MOST_THREADS:
        raise DataError(f"threads is {threads}; give at most {MOST_THREADS:,}, or None for all cores")
    return threads


class ThreadPool(ThreadPoolExecutor):
    """Threads for the main one to hand work to, between whose locks no Ctrl-C comes; see also `waited`."""

    def submit(self, function: Callable[..., T], /, *arguments: Any, **named: Any) -> "Future[T]":
        """Have a call made by a thread."""
        with interrupts_deferred():
            return super().submit(function, *arguments, **named)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the threads."""
        with interrupts_deferred():
            super().shutdown(wait, cancel_futures=cancel_futures)


def waited(future: "Future[T]") -> T:
    """What a thread's call gave; Ctrl-C meanwhile is raised after it."""
    with interrupts_deferred():
        return future.result()


def worker(
    do: Callable[[Any], None], tasks: Iterable[Any], halted: Callable[[], bool], halt: Callable[[], None]
) -> Callable[[], None]:
    """What each of several threads runs: the tasks, begun in order, until one raises, which halts all."""
    left, lock = iter(tasks), threading.Lock()

    def work() -> None:
        while not halted():
            with lock:
                task = next(left, None)
            if task is None:
                return
            try:
                do(task)
            except BaseException:
                halt()
                raise

    return work


@dataclass(frozen=True)
class CalledThreads:
    """So many threads, which are there only while they have something to do: nobody has to end them."""

    threads: int

    def run(self, do: Callable[[Any], None], tasks: Sequence[Any]) -> None:
        """Do every task, begun in order."""
        with Workers(min(self.threads, len(tasks))) as workers:
            workers.run(do, tasks)


class KeptThreads:
    """So many threads, which wait for tasks from the first call on, for as long as somebody has this object."""

    def __init__(self, threads: int) -> None:
        self.threads, self._workers, self._process = threads, Workers(1), -1
        self._one = threading.Lock()  # call at a time: workers that halt, halt for all

    def run(self, do: Callable[[Any], None], tasks: Sequence[Any]) -> None:
        """Do every task, begun in order."""
        with self._one:
            if self._process != os.getpid():  # a process that is forked has none of these threads
                self._workers, self._process = Workers(self.threads), os.getpid()
            self._workers.run(do, tasks)


@dataclass(eq=False)
class _Prepared:
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    result: Any = None

    def make(self) -> None:
        self.result = self.function(*self.arguments)


class Workers:
    """A pool of threads that lives as long as a fit; with one thread, the caller's own does the work."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.halted = False
        self._pool = ThreadPoolExecutor(threads, "rowspace") if threads > 1 else None
        self._waiting: list[_Prepared] = []

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._pool is not None:
            with interrupts_deferred():
                self._pool.shutdown(wait=True, cancel_futures=True)

    def prepare(self, function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
        """A call to be made before its result is asked for, together with all others that wait then, on all threads."""
        self._waiting.append(one := _Prepared(function, arguments))

        def result() -> Any:
            if one in self._waiting:
                waiting, self._waiting = self._waiting, []
                self.run(_Prepared.make, waiting)
            return one.result

        return result

    def run(self, do: Callable[[Any], None], tasks: Iterable[Any]) -> None:
        """Do every task, begun in order, until one halts the rest or Ctrl-C does; all threads are idle on return."""
        self.halted = False
        work = worker(do, tasks, lambda: self.halted, self.halt)
        with interrupts_deferred(self.halt):
            if self._pool is None:
                work()
            else:
                running = [self._pool.submit(work) for _ in range(self.threads)]
                wait(running)
                for one in running:
                    one.result()

    def halt(self) -> None:
        """Begin no more tasks, and end those that can."""
        self.halted = True
