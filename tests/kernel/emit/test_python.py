"""Expressions and statements as text: Python's, and C's as well, since only a printer knows how they are written."""

import ast
import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytensor.tensor as pt
import pytest

import rowspace
from rowspace.kernel.emit.dims import fixed
from rowspace.kernel.emit.expression import ZERO, Expr, Op, apply, constant, element, load, named, product, whole
from rowspace.kernel.emit.python import lines, text
from rowspace.kernel.emit.rules import emitter
from rowspace.kernel.emit.statements import Assign, For, If, Return
from rowspace.kernel.emit.writer import Writer

K, N = named("k"), named("n")


def test_an_expression_within_another_stands_in_parentheses():
    difference = apply(Op.SUB, load("a", K), load("b", K))
    assert text(difference, whole=True) == "a[k] - b[k]"
    assert text(apply("exp", product([difference, constant("2.0", "f32")]))) == "math.exp(((a[k] - b[k]) * f32(2.0)))"
    assert text(apply(Op.SELECT, apply(Op.LT, K, N), ZERO, difference)) == "(0 if (k < n) else (a[k] - b[k]))"
    assert text(fixed(apply(Op.SHORTENED, named("len_bag"), whole(2)))) == "max(len_bag - 2, 0)"


def test_statements_are_indented_by_what_they_stand_in():
    stop = If(apply(Op.NOT, apply("is_finite", named("x"))), [Return(N)])
    loop = For(K, 4, start=whole(1), body=[Assign(named("x"), load("a", K), "+="), stop])
    assert lines([loop], 1) == [
        "    for k in range(1, 4):",
        "        x += a[k]",
        "        if not is_finite(x):",
        "            return n",
    ]


def test_what_a_loop_does_not_change_is_reckoned_before_it():
    writer = Writer({"k", "n", "a", "rate", "score"})
    writer.loops([(K, 8)], [Assign(load("a", N, K), product([named("rate"), load("b", K), named("score")]), "-=")])
    assert lines(writer.body, 0) == ["h = rate * score", "for k in range(8):", "    a[n, k] -= h * b[k]"]


# --- another target ------------------------------------------------------------------------------------------------

_C = {Op.ADD: " + ", Op.MUL: " * ", Op.SUB: " - ", Op.DIV: " / "}


def c_text(e):
    match e.op:
        case Op.NAME | Op.CONST:
            return f"{e.name}f" if e.dtype == "f32" and "." in e.name else e.name
        case Op.LOAD:
            return f"{e.name}{''.join(f'[{c_text(a)}]' for a in e.args)}"
        case Op.CALL:
            return f"{e.name}f({', '.join(map(c_text, e.args))})"
        case Op.CAST:
            return f"({e.dtype})({c_text(e.args[0])})"
    return f"({_C[e.op].join(map(c_text, e.args))})"


def c_lines(statements, known):
    out = []
    for s in statements:
        match s:
            case For(variable=variable, stop=stop, body=body):
                k = c_text(variable)
                out += [f"for (int {k} = 0; {k} < {stop}; {k}++) {{", *("    " + line for line in c_lines(body, known))]
                out.append("}")
            case Assign(target=target, value=value, sign=sign):
                new = target.op is Op.NAME and target not in known
                known.add(target)
                out.append(f"{'float ' if new else ''}{c_text(target)} {sign} {c_text(value)};")
    return out


def test_another_printer_makes_another_language_of_the_same_statements(tmp_path):
    a, b, label = pt.vector("a", dtype="float32", shape=(4,)), pt.vector("b", dtype="float32", shape=(4,)), pt.fscalar()
    cost = pt.exp(label - a @ b)
    writer = Writer({"E", "i", "j", "label", *"krsz"})
    emit = emitter(writer)
    for symbol, row in ((a, "i"), (b, "j")):
        emit.bind(symbol, (4,), lambda index, row=row: element("E")((named(row), *index)))
    emit.bind(label, (), lambda _: named("label"))
    emit.count([cost])
    emit.emit([cost])
    writer.assign(named("cost"), emit.at(cost, ()))
    body = c_lines(writer.body, set())
    assert body == [
        "float x = 0;",
        "for (int s = 0; s < 4; s++) {",
        "    x += (E[i][s] * E[j][s]);",
        "}",
        "float x1 = expf((label - x));",
        "float cost = x1;",
    ]
    if shutil.which("gcc"):
        E = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)
        assert compiled_by_c(body, tmp_path)(E.ctypes.data, 0, 2, 0.5) == pytest.approx(np.exp(0.5 - E[0] @ E[2]))


def compiled_by_c(body, folder):
    """The cost of two rows as a function of a library that a C compiler makes."""
    head = "#include <math.h>\nfloat f(float (*E)[4], int i, int j, float label) {"
    (folder / "cost.c").write_text("\n".join([head, *body, "return cost; }"]))
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", folder / "cost.so", folder / "cost.c", "-lm"], check=True)
    function = ctypes.CDLL(str(folder / "cost.so")).f
    function.argtypes, function.restype = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_float], ctypes.c_float
    return function


# --- rules know no text --------------------------------------------------------------------------------------------

SOURCE = Path(rowspace.__file__).parent / "kernel"
PRINTERS = {"python.py", "functions.py"}
WRITERS = [SOURCE / name for name in ("example_loop.py", "loop_columns.py", "update_phase.py", "row_loop.py")]
RULES = [path for path in sorted((SOURCE / "emit").glob("*.py")) if path.name not in PRINTERS] + WRITERS
SIGNS = set("([+-*/%<>=&|")


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_rules_build_operations_and_no_text(path):
    """Names may be made of parts; a text that is filled in and has signs in it is a piece of source."""
    tree = ast.parse(path.read_text())
    said = {id(part) for node in ast.walk(tree) if isinstance(node, ast.Raise) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and id(node) not in said:
            assert not SIGNS & set("".join(v.value for v in node.values if isinstance(v, ast.Constant))), node.lineno
        if isinstance(node, ast.Import):
            assert node.names[0].name != "re", node.lineno
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("format", "strip"), node.lineno


def test_an_expression_says_its_operation():
    assert Expr(Op.ADD, (K, N)).operation is Op.ADD
    assert apply("exp", K).operation == "exp"
