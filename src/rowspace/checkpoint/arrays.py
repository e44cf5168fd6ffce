"""The arrays of a checkpoint as .npy files, of which only the pieces that changed are written."""

from io import RawIOBase
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from rowspace.checkpoint.form import Malformed, by_name, list_of, one_of, row_of, text, whole
from rowspace.errors import CheckpointError
from rowspace.system.digests import block_digests
from rowspace.system.mapped import release
from rowspace.system.npy import header

PIECE = 1 << 20  # bytes with a digest of their own
_AT_ONCE = 64 * PIECE  # bytes read in one call
_DTYPES = [
    np.dtype(kind + size).str for kind, sizes in {"i": "1248", "u": "1248", "f": "248"}.items() for size in sizes
]
_DESCRIBED = by_name(
    row_of(one_of(*_DTYPES), list_of(whole()), text("([0-9a-f]{16})*", "checksums")), text(r"[\w.]{1,200}", "a name")
)


def check_described(arrays: Any) -> None:
    """Raise Malformed unless these describe arrays by name: dtype, shape and the digests of their pieces."""
    _DESCRIBED(arrays, "arrays")
    for name, (dtype, shape, digests) in arrays.items():
        size = prod(shape) * np.dtype(dtype).itemsize
        if len(shape) > 2 or len(digests) != 16 * -(-size // PIECE):
            raise Malformed(f"arrays.{name} has the shape {shape} and {len(digests) // 16} checksums")


def write_changed(path: Path, array: np.ndarray, before: np.ndarray | None) -> np.ndarray:
    """Write an array over its earlier state, where that is in the file already; gives the digests of its pieces.

    `before` are the digests of what the file holds; None if that is not known, or there is no file.
    """
    array = np.ascontiguousarray(array)
    begin, content = header(array.dtype, array.shape), array.reshape(-1).view(np.uint8)
    size, digests = len(begin) + array.nbytes, np.empty(-(-array.nbytes // PIECE), np.uint64)
    if before is not None and (len(before) != len(digests) or not path.exists() or path.stat().st_size != size):
        before = None
    with path.open("wb" if before is None else "r+b", buffering=0) as stream:
        stream.truncate(size)
        _write(stream, begin, 0)
        for number in range(len(digests)):
            part = content[number * PIECE : (number + 1) * PIECE]
            [digests[number]] = block_digests(part, PIECE)
            if before is None or digests[number] != before[number]:
                _write(stream, part.data, len(begin) + number * PIECE)
            release(part)
    return digests


def read_into(path: Path, array: np.ndarray) -> None:
    """Fill an array, in C order, from a file that was found to hold one of its dtype and shape."""
    content = array.reshape(-1).view(np.uint8)
    with path.open("rb", buffering=0) as stream:
        stream.seek(len(header(array.dtype, array.shape)))
        while len(content):
            read = stream.readinto(content[:_AT_ONCE].data)
            if not read:
                raise CheckpointError(f"{path} ends early: it was changed while it was read")
            release(content[:read])
            content = content[read:]


def damage(path: Path, dtype: str, shape: tuple[int, ...], digests: np.ndarray) -> str:
    """What is wrong with a file that should hold an array with these digests, or nothing."""
    begin = header(dtype, shape)
    size = len(begin) + prod(shape) * np.dtype(dtype).itemsize
    try:
        if path.stat().st_size != size:
            return f"{path} has {path.stat().st_size} bytes instead of {size}"
        with path.open("rb", buffering=0) as stream:
            if stream.read(len(begin)) != begin:
                return f"the header of {path} was altered"
            for number, expected in enumerate(digests):
                [found] = block_digests(np.frombuffer(stream.read(PIECE), np.uint8), PIECE)
                if found != expected:
                    return f"{path} was altered or damaged since it was written (megabyte {number})"
    except FileNotFoundError:
        return f"{path} is missing"
    return ""


def _write(stream: RawIOBase, content: memoryview | bytes, at: int) -> None:
    stream.seek(at)
    content = memoryview(content)
    while content:
        content = content[stream.write(content) :]
