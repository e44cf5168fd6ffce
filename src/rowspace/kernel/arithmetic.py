"""Computes a length that is written as a text such as "n + 1", without running the text as Python."""

import ast
import operator
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np

_OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.USub: operator.neg,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {"max": np.maximum, "min": np.minimum}


def calculated(text: str, names: Mapping[str, Any]) -> Any:
    """The value of `text`, with numbers or arrays of them for its names. Raises ValueError for what is no arithmetic.

    >>> calculated("max(n - 2, 0) * 3", {"n": np.array([1, 4])}).tolist()
    [0, 6]
    """
    return _value(ast.parse(text, mode="eval").body, names)


def _value(node: ast.AST, names: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=int() as number):
            return number
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.BinOp(left, op, right) | ast.Compare(left, [op], [right]) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(left, names), _value(right, names))
        case ast.UnaryOp(op, operand) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(operand, names))
        case ast.Call(ast.Name(id=name), arguments, []) if name in _FUNCTIONS and arguments:
            return reduce(_FUNCTIONS[name], [_value(argument, names) for argument in arguments])
    raise ValueError(f"{ast.unparse(node)} is no arithmetic")
