"""What a checker of types knows of a program: nothing that the README's lines give is `Any`."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
PROGRAM = """
import numpy as np
import rowspace as rs

E = rs.Table(names=["cat", "dog", "car"], dim=4, seed=0)
reveal_type(E["cat"])
reveal_type(E[[0, 1]])
reveal_type(E.most_similar("cat"))
trainer = rs.Trainer("logistic_dot", {"E": E}, rs.adagrad(0.1))
stopping = rs.EarlyStopping(patience=3, keep_best=True)
data = {"i": [0, 1], "j": [1, 2], "label": [1, 0]}
history = trainer.fit(data, epochs=3, held_out=data, callbacks=[stopping])
reveal_type(history)
reveal_type(history[-1])
reveal_type(history[-1].cost)
reveal_type(history[-1].held_out)
reveal_type(history[1:])
reveal_type(stopping.best)
pairs = rs.read_pairs("flights.csv", weight="count")
reveal_type(pairs)
model = rs.train_pairs(pairs, dim=32, hold_out=0.05)
reveal_type(model)
reveal_type(rs.train_text("corpus.txt"))
reveal_type(trainer.model())
reveal_type(rs.open("animals"))
reveal_type(model["BTV"])
reveal_type(model.most_similar("BTV", topn=2))
reveal_type(model.most_similar(positive=["BTV"], negative=["SBA"], topn=None))
reveal_type(model.neighbors(["BTV", "SBA"]))
reveal_type(model.similarity("BTV", "SBA"))
reveal_type(model.doesnt_match(["BTV", "SBA"]))
reveal_type(model.closer_than("BTV", "SBA"))
reveal_type(model.held_out)
reveal_type(rs.gradient(rs.costs.l1_dot, {"E": E}, {"i": 0, "j": 1, "label": 1.0}))
try:
    model.get_vector("nobody")
except rs.UnknownItem as error:
    print(error)
"""
ARRAY = r"numpy\.ndarray\[.*float.*32.*"
NEAR = r"list\[tuple\[(builtins\.)?str, (builtins\.)?float\]\]"
EXPECTED = [
    ARRAY,
    ARRAY,
    NEAR,
    r"rowspace\.train\.history\.History",
    r"rowspace\.train\.epoch\.Epoch",
    r"float",
    r"float \| None",
    r"rowspace\.train\.history\.History",
    r"rowspace\.train\.epoch\.Epoch \| None",
    r"rowspace\.read\.pairs\.Pairs",
    r"rowspace\.model\.model\.Model",
    r"rowspace\.model\.model\.Model",
    r"rowspace\.model\.model\.Model",
    r"rowspace\.model\.model\.Model",
    ARRAY,
    NEAR,
    ARRAY,
    rf"list\[{NEAR}\]",
    r"float",
    r"str",
    r"list\[str\]",
    r"list\[float\]",
    r"dict\[str, rowspace\.kernel\.row_gradient\.RowGradient\]",
]


@pytest.mark.slow
def test_what_the_lines_of_the_readme_give_has_a_type(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    options = ["--strict", "--no-incremental", "--follow-imports=silent", "--ignore-missing-imports"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, "--config-file=", str(program)],
        env={"MYPYPATH": str(SOURCE), "PATH": "/usr/bin:/bin"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    lines = done.stdout.splitlines()
    assert [line for line in lines if "error:" in line] == [], done.stdout + done.stderr
    found = [
        re.search(r'Revealed type is "(.*)"', line)[1].replace("builtins.", "") for line in lines if "Revealed" in line
    ]
    assert len(found) == len(EXPECTED)
    for line, expected in zip(found, EXPECTED, strict=True):
        assert re.fullmatch(expected, line), line
        assert not re.fullmatch(r"Any|.*[^\w]Any", line), line
