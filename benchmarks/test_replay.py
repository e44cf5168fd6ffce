"""A changed byte and a changed line are found, and a recording of other code than asked for is none."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import replay
import replay_costs
import replay_sources
import replay_trainings

import rowspace as rs

RECORDED = {"sgd": "E 00ff\n1: cost 0.5 of 2 of 2", "adagrad": "def kernel():\n    a = 1\n    return a"}
DOCTORED = {
    "a byte": {**RECORDED, "sgd": "E 00fe\n1: cost 0.5 of 2 of 2"},
    "a line": {**RECORDED, "adagrad": "def kernel():\n    a = 2\n    return a"},
    "a cost": {**RECORDED, "sgd": "E 00ff\n1: cost 0.5000000000000001 of 2 of 2"},
    "one less": {"sgd": RECORDED["sgd"]},
    "one more": {**RECORDED, "momentum": "E 11"},
}


@pytest.mark.parametrize("what", DOCTORED)
def test_a_doctored_recording_differs(what, capsys):
    assert not replay.compare("trainings", RECORDED, DOCTORED[what])
    assert not replay.compare("trainings", DOCTORED[what], RECORDED)
    assert f"1 of {2 + (what == 'one more')} differ" in capsys.readouterr().out


def test_the_same_recording_is_the_same(capsys):
    assert replay.compare("trainings", RECORDED, dict(RECORDED))
    assert capsys.readouterr().out == "trainings: 2 the same\n"


def test_the_first_difference_is_shown_and_others_are_named(capsys):
    other = {name: text.replace("1", "3") for name, text in RECORDED.items()}
    replay.compare("sources", RECORDED, other)
    told = capsys.readouterr().out
    assert "-1: cost 0.5 of 2 of 2\n+3: cost 0.5 of 2 of 2\n" in told
    assert "also: adagrad" in told


@pytest.mark.parametrize("doctored", [None, *DOCTORED])
def test_the_command_ends_with_a_status(doctored, monkeypatch, tmp_path):
    asked = []

    def recorded_by(tree: Path, part: str) -> replay.Recording:
        asked.append(tree)
        new = tree == replay.HERE.parent
        return DOCTORED[doctored] if new and doctored else RECORDED

    monkeypatch.setattr(replay, "_recorded_by", recorded_by)
    for times in (1, 2):  # the second time, the commit's recording is there
        arguments = ["--against", "HEAD", "--only", "sources", "--keep", str(tmp_path)]
        monkeypatch.setattr(sys, "argv", ["replay.py", *arguments])
        with pytest.raises(SystemExit) as ended:
            replay.main()
        assert ended.value.code == (doctored is not None)
        assert len(asked) == 1 + times
    [kept] = tmp_path.iterdir()
    assert json.loads(kept.read_text()) == RECORDED


def test_one_bit_of_a_table_or_of_a_slot_is_seen():
    trainer = rs.Trainer(rs.costs.l1_dot, {"E": rs.Table(9, 3, seed=0)}, rs.adagrad())
    before = replay_trainings.outcome(trainer, [])
    for array in (trainer.tables["E"].values, trainer.states["E"][0]):
        array[4, 1] = np.nextafter(array[4, 1], np.float32(9))
        after = replay_trainings.outcome(trainer, [])
        assert after != before
        before = after


def test_another_update_or_another_cost_is_another_source():
    dot = rs.costs.squared_dot
    found = {
        replay_sources.source(cost, update)
        for cost in (dot, lambda E, i, j, label: (label - 2 * E[i] @ E[j]) ** 2)
        for update in (rs.momentum(decay=0.9), rs.momentum(decay=0.8))
    }
    assert len(found) == 4
    assert replay_sources.source(dot, rs.momentum()) == replay_sources.source(dot, rs.momentum())


def test_loops_of_rows_are_sources_of_their_own():
    rules = replay_costs.updates()
    found = {replay_sources.rows_source(update, step) for update in rules.values() for step in (True, False)}
    assert len(found) > len(rules)


def test_sources_are_written_anew_and_other_parts_find_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("ROWSPACE_CACHE", str(tmp_path))
    folder = lambda: os.environ["ROWSPACE_CACHE"]
    for part, other in (("sources", True), ("trainings", False)):
        with replay._folder_of_its_own(part) as own:
            assert not os.listdir(own)
            assert os.getcwd() == os.path.realpath(own)
            assert (folder() != str(tmp_path)) == other
            assert not os.listdir(folder())
    assert folder() == str(tmp_path)


def test_errors_of_the_library_are_recorded_and_others_end_the_recording(monkeypatch):
    cases = {"refused": lambda: rs.sgd(-1), "broken": lambda: rs.nothing}
    monkeypatch.setattr(replay_trainings, "cases", lambda: iter([("refused", cases["refused"])]))
    assert replay.recorded("trainings")["refused"].startswith("DataError: the rate is -1")
    monkeypatch.setattr(replay_trainings, "cases", lambda: iter(cases.items()))
    with pytest.raises(AttributeError, match="nothing"):
        replay.recorded("trainings")


def test_another_tree_than_asked_for_is_refused(monkeypatch, tmp_path):
    def run(command, **options):
        file = Path(command[command.index("--record") + 1])
        file.write_text(json.dumps({"rowspace": str(replay.HERE.parent / "src/rowspace"), "sources": RECORDED}))

    monkeypatch.setattr(subprocess, "run", run)
    assert replay._recorded_by(replay.HERE.parent, "sources") == RECORDED
    with pytest.raises(AssertionError, match="this is not"):
        replay._recorded_by(tmp_path, "sources")
