"""Every operation of one element, over numbers of every type: through PyTensor, and through a loop of its own."""

import warnings

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.mode import Mode
from pytensor.scalar import basic, math
from pytensor.scalar.basic import ScalarOp
from pytensor.tensor.elemwise import Elemwise

from rowspace.jit.compile import compiled, interpreted
from rowspace.kernel.emit.expression import element, named
from rowspace.kernel.emit.functions import FUNCTIONS
from rowspace.kernel.emit.python import lines, scratch_lines, with_what_it_uses
from rowspace.kernel.emit.rules import emitter
from rowspace.kernel.emit.scalars import DTYPES, KNOWN, SCALAR
from rowspace.kernel.emit.statements import Assign
from rowspace.kernel.emit.writer import Writer

WHOLE = [d for d in DTYPES if "int" in d]
POLES = {"Psi", "TriGamma"}  # at 0 and below, which tests of their own see to


def operations():
    """name of SCALAR -> PyTensor's operation."""
    found = {type(op).__name__: op for module in (math, basic) for op in vars(module).values() if _has_loop(op)}
    return {name: found[name] for name in SCALAR}


def _has_loop(op):
    return isinstance(op, ScalarOp) and type(op).__name__ in SCALAR


def numbers(dtype, name=""):
    """Numbers of a type, the greatest and the least among them."""
    if dtype == "bool":
        return np.array([True, False, True, True, False])
    if name in POLES:
        return np.array([1, 2, 3, 5, 100], dtype)
    if dtype in WHOLE:
        ends = np.iinfo(dtype)
        return np.array([ends.min, ends.max, 0, 1, 3, 2, 100, ends.max // 2 + 1], dtype)
    few = np.array([-2.5, -1.5, -1.0, -0.3, 0.0, 0.3, 0.5, 1.0, 1.5, 2.5, 1e30, -1e30, 700.0], dtype)
    return few[few > 1] if name == "ArcCosh" else few[(few < 0) & (few > -3)] if name == "Log1mexp" else few


def pairs(first, second, name):
    """Every number of a type with every number of another, where PyTensor's own answer is a number."""
    x, y = (a.ravel() for a in np.meshgrid(numbers(first), numbers(second)))
    if name == "Pow":
        keep = (y >= 0) if {first, second} & {*WHOLE} else (x > 0)
        x, y = x[keep], y[keep]
    if name in ("IntDiv", "Mod"):  # the least number by -1 is none of its type
        keep = (y != 0) & (y != -1 if np.dtype(second).kind == "i" else True) & (abs(y) < 1e20) & (abs(x) < 1e20)
        x, y = x[keep], y[keep]
    return x, y


class Table:
    """Operations over vectors of numbers, all in one graph and one loop."""

    def __init__(self):
        self.inputs, self.outputs, self.values, self.names = [], [], [], []

    def add(self, name, op, *values):
        """An operation, unless PyTensor knows none of such numbers."""
        inputs = [pt.TensorType(str(v.dtype), v.shape)() for v in values]
        try:
            out = Elemwise(op)(*inputs)
        except (TypeError, NotImplementedError):
            return
        if out.dtype.startswith("complex") or (name in ("AND", "OR", "XOR") and out.dtype.startswith("float")):
            return
        self.inputs += inputs
        self.values += values
        self.outputs.append(out)
        self.names.append(f"{name} of {', '.join(str(v.dtype) for v in values)} as {out.dtype}")

    def right(self):
        """The results of PyTensor; of casts those of NumPy, since PyTensor's own Python refuses what does not fit."""
        if all(name.startswith("Cast") for name in self.names):
            return [x.astype(out.dtype) for x, out in zip(self.values, self.outputs, strict=True)]
        options = {"mode": Mode(linker="py", optimizer=None), "on_unused_input": "ignore"}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return pytensor.function(self.inputs, self.outputs, **options)(*self.values)

    def source(self):
        """A loop that stores every result as a float64, so that one of another type shows."""
        writer = Writer({*KNOWN, *FUNCTIONS, *"kernel arguments k z r s".split()})
        emit = emitter(writer)
        taken = [writer.name("a") for _ in self.inputs]
        given = [writer.name("b") for _ in self.outputs]
        for x, name in zip(self.inputs, taken, strict=True):
            emit.bind(x, x.type.shape, element(name))
        results = [pt.cast(out, "float64") for out in self.outputs]
        emit.count(results)
        emit.emit(results)
        k = named("k")
        for out, name in zip(results, given, strict=True):
            writer.loops([(k, out.type.shape[0])], [Assign(element(name)((k,)), emit.at(out, (k,)))])
        head = [f"    ({', '.join([*taken, *given])},) = arguments", *("    " + s for s in scratch_lines(writer))]
        nested = ["def kernel(arguments):", *head, "    if True:", "        if True:", *lines(writer.body, 3)]
        return with_what_it_uses("\n".join(nested) + "\n", writer.constants)

    def by_loop(self, make):
        given = [np.empty(out.type.shape, np.float64) for out in self.outputs]
        make(self.source())((*self.values, *given))
        return given

    def compare(self, make):
        """What is wrong, by name: what the loop gave, and what PyTensor gave."""
        wrong = {}
        for name, found, right in zip(self.names, self.by_loop(make), self.right(), strict=True):
            near = 3e-5 if right.dtype == np.float32 else 1e-9 if right.dtype == np.float64 else 0
            with np.errstate(all="ignore"):
                expected = right.astype(np.float64)
                if not np.allclose(found, expected, rtol=near, atol=near, equal_nan=True):
                    wrong[name] = (found.tolist(), expected.tolist())
        return wrong


MAKE = {"interpreted": interpreted, "machine code": compiled}


def of_one_type(dtype, names=tuple(SCALAR)):
    """Operations over numbers of one type."""
    table = Table()
    for name, op in ((n, o) for n, o in operations().items() if n in names):
        x = numbers(dtype, name)
        if name == "Clip":
            table.add(name, op, x, np.roll(x, 1), np.roll(x, 2))
        elif name == "Switch":
            table.add(name, op, x, x, np.roll(x, 1))
        elif _arguments(op) == 1 and (name, dtype) != ("Softplus", "bool"):  # which NumPy reckons in halves
            table.add(name, op, x)
        elif _arguments(op) == 2:
            table.add(name, op, *pairs(dtype, dtype, name))
    return table


def of_casts(first):
    """Numbers of one type as those of every other, whole ones whether they fit or not."""
    table = Table()
    for second in DTYPES:
        few = numbers(first)
        few = few[(abs(few) < 100) & ((few > -1) | ("u" not in second))] if first.startswith("float") else few
        table.add("Cast", getattr(basic, f"convert_to_{second}"), few)
    return table


MIXED = ["Add", "Mul", "Sub", "TrueDiv", "IntDiv", "Mod", "Pow", "Maximum", "LT", "EQ", "Switch", "Second", "ArcTan2"]


def of_two_types(first):
    """Operations of two numbers, of which the first is of a type and the second of any."""
    table, known = Table(), operations()
    for second in DTYPES:
        for name in MIXED:
            x, y = pairs(first, second, name)
            table.add(name, known[name], *((x, x, y) if name == "Switch" else (x, y)))
    return table


def _arguments(op):
    return 2 if op.nin < 0 else op.nin
