"""Files and data frames become columns of ids and numbers that a trainer takes, and texts a vocabulary and ids."""

from rowspace.read.pairs import Pairs, read_pairs
from rowspace.read.text import Text, read_text

__all__ = ["Pairs", "Text", "read_pairs", "read_text"]
