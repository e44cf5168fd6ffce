"""The source of the loop over examples: a cost and its updates, statement by statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rowspace.columns.kinds import Form
from rowspace.kernel.cost import SymbolicCost, simplify
from rowspace.kernel.emit.dims import reckoned
from rowspace.kernel.emit.expression import (
    ZERO,
    Access,
    Dim,
    Expr,
    Index,
    Op,
    apply,
    cast,
    constant,
    element,
    load,
    named,
    whole,
)
from rowspace.kernel.emit.functions import FUNCTIONS
from rowspace.kernel.emit.portable import PORTABLE
from rowspace.kernel.emit.python import Unpack, examples_loop, notes_loop, text
from rowspace.kernel.emit.rules import emitter
from rowspace.kernel.emit.scalars import DEAR, KNOWN, Unsupported
from rowspace.kernel.emit.statements import Assign, For, If, Return, Run, Statement, expressions, walk
from rowspace.kernel.emit.writer import Writer
from rowspace.kernel.lookups import Lookup, id_sources
from rowspace.kernel.loop_columns import LoopColumns
from rowspace.kernel.phases import LoopOptions, Phase
from rowspace.kernel.update_phase import CHECK, LookupSite, TableRows, UpdatePhase, rows_of
from rowspace.updates import Update

# Names that mean something in every kernel.
_RESERVED = {
    *"kernel tables states columns segments rates out costs progress begin end origin first mask seed clock".split(),
    *"since paces now segment lo hi before total counted cost kept check ahead following need n k z r s z0 k0".split(),
    *"attempt bits".split(),
    *"z0_ z1_ r0_ r1_".split(),
    *KNOWN,
    *FUNCTIONS,
}
_N, _Z, _FIRST, _COST = (named(name) for name in ("n", "z", "first", "cost"))
_BITS, _SEGMENTS, _SEGMENT, _END = (named(name) for name in ("bits", "segments", "segment", "end"))
_NEED, _FOLLOWING = named("need"), named("following")
_SALT_STEP = 40_503  # between the places of two tables' rows where they are noted: popular rows come first in each
_STOPPED = apply("stopped", *(named(name) for name in ("out", "segment", "n", "total", "counted")))


@dataclass
class LoopSource:
    """A kernel's source and what it expects: which table, state and column stands where in its tuples."""

    text: str
    tables: list[str]
    columns: list[str]
    lengths: dict[str, str] = field(default_factory=dict)  # the names of the lengths of ragged columns
    equal: list[tuple[str, str]] = field(default_factory=list)  # lengths that must agree
    inside: list[tuple[str, str]] = field(default_factory=list)  # places, and the lengths they must lie in
    cost_is_cheap: bool = True


def assemble(
    traced: SymbolicCost,
    dims: Mapping[str, int],
    updates: Mapping[str, Update],
    columns: Mapping[str, Form],
    options: LoopOptions,
) -> LoopSource:
    """The source of the loop for a traced cost over columns of these forms; Unsupported names what has no loop."""
    return ExampleLoop(traced, dims, updates, columns, portable=options.portable).build(options)


