"""Trainers of word vectors really train, by the commands that are timed; and what is said about them is right."""

import gzip
import json
import sys
from dataclasses import replace
from pathlib import Path

import corpus
import numpy as np
import own_process
import pytest
import words
import words_judge
import words_peers
from side_by_side import in_turn, markdown
from words_peers import Spent, Trainer
from words_task import COSTS, DIM, Task

TRAINERS = {trainer.name: trainer for trainer in words_peers.trainers(None)}
NAMES = ("rowspace", "gensim", "word2vec.c", "fastText")


@pytest.fixture
def task(tmp_path: Path) -> Task:
    """4,000 sentences; words of one topic stand together, and each occurs often enough."""
    rng = np.random.default_rng(0)
    lines = (" ".join(f"{'ab'[k % 2]}{n}" for n in rng.integers(0, 30, 12)) for k in range(4000))
    path = tmp_path / "topics.txt"
    path.write_text("\n".join(lines) + "\nrare\n")
    return Task(str(path), "skip_gram", epochs=2, threads=2)


def trainer(name: str) -> Trainer:
    if name not in TRAINERS:
        pytest.skip(f"{name} is not installed")
    if name == "rowspace" and not hasattr(__import__("rowspace"), "train_text"):
        pytest.skip("rowspace does not train texts yet")
    return TRAINERS[name]


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("name", NAMES)
def test_topics_are_learned(name: str, cost: str, task: Task, tmp_path: Path) -> None:
    """All words that are not rare have vectors, and a topic's are near to each other."""
    models = pytest.importorskip("gensim.models")
    who, task = trainer(name), replace(task, cost=cost)
    spent = words_peers.training(who, task, str(tmp_path / "vectors"))
    vectors = tmp_path / f"vectors{who.suffix}"
    known = models.KeyedVectors.load_word2vec_format(vectors, binary=who.suffix != ".vec")
    assert known.vectors.shape == (60 + ("</s>" in known), DIM)
    within, across = known.n_similarity(["a1", "a2"], ["a3", "a4"]), known.n_similarity(["a1", "a2"], ["b3", "b4"])
    assert within > across + 0.1
    assert spent.peak >= spent.peak_before >= 0


@pytest.mark.parametrize("name", NAMES)
def test_from_the_shell(name: str, task: Task, tmp_path: Path) -> None:
    spent = words_peers.from_the_shell(trainer(name), task, str(tmp_path / "shell"))
    assert spent.seconds > 0
    assert list(tmp_path.glob("shell*"))


@pytest.mark.parametrize("name", ["rowspace", "gensim"])
def test_reading(name: str, task: Task) -> None:
    spent = words_peers.reading(trainer(name), task)
    assert spent.peak >= spent.peak_before > 0
    assert spent.seconds > 0


def test_all_start_from_one_rate_and_read_the_same_words() -> None:
    task = Task("text", "cbow", 3, 2)
    for name in ("word2vec.c", "fastText"):
        if name in TRAINERS:
            command = " ".join(TRAINERS[name].train(task, "out"))
            assert all(part in command for part in ("text", "cbow", "out", " 0.05", " 100", "0.001"))
    assert " ".join(TRAINERS["rowspace"].shell(task, "out")).endswith("--rate 0.05")


def test_packed_and_plain_have_the_same_words(tmp_path: Path) -> None:
    text = "one  two\nthree\n\n four" * 3
    packed, flat = tmp_path / "text.txt.gz", tmp_path / "text.txt"
    packed.write_bytes(gzip.compress(text.encode()))
    flat.write_text(text)
    with corpus.plain(str(packed)) as path:
        assert Path(path).read_text() == text
        assert corpus.tokens(path) == corpus.tokens(str(flat)) == len(text.split())
    assert not Path(path).exists()


def test_words_across_blocks_count_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "text.txt"
    path.write_text(" one two  three\nfour ")
    for size in range(1, 9):
        monkeypatch.setattr(corpus, "_BLOCK", size)
        assert corpus.tokens(str(path)) == 4


def test_a_process_has_its_own_time_and_memory() -> None:
    run = own_process.ran([sys.executable, "-c", "x = bytearray(200_000_000); print('said')"])
    assert run.said == "said\n"
    assert 200e6 < run.peak < 400e6
    assert run.busy > 0


def test_a_process_that_fails_says_why() -> None:
    with pytest.raises(SystemExit, match="exit status 3\nthe reason"):
        own_process.ran([sys.executable, "-c", "import sys; print('the reason', file=sys.stderr); sys.exit(3)"])


def test_the_table_has_work_a_second_and_leads() -> None:
    found = in_turn({"a": lambda: Spent(2.0, 3.0, 10**7, 5 * 10**6), "b": lambda: Spent(5.0, 5.0, 2 * 10**7)}, 3)
    assert markdown(found, 1000.0).splitlines() == [
        "| | median | min - max | cores busy | peak MB | MB before | a is faster by |",
        "|---|---:|---:|---:|---:|---:|---:|",
        "| a | 500 | 500 - 500 | 1.50 | 10 | 5 | 1 x |",
        "| b | 200 | 200 - 200 | 1.00 | 20 | | 2.5 x |",
    ]
    assert markdown({"b": found["b"]}).splitlines()[0] == (
        "| | median | min - max | cores busy | peak MB | b is faster by |"
    )


def test_scores_of_vectors_that_are_right(tmp_path: Path) -> None:
    """Pairs in the order of their cosines, and an analogy that is a parallelogram."""
    pytest.importorskip("gensim")
    vectors = {"man": (1, 0, 0), "woman": (1, 1, 0), "king": (1, 0, 1), "queen": (1, 1, 1), "far": (-1, 0, 0.1)}
    rows = [" ".join([word, *map(str, row)]) for word, row in vectors.items()]
    (tmp_path / "words.vec").write_text("\n".join(["5 3", *rows]) + "\n")
    for file in words_judge.PAIRS.values():
        (tmp_path / file).write_text("queen\twoman\t9\nman\twoman\t8\nking\tfar\t1\nman\tunknown\t5\n")
    (tmp_path / words_judge.ANALOGIES["analogies"]).write_text(": royal\nman woman king queen\n")
    found = words_judge.scores(str(tmp_path / "words.vec"), str(tmp_path))
    assert found == {name: pytest.approx(1) for name in words_judge.SCORES}
    json.dumps(found)


def test_quality_is_the_mean_over_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "judged", lambda trainer, task, *_: dict.fromkeys(words_judge.SCORES, task.seed / 10))
    some = Trainer("a", lambda *_: [], lambda *_: [])
    last = words.quality(words.Trial([some], 1, 1, 3, "", ""), Task("", "cbow", 1, 1)).splitlines()[-1]
    assert last == "| a | " + " | ".join(["0.2000 ± 0.1000"] * 4) + " |"
