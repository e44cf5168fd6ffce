"""Scalar operations of PyTensor as Python source."""


class Unsupported(Exception):
    """An operation that has no loop; the cost then runs through PyTensor's own compiled function."""


# operation -> source of one element, for any number of arguments where it ends in "..."
SCALAR: dict[str, str] = {
    "Add": "+",
    "Mul": "*",
    "Sub": "({} - {})",
    "TrueDiv": "({} / {})",
    "IntDiv": "({} // {})",
    "Mod": "({} % {})",
    "Pow": "({} ** {})",
    "Neg": "(-{})",
    "Abs": "abs({})",
    "Sign": "sign({})",
    "Sqr": "square({})",
    "Sqrt": "math.sqrt({})",
    "Reciprocal": "(f32(1.0) / {})",
    "Exp": "math.exp({})",
    "Exp2": "np.exp2({})",
    "Expm1": "math.expm1({})",
    "Log": "math.log({})",
    "Log2": "math.log2({})",
    "Log10": "math.log10({})",
    "Log1p": "math.log1p({})",
    "Sin": "math.sin({})",
    "Cos": "math.cos({})",
    "Tan": "math.tan({})",
    "ArcSin": "math.asin({})",
    "ArcCos": "math.acos({})",
    "ArcTan": "math.atan({})",
    "ArcTan2": "math.atan2({}, {})",
    "Sinh": "math.sinh({})",
    "Cosh": "math.cosh({})",
    "Tanh": "math.tanh({})",
    "ArcSinh": "math.asinh({})",
    "ArcCosh": "math.acosh({})",
    "ArcTanh": "math.atanh({})",
    "Erf": "math.erf({})",
    "Erfc": "math.erfc({})",
    "GammaLn": "math.lgamma({})",
    "Gamma": "math.gamma({})",
    "Psi": "digamma({})",
    "TriGamma": "trigamma({})",
    "Erfinv": "erfinv({})",
    "Erfcinv": "erfcinv({})",
    "Erfcx": "erfcx({})",
    "Sigmoid": "sigmoid({})",
    "Softplus": "softplus({})",
    "Log1mexp": "log1mexp({})",
    "Maximum": "maximum({}, {})",
    "Minimum": "minimum({}, {})",
    "Clip": "clip({}, {}, {})",
    "Switch": "({1} if {0} else {2})",
    "LT": "({} < {})",
    "GT": "({} > {})",
    "LE": "({} <= {})",
    "GE": "({} >= {})",
    "EQ": "({} == {})",
    "NEQ": "({} != {})",
    "AND": "({} & {})",
    "OR": "({} | {})",
    "XOR": "({} ^ {})",
    "IsNan": "math.isnan({})",
    "IsInf": "math.isinf({})",
    "Floor": "np.floor({})",
    "Ceil": "np.ceil({})",
    "Trunc": "np.trunc({})",
    "RoundHalfToEven": "np.rint({})",
    "RoundHalfAwayFromZero": "round_away({})",
    "Invert": "(~{})",
    "Identity": "{}",
    "Second": "{1}",
}

# operations of truth values that give one
BOOLEAN: dict[str, str] = {
    "Add": "|",
    "Mul": "&",
    "IntDiv": "({} & {})",
    "Mod": "(False & {} & {})",
    "Abs": "{}",
    "Sqr": "{}",
    "Invert": "(not {})",
    "Maximum": "({} | {})",
    "Minimum": "({} & {})",
}

COMPARISONS = {"LT", "GT", "LE", "GE", "EQ", "NEQ"}

# Operations cheap enough to be written again wherever their result is used.
CHEAP = {"Add", "Mul", "Sub", "TrueDiv", "Neg", "Abs", "Sqr", "Identity", "Second", "Cast", "Sign", "Switch"} | {
    "Maximum", "Minimum", "LT", "GT", "LE", "GE", "EQ", "NEQ", "AND", "OR", "Reciprocal", "Clip",
}  # fmt: skip

DTYPES = {
    "float32": "f32",
    "float64": "f64",
    "bool": "bool",
    **{f"int{bits}": f"i{bits}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"u{bits}" for bits in (8, 16, 32, 64)},
}

# Names that every loop knows, beside its helpers.
KNOWN = {
    *"math np uintp uint64 abs max min range len INFINITY NOT_A_NUMBER".split(),
    *"pause prefetch load_acquire store_release".split(),
    *DTYPES.values(),
}
