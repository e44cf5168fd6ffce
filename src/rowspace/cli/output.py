"""Results go to standard output, notes to standard error."""

import contextlib
import os
import re
import sys
import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

_refused: list[OSError] = []  # by standard output


def show(text: str) -> None:
    """A result. What standard output does not take is dropped: a training goes on, and `check_shown` tells at its end.

    After a reader that left (`rowspace ... | head`), which is no error, nothing is told.
    """
    try:
        print(text, flush=True)
    except OSError as error:
        _drop(sys.stdout)
        if not isinstance(error, BrokenPipeError):
            _refused.append(error)


def check_shown() -> None:
    """Raise what standard output refused, once the work is done: OSError for the first result that it did not take."""
    if _refused:
        error = _refused[0]
        _refused.clear()
        raise OSError(error.errno, error.strerror, "standard output")


def show_json(value: Any) -> None:
    """A result that a program reads: one line of ASCII, which holds any name; null where a number is missing."""
    from rowspace.system.json_text import json_text

    show(json_text(value))


def note(text: str) -> None:
    """Something about the result, for the one who waits for it."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        _drop(sys.stderr)  # there is nowhere to say so


def note_error(error: BaseException, where: str = "", options: Collection[str] = ()) -> None:
    """What went wrong, in one line; `where` if the error does not say. Of `options` it speaks as one types them."""
    note(f"rowspace: {where}{as_typed(error_line(error), options)}")


def as_typed(line: str, options: Collection[str]) -> str:
    """A line in which the library's options are those of the command line.

    >>> as_typed("not UTF-8; read it with errors='replace'", {"errors"})
    'not UTF-8; read it with --errors replace'
    >>> as_typed("dim is 0; give a whole number of at least 1", {"dim"})
    '--dim is 0; give a whole number of at least 1'
    >>> as_typed("give --no-header (header=False) or --left 1 (left=)", {"header"})
    'give --no-header or --left 1'
    """

    def typed(found: re.Match[str]) -> str:
        if found["name"] not in options:
            return found[0]
        name = "--" + found["name"].replace("_", "-")
        return f"{name} {found['value']}".removesuffix(" True")

    line = re.sub(r"(?<=\S) \((?:[a-z_]+=[^\s(),]*(?:, )?)+\)", "", line) if "--" in line else line
    line = re.sub(r"\b(?P<name>[a-z]\w*)=(?P<quote>[\"'])(?P<value>[\w. -]+)(?P=quote)", typed, line)
    line = re.sub(r"\b(?P<name>[a-z]\w*)=(?P<value>[\d.]*\d|True)\b", typed, line)
    return re.sub(r"^(?P<name>[a-z]\w*) (?P<value>is [^a-z])", typed, line)


def error_line(error: BaseException) -> str:
    """An error in one line.

    >>> error_line(FileNotFoundError(2, "No such file or directory", "pairs.csv"))
    'pairs.csv: No such file or directory'
    """
    text = str(error)
    if isinstance(error, OSError) and error.strerror:
        text = error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"
    if isinstance(error, MemoryError):
        text = f"not enough memory: {text}" if text else "not enough memory"
    line = " ".join(text.splitlines()) or type(error).__name__
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)


def plain(item: Any) -> str:
    """An item as a terminal can show it, whatever its name holds.

    >>> plain("caf\\u00e9 au lait"), plain("line\\nend")
    ('caf\\xe9 au lait', "'line\\\\nend'")
    """
    text = str(item)
    return text if text.isprintable() else ascii(text)


def columns(rows: Sequence[tuple[str, ...]]) -> str:
    """Rows of texts with their columns aligned to the left.

    >>> print(columns([("a", "1"), ("long", "2")]))
    a     1
    long  2
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


@contextmanager
def plain_streams() -> Iterator[None]:
    """Streams that do not end the program.

    A terminal that cannot show a letter shows its code; warnings are one line; what is closed (`>&-`) leads nowhere;
    and what the end of the program would write in vain is dropped.
    """
    _open_closed()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    warnings.showwarning = lambda message, *_, **__: note(f"rowspace: {message}")
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except OSError:
                _drop(stream)


def _open_closed() -> None:
    """Let closed streams lead nowhere, or the next file that is opened would take their numbers."""
    for number, (name, mode) in enumerate({"stdin": "r", "stdout": "w", "stderr": "w"}.items()):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)  # the first number that is free
            if nowhere > number and not _is_open(number):
                os.dup2(nowhere, number)
            setattr(sys, name, open(nowhere, mode, closefd=False))  # noqa: SIM115


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _drop(stream: Any) -> None:
    """Send a stream into nothing: what it still holds would be written again at the end of the program, in vain."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)
