"""Other tools' files, in and out: a choice by the file's extension, or by the name of the format.

- `word2vec.py` (also fastText's .vec; `records.py` reads its binary form), `glove.py`, `npy.py`, `parquet.py`,
  `projector.py`: a format each. `source.py`: what the readers and writers of text share; `spelling.py`: in which
  encoding names are.

Another format is a module, and its lines in the tables here.
"""

import os
import re
from collections.abc import Callable
from typing import Any

from rowspace.errors import FormatError
from rowspace.errors.checks import path_of
from rowspace.formats.glove import read_glove
from rowspace.formats.npy import read_npy, write_npy
from rowspace.formats.parquet import read_parquet, write_parquet
from rowspace.formats.projector import write_projector
from rowspace.formats.source import head_of
from rowspace.formats.word2vec import read_word2vec, write_word2vec
from rowspace.read.binary import is_utf_8
from rowspace.read.packed import packing_named
from rowspace.tables.table import Table, table_of

__all__ = [
    "READERS",
    "WRITERS",
    "export",
    "import_",
    "read_glove",
    "read_npy",
    "read_parquet",
    "read_word2vec",
    "write_npy",
    "write_parquet",
    "write_projector",
    "write_word2vec",
]

Location = str | os.PathLike[str]

WRITERS: dict[str, Callable[[Table, Location], None]] = {
    "word2vec": write_word2vec,
    "word2vec-binary": lambda table, path: write_word2vec(table, path, binary=True),
    "fasttext": write_word2vec,  # a .vec file is word2vec text
    "projector": write_projector,
    "npy": write_npy,
    "parquet": write_parquet,
}
READERS: dict[str, Callable[..., Table]] = {
    "word2vec": read_word2vec,
    "word2vec-binary": lambda path, limit=None, **spelling: read_word2vec(path, True, limit, **spelling),
    "fasttext": read_word2vec,
    "glove": read_glove,
    "npy": read_npy,
    "parquet": read_parquet,
}
SEEN = 2**16  # bytes at the beginning of a file
_NUMBER = re.compile(rb"[+-]?[\d.]+(?:[eE][+-]?\d+)?")
PACKED = ("word2vec", "word2vec-binary", "fasttext")
_BY_BYTES = ((b"\x93NUMPY", "npy"), (b"PAR1", "parquet"))
_BY_EXTENSION = {
    ".txt": "word2vec",
    ".vec": "fasttext",
    ".bin": "word2vec-binary",
    ".npy": "npy",
    ".parquet": "parquet",
    "": "projector",
}


def export(table: Any, path: Location, format: str | None = None) -> None:
    """Write a table for another tool.

    Args:
        table: what to write: a table, or a model that has one.
        path: the file, or the folder for "projector"; word2vec files are packed if it ends in .gz, .bz2, .xz or .zst.
        format: "word2vec" (.txt), "word2vec-binary" (.bin), "fasttext" (.vec), "npy", "parquet" or
            "projector" (no extension: a folder); None goes by the extension.

    Raises:
        DataError: for a model of several tables; it says which there are.
        FormatError: if the format is unknown, or cannot hold one of the names or values.
        OSError: if it cannot be written; an existing file is then as it was.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     export(Table(names=["a", "b"], dim=2), f"{folder}/v.txt")
    ...     import_(f"{folder}/v.txt")
    <Table: 2 rows x 2, names 'a', 'b'>
    """
    table = table_of("what is exported", table)
    path_of("the file", path)
    write = _chosen(WRITERS, path, format, _guessed)
    packing, inner = packing_named(path)
    if packing and (format or _guessed(path)) not in PACKED:
        raise FormatError(
            f"{path}: only word2vec's and fastText's files are packed here; write {inner.name}, and pack it"
        )
    write(table, path)


