"""Power cuts, simulated: what a program writes is recorded, and every state that a cut may leave is opened again.

Writes that were not flushed may be on the disk, in part or not at all; names that were made, moved or removed may be so
in any order, until their folder is flushed (`tests/support/power.py`). From each such state a model must open as the
old one or the new one, and a training must go on from a checkpoint that was whole.

usage: power_cuts.py [CASE ...] [--most 40] [--seed 0]
"""

import argparse
import sys
import tempfile
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.support.cuts import CASES, tried


def main() -> None:
    """Try the cases that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--most", type=int, default=40, help="states of each moment between two calls")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    for case in given.cases or CASES:
        begun = perf_counter()
        with tempfile.TemporaryDirectory() as scratch:
            moments, states = tried(case, scratch, most=given.most, seed=given.seed)
        print(f"{case}: {moments} moments, {states} states, nothing lost, {perf_counter() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    main()
