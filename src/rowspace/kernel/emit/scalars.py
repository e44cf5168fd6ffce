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

# PyTensor's operation -> ours, or the name of a function
SCALAR: dict[str, Operation] = {
    "Add": Op.ADD,
    "Mul": Op.MUL,
    "Sub": Op.SUB,
    "TrueDiv": Op.DIV,
    "IntDiv": Op.INT_DIV,
    "Mod": Op.MOD,
    "Pow": Op.POW,
    "Neg": Op.NEG,
    "Abs": "abs",
    "Sign": "sign",
    "Sqr": "square",
    "Sqrt": "sqrt",
    "Reciprocal": Op.RECIPROCAL,
    "Exp": "exp",
    "Exp2": "exp2",
    "Expm1": "expm1",
    "Log": "log",
    "Log2": "log2",
    "Log10": "log10",
    "Log1p": "log1p",
    "Sin": "sin",
    "Cos": "cos",
    "Tan": "tan",
    "ArcSin": "asin",
    "ArcCos": "acos",
    "ArcTan": "atan",
    "ArcTan2": "atan2",
    "Sinh": "sinh",
    "Cosh": "cosh",
    "Tanh": "tanh",
    "ArcSinh": "asinh",
    "ArcCosh": "acosh",
    "ArcTanh": "atanh",
    "Erf": "erf",
    "Erfc": "erfc",
    "GammaLn": "lgamma",
    "Gamma": "gamma",
    "Psi": "digamma",
    "TriGamma": "trigamma",
    "Erfinv": "erfinv",
    "Erfcinv": "erfcinv",
    "Erfcx": "erfcx",
    "Sigmoid": "sigmoid",
    "Softplus": "softplus",
    "Log1mexp": "log1mexp",
    "Maximum": "maximum",
    "Minimum": "minimum",
    "Clip": "clip",
    "Switch": Op.SELECT,
    "LT": Op.LT,
    "GT": Op.GT,
    "LE": Op.LE,
    "GE": Op.GE,
    "EQ": Op.EQ,
    "NEQ": Op.NE,
    "AND": Op.BIT_AND,
    "OR": Op.BIT_OR,
    "XOR": Op.BIT_XOR,
    "IsNan": "isnan",
    "IsInf": "isinf",
    "Floor": "floor",
    "Ceil": "ceil",
    "Trunc": "trunc",
    "RoundHalfToEven": "rint",
    "RoundHalfAwayFromZero": "round_away",
    "Invert": Op.INVERT,
    "Identity": Op.SAME,
    "Second": Op.SECOND,
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
    *"pause prefetch load_acquire store_release".split(),
    *DTYPES.values(),
}
