"""Results go to standard output, notes to standard error."""

import json
import sys
from collections.abc import Sequence
from typing import Any


def show(text: str) -> None:
    """A result."""
    print(text, flush=True)


def show_json(value: Any) -> None:
    """A result that a program reads: one line of ASCII, which holds any name."""
    print(json.dumps(value), flush=True)


def note(text: str) -> None:
    """Something about the result, for the one who waits for it."""
    print(text, file=sys.stderr, flush=True)


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
    """A terminal that cannot show a letter shows its code, instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