class ExampleLoop:
    """The loop over examples of a cost and its updates, written statement by statement."""

    def __init__(
        self,
        traced: SymbolicCost,
        dims: Mapping[str, int],
        updates: Mapping[str, Update],
        columns: Mapping[str, Form],
        *,
        portable: bool = False,
    ) -> None:
        self.traced, self.dims, self.updates = traced, dims, updates
        self.writer = Writer(_RESERVED, portable=portable)
        self.emitter = emitter(self.writer)
        self.head: list[Unpack] = []
        self.each: list[Statement] = []  # at the head of every segment
        self.tables = list(dict.fromkeys(look.table for look in traced.lookups))
        self.arrays = {t: self.writer.name(t) for t in self.tables}
        self.columns = LoopColumns(self.writer, self.emitter, traced, columns, self.arrays)

    def build(self, options: LoopOptions) -> LoopSource:
        """The loop, as far as it was asked for."""
        rows = self._tables()
        self.columns.read()
        if Phase.NOTE not in options.phases:
            self._prefetch(rows, options.prefetched)
        sites = [self._site(look) for look in self.traced.lookups]
        trained = sites[: self.traced.trained]
        moves = UpdatePhase(self.writer, self.emitter, rows, options.guarded or Phase.GRADIENTS in options.phases)
        cheap = True
        for phase in options.phases:
            if phase is Phase.CATCH_UP:
                self._catch_up(moves, trained)
            elif phase is Phase.COST:
                cheap = self._cost(trained)
            elif phase is Phase.GIVEN:
                self._given(trained)
            elif phase is Phase.NOTE:
                self._note(trained)
            elif phase is Phase.MOVE:
                self._move(moves, trained)
            else:
                self._store(moves, trained, "ids" if phase is Phase.IDS else "gradients")
        lengths = {bag.length.name: column for column, bag in self.columns.bags.items()}
        equal, inside = (
            [(text(a), text(b)) for a, b in dict.fromkeys(pairs)] for pairs in (self.emitter.equal, self.emitter.inside)
        )
        write = notes_loop if Phase.NOTE in options.phases else examples_loop
        head = [*self.head, Unpack(self.columns.arguments, "columns"), *self.columns.head]
        written = write(head, [*self.each, *self.columns.each], self.writer, self._most)
        return LoopSource(written, self.tables, self.columns.arguments, lengths, equal, inside, cheap)

    def _move(self, moves: UpdatePhase, trained: list[LookupSite]) -> None:
        """Look at the gradients or at the rows they moved, and stop where a number is not finite."""
        self.writer.assign(CHECK, constant("0", "f32"))
        if moves.guarded:
            moves.check(trained)
            self._stop_unless_finite()
        moves.write(trained)
        if not moves.guarded or not all(u.additive for u in self.updates.values()):
            self._stop_unless_finite()

    def _catch_up(self, moves: UpdatePhase, trained: list[LookupSite]) -> None:
        """Let the rows of exact updates take the steps they missed, before anything reads them."""
        exact = [site for site in trained if self.updates[site.table].exact]
        if exact:
            self.writer.assign(named("now"), apply(Op.ADD, named("clock"), _N))
        seen = apply(Op.ADD, named("now"), whole(1))
        for site in exact:
            if not site.bag:
                moves.catch_up(site.table, site.row_id(()), seen=seen)
                continue
            place = _Z if site.bag[0] != 1 else ZERO
            with self.writer.inside(For(_Z, site.bag[0])):
                moves.catch_up(site.table, self.writer.local(site.row_id((place,)), "row"), seen=seen)

    def _stop_unless_finite(self, value: Expr = CHECK) -> None:
        with self.writer.when(apply(Op.NOT, apply("is_finite", value))):
            self.writer.add(Return(_STOPPED))

    def _store(self, moves: UpdatePhase, trained: list[LookupSite], part: str) -> None:
        """Store the ids or the gradients of all lookups of the example, each in a place of its own."""
        origin = self._further("origin")
        stored = {t: self._further(f"{part}_{t}") for t in dict.fromkeys(site.table for site in trained)}
        if part == "gradients":
            self.writer.assign(CHECK, constant("0", "f32"))
            moves.check(trained)
            self._stop_unless_finite()
        for number, site in enumerate(trained):
            moves.store(site, stored[site.table], self._slot(site, load(origin, whole(number))), part)

    def _note(self, trained: list[LookupSite]) -> None:
        """Note which segment looked up a row of the example before."""
        last = named(self._further("last"))
        for site in trained:
            bag, inner = site.axes()
            salt = whole(self.tables.index(site.table) * _SALT_STEP)
            noted = apply("note", last, site.row_id(inner), salt, _SEGMENT, _NEED)
            self.writer.loops(bag, [Assign(_NEED, noted)])

    def _further(self, name: str) -> str:
        self.columns.arguments.append(self.writer.name(name))
        return self.columns.arguments[-1]

    def _slot(self, site: LookupSite, origin: Expr) -> Expr:
        """Where the first of a lookup's rows is stored."""
        [length] = site.bag or (1,)
        if isinstance(length, int):
            return Expr(Op.FLAT, (_N, origin), length=length)
        start = next((bag.start for bag in self.columns.bags.values() if bag.length == length), None)
        if start is None:
            raise Unsupported("a bag made of several")
        return apply(Op.ADD, start, origin)

    # --- what the loop reads ---------------------------------------------------------------------------------------

    def _tables(self) -> dict[str, TableRows]:
        """Unpack tables and their slots, and trace the update of each."""
        rows: dict[str, TableRows] = {}
        rates: dict[int, Expr] = {}
        states: list[str] = []
        for place, table in enumerate(self.tables):
            if table not in self.updates:
                continue
            update, dim = self.updates[table], self.dims[table]
            own = [self.writer.name(f"{table}_state") for _ in update.init(dim)]
            if id(update) not in rates:
                rate = rates[id(update)] = named(self.writer.name("rate"))
                self.each.append(Assign(rate, load("rates", named("segment"), whole(place))))
            rows[table] = rows_of(self.writer, update, dim, self.arrays[table], own, rates[id(update)], place)
            states += [*own, rows[table].seen] if update.exact else own
        self.head.append(Unpack(list(self.arrays.values()), "tables"))
        if states:
            self.head.append(Unpack(states, "states"))
        return rows

    def _prefetch(self, rows: Mapping[str, TableRows], tables: Sequence[str]) -> None:
        """Ask for the rows that an example a little further on looks up by a column, and their slots."""
        asked: dict[tuple[str, Any, int | None], None] = {}
        for look in self.traced.lookups:
            if look.table in tables:
                arrays = [self.arrays[look.table], *(rows[look.table].slots if look.table in rows else [])]
                asked.update({(a, column, place): None for column, place in id_sources(look) for a in arrays})
        if asked:
            self.each.append(Assign(_FOLLOWING, apply("upcoming", _SEGMENTS, _SEGMENT, _END)))
            self.writer.assign(named("ahead"), apply("look_ahead", _N, named("hi"), _SEGMENTS, _FOLLOWING))
        for array, column, place in asked:
            if column in self.columns.whole and place != -1:
                index = (named("ahead"), *([] if place is None else [whole(place)]))
                row = cast(load(self.columns.whole[column], *index), "uintp")
                self.writer.add(Run(apply("prefetch_row", named(array), row)))

    def _site(self, look: Lookup) -> LookupSite:
        """Bind a lookup's rows to the table, and say where its ids come from."""
        self.emitter.emit([look.index])
        bag = self.emitter.shape(look.index)
        row_id = self._row_id(look, bag)
        array = self.arrays[look.table]

        def access(index: Index) -> Expr:
            return load(array, row_id(index[:-1]), index[-1])

        self.emitter.bind(look.rows, (*bag, self.dims[look.table]), access)
        place = self.traced.lookups.index(look)
        gradient = self.traced.gradients[place] if place < len(self.traced.gradients) else look.rows
        return LookupSite(look.table, bag, row_id, gradient)

    def _row_id(self, look: Lookup, bag: tuple[Dim, ...]) -> Access:
        known = {named(local) for local in self.columns.locals.values()}

        def row_id(index: Index) -> Expr:
            e = self.emitter.at(look.index, index if bag else ())
            e = e.args[0] if e.op is Op.CAST and e.dtype == "i64" else e
            return e if e in known or self._drawn(e) else cast(e, "uintp")

        if bag or row_id(()) in known:
            return row_id
        local = self.writer.local(row_id(()), "id")
        return lambda index: local

    def _drawn(self, e: Expr) -> bool:
        return e.op is Op.LOAD and e.name in (self.columns.locals[c] for c in self.columns.sampled)

    # --- what the loop does ----------------------------------------------------------------------------------------

    def _cost(self, sites: Sequence[LookupSite]) -> bool:
        """Write the gradients, and the cost in a branch taken for a sample; tell whether the cost is a trifle."""
        cost, gradients = simplify(self.traced)
        for site, gradient in zip(sites, gradients, strict=True):
            site.gradient = gradient
        self.emitter.count([cost, *gradients])
        self.emitter.emit(gradients)
        branch = If(apply(Op.IS_MULTIPLE, apply(Op.ADD, _FIRST, _N), named("mask")))
        with self.writer.inside(branch):
            self.emitter.emit([cost])
            self.writer.add(Assign(_COST, self.emitter.at(cost, ()), enclosed=True))
            cheap = not any(map(_takes_time, walk(branch.body)))
            self._stop_unless_finite(_COST)
            self.writer.assign(named("total"), _COST, "+=")
            self.writer.assign(named("counted"), self._members(), "+=")
            with self.writer.when(named("kept")):
                self.writer.assign(load("costs", apply(Op.MINUS, _N, named("origin"))), _COST)
        return cheap

    def _members(self) -> Expr:
        """How many examples one is: as many as a gathered bag has members."""
        gathered = [c for c, form in self.columns.columns.items() if form.gathered]
        return self.columns.bags[gathered[0]].length if gathered else whole(1)

    def _given(self, sites: Sequence[LookupSite]) -> None:
        for number, site in enumerate(sites):
            array = self._further(f"gradient_{number}")
            width = self.dims[site.table]
            self.emitter.bind(site.gradient, (*site.bag, width), element(array))

    def _most(self, dim: Dim) -> Dim:
        """The greatest that a length can be, before any example is looked at."""
        if isinstance(dim, int):
            return dim
        if dim in self.writer.bounds:
            return self._most(self.writer.bounds[dim])
        if dim.op is Op.NAME:
            return next((bag.longest for bag in self.columns.bags.values() if bag.length == dim), dim)
        return dim.of(*(reckoned(self._most(a)) for a in dim.args))


def _takes_time(statement: Statement) -> bool:
    """Whether a statement is a loop, or calls a function that takes longer than some arithmetic."""
    if isinstance(statement, For):
        return True
    called = {e.name for value in expressions(statement) for e in value.walk() if e.op is Op.CALL}
    return not called.isdisjoint(DEAR | PORTABLE.keys())
