"""The bytes of a file or of standard input, unpacked, with the name that errors call them."""

import os
from dataclasses import dataclass

from rowspace.errors import DataError
from rowspace.read.stream import opened

BOM = b"\xef\xbb\xbf"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Content:
    """Unpacked bytes; `skipped` of them (a byte order mark) were cut off the front."""

    name: str
    data: bytes
    skipped: int = 0


def read_content(source: str | os.PathLike[str], expected: str = "a header line and rows") -> Content:
    """All bytes of a path, or of standard input for "-", unpacked.

    Raises:
        DataError: if there is no such file, it is a folder, empty, damaged or UTF-16.
    """
    with opened(source) as stream:
        name, data = stream.name, stream.whole()
    if data.startswith(UTF_16):
        raise DataError(f"{name} is UTF-16 text; save it as UTF-8")
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
