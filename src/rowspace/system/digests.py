"""Digests by XXH3: short texts that tell contents apart. Files and arrays are gone through piece by piece.

They find damage: a flipped bit, a file cut short, two files mixed up. They are no signatures: whoever can write a file
can write its digest too.
"""

import os
from collections.abc import Iterable, Iterator
from typing import IO, Any

import numpy as np
import xxhash

from rowspace.errors import ShapeError
from rowspace.system.mapped import pieces

NAME = "xxh3_128"  # of the digests, as files record them
PIECE = 1 << 20  # bytes taken at once


def digest(source: Any) -> str:
    """The XXH3 digest of a file, or of anything with a buffer in C order: 128 bits as 32 hexadecimal digits.

    A file is read through one small buffer, so that memory stays as it was; of a mapped array the pages that were
    read are the system's to take back.

    Raises:
        ShapeError: for an array that is not in C order.
        OSError: if the file cannot be read.

    >>> digest(np.arange(3, dtype="<i4")) == digest(b"\\0\\0\\0\\0\\1\\0\\0\\0\\2\\0\\0\\0")
    True
    >>> digest(b"")
    '99aa06d3014798d86001c324468d497f'
    """
    running = xxhash.xxh3_128()
    for part in _of_file(source) if isinstance(source, (str, os.PathLike)) else _parts(source, PIECE):
        running.update(part)
    return running.hexdigest()


def block_digests(array: np.ndarray, size: int = PIECE) -> np.ndarray:
    """A digest uint64 of each piece of `size` bytes of an array in C order, to see which of them changed.

    Raises:
        ShapeError: if the array is not in C order, or size is below 1.

    >>> array = np.zeros(6, np.float32)
    >>> before = block_digests(array, size=8)
    >>> array[2] = 1
    >>> (block_digests(array, size=8) != before).tolist()
    [False, True, False]
    """
    if size < 1:
        raise ShapeError(f"a stretch has at least 1 byte, not {size}")
    return np.fromiter((xxhash.xxh3_64_intdigest(part) for part in _parts(array, size)), np.uint64)


class Digested:
    """A stream that is written to, with the size and the digest of what went through.

    >>> import io
    >>> out = Digested(io.BytesIO())
    >>> _ = out.write(b"one"), out.write(b"two")
    >>> out.size, out.hexdigest() == digest(b"onetwo")
    (6, True)
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self.size = 0
        self._stream = stream
        self._running = xxhash.xxh3_128()

    def write(self, data: Any) -> int:
        """Write bytes, or anything with a buffer of them."""
        self._running.update(data)
        written = self._stream.write(data)
        self.size += written
        return written

    def hexdigest(self) -> str:
        """The digest of what was written so far, as `digest` gives it."""
        return self._running.hexdigest()


def _of_file(path: str | os.PathLike[str]) -> Iterator[memoryview]:
    buffer = memoryview(bytearray(PIECE))
    with open(path, "rb", buffering=0) as stream:
        while got := stream.readinto(buffer):
            yield buffer[:got]


def _parts(source: Any, size: int) -> Iterator[memoryview]:
    whole = memoryview(source)
    if not whole.c_contiguous:
        raise ShapeError("a checksum is of an array in C order; give np.ascontiguousarray(array), which copies")
    if whole.nbytes == 0:
        return
    data = whole.cast("B")
    yield from (data[at : at + size] for at in range(0, len(data), size))


def digest_of(*arrays: np.ndarray) -> str:
    """The XXH3 digest of arrays: other numbers, dtypes or shapes give another.

    >>> digest_of(np.arange(3)) == digest_of(np.arange(3)), digest_of(np.arange(3)) == digest_of(np.arange(3.0))
    (True, False)
    """
    found = xxhash.xxh3_128()
    for array in arrays:
        found.update(f"{array.dtype.str} {array.shape}".encode())
        for part in pieces(np.ascontiguousarray(array).reshape(-1)):
            found.update(part.view(np.uint8).data)
    return found.hexdigest()


def digest_of_texts(texts: Iterable[str]) -> str:
    """The XXH3 digest of texts in their order."""
    found = xxhash.xxh3_128()
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass")
        found.update(len(encoded).to_bytes(8, "little"))
        found.update(encoded)
    return found.hexdigest()
