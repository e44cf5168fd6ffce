"""A command in a process of its own: its seconds, its processor time, its peak of memory and what it printed."""

import os
import subprocess
import sys
from collections.abc import Sequence
from tempfile import TemporaryFile
from time import perf_counter
from typing import NamedTuple

MAXRSS = 1 if sys.platform == "darwin" else 1024  # bytes in a unit of ru_maxrss


class Ran(NamedTuple):
    """A run: seconds of the clock and of the processor (user and system, all threads), peak in bytes, its output."""

    seconds: float
    busy: float
    peak: int
    said: str


def ran(command: Sequence[str]) -> Ran:
    """Run a command to its end; where it fails, so does this, with the end of what it said on standard error.

    No process counts less than what this one holds: the system hands that on. So this one imports little.
    """
    with TemporaryFile() as out, TemporaryFile() as errors:
        start = perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=errors)
        _, status, used = os.wait4(process.pid, 0)
        seconds = perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)}: exit status {process.returncode}\n{_text(errors)[-2000:]}")
        return Ran(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * MAXRSS, _text(out))


def _text(file) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
