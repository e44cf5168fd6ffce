"""Prints expressions and statements as Python source, and the loops over segments, examples and rows around them.

Numba compiles it, and Python itself can run it. No other file here makes text.

Another target has a printer of its own: the same operations in other words, around another loop.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rowspace.kernel.emit.expression import Dim, Op
from rowspace.kernel.emit.functions import used_functions
from rowspace.kernel.emit.scalars import MATH, ROUNDINGS
from rowspace.kernel.emit.statements import Assign, Break, Continue, For, If, Return, Run, Statement, While
from rowspace.kernel.emit.writer import Writer

# Operations of any number of arguments, and what stands between these.
_BETWEEN = {Op.ADD: " + ", Op.MUL: " * ", Op.BIT_AND: " & ", Op.BIT_OR: " | "}

# Operations that stand in parentheses inside another.
_ENCLOSED = {
    Op.SUB: "{} - {}",
    Op.DIV: "{} / {}",
    Op.INT_DIV: "{} // {}",
    Op.MOD: "{} % {}",
    Op.POW: "{} ** {}",
    Op.NEG: "-{}",
    Op.RECIPROCAL: "f32(1.0) / {}",
    Op.BIT_XOR: "{} ^ {}",
    Op.INVERT: "~{}",
    Op.NO_REST: "False & {} & {}",
    Op.LT: "{} < {}",
    Op.GT: "{} > {}",
    Op.LE: "{} <= {}",
    Op.GE: "{} >= {}",
    Op.EQ: "{} == {}",
    Op.NE: "{} != {}",
    Op.NOT: "not {}",
    Op.ALL: "{} and {}",
    Op.ANY: "{} or {}",
    Op.SELECT: "{1} if {0} else {2}",
    Op.SELECT_SAME: "{} if {} == {} else {}",
    Op.EXCEEDS: "{0} > {1} or ({0} != {0} and {1} == {1})",
    Op.IS_MULTIPLE: "{} & {} == 0",
    Op.STRIDE: "{} * {length}",
    Op.FLAT: "{} * {length} + {}",
    Op.EVEN: "{0} - {0} % 2",
    Op.FROM_END: "{0} + {1} * ({0} < 0)",
    Op.CHOSEN: "{1} * {0} + {2} * (1 - {0})",
}

# Operations that need none.
_OPEN = {
    Op.IS_SAME: "{dtype}({} == {})",
    Op.NEXT: "{} + 1",
    Op.MINUS: "{} - {}",
    Op.TIMES: "{} * {}",
    Op.DIFFERS: "{} != {}",
    Op.BOTH: "{} and {}",
    Op.EITHER: "({} or {})",
    Op.SHORTENED: "max({} - {}, 0)",
    Op.CLAMPED: "max(min({0} + {1} * ({0} < 0), {1}), 0)",
    Op.CLAMPED_BACK: "max(min({0} + {1} * ({0} < 0), {1} - 1), -1)",
    Op.STEPS: "max(({} - {} + {}) // {}, 0)",
}


def text(e: Dim, *, whole: bool = False) -> str:
    """An expression as source; a `whole` right-hand side needs no parentheses."""
    if isinstance(e, int):
        return str(e)
    match e.op:
        case Op.NAME:
            return e.name
        case Op.CONST:
            return f"{e.dtype}({e.name})" if e.dtype else e.name
        case Op.FIXED:
            return text(e.length)
        case Op.SAME | Op.SECOND:
            return text(e.args[-1], whole=whole)
    args = [text(a) for a in e.args]
    match e.op:
        case Op.LOAD:
            return f"{e.name}[{', '.join(args)}]"
        case Op.CALL:
            return f"{_function(e.name)}({', '.join(args)})"
        case Op.CAST:
            return f"{e.dtype}({args[0]})"
        case Op.PLUS:
            return " + ".join(args)
    if e.op in _OPEN:
        return _OPEN[e.op].format(*args, dtype=e.dtype)
    inner = _BETWEEN[e.op].join(args) if e.op in _BETWEEN else _ENCLOSED[e.op].format(*args, length=text(e.length))
    return inner if whole else f"({inner})"


def _function(name: str) -> str:
    return f"math.{name}" if name in MATH else f"np.{name}" if name in ROUNDINGS else name


def lines(statements: Sequence[Statement], indent: int) -> list[str]:
    """Statements as lines, so many steps to the right."""
    out: list[str] = []
    for statement in statements:
        out.append("    " * indent + _line(statement))
        if isinstance(statement, For | While | If):
            out += lines(statement.body, indent + 1)
    return out


def _line(statement: Statement) -> str:
    match statement:
        case Assign(target, value, sign, enclosed):
            return f"{text(target)} {sign} {text(value, whole=not enclosed)}"
        case Run(call):
            return text(call)
        case For(variable):
            return f"for {text(variable)} in range({_range(statement)}):"
        case While(condition):
            return f"while {text(condition, whole=True)}:"
        case If(condition):
            return f"if {text(condition, whole=True)}:"
        case Return(value):
            return f"return {text(value)}"
        case Continue():
            return "continue"
        case Break():
            return "break"
    raise TypeError(f"{statement} is no statement")


def _range(loop: For) -> str:
    start = [] if loop.start is None else [text(loop.start)]
    return ", ".join([*start, text(loop.stop), *([str(loop.step)] if loop.step != 1 else [])])


def dtype(name: str) -> str:
    """A type of NumPy; `np.bool` is not in every version of it."""
    return "np.bool_" if name == "bool" else f"np.{name}"


def scratch_lines(writer: Writer, most: Callable[[Dim], Dim] = lambda dim: dim) -> list[str]:
    """The lines that make a writer's scratch arrays; `most` gives the greatest that a length can be."""
    return [
        f"{name} = np.empty(({', '.join(text(most(d)) for d in dims)},), {dtype(kind)})"
        for name, dims, kind in writer.scratch
    ]


