"""How a loop writes rows: every gradient is taken at the rows as they were, whatever the order of the writes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from pytensor.graph.basic import Variable

from rowspace.errors import CostError
from rowspace.kernel.emit.dims import fixed, length, shifted, total_length
from rowspace.kernel.emit.emitter import Emitter
from rowspace.kernel.emit.expression import (
    ZERO,
    Access,
    Axis,
    Dim,
    Expr,
    Index,
    Op,
    apply,
    cast,
    constant,
    load,
    named,
    whole,
)
from rowspace.kernel.emit.portable import WRITTEN_OUT
from rowspace.kernel.emit.rules import emitter
from rowspace.kernel.emit.scalars import Unsupported
from rowspace.kernel.emit.statements import Assign, Continue, For, Run, While
from rowspace.kernel.emit.writer import Writer
from rowspace.kernel.update import SymbolicUpdate, trace_idle, trace_update
from rowspace.updates import Update

_K, _Z, _NOW, CHECK = (named(name) for name in ("k", "z", "now", "check"))
# What a gradient adds up and multiplies may be looked through for what is doubtful.
_PLAIN = (Op.ADD, Op.SUB, Op.MUL, Op.NEG, Op.POW, Op.SAME)
# The loop vectoriser checks at run time that arrays do not overlap, up to a number of pairs; more arrays than this are
# written in loops of their own (docs/decisions/engine.md, "At most four arrays in one loop").
_MOST_FUSED = 4  # arrays


@dataclass
class LookupSite:
    """A lookup with its gradient as the kernel sees them."""

    table: str
    bag: tuple[Dim, ...]  # () for one row, (m,) for a bag
    row_id: Access  # index into the bag -> the id
    gradient: Variable

    def axes(self) -> tuple[list[Axis], tuple[Expr, ...]]:
        """The loop over the bag, if there is one, and the index of a row in it."""
        bag = [(_Z, self.bag[0])] if self.bag and self.bag[0] != 1 else []
        return bag, (_Z if bag else ZERO,) if self.bag else ()


@dataclass
class TableRows:
    """A table as the kernel sees it: its array, its slots' arrays, its rate and its update's graph."""

    array: str
    slots: list[str]
    rate: Expr
    update: SymbolicUpdate
    dim: int
    additive: bool
    seen: str = ""  # of an exact update: the array of the steps each row has seen
    idle: SymbolicUpdate | None = None
    idle_after: int = 0
    place: int = 0  # of its rate among those of all tables


def rows_of(
    writer: Writer, update: Update, dim: int, array: str, slots: list[str], rate: Expr, place: int = 0
) -> TableRows:
    """A table as the kernel sees it, its update traced."""
    seen = writer.name(f"{array}_seen") if update.exact else ""
    idle = trace_idle(update, dim) if update.exact else None
    graph = trace_update(update, dim)
    return TableRows(array, slots, rate, graph, dim, update.additive, seen, idle, update.idle_after, place)


@dataclass
class UpdatePhase:
    """Writes the updates of all lookups of an example."""

    writer: Writer
    emitter: Emitter
    tables: dict[str, TableRows]
    guarded: bool = False

    def check(self, sites: Sequence[LookupSite]) -> None:
        """Add up what the gradients are made of beside rows, which are finite: the sum is finite only if they are."""
        for site in sites:
            bag = [(_Z, d) for d in site.bag if d != 1]
            value = self._gradient(site, [_Z if bag else ZERO] if site.bag else [])
            for term in self._doubtful(value):
                wide = [(_K, self.tables[site.table].dim)] if term.depends(_K) else []
                self.writer.loops([*bag, *wide], [Assign(CHECK, term, "+=")])

    def _doubtful(self, value: Expr) -> list[Expr]:
        """The terms and factors of a gradient that are not elements of rows: coefficients, as a rule."""
        if self._table_of(value):
            return []
        if value.depends(_K) and value.op in _PLAIN:
            return [term for part in value.args for term in self._doubtful(part)]
        return [value]

    def write(self, sites: Sequence[LookupSite]) -> None:
        """Merge the repeats of tables that need it, then apply, reading each table before it is written."""
        merged = [t for t in self.tables if self._needs_merge(t, sites)]
        gathered = {t: self._gather(t, [s for s in sites if s.table == t]) for t in merged}
        self._write_in_order([s for s in sites if s.table not in merged])
        for table, (ids, gradients, count, repeated) in gathered.items():
            self._write_merged(table, ids, gradients, count, repeated)

    def store(self, site: LookupSite, array: str, slot: Expr, part: str) -> None:
        """Store the ids or the gradients of a lookup in an array, from a place on."""
        bag, inner = site.axes()
        place = apply(Op.ADD, slot, _Z) if bag else slot
        if part == "ids":
            self.writer.loops(bag, [Assign(load(array, place), site.row_id(inner))])
        else:
            wide = [(_K, self.tables[site.table].dim)]
            self.writer.loops([*bag, *wide], [Assign(load(array, place, _K), self._gradient(site, inner))])

    def _needs_merge(self, table: str, sites: Sequence[LookupSite]) -> bool:
        own = [s for s in sites if s.table == table]
        return not self.tables[table].additive and (len(own) > 1 or any(s.bag for s in own))

    # --- repeats ---------------------------------------------------------------------------------------------------

    def _gather(self, table: str, sites: Sequence[LookupSite]) -> tuple[str, str, Dim, str]:
        """Store ids and gradients of all lookups of a table one after another, and add up those of a repeated row."""
        count: Dim = 0
        for site in sites:
            count = total_length(count, site.bag[0] if site.bag else 1)
        writer, dim = self.writer, self.tables[table].dim
        ids = writer.array(f"ids_{table}", (count,), "uintp")
        gradients = writer.array(f"gradients_{table}", (count, dim), "float32")
        repeated = writer.array(f"repeated_{table}", (count,), "bool")
        slots = writer.array("slots", (length("hash_length", count),), "int64")
        start: Dim = 0
        for site in sites:
            self._gather_one(site, start, ids, gradients)
            start = total_length(start, site.bag[0] if site.bag else 1)
        writer.add(
            Run(apply("merge_repeats", named(ids), named(gradients), fixed(count), named(repeated), named(slots)))
        )
        return ids, gradients, count, repeated

    def _gather_one(self, site: LookupSite, start: Dim, ids: str, gradients: str) -> None:
        bag, inner = site.axes()
        place = shifted(inner[0] if inner else ZERO, start)
        self.writer.loops(bag, [Assign(load(ids, place), site.row_id(inner))])
        wide = [(_K, self.tables[site.table].dim)]
        self.writer.loops([*bag, *wide], [Assign(load(gradients, place, _K), self._gradient(site, inner))])

    def _write_merged(self, table: str, ids: str, gradients: str, count: Dim, repeated: str) -> None:
        q = named(self.writer.name("q"))
        with self.writer.inside(For(q, count)):
            with self.writer.when(load(repeated, q)):
                self.writer.add(Continue())
            row = self.writer.local(load(ids, q), "row")
            self._apply([(table, row, lambda index: load(gradients, q, *index))])

    # --- order -----------------------------------------------------------------------------------------------------

    def _write_in_order(self, sites: Sequence[LookupSite]) -> None:
        """Write each lookup once nothing left to write still reads its table; store gradients to break a circle."""
        left = list(sites)
        while left:
            group = next((g for g in self._groups(left) if self._free(g, left)), None)
            if group is None:
                self._store_gradient(min((s for s in left if self._reads(s)), key=lambda s: len(s.bag)))
                continue
            if group[0].bag:
                self._write_bag(group[0])
            else:
                self._apply([(s.table, s.row_id(()), partial(self.emitter.at, s.gradient)) for s in group])
            left = [s for s in left if s not in group]

    def _groups(self, left: Sequence[LookupSite]) -> list[list[LookupSite]]:
        """What could be written next: any lookup alone, or all single rows of one width in one loop."""
        singles = [s for s in left if self._fits_together(s)]
        arrays = sum(1 + len(self.tables[s.table].slots) for s in singles)
        widths = {self.tables[s.table].dim for s in singles}
        fused = [singles] if len(widths) == 1 and arrays <= _MOST_FUSED else []
        return [[s] for s in left] + fused

    def _free(self, group: Sequence[LookupSite], left: Sequence[LookupSite]) -> bool:
        """Whether no other lookup still reads the tables of `group`, nor its own loop what it has written."""
        written = {s.table for s in group}
        if any(written & self._reads(s) for s in left if s not in group):
            return False
        return all(self._fits_together(s) or not written & self._reads(s) for s in group)

    def _fits_together(self, site: LookupSite) -> bool:
        """A single row whose gradient at k reads rows at k only, or at places read before the loop."""
        if site.bag:
            return False
        loads = [e for e in self._gradient(site, ()).walk() if self._table_of(e)]
        return all(e.args[-1] == _K or not e.depends(_K) for e in loads)

    def _reads(self, site: LookupSite) -> set[str]:
        inner = (_Z,) if site.bag else ()
        found = (self._table_of(e) for e in self._gradient(site, inner).walk())
        return {t for t in found if t}

    def _table_of(self, e: Expr) -> str | None:
        return next((t for t, rows in self.tables.items() if e.op is Op.LOAD and e.name == rows.array), None)

    def _gradient(self, site: LookupSite, inner: Sequence[Expr]) -> Expr:
        return self.emitter.at(site.gradient, (*inner, _K))

    # --- writing ---------------------------------------------------------------------------------------------------

    def _store_gradient(self, site: LookupSite) -> None:
        dims = (*site.bag, self.tables[site.table].dim)
        access = self.emitter.access[site.gradient]
        self.emitter.store(site.gradient, dims, access)

    def _write_bag(self, site: LookupSite) -> None:
        [dim] = site.bag
        z = ZERO if dim == 1 else _Z
        with self.writer.inside(For(_Z, dim)):
            row = self.writer.local(site.row_id((z,)), "row")
            self._apply([(site.table, row, lambda index: self.emitter.at(site.gradient, (z, *index)))])

    def catch_up(self, table: str, row: Expr, *, seen: Expr) -> None:
        """Let a row take the steps it missed before step `now`; from then on it has seen `seen` steps.

        A row looked up twice in an example has seen it after the first time, and misses nothing the second.
        """
        rows, writer = self.tables[table], self.writer
        done = writer.local(load(rows.seen, row, ZERO), "done")
        with writer.when(apply(Op.LE, done, _NOW)):
            writer.assign(load(rows.seen, row, ZERO), seen)
            closed = self._first_closed(rows, row, done) if rows.idle else _NOW
            piece = writer.local(apply("piece_of", named("since"), done), "piece")
            with writer.inside(While(apply(Op.LT, done, _NOW))):
                end = writer.local(apply("piece_end", named("since"), piece, _NOW), "end")
                rate = writer.local(load("paces", whole(rows.place), piece), "pace")
                self._idle_stretch(replace(rows, rate=rate), row, done, end, closed)
                writer.assign(done, end)
                writer.assign(piece, whole(1), "+=")

    def _first_closed(self, rows: TableRows, row: Expr, done: Expr) -> Expr:
        """The step from which on those without a gradient are taken at once: where the state is 0, the first."""
        writer = self.writer
        closed = writer.local(apply(Op.ADD, done, whole(rows.idle_after)), "closed")
        states = zip(rows.slots, rows.update.slots, strict=True)
        wide = [load(array, row, _K) for array, state in states if state.type.shape == (rows.dim,)]
        if rows.idle_after and wide:
            moving = writer.local(constant("0", "f32"), "moving")
            writer.loops([(_K, rows.dim)], [Assign(moving, apply("abs", value), "+=") for value in wide])
            with writer.when(apply(Op.EQ, moving, constant("0", "f32"))):
                writer.assign(closed, done)
        return closed

    def _idle_stretch(self, rows: TableRows, row: Expr, done: Expr, end: Expr, closed: Expr) -> None:
        """Steps `done` to `end` without a gradient: one by one up to step `closed`, then at once."""
        writer = self.writer
        if rows.idle is None or rows.idle_after:
            with writer.inside(For(named(writer.name("step")), apply("min", end, closed), start=done)):
                self._move(rows, row, rows.update)
        if rows.idle:
            steps = writer.local(apply(Op.SUB, end, apply("max", done, closed)), "steps")
            with writer.when(apply(Op.GT, steps, ZERO)):
                self._move(rows, row, rows.idle, fixed(cast(steps, "f32")))

    def step(self, table: str, row: Expr, gradient: Access) -> None:
        """Let one row take a step."""
        self._apply([(table, row, gradient)])

    def _move(self, rows: TableRows, row: Expr, graph: SymbolicUpdate, steps: Expr | None = None) -> None:
        """One row's step without a gradient: values first, since what is stored may be read for what is stored next."""
        outputs = self._outputs(rows, row, lambda _: constant("0.0", "f32"), graph, steps)
        narrow = [replace(move, value=self.writer.local(move.value)) for move, dims in outputs if dims == (1,)]
        wide = [move for move, dims in outputs if dims != (1,)]
        if wide:
            self.writer.loops([(_K, rows.dim)], wide)
        self.writer.add(*narrow)

    def _apply(self, moves: Sequence[tuple[str, Expr, Access]]) -> None:
        """Move rows of one width: (table, id, gradient) each, in one loop over the width."""
        wide: list[Assign] = []
        narrow: list[Assign] = []
        for table, row, gradient in moves:
            rows = self.tables[table]
            for move, dims in self._outputs(rows, row, gradient, rows.update):
                if dims == (1,):
                    narrow.append(replace(move, value=self.writer.local(move.value)))
                else:
                    wide.append(move)
        if wide:
            self.writer.loops([(_K, self.tables[moves[0][0]].dim)], wide)
        self.writer.add(*narrow)
        for table, row, _ in moves:
            if self.guarded and self.tables[table].additive:
                continue  # finite, since what is subtracted was found to be
            self.writer.assign(CHECK, load(self.tables[table].array, row, ZERO), "+=")

    def _outputs(
        self, rows: TableRows, row: Expr, gradient: Access, graph: SymbolicUpdate, steps: Expr | None = None
    ) -> list[tuple[Assign, tuple[Dim, ...]]]:
        """What a step writes, and its shape: for the row and each of its slots."""
        arrays = [rows.array, *rows.slots]
        inner = self._emitted(rows, row, gradient, graph, steps)
        moves = []
        for position, (variable, array) in enumerate(zip([graph.new_row, *graph.new_slots], arrays, strict=True)):
            if variable is graph.row:
                continue
            dims = variable.type.shape
            index = ZERO if dims == (1,) else _K
            if any(_reads_elsewhere(e, arrays) for e in inner.at(variable, (index,)).walk()):
                inner.store(variable, dims, inner.access[variable])  # the loop would read what it has written
            sign = "-=" if rows.additive and position == 0 else "="
            moves.append((Assign(load(array, row, index), inner.at(variable, (index,)), sign), dims))
        return moves

    def _emitted(
        self, rows: TableRows, row: Expr, gradient: Access, graph: SymbolicUpdate, steps: Expr | None
    ) -> Emitter:
        """An emitter that has written what a step's results need."""
        inner, outputs = emitter(self.writer, inline=True), [graph.new_row, *graph.new_slots]
        for variable, array in zip([graph.row, *graph.slots], [rows.array, *rows.slots], strict=True):
            inner.bind(variable, variable.type.shape, partial(_part_of_row, array, row))
        inner.bind(graph.rate, (), lambda _: rows.rate)
        if graph.steps is not None and steps is not None:
            inner.bind(graph.steps, (), lambda _: steps)
        try:
            inner.count(outputs)
            inner.bind_one(graph.gradient, (rows.dim,), gradient)
            inner.emit(outputs)
        except Unsupported as reason:
            lacks, known = "compiled loop", "comparisons, sums and the functions of one number"
            if self.writer.portable:
                lacks, known = "form for portable=True", f"comparisons, sums and {WRITTEN_OUT}"
            raise CostError(
                f"the update {graph.name!r} uses {reason}, which has no {lacks}, and an update needs one; "
                f"write it with arithmetic, {known}"
            ) from reason
        return inner


def _part_of_row(array: str, row: Expr, index: Index) -> Expr:
    return load(array, row, *index)


def _reads_elsewhere(e: Expr, arrays: Sequence[str]) -> bool:
    """Whether an expression reads one of the arrays at another place than the loop is at."""
    return e.op is Op.LOAD and e.name in arrays and e.args[-1] != _K and e.args[-1].depends(_K)
