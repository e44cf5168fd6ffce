"""The demo: six items whose vectors can be watched, and airports that find their places on the map."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from rowspace.demo import airports, six, words


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
    say(_next(folder, start))


def run_words(folder: str | os.PathLike[str] = "demo", *, say: Callable[[str], None] = print) -> None:
    """Train the words of six novels; `words/` and `words.png` go into the folder, which is made.

    >>> run_words("/tmp/demo")  # doctest: +SKIP
    """
    start, folder = perf_counter(), Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    words.tell(folder, say)
    model = folder / "words"
    say(_try([f"neighbors {model} handsome", f"plot {model} -o {folder / 'all-words.png'}"], "text", start))


def _next(folder: Path, start: float) -> str:
    model, trace = folder / "airports", folder / "trace.tsv"
    commands = [
        f"neighbors {model} BTV SBA",
        f"plot {trace} -o {folder / 'paths.svg'}",
        f"export {model} {folder / 'airports.txt'}",
    ]
    return _try(commands, "pairs", start)


def _try(commands: list[str], kind: str, start: float) -> str:
    command, yours = _command(), {"pairs": "YOURS.csv", "text": "YOURS.txt"}[kind]
    commands = [*commands, f"train {kind} {yours} -o model"]
    begun = f"Done in {perf_counter() - start:.1f} s. What to try next:\n"
    return "\n".join([begun, *(f"  {command} {words}" for words in commands)])


def _command() -> str:
    """How the command is called from here: by its name, or by its path where a shell would not find it."""
    beside = Path(sys.executable).parent / "rowspace"
    if shutil.which("rowspace") or not beside.exists():
        return "rowspace"
    return os.path.relpath(beside)
