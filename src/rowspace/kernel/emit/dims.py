"""Reckoning with lengths, which are numbers or, where bags have any length, expressions."""

from rowspace.kernel.emit.expression import ZERO, Dim, Expr, Op, Operation, apply, whole


def reckoned(dim: Dim) -> Expr:
    """A length as an expression to reckon other lengths from."""
    return whole(dim) if isinstance(dim, int) else dim


def fixed(dim: Dim) -> Expr:
    """A length in the expressions of a loop, which leave it as it is."""
    return whole(dim) if isinstance(dim, int) else Expr(Op.FIXED, length=dim)


def length(operation: Operation, *dims: Dim) -> Expr:
    """A length made of others."""
    return apply(operation, *map(reckoned, dims))


def total_length(a: Dim, b: Dim) -> Dim:
    """The length of two pieces one after another."""
    if isinstance(a, int) and isinstance(b, int):
        return a + b
    return b if a == 0 else length(Op.ADD, a, b)


def shifted(index: Expr, by: Dim) -> Expr:
    """An index so many places further on."""
    if by == 0:
        return index
    return fixed(by) if index == ZERO else Expr(Op.ADD, (index, fixed(by)))


def length_for_layout(dim: Dim) -> int:
    """How much an axis wants to be the innermost loop; bags of unknown length are taken to be short."""
    return dim if isinstance(dim, int) else 8
