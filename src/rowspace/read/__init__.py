"""Files and data frames become columns of ids and numbers that a trainer takes."""

from rowspace.read.pairs import Pairs, read_pairs

__all__ = ["Pairs", "read_pairs"]
