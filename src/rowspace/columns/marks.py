"""Marks: short texts that tell columns of data from others."""

from rowspace.columns.chunk import Chunk, length
from rowspace.columns.kinds import column_of
from rowspace.system.digests import digest_of_texts


def digest_of_columns(columns: Chunk) -> str:
    """A mark of columns as a kernel takes them: how many examples, and of each column its ids and numbers.

    >>> import numpy as np
    >>> digest_of_columns({"i": np.arange(3)})
    '3 examples, i fe3a07b739ab2599452638bd8e0e5ac4'
    """
    marks = (f", {name} {digest_of_texts([column_of(column).digest])}" for name, column in sorted(columns.items()))
    return f"{length(columns)} examples{''.join(marks)}"


def what_differs(before: str, now: str) -> str:
    """What differs between the columns of two marks, for people.

    >>> what_differs("3 examples, i 0a0b0c0d0e, w aa", "4 examples, i 0a0b0c0d0e, w bb")
    '4 examples, were 3; column w has the mark bb, was aa'
    """
    (many, *one), (few, *other) = (mark.split(", ") for mark in (now, before))
    found = [f"{many}, were {few.removesuffix(' examples')}"] if many != few else []
    marks, known = (dict(part.rpartition(" ")[::2] for part in parts) for parts in (one, other))
    for name in sorted({*marks, *known}):
        if marks.get(name) != known.get(name):
            here, there = (m[name][:8] if name in m else "none" for m in (marks, known))
            found.append(f"column {name} has the mark {here}, was {there}")
    return "; ".join(found)


def told_of_negatives(columns: Chunk) -> str:
    """How the ids are drawn that a kernel draws, or nothing."""
    return "; ".join(filter(None, (column_of(column).how_drawn(name) for name, column in sorted(columns.items()))))
