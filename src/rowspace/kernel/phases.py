"""What a loop over examples does with each of them, in phases that follow one another."""

from dataclasses import dataclass
from enum import Enum


class Phase(Enum):
    """What a loop does with an example."""

    CATCH_UP = "let rows of exact updates take the steps they missed"
    COST = "add up the cost and find its gradients"
    GIVEN = "take the gradients from further columns, one for each lookup"
    MOVE = "move the rows"
    IDS = "store the ids of every lookup, table by table, for a whole batch"
    NOTE = "note which segments looked up the same rows before"
    GRADIENTS = "store the gradients of every lookup, likewise"


Phases = tuple[Phase, ...]  # one after another
WHOLE: Phases = (Phase.CATCH_UP, Phase.COST, Phase.MOVE)
APPLY: Phases = (Phase.GIVEN, Phase.MOVE)
IDS: Phases = (Phase.IDS,)
NOTE: Phases = (Phase.NOTE,)
GRADIENTS: Phases = (Phase.COST, Phase.GRADIENTS)
PARTS = {"all": WHOLE, "ids": IDS, "gradients": GRADIENTS}


@dataclass(frozen=True)
class LoopOptions:
    """What a loop does beside what its cost and updates say.

    Args:
        phases: what it does with an example.
        guarded: whether it checks that gradients are finite before it writes any row; others check the first number
            of each row they wrote.
        portable: whether it gives the same bytes on every processor: sums in lanes, functions in plain arithmetic.
        prefetched: tables too large for the cache, whose rows are asked for some examples ahead.
    """

    phases: Phases = WHOLE
    guarded: bool = False
    portable: bool = False
    prefetched: tuple[str, ...] = ()
