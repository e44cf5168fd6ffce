"""Sums that are the same on every processor: by 32 lanes, each added up on its own, and a tree over the lanes.

Lane l of a sum over k has the terms l, l + 32, l + 64, ... in that order; then one half of the lanes is added to the
other, and so on with what is left. No step of it depends on how many numbers a processor adds at once, up to 32.
"""

from collections.abc import Sequence

from rowspace.kernel.emit.expression import Axis, Expr, apply, constant, load, named, sum_of, whole
from rowspace.kernel.emit.statements import Assign, For
from rowspace.kernel.emit.writer import Writer

LANES = {"f32": "float32", "f64": "float64"}  # types that are summed in lanes
_WIDTH = 32  # lanes
_FEWEST = 8  # terms that are worth lanes: fewer are added one after another
_AT_ONCE = 8  # terms of a lane that stand in one expression
_LONGEST = 12  # operations of a term that is written so many times; longer ones are stored first


def sum_in_lanes(writer: Writer, folds: Sequence[Axis], value: Expr, number: str) -> Expr:
    """A sum over axes, the last of which goes through the lanes; of bags of any length, one term after another."""
    total = writer.local(constant("0", number))
    variable, dim = folds[-1]
    if not isinstance(dim, int) or dim < _FEWEST:
        writer.loops(folds, [Assign(total, value, "+=")])
        return total
    with writer.around(folds[:-1]):
        if value.size > _LONGEST:
            stored = load(writer.array("terms", (dim,), LANES[number]), variable)
            writer.loops([(variable, dim)], [Assign(stored, value)])
            value = stored
        lanes = writer.lanes(LANES[number], _WIDTH)
        _fill(writer, lanes, variable, dim, value, number)
        writer.assign(total, apply("sum_of_lanes", named(lanes)), "+=")
    return total


def _fill(writer: Writer, lanes: str, variable: Expr, dim: int, value: Expr, number: str) -> None:
    """Add up the terms of each lane."""
    lane = load(lanes, variable)
    rounds, left = divmod(dim, _WIDTH)
    if not rounds:
        writer.loops([(variable, dim)], [Assign(lane, value)])
        with writer.inside(For(variable, _WIDTH, start=whole(dim))):
            writer.assign(lane, constant("0", number))
        return

    def add(rounds: range, of: int = _WIDTH, *from_here: Expr) -> None:
        places = [sum_of([variable, *from_here, *([whole(_WIDTH * r)] if r else [])]) for r in rounds]
        before = [] if rounds.start == 0 and not from_here else [lane]
        terms = [value.put(variable, place) for place in places]
        writer.loops([(variable, of)], [Assign(lane, sum_of([*before, *terms]))])

    groups, rest = divmod(rounds, _AT_ONCE)
    add(range(_AT_ONCE if groups else rest))
    if groups > 1:
        length = _AT_ONCE * _WIDTH
        place = named(writer.name("from_here"))
        with writer.inside(For(place, groups * length, start=whole(length), step=length)):
            add(range(_AT_ONCE), _WIDTH, place)
    if groups and rest:
        add(range(rounds - rest, rounds))
    if left:
        add(range(rounds, rounds + 1), left)
