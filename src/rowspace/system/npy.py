"""Arrays of numbers as .npy files: headers are written and read in one place, and nothing is ever unpickled."""

import os
import re
import warnings
from io import BytesIO
from typing import IO, Any

import numpy as np

from rowspace.errors import FormatError
from rowspace.errors.quoting import one_line, quoted
from rowspace.system.disk_room import fill_holes
from rowspace.system.mapped import map_file, pieces

LONGEST_HEADER = 10_000  # bytes, as NumPy itself reads
_LENGTHS = {1: 2, 2: 4, 3: 4}  # bytes of the length of the header, by version
_VALUE = r"('[^']{1,40}'|True|False|\((?:\d{1,18}(?:, ?\d{1,18})*,?)?\))"  # no two ways to read one text
_ENTRY = re.compile(rf"'(\w+)': ?{_VALUE}")
_ENTRIES = re.compile(rf"\{{(?:{_ENTRY.pattern},? ?)*\}}\s*")


def header(dtype: Any, shape: tuple[int, ...]) -> bytes:
    """What a .npy file of numbers in C order begins with.

    >>> len(header("<f4", (3, 2)))
    128
    """
    out = BytesIO()
    content = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(out, content)
    return out.getvalue()


def write_array(stream: Any, array: np.ndarray) -> None:
    """Write an array of numbers as .npy into anything with a `write`, without a copy of it."""
    array = np.ascontiguousarray(array)
    stream.write(header(array.dtype, array.shape))
    # in pieces: one write takes at most 2 GB. Not array.tofile, which does not say that a disk is full
    for part in pieces(array.reshape(-1)):
        stream.write(part.view(np.uint8).data)


def map_array(path: str | os.PathLike[str], mode: Any = "r", *, dtype: str = "<f4", ndim: int = 2) -> np.memmap:
    """Map a .npy file into memory without reading it.

    Args:
        path: the file.
        mode: "r" read-only, "r+" writes go to the file, "c" writes stay in this process.
        dtype, ndim: the little-endian dtype and the number of dimensions it must have.

    Raises:
        FormatError: if the file is not such an array, or its size is not what its header says.
        DiskFull: if it has holes, is to be written to, and the disk has no room to fill them.
        OSError: if it cannot be opened.
    """
    with open(path, "r+b" if mode == "r+" else "rb") as stream:  # once: it may be replaced at any moment
        shape, offset = _read_header(stream, path, dtype, ndim)
        promised = offset + int(np.prod(shape, dtype=object)) * np.dtype(dtype).itemsize
        size = os.fstat(stream.fileno()).st_size
        if size != promised:
            raise FormatError(
                f"{path} has {size} bytes where its header promises {promised} for shape {shape}; "
                "the file is damaged: write it again"
            )
        if 0 in shape:
            raise FormatError(f"{path} is empty (shape {shape}); a table has a row and a column")
        if mode == "r+":
            fill_holes(stream.fileno(), size, path)
        return map_file(stream, path, dtype=dtype, mode=mode, offset=offset, shape=shape)


def _read_header(stream: IO[bytes], path: str | os.PathLike[str], dtype: str, ndim: int) -> tuple[tuple[int, ...], int]:
    try:
        descr, fortran, shape, offset = _parsed(stream)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of types that NumPy is giving up
            found = np.dtype(descr)
    except (ValueError, TypeError, SyntaxError) as error:
        raise FormatError(f"{path} is not a .npy file of numbers: {one_line(error)}") from None
    if found != np.dtype(dtype) or len(shape) != ndim or fortran:
        order = ", Fortran order" if fortran else ""
        name = np.dtype(dtype).name
        raise FormatError(
            f"{path} holds {found} of shape {shape}{order}, expected {name} in C order with "
            f"{ndim} dimension(s); save np.ascontiguousarray(array, dtype=np.{name}) instead"
        )
    return shape, offset


def _parsed(stream: IO[bytes]) -> tuple[str, bool, tuple[int, ...], int]:
    """The header of a .npy file: dtype, whether in Fortran order, shape, and where the numbers begin.

    NumPy's own reader evaluates the header as Python's literals, as long as the file says it is; what it may hold of
    arrays of numbers is a pattern.
    """
    start = stream.read(8)
    if len(start) < 8 or start[:6] != np.lib.format.MAGIC_PREFIX or start[6] not in _LENGTHS:
        raise ValueError("it does not begin as one")
    length = int.from_bytes(stream.read(_LENGTHS[start[6]]), "little")
    if length > LONGEST_HEADER:
        raise ValueError(f"its header claims {length} bytes")
    header = stream.read(length).decode("latin-1")
    entries = dict(_ENTRY.findall(header)) if _ENTRIES.fullmatch(header) else {}
    if len(header) < length or entries.keys() != {"descr", "fortran_order", "shape"}:
        raise ValueError(f"its header is {quoted(header.strip())}")
    shape = tuple(map(int, re.findall(r"\d+", entries["shape"])))
    return entries["descr"].strip("'"), entries["fortran_order"] == "True", shape, stream.tell()
