"""`--table-on-disk` and `--memory`: the models of memory, and nothing left beside them."""

import json
import os

import numpy as np
import pytest

import rowspace as rs
import rowspace.cli.options
from tests.support.commands import call, works

TEXT = "the cat sat on the mat and the dog sat on the rug\n" * 30


@pytest.fixture
def pairs(tmp_path):
    rng = np.random.default_rng(0)
    left, right = rng.integers(0, 200, (2, 2000))
    lines = [f"a{i},a{j},{int(i % 5 == j % 5)}" for i, j in zip(left, right, strict=True)]
    path = tmp_path / "pairs.csv"
    path.write_text("left,right,same\n" + "\n".join(lines) + "\n")
    return path


def alike(one, other):
    """Whether two saved models have the same tables."""
    one, other = rs.open(one), rs.open(other)
    return all(
        one.tables[t].values.tobytes() == other.tables[t].values.tobytes() for t in {**one.tables, **other.tables}
    )


@pytest.mark.parametrize("label", [["--label", "same"], []])
def test_pairs_are_trained_on_disk_as_in_memory(tmp_path, pairs, label):
    options = [pairs, *label, "--dim", 8, "--epochs", 2, "--threads", 1]
    works("train", "pairs", *options, "-o", tmp_path / "memory")
    works("train", "pairs", *options, "-o", tmp_path / "disk", "--table-on-disk", "--memory", "1 GB")
    assert alike(tmp_path / "memory", tmp_path / "disk")
    assert sorted(n for n in os.listdir(tmp_path) if "tables" in n) == []


SUBWORDS = ["--max-n", 4, "--buckets", 500]


@pytest.mark.parametrize("cost", [["--cost", "skip_gram"], ["--cost", "cbow"], ["--cost", "glove"], SUBWORDS])
def test_texts_are_trained_on_disk_as_in_memory(tmp_path, cost):
    (tmp_path / "text.txt").write_text(TEXT)
    options = [tmp_path / "text.txt", *cost, "--dim", 8, "--epochs", 2, "--threads", 1]
    works("train", "text", *options, "-o", tmp_path / "memory")
    works("train", "text", *options, "-o", tmp_path / "disk", "--table-on-disk")
    assert alike(tmp_path / "memory", tmp_path / "disk")
    assert sorted(n for n in os.listdir(tmp_path) if "tables" in n) == []
    works("train", "text", *options, "-o", tmp_path / "on", "--from", tmp_path / "memory")
    works("train", "text", *options, "-o", tmp_path / "on-disk", "--from", tmp_path / "disk", "--table-on-disk")
    assert alike(tmp_path / "on", tmp_path / "on-disk")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--memory", "2 GB"], "rowspace: --memory is for tables on disk; give --table-on-disk too"),
        (["--table-on-disk", "--memory", "lots"], "rowspace: --memory is 'lots'; give bytes, or a text such as '2 GB'"),
        (["--dim", 0, "--table-on-disk"], "rowspace: --dim is 0; give a whole number of at least 1"),
        (["--dim", 10**9, "--table-on-disk"], "rowspace: cannot write"),
        (["--dim", 10**18, "--table-on-disk"], "File too large"),
        (["--dim", 10**9], "GB are free; take fewer columns, or keep the table on disk"),
    ],
)
def test_errors_are_one_line_and_leave_nothing(tmp_path, pairs, options, message):
    result = call("train", "pairs", pairs, "-o", tmp_path / "model", "--epochs", 1, *options)
    assert result.exit_code == 1
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "model").exists()
    assert sorted(n for n in os.listdir(tmp_path) if "tables" in n) == []


def test_the_summary_is_the_same(tmp_path, pairs):
    options = [pairs, "--label", "same", "--dim", 8, "--epochs", 1, "--json"]
    there = json.loads(works("train", "pairs", *options, "-o", tmp_path / "model", "--table-on-disk").stdout)
    here = json.loads(works("train", "pairs", *options, "-o", tmp_path / "model").stdout)
    assert {**there, "seconds": 0} == {**here, "seconds": 0}


@pytest.mark.parametrize("kind", ["pairs", "text"])
def test_tables_on_disk_are_gone_on_with(tmp_path, pairs, kind, monkeypatch):
    """A command that was stopped, and the same one with --resume."""
    (tmp_path / "text.txt").write_text(TEXT)
    source = [pairs, "--label", "same"] if kind == "pairs" else [tmp_path / "text.txt", "--cost", "glove"]
    command = ["train", kind, *source, "--dim", 8, "--epochs", 3, "--table-on-disk"]
    works(*command, "-o", tmp_path / "whole")
    stopped = []

    class Stops(rs.cli.options.Resumed):
        def on_epoch_end(self, trainer):
            stopped.append(trainer)
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"rowspace.cli.train_{kind}.Resumed", Stops)
        call(*command, "-o", tmp_path / "model", "--checkpoint", tmp_path / "saved", "--every", "1 chunk")
    assert stopped
    assert not (tmp_path / "model").exists()
    resumed = works(*command, "-o", tmp_path / "model", "--resume", tmp_path / "saved")
    assert "resumed after" in resumed.stderr
    assert alike(tmp_path / "whole", tmp_path / "model")
    assert [n for n in os.listdir(tmp_path) if "tables" in n] == []
