"""The bytes of a file or of standard input, unpacked, with the name that errors call them."""

import gzip
import os
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

from rowspace.errors import DataError

BOM = b"\xef\xbb\xbf"
GZIP = b"\x1f\x8b"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Content:
    """Unpacked bytes; `skipped` of them (a byte order mark) were cut off the front."""

    name: str
    data: bytes
    skipped: int = 0


def read_content(source: str | os.PathLike[str], expected: str = "a header line and rows") -> Content:
    """All bytes of a path, or of standard input for "-"; gzip is recognized by its first bytes.

    Raises:
        DataError: if there is no such file, it is a folder, empty, damaged or UTF-16.
    """
    name, data = _standard_input() if source == "-" else _file(Path(source))
    if data.startswith(GZIP):
        data = _unpacked(name, data)
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


def _standard_input() -> tuple[str, bytes]:
    return "standard input", sys.stdin.buffer.read()


def _file(path: Path) -> tuple[str, bytes]:
    try:
        return str(path), path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"there is no file {path}") from None
    except IsADirectoryError:
        raise DataError(f"{path} is a folder; give a file inside it") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path} cannot be read: {reason}") from error


def _unpacked(name: str, data: bytes) -> bytes:
    try:
        return gzip.decompress(data)
    except EOFError:
        raise DataError(f"{name}: the gzip data ends early; copy or download it again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{name}: damaged gzip data ({error}); copy it again") from None
