"""Which values are stored and not computed twice, because a comparison hangs on their last digit.

Sums may be reordered and products joined to them, and each loop that computes a value again may do so in its own way.
The gradient of a maximum that asks which element is the greatest would find none, and a condition hold in one loop and
not in the next. So what is compared, or rounded to whole numbers, is stored where it is used more than once.
"""

from collections.abc import Iterable, Sequence

from pytensor.graph.basic import Apply, Variable
from pytensor.graph.traversal import toposort
from pytensor.scalar import basic as ps

from rowspace.kernel.emit.expression import Expr, Op, Operation
from rowspace.kernel.emit.scalars import BOOLEAN, COMPARISONS, DTYPES, SCALAR

# Operations whose result jumps where what they take changes in its last digit.
_JUMPS = COMPARISONS | {"Sign", "IntDiv", "Mod", "Floor", "Ceil", "Trunc", "RoundHalfToEven", "Switch"}
_JUMPS |= {"RoundHalfAwayFromZero", "IsNan", "IsInf"}
_CHOOSE = _JUMPS | {"Maximum", "Minimum", "Clip", "Cast"}
_EXACT = {"Neg", "Abs", "Identity", "Second", "Maximum", "Minimum", "Clip", "AND", "OR", "XOR", "Invert"}
_JUMPING: set[Operation] = {SCALAR[name] for name in _JUMPS if name in SCALAR}
_EXACTLY: set[Operation] = {SCALAR[name] for name in _EXACT} | {*BOOLEAN.values()}
_FLOATS = {"f32", "f64"}

# Operations of arrays that look for one of many, or read what they take more than once.
_SEARCHES = {"FirstLargest", "Argmax", "SortOp", "ArgSortOp", "Softmax", "LogSoftmax"}
# Operations that give the elements of what they take, at other places: their use is a use of these.
_VIEWS = {"DimShuffle", "Alloc", "SpecifyShape", "TensorFromScalar", "ScalarFromTensor", "Subtensor", "Split"}
_VIEWS |= {"AdvancedSubtensor", "AdvancedSubtensor1", "ExtractDiag", "AllocDiag"}
# Operations whose result is stored, and no longer what it was made of.
_FOLDS = {"CAReduce", "Dot", "Blockwise", "BatchedDot", "CumOp", *_SEARCHES}


def rounds(value: Expr) -> bool:
    """Whether an expression reckons: what is only read, chosen or cast is the same wherever it is written."""
    if not value.args or value.op is Op.LOAD:
        return False
    exact = value.operation in _EXACTLY or _jumps(value) or _casts(value)
    return not exact or any(rounds(a) for a in value.args)


def torn(value: Expr) -> bool:
    """Whether an expression chooses by something that it reckons."""
    if not value.args or value.op is Op.LOAD:
        return False
    return (_jumps(value) and rounds(value)) or any(torn(a) for a in value.args)


def _jumps(value: Expr) -> bool:
    return value.operation in _JUMPING or (_casts(value) and value.dtype not in _FLOATS)


def _casts(value: Expr) -> bool:
    return value.op is Op.CAST and value.dtype in DTYPES.values()


def reads(outputs: Sequence[Variable]) -> dict[Variable, int]:
    """How often each value of a graph is read; another view of it is not a reading, but those of the view are."""
    counted = dict.fromkeys(outputs, 1)
    for node in reversed(list(toposort(list(outputs)))):
        kinds = _kinds(node)
        times = 2 if kinds & _SEARCHES else 1
        if kinds & _VIEWS or (kinds & {"MakeVector"} and len(node.inputs) == 1):
            times = sum(counted.get(out, 0) for out in node.outputs)
        for x in node.inputs:
            counted[x] = counted.get(x, 0) + times
    return counted


def decided(outputs: Iterable[Variable]) -> set[Variable]:
    """The values of a graph that something is decided by: themselves, or what is reckoned from them without a sum."""
    found: set[Variable] = set()
    for node in reversed(list(toposort(list(outputs)))):
        if _decides(node) or (not _kinds(node) & _FOLDS and not found.isdisjoint(node.outputs)):
            found.update(node.inputs)
    return found


def _decides(node: Apply) -> bool:
    if _kinds(node) & _SEARCHES:
        return True
    operation = getattr(node.op, "scalar_op", None)
    if isinstance(operation, ps.Composite):
        return any(type(inner.op).__name__ in _CHOOSE for inner in toposort(operation.fgraph.outputs))
    return type(operation).__name__ in _CHOOSE


def _kinds(node: Apply) -> set[str]:
    """The names of an operation's class and of those it is a kind of."""
    return {c.__name__ for c in type(node.op).__mro__}
