"""The progress bar: examples (or what else there is) per second, cost, time left; nothing when not a terminal."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, cast


class Progress:
    """What the trainer reports to; this one shows nothing."""

    def begin_at(self, examples: float) -> None:
        """So many were done before, by others."""

    def advance(self, examples: float, cost: float | None) -> None:
        """Some more examples are done; `cost` is the mean so far in this epoch, if known."""

    def held_out(self, cost: float) -> None:
        """The mean cost of examples that are held out, after the epoch."""


class _Unfailing:
    """A stream that drops what it cannot write: a training does not end because nobody watches it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Bar(Progress):
    def __init__(self, bar: Any, task: Any, unit: str) -> None:
        self._bar, self._task, self._unit = bar, task, unit
        self._done, self._before, self._start, self._shown = 0.0, 0.0, time.perf_counter(), 0.0
        self._held_out = ""

    def begin_at(self, examples: float) -> None:
        self._done = self._before = examples

    def advance(self, examples: float, cost: float | None) -> None:
        self._done += examples
        now = time.perf_counter()
        if now - self._shown < 0.05:
            return
        self._shown = now
        rate = (self._done - self._before) / max(now - self._start, 1e-9)
        shown = ("" if cost is None else f"cost {cost:.4f}") + self._held_out
        self._bar.update(self._task, completed=self._done, rate=f"{rate:,.0f} {self._unit}/s", cost=shown)

    def held_out(self, cost: float) -> None:
        self._held_out = f", held out {cost:.4f}"

    def finish(self) -> None:
        self._bar.update(self._task, completed=self._done)


@contextmanager
def progress_bar(show: bool | None, total: float | None, unit: str = "examples") -> Iterator[Progress]:
    """A bar on standard error over `total` examples (None if not known); `show` None means when it is a terminal."""
    stream = sys.stderr  # None where it is closed
    if show is False or stream is None or (show is None and not stream.isatty()):
        yield Progress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Rich

    text = TextColumn("{task.fields[rate]} {task.fields[cost]}")
    columns = (BarColumn(), TaskProgressColumn(), text, TimeRemainingColumn())
    with Rich(*columns, console=Console(file=cast(IO[str], _Unfailing(stream))), transient=True) as rich:
        bar = _Bar(rich, rich.add_task("training", total=total, rate="", cost=""), unit)
        try:
            yield bar
        finally:
            bar.finish()
