"""Which pairs or sentences are held out of a training: a share, chosen at random from the seed."""

import math

import numpy as np

from rowspace.errors import DataError
from rowspace.errors.checks import number


def held_out_of(count: int, share: float, seed: int, what: str) -> np.ndarray:
    """(count,) bool: those that are held out, a share of all; at least one is, and at least one is not.

    Args:
        count: how many there are.
        share: above 0 and below 1.
        seed: what they are chosen from.
        what: what errors call them.

    Raises:
        DataError: for another share, or one that leaves none to train on or none to hold out.

    >>> held_out_of(10, 0.2, 0, "pairs").sum()
    np.int64(2)
    """
    number("hold_out", share, math.ulp(0.0), 1, wanted=wanted(what))
    held_out = np.zeros(count, bool)
    chosen = round(share * count)
    if not 0 < chosen < count:
        raise DataError(f"hold_out is {share:g}, which is {chosen:,} of {count:,} {what}; give one that leaves some")
    held_out[np.random.default_rng([abs(seed), 2]).permutation(count)[:chosen]] = True
    return held_out


def wanted(what: str) -> str:
    """What is asked for instead of a share that is none."""
    return f"give a share of the {what} above 0 and below 1, such as 0.05"
