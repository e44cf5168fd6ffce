"""What a value read from JSON has to be: checks that say where it is something else.

A check takes a value and its place, and raises Malformed.
"""

import re
from collections.abc import Callable
from math import isfinite
from typing import Any

Check = Callable[[Any, str], None]

MOST = 2**53  # of anything that is counted: a float has room for it
_SHOWN = 60  # letters of a wrong value


class Malformed(ValueError):
    """A value that is not what it has to be."""


def refuse(value: Any, place: str, expected: str) -> None:
    """Raise Malformed."""
    shown = ascii(value)
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
    raise Malformed(f"{place} is {shown} instead of {expected}")


def whole(least: int = 0, most: int | None = MOST) -> Check:
    """A whole number."""

    def check(value: Any, place: str) -> None:
        if type(value) is not int or value < least or (most is not None and value > most):
            refuse(value, place, f"a whole number from {least}" + (f" to {most}" if most is not None else " on"))

    return check


def number(value: Any, place: str) -> None:
    """A finite number."""
    if type(value) not in (int, float) or not isfinite(value):
        refuse(value, place, "a number")


def truth(value: Any, place: str) -> None:
    """True or False."""
    if type(value) is not bool:
        refuse(value, place, "true or false")


def text(pattern: str = "(?s).*", expected: str = "a text") -> Check:
    """A text that can be shown, all of which is like a pattern."""
    like = re.compile(pattern)

    def check(value: Any, place: str) -> None:
        if not isinstance(value, str) or not like.fullmatch(value):
            refuse(value, place, expected)

    return check


def one_of(*values: Any) -> Check:
    """One of a few values, of its type."""

    def check(value: Any, place: str) -> None:
        if not any(type(value) is type(v) and value == v for v in values):
            refuse(value, place, f"one of {', '.join(map(str, values))}")

    return check


def optional(check: Check) -> Check:
    """None, or what the check takes."""
    return lambda value, place: None if value is None else check(value, place)


def either(*checks: Check) -> Check:
    """What one of the checks takes; the last one says what is wrong."""

    def check(value: Any, place: str) -> None:
        for one in checks[:-1]:
            try:
                return one(value, place)
            except Malformed:
                continue
        return checks[-1](value, place)

    return check


def list_of(check: Check) -> Check:
    """A list of any length."""

    def each(value: Any, place: str) -> None:
        if not isinstance(value, list):
            refuse(value, place, "a list")
        for n, item in enumerate(value):
            check(item, f"{place}[{n}]")

    return each


def row_of(*checks: Check) -> Check:
    """A list of a certain length, each item by its own check."""

    def each(value: Any, place: str) -> None:
        if not isinstance(value, list) or len(value) != len(checks):
            refuse(value, place, f"a list of {len(checks)}")
        for n, (check, item) in enumerate(zip(checks, value, strict=True)):
            check(item, f"{place}[{n}]")

    return each


def by_name(check: Check, name: Check) -> Check:
    """An object with any names of a kind."""

    def each(value: Any, place: str) -> None:
        if not isinstance(value, dict):
            refuse(value, place, "an object")
        for key, item in value.items():
            name(key, f"a name in {place}")
            check(item, f"{place}.{key}")

    return each


def record(**fields: Check) -> Check:
    """An object with exactly these names."""

    def each(value: Any, place: str) -> None:
        if not isinstance(value, dict) or value.keys() != fields.keys():
            names = sorted(value) if isinstance(value, dict) else value
            refuse(names, place, f"an object with {', '.join(fields)}")
        for name, check in fields.items():
            check(value[name], f"{place}.{name}" if place else name)

    return each
