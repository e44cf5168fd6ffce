"""Expressions: what a loop reckons, as operations on arguments.

Rules build them and ask them for their operation. Only a printer (`python.py`) knows how they are written.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property


class Op(Enum):
    """What an expression does with its arguments a, b, c, ...."""

    CONST = auto()  # the number `name` of type `dtype`, or a whole number where there is none
    NAME = auto()  # the variable `name`
    FIXED = auto()  # `length`, which no loop changes: cheap enough to stand wherever it is used
    LOAD = auto()  # an element of the array `name`
    CALL = auto()  # the function `name`
    CAST = auto()  # a number of type `dtype`
    SAME = auto()  # a
    SECOND = auto()  # b, which has the shape of a as well

    ADD = auto()  # a + b + ...
    MUL = auto()  # a * b * ...
    SUB = auto()
    DIV = auto()
    INT_DIV = auto()
    MOD = auto()
    POW = auto()
    NEG = auto()
    RECIPROCAL = auto()  # 1 / a
    BIT_AND = auto()  # a & b & ...
    BIT_OR = auto()
    BIT_XOR = auto()
    INVERT = auto()  # every bit of a
    NO_REST = auto()  # what is left of dividing truth values: False

    LT = auto()
    GT = auto()
    LE = auto()
    GE = auto()
    EQ = auto()
    NE = auto()
    NOT = auto()
    ALL = auto()  # a and b
    ANY = auto()  # a or b
    SELECT = auto()  # b where a is true, c elsewhere
    SELECT_SAME = auto()  # a where b == c, d elsewhere
    IS_SAME = auto()  # whether a == b, as a number of type `dtype`
    EXCEEDS = auto()  # whether a is greater than b, or the first that is no number
    IS_MULTIPLE = auto()  # whether a & b == 0: b is one less than a power of two

    # places and lengths: whole numbers
    NEXT = auto()  # a + 1
    PLUS = auto()  # a + b + ...
    MINUS = auto()  # a - b
    TIMES = auto()  # a * b
    DIFFERS = auto()  # whether a != b
    BOTH = auto()  # a and b
    EITHER = auto()  # a or b
    STRIDE = auto()  # place a of places that are `length` apart
    FLAT = auto()  # place b of row a of rows that are `length` long
    EVEN = auto()  # a, or one less if that is odd
    SHORTENED = auto()  # a - b, or 0 if that is less
    FROM_END = auto()  # place a of b places, counted from the end if it is negative
    CLAMPED = auto()  # the same as the end of a slice, which may lie outside
    CLAMPED_BACK = auto()  # and as the end of a slice that runs backwards
    STEPS = auto()  # how many steps of d lead from b to before a; c is d - 1
    CHOSEN = auto()  # the length b where a is true, c elsewhere


Operation = Op | str  # an operation, or the name of a function


@dataclass(frozen=True)
class Expr:
    """An operation on arguments."""

    op: Op
    args: tuple["Expr", ...] = ()
    name: str = ""
    dtype: str = ""
    length: "Dim" = 0

    @cached_property
    def size(self) -> int:
        """How many expressions it is made of."""
        return 1 + sum(a.size for a in self.args)

    @property
    def operation(self) -> Operation:
        """The operation, or the name of the function that is called."""
        return self.name if self.op is Op.CALL else self.op

    def walk(self) -> Iterator["Expr"]:
        """It and all that it is made of."""
        yield self
        for a in self.args:
            yield from a.walk()

    def depends(self, leaf: "Expr") -> bool:
        """Whether a variable stands in it."""
        return self == leaf or any(a.depends(leaf) for a in self.args)

    def put(self, leaf: "Expr", place: "int | Expr") -> "Expr":
        """The same with a number, or another expression, for a loop variable."""
        if self == leaf:
            return place if isinstance(place, Expr) else whole(place)
        return self.of(*(a.put(leaf, place) for a in self.args)) if self.args else self

    def of(self, *args: "Expr") -> "Expr":
        """The same operation on other arguments."""
        return Expr(self.op, args, self.name, self.dtype, self.length)


Dim = int | Expr  # a length: known when compiling, or made of lengths of bags
Index = tuple[Expr, ...]
Access = Callable[[Index], Expr]
Axis = tuple[Expr, Dim]  # a loop variable and how far it runs


def joined(kept: Sequence[int], index: Index, folded: Sequence[int], inner: Index) -> Index:
    """An index over all axes, from one over those that are kept and one over those that are folded."""
    at = dict(zip((*kept, *folded), (*index, *inner), strict=True))
    return tuple(at[axis] for axis in sorted(at))


# --- making them ---------------------------------------------------------------------------------------------------


def named(name: str) -> Expr:
    """A variable."""
    return Expr(Op.NAME, name=name)


def whole(number: int) -> Expr:
    """A whole number, of whatever type it meets."""
    return Expr(Op.CONST, name=str(number))


def constant(number: str, dtype: str) -> Expr:
    """A number of a type, such as f32."""
    return Expr(Op.CONST, name=number, dtype=dtype)


ZERO = whole(0)


def load(array: str, *index: Expr) -> Expr:
    """An element of an array."""
    return Expr(Op.LOAD, index, name=array)


def element(array: str) -> Access:
    """What reads an array by its name."""
    return lambda index: load(array, *index)


def apply(operation: Operation, *args: Expr) -> Expr:
    """An operation, or a function, of arguments."""
    return Expr(Op.CALL, args, name=operation) if isinstance(operation, str) else Expr(operation, args)


def cast(value: Expr, dtype: str) -> Expr:
    """A value as a number of a type."""
    return Expr(Op.CAST, (value,), dtype=dtype)


def product(factors: Sequence[Expr]) -> Expr:
    """A flat product: products inside it are opened, so that factors can be regrouped."""
    flat = [a for f in factors for a in (f.args if f.op is Op.MUL else (f,))]
    return flat[0] if len(flat) == 1 else Expr(Op.MUL, tuple(flat))


def sum_of(terms: Sequence[Expr]) -> Expr:
    """A flat sum."""
    return terms[0] if len(terms) == 1 else Expr(Op.ADD, tuple(terms))
