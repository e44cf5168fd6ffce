"""Every reader on millions of small damaged files: an input must be read or refused with an error that is meant.

Anything else is a finding: another exception, a crash of the interpreter, more than 2 seconds of the processor, memory
beyond 32 MB and 64 times the input, or an error's message that is longer than 1,000 characters or not printable. Each
input follows from its format, the seed and its number, so that a finding can be had again. Readers run in processes
whose address space is limited; one that dies or does not answer for a minute is replaced, and goes on after the input
that did it. Where temporary files lie in memory (TMPDIR), it is quicker. Linux only.

usage: fuzz.py [--inputs 1000000] [--seed 0] [--only CSV npy] [--workers 2] [--keep FOLDER]
"""

import argparse
import multiprocessing
import os
import signal
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Any

import fuzz_input
from fuzz_formats import FORMATS
from fuzz_input import tried

METHOD = "spawn"
TASK = 5_000  # inputs for one process
ROOM = 2**31  # bytes that a process may map beside those it starts with
SILENT = 60.0  # seconds after which an input counts as hanging, whatever it waits for
LARGE = 2**18  # bytes: memory is compared with the size of an input that has as many, or else with this
KEPT = 5  # inputs kept of each finding
NUMBER, READ, REFUSED, MOST, RATIO, BEGUN = range(6)  # what a worker tells while it runs


@dataclass
class Tally:
    """What became of the inputs of one format; memory in bytes, and as a multiple of the input's size."""

    inputs: int = 0
    read: int = 0
    refused: int = 0
    crashes: int = 0
    hangs: int = 0
    most: float = 0
    ratio: float = 0
    findings: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "Tally") -> "Tally":
        """Both together."""
        counts = (self.inputs + other.inputs, self.read + other.read, self.refused + other.refused)
        lost = (self.crashes + other.crashes, self.hangs + other.hangs)
        memory = (max(self.most, other.most), max(self.ratio, other.ratio))
        return Tally(*counts, *lost, *memory, self.findings + other.findings)

    def lost(self, number: int, what: str) -> None:
        """An input that ended its process: a hang or a crash."""
        self.inputs += 1
        self.hangs += what == "hang"
        self.crashes += what != "hang"
        self.findings[f"{what} at input {number}"] += 1

    def add(self, told: Any, start: int) -> None:
        """What a worker told before it ended."""
        self.inputs += int(told[NUMBER]) - start
        self.read += int(told[READ])
        self.refused += int(told[REFUSED])
        self.most, self.ratio = max(self.most, told[MOST]), max(self.ratio, told[RATIO])


