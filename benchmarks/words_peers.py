"""Trainers of word vectors, each as the command that runs it in a process of its own, with the same settings.

fastText learns no vectors of n-grams here (-minn 0 -maxn 0); its -t is what others call sample.
"""

import json
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from own_process import ran
from words_task import DIM, MIN_COUNT, NEGATIVE, SAMPLE, WINDOW, Task

BINARY, TEXT = ".bin", ".vec"  # word2vec's files


@dataclass(frozen=True)
class Trainer:
    """A trainer: `train(task, stem)` is the command that leaves vectors in stem + suffix, `shell` what a user types.

    Those with a `library`, their name for `words_libraries.py`, say how long training alone took.
    """

    name: str
    train: Callable[[Task, str], list[str]]
    shell: Callable[[Task, str], list[str]]
    suffix: str = BINARY
    library: str | None = None


class Spent(NamedTuple):
    """Seconds of the clock and of the processor, peak of memory in bytes and what of it was there before."""

    seconds: float
    busy: float
    peak: int
    peak_before: int = 0


def trainers(peers: str | None) -> list[Trainer]:
    """rowspace and those that are there; commands are looked for in the folder `peers`, then on the path."""
    here = [_rowspace()] + ([_gensim()] if find_spec("gensim") else [])
    for name, make in ("fasttext", _fasttext), ("word2vec", _word2vec):
        command = shutil.which(name, path=peers) if peers else shutil.which(name)
        if command:
            here.append(make(str(Path(command).absolute())))
        else:
            print(f"  {name}: not found; benchmarks/build_peers.sh builds it", file=sys.stderr)
    return here


def training(trainer: Trainer, task: Task, stem: str) -> Spent:
    """What training alone takes: as a library says, or what `task.epochs` epochs more than one take a command.

    The difference leaves out what a command does once: to read the vocabulary, to begin, to write the vectors.
    """
    if trainer.library:
        return _told(trainer.train(task, stem))
    more = ran(trainer.train(replace(task, epochs=1 + task.epochs), stem))
    one = ran(trainer.train(replace(task, epochs=1), stem))
    return Spent(more.seconds - one.seconds, more.busy - one.busy, more.peak)


def reading(trainer: Trainer, task: Task) -> Spent:
    """What it takes a library to read the corpus."""
    return _told(_in_python("read", trainer.library, task))


def from_the_shell(trainer: Trainer, task: Task, stem: str) -> Spent:
    """What it takes from the shell to vectors on the disk."""
    seconds, busy, peak, _ = ran(trainer.shell(task, stem))
    return Spent(seconds, busy, peak)


def _told(command: list[str]) -> Spent:
    run = ran(command)
    told = json.loads(run.said.splitlines()[-1])
    return Spent(told["seconds"], told["busy"], run.peak, told["peak_before"])


def _in_python(what: str, library: str | None, task: Task, *more: str) -> list[str]:
    script = Path(__file__).with_name("words_libraries.py")
    return [sys.executable, str(script), what, str(library), json.dumps(asdict(task)), *more]


def _rowspace() -> Trainer:
    def shell(task: Task, stem: str) -> list[str]:
        command = [str(Path(sys.executable).with_name("rowspace")), "train", "text", task.corpus, "-o", stem]
        options = {"--cost": task.cost, "--dim": DIM, "--epochs": task.epochs, "--threads": task.threads}
        return [*command, *_flags(options | {"--rate": task.rate})]

    train = lambda task, stem: _in_python("train", "rowspace", task, stem + BINARY)
    return Trainer("rowspace", train, shell, library="rowspace")


def _gensim() -> Trainer:
    script = [sys.executable, "-m", "gensim.scripts.word2vec_standalone"]
    shell = lambda task, stem: [*script, *_as_word2vec(task, stem), "-min_count", str(MIN_COUNT)]
    train = lambda task, stem: _in_python("train", "gensim", task, stem + BINARY)
    return Trainer("gensim", train, shell, library="gensim")


def _word2vec(command: str) -> Trainer:
    run = lambda task, stem: [command, *_as_word2vec(task, stem), "-min-count", str(MIN_COUNT)]
    return Trainer("word2vec.c", run, run)


def _fasttext(command: str) -> Trainer:
    def run(task: Task, stem: str) -> list[str]:
        options = {"-input": task.corpus, "-output": stem, "-dim": DIM, "-ws": WINDOW, "-neg": NEGATIVE, "-t": SAMPLE}
        options |= {"-minCount": MIN_COUNT, "-minn": 0, "-maxn": 0, "-lr": task.rate, "-epoch": task.epochs}
        options |= {"-thread": task.threads, "-seed": task.seed}
        return [command, task.cost.replace("_", ""), *_flags(options)]

    return Trainer("fastText", run, run, TEXT)


def _as_word2vec(task: Task, stem: str) -> list[str]:
    """The options of word2vec.c that gensim's command has, too; the one that says min_count is spelled otherwise."""
    options = {"-train": task.corpus, "-output": stem + BINARY, "-size": DIM, "-window": WINDOW, "-sample": SAMPLE}
    options |= {"-cbow": int(task.cost == "cbow"), "-hs": 0, "-negative": NEGATIVE, "-iter": task.epochs}
    return _flags(options | {"-alpha": task.rate, "-threads": task.threads, "-binary": 1})


def _flags(options: Mapping[str, object]) -> list[str]:
    return [str(part) for option in options.items() for part in option]
