"""Expressions and loops of generated source: what is written once, where, and in what order."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np

Dim = int | str  # a length: known when compiling, or the source of it ("len_bag")


@dataclass(frozen=True)
class Expr:
    """A piece of source: a format string and the pieces that fill it."""

    form: str
    args: tuple["Expr", ...] = ()

    @cached_property
    def _text(self) -> str:
        return self.form.format(*self.args) if self.args else self.form

    def __str__(self) -> str:
        return self._text

    @cached_property
    def size(self) -> int:
        return 1 + sum(a.size for a in self.args)

    def walk(self) -> Iterator["Expr"]:
        yield self
        for a in self.args:
            yield from a.walk()

    def depends(self, leaf: "Expr") -> bool:
        return self == leaf or any(a.depends(leaf) for a in self.args)

    def put(self, leaf: "Expr", place: "int | Expr") -> "Expr":
        """The same with a number, or another piece, for a loop variable."""
        if self == leaf:
            return place if isinstance(place, Expr) else Expr(str(place))
        return Expr(self.form, tuple(a.put(leaf, place) for a in self.args)) if self.args else self


ZERO = Expr("0")
Index = tuple[Expr, ...]
Access = Callable[[Index], Expr]
Statement = tuple["str | Expr", str, Expr]  # target, operator, value


def product(factors: Sequence[Expr]) -> Expr:
    """A flat product: products inside it are opened, so that factors can be regrouped."""
    flat: list[Expr] = []
    for f in factors:
        flat += f.args if f.form == _product_form(len(f.args)) else [f]
    return flat[0] if len(flat) == 1 else Expr(_product_form(len(flat)), tuple(flat))


def _product_form(n: int) -> str:
    return "(" + " * ".join(["{}"] * n) + ")" if n > 1 else ""


def sum_of(terms: Sequence[Expr]) -> Expr:
    """A flat sum."""
    return terms[0] if len(terms) == 1 else Expr("(" + " + ".join(["{}"] * len(terms)) + ")", tuple(terms))


def bare(text: str) -> str:
    """Drop the parentheses around a whole right-hand side."""
    if not (text.startswith("(") and text.endswith(")")):
        return text
    depth = 0
    for position, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth == 0 and position < len(text) - 1:
            return text
    return text[1:-1]


def same(a: Dim, b: Dim) -> bool:
    return str(a) == str(b)


def total_length(a: Dim, b: Dim) -> Dim:
    """The length of two pieces one after another."""
    if isinstance(a, int) and isinstance(b, int):
        return a + b
    return b if same(a, 0) else f"({a} + {b})"


def shifted(index: Expr, by: Dim) -> Expr:
    """An index so many places further on."""
    if same(by, 0):
        return index
    return Expr(str(by)) if index == ZERO else Expr("({} + {})", (index, Expr(str(by))))


def _numpy(dtype: str) -> str:
    """The source of a dtype; `np.bool` is not in every NumPy."""
    return "np.bool_" if dtype == "bool" else f"np.{dtype}"


def length_for_layout(dim: Dim) -> int:
    """How much an axis wants to be the innermost loop; bags of unknown length are taken to be short."""
    return dim if isinstance(dim, int) else 8


class Writer:
    """Lines of a function body, the names taken in it and the scratch arrays it needs."""

    def __init__(self, taken: set[str]) -> None:
        self.lines: list[str] = []
        self.taken = set(taken)
        self.scratch: list[tuple[str, tuple[Dim, ...], str]] = []  # name, shape, dtype
        self.constants: dict[tuple[str, str], str] = {}  # numbers and dtype -> name
        self.bounds: dict[str, Dim] = {}  # lengths that are at most as large as another
        self._indent = 3  # in the loop over examples of the loop over segments

    def name(self, base: str) -> str:
        """A name not yet taken: `base`, or `base` with a number."""
        name, count = base, 0
        while name in self.taken:
            count += 1
            name = f"{base}{count}"
        self.taken.add(name)
        return name

    def array(self, base: str, dims: tuple[Dim, ...], dtype: str) -> str:
        """A scratch array, made once before the loop over examples."""
        name = self.name(base)
        self.scratch.append((name, dims, dtype))
        return name

    def constant(self, data: np.ndarray) -> str:
        """An array of constants, made when the source is loaded; the same name for the same numbers."""
        numbers = re.sub(r"\binf\b", "INFINITY", re.sub(r"\bnan\b", "NOT_A_NUMBER", repr(data.tolist())))
        key = numbers, str(data.dtype)
        if key not in self.constants:
            self.constants[key] = self.name("constant")
        return self.constants[key]

    def constant_lines(self) -> str:
        """The lines before the function that make its constants: Numba would take its time over them inside."""
        return "".join(
            f"{name} = np.array({numbers}, {_numpy(dtype)})\n" for (numbers, dtype), name in self.constants.items()
        )

    def scratch_lines(self, most: Callable[[Dim], str] = str) -> list[str]:
        """The lines that make the scratch arrays; `most` is the source of the greatest a length can be."""
        shapes = [", ".join(most(d) for d in dims) for _, dims, _ in self.scratch]
        arrays = zip(self.scratch, shapes, strict=True)
        return [f"{name} = np.empty(({shape},), {_numpy(dtype)})" for (name, _, dtype), shape in arrays]

    def line(self, text: str) -> None:
        self.lines.append("    " * self._indent + text)

    def add(self, lines: Sequence[str]) -> None:
        """Several lines."""
        for text in lines:
            self.line(text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        self.line(head)
        self._indent += 1
        yield
        self._indent -= 1

    @contextmanager
    def around(self, axes: Sequence[tuple[Expr, Dim]]) -> Iterator[None]:
        """Nested loops over `axes` around what is written inside."""
        for variable, dim in axes:
            self.line(f"for {variable} in range({dim}):")
            self._indent += 1
        yield
        self._indent -= len(axes)

    def local(self, value: Expr, base: str = "x") -> Expr:
        name = Expr(self.name(base))
        self.line(f"{name} = {bare(str(value))}")
        return name

    # --- loops -----------------------------------------------------------------------------------------------------

    def loops(
        self,
        axes: Sequence[tuple[Expr, Dim]],
        statements: Sequence[Statement],
        *,
        independent: bool = False,
    ) -> None:
        """Nested loops over `axes` around assignments (target, operator, value), all values read before any is stored.

        Assignments that are `independent` do not read what another stores, and need no such care.

        What the innermost loop does not change is computed before it: otherwise the compiler has to assume that a
        store to a row changes ids and coefficients, and does not vectorise.
        """
        if not axes:
            self._assign(statements, independent)
            return
        (variable, dim), *rest = axes
        if rest:
            with self.block(f"for {variable} in range({dim}):"):
                self.loops(rest, statements, independent=independent)
            return
        found: dict[Expr, Expr] = {}
        hoisted = [(target, op, self._hoist(value, variable, found)) for target, op, value in statements]
        target_index = [self._hoist_target(target, variable, found) for target, _, _ in hoisted]
        with self.block(f"for {variable} in range({dim}):"):
            self._assign([(t, op, v) for t, (_, op, v) in zip(target_index, hoisted, strict=True)], independent)

    def _assign(self, statements: Sequence[Statement], independent: bool) -> None:
        if len(statements) > 1 and not independent:
            statements = [(t, op, self.local(v, "v")) for t, op, v in statements]
        for target, op, value in statements:
            self.line(f"{target} {op} {bare(str(value))}")

    def _hoist(self, value: Expr, variable: Expr, found: dict[Expr, Expr]) -> Expr:
        if not value.depends(variable):
            return self._before(value, found)
        if value.form == _product_form(len(value.args)):
            fixed = [a for a in value.args if not a.depends(variable)]
            moving = [self._hoist(a, variable, found) for a in value.args if a.depends(variable)]
            return product([*([self._before(product(fixed), found)] if fixed else []), *moving])
        return Expr(value.form, tuple(self._hoist(a, variable, found) for a in value.args))

    def _before(self, value: Expr, found: dict[Expr, Expr]) -> Expr:
        if not value.args and "[" not in value.form:
            return value
        if value not in found:
            found[value] = self.local(value, "h")
        return found[value]

    def _hoist_target(self, target: "str | Expr", variable: Expr, found: dict[Expr, Expr]) -> str:
        return str(self._hoist(target, variable, found)) if isinstance(target, Expr) else target
