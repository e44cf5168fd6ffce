import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import rowspace as rs
from rowspace.errors import Locked
from rowspace.system.lock import locked

SOURCE = Path(rs.__file__).parent.parent
HOLD = """
import sys, time
from rowspace.system.lock import locked
with locked(sys.argv[1], "m is being trained"):
    print("held", flush=True)
    sys.stdin.read()
"""
# takes the lock over and over, and inside it adds one to a number in a file, slowly
COUNT = """
import sys, time
from pathlib import Path
from rowspace.errors import Locked
from rowspace.system.lock import locked
number = Path(sys.argv[2])
for _ in range(60):
    while True:
        try:
            with locked(sys.argv[1], "m is being trained"):
                n = int(number.read_text())
                time.sleep(0.0005)
                number.write_text(str(n + 1))
            break
        except Locked:
            time.sleep(0.0002)
"""


def started(code, *words):
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


@pytest.fixture
def holder(tmp_path):
    process = started(HOLD, tmp_path / "lock")
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_another_process_is_refused_and_told_who_holds_it(tmp_path, holder):
    told = f"^words is being trained by process {holder.pid}; wait for it to end, or give another folder$"
    for _ in range(2):
        with pytest.raises(Locked, match=told), locked(tmp_path / "lock", "words is being trained"):
            pass
    holder.communicate("")  # ends the block
    assert os.listdir(tmp_path) == []
    with locked(tmp_path / "lock", "words is being trained"):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
    assert os.listdir(tmp_path) == []


def test_the_lock_dies_with_its_process(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert os.listdir(tmp_path) == ["lock"]
    with locked(tmp_path / "lock", "words is being trained"):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
    assert os.listdir(tmp_path) == []


def test_a_thread_of_the_same_process_is_refused(tmp_path):
    refused = []

    def take():
        try:
            with locked(tmp_path / "lock", "m is being trained"):
                pass
        except Locked as error:
            refused.append(str(error))

    with locked(tmp_path / "lock", "m is being trained"):
        other = threading.Thread(target=take)
        other.start()
        other.join()
    assert refused == [f"m is being trained by process {os.getpid()}; wait for it to end, or give another folder"]


def test_a_lock_is_released_by_an_error(tmp_path):
    with pytest.raises(KeyError), locked(tmp_path / "lock", "m is being trained"):
        raise KeyError
    with locked(tmp_path / "lock", "m is being trained"):
        pass


def test_never_two_at_once_while_the_file_comes_and_goes(tmp_path):
    (tmp_path / "number").write_text("0")
    processes = [started(COUNT, tmp_path / "lock", tmp_path / "number") for _ in range(4)]
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    assert (tmp_path / "number").read_text() == "240"
    assert os.listdir(tmp_path) == ["number"]


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "thesis").write_text("precious")
    (tmp_path / "lock").symlink_to(tmp_path / "thesis")
    with pytest.raises(OSError, match="lock"), locked(tmp_path / "lock", "m is being trained"):
        pass
    assert (tmp_path / "thesis").read_text() == "precious"
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="Not a lock"), locked(tmp_path / "pipe", "m is being trained"):
        pass
    with pytest.raises(FileNotFoundError), locked(tmp_path / "none" / "lock", "m is being trained"):
        pass
    with pytest.raises(OSError), locked(tmp_path, "m is being trained"):  # noqa: PT011
        pass


def test_one_waits_for_another_and_says_so_if_it_takes_long(tmp_path, holder, monkeypatch):
    monkeypatch.setattr("rowspace.system.lock._LONG", 0.0)
    ends = threading.Timer(0.2, lambda: holder.communicate(""))
    ends.start()
    told = f"^m is being saved by process {holder.pid}; waiting for it to end$"
    with pytest.warns(UserWarning, match=told), locked(tmp_path / "lock", "m is being saved", wait=True):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
    ends.join()
    assert os.listdir(tmp_path) == []
