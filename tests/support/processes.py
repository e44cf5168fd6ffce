"""Processes that tests start and interrupt."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]  # where `python -m tests.support.killing` finds its module


@contextmanager
def running(command: list[str], **options: Any) -> Iterator[subprocess.Popen]:
    """A process that ends with the block at the latest; it heeds Ctrl-C, even where tests run in the background."""
    with subprocess.Popen(command, preexec_fn=heed_interrupts, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
