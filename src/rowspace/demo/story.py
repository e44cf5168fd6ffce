"""The demo: six items whose vectors can be watched, and airports that find their places on the map."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from rowspace.demo import airports, six


def run(folder: str | os.PathLike[str] = "demo", *, say: Callable[[str], None] = print) -> None:
    """Train the blog post's six items and the US airports, and write traces, pictures and a model.

    Args:
        folder: where `trace.tsv`, `six-items.png`, `six-items.gif`, `airports/` and `airports.png` go; it is made.
        say: what is called with each paragraph of the story.

    >>> run("/tmp/demo")  # doctest: +SKIP
    """
    start, folder = perf_counter(), Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    say("1. Six items\n")
    six.two_dimensions(folder, say)
    six.three_dimensions(say)
    say("2. Airports\n")
    airports.tell(folder, say)
    say(_next(folder, perf_counter() - start))


def _next(folder: Path, seconds: float) -> str:
    command = _command()
    commands = [
        f"{command} neighbors {folder / 'airports'} BTV SBA",
        f"{command} plot {folder / 'trace.tsv'} -o {folder / 'paths.svg'}",
        f"{command} export {folder / 'airports'} {folder / 'airports.txt'}",
        f"{command} train pairs YOURS.csv -o model",
    ]
    return "\n".join([f"Done in {seconds:.1f} s. What to try next:\n", *(f"  {command}" for command in commands)])


def _command() -> str:
    """How the command is called from here: by its name, or by its path where a shell would not find it."""
    beside = Path(sys.executable).parent / "rowspace"
    if shutil.which("rowspace") or not beside.exists():
        return "rowspace"
    return os.path.relpath(beside)