def import_(
    path: Location,
    format: str | None = None,
    limit: int | None = None,
    *,
    encoding: str | None = None,
    errors: str | None = None,
) -> Table:
    """Read a table that another tool wrote.

    Args:
        path: the file; it may be packed by gzip, bzip2, xz or zstd, which its bytes tell (a .npy file may not).
        format: "word2vec", "fasttext" or "glove" (.txt, .vec: with and without a header),
            "word2vec-binary" (.bin), "npy" or "parquet"; None goes by the first bytes, and by the extension where they
            tell too little.
        limit: read only that many first rows.
        encoding: how names are written, UTF-8 by default; such as "latin-1" or "cp1252". Not for .npy and Parquet.
        errors: what becomes of bytes that are none: "strict" (the default) refuses them, "replace" puts U+FFFD in their
            place, "backslashreplace" their codes, such as \\xe9, which keeps names apart. Not for .npy and Parquet.

    Returns:
        The table, with the names of the file.

    Raises:
        FormatError: if the format is unknown, or the file is not as the format says.
        OSError: if it cannot be opened.
    """
    path_of("the file", path)
    if os.path.isdir(path):
        raise FormatError(f"{path} is a folder; give a file of vectors (a model's folder is opened by rs.open)")
    spelling = {name: how for name, how in (("encoding", encoding), ("errors", errors)) if how is not None}
    read = _chosen(READERS, path, format, _found)
    if spelling and read in (read_npy, read_parquet):
        raise FormatError(f"{path} has its names as text of their own; leave out {' and '.join(spelling)}")
    return read(path, limit=limit, **spelling)


def _chosen(
    known: dict[str, Callable], path: Location, format: str | None, guess: Callable[[Location], str | None]
) -> Callable:
    name = guess(path) if format is None else format
    if not isinstance(name, str) or name not in known:
        what = f"format {format!r}" if format else f"the format of {path}"
        raise FormatError(f"{what} is not known here; give one of {', '.join(known)}")
    return known[name]


def _guessed(path: Location) -> str | None:
    _, inner = packing_named(path)
    return _BY_EXTENSION.get(inner.suffix.lower())


def _found(path: Location) -> str | None:
    """The format that a file's bytes tell; where they tell too little, the one of its name."""
    head, guessed = head_of(path, SEEN), _guessed(path)
    told = next((name for begins, name in _BY_BYTES if head.startswith(begins)), None)
    if told:
        return told
    if guessed not in (None, "projector", *PACKED):
        return guessed
    first, _, rest = head.partition(b"\n")
    second = rest.partition(b"\n")[0]
    if _is_header(first.split(), second.split()):
        called_so = guessed == "word2vec-binary"
        binary = not _is_row(first.split()[1], second.split()) if called_so else _is_binary(rest, second)
        return "word2vec-binary" if binary else "word2vec"
    if guessed == "word2vec-binary":
        return guessed
    is_row = all(map(_NUMBER.fullmatch, first.split()[1:4])) and len(first.split()) > 1
    return "glove" if guessed in PACKED or is_row else None


def _is_header(first: list[bytes], second: list[bytes]) -> bool:
    """Whether the first line is two numbers, and the second, if there is one, is wider, as a row below a header is."""
    if len(first) != 2 or not all(map(_NUMBER.fullmatch, first)):
        return False
    return len(second) != 2 or first[1] == b"1"


def _is_row(dim: bytes, second: list[bytes]) -> bool:
    """Whether a row below a header is a name and as many numbers as it says."""
    width = int(dim) if dim.isdigit() and len(dim) < 10 else 0
    return 0 < width < len(second) and all(map(_NUMBER.fullmatch, second[-width:]))


def _is_binary(rows: bytes, second: bytes) -> bool:
    """Whether rows below a header are no text: not UTF-8, or with zero bytes, and without numbers as text has them."""
    if all(map(_NUMBER.fullmatch, second.split()[-2:])):
        return False
    return b"\0" in rows or not is_utf_8(rows)
