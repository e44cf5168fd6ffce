"""One input: drawn from its number, read, judged by how the reader ended, how long it took and what memory it held."""

import gc
import io
import os
import signal
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import process_time
from typing import Any, Protocol

from rowspace.errors import RowspaceError
from rowspace.read.stream import Stream

SECONDS = 2.0  # of processor time
CONSTANT, MULTIPLE = 32 * 2**20, 64  # bytes of memory, and so many for each byte of the input
LONGEST_MESSAGE = 1000


class Reader(Protocol):
    """What is fuzzed; `fuzz_formats.Format` is one."""

    def draw(self, random: Random) -> dict[str, bytes]: ...

    @property
    def read(self) -> Any: ...


@dataclass(frozen=True)
class Ended:
    """How an input ended: `found` says what was wrong, "" for nothing; `extra` bytes of memory beside `size` read."""

    refused: bool
    found: str
    where: str
    size: int
    extra: int


class TooLong(BaseException):
    """Raised by the clock; no reader catches it."""


def tried(reader: Reader, name: str, number: int, seed: int, folder: Path) -> Ended:
    """Draw input `number`, write it into a folder and read it."""
    random = Random(f"{name} {seed} {number}")
    files = reader.draw(random)
    write(files, folder)
    size, before, refused = sum(map(len, files.values())), _reset_peak(), False
    start = process_time()
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        reader.read(folder, random)
        found = where = ""
    except (RowspaceError, FileNotFoundError) as error:
        refused, found, where = True, *_judged(error)
    except (Exception, TooLong) as error:
        found, where = _shown(error)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        remove(files, folder)
    if process_time() - start > SECONDS and not found:
        found, where = f"took {process_time() - start:.1f} s", name
    extra = max(0, _peak() - before)
    if extra > CONSTANT // 8:
        size = sum(map(_unpacked, files.values()))
    if extra > CONSTANT + MULTIPLE * size and not found:
        found, where = f"held {extra / 2**20:.0f} MB for {size} bytes", name
    return Ended(refused, found, where, size, extra)


def write(files: dict[str, bytes], folder: Path) -> None:
    """Files in a folder."""
    for name, data in files.items():
        (folder / name).write_bytes(data)


def remove(files: dict[str, bytes], folder: Path) -> None:
    """Take them away; whatever else lies there was left by a reader."""
    for name in files:
        with suppress(FileNotFoundError):
            (folder / name).unlink()
    left = os.listdir(folder)
    assert not left, left


def limit_memory(room: int) -> None:
    """Let this process map so many bytes more than it has: what asks for more is refused by the system."""
    import resource

    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + room
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def on_time_out(_signal: int, _frame: Any) -> None:
    """The clock of the processor has run down."""
    raise TooLong


def _unpacked(data: bytes) -> int:
    """How many bytes a packed file comes to, as far as it can be unpacked; of others their own."""
    stream, size = Stream("", io.BufferedReader(io.BytesIO(data))), 0
    with suppress(RowspaceError):
        while part := stream.read(2**16):
            size += len(part)
    return max(size, len(data))


def _judged(error: Exception) -> tuple[str, str]:
    """What is wrong with an error that was raised on purpose: it should fit a terminal and hide nothing."""
    text = str(error)
    if len(text) > LONGEST_MESSAGE:
        return f"a message of {len(text)} characters: {text[:200]!r}", _where(error)
    odd = [letter for letter in text if not letter.isprintable() and letter != "\n"]
    return (f"a message with {odd[:3]}: {text[:300]!r}", _where(error)) if odd else ("", "")


def _shown(error: BaseException) -> tuple[str, str]:
    told = "".join(traceback.format_exception(error))
    return f"{type(error).__name__}: {str(error)[:300]}\n{told[-6000:]}", f"{type(error).__name__} {_where(error)}"


def _where(error: BaseException) -> str:
    """The innermost line of the library that the error passed."""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if f"{os.sep}rowspace{os.sep}" in frame.filename
    ]
    return f"{Path(frames[-1].filename).name}:{frames[-1].name}" if frames else ""


def _reset_peak() -> int:
    """Let the system measure the peak of this process's memory anew; what it holds now, in bytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _peak() -> int:
    return _status("VmHWM")


def _status(field: str) -> int:
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))
