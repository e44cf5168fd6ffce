"""Pieces of a text that end between two words, and where they stand in its source; cells of a column as such pieces."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from rowspace.errors import DataError
from rowspace.errors.quoting import one_line
from rowspace.read.binary import HEAD_BYTES, is_binary
from rowspace.read.stream import BOM, Stream
from rowspace.system.memory import require_memory

PIECE_BYTES = 1 << 19  # read at once: the words of so much text stay in the second-level cache
BETWEEN_WORDS = (b" ", b"\n", b"\t")
BETWEEN_LINES = (b"\n",)
RETURN = b"\r"
_ALONE = re.compile(rb"\r(?!\n)")


@dataclass(frozen=True)
class Piece:
    """Some bytes of a text; the last ends a word, and at the end of a source a line.

    Attributes:
        data: the bytes.
        name: how errors call the source.
        start: the byte of the source, or with `rows` the row, that the data begin with.
        taken: how many bytes of the source were read for it, packed as they are.
    """

    data: bytes
    name: str
    start: int
    rows: bool = False
    taken: int = 0

    def refused(self, at: int) -> DataError:
        """The error for the byte at a place."""
        where = self.start + (self.data.count(b"\n", 0, at) + 1 if self.rows else at)
        place = f"{self.name}, {'row' if self.rows else 'byte'} {where}"
        if is_binary(self.data[max(0, at - HEAD_BYTES) : at + HEAD_BYTES]):
            return DataError(f"{place}: binary data, no text; give a file of text")
        if self.data[at] == 0:
            return DataError(f'{place}: a zero byte; is this text? If so, read it with errors="replace"')
        return DataError(f'{place}: not UTF-8 text; save it as UTF-8, or read it with errors="replace"')

    def text(self, errors: str) -> str:
        """The data decoded; "strict" raises DataError, "replace" puts U+FFFD for what cannot be."""
        try:
            text = self.data.decode("utf-8", errors)
        except UnicodeDecodeError as error:
            zero = self.data.find(0, 0, error.start)
            raise self.refused(error.start if zero < 0 else zero) from None
        if errors == "strict" and "\0" in text:
            raise self.refused(self.data.index(0))
        return text.replace("\0", "\ufffd")

    def replaced(self) -> "Piece":
        """The same with U+FFFD for what is not UTF-8."""
        return replace(self, data=self.text("replace").encode())


def pieces_of(stream: Stream, marks: tuple[bytes, ...]) -> Iterator[Piece]:
    """Cut a stream after the last mark in every PIECE_BYTES; what has no mark stays whole, however long.

    Lines end with a line feed, a carriage return or both; of these a return alone is made a line feed, in its place.
    """
    skip = len(BOM) if stream.peek(len(BOM)).startswith(BOM) else 0
    stream.read(skip)
    start, ended, rest = skip, True, [b""]
    while read := stream.read(PIECE_BYTES):
        cut = max(read.rfind(mark) for mark in marks) + 1 or read.rfind(RETURN, 0, -1) + 1
        if cut:
            data = b"".join([*rest, read[:cut]])
            yield Piece(_with_line_feeds(data), stream.name, start, taken=stream.taken())
            start, ended, rest = start + len(data), data.endswith((b"\n", RETURN)), []
        else:  # for the parts to be joined
            require_memory(PIECE_BYTES * len(rest), f"{stream.name}, a word or line without an end,", "is this text?")
        rest.append(read[cut:])
    data = b"".join(rest)
    if data or not ended:
        yield Piece(_with_line_feeds(data + b"\n"), stream.name, start, taken=stream.taken())


def _with_line_feeds(data: bytes) -> bytes:
    return _ALONE.sub(b"\n", data) if RETURN in data else data


def cells(name: str, what: str, arrays: Iterator[tuple[Any, int]]) -> Iterator[Piece]:
    """The cells of arrays as lines: ends of lines inside a cell become spaces, a missing cell an empty line."""
    row = 0
    for array, taken in arrays:
        for part in _small(_as_bytes(what, array)):
            yield Piece(_lines(part), name, row, rows=True, taken=taken)
            row, taken = row + len(part), 0


def _as_bytes(what: str, array: Any) -> Any:
    import pyarrow as pa

    texts = (pa.string(), pa.large_string(), pa.string_view(), pa.large_binary(), pa.null())
    if array.type not in texts:
        raise DataError(f"{what} holds {one_line(array.type)}: expected text")
    array = array.cast(pa.large_string()) if array.type == pa.string_view() else array
    return array.cast(pa.large_binary())


def _small(array: Any) -> Iterator[Any]:
    """Halves of halves until each is small."""
    if len(array) > 1 and array.nbytes > PIECE_BYTES:
        yield from _small(array[: len(array) // 2])
        yield from _small(array[len(array) // 2 :])
    elif len(array):
        yield array


def _lines(array: Any) -> bytes:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = pa.large_binary()
    cells = pc.replace_substring(array.fill_null(pa.scalar(b"", kind)), "\n", " ")
    line = pa.LargeListArray.from_arrays([0, len(cells)], cells)
    return pc.binary_join(line, pa.scalar(b"\n", kind))[0].as_py() + b"\n"
