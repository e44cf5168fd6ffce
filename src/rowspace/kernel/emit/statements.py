"""Statements: what the body of a loop does, line by line, whatever it is printed as."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rowspace.kernel.emit.expression import Dim, Expr


@dataclass
class Assign:
    """`target sign value`, where the sign is =, +=, -= or *=."""

    target: Expr
    value: Expr
    sign: str = "="
    enclosed: bool = False  # a value in parentheses keeps them


@dataclass
class Run:
    """A function is called for what it does."""

    call: Expr


@dataclass
class For:
    """A variable runs from `start`, or 0, to before `stop`, by steps of `step`, or 1."""

    variable: Expr
    stop: Dim
    start: Expr | None = None
    step: int = 1
    body: "list[Statement]" = field(default_factory=list)


@dataclass
class While:
    """As long as a condition holds."""

    condition: Expr
    body: "list[Statement]" = field(default_factory=list)


@dataclass
class If:
    """Where a condition holds."""

    condition: Expr
    body: "list[Statement]" = field(default_factory=list)


@dataclass
class Return:
    """The loop ends and gives a number."""

    value: Expr


@dataclass
class Continue:
    """On with the next turn of the innermost loop."""


@dataclass
class Break:
    """The innermost loop ends."""


Block = For | While | If
Statement = Assign | Run | Block | Return | Continue | Break


def walk(statements: Sequence[Statement]) -> Iterator[Statement]:
    """Statements and those inside them."""
    for statement in statements:
        yield statement
        if isinstance(statement, Block):
            yield from walk(statement.body)


def expressions(statement: Statement) -> list[Expr]:
    """The expressions of a statement itself, those inside it left out."""
    match statement:
        case Assign(target=target, value=value):
            return [target, value]
        case Run(call=call):
            return [call]
        case For(start=start, stop=stop):
            return [e for e in (start, stop) if isinstance(e, Expr)]
        case While(condition=condition) | If(condition=condition):
            return [condition]
        case Return(value=value):
            return [value]
    return []
