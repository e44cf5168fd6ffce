"""Contenders timed in turn, each in a process of its own on as many cores as threads, and a table of the results.

With one thread, times are seconds of processor time (user and system, all threads): on a quiet machine the same as
the clock's, and where other programs take their share of the core they still compare. How far the clock's differ is
printed. With several threads times are the clock's, for every contender, and how many cores each kept busy is printed.
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

_COUNTS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
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

    The problem is its own: its tables may be changed in place. `settings` holds the arguments of each setting by name:
    all are tried first, and the fastest takes part. `examples` is how many it does in a round; slow ones may do fewer.
    """

    name: str
    make: Callable[..., Loop]
    examples: int
    settings: Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Timing:
    """Million examples a second in each round, in the setting that was the fastest, and how many cores were busy."""

    name: str
    setting: str
    threads: int
    rates: list[float] = field(default_factory=list)
    cores: list[float] = field(default_factory=list)

    def run(self, worker: "Worker") -> None:
        """One round."""
        seconds, cores = worker.run()
        self.rates.append(worker.examples / seconds / 1e6)
        self.cores.append(cores)


def compete(
    contenders: Sequence[Contender], problem: Callable[[], Any], rounds: int, *, threads: int = 1
) -> list[Timing]:
    """Time every contender in its best setting, one after another in each of `rounds` rounds.

    `problem` makes what they all work on, anew in each process. Compilation is not timed: every
    loop runs once before. Each process gets `threads` cores.
    """
    workers: list[tuple[Worker, Timing]] = []
    try:
        for contender in contenders:
            setting = _fastest_setting(contender, problem, threads)
            print(f"  {contender.name}: {setting or 'ready'}", file=sys.stderr, flush=True)
            worker = Worker(contender, setting, problem, threads)
            workers.append((worker, Timing(contender.name, setting, threads)))
        for _ in range(rounds):
            for worker, timing in workers:
                timing.run(worker)
    finally:
        for worker, _ in workers:
            worker.close()
    return [timing for _, timing in workers]


def ratio(one: Timing, other: Timing) -> float:
    """How many times faster one is than the other: the median of the rounds' ratios."""
    return median(a / b for a, b in zip(one.rates, other.rates, strict=True))


def markdown(timings: Sequence[Timing]) -> str:
    """A table of the timings; the last column is how many times faster the first contender is."""
    first, several = timings[0], timings[0].threads > 1
    rows = [
        f"| | best setting | median | min - max |{' cores busy |' if several else ''} {first.name} is faster by |",
        f"|---|---|---:|---:|{'---:|' if several else ''}---:|",
    ]
    for t in timings:
        spread = f"{min(t.rates):.3g} - {max(t.rates):.3g}"
        cores = f" {median(t.cores):.2f} |" if several else ""
        rows.append(f"| {t.name} | {t.setting} | {median(t.rates):.3g} | {spread} |{cores} {ratio(first, t):.3g} x |")
    if not several:
        waits = [1 / busy for t in timings for busy in t.cores]
        rows += ["", f"Clock over processor time: {median(waits):.2f}, at most {max(waits):.2f}."]
    return "\n".join(rows)


def machine(*libraries: str) -> str:
    """One line: processor, cores, Python, the versions of `libraries`, and the date."""
    versions = ", ".join(f"{name} {_version(name)}" for name in libraries)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{_processor()}, {os.cpu_count()} cores; {python}, {versions}; {date.today()}"


def milliseconds(spent: Mapping[str, Sequence[float]]) -> str:
    """A table of what steps took: the median, and the least, which others on the machine disturb less."""
    rows = [f"| {name} | {median(each):.2f} | {min(each):.2f} |" for name, each in spent.items()]
    return "\n".join(["| | ms a step | least |", "|---|---:|---:|", *rows])


class Worker:
    """A contender in a process of its own, which waits until it is asked to run."""

    def __init__(self, contender: Contender, setting: str, problem: Callable[[], Any], threads: int = 1) -> None:
        os.environ.update(environment(threads))
        spawn = multiprocessing.get_context("spawn")
        self.examples, self.threads = contender.examples, threads
        self._pipe, other = spawn.Pipe()
        job = (contender.make, contender.settings[setting], contender.examples, problem)
        self._process = spawn.Process(target=_serve, args=(other, last_cores(threads), *job), daemon=True)
        self._process.start()
        other.close()
        self._answer()

    def run(self) -> tuple[float, float]:
        """Run the next examples: seconds, of the processor or with several threads of the clock, and cores busy."""
        self._pipe.send("run")
        busy, passed = self._answer()
        return busy if self.threads == 1 else passed, busy / passed

    def close(self) -> None:
        """End the process."""
        self._pipe.send("end")
        self._process.join()

    def _answer(self) -> Any:
        try:
            return self._pipe.recv()
        except EOFError:
            raise SystemExit("a contender failed; its error is above") from None


def last_cores(threads: int) -> set[int]:
    """As many cores, of those this process may use; empty where that cannot be told."""
    return set(sorted(os.sched_getaffinity(0))[-threads:]) if hasattr(os, "sched_setaffinity") else set()


def environment(threads: int) -> dict[str, str]:
    """What tells libraries how many threads to use; XLA knows only one, or as many as there are cores."""
    flags = "--xla_cpu_multi_thread_eigen=false" if threads == 1 else ""
    return {**dict.fromkeys(_COUNTS, str(threads)), "XLA_FLAGS": flags}


def _serve(pipe: Any, cores: set[int], make: Any, arguments: Any, examples: int, problem: Any) -> None:
    if cores:
        os.sched_setaffinity(0, cores)
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


def _fastest_setting(contender: Contender, problem: Callable[[], Any], threads: int) -> str:
    if len(contender.settings) == 1:
        return next(iter(contender.settings))
    rates = {}
    for setting in contender.settings:
        worker = Worker(contender, setting, problem, threads)
        rates[setting] = max(worker.examples / worker.run()[0] / 1e6 for _ in range(_TRIES))
        worker.close()
    tried = ", ".join(f"{setting} {rate:.3g}" for setting, rate in rates.items())
    print(f"  {contender.name}: {tried}", file=sys.stderr, flush=True)
    return max(rates, key=rates.__getitem__)


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
