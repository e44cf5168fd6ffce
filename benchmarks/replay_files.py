"""Files, commands and errors for `replay.py`: what is saved and exported, what is printed, and what is refused how."""

import gzip
import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from replay_trainings import mark

import rowspace as rs
from rowspace.cli import main

WORDS = [f"w{n}" for n in range(30)]
FILES = "vectors.txt vectors.txt.gz vectors.bin vectors.vec vectors.npy vectors.parquet".split()
Cases = Iterator[tuple[str, Callable[[], str]]]


def cases() -> Cases:
    """A name for each answer, and what gives it."""
    yield from saved()
    yield from printed()
    yield from refused()


def contents(path: Path) -> str:
    """The checksums of a file, or of all files of a folder; `model.json` as it stands, as it has the costs."""
    found = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    return "\n".join(p.read_text() if p.name == "model.json" else f"{p} {mark(p.read_bytes())}" for p in found)


def a_model() -> rs.Model:
    table = rs.Table(names=WORDS, dim=6, seed=0, counts=np.arange(30, 0, -1))
    return rs.Model({"E": table, "c": rs.Table(30, 1, seed=1)}, {"cost": "l1_dot", "epochs": 2}, [0.5, 0.25])


def saved() -> Cases:
    """Models, exported files, and what is read back of them."""

    def model() -> str:
        a_model().save("model")
        opened = rs.open("model", check=True)
        return f"{contents(Path('model'))}\n{opened!r}\n{opened.most_similar('w3', topn=3)}"

    def exported(file: str) -> str:
        rs.export(a_model().table, file)
        packed, read = file.endswith(".gz"), rs.import_(file)
        told = mark(gzip.decompress(Path(file).read_bytes())) if packed else contents(Path(file))
        return f"{told}\n{mark(read.values)} {read.names}"

    def projected() -> str:
        rs.export(a_model().table, "projected")
        return contents(Path("projected"))

    def glove() -> str:
        Path("glove.txt").write_text("".join(f"{w} {n} {n / 7:.4f} -1e-3\n" for n, w in enumerate(WORDS)))
        read = rs.import_("glove.txt")
        return f"{mark(read.values)} {read.names}"

    yield "saved model", model
    yield from ((f"exported {file}", partial(exported, file)) for file in FILES)
    yield "exported to the projector", projected
    yield "imported glove.txt", glove


def command(*words: str) -> str:
    """What a command prints and how it ends."""
    out, errors = io.BytesIO(), io.BytesIO()
    streams = [io.TextIOWrapper(stream, encoding="utf-8", write_through=True) for stream in (out, errors)]
    before, sys.argv, status = sys.argv, ["rowspace", *words], 0
    try:
        with redirect_stdout(streams[0]), redirect_stderr(streams[1]):
            main()
    except SystemExit as end:
        status = int(end.code or 0)
    finally:
        sys.argv = before
    return "\n".join([f"status {status}", *(stream.getvalue().decode() for stream in (out, errors))])


def printed() -> Cases:
    """Commands and what they print."""
    rng = np.random.default_rng(0)
    pairs = rng.integers(0, 30, (400, 2)).tolist()
    rows = [f"{WORDS[i]},{WORDS[j]},{int(i % 3 == j % 3)},{1 + i % 4}" for i, j in pairs]
    Path("pairs.csv").write_text("\n".join(["left,right,same,n", *rows, ""]))
    lines = (" ".join(WORDS[int(30 * u * u)] for u in rng.random(8)) for _ in range(300))
    Path("text.txt").write_text("\n".join(lines) + "\n")
    Path("judged.tsv").write_text("".join(f"{WORDS[i]}\t{WORDS[j]}\t{(i + j) % 10}\n" for i, j in pairs[:40]))
    Path("questions.txt").write_text(": kinds\nw1 w2 w3 w4\nw5 w6 w7 w8\n: others\nw9 w8 w7 w6\nw1 nobody w3 w4\n")
    train = "--dim 6 --epochs 3 --threads 1".split()

    def trained(out: str, *words: str) -> str:
        told = command("train", *words, "-o", out, *train)
        return f"{told}\n{contents(Path(out))}"

    yield "train pairs", partial(trained, "pairs", "pairs", "pairs.csv", "--label", "same", "--weight", "n")
    yield "train pairs without labels", partial(trained, "plain", "pairs", "pairs.csv", "--trace", "trace.tsv")
    yield "its trace", lambda: contents(Path("trace.tsv"))
    yield "train text", partial(trained, "words", "text", "text.txt", "--min-count", "2", "--sample", "0")
    yield "train text, glove", partial(trained, "glove", "text", "text.txt", "--min-count", "2", "--cost", "glove")
    for words in (
        "neighbors pairs w1 w2 -n 4",
        "neighbors words w1 --json",
        "neighbors vectors.txt w4 -n 2",
        "analogy words w1 w2 w3 -n 3",
        "analogy pairs w1 w2 w3 -n 3 --json",
        "evaluate words --similarity judged.tsv --analogies questions.txt",
        "evaluate words --similarity judged.tsv --analogies questions.txt --json --count-unknown",
        "info pairs",
        "info words --json",
        "check words pairs",
        "export words exported.vec",
        "import exported.vec -o imported --limit 5",
        "info imported",
        "--version",
        # wrong calls
        "neighbors nowhere w1",
        "neighbors words nobody",
        "neighbors words w1 -n -1",
        "analogy words w1 w2 nobody",
        "evaluate words",
        "evaluate words --similarity questions.txt",
        "evaluate words --analogies judged.tsv",
        "info judged.tsv",
        "check nowhere",
        "export words exported.xyz",
        "export words exported.npy --table Z",
        "import nowhere.txt -o imported",
        "import pairs.csv -o imported",
        "train pairs nowhere.csv -o new",
        "train pairs pairs.csv -o new --label nothing",
        "train pairs pairs.csv -o new --epochs 0",
        "train pairs pairs.csv -o new --cost squared",
        "train pairs pairs.csv -o new --every 5",
        "train pairs pairs.csv -o judged.tsv",
        "train text text.txt -o new --cost cosine",
        "train text text.txt -o new --min-count 1000",
        "train text text.txt -o new --cost glove --negative 3",
        "train text text.txt -o new --from pairs",
        "train pairs --colour",
    ):
        yield f"rowspace {words}", partial(command, *words.split())


