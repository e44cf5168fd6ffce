"""A PyTensor graph of one example -> source lines: a loop per stored result, the rest written where it is used."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.traversal import toposort

from rowspace.kernel.emit.decisions import decided, reads, rounds, torn
from rowspace.kernel.emit.expression import (
    ZERO,
    Access,
    Dim,
    Expr,
    Index,
    Statement,
    Writer,
    length_for_layout,
    same,
    sum_of,
)
from rowspace.kernel.emit.scalars import DTYPES, Unsupported
from rowspace.kernel.emit.typed import converted, number_of

_LONGEST_REPEATED = 24  # an expression longer than this is stored when it is used more than once
_AXIS = ("z", "k")
# Folds of at most so many results, and sums of at most so many terms, are written out: LLVM would not do it, and checks
# at run time that arrays do not overlap for a limited number of pairs only.
_MOST_WRITTEN_OUT = 6

Rules = Mapping[type | str, Callable[["Emitter", Apply], None]]


class Emitter:
    """Writes a graph of one example: `bind` its inputs, `emit` its outputs, then `at` gives each element's source."""

    def __init__(self, writer: Writer, rules: Rules, *, inline: bool = False) -> None:
        self.writer = writer
        self.rules = rules
        self.inline = inline  # write what is used once where it is used, however dear: right where nothing repeats
        self.lengths: set[str] = set()  # names of the lengths of ragged bags, which a check of the data knows
        self.equal: list[tuple[str, str]] = []  # lengths that the graph takes to be the same
        self.inside: list[tuple[str, str]] = []  # places and the lengths they must lie in
        self.below: dict[Variable, Dim] = {}  # whole numbers that are places: a length that none of them reaches
        self.access: dict[Variable, Access] = {}
        self.dims: dict[Variable, tuple[Dim, ...]] = {}
        self.uses: dict[Variable, int] = {}
        self.reads: dict[Variable, int] = {}
        self.decided: set[Variable] = set()
        self.stored: set[Variable] = set()  # results that lie in a scratch array of their own

    def bind(self, variable: Variable, dims: tuple[Dim, ...], access: Access) -> None:
        self.dims[variable] = dims
        self.access[variable] = access

    def count(self, outputs: Iterable[Variable]) -> None:
        """Count the uses of every result of the graph, before any of it is written."""
        outputs = list(outputs)
        for node in toposort(outputs):
            for x in node.inputs:
                self.uses[x] = self.uses.get(x, 0) + 1
        for out in outputs:
            self.uses[out] = self.uses.get(out, 0) + 1
        self.reads, self.decided = reads(outputs), decided(outputs)

    def emit(self, outputs: Sequence[Variable]) -> None:
        """Write what `outputs` need and is not written yet; raises Unsupported with the operation's name."""
        for node in toposort(list(outputs)):
            if all(out in self.dims for out in node.outputs):
                continue
            kinds = [k for c in type(node.op).__mro__ for k in (c, c.__name__)]
            rule = next((self.rules[k] for k in kinds if k in self.rules), None)
            if rule is None or _of_a_user(node.op):
                raise Unsupported(str(node.op))
            rule(self, node)

    def at(self, variable: Variable, index: Index) -> Expr:
        """The source of one element; an axis of length one is always read at 0."""
        index = tuple(ZERO if d == 1 else i for d, i in zip(self.shape(variable), index, strict=True))
        return self._constant(variable.data, index) if isinstance(variable, Constant) else self.access[variable](index)

    def at_as(self, variable: Variable, index: Index, dtype: str) -> Expr:
        """The source of one element as a number of type `dtype`."""
        own = variable.type.dtype
        if own != dtype and isinstance(variable, Constant):
            index = tuple(ZERO if d == 1 else i for d, i in zip(self.shape(variable), index, strict=True))
            return self._constant(np.asarray(variable.data).astype(dtype), index)
        return converted(self.at(variable, index), own, dtype)

    def shape(self, variable: Variable) -> tuple[Dim, ...]:
        if isinstance(variable, Constant):
            return tuple(np.shape(variable.data))
        if variable not in self.dims:
            raise Unsupported(f"the variable {variable}, neither a column nor a constant,")
        return self.dims[variable]

    def _constant(self, data: Any, index: Index) -> Expr:
        data = np.asarray(data)
        if data.size == 0:
            return ZERO  # in a loop that never runs
        if data.size == 1:
            return literal(data.reshape(-1)[0])
        if (data == data.flat[0]).all():
            return literal(data.flat[0])
        if data.size > 100_000:
            raise Unsupported(f"a constant of {data.size} numbers")
        return element(self.writer.constant(data))(index)

    # --- storing ---------------------------------------------------------------------------------------------------

    def define(self, out: Variable, dims: tuple[Dim, ...], access: Access, *, cheap: bool = True) -> None:
        """Give `out` its source: written again at each use when it is short and cheap, stored otherwise."""
        once = self.uses.get(out, 1) <= 1
        value = access(_anywhere(dims))
        short = self.is_array(dims) and value.size <= _LONGEST_REPEATED
        if ((cheap and (once or short)) or (self.inline and once)) and not self.must_be_one(out, value):
            self.bind(out, dims, access)
        else:
            self.store(out, dims, access)

    def must_be_one(self, variable: Variable, value: Expr) -> bool:
        """Whether a value may not be computed anew wherever it is read, since something is decided by it."""
        if self.reads.get(variable, 1) <= 1:
            return False
        return torn(value) or (variable in self.decided and rounds(value))

    def bind_one(self, out: Variable, dims: tuple[Dim, ...], access: Access) -> None:
        """Give `out` its source, to be written again at each use unless it must be one value."""
        give = self.store if self.must_be_one(out, access(_anywhere(dims))) else self.bind
        give(out, dims, access)

    def broadcast(self, shapes: Sequence[tuple[Dim, ...]]) -> tuple[Dim, ...]:
        """The common shape; bags of different names must prove to be of the same length when the data is checked."""
        return tuple(self._common(axis) for axis in zip(*shapes, strict=True))

    def _common(self, axis: Sequence[Dim]) -> Dim:
        long = [d for d in axis if d != 1]
        for other in long[1:]:
            self.equate(long[0], other)
        return long[0] if long else 1

    def equate(self, a: Dim, b: Dim) -> None:
        if same(a, b):
            return
        if not self._can_be_checked(a, b):
            raise Unsupported(f"lengths {a} and {b} in one operation")
        self.equal.append((str(a), str(b)))

    def require_place(self, place: Dim, length: Dim) -> None:
        """Have it checked that a place, which counts from the end if it is negative, lies in a bag of this length."""
        if isinstance(place, int) and isinstance(length, int):
            if not -length <= place < length:
                raise Unsupported(f"place {place} of {length}")
            return
        if not self._can_be_checked(place, length):
            raise Unsupported(f"place {place} of {length}")
        self.inside.append((str(place), str(length)))

    def _can_be_checked(self, a: Dim, b: Dim) -> bool:
        names = set(re.findall(r"[A-Za-z_]\w*", f"{a} {b}")) - {"max", "min"}
        return bool(names) and names <= self.lengths

    @staticmethod
    def is_array(dims: tuple[Dim, ...]) -> bool:
        return any(d != 1 for d in dims)

    def store(self, out: Variable, dims: tuple[Dim, ...], access: Access) -> None:
        """Compute every element of `out` now, into a local variable or a scratch array."""
        self.reduce(out, dims, (), lambda index, _: access(index), None)

    def copy_to_change(self, out: Variable, x: Variable) -> None:
        """Store `out` as it is in `x`, to be changed: in the place of `x` itself if nothing else reads that."""
        dtype = out.type.dtype
        if x in self.stored and self.uses.get(x, 0) == 1 and x.type.dtype == dtype:
            self.bind(out, self.shape(x), self.access[x])
            self.stored.add(out)
        else:
            self.store(out, self.shape(x), lambda index: self.at_as(x, index, dtype))

    def reduce(
        self,
        out: Variable,
        dims: tuple[Dim, ...],
        over: tuple[Dim, ...],
        term: Callable[[Index, Index], Expr],
        operation: "Reduction | None",
    ) -> None:
        """Store `out[index] = operation over r of term(index, r)`, with the longest axis as the innermost loop."""
        axes, index = self.axes(dims, "zk")
        folds, inner = self.axes(over, "rs")
        number = number_of(out.type.dtype)
        value = term(index, inner)
        if not axes:
            total = self.accumulate(folds, value, operation, number)
            self.bind(out, dims, lambda _: total)
            return
        axes.sort(key=lambda axis: length_for_layout(axis[1]))
        target = self.scratch(out, dims, index, axes)
        longest = max(map(length_for_layout, [d for _, d in folds]), default=0)
        few = [axis for axis in axes if _few(axis[1])]
        if not folds or operation is None:
            self.writer.loops(axes, [(target, "=", value)])
        elif longest >= length_for_layout(axes[-1][1]) and len(axes) <= 2 and few:
            with self.writer.around([axis for axis in axes if axis is not few[0]]):
                self._fold_together(few[0], folds, target, value, operation, number)
        elif longest >= length_for_layout(axes[-1][1]):
            self._fold_innermost(axes, folds, target, value, operation, number)
        elif operation.sign == "+=" and len(folds) == 1 and _few(folds[0][1]) and _loads(value, axes[-1][0]) == 1:
            [(variable, dim)] = folds
            self.writer.loops(axes, [(target, "=", sum_of([value.put(variable, p) for p in range(int(dim))]))])
        else:
            self.writer.loops(axes, [(target, "=", Expr(operation.start(number)))])
            if operation.sign == "+=" and len(folds) == 1 and len(axes) == 2 and few and few[0] is not axes[-1]:
                self._add_outer_products(few[0], axes[-1], folds[0], target, value)
                return
            update = value if operation.sign else Expr(operation.form, (target, value))
            self.writer.loops([*axes[:-1], *folds, axes[-1]], [(target, operation.sign or "=", update)])

    def _fold_together(
        self,
        axis: tuple[Expr, Dim],
        folds: list[tuple[Expr, Dim]],
        target: Expr,
        value: Expr,
        operation: "Reduction",
        number: str,
    ) -> None:
        """A few folds in one loop, each in a variable of its own: what they share is read once."""
        variable, dim = axis
        totals = [self.writer.local(Expr(operation.start(number))) for _ in range(int(dim))]
        folds.sort(key=lambda fold: length_for_layout(fold[1]))
        statements: list[Statement] = []
        for place, total in enumerate(totals):
            one = value.put(variable, place)
            update = one if operation.sign else Expr(operation.form, (total, one))
            statements.append((str(total), operation.sign or "=", update))
        self.writer.loops(folds, statements, independent=True)
        for place, total in enumerate(totals):
            self.writer.line(f"{target.put(variable, place)} = {total}")

    def _add_outer_products(
        self, few: tuple[Expr, Dim], wide: tuple[Expr, Dim], fold: tuple[Expr, Dim], target: Expr, value: Expr
    ) -> None:
        """Add terms two at a time to all rows of a short axis: each is read once, and what it adds to half as often."""
        (place, rows), (variable, terms) = few, fold
        even = self.writer.local(Expr(f"{terms} - {terms} % 2"), "even")
        both = sum_of([value, value.put(variable, Expr(f"({variable} + 1)"))])
        for head, added in ((f"0, {even}, 2", both), (f"{even}, {terms}", value)):
            with self.writer.block(f"for {variable} in range({head}):"):
                each = [(target.put(place, p), "+=", added.put(place, p)) for p in range(int(rows))]
                self.writer.loops([wide], each)

    def _fold_innermost(
        self,
        axes: list[tuple[Expr, Dim]],
        folds: list[tuple[Expr, Dim]],
        target: Expr,
        value: Expr,
        operation: "Reduction",
        number: str,
    ) -> None:
        with self.writer.around(axes):
            total = self.accumulate(folds, value, operation, number)
            self.writer.line(f"{target} = {total}")

    def accumulate(
        self, folds: list[tuple[Expr, Dim]], value: Expr, operation: "Reduction | None", number: str
    ) -> Expr:
        if operation is None or not folds:
            return self.writer.local(value)
        total = self.writer.name("x")
        self.writer.line(f"{total} = {operation.start(number)}")
        folds.sort(key=lambda axis: length_for_layout(axis[1]))
        update = value if operation.sign else Expr(operation.form, (Expr(total), value))
        self.writer.loops(folds, [(total, operation.sign or "=", update)])
        return Expr(total)

    def axes(self, dims: tuple[Dim, ...], letters: str) -> tuple[list[tuple[Expr, Dim]], Index]:
        """Loop variables for the axes longer than one, and an index over all axes."""
        long = [axis for axis, dim in enumerate(dims) if dim != 1]
        names = [f"{letters[0]}{axis}_" for axis in long[:-2]] + list(letters[-len(long[-2:]) :])
        variables = {axis: Expr(name) for axis, name in zip(long, names, strict=False)}
        return [(v, dims[axis]) for axis, v in variables.items()], tuple(
            variables.get(axis, ZERO) for axis in range(len(dims))
        )

    def scratch(self, out: Variable, dims: tuple[Dim, ...], index: Index, axes: list[tuple[Expr, Dim]]) -> Expr:
        """A scratch array for `out` whose last axis is the innermost loop's."""
        places = [index.index(variable) for variable, _ in axes]
        name = self.writer.array("t", tuple(dims[p] for p in places), out.type.dtype)
        load = element(name)
        access = lambda idx: load(tuple(idx[p] for p in places))
        self.bind(out, dims, access)
        self.stored.add(out)
        return access(index)


