"""Several processes and one model, and processes that are killed: nothing is lost."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import rowspace as rs
from tests.support.processes import heed_interrupts

SOURCE = Path(rs.__file__).parent.parent
PAIRS = "from,to,same\ncat,kitten,1\ncar,truck,1\ncat,car,0\n"
COMMAND = "from rowspace.cli import main; main()"
# saves one of two models after another, and says so when it begins
SAVE = """
import sys
import numpy as np
import rowspace as rs
rows = int(sys.argv[2])
models = [
    rs.Model({"E": rs.Table.from_array(np.full((rows, 32), k, "f4"), [f"{k}-{i}" for i in range(rows)])}, {"k": k})
    for k in range(2)
]
print("ready", flush=True)
k = int(sys.argv[3])
while True:
    models[k].save(sys.argv[1])
    print("saved", flush=True)
    k = 1 - k
"""
# the same where the system cannot exchange two names
RENAME = "from rowspace.system import swap; swap._call = lambda: None\n" + SAVE


def started(code, *words, **options):
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        preexec_fn=heed_interrupts,
        **options,
    )


def ended(process):
    out, error = process.communicate(timeout=300)
    return process.returncode, out, error


def until(true, seconds=300):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def training(kind, folder, out):
    """A command that would train for hours."""
    if kind == "pairs":
        (folder / "in.csv").write_text(PAIRS)
        return ["train", "pairs", folder / "in.csv", "-o", out, "--label", "same", "--epochs", 10**9, "--dim", 2]
    (folder / "in.txt").write_text("one two three two one three\n" * 200)
    return ["train", "text", folder / "in.txt", "-o", out, "--epochs", 10**9, "--dim", 2]


def held_by(out, pid):
    lock = out.with_name(f".{out.name}.lock")
    return lock.exists() and lock.read_text() == f"{pid}\n"


def numbered(k, rows=3):
    return rs.Model({"E": rs.Table.from_array(np.full((rows, 2), k, np.float32))}, {"k": k})


@pytest.mark.parametrize("kind", ["pairs", "text"])
def test_one_trainer_at_a_time_and_any_readers(tmp_path, kind):
    models = tmp_path / "models"
    out = models / "m"
    numbered(7).save(out)
    words = training(kind, tmp_path, out)
    first = started(COMMAND, *words)
    try:
        until(lambda: held_by(out, first.pid) and (kind == "pairs" or len(os.listdir(models)) == 3))
        other = "text" if kind == "pairs" else "pairs"
        status, shown, error = ended(started(COMMAND, *training(other, tmp_path, out)))
        told = f"m is being trained by process {first.pid}; wait for it to end, or give another folder\n"
        assert (status, shown) == (1, "")
        assert re.fullmatch(rf"rowspace: .*{told}", error)
        assert ended(started(COMMAND, "info", out))[0] == 0
        assert rs.open(out, check=True)[0].tolist() == [7, 7]
    finally:
        first.send_signal(signal.SIGKILL)
        ended(first)
    assert rs.open(out, check=True)[0].tolist() == [7, 7]
    left = sorted(os.listdir(models))
    assert left[-2:] == [".m.lock", "m"]
    assert len(left) == {"pairs": 2, "text": 3}[kind]  # the ids of the text
    words[words.index("--epochs") + 1] = 1
    status, _, error = ended(started(COMMAND, *words))
    assert status == 0, error
    assert os.listdir(models) == ["m"]
    assert len(rs.open(out, check=True)) > 1


def test_an_interrupted_trainer_leaves_nothing(tmp_path):
    for kind in ("pairs", "text"):
        out = tmp_path / kind / "m"
        process = started(COMMAND, *training(kind, tmp_path, out))
        until(lambda out=out, process=process: out.parent.exists() and held_by(out, process.pid))
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert ended(process)[0] in (130, -signal.SIGINT)
        assert os.listdir(tmp_path / kind) == []


def test_a_trainer_puts_back_what_a_killed_save_moved_aside(tmp_path):
    numbered(7).save(tmp_path / "m" / "m")
    (tmp_path / "m" / "m" / "notes.txt").write_text("mine")
    os.rename(tmp_path / "m" / "m", tmp_path / "m" / ".m.old-12-ab")
    (tmp_path / "m" / ".m.tmp-12-ab").mkdir()
    (tmp_path / "m" / ".m.tmp-12-ab" / "E.npy").write_bytes(b"half")
    (tmp_path / "m" / ".m.ids-12-ab").mkdir()
    (tmp_path / "m" / ".m.x.tmp-12-ab").mkdir()  # of another model
    (tmp_path / "m" / ".m.tmp-mine").mkdir()
    words = training("pairs", tmp_path, tmp_path / "m" / "m")
    words[words.index("--epochs") + 1] = 1
    status, _, error = ended(started(COMMAND, *words))
    assert status == 0, error
    assert sorted(os.listdir(tmp_path / "m")) == [".m.tmp-mine", ".m.x.tmp-12-ab", "m"]
    assert (tmp_path / "m" / "m" / "notes.txt").read_text() == "mine"


def test_what_a_living_process_still_writes_is_no_leftover(tmp_path):
    from rowspace.system.siblings import remove_leftovers, temporary_folder

    with temporary_folder(tmp_path / "m") as folder:
        remove_leftovers(tmp_path / "m")
        assert folder.exists()
    assert os.listdir(tmp_path) == []


def test_a_reader_keeps_the_model_it_opened(tmp_path):
    out = tmp_path / "m"
    numbered(1, rows=100_000).save(out)
    opened = rs.open(out)
    code = (
        "import sys, numpy as np, rowspace as rs\n"
        "E = rs.Table.from_array(np.full((100_000, 2), 2, np.float32))\n"
        "rs.Model({'E': E}, {'k': 2}).save(sys.argv[1])"
    )
    assert ended(started(code, out))[0] == 0
    assert (opened.vectors == 1).all()  # pages that were never read before
    assert (rs.open(out).vectors == 2).all()
    assert opened.most_similar(5, topn=1)
    assert os.listdir(tmp_path) == ["m"]


def killed_saves(tmp_path, code, kills, seed):
    """Kill a process that saves over and over at random moments; look at what is there after each."""
    moments, seen = random.Random(seed), set()
    out, rows = tmp_path / "m", 300
    for kill in range(kills):
        process = started(code, out, rows, kill % 2)
        assert process.stdout.readline() == "ready\n"
        if kill < 2:
            assert process.stdout.readline() == "saved\n"
        time.sleep(moments.uniform(0, 0.1))
        process.send_signal(signal.SIGKILL)
        ended(process)
        model = rs.open(out, check=True)
        k = model.trained_with["k"]
        assert model.index_to_key == [f"{k}-{i}" for i in range(rows)]
        assert (model.vectors == k).all()
        seen.add(k)
    assert seen == {0, 1} or kills < 100
    numbered(3).save(out)
    assert os.listdir(tmp_path) == ["m"]
    assert json.loads((out / "model.json").read_text())["trained_with"] == {"k": 3}


@pytest.mark.parametrize("code", [SAVE, RENAME], ids=["exchange", "rename"])
def test_a_killed_save_leaves_one_model_or_the_other(tmp_path, code):
    killed_saves(tmp_path, code, 8, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("code", [SAVE, RENAME], ids=["exchange", "rename"])
def test_many_killed_saves_leave_one_model_or_the_other(tmp_path, code):
    killed_saves(tmp_path, code, 150, seed=2)


@pytest.mark.parametrize("code", [SAVE, RENAME], ids=["exchange", "rename"])
def test_two_processes_that_save_at_once_both_go_on(tmp_path, code):
    processes = [started(code, tmp_path / "m", 20, k) for k in range(2)]
    until((tmp_path / "m" / "model.json").exists)
    for _ in range(300):
        model = rs.open(tmp_path / "m", check=True)
        assert model.index_to_key[0] == f"{model.trained_with['k']}-0"
    for process in processes:
        assert process.poll() is None, ended(process)
        process.kill()
        ended(process)
    numbered(3).save(tmp_path / "m")
    assert os.listdir(tmp_path) == ["m"]


# holds a lock until it is told to end
HOLD = """
import sys
from pathlib import Path
from rowspace.system import lock
with getattr(lock, sys.argv[2])(Path(sys.argv[1]), "m"):
    print("held", flush=True)
    sys.stdin.read()
