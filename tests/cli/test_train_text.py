"""`rowspace train text`, from the shell's side."""

import gzip
import json

import numpy as np
import pytest

import rowspace as rs
from rowspace.errors import NoExamples
from tests.support.commands import fails, shell, works

LINES = ["the cat sat on the mat", "the dog sat on the rug", "a cat and a dog ran home"] * 20
QUICK = ["--dim", "8", "--epochs", "2", "--no-progress", "--sample", "0"]


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(LINES) + "\n")
    return path


def test_text_in_vectors_out(corpus, tmp_path):
    said = works("train", "text", corpus, "-o", tmp_path / "words", *QUICK).stdout
    assert "380 words, 11 of 11 different ones kept" in said
    assert "epoch 2: cost" in said
    model = rs.open(tmp_path / "words")
    assert (len(model), model.vector_size, len(model.cost)) == (11, 8, 2)
    assert model.index_to_key[0] == "the"
    assert [p.name for p in tmp_path.iterdir() if "ids" in p.name] == []  # what was between is gone


def test_the_summary_for_programs(corpus, tmp_path):
    summary = json.loads(works("train", "text", corpus, "-o", tmp_path / "words", "--json", *QUICK).stdout)
    assert (summary["words"], summary["tokens"], summary["cost"], len(summary["costs"])) == (11, 380, "skip_gram", 2)


def test_a_training_that_had_ended_has_no_speed(corpus, tmp_path):
    words = ["train", "text", corpus, "-o", tmp_path / "words", *QUICK]
    assert "words/s in training" in works(*words, "--checkpoint", tmp_path / "saved").stdout
    again = works(*words, "--resume", tmp_path / "saved")
    assert "that training had come to its end" in again.stderr
    assert "words/s" not in again.stdout


def refused(constant):
    raise ValueError(f"{constant} is not JSON")


def test_epochs_in_which_no_word_was_kept(tmp_path):
    (tmp_path / "tiny.txt").write_text("a b c\n" * 20)
    command = ["train", "text", tmp_path / "tiny.txt", "-o", tmp_path / "m", "--dim", "8", "--min-count", "1"]
    said = shell(*command, "--epochs", "4", "--threads", "1")
    assert said.returncode == 0
    assert "epoch 1: no examples" in said.stdout
    assert "nan" not in said.stdout + said.stderr
    assert "3 of 4 epochs met no example: the text is too small for a sample of 0.001" in said.stderr
    assert "none: no examples in the last of 4 epochs" in works("info", tmp_path / "m").stdout
    told = json.loads(works("info", tmp_path / "m", "--json").stdout, parse_constant=refused)
    assert told["final_cost"] is None
    with pytest.warns(NoExamples):
        summary = works(*command, "--epochs", "4", "--json").stdout
    told = json.loads(summary, parse_constant=refused)
    assert told["costs"][0] is None
    assert told["costs"][1] > 0


@pytest.mark.parametrize(
    "options", [["--cost", "cbow"], ["--cost", "glove"], ["--max-n", "4", "--min-n", "3", "--buckets", "50"]]
)
def test_other_costs(corpus, tmp_path, options):
    works("train", "text", corpus, "-o", tmp_path / "words", *QUICK, "--threads", "1", *options)
    assert rs.open(tmp_path / "words").vector_size == 8


def test_going_on_with_new_words(corpus, tmp_path):
    words, more = tmp_path / "words", tmp_path / "more.txt.gz"
    works("train", "text", corpus, "-o", words, *QUICK)
    more.write_bytes(gzip.compress(b"the owl sat on the roof\n" * 9))
    told = works(
        "train",
        "text",
        more,
        "--from",
        words,
        "-o",
        tmp_path / "words2",
        "--epochs",
        "1",
        "--no-progress",
        "--sample",
        "0",
    )
    before, after = rs.open(words), rs.open(tmp_path / "words2")
    assert f"5 different ones, 2 new beside the {len(before)} of the model" in told.stdout
    assert after.index_to_key[: len(before)] == before.index_to_key
    assert {"owl", "roof"} <= set(after.index_to_key)
    assert (after["dog"] == before["dog"]).all()  # it does not occur in the new text, and is no center
    assert after.cost[:2] == before.cost