def refused() -> Cases:
    """Wrong calls, and the errors they raise."""
    named = rs.Table(names=["a", "b", "c"], dim=2, seed=0)
    dot = lambda E, i, j: E[i] @ E[j]
    fit = lambda data, **options: rs.Trainer(dot, {"E": named}, rs.sgd(0.01)).fit(data, **options)
    good = {"i": [0, 1], "j": [1, 2]}
    pairs = {"a": ["x", "y"], "b": ["y", "z"], "l": [0.0, 7.0]}
    calls: dict[str, Callable[[], Any]] = {
        "no such id": lambda: named[7],
        "no such name": lambda: named["d"],
        "a name twice": lambda: rs.Table(names=["a", "a"], dim=2),
        "no rows": lambda: rs.Table(0, 2),
        "counts": lambda: rs.Table(3, 2, counts=[1, 2]),
        "ids out of range": lambda: fit({"i": [0, 3], "j": [1, 1]}),
        "names not known": lambda: fit({"i": ["a", "q"], "j": ["b", "c"]}),
        "no column": lambda: fit({"i": [0]}),
        "lengths": lambda: fit({"i": [0, 1], "j": [1]}),
        "no data": lambda: fit(5),
        "ids with a fraction": lambda: fit({"i": [0.5, 1], "j": [1, 1]}),
        "epochs": lambda: fit(good, epochs=-1),
        "schedule": lambda: fit(good, schedule="random"),
        "threads": lambda: fit(good, threads=0),
        "batch and schedule": lambda: fit(good, batch=2, schedule="blocks"),
        "every without checkpoint": lambda: fit(good, every=5),
        "memory": lambda: fit(good, memory="much"),
        "resume": lambda: fit(good, resume=True),
        "no checkpoint": lambda: rs.Trainer(dot, {"E": named}).resume("nowhere", good),
        "callbacks": lambda: fit(good, callbacks=5),
        "no cost": lambda: rs.Trainer(lambda E, i: E[i], {"E": named}).fit({"i": [0]}),
        "a cost that fails": lambda: rs.Trainer(lambda E, i: abs("x"), {"E": named}).fit({"i": [0]}),
        "no table": lambda: rs.Trainer(dot, {"F": named}).fit(good),
        "an update for no table": lambda: rs.Trainer(dot, {"E": named}, {"F": rs.sgd()}),
        "a rate": lambda: rs.sgd(-1),
        "decay": lambda: rs.momentum(0.1, decay=1),
        "clip": lambda: rs.clip_norm(rs.sgd(), 0),
        "no update": lambda: rs.exact(5),
        "negatives": lambda: rs.Negatives(of=named, k=0),
        "their counts": lambda: rs.Negatives(of=named, counts=[0, 0, 0]),
        "gathered": lambda: rs.Gathered([1, 2], by="i", most=0),
        "labels out of range": lambda: rs.train_pairs(rs.read_pairs(pairs, label="l"), 2, 1),
        "a cost for pairs": lambda: rs.train_pairs(rs.read_pairs(pairs, left="a", right="b"), 2, 1, cost="l1_dot"),
        "a column of pairs": lambda: rs.read_pairs(pairs, left="q"),
        "no text": lambda: rs.read_text(5),
        "a text of rare words": lambda: rs.read_text([["a", "b"]], min_count=5),
        "no model": lambda: rs.open("nowhere"),
        "a format": lambda: rs.export(named, "vectors.xyz"),
        "a file of nothing": lambda: rs.import_("judged.tsv", "word2vec"),
        "a trace of nothing": lambda: rs.read_trace("judged.tsv"),
        "a trace": lambda: rs.Trace("trace.txt"),
        "no gradient": lambda: rs.gradient(dot, {"E": named}, {"i": 0}),
        "widths": lambda: rs.Trainer(rs.costs.transe, {"E": named, "R": rs.Table(2, 3)}).compile(
            {"head": [0], "relation": [0], "tail": [0], "negatives": [[0, 1]]}
        ),
    }
    for name, call in calls.items():
        yield f"refused: {name}", partial(error_of, call)


def error_of(call: Callable[[], Any]) -> str:
    """The error of a call, of whatever kind."""
    try:
        return f"it was not refused: {json.dumps(repr(call()))}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
