"""Without permission: one clear line, nothing touched; with no standard output to write to: the same."""

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import rowspace as rs

SOURCE = Path(rs.__file__).parent.parent
COMMAND = [sys.executable, "-c", "from rowspace.cli import main; main()"]
PAIRS = "from,to,same\ncat,kitten,1\ncar,truck,1\ncat,car,0\n"


@cache
def unprivileged():
    """What takes root's power to write anywhere away from a command; nothing, where one is not root."""
    if os.geteuid() != 0:
        return []
    words = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"]
    if shutil.which("setpriv") is None or subprocess.run([*words, "true"], capture_output=True).returncode:
        pytest.skip("root may write anywhere, and there is no setpriv")
    return words


def run(*words, program=COMMAND, **options):
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [*unprivileged(), *program, *map(str, words)]
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, env=environment, timeout=120, **options)


def fails(*words, **options):
    done = run(*words, stdout=subprocess.PIPE, **options)
    lines = done.stderr.splitlines()
    assert (done.returncode, done.stdout, len(lines)) == (1, "", 1), done
    assert lines[0].startswith("rowspace: ")
    return lines[0].removeprefix("rowspace: ")


@pytest.fixture
def closed(tmp_path):
    """A folder with a model and a file in which nothing may be written; pairs beside it."""
    folder = tmp_path / "closed"
    folder.mkdir()
    E = rs.Table.from_array(np.eye(4, dtype=np.float32), ["a", "b", "c", "d"])
    rs.Model({"E": E}).save(folder / "m")
    (folder / "v.txt").write_text("old")
    (tmp_path / "pairs.csv").write_text(PAIRS)
    (tmp_path / "text.txt").write_text("one two three two one three\n" * 200)
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)


@pytest.mark.parametrize(
    "words",
    [
        ["train", "pairs", "pairs.csv", "-o", "closed/m", "--epochs", "1000000000"],
        ["train", "pairs", "pairs.csv", "-o", "closed/new/m", "--epochs", "1000000000"],
        ["train", "text", "text.txt", "-o", "closed/n", "--epochs", "1000000000"],
        ["import", "closed/v.txt", "-o", "closed/n"],
        ["export", "closed/m", "closed/w.txt"],
        ["export", "closed/m", "closed/v.txt"],
        ["export", "closed/m", "closed/v.npy"],
        ["export", "closed/m", "closed/projector"],
        ["plot", "closed/m", "-o", "closed/p.png"],
        ["demo", "--out", "closed/demo"],
    ],
)
def test_where_one_may_not_write(closed, words):
    line = fails(*words, cwd=closed.parent)
    assert line.endswith("Permission denied")
    assert ".tmp-" not in line
    assert sorted(os.listdir(closed)) == ["m", "v.txt"]
    assert (closed / "v.txt").read_text() == "old"
    rs.open(closed / "m", check=True)


def test_where_one_may_not_read(closed, tmp_path):
    for name in ("E.npy", "model.json"):
        path = closed / "m" / name
        path.chmod(0)
        for words in (["info", closed / "m"], ["check", closed / "m"], ["neighbors", closed / "m", "a"]):
            assert fails(*words) == f"{path}: Permission denied"
        path.chmod(0o644)
    (closed / "m").chmod(0)
    assert "Permission denied" in fails("info", closed / "m")
    (closed / "m").chmod(0o755)
    closed.chmod(0)
    assert "Permission denied" in fails("info", closed / "m")
    assert "Permission denied" in fails("train", "pairs", tmp_path / "pairs.csv", "-o", closed / "m")
    closed.chmod(0o755)
    (tmp_path / "pairs.csv").chmod(0)
    assert fails("train", "pairs", tmp_path / "pairs.csv", "-o", tmp_path / "n").endswith("Permission denied")


def test_a_cache_that_may_not_be_written(closed, tmp_path):
    code = "import sys, numpy as np\nfrom rowspace.jit.compile import compiled\n" + (
        "assert compiled('def kernel(x):\\n    return x + 8.0\\n')(1.0) == 9.0"
    )
    done = subprocess.run(
        [*unprivileged(), sys.executable, "-W", "error", "-c", code],
        env={**os.environ, "PYTHONPATH": str(SOURCE), "ROWSPACE_CACHE": str(closed / "cache"), "HOME": str(closed)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(os.listdir(closed)) == ["m", "v.txt"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize(
    "words",
    ["info m", "check m m", "neighbors m a", "neighbors m a --json", "export m v.txt", "--version", "train --help"],
)
def test_standard_output_that_takes_nothing(tmp_path, words):
    rs.Model({"E": rs.Table(names=["a", "b"], dim=2)}).save(tmp_path / "m")
    with open("/dev/full", "w") as full:
        done = run(*words.split(), stdout=full, cwd=tmp_path)
        assert done.returncode == 1
        told = "rowspace: (standard output: )?No space left on device\n"
        assert re.fullmatch(f"({told})+", done.stderr), done.stderr
        if words != "info m":
            return
        environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
        silent = subprocess.run([*COMMAND, *words.split()], stdout=full, stderr=full, cwd=tmp_path, env=environment)
        assert silent.returncode == 1


@pytest.mark.parametrize("path", ["pipe", "folder"])
def test_what_is_no_file_is_not_replaced_by_one(tmp_path, path):
    rs.Model({"E": rs.Table(names=["a", "b"], dim=2)}).save(tmp_path / "m")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    line = fails("export", "m", path, "--format", "word2vec", cwd=tmp_path)
    assert re.search("Not a file, but a device or a pipe|Is a directory|it is a folder; give a file", line)
    assert sorted(os.listdir(tmp_path)) == ["folder", "m", "pipe"]