def test_raw_text_in_lower_case_from_standard_input(tmp_path):
    options = ["-o", tmp_path / "w", *QUICK, "--lower", "--tokens", "words"]
    done = shell("train", "text", "-", *options, input="Cat, dog. CAT!\n" * 9)
    assert done.returncode == 0, done.stderr
    assert rs.open(tmp_path / "w").index_to_key == ["cat", "dog"]


def test_a_column_of_a_table(tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text("stars,review\n" + "5,good and cheap\n" * 9)
    works("train", "text", path, "-o", tmp_path / "w", *QUICK, "--column", "review")
    assert set(rs.open(tmp_path / "w").index_to_key) == {"good", "and", "cheap"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--cost", "foo"], "cost 'foo' is not one for texts; it can be skip_gram, cbow, glove"),
        (["--dim", "0"], "dim is 0"),
        (["--window", "0"], "window is 0"),
        (["--epochs", "0"], "--epochs is 0"),
        (["--sample", "-1"], "sample is -1.0"),
        (["--min-count", "1000"], "no word occurs 1000 times"),
        (["--threads", "0"], "threads is 0"),
        (["--cost", "glove", "--max-n", "3"], "glove has no subwords"),
        (["--min-n", "4", "--max-n", "3"], "min_n"),
        (["--from", "nowhere"], "is not a model"),
    ],
)
def test_one_clear_line_before_anything_is_made(corpus, tmp_path, options, said):
    assert said in fails("train", "text", corpus, "-o", tmp_path / "words", *options)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["corpus.txt"]


def test_bytes_that_are_not_text(tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes(b"caf\xe9 noir\n" * 9)
    assert "byte 3" in fails("train", "text", path, "-o", tmp_path / "words")
    works("train", "text", path, "-o", tmp_path / "words", "--errors", "replace", *QUICK)


def test_a_training_ends_early(tmp_path):
    rng = np.random.default_rng(0)
    lines = [" ".join(rng.choice(list("abcdefgh"), 6)) for _ in range(100)]  # nothing to learn but by heart
    (tmp_path / "t.txt").write_text("\n".join(lines))
    train = ["train", "text", tmp_path / "t.txt", "-o", tmp_path / "m", "--dim", "8", "--rate", "0.3", "--hold-out"]
    train += ["0.3", "--patience", "2", "--epochs", "100", "--sample", "0", "--threads", "1", "--json"]
    result = works(*train)
    summary, model = json.loads(result.stdout), rs.open(tmp_path / "m")
    assert summary["epochs"] < 100
    assert summary["held_out"] == 30
    assert summary["held_out_costs"] == model.held_out
    assert summary["held_out_cost"] == min(model.held_out)
    kept = model.trained_with["kept_epoch"]
    assert model.held_out[kept - 1] == min(model.held_out)
    assert f"epoch {kept} of {summary['epochs']} has the lowest cost of what was held out" in result.stderr
    result = works(*train, "--checkpoint", tmp_path / "c")
    assert "the vectors are those of the last, as always with checkpoints" in result.stderr
    assert json.loads(result.stdout)["held_out_cost"] == rs.open(tmp_path / "m").held_out[-1] > min(model.held_out)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--hold-out", "0"], "--hold-out is 0; give a share of the sentences above 0 and below 1"),
        (["--hold-out", "nan"], "--hold-out is nan; give a share of the sentences above 0 and below 1"),
        (["--patience", "2"], "--patience looks at the cost of what is held out; give --hold-out too"),
        (["--hold-out", "0.5", "--patience", "0"], "--patience is 0; give a number of epochs of at least 1"),
        (["--hold-out", "0.5", "--cost", "glove"], "--hold-out is for skip_gram and cbow; leave it out with glove"),
    ],
)
def test_bad_shares_and_patience_are_refused(options, told, tmp_path):
    assert told in fails("train", "text", tmp_path / "none.txt", "-o", tmp_path / "m", *options)
