"""The body of a loop while it is written: its statements, the names taken in it and the arrays it needs."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

import numpy as np

from rowspace.kernel.emit.expression import Axis, Dim, Expr, Op, named, product
from rowspace.kernel.emit.statements import Assign, Block, For, If, Statement


class Writer:
    """Statements of a function body, the names taken in it and the scratch arrays it needs.

    Where it is `portable`, sums and functions are written in the same order of single steps for every processor.
    """

    def __init__(self, taken: set[str], *, portable: bool = False) -> None:
        self.portable = portable
        self.body: list[Statement] = []  # of the block that is being written
        self.taken = set(taken)
        self.scratch: list[tuple[str, tuple[Dim, ...], str]] = []  # name, shape, dtype
        self._lanes: dict[str, str] = {}  # by the type of what is summed
        self.constants: dict[str, np.ndarray] = {}  # arrays of numbers by name
        self.bounds: dict[Expr, Dim] = {}  # lengths that are at most as large as another

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

    def lanes(self, dtype: str, width: int) -> str:
        """The scratch array in which sums of a type are made, one after another."""
        if dtype not in self._lanes:
            self._lanes[dtype] = self.array("lanes", (width,), dtype)
        return self._lanes[dtype]

    def constant(self, data: np.ndarray) -> str:
        """An array of constants, made when the source is loaded; the same name for the same numbers."""
        for name, known in self.constants.items():
            if (known.dtype, known.shape, known.tobytes()) == (data.dtype, data.shape, data.tobytes()):
                return name
        name = self.name("constant")
        self.constants[name] = data
        return name

    # --- statements ------------------------------------------------------------------------------------------------

    def add(self, *statements: Statement) -> None:
        """Write statements where the writer stands."""
        self.body += statements

    def assign(self, target: Expr, value: Expr, sign: str = "=") -> None:
        """`target sign value`."""
        self.add(Assign(target, value, sign))

    def local(self, value: Expr, base: str = "x") -> Expr:
        """A variable of its own for a value."""
        name = named(self.name(base))
        self.assign(name, value)
        return name

    @contextmanager
    def inside(self, block: Block) -> Iterator[None]:
        """What is written goes into a block."""
        self.add(block)
        outer, self.body = self.body, block.body
        yield
        self.body = outer

    def when(self, condition: Expr) -> AbstractContextManager[None]:
        """What is written is done where a condition holds."""
        return self.inside(If(condition))

    @contextmanager
    def around(self, axes: Sequence[Axis]) -> Iterator[None]:
        """Nested loops over `axes` around what is written inside."""
        outer = self.body
        for name, dim in axes:
            loop = For(name, dim)
            self.add(loop)
            self.body = loop.body
        yield
        self.body = outer

    # --- loops -----------------------------------------------------------------------------------------------------

    def loops(self, axes: Sequence[Axis], assignments: Sequence[Assign], *, independent: bool = False) -> None:
        """Nested loops over `axes` around assignments, all values read before any is stored.

        Assignments that are `independent` do not read what another stores, and need no such care.

        What the innermost loop does not change is computed before it: otherwise the compiler has to assume that a
        store to a row changes ids and coefficients, and does not vectorise.
        """
        if not axes:
            self._assign(assignments, independent)
            return
        with self.around(axes[:-1]):
            name, dim = axes[-1]
            known: dict[Expr, Expr] = {}
            values = [self._hoist(a.value, name, known) for a in assignments]
            targets = [self._hoist(a.target, name, known) for a in assignments]
            with self.inside(For(name, dim)):
                moved = zip(targets, values, assignments, strict=True)
                self._assign([Assign(target, value, a.sign) for target, value, a in moved], independent)

    def _assign(self, assignments: Sequence[Assign], independent: bool) -> None:
        if len(assignments) > 1 and not independent:
            assignments = [replace(a, value=self.local(a.value, "v")) for a in assignments]
        self.add(*assignments)

    def _hoist(self, value: Expr, variable: Expr, known: dict[Expr, Expr]) -> Expr:
        """The value with what a loop over `variable` does not change computed before it."""
        if not value.depends(variable):
            return self._before(value, known)
        if value.op is Op.MUL:
            constant = [a for a in value.args if not a.depends(variable)]
            moving = [self._hoist(a, variable, known) for a in value.args if a.depends(variable)]
            return product([*([self._before(product(constant), known)] if constant else []), *moving])
        return value.of(*(self._hoist(a, variable, known) for a in value.args))

    def _before(self, value: Expr, known: dict[Expr, Expr]) -> Expr:
        if not value.args:
            return value
        if value not in known:
            known[value] = self.local(value, "h")
        return known[value]
