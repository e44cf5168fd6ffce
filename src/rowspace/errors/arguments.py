"""Arguments that are no numbers: paths, words to choose from, objects of a class; others are refused in words."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rowspace.errors import DataError, RowspaceError
from rowspace.errors.quoting import quoted


def path_of(what: str, path: Any) -> Path:
    """A path, which is text or a pathlib.Path; never a number, which Python would take for an open file.

    >>> path_of("a trace", 3)
    Traceback (most recent call last):
    rowspace.errors.DataError: a trace is 3 (int); give a path, as text or a pathlib.Path
    """
    name = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(name, str):
        raise DataError(f"{what} is {quoted(path)} ({type(path).__name__}); give a path, as text or a pathlib.Path")
    if "\0" in name:
        raise DataError(f"{what} is {quoted(name)}; a path holds no zero byte")
    return Path(name)


def check_choice(what: str, value: Any, choices: Iterable[str | None], error: type[RowspaceError] = DataError) -> None:
    """Raise an error unless a value is one of some words."""
    known = list(choices)
    if not isinstance(value, str | None) or value not in known:
        raise error(f"{what} {quoted(value)} is not one of {', '.join(map(str, known))}")


def check_kind(what: str, value: Any, kind: type | tuple[type, ...], instead: str) -> None:
    """Raise DataError unless a value is of a class; `instead` says what to give."""
    if not isinstance(value, kind):
        is_class = f"the class {value.__name__}" if isinstance(value, type) else f"{quoted(value)}"
        raise DataError(f"{what} is {is_class} ({type(value).__name__}); give {instead}")
