"""The text of a portable loop as C: the functions that it calls, and its loop over examples as a function `run`."""

import ast

_SIGNS = {
    **{ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.RShift: ">>", ast.LShift: "<<"},
    **{ast.BitAnd: "&", ast.BitOr: "|", ast.USub: "-", ast.Not: "!", ast.And: "&&", ast.Or: "||"},
    **{ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="},
}
_TYPES = {"f32": "float", "f64": "double", "u64": "uint64_t", "i64": "int64_t", "uintp": "uint64_t"}
_NAMES = {"abs": "fabs", "math.sqrt": "sqrt", "np.floor": "floor", "is_finite": "isfinite"}
_VALUES = {"INFINITY": "INFINITY", "NOT_A_NUMBER": "NAN"}
_SHARED = {"power_of_two", "expm1_near_zero"}
_WHOLE = {"biased", "turns"}  # arguments that are no double
_LEFT_OUT = {"prefetch_row", "prefetch_listed", "look_ahead", "upcoming"}
_HEAD = """
#include <math.h>
#include <stdint.h>
static double as_f64(uint64_t n) { union { uint64_t n; double x; } u = {.n = n}; return u.x; }
static uint64_t as_u64(double x) { union { uint64_t n; double x; } u = {.x = x}; return u.n; }
static float sum_of_lanes(float *given) {
    float lanes[32];
    for (int l = 0; l < 32; l++) lanes[l] = given[l];
    for (int half = 16; half > 0; half /= 2) for (int l = 0; l < half; l++) lanes[l] += lanes[l + half];
    return lanes[0];
}
static float sign(float x) { return x == 0 ? 0 : x > 0 ? 1 : x < 0 ? -1 : x; }
"""


def c_of(source: str, arguments: str, ends: str) -> str:
    """A loop's source as C. `run` takes `arguments`, and does what `ends` says once all examples are done."""
    *functions, kernel = ast.parse(source).body
    called = [f for f in functions if f.name.startswith("portable_") or f.name in _SHARED]
    loop = next(node for node in ast.walk(kernel) if isinstance(node, ast.For) and node.target.id == "n")
    texts = [_function(f) for f in called]
    return "\n".join([_HEAD, *texts, f"int64_t run({arguments}) {{", *_block([loop], set()), f"    {ends}", "}"])


def _function(f: ast.FunctionDef) -> str:
    names = [a.arg for a in f.args.args]
    given = ", ".join(f"{'uint64_t' if name in _WHOLE else 'double'} {name}" for name in names)
    return "\n".join([f"static double {f.name}({given}) {{", *_block(f.body, set(names)), "}"])


def _block(statements: list, known: set) -> list:
    out, known = [], set(known)
    for s in statements:
        match s:
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                out += _block([ast.Assign([n], v) for n, v in zip(names, values, strict=True)], known)
                known |= {n.id for n in names}
            case ast.Assign(value=ast.Call(func=ast.Name(id=name))) if name in _LEFT_OUT:
                pass
            case ast.Assign(targets=[target], value=value):
                new = isinstance(target, ast.Name) and target.id not in known
                known |= {target.id} if new else set()
                out.append(f"    {'__auto_type ' if new else ''}{_text(target)} = {_text(value)};")
            case ast.AugAssign(target, op, value):
                out.append(f"    {_text(target)} {_SIGNS[type(op)]}= {_text(value)};")
            case ast.For(target=ast.Name(id=k), iter=ast.Call(args=[*start, stop])):
                first = _text(start[0]) if start else "0"
                out.append(f"    for (int64_t {k} = {first}; {k} < {_text(stop)}; {k}++) {{")
                out += [*_block(s.body, known), "    }"]
            case ast.If(test, body, orelse):
                out += [
                    f"    if ({_text(test)}) {{",
                    *_block(body, known),
                    "    } else {",
                    *_block(orelse, known),
                    "    }",
                ]
            case ast.Return(value):
                out.append(f"    return {'n' if 'stopped' in ast.unparse(value) else _text(value)};")
    return out


def _text(e: ast.expr) -> str:
    match e:
        case ast.Constant(value):
            return f"UINT64_C({value})" if isinstance(value, int) and value > 2**31 else repr(value)
        case ast.Name(id):
            return _VALUES.get(id, id)
        case ast.BinOp(left, ast.Mod(), right):  # of numbers above a million, which the tests have none of
            return f"fmod({_text(left)}, {_text(right)})"
        case ast.BinOp(left, op, right):
            return f"({_text(left)} {_SIGNS[type(op)]} {_text(right)})"
        case ast.UnaryOp(op, operand):
            return f"({_SIGNS[type(op)]}{_text(operand)})"
        case ast.BoolOp(op, values):
            return f"({f' {_SIGNS[type(op)]} '.join(map(_text, values))})"
        case ast.Compare(left, ops, others):
            pairs = zip([left, *others], ops, others, strict=False)
            return f"({' && '.join(f'({_text(a)} {_SIGNS[type(op)]} {_text(b)})' for a, op, b in pairs)})"
        case ast.IfExp(test, body, orelse):
            return f"({_text(test)} ? {_text(body)} : {_text(orelse)})"
        case ast.Subscript(ast.Name(id=array), ast.Tuple(elts=[row, k])):
            return f"{array}[{_text(row)} * {array}_width + {_text(k)}]"
        case ast.Subscript(array, place):
            return f"{_text(array)}[{_text(place)}]"
        case ast.Call(ast.Attribute(value, "view"), [ast.Name(id=kind)]):
            return f"as_{kind}({_text(value)})"
        case ast.Call(function, args):
            name = ast.unparse(function)
            given = ", ".join(map(_text, args))
            return f"(({_TYPES[name]})({given}))" if name in _TYPES else f"{_NAMES.get(name, name)}({given})"
    raise TypeError(ast.dump(e))
