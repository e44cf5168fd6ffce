"""Sums that are the same on every processor: by 32 lanes, each added up on its own, and a tree over the lanes.

Lane l of a sum over k has the terms l, l + 32, l + 64, ... in that order; then one half of the lanes is added to the
other, and so on with what is left. Of less than 32 terms at the end, as many eights as there are go through lanes of
their own, and the last seven at most are added one after another. No step of it depends on how many numbers a processor
adds at once, up to 32.
"""

from collections.abc import Sequence

from rowspace.kernel.emit.expression import Axis, Expr, apply, constant, load, named, sum_of, whole
from rowspace.kernel.emit.statements import Assign, For
from rowspace.kernel.emit.writer import Writer

LANES = {"f32": "float32", "f64": "float64"}  # types that are summed in lanes
_WIDTH = 32  # lanes
_FEWEST = 8  # terms that are worth lanes: fewer are added one after another, since a processor that writes a part of a
# vector and reads all of it waits
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
        lanes, begun = load(writer.lanes(LANES[number], _WIDTH), variable), dim - dim % _WIDTH
        sum_them = Assign(total, apply("sum_of_lanes", named(lanes.name)), "+=")
        if begun:
            _add_rounds(writer, lanes, variable, value, begun // _WIDTH)
            writer.add(sum_them)
        few = (dim - begun) % _FEWEST
        if begun + few < dim:
            count = dim - begun - few
            writer.loops([(variable, count)], [Assign(lanes, value.put(variable, _further(variable, begun)))])
            with writer.inside(For(variable, _WIDTH, start=whole(count))):
                writer.assign(lanes, constant("0", number))
            writer.add(sum_them)
        if few:
            writer.loops([(variable, few)], [Assign(total, value.put(variable, _further(variable, dim - few)), "+=")])
    return total


def _add_rounds(writer: Writer, lane: Expr, variable: Expr, value: Expr, rounds: int) -> None:
    """Each lane adds up its own terms."""

    def add(rounds: range, *from_here: Expr) -> None:
        before = [] if rounds.start == 0 and not from_here else [lane]
        terms = [value.put(variable, _further(variable, _WIDTH * r, *from_here)) for r in rounds]
        writer.loops([(variable, _WIDTH)], [Assign(lane, sum_of([*before, *terms]))])

    groups, rest = divmod(rounds, _AT_ONCE)
    add(range(_AT_ONCE if groups else rest))
    if groups > 1:
        length = _AT_ONCE * _WIDTH
        place = named(writer.name("from_here"))
        with writer.inside(For(place, groups * length, start=whole(length), step=length)):
            add(range(_AT_ONCE), place)
    if groups and rest:
        add(range(rounds - rest, rounds))


def _further(place: Expr, by: int, *more: Expr) -> Expr:
    return sum_of([place, *more, *([whole(by)] if by else [])])
