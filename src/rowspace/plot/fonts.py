"""Fonts that have the letters of the names drawn: matplotlib's own, and those installed that have what it lacks."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from matplotlib import font_manager
from matplotlib.text import Text

OWN = "DejaVu Sans"
# tried first where they are installed; then any other of Noto's
FALLBACKS = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Hiragino Sans",
    "PingFang SC",
    "Microsoft YaHei",
    "Yu Gothic",
    "Noto Sans Devanagari",
    "Noto Sans Arabic",
    "Noto Sans Thai",
    "Noto Emoji",
)


def families(text: str) -> list[str]:
    """matplotlib's font, then those installed that have the letters of a text which it lacks."""
    return [OWN, *_fallbacks(frozenset(text) - _letters(OWN))[0]]


def missing_letters(figure: Any) -> str:
    """The letters of a figure that no font here has."""
    drawn = frozenset("".join(text.get_text() for text in figure.findobj(Text)))
    return "".join(sorted(_fallbacks(drawn - _letters(OWN))[1]))


@contextmanager
def without_glyph_warnings(*texts: str) -> Iterator[None]:
    """Draw or measure texts without matplotlib's warnings of each letter that is missing: they are told once.

    Of letters that are never missing nothing is done, as warnings are set for all threads at once.
    """
    if all(text.isascii() for text in texts):
        yield
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        warnings.filterwarnings("ignore", message="Matplotlib currently does not support")  # scripts, before 3.11
        yield


@cache
def _fallbacks(letters: frozenset[str]) -> tuple[list[str], frozenset[str]]:
    """Families that have letters which matplotlib's own lacks, as few as that takes; and the letters that none has."""
    chosen, missing = [], frozenset(letter for letter in letters if letter.isprintable() and not letter.isspace())
    for family in _candidates() if missing else ():
        if having := missing & _letters(family):
            chosen.append(family)
            missing -= having
        if not missing:
            break
    return chosen, missing


@cache
def _candidates() -> list[str]:
    """Families installed, those that are tried first in front; none that are pictures, which matplotlib cannot draw."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    noto = sorted(name for name in installed if name.startswith("Noto ") and "Color" not in name)
    return [*(name for name in FALLBACKS if name in installed), *(name for name in noto if name not in FALLBACKS)]


@cache
def _letters(family: str) -> frozenset[str]:
    path = font_manager.findfont(font_manager.FontProperties(family=[family]), fallback_to_default=False)
    return frozenset(map(chr, font_manager.get_font(path).get_charmap()))
