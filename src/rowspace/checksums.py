"""Checksums: short texts and numbers that tell bytes from others, taken stretch by stretch. Source: XXH3."""

import os
from pathlib import Path

import numpy as np
import xxhash

_AT_ONCE = 1 << 24  # bytes


def file_digest(path: str | os.PathLike[str]) -> str:
    """The checksum of a file, 128 bits; OSError if it cannot be read.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a"
    ...     _ = path.write_bytes(b"123")
    ...     file_digest(path)
    '0e45f72b026d434f404a763b3f4c8c9a'
    """
    found, buffer = xxhash.xxh3_128(), bytearray(_AT_ONCE)
    with Path(path).open("rb", buffering=0) as stream:
        while read := stream.readinto(buffer):
            found.update(memoryview(buffer)[:read])
    return found.hexdigest()


def stretches(array: np.ndarray, size: int = 1 << 20) -> np.ndarray:
    """The checksum of every `size` bytes of an array in C order, uint64.

    >>> len(stretches(np.zeros(5, np.float32), 8))
    3
    """
    content = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
    sums = [xxhash.xxh3_64_intdigest(content[lo : lo + size]) for lo in range(0, len(content), size)]
    return np.array(sums, np.uint64)
