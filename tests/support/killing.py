"""Trainings that are killed with SIGKILL again and again, in processes forked from one that has its loops compiled.

`python -m tests.support.killing CASE [KILLS [SEED]]` runs a case until that many kills have hit it and it has come
to an end, and compares its bytes with those of a run that was left alone; `CASE` may be `all`. With `--calls N` it is
killed instead at every N-th single call that writes, flushes, renames or removes, one after the other.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import rowspace as rs
from rowspace import costs
from rowspace.checkpoint import arrays, store
from rowspace.recipes import words

ROWS, EXAMPLES, DIM = 12_000, 90_000, 8  # enough to be cut into blocks, with windows within an epoch
EPOCHS = 3
OFTEN = 0.003  # seconds from a checkpoint to the next
words.PIECE_TOKENS = 2**14  # several chunks in a small text


def columns(seed=0, examples=EXAMPLES):
    rng = np.random.default_rng(seed)
    i, j = (ROWS * rng.random((2, examples)) ** 3).astype(np.int32)  # frequent rows, and many repeats
    return {"i": i, "j": j, "label": (i % 7 == j % 7).astype(np.float32)}


class Stream:
    """Chunks of other pairs in every epoch."""

    def __init__(self, *lengths):
        self.lengths = lengths

    def at(self, epoch, chunk):
        for number, examples in enumerate(self.lengths[chunk:], chunk):
            yield columns([epoch, number], examples)


def again():
    """The same chunks in every epoch, read anew."""
    return iter([columns(1, 30_000), columns(2, 30_000)])


def pairs(update, *, data=None, **options):
    def train(threads, **checkpoint):
        E = rs.Table(ROWS, DIM, seed=0)
        trainer = rs.Trainer(costs.logistic_dot, {"E": E}, update)
        given = columns() if data is None else data
        history = trainer.fit(given, EPOCHS, threads=threads, progress=False, **options, **checkpoint)
        return [E.values, *trainer.states["E"]], [epoch.cost for epoch in history]

    return train


def sampled(schedule):
    def train(threads, **checkpoint):
        W, C = rs.Table(ROWS, DIM, seed=0), rs.Table(ROWS, DIM, seed=1)
        trainer = rs.Trainer(costs.skip_gram, {"W": W, "C": C}, rs.adagrad(rs.linear(0.1)))
        given = columns(examples=40_000)
        given = {"center": given["i"], "context": given["j"], "negatives": rs.Negatives(of=C, k=2, avoid="context")}
        history = trainer.fit(given, EPOCHS, threads=threads, schedule=schedule, progress=False, **checkpoint)
        return [W.values, C.values], [epoch.cost for epoch in history]

    return train


def text(cost, **options):
    def train(threads, **checkpoint):
        rng = np.random.default_rng(0)
        lines = [[f"w{n}" for n in (400 * rng.random(12) ** 2).astype(int)] for _ in range(8000)]
        with rs.read_text(lines, min_count=1) as found:
            made = {"dim": DIM, "epochs": EPOCHS, "threads": threads, "progress": False}
            made |= {} if cost == "glove" else {"sample": 1e-2}
            model = rs.train_text(found, cost=cost, **made, **options, **checkpoint)
        return [t.values for t in model.tables.values()], model.cost

    return train


def weighted(threads, **checkpoint):
    given = columns(examples=20_000)
    import pyarrow as pa

    table = pa.table({"a": given["i"].astype(str), "b": given["j"].astype(str), "n": given["i"] % 5 + 1.0})
    read = rs.read_pairs(table, left="a", right="b", weight="n")
    model = rs.train_pairs(read, DIM, EPOCHS, threads=threads, progress=False, **checkpoint)
    return [model.table.values], model.cost


falling = rs.linear(0.1)
CASES = {
    "sgd": pairs(rs.sgd(falling), shuffle=True),
    "momentum": pairs(rs.momentum(rs.linear(0.01)), shuffle=True),
    "adagrad": pairs(rs.adagrad(falling), shuffle=True),
    "rowwise_adagrad": pairs(rs.rowwise_adagrad(falling)),
    "lazy_adam": pairs(rs.lazy_adam(rs.linear(0.01))),
    "weight_decay": pairs(rs.weight_decay(rs.adagrad(falling), 0.01)),
    "clip_norm": pairs(rs.clip_norm(rs.sgd(falling), 0.1)),
    "exact": pairs(rs.exact(rs.momentum(rs.linear(0.01)))),
    "sequential": pairs(rs.adagrad(falling), schedule="sequential"),
    "batch": pairs(rs.adagrad(falling), batch=5000),
    "stream": pairs(rs.adagrad(falling), data=Stream(40_000, 41_000, 42_000)),
    "short_first": pairs(rs.adagrad(falling), data=Stream(9000, 20_000, 20_001)),  # decides how costs are added up
    "again": pairs(rs.adagrad(falling), data=again, shuffle=True),
    "negatives": sampled("blocks"),
    "negatives_in_order": sampled(None),
    "skip_gram": text("skip_gram"),
    "cbow": lambda threads, **checkpoint: text("cbow")(1, **checkpoint),  # more threads race
    "glove": text("glove"),
    "subwords": lambda threads, **checkpoint: text("skip_gram", max_n=4, buckets=500)(1, **checkpoint),
    "weighted": weighted,
}


def outcome(case, threads, folder=None, every=OFTEN):
    """What a training comes to, to the last bit: as a text."""
    checkpoint = {} if folder is None else {"checkpoint": folder, "every": every, "resume": folder.exists()}
    tables, cost = CASES[case](threads, **checkpoint)
    return json.dumps([[t.tobytes().hex() for t in tables], [float(c).hex() for c in cost]])


def child(case, threads, folder, answer, dies_at=None, every=OFTEN):
    """Train in a forked process, which may kill itself at a certain call; gives its process id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        if dies_at is not None:
            die_at_call(dies_at)
        answer.write_text(outcome(case, threads, folder, every))
        os._exit(0)
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(1)


