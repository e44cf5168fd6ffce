"""Which characters make words: the kind of every code point, by a rule that has a name."""

import unicodedata
from functools import cache

import numpy as np

from rowspace.read.word_loops import BETWEEN, INSIDE, JOINING, REFUSED

WHITE_SPACE = b" \t\n\v\f\r"
APOSTROPHES = "'\u2019"
CODE_POINTS = 0x110000
ASSIGNED = (range(0x40000), range(0xE0100, 0xE01F0))  # where Unicode has letters, marks and digits

RULES = ("whitespace", "words")


@cache
def kinds(rule: str) -> np.ndarray:
    """The kind of every code point by one of RULES, (0x110000,) uint8, as `word_loops.scan` takes it.

    >>> kinds("words")[[ord(c) for c in "a7-'"]].tolist()
    [1, 1, 0, 2]
    """
    out = _white_space() if rule == "whitespace" else _letters()
    out[0] = REFUSED
    return out


def _white_space() -> np.ndarray:
    out = np.full(CODE_POINTS, INSIDE, np.uint8)
    out[list(WHITE_SPACE)] = BETWEEN
    return out


def _letters() -> np.ndarray:
    out = np.full(CODE_POINTS, BETWEEN, np.uint8)
    for part in ASSIGNED:
        found = (unicodedata.category(chr(point))[0] in "LMN" for point in part)
        out[part.start : part.stop] = np.where(np.fromiter(found, bool, len(part)), INSIDE, BETWEEN)
    out[[*map(ord, APOSTROPHES)]] = JOINING
    return out
