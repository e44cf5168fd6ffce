"""Pieces of a text that end between two words, and where in the source they stand."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rowspace.errors import DataError
from rowspace.read.binary import HEAD, is_binary
from rowspace.read.content import BOM
from rowspace.read.stream import Stream
from rowspace.system.memory import require_memory

SIZE = 1 << 19  # bytes read at once: the words of so much text stay in the second-level cache
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
        if is_binary(self.data[max(0, at - HEAD) : at + HEAD]):
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


def chunks(stream: Stream, marks: tuple[bytes, ...]) -> Iterator[Piece]:
    """Cut a stream after the last mark in every SIZE bytes; what has no mark stays whole, however long.

    Lines end with a line feed, a carriage return or both; of these a return alone is made a line feed, in its place.
    """
    skip = len(BOM) if stream.peek(len(BOM)).startswith(BOM) else 0
    stream.read(skip)
    start, ended, rest = skip, True, [b""]
    while block := stream.read(SIZE):
        cut = max(block.rfind(mark) for mark in marks) + 1 or block.rfind(RETURN, 0, -1) + 1
        if cut:
            data = b"".join([*rest, block[:cut]])
            yield Piece(_with_line_feeds(data), stream.name, start, taken=stream.taken())
            start, ended, rest = start + len(data), data.endswith((b"\n", RETURN)), []
        else:  # for the parts to be joined
            require_memory(SIZE * len(rest), f"{stream.name}, a word or line without an end,", "is this text?")
        rest.append(block[cut:])
    data = b"".join(rest)
    if data or not ended:
        yield Piece(_with_line_feeds(data + b"\n"), stream.name, start, taken=stream.taken())


def _with_line_feeds(data: bytes) -> bytes:
    return _ALONE.sub(b"\n", data) if RETURN in data else data
