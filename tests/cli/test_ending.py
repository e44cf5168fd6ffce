"""Signals that end a command, and streams that take nothing."""

import os
import signal
import subprocess
import sys
import time

import pytest

import rowspace as rs
from rowspace.cli.ending import Ended, ended_by_signals
from rowspace.system.interrupts import interrupts_deferred
from tests.support.commands import SOURCE

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs signals and the shell")

COMMAND = [sys.executable, "-c", "from rowspace.cli import main; main()"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(SOURCE)}
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP] if os.name != "nt" else []


def kill(number):
    os.kill(os.getpid(), number)


@pytest.fixture
def as_in_a_shell():
    """Signals as a program finds them that a shell starts."""
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    assert {number: signal.getsignal(number) for number in usual} == usual
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_signals_raise_once_what_must_be_whole_is_done(as_in_a_shell, number):
    reached = []
    with ended_by_signals(), pytest.raises(Ended) as raised, interrupts_deferred():
        kill(number)
        reached.append("the end of the block")
    assert reached
    assert raised.value.status == 128 + number


def test_in_the_background_only_ctrl_c_is_ignored(as_in_a_shell):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with ended_by_signals():
        kill(signal.SIGINT)
        with pytest.raises(Ended), interrupts_deferred():
            kill(signal.SIGTERM)
    assert signal.signal(signal.SIGINT, signal.default_int_handler) is signal.SIG_IGN


def test_nohup_stays_in_force(as_in_a_shell):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with ended_by_signals():
        kill(signal.SIGHUP)
    assert signal.signal(signal.SIGHUP, signal.SIG_DFL) is signal.SIG_IGN


def test_the_library_leaves_signals_alone(as_in_a_shell):
    heard = []
    signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    trainer = rs.Trainer(lambda E, i: E[i].sum(), {"E": rs.Table(2, 2, seed=0)})
    trainer.fit({"i": [0, 1]}, 2, callbacks=[lambda trainer: kill(signal.SIGTERM)], progress=False)
    assert heard == [signal.SIGTERM] * 2
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("the cat sat on the mat and the dog sat on the rug\n" * 500)
    return path


@pytest.mark.parametrize(("number", "word"), [("SIGTERM", "terminated"), ("SIGHUP", "hung up")])
def test_a_training_that_is_told_to_end_says_how_to_go_on(text, tmp_path, number, word):
    words = ["train", "text", "text.txt", "-o", "m", "--dim", "8", "--epochs", "1000000"]
    words += ["--checkpoint", "c", "--every", "0.1"]
    ignoring = lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does for what runs in the background
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*COMMAND, *words], cwd=tmp_path, env=ENVIRONMENT, preexec_fn=ignoring, **pipes) as process:
        while not list(tmp_path.glob("c/0*")):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(getattr(signal, number))
        told = process.communicate(timeout=60)[1]
    assert process.returncode == 128 + getattr(signal, number)
    assert told.splitlines() == ["to go on from the last checkpoint, run the same with --resume c", f"rowspace: {word}"]
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith(".")) == ["c", "text.txt"]


# --- streams


def shell(script, folder):
    """A line of the shell, in which $R is the command; its status, its output and its notes."""
    code = f'R="{sys.executable} -m rowspace_command"; ' + script
    (folder / "rowspace_command.py").write_text("from rowspace.cli import main\nmain()\n")
    environment = {**ENVIRONMENT, "PYTHONPATH": f"{SOURCE}{os.pathsep}{folder}"}
    return subprocess.run(["bash", "-c", code], cwd=folder, capture_output=True, text=True, env=environment)


@pytest.fixture
def model(tmp_path):
    rs.Model({"E": rs.Table(names=["a", "b"], dim=2, seed=0)}).save(tmp_path / "m")


@pytest.mark.parametrize(
    ("script", "status", "told"),
    [
        ("$R neighbors m a | true; exit ${PIPESTATUS[0]}", 0, ""),
        ("$R check m m m | true; exit ${PIPESTATUS[0]}", 0, ""),
        ("$R neighbors m a >&-", 0, ""),
        ("$R neighbors m a >&- 2>&- <&-", 0, ""),
        ("$R neighbors m nobody 2>&-", 1, ""),
        ("$R --help >&-", 0, ""),
        ("$R neighbors 2>&-", 2, ""),
        ("$R train text - -o w <&-", 1, "rowspace: standard input holds no words\n"),
    ],
)
def test_streams_that_are_closed(model, tmp_path, script, status, told):
    done = shell(script, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", told)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize(
    ("streams", "status", "told"),
    [
        ("2>&1 | true; exit ${PIPESTATUS[0]}", 0, ""),
        (">/dev/full", 1, "rowspace: standard output: No space left on device\n"),
        (">&- 2>/dev/full", 0, ""),
    ],
)
def test_a_training_is_kept_that_nobody_watches(text, tmp_path, streams, status, told):
    progress = "" if "full" in streams and told else "--progress"
    done = shell(f"$R train text text.txt -o m --dim 4 --epochs 3 {progress} {streams}", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", told)
    assert len(rs.open(tmp_path / "m").cost) == 3
