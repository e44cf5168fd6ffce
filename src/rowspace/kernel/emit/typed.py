"""The types that operations of one element reckon in: PyTensor's, where Numba's or Python's own would be others.

Numba makes 64 bits of every whole number and float64 of a float32 that meets one; Python's own True + True is 2.
PyTensor casts what an operation takes to the type of its result, and what it gives as well.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rowspace.kernel.emit.expression import Expr, Operation, apply, cast, constant
from rowspace.kernel.emit.portable import PORTABLE, portable
from rowspace.kernel.emit.scalars import BOOLEAN, COMPARISONS, DTYPES, SCALAR, Unsupported

_AS_THEY_ARE = {"Cast", "Identity", "IsNan", "IsInf"}
_CHOOSE = {"Switch", "Second", "Maximum", "Minimum", "Clip", "Identity"}  # give one of what they take
_FLOATS = ("float32", "float64")
_IN_FLOAT64 = {"round_away", "digamma", "trigamma", "erfinv", "erfcinv", "erfcx"}  # functions that reckon in float64


def number_of(dtype: str) -> str:
    """Our name of a type; raises Unsupported for complex numbers and halves."""
    if dtype not in DTYPES:
        raise Unsupported(f"numbers of type {dtype}")
    return DTYPES[dtype]


def operands(name: str, taken: Sequence[str], given: str) -> list[str]:
    """What an operation called `name` casts its operands, of the types `taken`, to; `given` is its result's type."""
    if name in _AS_THEY_ARE:
        return list(taken)
    if name in COMPARISONS:
        whole = all(t not in _FLOATS for t in taken)
        return list(taken) if whole else [str(np.result_type(*map(np.dtype, taken)))] * len(taken)
    if name in ("Switch", "Second"):
        return [taken[0], *[given] * (len(taken) - 1)]
    return [given] * len(taken)


def operation_of(name: str, given: str, *, everywhere: bool = False) -> Operation:
    """Our operation for one of PyTensor's whose result is of the type `given`; one that is the same `everywhere`."""
    if name not in SCALAR or (name in ("AND", "OR", "XOR", "Invert") and given in _FLOATS):
        raise Unsupported(name)
    if given == "bool" and name in BOOLEAN:
        return BOOLEAN[name]
    if name == "Pow" and given not in _FLOATS:
        return "whole_power"
    return portable(SCALAR[name]) if everywhere else SCALAR[name]


def finished(name: str, value: Expr, given: str) -> Expr:
    """The value of an operation, cast to its type where it would be of another."""
    own = SCALAR[name] in _IN_FLOAT64 or value.operation in PORTABLE
    if name in _CHOOSE or given == "bool" or (given in _FLOATS and name != "Sign" and not own):
        return value
    if (given == "int64" and name not in ("Sign", "Pow")) or (given == "float32" and name == "Sign"):
        return value
    return cast(value, number_of(given))


def function(name: str, value: Expr, given: str, *, everywhere: bool) -> Expr:
    """A function of a number of the type `given`, as `operation_of` and `finished` have it."""
    return finished(name, apply(operation_of(name, given, everywhere=everywhere), value), given)


def converted(value: Expr, taken: str, given: str) -> Expr:
    """A value of the type `taken` as one of the type `given`.

    Of a number that does not fit, the last bits are kept, as C does on most machines.
    """
    if taken == given:
        return value
    if taken in _FLOATS and given not in (*_FLOATS, "bool", "int64", "int32", "uint64"):
        value = cast(value, "i64" if given == "uint32" else "i32")
    return cast(value, number_of(given))


def literal(value: Any) -> Expr:
    """A number as a constant of its type."""
    value = np.asarray(value)
    if value.dtype.kind == "b":
        return constant(str(bool(value)), "")
    number = number_of(str(value.dtype))
    if value.dtype.kind in "iu":
        return constant(str(int(value)), "" if number == "i64" else number)
    if not np.isfinite(value):
        return constant("NOT_A_NUMBER" if np.isnan(value) else "INFINITY" if value > 0 else "-INFINITY", number)
    return constant(repr(value.item()) if number == "f64" else str(np.float32(value)), number)
