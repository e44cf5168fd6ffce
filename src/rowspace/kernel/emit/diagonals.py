"""Arrays made of places alone, diagonals, and what repeats."""

from pytensor.graph.basic import Apply, Constant

from rowspace.kernel.emit.dims import fixed, length, shifted
from rowspace.kernel.emit.emitter import Emitter
from rowspace.kernel.emit.expression import Dim, Expr, Index, Op, apply, cast, constant, whole
from rowspace.kernel.emit.lengths import at_most, length_of, shortened
from rowspace.kernel.emit.scalars import Unsupported
from rowspace.kernel.emit.typed import number_of


def arange(emitter: Emitter, node: Apply) -> None:
    """start, start + step, ..., for whole numbers made of lengths."""
    [out], step = node.outputs, node.inputs[2]
    if not isinstance(step, Constant) or int(step.data) != step.data or int(step.data) == 0:
        raise Unsupported(f"{node.op} with such a step")
    start, stop = (length_of(emitter, end) for end in node.inputs[:2])
    by, number = int(step.data), number_of(out.type.dtype)
    steps = _steps(emitter, start, stop, by)

    def access(index: Index) -> Expr:
        place = index[0] if by == 1 else Expr(Op.STRIDE, index[:1], length=by)
        value = place if start == 0 else apply(Op.ADD, place, fixed(start))
        return value if number == "i64" else cast(value, number)

    emitter.bind(out, (steps,), access)
    if "int" in out.type.dtype and start == 0 and by == 1:
        emitter.below[out] = steps


def _steps(emitter: Emitter, start: Dim, stop: Dim, step: int) -> Dim:
    if isinstance(start, int) and isinstance(stop, int):
        return len(range(start, stop, step))
    if start == 0 and step == 1:
        return stop
    low, high, by = (start, stop, step) if step > 0 else (stop, start, -step)
    if step == -1 and low == -1 and isinstance(high, Expr) and high.op is Op.SUB and high.args[1] == whole(1):
        return high.args[0]
    steps = length(Op.STEPS, high, low, by - 1, by)
    if isinstance(low, Expr):
        emitter.writer.bounds[steps] = length(Op.ADD, high, 1)
    return steps


def eye(emitter: Emitter, node: Apply) -> None:
    """1 on a diagonal, 0 elsewhere."""
    rows, columns, offset = (length_of(emitter, x) for x in node.inputs)
    number = number_of(node.outputs[0].type.dtype)

    def access(index: Index) -> Expr:
        row, column = index
        return Expr(Op.IS_SAME, (shifted(row, offset), column), dtype=number)

    emitter.bind(node.outputs[0], (rows, columns), access)


def fill_diagonal(emitter: Emitter, node: Apply) -> None:
    """x with one number on its diagonal."""
    [x, value], [out] = node.inputs, node.outputs
    if x.type.ndim != 2:
        raise Unsupported(str(node.op))

    def access(index: Index) -> Expr:
        return apply(Op.SELECT_SAME, emitter.at(value, ()), *index, emitter.at(x, index))

    emitter.store(out, emitter.shape(x), access)


def extract_diagonal(emitter: Emitter, node: Apply) -> None:
    """x[p, p + offset] for two of the axes of x; p is the last axis of what is given."""
    [x], [out], op = node.inputs, node.outputs, node.op
    shape, (first, second) = emitter.shape(x), (op.axis1, op.axis2)
    down, right = max(-op.offset, 0), max(op.offset, 0)
    on_it = _shorter(shortened(shape[first], down), shortened(shape[second], right))
    others = [axis for axis in range(len(shape)) if axis not in (first, second)]

    def access(index: Index) -> Expr:
        places = {axis: index[p] for p, axis in enumerate(others)}
        places |= {first: shifted(index[-1], down), second: shifted(index[-1], right)}
        return emitter.at(x, tuple(places[axis] for axis in range(len(shape))))

    emitter.bind(out, (*(shape[a] for a in others), on_it), access)


def _shorter(a: Dim, b: Dim) -> Dim:
    if a == b:
        return a
    return at_most(a, b) if isinstance(b, int) else at_most(b, a) if isinstance(a, int) else length("min", a, b)


def place_on_diagonal(emitter: Emitter, node: Apply) -> None:
    """An array with x on the diagonal of two new axes, 0 elsewhere."""
    [x], [out], op = node.inputs, node.outputs, node.op
    if op.offset:
        raise Unsupported(str(op))
    shape, number = emitter.shape(x), number_of(out.type.dtype)
    axes = sorted((op.axis1, op.axis2))

    def access(index: Index) -> Expr:
        row, column = (index[axis] for axis in axes)
        rest = tuple(i for axis, i in enumerate(index) if axis not in axes)
        return apply(Op.SELECT_SAME, emitter.at(x, (*rest, row)), row, column, constant("0", number))

    dims = list(shape[:-1])
    for axis in axes:
        dims.insert(axis, shape[-1])
    emitter.bind(out, tuple(dims), access)
