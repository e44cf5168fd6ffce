"""PyTensor's operations of single numbers, and which of ours they are."""

from rowspace.kernel.emit.expression import Op, Operation


class Unsupported(Exception):
    """An operation that has no loop; the cost then runs through PyTensor's own compiled function."""


# functions of one number or two that C has, too, by their names there
MATH = {
    *"sqrt exp expm1 log log2 log10 log1p sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh".split(),
    *"erf erfc lgamma gamma isnan isinf".split(),
}
ROUNDINGS = {"floor", "ceil", "trunc", "rint", "exp2"}

# Functions that take longer than some arithmetic.
DEAR = MATH | {"softplus", "sigmoid", "log1mexp"}

# Functions whose name is PyTensor's in small letters.
_NAMED = [
    *"Abs Sign Sqrt Exp Exp2 Expm1 Log Log2 Log10 Log1p Log1mexp Sin Cos Tan Sinh Cosh Tanh".split(),
    *"Erf Erfc Erfinv Erfcinv Erfcx Gamma TriGamma Sigmoid Softplus".split(),
    *"Maximum Minimum Clip IsNan IsInf Floor Ceil Trunc".split(),
]

# PyTensor's operation -> ours, or the name of a function
SCALAR: dict[str, Operation] = {
    **{name: name.lower() for name in _NAMED},
    **{f"Arc{name}": f"a{name.lower()}" for name in "Sin Cos Tan Tan2 Sinh Cosh Tanh".split()},
    **{name: Op[name.upper()] for name in "Add Mul Sub Mod Pow Neg Reciprocal Invert Second LT GT LE GE EQ".split()},
    "TrueDiv": Op.DIV,
    "IntDiv": Op.INT_DIV,
    "NEQ": Op.NE,
    "AND": Op.BIT_AND,
    "OR": Op.BIT_OR,
    "XOR": Op.BIT_XOR,
    "Switch": Op.SELECT,
    "Identity": Op.SAME,
    "Sqr": "square",
    "GammaLn": "lgamma",
    "Psi": "digamma",
    "RoundHalfToEven": "rint",
    "RoundHalfAwayFromZero": "round_away",
}

# the same of truth values that give one, where it is another
BOOLEAN: dict[str, Operation] = {
    "Add": Op.BIT_OR,
    "Mul": Op.BIT_AND,
    "IntDiv": Op.BIT_AND,
    "Mod": Op.NO_REST,
    "Abs": Op.SAME,
    "Sqr": Op.SAME,
    "Invert": Op.NOT,
    "Maximum": Op.BIT_OR,
    "Minimum": Op.BIT_AND,
}

COMPARISONS = {"LT", "GT", "LE", "GE", "EQ", "NEQ"}

# Operations cheap enough to be written again wherever their result is used.
CHEAP = {
    *"Add Mul Sub TrueDiv Reciprocal Neg Abs Sign Sqr Identity Second Cast Switch Maximum Minimum Clip".split(),
    *"LT GT LE GE EQ NEQ AND OR".split(),
}

DTYPES = {
    "float32": "f32",
    "float64": "f64",
    "bool": "bool",
    **{f"int{bits}": f"i{bits}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"u{bits}" for bits in (8, 16, 32, 64)},
}

# Names that every loop knows, beside the functions it calls.
KNOWN = {
    *"math np uintp uint64 abs max min range len INFINITY NOT_A_NUMBER".split(),
    *"pause rest prefetch load_acquire store_release take sum_of_lanes".split(),
    *DTYPES.values(),
}
