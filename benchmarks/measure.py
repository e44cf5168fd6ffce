"""Contenders timed in turn, each in a process of its own on one core, and a table of the results.

Times are seconds of processor time (user and system, all threads): on a quiet machine the same as
the clock's, and where other programs take their share of the core they still compare. How far the
clock's differ is printed.
"""

import multiprocessing
import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from statistics import median
from time import perf_counter, process_time
from typing import Any, NamedTuple

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}
_TRIES = 3  # timed runs of each setting when the best one is looked for


class Loop(NamedTuple):
    """What a contender gives: `run(lo, hi)` does those examples and adds up their cost.

    `tables()` shows what has become of the tables.
    """

    run: Callable[[int, int], Any]
    tables: Callable[[], Sequence[Any]]


@dataclass(frozen=True)
class Contender:
    """A way to do the work: `make(problem, *arguments)` gives its Loop.

    `settings` holds the arguments of each setting by name: all are tried first, and the fastest
    takes part. `examples` is how many it does in a round; slow ones may do fewer.
    """

    name: str
    make: Callable[..., Loop]
    examples: int
    settings: Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Timing:
    """Million examples a second in each round, in the setting that was the fastest.

    `waits` are the seconds of the clock over those of the processor: 1 where nothing interfered.
    """

    name: str
    setting: str
    rates: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def run(self, worker: "Worker") -> None:
        """One round."""
        busy, passed = worker.run()
        self.rates.append(worker.examples / busy / 1e6)
        self.waits.append(passed / busy)


def compete(contenders: Sequence[Contender], problem: Callable[[], Any], rounds: int) -> list[Timing]:
    """Time every contender in its best setting, one after another in each of `rounds` rounds.

    `problem` makes what they all work on, anew in each process. Compilation is not timed: every
    loop runs once before.
    """
    workers: list[tuple[Worker, Timing]] = []
    try:
        for contender in contenders:
            setting = _fastest_setting(contender, problem)
            print(f"  {contender.name}: {setting or 'ready'}", file=sys.stderr, flush=True)
            worker = Worker(contender, setting, problem)
            workers.append((worker, Timing(contender.name, setting)))
        for _ in range(rounds):
            for worker, timing in workers:
                timing.run(worker)
    finally:
        for worker, _ in workers:
            worker.close()
    return [timing for _, timing in workers]


def markdown(timings: Sequence[Timing]) -> str:
    """A table of the timings.

    The last column is the first contender's rate over each one's: the median of the rounds' ratios.
    """
    first = timings[0]
    rows = [
        f"| | best setting | median | min - max | {first.name} is faster by |",
        "|---|---|---:|---:|---:|",
    ]
    for t in timings:
        ratio = median(a / b for a, b in zip(first.rates, t.rates, strict=True))
        spread = f"{min(t.rates):.3g} - {max(t.rates):.3g}"
        rows.append(f"| {t.name} | {t.setting} | {median(t.rates):.3g} | {spread} | {ratio:.3g} x |")
    waits = [wait for t in timings for wait in t.waits]
    rows += ["", f"Clock over processor time: {median(waits):.2f}, at most {max(waits):.2f}."]
    return "\n".join(rows)


def machine(*libraries: str) -> str:
    """One line: processor, cores, Python, the versions of `libraries`, and the date."""
    versions = ", ".join(f"{name} {_version(name)}" for name in libraries)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{_processor()}, {os.cpu_count()} cores; {python}, {versions}; {date.today()}"


class Worker:
    """A contender in a process of its own, which waits until it is asked to run."""

    def __init__(self, contender: Contender, setting: str, problem: Callable[[], Any]) -> None:
        os.environ.update(ONE_THREAD)
        spawn = multiprocessing.get_context("spawn")
        self.examples = contender.examples
        self._pipe, other = spawn.Pipe()
        job = (contender.make, contender.settings[setting], contender.examples, problem)
        self._process = spawn.Process(target=_serve, args=(other, _last_core(), *job), daemon=True)
        self._process.start()
        other.close()
        self._answer()

    def run(self) -> tuple[float, float]:
        """Run the next examples: seconds of the processor and of the clock."""
        self._pipe.send("run")
        return self._answer()

    def close(self) -> None:
        """End the process."""
        self._pipe.send("end")
        self._process.join()

    def _answer(self) -> Any:
        try:
            return self._pipe.recv()
        except EOFError:
            raise SystemExit("a contender failed; its error is above") from None


def _serve(pipe: Any, core: int | None, make: Any, arguments: Any, examples: int, problem: Any) -> None:
    if core is not None:
        os.sched_setaffinity(0, {core})
    work = problem()
    run, _ = make(work, *arguments)
    run(0, examples)
    pipe.send("ready")
    lo = 0
    while pipe.recv() == "run":
        lo = lo + examples if lo + 2 * examples <= len(work) else 0
        start, busy = perf_counter(), process_time()
        run(lo, lo + examples)
        pipe.send((process_time() - busy, perf_counter() - start))


def _fastest_setting(contender: Contender, problem: Callable[[], Any]) -> str:
    if len(contender.settings) == 1:
        return next(iter(contender.settings))
    rates = {}
    for setting in contender.settings:
        worker = Worker(contender, setting, problem)
        rates[setting] = max(worker.examples / worker.run()[0] / 1e6 for _ in range(_TRIES))
        worker.close()
    tried = ", ".join(f"{setting} {rate:.3g}" for setting, rate in rates.items())
    print(f"  {contender.name}: {tried}", file=sys.stderr, flush=True)
    return max(rates, key=rates.__getitem__)


def _last_core() -> int | None:
    return max(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else None


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":")[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "(not installed)"
