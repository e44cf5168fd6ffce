"""How a loop reads the columns of an example, and how it draws those that are sampled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytensor.graph.basic import Variable

from rowspace.columns.kinds import Draws, Form
from rowspace.columns.negatives import AVOID_TRIES, SALT_STEP, TRY_STEP
from rowspace.errors import DataError
from rowspace.kernel.cost import SymbolicCost
from rowspace.kernel.emit.emitter import Emitter
from rowspace.kernel.emit.expression import Access, Expr, Op, apply, cast, element, load, named, whole
from rowspace.kernel.emit.statements import Assign, Break, For, Statement
from rowspace.kernel.emit.writer import Writer
from rowspace.kernel.segments import DRAWN

_N, _Z, _BITS = (named(name) for name in ("n", "z", "bits"))


@dataclass(frozen=True)
class Bag:
    """A ragged column at an example: where its bag begins, how long it is, and how long the longest is."""

    start: Expr
    length: Expr
    longest: Expr


class LoopColumns:
    """The columns of a cost as its loop has them; `arrays` names the tables that sampled ones are drawn from."""

    def __init__(
        self,
        writer: Writer,
        emitter: Emitter,
        traced: SymbolicCost,
        columns: Mapping[str, Form],
        arrays: Mapping[str, str],
    ) -> None:
        self.writer, self.emitter, self.traced, self.arrays = writer, emitter, traced, arrays
        self.columns = {c: columns[c] for c in traced.columns}
        self.locals = {c: writer.name(c) for c in self.columns}
        self.sampled = [c for c, column in self.columns.items() if column.draws]
        self.arguments: list[str] = []  # the arrays that the loop is given, in the order of `Kernel.bind`
        self.whole: dict[str, str] = {}  # column -> the array of all its entries
        self.bags: dict[str, Bag] = {}  # of ragged columns
        self.head: list[Statement] = []  # before the loop
        self.each: list[Statement] = []  # at the head of every segment

    def read(self) -> None:
        """Write what reads and draws every column of the example, and say what stands for each in the cost."""
        alias: dict[str, list[str]] = {}  # named here, in the order of `Kernel.bind`, though drawn from below
        for name, column in self.columns.items():
            if column.draws:
                alias[name] = [self._argument(name, part) for part in column.draws.arrays]
                self.emitter.bind(self.traced.columns[name], (column.draws.count,), _signed(element(self.locals[name])))
            else:
                self._column(name, column, self.traced.columns[name])
        for salt, (name, column) in enumerate(self.columns.items()):
            if column.draws:
                self._draw(name, column.draws, salt, alias[name])

    def _argument(self, column: str, part: str) -> str:
        """A further array that the loop is given."""
        name = self.writer.name(f"{self.locals[column]}_{part}")
        self.arguments.append(name)
        return name

    def _column(self, name: str, kind: Form, symbol: Variable) -> None:
        local, is_id = named(self.locals[name]), symbol.type.dtype == "int64" and name in self.traced.ids
        array = self.whole[name] = self._argument(name, "column")
        if kind.shape == ():
            value = load(array, _N)
            self.writer.assign(local, cast(value, "uintp") if is_id else value)
            self._bind(symbol, (), lambda _: local, is_id)
        elif kind.ragged:
            bag = self.bags[name] = self._bag(name)
            self._bind(symbol, (bag.length,), lambda index: load(array, apply(Op.ADD, bag.start, index[0])), is_id)
        else:
            self._bind(symbol, kind.shape, lambda index: load(array, _N, *index), is_id)

    def _bind(self, symbol: Variable, dims: Any, access: Access, is_id: bool) -> None:
        """Ids are unsigned where they index, signed where the cost reckons with them."""
        self.emitter.bind(symbol, dims, _signed(access) if is_id else access)

    def _bag(self, name: str) -> Bag:
        local, offsets = self.locals[name], self._argument(name, "offsets")
        start, length, longest = (named(self.writer.name(f"{what}_{local}")) for what in ("start", "len", "max"))
        self.writer.assign(start, load(offsets, _N))
        self.writer.assign(length, apply(Op.SUB, load(offsets, apply(Op.NEXT, _N)), start))
        self.emitter.lengths.add(length.name)
        among = (named(name) for name in ("segments", "progress", "begin", "end"))
        self.head.append(Assign(longest, apply("longest", named(offsets), *among)))
        return Bag(start, length, longest)

    def _draw(self, name: str, draws: Draws, salt: int, alias: list[str]) -> None:
        """Draw the ids of a sampled column: the same for a seed and an example, however the work is divided."""
        if name not in self.traced.ids:
            raise DataError(f"{name!r} is to be drawn from a table, but the cost indexes no table with it")
        local, table = self.locals[name], self.arrays[self.traced.ids[name][0]]
        self.writer.scratch.append((local, (draws.count,), "uintp"))
        target, wanted = load(local, _Z), []
        if draws.avoid is not None:
            wanted.append(apply(Op.DIFFERS, target, self._avoided(name, draws.avoid)))
        if draws.replaced:
            start, size = self._block(name)
            pool = named(alias[0])
            value = apply("draw_from", _BITS, pool, start, size)
            other = apply(Op.DIFFERS, target, self._replaced(*draws.replaced))
            if other not in wanted:
                wanted.append(apply(Op.EITHER, other, apply("is_rare", _BITS, pool, size)))
        elif alias:
            value = apply("draw_alias", _BITS, *map(named, alias))
        else:
            value = apply("draw_uniform", _BITS, apply("len", named(table)))
        counter = [whole(salt * SALT_STEP), _Z]
        with self.writer.inside(For(_Z, draws.count)):
            if not wanted:
                self._draw_once(target, value, counter)
                return
            counter.append(apply(Op.TIMES, whole(TRY_STEP), named("attempt")))
            with self.writer.inside(For(named("attempt"), AVOID_TRIES)):
                self._draw_once(target, value, counter)
                with self.writer.when(wanted[0] if len(wanted) == 1 else apply(Op.BOTH, *wanted)):
                    self.writer.add(Break())

    def _draw_once(self, target: Expr, value: Expr, counter: Sequence[Expr]) -> None:
        example = apply(Op.PLUS, named("first"), _N)
        self.writer.assign(_BITS, apply("random_bits", named("seed"), example, apply(Op.PLUS, *counter)))
        self.writer.assign(target, value)

    def _replaced(self, column: str, place: int | None) -> Expr:
        """The id in whose place the negatives stand: drawn from its own block, it would come up too often."""
        if place is None:
            return named(self.locals[column])
        return cast(load(self.whole[column], _N, whole(place)), "uintp")

    def _block(self, name: str) -> tuple[Expr, Expr]:
        """Where the rows that a sampled column draws from begin and how many they are, read at each segment."""
        place = DRAWN + 2 * self.sampled.index(name)
        start, size = (named(self.writer.name(f"{what}_{name}")) for what in ("start", "size"))
        at = [load("segments", named("segment"), whole(p)) for p in (place, place + 1)]
        self.each += [Assign(start, cast(at[0], "uintp")), Assign(size, at[1])]
        return start, size

    def _avoided(self, name: str, column: str) -> Expr:
        symbol = self.traced.columns.get(column)
        if symbol is None or column not in self.traced.ids or symbol.type.ndim > 0:
            raise DataError(f"{name!r} is to avoid {column!r}, which is not a column of one id in the cost")
        return named(self.locals[column])


def _signed(load: Access) -> Access:
    return lambda index: cast(load(index), "i64")
