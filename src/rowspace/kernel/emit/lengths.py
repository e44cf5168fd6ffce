"""Lengths and places in bags of any length, as source: what a cost asks of them is checked before its loop runs."""

import re
from typing import Any

from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.scalar import basic as ps
from pytensor.tensor.basic import ScalarFromTensor, TensorFromScalar
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.shape import Shape_i

from rowspace.kernel.emit.arithmetic import calculated
from rowspace.kernel.emit.emitter import Emitter, Unsupported
from rowspace.kernel.emit.expression import Dim, same

_SHORTENED = re.compile(r"max\((\w+) - (\d+), 0\)")
_AT_MOST = re.compile(r"min\((\d+), (.*)\)")
_FORMS = {
    "Add": "({} + {})",
    "Sub": "({} - {})",
    "Mul": "({} * {})",
    "IntDiv": "({} // {})",
    "Maximum": "max({}, {})",
    "Minimum": "min({}, {})",
}
_COMPARED = {"LT": "<", "LE": "<=", "GT": ">", "GE": ">=", "EQ": "==", "NEQ": "!="}
_SAME = (ScalarFromTensor, TensorFromScalar, DimShuffle)


def length_of(emitter: Emitter, variable: Variable) -> Dim:
    """A whole number made of constants and lengths; raises Unsupported for one that is made of anything else."""
    if isinstance(variable, Constant):
        return int(variable.data)
    node = variable.owner
    if node is None:
        raise Unsupported(f"a length or place that depends on {variable}")
    if isinstance(node.op, Shape_i):
        return emitter.shape(node.inputs[0])[node.op.i]
    if isinstance(node.op, _SAME) or _is(node.op, ps.Cast, ps.Identity):
        return length_of(emitter, node.inputs[0])
    name = _name(node.op)
    if name == "Switch":
        return _chosen(emitter, node)
    if name not in _FORMS:
        raise Unsupported(f"a length or place made by {node.op}")
    return _combined(emitter, _FORMS[name], [length_of(emitter, x) for x in node.inputs])


def _name(op: Any) -> str:
    return type(getattr(op, "scalar_op", op)).__name__


def _chosen(emitter: Emitter, node: Apply) -> Dim:
    """One of two lengths: often the shorter or the longer of them."""
    condition, x, y = node.inputs
    test = condition.owner
    if test is None or _name(test.op) not in _COMPARED:
        raise Unsupported(f"a length or place made by {node.op}")
    sign = _COMPARED[_name(test.op)]
    a, b, x, y = (length_of(emitter, v) for v in (*test.inputs, x, y))
    if sign[0] in "<>" and {str(a), str(b)} == {str(x), str(y)}:
        form = _FORMS["Minimum" if (sign[0] == "<") == same(a, x) else "Maximum"]
        return _combined(emitter, form, [x, y])
    text = f"({x} * ({a} {sign} {b}) + {y} * (1 - ({a} {sign} {b})))"
    emitter.writer.bounds[text] = f"max({x}, {y})"
    return text


def _is(op: Any, *kinds: type) -> bool:
    return isinstance(op, kinds) or (isinstance(op, Elemwise) and isinstance(op.scalar_op, kinds))


def _combined(emitter: Emitter, form: str, parts: list[Dim]) -> Dim:
    total = parts[0]
    for part in parts[1:]:
        both, text = total, form.format(total, part)
        if isinstance(both, int) and isinstance(part, int):
            total = int(calculated(text, {}))
            continue
        total = text
        if form == _FORMS["Sub"] and not isinstance(part, int):
            left_out = _AT_MOST.fullmatch(part)
            if left_out and same(both, left_out[2]):
                total = shortened(both, int(left_out[1]))
            else:
                emitter.writer.bounds[text] = both  # the longest is not that of the longest bags
    return total


def shortened(dim: Dim, by: int) -> Dim:
    """A length without so many at one end."""
    if isinstance(dim, int):
        return max(dim - by, 0)
    if by == 0:
        return dim
    known = _SHORTENED.fullmatch(dim)
    base, before = (known[1], int(known[2])) if known else (dim, 0)
    return f"max({base} - {before + by}, 0)"


def at_most(dim: Dim, most: int) -> Dim:
    """The shorter of two lengths."""
    return min(dim, most) if isinstance(dim, int) else f"min({dim}, {most})"


def sliced(emitter: Emitter, dim: Dim, start: Dim | None, stop: Dim | None, step: int) -> tuple[Dim, Dim]:
    """Where a slice of so many begins, and how long it is: Python's rules, for ends that may be lengths."""
    if all(isinstance(end, int | None) for end in (dim, start, stop)):
        picked = range(dim)[slice(start, stop, step)]  # type: ignore[arg-type]
        return picked.start, len(picked)
    first, length = _forward(dim, start, stop) if step > 0 else _backward(dim, start, stop)
    if abs(step) > 1:
        length = f"(({length} + {abs(step) - 1}) // {abs(step)})"
    if length != dim:
        emitter.writer.bounds[str(length)] = dim
    return first, length


def _forward(dim: Dim, start: Dim | None, stop: Dim | None) -> tuple[Dim, Dim]:
    start = 0 if start is None else start
    if isinstance(start, int) and start >= 0 and isinstance(stop, int | None):
        if stop is None or stop < 0:
            return start, shortened(dim, start - (stop or 0))
        return start, shortened(at_most(dim, stop), start)
    if isinstance(start, int) and stop is None:
        return shortened(dim, -start), at_most(dim, -start)
    first = _end(start, dim)
    return first, f"max({dim if stop is None else _end(stop, dim)} - {first}, 0)"


def _end(end: Dim, dim: Dim) -> Dim:
    if isinstance(end, int):
        return at_most(dim, end) if end >= 0 else shortened(dim, -end)
    return f"max(min({end} + {dim} * ({end} < 0), {dim}), 0)"


def _backward(dim: Dim, start: Dim | None, stop: Dim | None) -> tuple[Dim, Dim]:
    first = f"({dim} - 1)" if start is None else _end_backward(start, dim)
    if stop is None:
        return first, dim if start is None else f"({first} + 1)"
    return first, f"max({first} - {_end_backward(stop, dim)}, 0)"


def _end_backward(end: Dim, dim: Dim) -> str:
    return f"max(min({end} + {dim} * ({end} < 0), {dim} - 1), -1)"
