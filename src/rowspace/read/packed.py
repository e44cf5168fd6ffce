"""Packed forms of files: which one a file is in, told by its first bytes, and its bytes unpacked or packed."""

import bz2
import gzip
import lzma
import os
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from rowspace.errors.quoting import quoted

BUFFER_BYTES = 1 << 18  # read or unpacked at once
MARK_BYTES = 16  # that tell whether one more stream begins


class Damaged(Exception):
    """Bytes that are not what their form says."""


@dataclass(frozen=True)
class Packing:
    """One form: its name, the endings of its files, the pattern of its first bytes, how to unpack and to pack it."""

    name: str
    endings: tuple[str, ...]
    begins: re.Pattern[bytes]
    unpack: Callable[[Any], Any]
    pack: Callable[[IO[bytes]], Any]


class Streams:
    """The bytes of packed streams that lie one after another; zeros behind one of them are padding.

    Anything else behind a stream is refused: what cannot be read may be the rest of a damaged file.
    """

    def __init__(self, packed: Any, begins: re.Pattern[bytes], decompressor: Callable[[], Any]) -> None:
        self._packed, self._begins, self._new = packed, begins, decompressor
        self._now, self._ahead = decompressor(), b""

    def read(self, size: int) -> bytes:
        """At most so many of the next bytes; none at the end."""
        while not self._now.eof or self._begins_anew():
            fed = b""
            if self._now.needs_input and not (fed := self._ahead or self._packed.read(BUFFER_BYTES)):
                raise EOFError
            self._ahead = b""
            if part := self._now.decompress(fed, size):
                return part
        return b""

    def _begins_anew(self) -> bool:
        """Whether one more stream follows; it is the one that is read then."""
        rest = self._now.unused_data.lstrip(b"\0")
        while not rest:
            if not (more := self._packed.read(BUFFER_BYTES)):
                return False
            rest = more.lstrip(b"\0")
        if len(rest) < MARK_BYTES:
            rest += self._packed.read(MARK_BYTES)
        if not self._begins.match(rest):
            raise Damaged(f"other bytes follow it: {quoted(rest[:8])}")
        self._now, self._ahead = self._new(), rest
        return True


class _Gunzip:
    """zlib's decompressor of one gzip member, as those of bz2 and lzma are asked."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=31)

    def decompress(self, data: bytes, size: int) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, size)

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data


def _unzstd(packed: Any) -> Any:
    import pyarrow as pa

    return pa.CompressedInputStream(packed, "zstd")


def _zstd(out: IO[bytes]) -> Any:
    import pyarrow as pa

    return pa.CompressedOutputStream(pa.PythonFile(_Kept(out), "w"), "zstd")


class _Kept:
    """A file that stays open, whoever closes this."""

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self.write, self.flush = file.write, file.flush

    def close(self) -> None:
        """Nothing: who opened the file closes it."""


_GZIP = re.compile(rb"\x1f\x8b")
_BZIP2 = re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)")  # what follows the level begins a block, or ends the stream
_XZ = re.compile(rb"\xfd7zXZ\0")
_ZSTD = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")  # a frame, or one to be skipped

PACKINGS = (
    Packing(
        "gzip",
        (".gz", ".gzip"),
        _GZIP,
        lambda packed: Streams(packed, _GZIP, _Gunzip),
        # without a name and a time, the same bytes are packed to the same ones
        lambda out: gzip.GzipFile("", "wb", fileobj=out, mtime=0),
    ),
    Packing(
        "bzip2",
        (".bz2",),
        _BZIP2,
        lambda packed: Streams(packed, _BZIP2, bz2.BZ2Decompressor),
        lambda out: bz2.BZ2File(out, "wb"),
    ),
    Packing(
        "xz",
        (".xz",),
        _XZ,
        lambda packed: Streams(packed, _XZ, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ)),
        partial(lzma.LZMAFile, mode="wb"),
    ),
    Packing("zstd", (".zst", ".zstd"), _ZSTD, _unzstd, _zstd),
)


def packing_of(head: bytes) -> Packing | None:
    """The form that the first bytes tell.

    >>> packing_of(gzip.compress(b"words")).name, packing_of(b"words")
    ('gzip', None)
    """
    return next((one for one in PACKINGS if one.begins.match(head)), None)


def packing_named(path: str | os.PathLike[str]) -> tuple[Packing | None, Path]:
    """The form that a file's ending tells, in any case, and the name without it.

    >>> packing, inner = packing_named("v.txt.GZ")
    >>> packing.name, inner.name
    ('gzip', 'v.txt')
    """
    path = Path(path)
    found = next((one for one in PACKINGS if path.suffix.lower() in one.endings), None)
    return found, path.with_suffix("") if found else path
