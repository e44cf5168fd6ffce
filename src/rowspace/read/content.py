"""The bytes of a file or of standard input, unpacked, with the name that errors call them."""

import os
import re
from dataclasses import dataclass

from rowspace.errors import DataError
from rowspace.read.binary import TABLES, not_text
from rowspace.read.stream import opened

BOM = b"\xef\xbb\xbf"
_JSON_ARRAY = re.compile(rb'\[\s*[\[{"]')


@dataclass(frozen=True)
class Content:
    """Unpacked bytes; `skipped` of them (a byte order mark) were cut off the front."""

    name: str
    data: bytes
    skipped: int = 0


def check_text(name: str, head: bytes) -> None:
    """Refuse what begins as no text in UTF-8 does; DataError says what it is."""
    found = not_text(head)
    if found:
        raise DataError(f"{name} is {found}")


def is_json_array(head: bytes) -> bool:
    """Whether text begins as an array of JSON; a name in brackets may be that of a column."""
    return bool(_JSON_ARRAY.match(head.removeprefix(BOM).lstrip()))


def read_content(
    source: str | os.PathLike[str], expected: str = "a header line and rows", *, tables: bool = False
) -> Content:
    """All bytes of a path, or of standard input for "-", unpacked.

    Args:
        source: the path.
        expected: what an error says was expected.
        tables: whether they may be those of a Parquet or Arrow file as well as text.

    Raises:
        DataError: if there is no such file, it is a folder, empty, damaged or no text in UTF-8.
    """
    with opened(source) as stream:
        name, data = stream.name, stream.whole()
    table = next((what for begins, what in TABLES if data.startswith(begins)), None)
    if table and not tables:
        raise DataError(f"{name} is {table}; expected {expected}, as text in UTF-8")
    if not table:
        check_text(name, data)
    skipped = len(BOM) if data.startswith(BOM) else 0
    data = data[skipped:] if skipped else data
    if not data.strip():
        raise DataError(f"{name} is empty; expected {expected}")
    return Content(name, data, skipped)


def lines_of(source: str | os.PathLike[str], expected: str) -> tuple[str, list[tuple[int, str]]]:
    """What errors call a file of text, and its lines that are not blank with their numbers, from 1.

    Raises:
        DataError: as `read_content`, and naming the line that is not UTF-8.
    """
    content, lines = read_content(source, expected), list[tuple[int, str]]()
    for number, line in enumerate(content.data.splitlines(), 1):
        try:
            if line.strip():
                lines.append((number, line.decode()))
        except UnicodeDecodeError:
            raise DataError(f"{content.name}, line {number} is not UTF-8; save the file as UTF-8") from None
    return content.name, lines
