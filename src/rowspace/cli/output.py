"""Results go to standard output, notes to standard error."""

import contextlib
import json
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any


def show(text: str) -> None:
    """A result.

    Raises:
        OSError: if standard output does not take it; what is left of it is dropped.
    """
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise  # the reader left, which is no error
    except OSError as error:
        _drop(sys.stdout)
        raise OSError(error.errno, error.strerror, "standard output") from None


def show_json(value: Any) -> None:
    """A result that a program reads: one line of ASCII, which holds any name."""
    show(json.dumps(value))


def note(text: str) -> None:
    """Something about the result, for the one who waits for it."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        _drop(sys.stderr)  # there is nowhere to say so


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


def plain_streams() -> None:
    """A terminal that cannot show a letter shows its code, instead of ending the program; warnings are one line."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    warnings.showwarning = lambda message, *_, **__: note(f"rowspace: {message}")


def _drop(stream: Any) -> None:
    """Send a stream into nothing: what it still holds would be written again at the end of the program, in vain."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)