def die_at_call(number):
    """Kill this process before its call `number` that changes the disk; a write is cut short first."""
    left = [number]

    def counted(do, cut=None):
        def call(*arguments, **named):
            left[0] -= 1
            if left[0] == 0:
                if cut is not None:
                    cut(*arguments)
                os.kill(os.getpid(), signal.SIGKILL)
            return do(*arguments, **named)

        return call

    half = arrays._write
    arrays._write = counted(half, cut=lambda stream, content, at: half(stream, content[: len(content) // 2], at))
    for name in ("rename", "fsync"):
        setattr(store.os, name, counted(getattr(os, name)))
    store.shutil.rmtree = counted(shutil.rmtree)


def kill_at_random(case, kills, seed=0):
    """Kill a training at random moments; gives how many kills hit it, and how many runs came to an end."""
    rng, expected = random.Random(seed), outcome(case, 2)
    length, hits, ends = seconds(case), 0, 0
    while hits < kills:
        with tempfile.TemporaryDirectory() as parent:
            folder, answer = Path(parent) / "checkpoints", Path(parent) / "answer"
            while True:
                pid = child(case, rng.choice([1, 2, 3]), folder, answer)
                status = ended(pid, rng.uniform(0, length) if hits < kills else None)
                if not os.WIFSIGNALED(status):
                    break
                hits += 1
            check(case, status, answer, folder, expected)
            ends += 1
    return hits, ends


def seconds(case):
    """How long a training takes with a checkpoint after every window."""
    with tempfile.TemporaryDirectory() as parent:
        begun = time.perf_counter()
        outcome(case, 2, Path(parent) / "checkpoints")
        return time.perf_counter() - begun


def ended(pid, after):
    """Kill a process after so many seconds, None for never; gives how it ended."""
    until = time.perf_counter() + (float("inf") if after is None else after)
    while time.perf_counter() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        time.sleep(0.0005)
    os.kill(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]


def kill_at_every_call(case, threads=2, step=1):
    """Kill a training before its first call that changes the disk, or one `step` further; gives kills and calls."""
    expected, number, kills = outcome(case, threads), step, 0
    every = 0  # after every window, whatever the clock says: the same calls each time
    while True:
        with tempfile.TemporaryDirectory() as parent:
            folder, answer = Path(parent) / "checkpoints", Path(parent) / "answer"
            _, status = os.waitpid(child(case, threads, folder, answer, number, every), 0)
            if not os.WIFSIGNALED(status):
                check(case, status, answer, folder, expected)
                return kills, number
            kills += 1
            _, status = os.waitpid(child(case, 3 - threads, folder, answer, every=every), 0)
            check(case, status, answer, folder, expected)
        number += step


def check(case, status, answer, folder, expected):
    assert os.WIFEXITED(status), f"{case}: died of signal {os.WTERMSIG(status)}"
    assert os.WEXITSTATUS(status) == 0, f"{case}: it failed"
    assert answer.read_text() == expected, f"{case}: other bytes or costs than those of a run left alone"
    left = sorted(path.name for path in folder.iterdir())
    assert len([name for name in left if name != ".lock"]) <= 2, f"{case}: more than two checkpoints: {left}"
    assert ".next" not in left, f"{case}: half a checkpoint is left"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", choices=[*CASES, "all"], nargs="?")
    parser.add_argument("kills", nargs="?", type=int, default=20)
    parser.add_argument("seed", nargs="?", type=int, default=0)
    parser.add_argument("--calls", type=int, help="kill at every so many-th call instead")
    parser.add_argument("--list", action="store_true", help="only list the cases")
    given = parser.parse_args()
    if given.list or given.case is None:
        print(*CASES, sep="\n")
        sys.exit()
    for name in CASES if given.case == "all" else [given.case]:
        begun = time.perf_counter()
        if given.calls:
            told = "killed at {} of {} calls".format(*kill_at_every_call(name, step=given.calls))
        else:
            hit, trainings = kill_at_random(name, given.kills, given.seed)
            told = f"{hit} kills, {trainings} trainings"
        print(f"{name}: {told}, the same bytes, {time.perf_counter() - begun:.1f} s", flush=True)
