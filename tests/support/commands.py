"""Commands as tests call them, in this process and in one of their own."""

import os
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

import rowspace as rs
from rowspace.cli import app

SOURCE = Path(rs.__file__).parent.parent


def call(*words, input=None):
    return CliRunner().invoke(app, [str(word) for word in words], input=input)


def works(*words, input=None):
    result = call(*words, input=input)
    assert result.exit_code == 0, result.output
    return result


def fails(*words, status=1):
    """The one line on standard error of a command that fails."""
    result = call(*words)
    assert result.exit_code == status, result.output
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("rowspace: ")
    return lines[0].removeprefix("rowspace: ")


def shell(*words, python=(), **options):
    """The command in a process of its own."""
    code = "from rowspace.cli import main; main()"
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), **options.pop("env", {})}
    command = [sys.executable, *python, "-c", code, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, **options)