"""


def holding(out, kind):
    process = started(HOLD, out, kind, stdin=subprocess.PIPE)
    assert process.stdout.readline() == "held\n"
    return process


def test_what_is_being_trained_is_not_saved_to_by_others(tmp_path):
    """The model in memory is not lost by it: it can be saved elsewhere, or when the training has ended."""
    out = tmp_path / "m"
    numbered(7).save(out)
    np.save(tmp_path / "v.npy", np.ones((3, 2), np.float32))
    trainer = holding(out, "trained")
    told = rf"m is being trained by process {trainer.pid}; wait for it to end, or give another folder"
    with pytest.raises(rs.errors.Locked, match=told):
        numbered(8).save(out)
    (tmp_path / "link").symlink_to(out)
    status, _, error = ended(started(COMMAND, "import", tmp_path / "v.npy", "-o", tmp_path / "link"))
    assert status == 1
    assert re.fullmatch(rf"rowspace: .*/link is being trained by process {trainer.pid}; .*\n", error)
    assert rs.open(out, check=True).trained_with == {"k": 7}
    numbered(8).save(tmp_path / "n")
    ended(trainer)
    numbered(8).save(out)
    assert rs.open(out, check=True).trained_with == {"k": 8}
    assert sorted(os.listdir(tmp_path)) == ["link", "m", "n", "v.npy"]


def test_who_trains_saves_to_its_own_folder(tmp_path):
    from rowspace.system.lock import trained

    with trained(tmp_path / "m", "m"):
        numbered(7).save(tmp_path / "m")
        assert os.listdir(tmp_path / "m")
    assert os.listdir(tmp_path) == ["m"]


def test_a_save_waits_for_another_and_so_does_a_training(tmp_path):
    """One after another: the last is there, with what the one before it found and put there."""
    from rowspace.system.lock import trained

    def train(out):
        with trained(out, "m"):
            pass

    out = tmp_path / "m"
    numbered(7).save(out)
    for begins in (numbered(8).save, train):
        saver, begun = holding(out, "saved"), threading.Event()
        other = threading.Thread(target=lambda begins=begins, begun=begun: (begins(out), begun.set()))
        other.start()
        assert not begun.wait(0.3)
        assert rs.open(out, check=True).trained_with["k"] in (7, 8)
        ended(saver)
        other.join()
        assert begun.is_set()
    assert rs.open(out, check=True).trained_with == {"k": 8}


def test_threads_that_save_to_one_folder_take_turns(tmp_path):
    models = [numbered(k, rows=200) for k in range(8)]
    threads = [threading.Thread(target=model.save, args=(tmp_path / "m",)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    model = rs.open(tmp_path / "m", check=True)
    assert (model.vectors == model.trained_with["k"]).all()
    assert os.listdir(tmp_path) == ["m"]
