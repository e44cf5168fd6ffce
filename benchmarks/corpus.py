"""A corpus, one sentence a line, as plain text in a file: word2vec.c and fastText read no other."""

import bz2
import gzip
import lzma
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

OPENERS = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_BLOCK = 2**24


@contextmanager
def plain(path: str) -> Iterator[str]:
    """The path itself, or of a temporary file with what was packed in it."""
    opener = OPENERS.get(Path(path).suffix)
    if opener is None:
        yield path
        return
    with TemporaryDirectory() as folder:
        unpacked = Path(folder) / Path(path).stem
        with opener(path) as packed, unpacked.open("wb") as out:
            shutil.copyfileobj(packed, out, _BLOCK)
        yield str(unpacked)


def tokens(path: str) -> int:
    """How many words there are between white space."""
    count, ended = 0, True
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            count += len(block.split()) - (not ended and not block[:1].isspace())
            ended = block[-1:].isspace()
    return count
