"""How much memory there is, how much was asked for, and how much this process has; all in bytes."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rowspace.errors import DataError, TooLarge

_UNITS = {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?|\.\d+)\s*([kmgt]?i?)b?\s*", re.IGNORECASE)
_PROC, _GROUPS = Path("/proc"), Path("/sys/fs/cgroup")
_UNKNOWN = 2**31  # taken to be free where the system does not tell


def available() -> int | None:
    """The bytes that can be taken without swapping: what the machine has free, or less where a cgroup allows less.

    None where the system does not tell.

    >>> (available() or 1) > 0
    True
    """
    known = [free for free in (_machine(), *_control_groups()) if free is not None]
    return max(0, min(known)) if known else None


def memory_limit(memory: Any) -> int:
    """The bytes that `memory` asks for: a number of them, a text such as "2 GB", or None for half of what is free.

    Raises DataError for anything else.

    >>> memory_limit("1.5 GB"), memory_limit("512 MiB"), memory_limit(2**20)
    (1500000000, 536870912, 1048576)
    """
    if memory is None:
        free = available()
        return (_UNKNOWN if free is None else free) // 2
    if isinstance(memory, str) and (found := _SIZE.fullmatch(memory)):
        memory = float(found[1]) * _UNITS[found[2].lower()]
    if isinstance(memory, bool) or not isinstance(memory, int | float) or not 1 <= memory < 2**63:
        raise DataError(f"memory is {memory!r}; give bytes, or a text such as '2 GB', or None for half of what is free")
    return int(memory)


def resident() -> int:
    """The bytes of this process in memory, pages of mapped files included; 0 where the system does not tell."""
    try:
        return int((_PROC / "self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def _machine() -> int | None:
    try:
        found = re.search(r"MemAvailable:\s*(\d+) kB", (_PROC / "meminfo").read_text())
        if found:
            return int(found[1]) * 1024
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return None


def _control_groups() -> Iterator[int | None]:
    """What is left in every control group that this process is in, of either version."""
    try:
        lines = (_PROC / "self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            yield from _left(_GROUPS, path, "memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            names = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
            yield from _left(_GROUPS / "memory", path, *names)


def _left(root: Path, path: str, limit: str, usage: str, idle: str) -> Iterator[int | None]:
    """What is left in a group and in those around it; pages of files that nobody uses are as good as free."""
    inner = root / path.lstrip("/")
    for group in (inner, *inner.parents):
        try:
            left = int((group / limit).read_text()) - int((group / usage).read_text())
            found = re.search(rf"^{idle} (\d+)$", (group / "memory.stat").read_text(), re.MULTILINE)
            yield left + (int(found[1]) if found else 0)
        except (OSError, ValueError):  # no such file, or "max"
            pass
        if group == root:
            return


STRING = 64  # bytes of a string of Python, beside its letters


FEWER = "take fewer columns, or keep the table on disk: Table.create(path, n, dim), or --table-on-disk in the shell"


def require_memory(needed: int, what: str, instead: str = FEWER) -> None:
    """Refuse at once what would otherwise be killed while it is being filled.

    TooLarge where the bytes needed are more than are free, here or in this process's control group.
    """
    free = available()
    if free is not None and needed > free:
        raise TooLarge(f"{what} needs {needed / 1e9:.1f} GB and {free / 1e9:.1f} GB are free; {instead}")


@contextmanager
def explain_out_of_memory(what: str, instead: str) -> Iterator[None]:
    """TooLarge, with what was too large and what to do, where memory runs out within."""
    try:
        yield
    except MemoryError as error:
        if isinstance(error, TooLarge):
            raise
        raise TooLarge(f"{what} does not fit into memory; {instead}") from None
