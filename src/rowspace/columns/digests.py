"""Digests of columns: short texts that tell data from others, and what differs between two of them."""

from rowspace.columns.chunk import Chunk, length
from rowspace.columns.kinds import column_of
from rowspace.system.digests import digest_of_texts


def digest_of_columns(columns: Chunk) -> str:
    """A digest of columns as a kernel takes them: how many examples, and of each column its ids and numbers.

    >>> import numpy as np
    >>> digest_of_columns({"i": np.arange(3)})
    '3 examples, i fe3a07b739ab2599452638bd8e0e5ac4'
    """
    each = (f", {name} {digest_of_texts([column_of(column).digest])}" for name, column in sorted(columns.items()))
    return f"{length(columns)} examples{''.join(each)}"


def what_differs(before: str, now: str) -> str:
    """What differs between the columns of two digests, for people.

    >>> what_differs("3 examples, i 0a0b0c0d0e, w aa", "4 examples, i 0a0b0c0d0e, w bb")
    '4 examples, were 3; column w has the mark bb, was aa'
    """
    (many, *one), (few, *other) = (digest.split(", ") for digest in (now, before))
    found = [f"{many}, were {few.removesuffix(' examples')}"] if many != few else []
    digests, known = (dict(part.rpartition(" ")[::2] for part in parts) for parts in (one, other))
    for name in sorted({*digests, *known}):
        if digests.get(name) != known.get(name):
            here, there = (d[name][:8] if name in d else "none" for d in (digests, known))
            found.append(f"column {name} has the mark {here}, was {there}")
    return "; ".join(found)


def how_drawn(columns: Chunk) -> str:
    """How the ids are drawn that a kernel draws, or nothing."""
    return "; ".join(filter(None, (column_of(column).how_drawn(name) for name, column in sorted(columns.items()))))