def _anywhere(dims: tuple[Dim, ...]) -> Index:
    """An index over axes of these lengths, to look at the source of an element."""
    return tuple(Expr(_AXIS[a % 2] + "0") for a in range(len(dims)))


def _of_a_user(operation: Any) -> bool:
    """Whether an operation, or the one it applies, is a user's own: derived from another, it may compute anything."""
    inner = [getattr(operation, name, None) for name in ("scalar_op", "core_op")]
    library = type(operation).__module__.partition(".")[0] in ("pytensor", "rowspace")
    return not library or any(_of_a_user(op) for op in inner if op is not None)


def _few(dim: Dim) -> bool:
    return isinstance(dim, int) and 1 <= dim <= _MOST_WRITTEN_OUT


def _loads(value: Expr, variable: Expr) -> int:
    """How many arrays a loop over `variable` reads for `value`."""
    return len({e for e in value.walk() if "[" in e.form and e.depends(variable)})


def element(name: str) -> Access:
    """Read an array by name."""
    return lambda index: Expr(f"{name}[{', '.join(['{}'] * len(index))}]", tuple(index))


def literal(value: Any) -> Expr:
    value = np.asarray(value)
    if value.dtype.kind == "b":
        return Expr(str(bool(value)))
    number = number_of(str(value.dtype))
    if value.dtype.kind in "iu":
        return Expr(str(int(value)) if number == "i64" else f"{number}({int(value)})")
    if not np.isfinite(value):
        text = "NOT_A_NUMBER" if np.isnan(value) else ("INFINITY" if value > 0 else "-INFINITY")
        return Expr(f"{number}({text})")
    return Expr(f"{number}({value.item()!r})" if number == "f64" else f"{number}({np.float32(value)!s})")


