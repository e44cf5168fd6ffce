"""A PyTensor graph of one example -> source lines: a loop per stored result, the rest written where it is used."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.traversal import toposort
from pytensor.scalar import basic as ps
from pytensor.tensor.basic import (
    Alloc,
    Join,
    MakeVector,
    ScalarFromTensor,
    Split,
    TensorFromScalar,
)
from pytensor.tensor.blockwise import Blockwise
from pytensor.tensor.elemwise import CAReduce, DimShuffle, Elemwise
from pytensor.tensor.math import Dot
from pytensor.tensor.shape import Reshape, Shape_i, SpecifyShape
from pytensor.tensor.special import LogSoftmax, Softmax
from pytensor.tensor.subtensor import IncSubtensor, Subtensor, indices_from_subtensor

from rowspace.expression import (
    ZERO,
    Access,
    Dim,
    Expr,
    Index,
    Writer,
    length_for_layout,
    product,
    same,
)
from rowspace.scalars import CHEAP, DTYPES, SCALAR

_LONGEST_REPEATED = 24  # an expression longer than this is stored when it is used more than once
_AXIS = ("z", "k")
_ZEROS = ("0", "f32(0.0)", "f64(0.0)")


class Unsupported(Exception):
    """An operation that has no loop; the cost then runs through PyTensor's own compiled function."""


