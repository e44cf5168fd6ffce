"""Options that have no effect beside the others are refused, in the library and on the command line."""

import numpy as np
import pytest

import rowspace as rs
from rowspace.errors import DataError
from tests.support.commands import fails, works

PAIRS = {"a": ["cat", "car", "cat"], "b": ["kitten", "truck", "car"]}
SENTENCES = [["the", "cat", "sat"]] * 5


def fit(**options):
    trainer = rs.Trainer(lambda E, i: (E[i] ** 2).sum(), {"E": rs.Table(3, 2, seed=0)}, rs.sgd(0.1))
    return trainer.fit({"i": [0, 1, 2]}, progress=False, **options)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"every": "10 s"}, "every is for checkpoints; give checkpoint too"),
        ({"blocks": 4, "schedule": "sequential"}, "blocks is for the schedule 'blocks'; leave it out, or schedule"),
        ({"blocks": 4, "schedule": "hogwild"}, "blocks is for the schedule 'blocks'; leave it out, or schedule"),
    ],
)
def test_of_fit(options, told):
    with pytest.raises(DataError, match=told):
        fit(**options)


def test_memory_may_be_given_whatever_the_tables():
    assert len(fit(memory="1 GB")) == 1


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"every": 10}, "every is for checkpoints; give checkpoint too"),
        ({"memory": 10**9}, "memory is for tables on disk; give table_on_disk too"),
    ],
)
def test_of_any_training(options, told):
    with pytest.raises(DataError, match=told):
        rs.train_pairs(PAIRS, 2, 1, **options)
    with pytest.raises(DataError, match=told):
        rs.train_text(SENTENCES, 2, 1, **options)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"min_n": 4}, "min_n is for subwords; give max_n too"),
        ({"buckets": 10}, "buckets is for subwords; give max_n too"),
        ({"cost": "glove", "negative": 3}, "negative is for skip_gram and cbow; leave it out with glove"),
        ({"cost": "glove", "ns_exponent": 0.5}, "ns_exponent is for skip_gram and cbow; leave it out with glove"),
        ({"cost": "glove", "sample": 1e-4}, "sample is for skip_gram and cbow; leave it out with glove"),
        ({"negative": np.array([5, 5])}, "negative is array"),
    ],
)
def test_of_texts(options, told):
    with pytest.raises(DataError, match=told):
        rs.train_text(SENTENCES, 2, 1, **options)


@pytest.mark.parametrize("options", [{"tokens": "words"}, {"tokens": str.split}, {"errors": "replace"}])
def test_of_lists_of_words(options):
    with pytest.raises(DataError, match=f"{next(iter(options))} is for text that is to be split"):
        rs.read_text(SENTENCES, min_count=1, **options)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--every", "5 min"], "--every is for checkpoints; give --checkpoint too"),
        (["--memory", "1 GB"], "--memory is for tables on disk; give --table-on-disk too"),
        (["--min-n", "3"], "--min-n is for subwords; give --max-n too, such as 6"),
        (["--buckets", "2000000"], "--buckets is for subwords; give --max-n too, such as 6"),
        (["--cost", "glove", "--negative", "5"], "--negative is for skip_gram and cbow; leave it out with glove"),
        (["--cost", "glove", "--sample", "0.001"], "--sample is for skip_gram and cbow; leave it out with glove"),
    ],
)
def test_what_is_given_on_the_command_line_is_refused_be_it_the_default(tmp_path, options, told):
    (tmp_path / "t.txt").write_text("the cat sat\n" * 9)
    assert fails("train", "text", tmp_path / "t.txt", "-o", tmp_path / "m", *options) == told
    assert [path.name for path in tmp_path.iterdir()] == ["t.txt"]


def test_of_pairs_on_the_command_line(tmp_path):
    (tmp_path / "p.csv").write_text("a,b\ncat,kitten\ncar,truck\ncat,car\n")
    train = ["train", "pairs", tmp_path / "p.csv", "-o", tmp_path / "m", "--epochs", "1", "--dim", "2"]
    assert "--every is for checkpoints" in fails(*train, "--every", "5 min")
    assert works(*train, "--threads", "2").stderr == ""


def test_more_files_without_a_first(tmp_path):
    rs.Model({"E": rs.Table(names=["a", "b"], dim=2)}).save(tmp_path / "m")
    told = "more.tsv is one more file for --similarity; give --similarity FILE before it"
    assert told in fails("evaluate", tmp_path / "m", "more.tsv", "--analogies", "questions.txt")
