"""Costs drawn at random: a line of Python over looked-up rows, and data for it. Each follows from a seed and a number.

A cost is written as a user would write it. `cost_names.py` gives the same line a second meaning, in NumPy and float64.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np

Shape = tuple[str, ...]  # an axis is "d", a row; "k", a fixed bag; "n", a ragged bag
ROWS = 5  # so few that an example often meets a row twice
LONGEST = 600  # letters of a cost

# The ways to write an expression: {0} is what they are written of.
REAL = """
(-{0}) | abs({0}) | ({0} ** 2) | ({0} ** 3) | pt.tanh({0}) | pt.sin({0}) | pt.cos({0}) | pt.sigmoid({0}) |
pt.softplus({0}) | pt.erf({0}) | pt.erfc({0}) | pt.arctan({0}) | pt.arcsinh({0}) | pt.maximum({0}, 0) |
pt.minimum(0.3, {0}) | pt.sqr({0}) | pt.clip({0}, -0.71, 0.77) | (1 / (1 + {0} ** 2)) | pt.log1p({0} ** 2) |
pt.sign({0}) | pt.floor({0}) | pt.ceil({0}) | pt.round({0}) | pt.trunc({0}) | ({0} // 0.7) | ({0} % 0.9) |
pt.switch({0} > 0.1, 1.5, -0.5) | pt.log(1 + pt.exp({0})) | pt.log(pt.sigmoid({0})) |
(-pt.log(1 - pt.sigmoid({0}))) | pt.expm1(pt.tanh({0})) | pt.exp(-({0} ** 2))
"""
OF_POSITIVE = """
pt.sqrt({0}) | pt.log({0}) | ({0} ** 0.5) | ({0} ** 1.5) | ({0} ** -1) | pt.log2({0}) | pt.log10({0}) |
pt.gammaln({0}) | pt.reciprocal({0})
"""
OF_SMALL = """
pt.arcsin({0}) | pt.arccos({0}) | pt.arctanh({0}) | pt.erfinv({0}) | pt.log1p({0}) | pt.exp({0}) |
pt.sinh({0}) | pt.cosh({0}) | pt.tan({0})
"""
POSITIVE = (
    "(abs({0}) + 0.5) | ({0} ** 2 + 0.4) | pt.exp(pt.tanh({0})) | (pt.softplus({0}) + 0.3) | pt.maximum({0}, 0.31)"
)
SMALL = "(0.9 * pt.tanh({0})) | pt.clip({0}, -0.87, 0.83) | (pt.sin({0}) * 0.8)"
OF_TWO = (
    "({0} + {1}) | ({0} - {1}) | ({0} * {1}) | pt.maximum({0}, {1}) | pt.minimum({0}, {1}) | pt.logaddexp({0}, {1})"
)
OF_ONE_AND_POSITIVE = "({0} / {1}) | pt.arctan2({0}, {1})"
OF_TRUTHS_AND_NUMBER = """
({0} * {2}) | (({0} + {1}) * {2}) | (({0} * {1}) * {2}) | ({2} + {0}) | ({2} ** (1 + {0})) |
(pt.maximum({0}, {1}) * {2}) | (({0} * 3 - 1) * {2})
"""
FOLDED = """
{0}.sum() | {0}.mean() | {0}.max() | {0}.min() | {0}.var() | pt.logsumexp({0}) |
pt.sqrt(({0} ** 2).sum() + 0.2) | pt.prod(pt.tanh({0}) + 1.2)
"""
DOWN = """
{0}.sum(axis=0) | {0}.mean(axis=0) | {0}.max(axis=0) | {0}.min(axis=0) | pt.logsumexp({0}, axis=0) | {0}[0] |
{0}[-1]
"""
ACROSS = """
{0}.sum(axis=1) | {0}.mean(axis=1) | {0}.max(axis=1) | {0}.min(axis=-1) | pt.logsumexp({0}, axis=1) |
pt.sqrt(({0} ** 2).sum(axis=1) + 0.1)
"""
MOVED = """
{0}[::-1] | pt.concatenate([{0}, {1}])[: {0}.shape[0]] | put({0}, slice(None, 1), 0.5) |
put({0}, slice(-1, None), {1}[:1]) | add({0}, slice(None, 1), {1}[-1:]) | pt.softmax({0}) | pt.log_softmax({0})
"""
MOVED_IF_FIXED = """
pt.concatenate([{0}[1:], {1}[:1]]) | pt.concatenate([{0}, {1}]).reshape((2, -1))[1] |
pt.stack([{0}, {1}]).sum(axis=0) | pt.stack([{0}, {1}], axis=1).max(axis=1) | pt.tile({0}, 2)[::2] |
pt.repeat({0}, 2)[1::2] | put({0}, [0, -1], 0.3) | {0}[[-1] + list(range({2} - 1))] |
({0} * np.eye({2}, dtype='float32')).sum(axis=1)
"""
ORDERED = """
pt.cumsum({0}) | pt.cumprod(pt.tanh({0}) + 1.1) | pt.sort({0}) | pt.sort({0})[::-1] | ({0} - {0}.max()) |
({0} * pt.eq(pt.arange({0}.shape[0]), pt.argmax({0}))) | ({0} * ({0} >= {0}.max())) |
({0} / (abs({0}).max() + 0.5))
"""
ALONG_AN_AXIS = """
pt.softmax({0}, axis=1) | pt.softmax({0}, axis=0) | pt.log_softmax({0}, axis=-1) | ({0} - {0}.mean(axis=0)) |
({0} - {0}.max(axis=1, keepdims=True)) | {0}[:, ::-1] | {0}[::-1] | pt.sort({0}, axis=1) |
pt.cumsum({0}, axis=1) | ({0} / pt.sqrt(({0} ** 2).sum(axis=1, keepdims=True) + 0.3))
"""


@dataclass
class Drawn:
    """A cost: its text, the tables' values (ROWS, d) float32, and one example of its columns."""

    text: str
    tables: dict[str, np.ndarray]
    example: dict[str, Any]


@dataclass
class Grammar:
    """Writes expressions of a wanted shape; `used` are the names of tables and columns they need."""

    random: Random
    lengths: dict[str, int]
    used: set[str] = field(default_factory=set)

    def form(self, forms: str) -> str:
        """One of the ways to write something."""
        return self.random.choice(forms.replace("\n", " ").split(" | ")).strip()

    def any_of(self, *choices: Callable[[], str]) -> str:
        return self.random.choice(choices)()

    def name(self, *names: str) -> str:
        chosen = self.random.choice(names)
        self.used.add(chosen)
        return chosen

    # --- leaves ----------------------------------------------------------------------------------------------------

    def leaf(self, shape: Shape) -> str:
        """Rows looked up, a column, or a constant."""
        table = lambda: self.name("A", "C")
        if shape == ():
            return self.any_of(
                lambda: f"{table()}[{self.name('i', 'j')}, {self.form('0 | -1')}]", lambda: self.name("q")
            )
        if shape == ("d",):
            return self.name("v") if self.random.random() < 0.15 else f"{table()}[{self.name('i', 'j', 'h')}]"
        if shape == ("k", "d"):
            return f"{table()}[[{self.ids()}]]" if self.random.random() < 0.2 else f"{table()}[{self.name('p')}]"
        if shape == ("n", "d"):
            return f"{table()}[{self.name('r')}]"
        return self.contracted(shape, 0)

    def ids(self) -> str:
        return ", ".join(self.any_of(lambda: self.name("i", "j"), lambda: "0") for _ in range(self.lengths["k"]))

    def constant(self, shape: Shape) -> str:
        """A number, or an array of the shape or of one that it broadcasts with."""
        shape = shape[1:] if shape[:1] == ("n",) else shape
        if not shape or self.random.random() < 0.4:
            return self.form("0.5 | 2 | 1 | (-1.5) | 3")
        return self.array(shape)

    def array(self, shape: Shape) -> str:
        size = [self.lengths[axis] for axis in shape]
        numbers = np.reshape([self.random.uniform(-2, 2) for _ in range(int(np.prod(size)))], size)
        return f"np.array({numbers.round(2).tolist()}, 'float32')"

    # --- expressions -----------------------------------------------------------------------------------------------

    def number(self, shape: Shape, depth: int) -> str:
        """Real numbers."""
        if depth <= 0:
            return self.leaf(shape)
        ways = [self.unary, self.binary, self.contracted] * 2 + [self.chosen, self.logical]
        if len(shape) == 1:
            ways += [self.moved, self.moved, self.ordered]
        if len(shape) == 2:
            ways += [self.along_an_axis]
        return self.random.choice(ways)(shape, depth - 1)

    def positive(self, shape: Shape, depth: int) -> str:
        """Numbers from about 0.3 on."""
        return self.form(POSITIVE).format(self.number(shape, depth))

    def small(self, shape: Shape, depth: int) -> str:
        """Numbers between -0.9 and 0.9."""
        return self.form(SMALL).format(self.number(shape, depth))

    def unary(self, shape: Shape, depth: int) -> str:
        kind = self.random.random()
        if kind < 0.6:
            return self.form(REAL).format(self.number(shape, depth))
        if kind < 0.8:
            return self.form(OF_POSITIVE).format(self.positive(shape, depth))
        return self.form(OF_SMALL).format(self.small(shape, depth))

    def binary(self, shape: Shape, depth: int) -> str:
        kind = self.random.random()
        if kind < 0.15:
            return self.form(OF_ONE_AND_POSITIVE).format(self.number(shape, depth), self.positive(shape, depth))
        if kind < 0.25:
            return f"({self.positive(shape, depth)} ** {self.small(shape, depth)})"
        a = self.number(shape, depth)
        if kind < 0.45:
            return self.form(OF_TWO).format(a, self.constant(shape))
        narrow = self.random.choice([shape, shape, shape[1:], ()])
        b = self.number(narrow, depth)
        return self.form(OF_TWO).format(*self.random.choice([(a, b), (b, a)]))

    def chosen(self, shape: Shape, depth: int) -> str:
        name = self.form("pt.switch | pt.where")
        return f"{name}({self.truth(shape, depth)}, {self.number(shape, depth)}, {self.number(shape, depth)})"

    def truth(self, shape: Shape, depth: int) -> str:
        """True or false, element by element."""
        number = lambda: self.number(shape, depth)
        compare = lambda: f"({number()} {self.form('< | > | <= | >=')} {number()})"
        against = lambda: f"({number()} {self.form('< | >')} {self.constant(())})"
        both = lambda: f"({compare()} {self.form('& | ^')} {against()})"
        return self.any_of(compare, against, both, lambda: f"(~{compare()})", lambda: f"({against()} | {compare()})")

    def logical(self, shape: Shape, depth: int) -> str:
        """Truth values taken for numbers."""
        a, b, x = self.truth(shape, depth - 1), self.truth(shape, depth - 1), self.number(shape, depth - 1)
        return self.form(OF_TRUTHS_AND_NUMBER).format(a, b, x)

    def contracted(self, shape: Shape, depth: int) -> str:
        """Folds, products of matrices and vectors, rows of matrices."""
        if shape == ():
            return self._scalar(depth)
        if shape == ("d",):
            return self._row(depth)
        if len(shape) == 1:
            return self._one_for_each_row(shape, depth)
        return self._matrix(shape, depth)

    def _scalar(self, depth: int) -> str:
        bag = self.form("k | n")
        of = lambda *shape: self.number(shape, depth)
        return self.any_of(
            lambda: self.form(FOLDED).format(of("d")),
            lambda: self.form(FOLDED).format(of(bag)),
            lambda: self.form(FOLDED).format(of(bag, "d")),
            lambda: f"({of('d')} @ {of('d')})",
            lambda: f"pt.dot({of(bag)}, {of(bag)})",
            lambda: f"({of('d')}.argmax() * {of()})",
            lambda: f"{of('d')}[{self.form('0 | -1')}]",
            lambda: f"{self.truth(('d',), depth)}.sum()",
            lambda: f"(pt.any({self.truth(('d',), depth)}) * {of()})",
            lambda: f"(pt.all({self.truth((bag,), depth)}) * {of()})",
            lambda: f"pt.trace({of('d')}[:, None] * {of('d')}[None, :])",
        )

    def _row(self, depth: int) -> str:
        bag = self.form("k | n")
        of = lambda *shape: self.number(shape, depth)
        return self.any_of(
            lambda: self.form(DOWN).format(of(bag, "d")),
            lambda: f"({of(bag)} @ {of(bag, 'd')})",
            lambda: f"({of('d', 'd')} @ {of('d')})",
            lambda: f"(pt.softmax({of(bag)}) @ {of(bag, 'd')})",
            lambda: f"pt.dot({self.array(('d', 'd'))}, {of('d')})",
        )

    def _one_for_each_row(self, shape: Shape, depth: int) -> str:
        of = lambda *axes: self.number(axes, depth)
        return self.any_of(
            lambda: self.form(ACROSS).format(of(*shape, "d")),
            lambda: f"({of(*shape, 'd')} @ {of('d')})",
            lambda: f"({of(*shape, 'd')} * {of('d')}).sum(axis=-1)",
        )

    def _matrix(self, shape: Shape, depth: int) -> str:
        rows, columns = shape
        of = lambda *axes: self.number(axes, depth)
        return self.any_of(
            lambda: f"({of(rows)}[:, None] * {of(columns)}[None, :])",
            lambda: f"({of(rows)}[:, None] + {of(columns)})",
            lambda: f"pt.outer({of(rows)}, {of(columns)})",
            lambda: f"({of('k', 'd')}.T @ {of('k', 'd')})" if rows == "d" else f"({of(rows, 'd')} @ {of('d', 'd')})",
        )

    def moved(self, shape: Shape, depth: int) -> str:
        """Elements that change their places, parts that are set or joined."""
        x, y = self.number(shape, depth), self.number(shape, depth)
        fixed = shape != ("n",)
        forms = MOVED + (" | " + MOVED_IF_FIXED if fixed else "")
        return self.form(forms).format(x, y, self.lengths[shape[0]])

    def ordered(self, shape: Shape, depth: int) -> str:
        """Sums so far, sorted numbers, places of the greatest."""
        return self.form(ORDERED).format(self.number(shape, depth))

    def along_an_axis(self, shape: Shape, depth: int) -> str:
        return self.form(ALONG_AN_AXIS).format(self.number(shape, depth))


def drawn(seed: int, number: int) -> Drawn:
    """The cost of that number: always the same for the same seed."""
    random = Random(f"{seed} {number}")
    lengths = {"d": [1, 2, 3, 3, 4, 5], "k": [1, 2, 3, 3], "n": [1, 2, 3, 4]}
    grammar = Grammar(random, {axis: random.choice(choices) for axis, choices in lengths.items()})
    text = grammar.number((), random.choice([2, 2, 3, 3, 4]))
    while not grammar.used & {"A", "C"} or not grammar.used - {"A", "C"} or len(text) > LONGEST:
        grammar.used.clear()
        text = grammar.number((), random.choice([2, 3]))
    rng = np.random.default_rng([seed, number])
    return Drawn(text, _tables(grammar, rng), _example(grammar, rng))


def _tables(grammar: Grammar, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Numbers near 0; of one cost in five multiples of a half, among which many are 0 or equal."""
    halves = rng.random() < 0.2
    values = lambda: rng.normal(0, 0.9, (ROWS, grammar.lengths["d"])).astype(np.float32)
    numbers = lambda: np.round(2 * values()) / np.float32(2) if halves else values()
    return {t: numbers() for t in ("A", "C") if t in grammar.used}


def _example(grammar: Grammar, rng: np.random.Generator) -> dict[str, Any]:
    ids = lambda n: rng.integers(0, ROWS, n).tolist()
    made: dict[str, Callable[[], Any]] = {
        **{c: lambda: int(rng.integers(0, ROWS)) for c in "ijh"},
        "p": lambda: ids(grammar.lengths["k"]),
        "r": lambda: ids(grammar.lengths["n"]),
        "q": lambda: float(np.float32(rng.normal())),
        "v": lambda: rng.normal(0, 1, grammar.lengths["d"]).astype(np.float32),
    }
    return {c: make() for c, make in made.items() if c in grammar.used}
