"""A table on disk: plain `<stem>.npy` values, and `<stem>.names.json`, `<stem>.counts.npy` beside.

Nothing here is ever unpickled, and a file's size is compared with what its header promises before
it is mapped.
"""

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from rowspace.errors import FormatError
from rowspace.mapped import mapped, stretches

# two surrogates in a row: JSON would read them back as the one character they encode
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def names_path(path: str | os.PathLike[str]) -> Path:
    """Where the names of the values at `path` lie.

    >>> names_path("model/E.npy").as_posix()
    'model/E.names.json'
    """
    return _beside(path, ".names.json")


def counts_path(path: str | os.PathLike[str]) -> Path:
    """Where the counts of the values at `path` lie."""
    return _beside(path, ".counts.npy")


def write_array(stream: Any, array: np.ndarray) -> None:
    """Write an array as .npy into an open binary file; a mapped one without having it in memory as a whole."""
    if mapped(array) is None:
        return np.lib.format.write_array(stream, array, allow_pickle=False)
    np.lib.format.write_array_header_1_0(stream, np.lib.format.header_data_from_array_1_0(array))
    for part in stretches(array):
        stream.write(part.data)
    return None


def names_json(names: Iterable[str]) -> str:
    """Names as ASCII JSON that holds any string of Python, lone surrogates included.

    >>> names_json(["tab" + chr(9), chr(233)])
    '["tab\\\\t", "\\\\u00e9"]'
    """
    # a name with such a pair is written as its list of code points
    return json.dumps([[*map(ord, name)] if _PAIR.search(name) else name for name in names])


def read_names(path: str | os.PathLike[str]) -> list[str]:
    """Read what `names_json` wrote.

    Raises:
        FormatError: if the file is not a JSON list of strings.
    """
    try:
        listed = json.loads(Path(path).read_bytes())
        if not isinstance(listed, list):
            raise TypeError(f"it holds {type(listed).__name__}")
        return [name if isinstance(name, str) else "".join(map(chr, name)) for name in listed]
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise FormatError(f"{path} is not a JSON list of names: {error}") from None


def open_files(path: str | os.PathLike[str], mode: Any) -> tuple[np.memmap, Any, Any]:
    """The mapped values at `path`, and the names and counts beside them, each or None."""
    values = map_array(path, mode)
    names, counts = names_path(path), counts_path(path)
    return (
        values,
        read_names(names) if names.exists() else None,
        np.array(map_array(counts, dtype="<i8", ndim=1)) if counts.exists() else None,
    )


def map_array(path: str | os.PathLike[str], mode: Any = "r", *, dtype: str = "<f4", ndim: int = 2) -> np.memmap:
    """Map a .npy file into memory without reading it.

    Args:
        path: the file.
        mode: "r" read-only, "r+" writes go to the file, "c" writes stay in this process.
        dtype: the little-endian dtype the file must hold.
        ndim: the number of dimensions it must have.

    Returns:
        The mapped array.

    Raises:
        FormatError: if the file is not such an array, or its size is not what its header says.
        OSError: if it cannot be opened.
    """
    shape, offset = _read_header(path, dtype, ndim)
    promised = offset + int(np.prod(shape, dtype=object)) * np.dtype(dtype).itemsize
    size = os.path.getsize(path)
    if size != promised:
        raise FormatError(
            f"{path} has {size} bytes where its header promises {promised} for shape {shape}; "
            "the file is damaged: write it again"
        )
    if 0 in shape:
        raise FormatError(f"{path} is empty (shape {shape}); a table has a row and a column")
    return np.memmap(path, dtype=dtype, mode=mode, offset=offset, shape=shape)


def _read_header(path: str | os.PathLike[str], dtype: str, ndim: int) -> tuple[tuple[int, ...], int]:
    try:
        with open(path, "rb") as stream:
            shape, fortran, found = _HEADERS[np.lib.format.read_magic(stream)](stream)
            offset = stream.tell()
    except (ValueError, KeyError, SyntaxError, TypeError) as error:
        raise FormatError(f"{path} is not a .npy file: {error}") from None
    if found != np.dtype(dtype) or len(shape) != ndim or fortran:
        order = ", Fortran order" if fortran else ""
        name = np.dtype(dtype).name
        raise FormatError(
            f"{path} holds {found} of shape {shape}{order}, expected {name} in C order with "
            f"{ndim} dimension(s); save np.ascontiguousarray(array, dtype=np.{name}) instead"
        )
    return shape, offset


def _beside(path: str | os.PathLike[str], suffix: str) -> Path:
    path = Path(path)
    return path.with_name(path.name.removesuffix(".npy") + suffix)
