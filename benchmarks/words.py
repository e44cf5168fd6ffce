"""Word vectors from a text, side by side: rowspace, gensim, word2vec.c and fastText on two threads.

usage: words.py CORPUS [--part reading speed end-to-end quality] [--cost skip_gram cbow] [--eval FOLDER]
                [--peers FOLDER] [--threads 2] [--rounds 3] [--epochs 5] [--seeds 3] [--only gensim fastText] [--quick]
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import fmean, stdev
from tempfile import TemporaryDirectory
from typing import NamedTuple

import corpus
from measure import environment, last_cores, machine
from own_process import ran
from side_by_side import in_turn, markdown
from words_judge import SCORES
from words_peers import Trainer, from_the_shell, reading, trainers, training
from words_task import COSTS, DIM, RATES, Task


class Trial(NamedTuple):
    """Who takes part and how often, how many words the corpus has, and where the files lie.

    Vectors are written to `stem` and an ending; `judges` is the folder of what people said.
    """

    trainers: Sequence[Trainer]
    words: int
    rounds: int
    seeds: int
    stem: str
    judges: str


def read(trial: Trial, task: Task) -> str:
    """Thousand words of the corpus a second."""
    libraries = {t.name: partial(reading, t, task) for t in trial.trainers if t.library}
    return markdown(in_turn(libraries, trial.rounds), trial.words / 1e3)


def speed(trial: Trial, task: Task) -> str:
    """Thousand words of the corpus, those not learned from included, that training alone goes through a second."""
    found = in_turn({t.name: partial(training, t, task, trial.stem) for t in trial.trainers}, trial.rounds)
    return markdown(found, trial.words * task.epochs / 1e3)


def end_to_end(trial: Trial, task: Task) -> str:
    """Seconds from the shell to vectors on the disk."""
    found = in_turn({t.name: partial(from_the_shell, t, task, trial.stem) for t in trial.trainers}, trial.rounds)
    return markdown(found)


def quality(trial: Trial, task: Task) -> str:
    """The judge's scores, mean and standard deviation over seeds."""
    rows = ["| | " + " | ".join(SCORES) + " |", "|---|" + "---:|" * len(SCORES)]
    for trainer in trial.trainers:
        found = [judged(trainer, replace(task, seed=1 + k), trial.stem, trial.judges) for k in range(trial.seeds)]
        columns = [[scores[name] for scores in found] for name in SCORES]
        figures = [f"{fmean(column):.4f} ± {stdev(column):.4f}" for column in columns]
        rows.append(f"| {trainer.name} | {' | '.join(figures)} |")
        print(f"  {trainer.name}: {figures}", file=sys.stderr, flush=True)
    return "\n".join(rows)


def judged(trainer: Trainer, task: Task, stem: str, judges: str) -> dict[str, float]:
    """Train, and score; each in a process of its own."""
    ran(trainer.train(task, stem))
    judge = Path(__file__).with_name("words_judge.py")
    return json.loads(ran([sys.executable, str(judge), stem + trainer.suffix, judges]).said)


PARTS: dict[str, tuple[str, Callable[[Trial, Task], str]]] = {
    "reading": ("Reading, thousand words a second", read),
    "speed": ("Training alone, thousand words a second", speed),
    "end-to-end": ("From the shell to vectors, seconds", end_to_end),
    "quality": ("Scores", quality),
}


def tables(parts: Sequence[str], costs: Sequence[str], trial: Trial, task: Task) -> None:
    """Run the parts, all but reading for each cost, and print Markdown."""
    for part in parts:
        what, table = PARTS[part]
        often = f"{trial.seeds} seeds" if part == "quality" else f"{trial.rounds} rounds"
        for cost in [None] if part == "reading" else costs:
            learned = f", {cost}, {DIM} dimensions, {task.epochs} epochs, rate {RATES[cost]}" if cost else ""
            print(f"\n{what}{learned}, threads: {task.threads}, {often}\n", flush=True)
            print(table(trial, replace(task, cost=cost or task.cost)), flush=True)


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", help="a text, a sentence a line; .gz, .bz2 and .xz are unpacked first")
    parser.add_argument("--part", nargs="+", choices=PARTS, help="default all, quality if there is --eval")
    parser.add_argument("--cost", nargs="+", choices=COSTS, default=list(COSTS), help="default both")
    parser.add_argument(
        "--eval", help="a folder with WS-353-ALL.tsv, SimLex999.tsv, MEN-TR-3k.tsv, questions-words.txt"
    )
    parser.add_argument("--peers", help="a folder with the commands fasttext and word2vec; default the path")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3, help="of quality; at least 2")
    parser.add_argument("--only", nargs="+", default=[""], help="names, or parts, of contenders")
    parser.add_argument("--quick", action="store_true", help="1 epoch, 2 rounds, 2 seeds: a trial")
    given = parser.parse_args()
    if given.part and "quality" in given.part and not given.eval:
        parser.error("--part quality needs --eval")
    if given.seeds < 2:
        parser.error("--seeds: a standard deviation needs 2")
    given.part = given.part or [p for p in PARTS if p != "quality" or given.eval]
    if given.quick:
        given.epochs, given.rounds, given.seeds = 1, 2, 2
    return given


def main() -> None:
    """Unpack, compare."""
    given = _given()
    os.environ.update(environment(given.threads))
    if cores := last_cores(given.threads):
        os.sched_setaffinity(0, cores)
    print(machine("rowspace", "gensim", "numba", "numpy"))
    some = [t for t in trainers(given.peers) if any(word in t.name for word in given.only)]
    with corpus.plain(given.corpus) as path, TemporaryDirectory() as folder:
        words = corpus.tokens(path)
        print(f"\n{Path(given.corpus).name}: {words:,} words", flush=True)
        trial = Trial(some, words, given.rounds, given.seeds, str(Path(folder) / "vectors"), given.eval)
        tables(given.part, given.cost, trial, Task(path, COSTS[0], given.epochs, given.threads))


if __name__ == "__main__":
    main()