class Emitter:
    """Writes a graph of one example: `bind` its inputs, `emit` its outputs, then `at` gives each element's source."""

    def __init__(self, writer: Writer, *, inline: bool = False) -> None:
        self.writer = writer
        self.inline = inline  # write what is used once where it is used, however dear: right where nothing repeats
        self.equal: list[tuple[str, str]] = []  # lengths of ragged bags that the graph takes to be the same
        self.access: dict[Variable, Access] = {}
        self.dims: dict[Variable, tuple[Dim, ...]] = {}
        self.uses: dict[Variable, int] = {}
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

    def emit(self, outputs: Sequence[Variable]) -> None:
        """Write what `outputs` need and is not written yet; raises Unsupported with the operation's name."""
        for node in toposort(list(outputs)):
            if all(out in self.dims for out in node.outputs):
                continue
            rule = next((RULES[c] for c in type(node.op).__mro__ if c in RULES), None)
            if rule is None:
                raise Unsupported(str(node.op))
            rule(self, node)

    def at(self, variable: Variable, index: Index) -> Expr:
        """The source of one element; an axis of length one is always read at 0."""
        if isinstance(variable, Constant):
            return self._constant(variable, index)
        index = tuple(ZERO if d == 1 else i for d, i in zip(self.shape(variable), index, strict=True))
        return self.access[variable](index)

    def shape(self, variable: Variable) -> tuple[Dim, ...]:
        if isinstance(variable, Constant):
            return tuple(np.shape(variable.data))
        return self.dims[variable]

    def _constant(self, variable: Constant, index: Index) -> Expr:
        data = np.asarray(variable.data)
        if data.size == 1:
            return literal(data.reshape(-1)[0])
        if (data == data.flat[0]).all():
            return literal(data.flat[0])
        if data.size > 100_000:
            raise Unsupported(f"a constant of {data.size} numbers")
        if variable not in self.access:
            name = self.writer.name("constant")
            self.writer.scratch.append((name, (repr(data.tolist()),), f"constant {data.dtype}"))
            self.access[variable] = element(name)
            self.dims[variable] = data.shape
        return self.access[variable](index)

    # --- storing ---------------------------------------------------------------------------------------------------

    def define(self, out: Variable, dims: tuple[Dim, ...], access: Access, *, cheap: bool = True) -> None:
        """Give `out` its source: written again at each use when it is short and cheap, stored otherwise."""
        once = self.uses.get(out, 1) <= 1
        index = tuple(Expr(_AXIS[a % 2] + "0") for a in range(len(dims)))
        short = self.is_array(dims) and access(index).size <= _LONGEST_REPEATED
        if (cheap and (once or short)) or (self.inline and once):
            self.bind(out, dims, access)
        else:
            self.store(out, dims, access)

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
        if not (str(a).isidentifier() and str(b).isidentifier()):
            raise Unsupported(f"lengths {a} and {b} in one operation")
        self.equal.append((str(a), str(b)))

    @staticmethod
    def is_array(dims: tuple[Dim, ...]) -> bool:
        return any(d != 1 for d in dims)

    def store(self, out: Variable, dims: tuple[Dim, ...], access: Access) -> None:
        """Compute every element of `out` now, into a local variable or a scratch array."""
        self.reduce(out, dims, (), lambda index, _: access(index), None)

    def reduce(
        self,
        out: Variable,
        dims: tuple[Dim, ...],
        over: tuple[Dim, ...],
        term: Callable[[Index, Index], Expr],
        operation: "Reduction | None",
    ) -> None:
        """Store `out[index] = operation over r of term(index, r)`, with the longest axis as the innermost loop."""
        axes, index = self._axes(dims, "zk")
        folds, inner = self._axes(over, "rs")
        number = DTYPES[out.type.dtype]
        value = term(index, inner)
        if not axes:
            total = self._accumulate(folds, value, operation, number)
            self.bind(out, dims, lambda _: total)
            return
        axes.sort(key=lambda axis: length_for_layout(axis[1]))
        target = self._scratch(out, dims, index, axes)
        longest = max(map(length_for_layout, [d for _, d in folds]), default=0)
        if not folds or operation is None:
            self.writer.loops(axes, [(target, "=", value)])
        elif longest >= length_for_layout(axes[-1][1]):
            self._fold_innermost(axes, folds, target, value, operation, number)
        else:
            self.writer.loops(axes, [(target, "=", Expr(operation.start(number)))])
            update = value if operation.sign else Expr(operation.form, (target, value))
            self.writer.loops([*axes[:-1], *folds, axes[-1]], [(target, operation.sign or "=", update)])

    def _fold_innermost(
        self,
        axes: list[tuple[Expr, Dim]],
        folds: list[tuple[Expr, Dim]],
        target: Expr,
        value: Expr,
        operation: "Reduction",
        number: str,
    ) -> None:
        if axes:
            (variable, dim), *rest = axes
            with self.writer.block(f"for {variable} in range({dim}):"):
                self._fold_innermost(rest, folds, target, value, operation, number)
            return
        total = self._accumulate(folds, value, operation, number)
        self.writer.line(f"{target} = {total}")

    def _accumulate(
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

    def _axes(self, dims: tuple[Dim, ...], letters: str) -> tuple[list[tuple[Expr, Dim]], Index]:
        """Loop variables for the axes longer than one, and an index over all axes."""
        index, axes = [], []
        for axis, dim in enumerate(dims):
            last = axis == len(dims) - 1
            base = letters[1] if last else letters[0]
            variable = ZERO if dim == 1 else Expr(base if len(dims) <= 2 or last else f"{base}{axis}_")
            index.append(variable)
            if dim != 1:
                axes.append((variable, dim))
        return axes, tuple(index)

    def _scratch(self, out: Variable, dims: tuple[Dim, ...], index: Index, axes: list[tuple[Expr, Dim]]) -> Expr:
        """A scratch array for `out` whose last axis is the innermost loop's."""
        places = [index.index(variable) for variable, _ in axes]
        name = self.writer.array("t", tuple(dims[p] for p in places), out.type.dtype)
        load = element(name)
        access = lambda idx: load(tuple(idx[p] for p in places))
        self.bind(out, dims, access)
        self.stored.add(out)
        return access(index)


def element(name: str) -> Access:
    """Read an array by name."""
    return lambda index: Expr(f"{name}[{', '.join(['{}'] * len(index))}]", tuple(index))


def literal(value: Any) -> Expr:
    value = np.asarray(value)
    if value.dtype.kind == "b":
        return Expr(str(bool(value)))
    if value.dtype.kind in "iu":
        return Expr(str(int(value)))
    number = DTYPES[str(value.dtype)]
    if not np.isfinite(value):
        text = "NOT_A_NUMBER" if np.isnan(value) else ("INFINITY" if value > 0 else "-INFINITY")
        return Expr(f"{number}({text})")
    return Expr(f"{number}({value.item()!r})" if number == "f64" else f"{number}({np.float32(value)!s})")


class Reduction:
    """A fold: what it starts from and how a term joins it."""

    def __init__(self, first: str, sign: str = "", form: str = "") -> None:
        self.first, self.sign, self.form = first, sign, form

    def start(self, number: str) -> str:
        return f"{number}({self.first})"


REDUCTIONS = {
    "Add": Reduction("0", sign="+="),
    "Mul": Reduction("1", sign="*="),
    "Maximum": Reduction("-INFINITY", form="maximum({}, {})"),
    "Minimum": Reduction("INFINITY", form="minimum({}, {})"),
}


# --- one rule per operation ----------------------------------------------------------------------------------------


def _elemwise(emitter: Emitter, node: Apply) -> None:
    if len(node.outputs) > 1:
        raise Unsupported(str(node.op))
    operation, [out] = node.op.scalar_op, node.outputs
    write = _scalar_writer(operation)
    dims = emitter.broadcast([emitter.shape(x) for x in node.inputs])
    access = lambda index: write([emitter.at(x, index) for x in node.inputs])
    emitter.define(out, dims, access, cheap=_is_cheap(operation))


def _is_cheap(operation: Any) -> bool:
    if isinstance(operation, ps.Composite):
        return all(_is_cheap(node.op) for node in toposort(operation.fgraph.outputs))
    return type(operation).__name__ in CHEAP


def _scalar_writer(operation: Any) -> Callable[[Sequence[Expr]], Expr]:
    """How a scalar operation writes its arguments."""
    name = type(operation).__name__
    if isinstance(operation, ps.Composite):
        return partial(_composite, operation)
    if isinstance(operation, ps.Cast):
        number = DTYPES.get(operation.o_type.dtype)
        if number is None:
            raise Unsupported(str(operation))
        return lambda args: Expr(f"{number}({{}})", tuple(args))
    if name not in SCALAR:
        raise Unsupported(str(operation))
    form = SCALAR[name]
    if form == "*":
        return product
    if form == "+":
        return lambda args: Expr("(" + " + ".join(["{}"] * len(args)) + ")", tuple(args))
    if name == "Sub":
        return lambda args: _negative(args[1]) if str(args[0]) in _ZEROS else Expr(form, tuple(args))
    if name == "Neg":
        return lambda args: _negative(args[0])
    return lambda args: Expr(form, tuple(args))


def _composite(operation: Any, args: Sequence[Expr]) -> Expr:
    """Several scalar operations in one, such as the products that PyTensor makes of a whole power."""
    graph = operation.fgraph
    known = dict(zip(graph.inputs, args, strict=True))
    for node in toposort(graph.outputs):
        parts = [literal(x.data) if isinstance(x, Constant) else known[x] for x in node.inputs]
        known[node.outputs[0]] = _scalar_writer(node.op)(parts)
    return known[graph.outputs[0]]


def _negative(e: Expr) -> Expr:
    return e.args[0] if e.form == SCALAR["Neg"] else Expr(SCALAR["Neg"], (e,))


def _dimshuffle(emitter: Emitter, node: Apply) -> None:
    [x], [out], order = node.inputs, node.outputs, node.op.new_order
    shape = emitter.shape(x)
    dims = tuple(1 if axis == "x" else shape[axis] for axis in order)

    def access(index: Index) -> Expr:
        inner = [ZERO] * len(shape)
        for place, axis in enumerate(order):
            if axis != "x":
                inner[axis] = index[place]
        return emitter.at(x, tuple(inner))

    emitter.bind(out, dims, access)


def _dot(emitter: Emitter, node: Apply) -> None:
    a, b = node.inputs
    left, right = emitter.shape(a), emitter.shape(b)
    rows, columns = left[:-1], right[1:]
    emitter.equate(left[-1], right[0])

    def term(index: Index, inner: Index) -> Expr:
        return product(
            [
                emitter.at(a, (*index[: len(rows)], *inner)),
                emitter.at(b, (*inner, *index[len(rows) :])),
            ]
        )

    [out], dims = node.outputs, (*rows, *columns)
    if left[-1] == 1:
        emitter.define(out, dims, lambda index: term(index, (ZERO,)))
    else:
        emitter.reduce(out, dims, (left[-1],), term, REDUCTIONS["Add"])


def _blockwise(emitter: Emitter, node: Apply) -> None:
    if not isinstance(node.op.core_op, Dot):
        raise Unsupported(str(node.op))
    a, b = node.inputs
    left, right = emitter.shape(a), emitter.shape(b)
    batch = emitter.broadcast([left[:-2], right[:-2]])

    def term(index: Index, inner: Index) -> Expr:
        *outer, row, column = index
        return product([emitter.at(a, (*outer, row, *inner)), emitter.at(b, (*outer, *inner, column))])

    dims = (*batch, left[-2], right[-1])
    emitter.reduce(node.outputs[0], dims, (left[-1],), term, REDUCTIONS["Add"])


def _careduce(emitter: Emitter, node: Apply) -> None:
    [x], [out] = node.inputs, node.outputs
    operation = REDUCTIONS.get(type(node.op.scalar_op).__name__)
    if operation is None or out.type.dtype not in ("float32", "float64", "int64"):
        raise Unsupported(str(node.op))
    shape = emitter.shape(x)
    folded = tuple(range(len(shape))) if node.op.axis is None else tuple(node.op.axis)
    kept = [axis for axis in range(len(shape)) if axis not in folded]

    def term(index: Index, inner: Index) -> Expr:
        full = [ZERO] * len(shape)
        for place, axis in enumerate(kept):
            full[axis] = index[place]
        for place, axis in enumerate(folded):
            full[axis] = inner[place]
        return emitter.at(x, tuple(full))

    emitter.reduce(out, tuple(shape[a] for a in kept), tuple(shape[a] for a in folded), term, operation)


def _softmax(emitter: Emitter, node: Apply, *, log: bool) -> None:
    """softmax(x) = exp(x - max x) / sum(exp(x - max x)), along one axis or all."""
    [x], [out] = node.inputs, node.outputs
    if out.type.ndim != 1:
        raise Unsupported(str(node.op))
    [dim] = emitter.shape(x)
    number = DTYPES[out.type.dtype]
    r = Expr("r")
    top = emitter._accumulate([(r, dim)], emitter.at(x, (r,)), REDUCTIONS["Maximum"], number)
    shifted = lambda index: Expr("({} - {})", (emitter.at(x, index), top))
    power = lambda index: Expr("math.exp({})", (shifted(index),))
    total = emitter._accumulate([(r, dim)], power((r,)), REDUCTIONS["Add"], number)
    if log:
        total = emitter.writer.local(Expr("math.log({})", (total,)))
        emitter.store(out, (dim,), lambda index: Expr("({} - {})", (shifted(index), total)))
    else:
        emitter.store(out, (dim,), lambda index: Expr("({} / {})", (power(index), total)))


def _alloc(emitter: Emitter, node: Apply) -> None:
    value, *lengths = node.inputs
    dims = tuple(_length(emitter, length) for length in lengths)
    own = len(emitter.shape(value))
    emitter.bind(node.outputs[0], dims, lambda index: emitter.at(value, index[len(index) - own :]))


def _length(emitter: Emitter, variable: Variable) -> Dim:
    if isinstance(variable, Constant):
        return int(variable.data)
    text = str(emitter.at(variable, ()))
    return int(text) if text.isdigit() else text


def _shape_i(emitter: Emitter, node: Apply) -> None:
    length = Expr(str(emitter.shape(node.inputs[0])[node.op.i]))
    emitter.bind(node.outputs[0], (), lambda _: length)


def _same(emitter: Emitter, node: Apply) -> None:
    x = node.inputs[0]
    emitter.bind(node.outputs[0], emitter.shape(x), lambda index: emitter.at(x, index))


def _make_vector(emitter: Emitter, node: Apply) -> None:
    [out] = node.outputs
    if len(node.inputs) == 1:
        emitter.bind(out, (1,), lambda _: emitter.at(node.inputs[0], ()))
        return
    _fill(
        emitter,
        out,
        (len(node.inputs),),
        [((p,), (1,), lambda _, x=x: emitter.at(x, ())) for p, x in enumerate(node.inputs)],
    )


def _join(emitter: Emitter, node: Apply) -> None:
    place, parts = _axis_first(node)
    sections, start = [], 0  # type: list[Any], Dim
    for x in parts:
        shape = emitter.shape(x)
        place %= len(shape)
        offset = tuple(start if a == place else 0 for a in range(len(shape)))
        sections.append((offset, shape, partial(emitter.at, x)))
        start = _sum(start, shape[place])
    dims = tuple(start if a == place else d for a, d in enumerate(emitter.shape(parts[0])))
    _fill(emitter, node.outputs[0], dims, sections)


def _axis_first(node: Apply) -> tuple[int, list[Variable]]:
    """The axis of a join or split and its other inputs: an input itself in PyTensor 3.0, a property since 3.3."""
    if hasattr(node.op, "axis"):
        return int(node.op.axis), list(node.inputs)
    axis = node.inputs[0 if isinstance(node.op, Join) else 1]
    if not isinstance(axis, Constant):
        raise Unsupported(str(node.op))
    return int(axis.data), [x for x in node.inputs if x is not axis]


def _sum(a: Dim, b: Dim) -> Dim:
    if isinstance(a, int) and isinstance(b, int):
        return a + b
    return str(b) if a == 0 else f"({a} + {b})"


def _fill(emitter: Emitter, out: Variable, dims: tuple[Dim, ...], sections: Sequence[Any]) -> None:
    """Store `out` in sections: (offset along every axis, section's shape, source of its elements)."""
    axes, index = emitter._axes(dims, "zk")
    emitter._scratch(out, dims, index, axes)
    for offset, shape, access in sections:
        loops, inner = emitter._axes(shape, "zk")
        loops.sort(key=lambda axis: length_for_layout(axis[1]))
        place = tuple(_shift(i, o) for i, o in zip(inner, offset, strict=True))
        emitter.writer.loops(loops, [(emitter.access[out](place), "=", access(inner))])


def _shift(index: Expr, offset: Dim) -> Expr:
    if same(offset, 0):
        return index
    return Expr(str(offset)) if index == ZERO else Expr("({} + {})", (index, Expr(str(offset))))


def _split(emitter: Emitter, node: Apply) -> None:
    place, (x, sizes) = _axis_first(node)
    shape = emitter.shape(x)
    start: Dim = 0
    for out, size in zip(node.outputs, _lengths(emitter, node, sizes), strict=True):
        dims = tuple(size if a == place else d for a, d in enumerate(shape))

        def access(index: Index, start: Dim = start) -> Expr:
            return emitter.at(x, tuple(_shift(i, start) if a == place else i for a, i in enumerate(index)))

        emitter.bind(out, dims, access)
        start = _sum(start, size)


def _lengths(emitter: Emitter, node: Apply, sizes: Variable) -> list[Dim]:
    """The lengths of a split: constants, or a vector made of lengths of bags."""
    if isinstance(sizes, Constant):
        return np.asarray(sizes.data).tolist()
    if sizes.owner is None or not isinstance(sizes.owner.op, MakeVector):
        raise Unsupported(str(node.op))
    return [_length(emitter, size) for size in sizes.owner.inputs]


class Part:
    """A constant basic index: for each axis a fixed place, or a start, a step and a length."""

    def __init__(self, emitter: Emitter, node: Apply, flat: Sequence[Variable], shape: tuple[Dim, ...]) -> None:
        indices = indices_from_subtensor(flat, node.op.idx_list)
        indices = (*indices, *[slice(None)] * (len(shape) - len(indices)))
        self.axes = [_part(node, i, d) for i, d in zip(indices, shape, strict=True)]
        self.dims = tuple(length for place, length in self.axes if length is not None)

    def outer(self, index: Index) -> Index:
        """The index in the whole of an index in the part."""
        rest = iter(index)
        return tuple(place if length is None else place(next(rest)) for place, length in self.axes)


def _part(node: Apply, index: Any, dim: Dim) -> tuple[Any, Dim | None]:
    if not isinstance(index, slice):
        place = _whole(node, index)
        if not isinstance(dim, int) or not -dim <= place < dim:
            raise Unsupported(f"place {place} of a bag of length {dim}")
        return Expr(str(place % dim)), None
    start, stop, step = (None if e is None else _whole(node, e) for e in (index.start, index.stop, index.step))
    if isinstance(dim, int):
        picked = range(dim)[slice(start, stop, step)]
        return (lambda i: _shift(_scale(i, picked.step), picked.start)), len(picked)
    if (start, stop, step) in ((None, None, None), (0, None, None), (0, None, 1), (None, None, 1)):
        return (lambda i: i), dim
    raise Unsupported("a slice of a ragged bag")


def _scale(index: Expr, step: int) -> Expr:
    return index if step == 1 or index == ZERO else Expr(f"({{}} * {step})", (index,))


def _whole(node: Apply, index: Variable) -> int:
    while index.owner is not None and isinstance(index.owner.op, ScalarFromTensor | TensorFromScalar):
        index = index.owner.inputs[0]
    if not isinstance(index, Constant):
        raise Unsupported(f"{node.op} with an index that is not constant")
    return int(index.data)


def _subtensor(emitter: Emitter, node: Apply) -> None:
    x, *flat = node.inputs
    part = Part(emitter, node, flat, emitter.shape(x))
    emitter.bind(node.outputs[0], part.dims, lambda index: emitter.at(x, part.outer(index)))


def _inc_subtensor(emitter: Emitter, node: Apply) -> None:
    x, y, *flat = node.inputs
    [out], shape = node.outputs, emitter.shape(x)
    part = Part(emitter, node, flat, shape)
    if x in emitter.stored and emitter.uses.get(x, 0) == 1:
        emitter.bind(out, shape, emitter.access[x])  # nothing else reads x: change it where it is
        emitter.stored.add(out)
    else:
        emitter.store(out, shape, lambda index: emitter.at(x, index))
    axes, index = emitter._axes(part.dims, "zk")
    axes.sort(key=lambda axis: length_for_layout(axis[1]))
    own = len(emitter.shape(y))
    value = emitter.at(y, index[len(index) - own :])
    if Emitter.is_array(shape):
        target = emitter.access[out](part.outer(index))
        emitter.writer.loops(axes, [(target, "=" if node.op.set_instead_of_inc else "+=", value)])
    else:
        base = emitter.access[out](part.outer(index))
        result = value if node.op.set_instead_of_inc else Expr("({} + {})", (base, value))
        emitter.bind(out, shape, lambda _: result)


def _reshape(emitter: Emitter, node: Apply) -> None:
    x, [out] = node.inputs[0], node.outputs
    shape, dims = emitter.shape(x), out.type.shape
    if any(isinstance(d, str) for d in shape) or None in dims:
        raise Unsupported("reshaping a ragged bag")
    flat = emitter.writer.array("t", (int(np.prod([int(d) for d in shape])),), out.type.dtype)
    load = element(flat)
    axes, index = emitter._axes(shape, "zk")
    emitter.writer.loops(axes, [(load((_flat(index, shape),)), "=", emitter.at(x, index))])
    emitter.bind(out, dims, lambda idx: load((_flat(idx, dims),)))


def _flat(index: Index, shape: Sequence[Any]) -> Expr:
    terms, stride = [], 1
    for i, d in zip(reversed(index), reversed(list(shape)), strict=True):
        if i != ZERO:
            terms.append(_scale(i, stride))
        stride *= d
    terms = terms[::-1] or [ZERO]
    return terms[0] if len(terms) == 1 else Expr("(" + " + ".join(["{}"] * len(terms)) + ")", tuple(terms))


RULES: dict[type, Callable[[Emitter, Apply], None]] = {
    Elemwise: _elemwise,
    DimShuffle: _dimshuffle,
    Dot: _dot,
    Blockwise: _blockwise,
    CAReduce: _careduce,
    Softmax: partial(_softmax, log=False),
    LogSoftmax: partial(_softmax, log=True),
    Alloc: _alloc,
    Shape_i: _shape_i,
    SpecifyShape: _same,
    TensorFromScalar: _same,
    ScalarFromTensor: _same,
    MakeVector: _make_vector,
    Join: _join,
    Split: _split,
    Subtensor: _subtensor,
    IncSubtensor: _inc_subtensor,
    Reshape: _reshape,
}
