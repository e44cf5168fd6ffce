"""Ids on disk: written as they come, and rewritten in place once it is known which words have a row."""

from io import BytesIO
from typing import IO, Any

import numpy as np

from rowspace.read.encoded import text_loop

HEADER = 128  # bytes of a .npy header for one dimension
PROVISIONAL = np.dtype("<i4")
OFFSET = np.dtype("<i8")
BLOCK = 1 << 18  # ids rewritten at once


def append(stream: IO[Any], ids: np.ndarray) -> None:
    """Write provisional ids, LINE_END among them, behind those that are there."""
    if not stream.tell():
        stream.write(bytes(HEADER))
    stream.write(ids.astype(PROVISIONAL, copy=False).data)


def dtype_for(rows: int) -> np.dtype[Any]:
    """uint16 if that holds the ids of so many rows, else int32."""
    return np.dtype("<u2") if rows <= 1 << 16 else np.dtype("<i4")


def renumber(
    ids: IO[Any], offsets: IO[Any], new: np.ndarray, length: int, sentences: int, dtype: np.dtype[Any]
) -> None:
    """Turn provisional ids into a .npy file of `length` ids, where they lie, and write where sentences begin.

    Args:
        ids: a file open for reading and writing, filled by `append`; no new id takes more bytes than the old one.
        offsets: an empty file.
        new: the new id of each provisional one, int32, -1 for those that are left out.
    """
    read = written = HEADER
    _write_header(offsets, (sentences + 1,), OFFSET)
    offsets.write(bytes(OFFSET.itemsize))
    out, bounds, begun = np.empty(BLOCK + 1, np.int32), np.empty(BLOCK, np.int64), 0
    while True:
        ids.seek(read)
        block = np.frombuffer(ids.read(BLOCK * PROVISIONAL.itemsize), PROVISIONAL)
        if not len(block):
            break
        read += block.nbytes
        kept, lines = text_loop("renumber")(block, new, out, bounds, begun)
        begun += kept
        ids.seek(written)
        written += ids.write(out[:kept].astype(dtype).data)
        offsets.write(bounds[:lines].astype(OFFSET, copy=False).data)
    ids.truncate(written)
    ids.seek(0)
    _write_header(ids, (length,), dtype)


def _write_header(stream: IO[Any], shape: tuple[int], dtype: np.dtype[Any]) -> None:
    header = BytesIO()
    content = {"descr": dtype.str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, content)
    text = header.getvalue()
    assert len(text) <= HEADER, text
    stream.write(text)