def _ends(dtype: str) -> dict[str, str]:
    limits = np.iinfo(dtype)
    return {"-INFINITY": str(limits.min), "INFINITY": str(limits.max)}


# What infinity is to types that have none.
_ENDS = {"bool": {"-INFINITY": "False", "INFINITY": "True"}} | {
    number: _ends(dtype) for dtype, number in DTYPES.items() if dtype.lstrip("u").startswith("int")
}


class Reduction:
    """A fold: what it starts from and how a term joins it."""

    def __init__(self, first: str, sign: str = "", form: str = "", *, logical: bool = False) -> None:
        self.first, self.sign, self.form, self.logical = first, sign, form, logical

    def gives(self, dtype: str) -> bool:
        """Whether it folds numbers of a type into one of it: what grows takes the widest, what chooses takes any."""
        if self.first.endswith("INFINITY"):
            return dtype in DTYPES
        return dtype == "bool" if self.logical else dtype in ("float32", "float64", "int64", "uint64")

    def start(self, number: str) -> str:
        """The source of what it starts from, as a number of a type."""
        ends = _ENDS.get(number, {})
        return f"{number}({ends.get(self.first, self.first)})"


REDUCTIONS = {
    "Add": Reduction("0", sign="+="),
    "Mul": Reduction("1", sign="*="),
    "MulWithoutZeros": Reduction("1", form="times_unless_zero({}, {})"),
    "AND": Reduction("True", form="({} and {})", logical=True),
    "OR": Reduction("False", form="({} or {})", logical=True),
    "Maximum": Reduction("-INFINITY", form="maximum({}, {})"),
    "Minimum": Reduction("INFINITY", form="minimum({}, {})"),
}
