"""A traced cost and its updates -> the source of one loop over examples."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytensor.graph.basic import Variable

from rowspace.columns.kinds import Form
from rowspace.columns.negatives import AVOID_TRIES, SALT_STEP, TRY_STEP, BlockNegatives, Negatives
from rowspace.errors import DataError
from rowspace.kernel.cost import SymbolicCost, simplify
from rowspace.kernel.emit import Unsupported, element, emitter
from rowspace.kernel.emit.expression import Access, Dim, Expr, Index, Writer
from rowspace.kernel.emit.functions import FUNCTIONS, used_functions
from rowspace.kernel.emit.scalars import KNOWN
from rowspace.kernel.lookups import Lookup, id_sources
from rowspace.kernel.segments import DRAWN
from rowspace.kernel.update_phase import LookupSite, TableRows, UpdatePhase, rows_of
from rowspace.updates import Update

# Names that mean something in every kernel.
_RESERVED = {
    *"kernel tables states columns segments rates out progress begin end first mask seed clock since paces now".split(),
    *"segment lo hi total counted cost check ahead n k z r s z0 k0 attempt bits".split(),
    *"z0_ z1_ r0_ r1_".split(),
    *KNOWN,
    *FUNCTIONS,
}
_AHEAD = 4  # examples: enough to hide the way to memory, few enough to stay in the first-level cache
_ARGUMENTS = (
    "tables, states, columns, segments, rates, out, progress, begin, end, first, mask, seed, clock, since, paces"
)
_SIGNED = "i64({})"  # ids are unsigned where they index, signed where the cost reckons with them


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
    columns: Mapping[str, Any],
    *,
    guarded: bool = False,
    prefetched: Sequence[str] = (),
    part: str = "all",
) -> LoopSource:
    """The source of the loop for a traced cost: raises Unsupported naming an operation it has no loop for.

    `columns` gives each column's Kind, or Negatives for one drawn in the loop. A `guarded` loop checks that gradients
    are finite before it writes any row, others check the first number of each row they wrote. Rows of
    `prefetched` tables, too large for the cache, are asked for some examples ahead.

    Instead of "all", a `part` of it: "apply" only applies gradients that it gets as further columns, one for each
    lookup; "ids" and "gradients" store those of every lookup, table by table, for a whole batch.
    """
    return ExampleLoop(traced, dims, updates, columns).build(guarded, prefetched, part)


class ExampleLoop:
    def __init__(
        self,
        traced: SymbolicCost,
        dims: Mapping[str, int],
        updates: Mapping[str, Update],
        columns: Mapping[str, Any],
    ) -> None:
        self.traced, self.dims, self.updates = traced, dims, updates
        self.columns = {c: columns[c] for c in traced.columns}
        self.writer = Writer(_RESERVED)
        self.emitter = emitter(self.writer)
        self.head: list[str] = []
        self.each: list[str] = []  # lines at the head of every segment
        self.arguments: list[str] = []
        self.lengths: dict[str, str] = {}  # ragged column -> the local name of its length
        self.most: dict[str, str] = {}  # that name -> the name of the greatest such length
        self.greatest: list[str] = []  # the lines that find those
        self.tables = list(dict.fromkeys(look.table for look in traced.lookups))
        self.arrays = {t: self.writer.name(t) for t in self.tables}
        self.locals = {c: self.writer.name(c) for c in self.columns}

    def build(self, guarded: bool, prefetched: Sequence[str], part: str) -> LoopSource:
        rows = self._tables()
        self._columns()
        self._prefetch(rows, prefetched)
        sites = [self._site(look) for look in self.traced.lookups]
        trained = sites[: self.traced.trained]
        moves = UpdatePhase(self.writer, self.emitter, rows, guarded or part == "gradients")
        cheap = True
        if part == "all":
            self._catch_up(moves, trained)
        if part == "apply":
            self._given(trained)
        elif part != "ids":
            cheap = self._cost(trained)
        if part in ("ids", "gradients"):
            self._store(moves, trained, part)
        else:
            self._move(moves, trained)
        named = {length: column for column, length in self.lengths.items()}
        checks = list(dict.fromkeys(self.emitter.equal)), list(dict.fromkeys(self.emitter.inside))
        return LoopSource(self._text(), self.tables, self.arguments, named, *checks, cheap)

    def _move(self, moves: UpdatePhase, trained: list[LookupSite]) -> None:
        """Look at the gradients or at the rows they moved, and stop where a number is not finite."""
        self.writer.line("check = f32(0)")
        if moves.guarded:
            moves.check(trained)
            self.stop_unless_finite()
        moves.write(trained)
        if not moves.guarded or not all(u.additive for u in self.updates.values()):
            self.stop_unless_finite()

    def _catch_up(self, moves: UpdatePhase, trained: list[LookupSite]) -> None:
        """Let the rows of exact updates take the steps they missed, before anything reads them."""
        exact = [site for site in trained if self.updates[site.table].exact]
        if exact:
            self.writer.line("now = clock + n")
        for site in exact:
            if not site.bag:
                moves.catch_up(site.table, site.row_id(()), seen="now + 1")
                continue
            place = Expr("z" if site.bag[0] != 1 else "0")
            with self.writer.block(f"for z in range({site.bag[0]}):"):
                moves.catch_up(site.table, self.writer.local(site.row_id((place,)), "row"), seen="now + 1")

    def stop_unless_finite(self) -> None:
        with self.writer.block("if not is_finite(check):"):
            self.writer.line("return stopped(out, segment, n, total, counted)")

    def _store(self, moves: UpdatePhase, trained: list[LookupSite], part: str) -> None:
        """Store the ids or the gradients of all lookups of the example, each in a place of its own."""
        origin = self._further("origin")
        stored = {t: self._further(f"{part}_{t}") for t in dict.fromkeys(site.table for site in trained)}
        if part == "gradients":
            self.writer.line("check = f32(0)")
            moves.check(trained)
            self.stop_unless_finite()
        for number, site in enumerate(trained):
            moves.store(site, stored[site.table], self._slot(site, f"{origin}[{number}]"), part)

    def _further(self, name: str) -> str:
        self.arguments.append(self.writer.name(name))
        return self.arguments[-1]

    def _slot(self, site: LookupSite, origin: str) -> Expr:
        """Where the first of a lookup's rows is stored."""
        [length] = site.bag or (1,)
        if isinstance(length, int):
            return Expr(f"(n * {length} + {origin})")
        column = next((self.locals[c] for c, name in self.lengths.items() if name == length), None)
        if column is None:
            raise Unsupported("a bag made of several")
        return Expr(f"(start_{column} + {origin})")

    # --- what the loop reads ---------------------------------------------------------------------------------------

    def _tables(self) -> dict[str, TableRows]:
        """Unpack tables and their state, and trace the update of each."""
        rows, states, rates = {}, [], {}  # type: dict[str, TableRows], list[str], dict[int, str]
        for place, table in enumerate(self.tables):
            if table not in self.updates:
                continue
            update, dim = self.updates[table], self.dims[table]
            own = [self.writer.name(f"{table}_state") for _ in update.init(dim)]
            if id(update) not in rates:
                rates[id(update)] = self.writer.name("rate")
                self.each.append(f"{rates[id(update)]} = rates[segment, {place}]")
            rows[table] = rows_of(self.writer, update, dim, self.arrays[table], own, rates[id(update)], place)
            states += [*own, rows[table].seen] if update.exact else own
        self.head.insert(0, f"{_tuple(self.arrays.values())} = tables")
        if states:
            self.head.insert(1, f"{_tuple(states)} = states")
        return rows

    def _columns(self) -> None:
        self.whole: dict[str, str] = {}
        alias: dict[str, list[str]] = {}  # named here, in the order of `Kernel.bind`, though drawn from below
        for name, column in self.columns.items():
            if isinstance(column, Negatives):
                parts = (
                    ("pool",) if isinstance(column, BlockNegatives) else ("keep", "other") * (column.alias is not None)
                )
                alias[name] = [self._argument(name, part) for part in parts]
                self.emitter.bind(self.traced.columns[name], (column.k,), _signed(element(self.locals[name])))
            else:
                self._column(name, column, self.traced.columns[name])
        for salt, (name, column) in enumerate(self.columns.items()):
            if isinstance(column, Negatives):
                self._draw(name, column, salt, alias[name])

    def _prefetch(self, rows: Mapping[str, TableRows], tables: Sequence[str]) -> None:
        """Ask for the rows that an example a little further on looks up by a column, and for their state."""
        asked: dict[tuple[str, Any, int | None], None] = {}
        for look in self.traced.lookups:
            if look.table in tables:
                arrays = [self.arrays[look.table], *(rows[look.table].states if look.table in rows else [])]
                asked.update({(a, column, place): None for column, place in id_sources(look) for a in arrays})
        if asked:
            self.writer.line(f"ahead = min(n + {_AHEAD}, hi - 1)")
        for array, column, place in asked:
            if column in self.whole and place != -1:
                index = "ahead" if place is None else f"ahead, {place}"
                self.writer.line(f"prefetch_row({array}, uintp({self.whole[column]}[{index}]))")

    def _argument(self, column: str, part: str) -> str:
        name = self.writer.name(f"{self.locals[column]}_{part}")
        self.arguments.append(name)
        return name

    def _column(self, name: str, kind: Form, symbol: Variable) -> None:
        local, is_id = self.locals[name], symbol.type.dtype == "int64" and name in self.traced.ids
        signed = (lambda e: Expr(_SIGNED, (e,))) if is_id else (lambda e: e)
        array = self.whole[name] = self._argument(name, "column")
        if kind.shape == ():
            self.writer.line(f"{local} = uintp({array}[n])" if is_id else f"{local} = {array}[n]")
            self.emitter.bind(symbol, (), lambda _: signed(Expr(local)))
        elif kind.ragged:
            offsets, start = self._argument(name, "offsets"), self.writer.name(f"start_{local}")
            length = self.lengths[name] = self.writer.name(f"len_{local}")
            self.writer.line(f"{start} = {offsets}[n]")
            self.writer.line(f"{length} = {offsets}[n + 1] - {start}")
            self.emitter.lengths.add(length)
            self.most[length] = self.writer.name(f"max_{local}")
            self.greatest.append(f"{self.most[length]} = longest({offsets}, segments, begin, end)")
            load = element(array)
            access = lambda index: signed(load((Expr("({} + {})", (Expr(start), index[0])),)))
            self.emitter.bind(symbol, (length,), access)
        else:
            load = element(array)
            access = lambda index: signed(load((Expr("n"), *index)))
            self.emitter.bind(symbol, kind.shape, access)  # type: ignore[arg-type]

    def _draw(self, name: str, negatives: Negatives, salt: int, alias: list[str]) -> None:
        """Draw the ids of a sampled column: the same for a seed and an example, however the work is divided."""
        if name not in self.traced.ids:
            raise DataError(f"{name!r} is to be drawn from a table, but the cost indexes no table with it")
        local, table = self.locals[name], self.arrays[self.traced.ids[name][0]]
        self.writer.scratch.append((local, (negatives.k,), "uintp"))
        avoided = "" if negatives.avoid is None else f"{local}[z] != {self._avoided(name, negatives.avoid)}"
        if isinstance(negatives, BlockNegatives):
            start, size = self._block(name)
            draw = f"draw_from(bits, {alias[0]}, {start}, {size})"
            replaced = self._replaced(negatives)
            again = f"({local}[z] != {replaced} or is_rare(bits, {alias[0]}, {size}))"
            wanted = avoided if f"!= {replaced}" in avoided else " and ".join(filter(None, [avoided, again]))
        else:
            draw = f"draw_alias(bits, {', '.join(alias)})" if alias else f"draw_uniform(bits, len({table}))"
            wanted = avoided
        counter = f"{salt * SALT_STEP} + z" + (f" + {TRY_STEP} * attempt" if wanted else "")
        lines = [f"bits = random_bits(seed, first + n, {counter})", f"{local}[z] = {draw}"]
        with self.writer.block(f"for z in range({negatives.k}):"):
            if not wanted:
                self.writer.add(lines)
                return
            with self.writer.block(f"for attempt in range({AVOID_TRIES}):"):
                self.writer.add(lines)
                with self.writer.block(f"if {wanted}:"):
                    self.writer.line("break")

    def _replaced(self, negatives: BlockNegatives) -> str:
        """The id in whose place the negatives stand: drawn from its own block, it would come up too often."""
        column, place = negatives.replaced
        return self.locals[column] if place is None else f"uintp({self.whole[column]}[n, {place}])"

    def _block(self, name: str) -> tuple[str, str]:
        """Where the rows that a sampled column draws from begin and how many they are, read at each segment."""
        sampled = [c for c, column in self.columns.items() if isinstance(column, Negatives)]
        place = DRAWN + 2 * sampled.index(name)
        start, size = self.writer.name(f"start_{name}"), self.writer.name(f"size_{name}")
        self.each += [f"{start} = uintp(segments[segment, {place}])", f"{size} = segments[segment, {place + 1}]"]
        return start, size

    def _avoided(self, name: str, column: str) -> Expr:
        symbol = self.traced.columns.get(column)
        if symbol is None or column not in self.traced.ids or symbol.type.ndim > 0:
            raise DataError(f"{name!r} is to avoid {column!r}, which is not a column of one id in the cost")
        return Expr(self.locals[column])

    def _site(self, look: Lookup) -> LookupSite:
        """Bind a lookup's rows to the table, and say where its ids come from."""
        self.emitter.emit([look.index])
        bag = self.emitter.shape(look.index)
        row_id = self._row_id(look, bag)
        row = element(self.arrays[look.table])
        access = lambda index: row((row_id(index[:-1]), index[-1]))
        self.emitter.bind(look.rows, (*bag, self.dims[look.table]), access)
        place = self.traced.lookups.index(look)
        gradient = self.traced.gradients[place] if place < len(self.traced.gradients) else look.rows
        return LookupSite(look.table, bag, row_id, gradient)

    def _row_id(self, look: Lookup, bag: tuple[Dim, ...]) -> Access:
        known = {*self.locals.values()}

        def row_id(index: Index) -> Expr:
            e = self.emitter.at(look.index, index if bag else ())
            e = e.args[0] if e.form == _SIGNED else e
            return e if str(e) in known or self._drawn(e) else Expr("uintp({})", (e,))

        if bag or str(row_id(())) in known:
            return row_id
        local = self.writer.local(row_id(()), "id")
        return lambda index: local

    def _drawn(self, e: Expr) -> bool:
        return any(
            isinstance(c, Negatives) and e.form == f"{self.locals[name]}[{{}}]" for name, c in self.columns.items()
        )

    # --- what the loop does ----------------------------------------------------------------------------------------

    def _cost(self, sites: Sequence[LookupSite]) -> bool:
        """Write the gradients, and the cost in a branch taken for a sample; tell whether the cost is a trifle."""
        cost, gradients = simplify(self.traced)
        for site, gradient in zip(sites, gradients, strict=True):
            site.gradient = gradient
        self.emitter.count([cost, *gradients])
        self.emitter.emit(gradients)
        with self.writer.block("if (first + n) & mask == 0:"):
            start = len(self.writer.lines)
            self.emitter.emit([cost])
            self.writer.line(f"cost = {self.emitter.at(cost, ())}")
            added = "\n".join(self.writer.lines[start:])
            with self.writer.block("if not is_finite(cost):"):
                self.writer.line("return stopped(out, segment, n, total, counted)")
            self.writer.line("total += cost")
            self.writer.line(f"counted += {self._members()}")
        return not re.search(r"\bfor\b|math\.|softplus|sigmoid|log1mexp", added)

    def _members(self) -> str:
        """How many examples one is: as many as a gathered bag has members."""
        gathered = [c for c, kind in self.columns.items() if isinstance(kind, Form) and kind.gathered]
        return self.lengths[gathered[0]] if gathered else "1"

    def _given(self, sites: Sequence[LookupSite]) -> None:
        for number, site in enumerate(sites):
            array = self.writer.name(f"gradient_{number}")
            self.arguments.append(array)
            width = self.dims[site.table]
            self.emitter.bind(site.gradient, (*site.bag, width), element(array))

    # --- the text --------------------------------------------------------------------------------------------------

    def _text(self) -> str:
        scratch = self.writer.scratch_lines(self._most)
        head = [*self.head, f"{_tuple(self.arguments)} = columns", *self.greatest, *scratch]
        body = "\n".join(self.writer.lines)
        lines = [
            f"def kernel({_ARGUMENTS}):",
            *("    " + line for line in head),
            "    for segment in range(begin, end):",
            "        if waits(progress, segments, segment):",
            "            return segment",
            "        lo, hi = segments[segment, 3], segments[segment, 4]",
            *("        " + line for line in self.each),
            "        total = 0.0",
            "        counted = 0",
            "        for n in range(lo, hi):",
            body,
            "        finished(progress, segments, out, segment, total, counted)",
            "    return end",
        ]
        body = "\n".join(lines)
        return self.writer.constant_lines() + used_functions(body) + body + "\n"

    def _most(self, dim: Dim) -> str:
        text = str(dim)
        for length, bound in sorted(self.writer.bounds.items(), key=lambda item: -len(item[0])):
            text = text.replace(length, str(bound))
        for length, most in self.most.items():
            text = re.sub(rf"\b{length}\b", most, text)
        return text


def _signed(load: Access) -> Access:
    return lambda index: Expr(_SIGNED, (load(index),))


def _tuple(names: Any) -> str:
    return "(" + ", ".join(names) + ",)" if names else "()"
