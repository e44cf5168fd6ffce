"""A file system of a few megabytes, mounted for one program alone: what happens on a full disk happens."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import rowspace as rs

SOURCE = Path(rs.__file__).parent.parent

# what every program finds: the disk, how to fill it, how to run commands on it
PRELUDE = """
import os, sys
from pathlib import Path
import numpy as np
import rowspace as rs
from rowspace.errors import DiskFull

disk, elsewhere = Path(sys.argv[1]), Path(sys.argv[2])

def free():
    status = os.statvfs(disk)
    return status.f_bavail * status.f_frsize

def fill(leave=0):
    with open(disk / "filler", "wb", buffering=0) as out:
        while free() > leave:
            out.write(bytes(min(free() - leave, 1 << 20)))

def unfill():
    (disk / "filler").unlink()

def there(folder=disk):
    return sorted(path.name for path in Path(folder).iterdir() if path.name != "filler")

def model(rows, k=1.0, names=True):
    E = rs.Table.from_array(np.full((rows, 8), k, np.float32), [f"item {i}" for i in range(rows)] if names else None)
    return rs.Model({"E": E}, {"k": k}, [1.0])

def run(*words, status=0):
    from typer.testing import CliRunner
    from rowspace.cli import app
    result = CliRunner().invoke(app, list(map(str, words)))
    assert result.exit_code == status, (result.exit_code, result.output, result.exception)
    return result

def fails(*words):
    result = run(*words, status=1)
    lines = result.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("rowspace: "), result.stderr
    return lines[0].removeprefix("rowspace: ")

def told(text, *parts):
    for part in parts:
        assert part in text, (part, text)
"""


@cache
def _can_mount() -> bool:
    if not sys.platform.startswith("linux") or shutil.which("unshare") is None:
        return False
    tried = ["unshare", "-rm", "sh", "-c", "mount -t tmpfs -o size=64k tmpfs /tmp"]
    return subprocess.run(tried, capture_output=True).returncode == 0


@cache
def can_overlay() -> bool:
    """Whether layers can be mounted, as those of a container's image."""
    if not _can_mount():
        return False
    tried = "mount -t tmpfs tmpfs /tmp && mkdir /tmp/l /tmp/u /tmp/w /tmp/m && " + LAYERS.format("/tmp", "/tmp/m")
    return subprocess.run(["unshare", "-rm", "sh", "-c", tried], capture_output=True).returncode == 0


LAYERS = "mount -t overlay overlay -o lowerdir={0}/l,upperdir={0}/u,workdir={0}/w,userxattr {1}"


def on_small_disk(folder: Path, program: str, size: str = "2m", **environment: str) -> None:
    """Run a program that has an empty small disk; its assertions are the test's."""
    if not _can_mount():
        pytest.skip("cannot mount a small file system here")
    disk, elsewhere = folder / "disk", folder / "elsewhere"
    for each in (disk, elsewhere):
        each.mkdir()
    mounted = 'mount -t tmpfs -o "size=$0" tmpfs "$1" && exec "$3" -W error -c "$4" "$1" "$2"'
    words = [size, str(disk), str(elsewhere), sys.executable, PRELUDE + program]
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", mounted, *words],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE), **{k: v.format(disk=disk) for k, v in environment.items()}},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "Exception ignored" not in done.stderr, done.stderr
