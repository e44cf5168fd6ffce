"""A PyTensor graph of one example -> statements: a loop for every result that is stored, the rest where it is used."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.traversal import toposort

from rowspace.kernel.emit.decisions import decided, reads, rounds, torn
from rowspace.kernel.emit.dims import length_for_layout, reckoned
from rowspace.kernel.emit.expression import ZERO, Access, Axis, Dim, Expr, Index, Op, load, named
from rowspace.kernel.emit.folds import Fold, Reduction, accumulate, store
from rowspace.kernel.emit.python import text
from rowspace.kernel.emit.scalars import Unsupported
from rowspace.kernel.emit.statements import Assign
from rowspace.kernel.emit.typed import converted, literal, number_of
from rowspace.kernel.emit.writer import Writer

_LONGEST_REPEATED = 24  # operations and operands: a longer expression is stored when it is used more than once
_AXIS = ("z", "k")

Rules = Mapping[type | str, Callable[["Emitter", Apply], None]]


class Emitter:
    """Writes a graph of one example: `bind` its inputs, `emit` its outputs, then `at` gives each element's source."""

    def __init__(self, writer: Writer, rules: Rules, *, inline: bool = False) -> None:
        self.writer = writer
        self.rules = rules
        self.inline = inline  # write what is used once where it is used, however dear: right where nothing repeats
        self.lengths: set[str] = set()  # names of the lengths of ragged bags, which a check of the data knows
        self.equal: list[tuple[Dim, Dim]] = []  # lengths that the graph takes to be the same
        self.inside: list[tuple[Dim, Dim]] = []  # places and the lengths they must lie in
        self.below: dict[Variable, Dim] = {}  # whole numbers that are places: a length that none of them reaches
        self.access: dict[Variable, Access] = {}
        self.dims: dict[Variable, tuple[Dim, ...]] = {}
        self.uses: dict[Variable, int] = {}
        self.reads: dict[Variable, int] = {}
        self.decided: set[Variable] = set()
        self.stored: set[Variable] = set()  # results that lie in a scratch array of their own

    def bind(self, variable: Variable, dims: tuple[Dim, ...], access: Access) -> None:
        """Say what stands for the elements of a result, whose lengths are `dims`."""
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
        """The lengths of a result."""
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
        return load(self.writer.constant(data), *index)

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
        """Two lengths are the same: if that is not known, it is checked before the loop runs."""
        if a == b:
            return
        if not self._can_be_checked(a, b):
            raise Unsupported(f"lengths {text(a)} and {text(b)} in one operation")
        self.equal.append((a, b))

    def require_place(self, place: Dim, length: Dim) -> None:
        """Have it checked that a place, which counts from the end if it is negative, lies in a bag of this length."""
        if isinstance(place, int) and isinstance(length, int):
            if not -length <= place < length:
                raise Unsupported(f"place {place} of {length}")
            return
        if not self._can_be_checked(place, length):
            raise Unsupported(f"place {text(place)} of {text(length)}")
        self.inside.append((place, length))

    def _can_be_checked(self, a: Dim, b: Dim) -> bool:
        names = {e.name for dim in (a, b) for e in reckoned(dim).walk() if e.op is Op.NAME}
        return bool(names) and names <= self.lengths

    @staticmethod
    def is_array(dims: tuple[Dim, ...]) -> bool:
        """Whether there is more than one element."""
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
        operation: Reduction | None,
    ) -> None:
        """Store `out[index] = operation over r of term(index, r)`, with the longest axis as the innermost loop."""
        axes, index = self.axes(dims, "zk")
        folds, inner = self.axes(over, "rs")
        number = number_of(out.type.dtype)
        value = term(index, inner)
        if not axes:
            total = accumulate(self.writer, folds, value, operation, number)
            self.bind(out, dims, lambda _: total)
            return
        axes.sort(key=lambda axis: length_for_layout(axis[1]))
        target = self.scratch(out, dims, index, axes)
        if not folds or operation is None:
            self.writer.loops(axes, [Assign(target, value)])
        else:
            store(Fold(self.writer, axes, folds, target, value, operation, number))

    def axes(self, dims: tuple[Dim, ...], letters: str) -> tuple[list[Axis], Index]:
        """Loop variables for the axes longer than one, and an index over all axes."""
        long = [axis for axis, dim in enumerate(dims) if dim != 1]
        names = [f"{letters[0]}{axis}_" for axis in long[:-2]] + list(letters[-len(long[-2:]) :])
        variables = {axis: named(name) for axis, name in zip(long, names, strict=False)}
        return [(v, dims[axis]) for axis, v in variables.items()], tuple(
            variables.get(axis, ZERO) for axis in range(len(dims))
        )

    def scratch(self, out: Variable, dims: tuple[Dim, ...], index: Index, axes: list[Axis]) -> Expr:
        """A scratch array for `out` whose last axis is the innermost loop's."""
        places = [index.index(variable) for variable, _ in axes]
        name = self.writer.array("t", tuple(dims[p] for p in places), out.type.dtype)

        def access(index: Index) -> Expr:
            return load(name, *(index[p] for p in places))

        self.bind(out, dims, access)
        self.stored.add(out)
        return access(index)


def _anywhere(dims: tuple[Dim, ...]) -> Index:
    """An index over axes of these lengths, to look at the source of an element."""
    return tuple(named(_AXIS[a % 2] + "0") for a in range(len(dims)))


def _of_a_user(operation: Any) -> bool:
    """Whether an operation, or the one it applies, is a user's own: derived from another, it may compute anything."""
    inner = [getattr(operation, name, None) for name in ("scalar_op", "core_op")]
    library = type(operation).__module__.partition(".")[0] in ("pytensor", "rowspace")
    return not library or any(_of_a_user(op) for op in inner if op is not None)
