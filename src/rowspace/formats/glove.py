"""GloVe's text files: a name and its numbers on each line, without a header."""

import os
from collections import Counter

import numpy as np

from rowspace.errors import FormatError
from rowspace.formats.source import LINES_BYTES, checked_limit, decoded, numbers, opened, table_of
from rowspace.formats.spelling import spelling_of
from rowspace.tables.table import Table


def read_glove(
    path: str | os.PathLike[str],
    limit: int | None = None,
    dim: int | None = None,
    *,
    encoding: str = "utf-8",
    errors: str = "strict",
) -> Table:
    """Read GloVe's text, in which a name may hold spaces: the last dim words are the numbers.

    Args:
        path: the file; packed ones are unpacked.
        limit: only that many first rows.
        dim: the numbers of a line; None takes the most frequent count among the first lines, the
            smaller of equally frequent ones.
        encoding, errors: as for `rs.import_`.

    Returns:
        The table.

    Raises:
        FormatError: naming the line, if it has too few numbers, something that is not a finite
            number, or a name that is empty, repeated or not UTF-8.
        OSError: if it cannot be opened.
    """
    limit, blocks, names = checked_limit(limit), [], list[str]()
    spelling = spelling_of(encoding, errors)
    with opened(path) as stream:
        while limit is None or len(names) < limit:
            start = len(names)
            lines = [line.rstrip(b" \t\r\n") for line in stream.readlines(LINES_BYTES)]
            if not any(lines):
                break
            while not lines[-1]:
                lines.pop()  # blank lines at the end
            dim = dim or _width(lines)
            lines = lines[: None if limit is None else limit - start]
            where = lambda i, start=start: f"{path}, line {start + i + 1}"
            pairs = [_split(line, dim) for line in lines]
            blocks.append(numbers([row for _, row in pairs], dim, where))
            names += decoded([name for name, _ in pairs], where, spelling)
    if not blocks:
        raise FormatError(f"{path}: no rows to read")
    return table_of(np.concatenate(blocks), names, lambda i: f"{path}, line {i + 1}")


def _split(line: bytes, dim: int) -> tuple[bytes, bytes]:
    """The name, without spaces around it, and the last dim words."""
    name, *row = line.rsplit(b" ", dim)
    return name.strip(b" "), b" ".join(row)


def _width(lines: list[bytes]) -> int:
    counts = Counter(line.count(b" ") for line in lines)
    width = min(counts, key=lambda count: (-counts[count], count))
    return max(1, width)