def with_what_it_uses(body: str, constants: Mapping[str, np.ndarray]) -> str:
    """A function with what has to stand before it: its arrays of constants, and the functions that it calls.

    Inside the function Numba would take its time over the constants.
    """
    return "".join(_constant(name, data) for name, data in constants.items()) + used_functions(body) + body


def _constant(name: str, data: np.ndarray) -> str:
    numbers = re.sub(r"\binf\b", "INFINITY", re.sub(r"\bnan\b", "NOT_A_NUMBER", repr(data.tolist())))
    return f"{name} = np.array({numbers}, {dtype(str(data.dtype))})\n"


# --- the loops around a body ---------------------------------------------------------------------------------------


@dataclass
class Unpack:
    """A tuple that a loop is given, and what its parts are called."""

    names: Sequence[str]
    of: str


_EXAMPLES = (
    "def kernel(tables, states, columns, segments, rates, out, costs, progress, begin, end, origin, first, mask, "
    "seed, clock, since, paces):"
)


def examples_loop(
    head: Sequence[Unpack | Statement], each: Sequence[Statement], writer: Writer, most: Callable[[Dim], Dim]
) -> str:
    """The loop over the segments of a plan and over the examples of each.

    `head` is done once, before, and `each` at the head of every segment; the writer has the body, for example n;
    `most` gives the greatest that a length can be, for arrays made once.
    """
    body = [
        _EXAMPLES,
        *_head(head),
        *("    " + line for line in scratch_lines(writer, most)),
        "    kept = len(costs) > 0",
        "    segment = begin if begin >= 0 else take(progress, 0)",
        "    before = i64(0)",  # not 0, of which Numba would compile the functions that take it once more
        "    while segment < end:",
        "        before = waited(progress, segments, segment, before)",
        "        if before < 0:",
        "            return segment",
        "        lo, hi = segments[segment, 3], segments[segment, 4]",
        *lines(each, 2),
        "        total = 0.0",
        "        counted = i64(0)",
        "        for n in range(lo, hi):",
        *lines(writer.body, 3),
        "        segment = finished(progress, segments, out, segment, total, counted, end)",
        "    return segment",
    ]
    return with_what_it_uses("\n".join(body) + "\n", writer.constants)


def notes_loop(
    head: Sequence[Unpack | Statement], each: Sequence[Statement], writer: Writer, most: Callable[[Dim], Dim]
) -> str:
    """The loop that notes of every segment which one before it has to be done; arguments as `examples_loop`."""
    body = [
        _EXAMPLES,
        *_head(head),
        *("    " + line for line in scratch_lines(writer, most)),
        "    for segment in range(begin, end):",
        "        lo, hi = segments[segment, 3], segments[segment, 4]",
        *lines(each, 2),
        "        need = 0",
        "        for n in range(lo, hi):",
        *lines(writer.body, 3),
        "        segments[segment, 1] = need",
        "    return end",
    ]
    return with_what_it_uses("\n".join(body) + "\n", writer.constants)


def rows_loop(head: Sequence[Unpack], writer: Writer) -> str:
    """The loop over rows of a table; the writer has the body, for row `row`, the u-th."""
    body = [
        "def kernel(table, states, rows, gradients, order, starts, rate, now, begin, end, since, paces):",
        *_head(head),
        *("    " + line for line in scratch_lines(writer)),
        "    for u in range(begin, end):",
        "            row = uintp(rows[u])",
        *lines(writer.body, 3),
        "    return end",
    ]
    return with_what_it_uses("\n".join(body) + "\n", writer.constants)


def _head(head: Sequence[Unpack | Statement]) -> list[str]:
    out: list[str] = []
    for line in head:
        if isinstance(line, Unpack):
            out.append(f"    ({', '.join(line.names)},) = {line.of}" if line.names else f"    () = {line.of}")
        else:
            out += lines([line], 1)
    return out
