"""Arrays made of places alone, diagonals, and what repeats."""

from pytensor.graph.basic import Apply, Constant

from rowspace.kernel.emit.emitter import Emitter, Unsupported
from rowspace.kernel.emit.expression import Dim, Expr, Index, same, shifted
from rowspace.kernel.emit.lengths import at_most, length_of, shortened
from rowspace.kernel.emit.typed import number_of


def arange(emitter: Emitter, node: Apply) -> None:
    """start, start + step, ..., for whole numbers made of lengths."""
    [out], step = node.outputs, node.inputs[2]
    if not isinstance(step, Constant) or int(step.data) != step.data or int(step.data) == 0:
        raise Unsupported(f"{node.op} with such a step")
    start, stop = (length_of(emitter, end) for end in node.inputs[:2])
    by, number = int(step.data), number_of(out.type.dtype)
    length = _steps(emitter, start, stop, by)

    def access(index: Index) -> Expr:
        place = index[0] if by == 1 else Expr(f"({{}} * {by})", (index[0],))
        whole = place if start == 0 else Expr("({} + {})", (place, Expr(str(start))))
        return whole if number == "i64" else Expr(f"{number}({{}})", (whole,))

    emitter.bind(out, (length,), access)
    if "int" in out.type.dtype and start == 0 and by == 1:
        emitter.below[out] = length


def _steps(emitter: Emitter, start: Dim, stop: Dim, step: int) -> Dim:
    """How many steps lead from start to before stop."""
    if isinstance(start, int) and isinstance(stop, int):
        return len(range(start, stop, step))
    if start == 0 and step == 1:
        return stop
    low, high, by = (start, stop, step) if step > 0 else (stop, start, -step)
    if step == -1 and low == -1 and isinstance(high, str) and high.endswith(" - 1)"):
        return high[1 : -len(" - 1)")]
    length = f"max(({high} - {low} + {by - 1}) // {by}, 0)"
    if isinstance(low, str):
        emitter.writer.bounds[length] = f"({high} + 1)"
    return length


def eye(emitter: Emitter, node: Apply) -> None:
    """1 on a diagonal, 0 elsewhere."""
    rows, columns, offset = (length_of(emitter, x) for x in node.inputs)
    number = number_of(node.outputs[0].type.dtype)

    def access(index: Index) -> Expr:
        row, column = index
        return Expr(f"{number}({{}} == {{}})", (shifted(row, offset), column))

    emitter.bind(node.outputs[0], (rows, columns), access)


def fill_diagonal(emitter: Emitter, node: Apply) -> None:
    """x with one number on its diagonal."""
    [x, value], [out] = node.inputs, node.outputs
    if x.type.ndim != 2:
        raise Unsupported(str(node.op))

    def access(index: Index) -> Expr:
        return Expr("({} if {} == {} else {})", (emitter.at(value, ()), *index, emitter.at(x, index)))

    emitter.store(out, emitter.shape(x), access)


def extract_diagonal(emitter: Emitter, node: Apply) -> None:
    """x[p, p + offset] for two of the axes of x; p is the last axis of what is given."""
    [x], [out], op = node.inputs, node.outputs, node.op
    shape, (first, second) = emitter.shape(x), (op.axis1, op.axis2)
    down, right = max(-op.offset, 0), max(op.offset, 0)
    length = _shorter(shortened(shape[first], down), shortened(shape[second], right))
    others = [axis for axis in range(len(shape)) if axis not in (first, second)]

    def access(index: Index) -> Expr:
        places = {axis: index[p] for p, axis in enumerate(others)}
        places |= {first: shifted(index[-1], down), second: shifted(index[-1], right)}
        return emitter.at(x, tuple(places[axis] for axis in range(len(shape))))

    emitter.bind(out, (*(shape[a] for a in others), length), access)


def _shorter(a: Dim, b: Dim) -> Dim:
    if same(a, b):
        return a
    return at_most(a, b) if isinstance(b, int) else at_most(b, a) if isinstance(a, int) else f"min({a}, {b})"


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
        return Expr(f"({{}} if {{}} == {{}} else {number}(0))", (emitter.at(x, (*rest, row)), row, column))

    dims = list(shape[:-1])
    for axis in axes:
        dims.insert(axis, shape[-1])
    emitter.bind(out, tuple(dims), access)