def work(name: str, start: int, stop: int, seed: int, told: Any, findings: Any, parent: str) -> None:
    """The inputs from `start` to `stop` of one format, in a process of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, fuzz_input.on_time_out)
    warnings.simplefilter("error")
    reader = FORMATS[name]
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        for number in range(20):  # the loops are compiled, the modules loaded
            tried(reader, name, -1 - number, seed, Path(folder))
            told[BEGUN] = monotonic()
        fuzz_input.limit_memory(ROOM)
        for number in range(start, stop):
            told[BEGUN] = monotonic()
            ended = tried(reader, name, number, seed, Path(folder))
            told[READ] += not (ended.refused or ended.found)
            told[REFUSED] += ended.refused
            ratio = ended.extra / max(ended.size, LARGE)
            told[MOST], told[RATIO] = max(told[MOST], ended.extra), max(told[RATIO], ratio)
            if ended.found:
                findings.put((name, number, ended.where, ended.found))
            told[NUMBER] = number + 1
    findings.close()
    findings.join_thread()


class Running:
    """A process at work on some inputs of one format."""

    def __init__(self, name: str, start: int, stop: int, seed: int, findings: Any, parent: str) -> None:
        context = multiprocessing.get_context(METHOD)
        self.name, self.start, self.stop = name, start, stop
        self.told = context.Array("d", [start, 0, 0, 0, 0, monotonic()], lock=False)
        arguments = (name, start, stop, seed, self.told, findings, parent)
        self.process = context.Process(target=work, args=arguments)
        self.process.start()

    def ended(self, tally: Tally) -> bool:
        """Whether it has ended, by itself or for its silence; then it is counted."""
        hangs = monotonic() - self.told[BEGUN] > SILENT
        if self.process.is_alive() and not hangs:
            return False
        if hangs:
            self.process.kill()
        self.process.join()
        tally.add(self.told, self.start)
        if self.process.exitcode:
            tally.lost(int(self.told[NUMBER]), "hang" if hangs else f"crash (status {self.process.exitcode})")
        return True

    @property
    def left(self) -> tuple[str, int, int] | None:
        """What remains to be done after the input that ended it."""
        after = int(self.told[NUMBER]) + bool(self.process.exitcode)
        return (self.name, after, self.stop) if after < self.stop else None


def fuzz(names: list[str], inputs: int, seed: int, workers: int, keep: Path | None) -> dict[str, Tally]:
    """So many inputs for every format."""
    tallies = {name: Tally() for name in names}
    tasks = [(n, start, min(start + TASK, inputs)) for start in range(0, inputs, TASK) for n in names]
    findings, running = multiprocessing.get_context(METHOD).Queue(), list[Running]()
    with tempfile.TemporaryDirectory(prefix="rowspace-fuzz-") as parent:
        while tasks or running:
            while tasks and len(running) < workers:
                running.append(Running(*tasks.pop(0), seed, findings, parent))
            for one in [one for one in running if one.ended(tallies[one.name])]:
                running.remove(one)
                tasks = [one.left, *tasks] if one.left else tasks
                done, found = tallies[one.name].inputs, sum(tallies[one.name].findings.values())
                print(f"{one.name}: {done:,} inputs, {found} findings", file=sys.stderr, flush=True)
            _take(findings, tallies, seed, keep)
            sleep(0.05)
        sleep(0.2)
        _take(findings, tallies, seed, keep)
    return tallies


def _take(findings: Any, tallies: Mapping[str, Tally], seed: int, keep: Path | None) -> None:
    while not findings.empty():
        name, number, where, found = findings.get()
        tally = tallies[name]
        tally.findings[where] += 1
        tally.hangs += where.startswith("TooLong") or found.startswith("took")
        if keep is not None and tally.findings[where] <= KEPT:
            _keep(keep, name, number, seed, found)


def _keep(folder: Path, name: str, number: int, seed: int, found: str) -> None:
    """The files of a finding and what was found, in a folder of their own."""
    place = folder / f"{name.replace(' ', '-').replace(':', '')}-{number}"
    place.mkdir(parents=True, exist_ok=True)
    fuzz_input.write(FORMATS[name].draw(Random(f"{name} {seed} {number}")), place)
    (place / "found.txt").write_text(found)


def table(tallies: Mapping[str, Tally]) -> str:
    """Markdown: a row for each format, and their sum."""
    head = ("format", "inputs", "read", "refused", "other exceptions", "crashes", "hangs", "most MB", "most x input")
    rows = [_row(name, tally) for name, tally in tallies.items()]
    total = sum(tallies.values(), Tally())
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows, _row("all", total)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _row(name: str, tally: Tally) -> list[str]:
    other = sum(tally.findings.values()) - tally.crashes - tally.hangs
    counts = (tally.inputs, tally.read, tally.refused, other, tally.crashes, tally.hangs)
    return [name, *(f"{n:,}" for n in counts), f"{tally.most / 2**20:.1f}", f"{tally.ratio:,.1f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", default=[""], help="formats whose names hold one of these")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--keep", type=Path, help="folder for the inputs that were found")
    asked = parser.parse_args()
    names = [name for name in FORMATS if any(part in name for part in asked.only)]
    tallies = fuzz(names, -(-asked.inputs // len(names)), asked.seed, asked.workers, asked.keep)
    print(table(tallies))
    for name, tally in tallies.items():
        for where, times in tally.findings.most_common():
            print(f"- {name}: {where}: {times}")
    sys.exit(any(tally.findings for tally in tallies.values()))


if __name__ == "__main__":
    main()
