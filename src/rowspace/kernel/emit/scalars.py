"""Scalar operations of PyTensor as Python source, and the helper functions that source calls."""

import re

from rowspace.kernel.emit.functions import FUNCTIONS


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

# helper -> its source; a kernel holds those it calls, so that it can be read and kept on its own
HELPERS: dict[str, str] = {
    "is_finite": """
def is_finite(x):  # math.isfinite takes x - x, which reordered sums turn into 0 for any x
    return abs(x) <= f32(3.4028235e38)
""",
    "sign": """
def sign(x):
    return f32(0) if x == 0 else (f32(1) if x > 0 else (f32(-1) if x < 0 else f32(x)))
""",
    "square": """
def square(x):
    return x * x
""",
    "whole_power": """
def whole_power(a, b):  # nothing is left of a fraction; beyond 64 bits the last of them are kept
    if b < 0 and a != 1 and a != -1:
        return i64(0)
    power, base, left = i64(1), i64(a), u64(-i64(b)) if b < 0 else u64(b)
    while left > u64(0):
        if left & u64(1):
            power *= base
        base *= base
        left >>= u64(1)
    return power
""",
    "sigmoid": """
def sigmoid(x):
    return f32(1) / (f32(1) + math.exp(-x))
""",
    "softplus": """
def softplus(x):
    return math.log1p(math.exp(-abs(x))) + max(x, f32(0))
""",
    "log1mexp": """
def log1mexp(x):  # log(1 - exp(x)) for x < 0, after Maechler (2012)
    return math.log1p(-math.exp(x)) if x < f32(-0.6931472) else math.log(-math.expm1(x))
""",
    "maximum": """
def maximum(a, b):  # of a number and NaN: NaN
    return a if a > b or a != a else b
""",
    "minimum": """
def minimum(a, b):
    return a if a < b or a != a else b
""",
    "clip": """
def clip(x, low, high):
    return low if x < low else (high if x > high else x)
""",
    "random_bits": """
def random_bits(seed, example, draw):  # SplitMix64 (Steele et al. 2014) of a counter: no state to carry along
    x = seed + (uint64(example) * uint64(0x9E3779B97F4A7C15) + uint64(draw) * uint64(0xD1B54A32D192ED03))
    x = (x ^ (x >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> uint64(27))) * uint64(0x94D049BB133111EB)
    return x ^ (x >> uint64(31))
""",
    "draw_uniform": """
def draw_uniform(bits, n):
    return uintp(((bits >> uint64(32)) * uint64(n)) >> uint64(32))
""",
    "draw_alias": """
def draw_alias(bits, keep, other):  # Walker (1977): a slot, or where that slot points to
    slot = uintp(((bits >> uint64(32)) * uint64(len(keep))) >> uint64(32))
    chance = f32(bits & uint64(0xFFFFFF)) * f32(5.9604645e-08)
    return slot if chance < keep[slot] else uintp(other[slot])
""",
    "draw_from": """
def draw_from(bits, pool, start, size):
    return uintp(pool[start + uintp(((bits >> uint64(32)) * uint64(size)) >> uint64(32))])
""",
    "is_rare": """
def is_rare(bits, pool, size):  # as often as the block is met: what is drawn once in its block is as rare as elsewhere
    return (((bits & uint64(0xFFFFFFFF)) * uint64(len(pool))) >> uint64(32)) < uint64(size)
""",
    "longest": """
def longest(offsets, segments, begin, end):
    most = 1
    for segment in range(begin, end):
        for n in range(segments[segment, 3], segments[segment, 4]):
            most = max(most, offsets[n + 1] - offsets[n])
    return most
""",
    "waits": """
def waits(progress, segments, segment):  # until the row before this one is as far as needed
    row, needed = segments[segment, 0], segments[segment, 1]
    if row == 0:
        return False
    for attempt in range(1000):
        if load_acquire(progress, row - 1) >= needed:
            return False
        pause()
    return True
""",
    "finished": """
def finished(progress, segments, out, segment, total, counted):
    out[segment, 0] = segments[segment, 4]
    out[segment, 1] = total
    out[segment, 2] = counted
    store_release(progress, segments[segment, 0], segments[segment, 2])
""",
    "stopped": """
def stopped(out, segment, n, total, counted):
    out[segment, 0] = n
    out[segment, 1] = total
    out[segment, 2] = counted
    return segment
""",
    "piece_of": """
def piece_of(since, step):  # the last piece that begins by this step
    low, high = 0, len(since) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if since[middle] <= step:
            low = middle
        else:
            high = middle - 1
    return low
""",
    "piece_end": """
def piece_end(since, piece, now):
    return min(now, since[piece + 1]) if piece + 1 < len(since) else now
""",
    "prefetch_row": """
def prefetch_row(table, row):
    for k in range(0, table.shape[1], 16):
        prefetch(table, row, k)
""",
    "hash_length": """
def hash_length(count):
    length = 1
    while length < 2 * count and count > 16:
        length *= 2
    return length
""",
    "merge_repeats": """
def merge_repeats(ids, gradients, count, repeated, slots):
    # Adds the gradient of an id met before to its first, and marks it. Few ids are compared with one another;
    # many go through a hash table: its length is a power of two, at least twice the count.
    width = gradients.shape[1]
    mask = uintp(len(slots) - 1)
    for s in range(len(slots) if count > 16 else 0):
        slots[s] = -1
    for q in range(count):
        first = q
        if count <= 16:
            for p in range(q):
                if ids[p] == ids[q]:
                    first = p
                    break
        else:
            s = (ids[q] * uintp(0x9E3779B1)) & mask
            while slots[s] >= 0 and ids[slots[s]] != ids[q]:
                s = (s + uintp(1)) & mask
            if slots[s] < 0:
                slots[s] = q
            first = slots[s]
        repeated[q] = first != q
        if first != q:
            for k in range(width):
                gradients[first, k] += gradients[q, k]
""",
} | FUNCTIONS


def used_helpers(body: str) -> str:
    """The helper functions a body calls, in the order they need one another."""
    used = [name for name in HELPERS if re.search(rf"\b{name}\(", body)]
    return "".join(HELPERS[name].lstrip("\n") + "\n\n" for name in used)
