"""Functions in plain float arithmetic, for loops that give the same bytes on every processor.

They add, multiply, divide and look at bits, in float64, and leave nothing to a library, of which
each has its own last digit. exp and log are after fdlibm (Sun Microsystems 1993) and musl; how close all of them are
is in docs/decisions/portable.md. A number that is 2^52 + 2^51 greater has the nearest whole number as its last bits.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from rowspace.jit.names import INFINITY, NOT_A_NUMBER, f64, u64
from rowspace.kernel.emit.expression import Op, Operation
from rowspace.kernel.emit.scalars import MATH, Unsupported


def expm1_near_zero(r):  # exp(r) - 1 for |r| <= log(2) / 2, as the sum of 13 terms
    r2 = r * r
    r4 = r2 * r2
    a = 0.5 + r * 0.16666666666666666
    b = (0.041666666666666664 + r * 0.008333333333333333) + r2 * (0.001388888888888889 + r * 0.0001984126984126984)
    c = (2.48015873015873e-05 + r * 2.7557319223985893e-06) + r2 * (2.755731922398589e-07 + r * 2.505210838544172e-08)
    d = 2.08767569878681e-09 + r * 1.6059043836821613e-10
    return r + (r2 * a + r4 * (b + r4 * (c + r4 * d)))


def power_of_two(biased):  # 2^n, given n + 1023 from 1 to 2046
    return u64(biased << u64(52)).view(f64)


def portable_exp(x):
    x = f64(x)
    x = 710.0 if x > 710.0 else (-746.0 if x < -746.0 else x)
    shifted = x * 1.4426950408889634 + 6755399441055744.0
    k = shifted - 6755399441055744.0
    r = (x - k * 0.6931471803691238) - k * 1.9082149292705877e-10
    both = f64(shifted).view(u64) - u64(0x4337FFFFFFFFF802)  # k + 2046, in two parts, neither of which overflows
    low = both >> u64(1)
    return (1.0 + expm1_near_zero(r)) * power_of_two(low) * power_of_two(both - low)


def portable_exp2(x):
    x = f64(x)
    x = 1025.0 if x > 1025.0 else (-1076.0 if x < -1076.0 else x)
    shifted = x + 6755399441055744.0
    r = (x - (shifted - 6755399441055744.0)) * 0.6931471805599453
    both = f64(shifted).view(u64) - u64(0x4337FFFFFFFFF802)
    low = both >> u64(1)
    return (1.0 + expm1_near_zero(r)) * power_of_two(low) * power_of_two(both - low)


def portable_expm1(x):
    x = f64(x)
    y = 710.0 if x > 710.0 else (-746.0 if x < -746.0 else x)
    shifted = y * 1.4426950408889634 + 6755399441055744.0
    k = shifted - 6755399441055744.0
    r = (y - k * 0.6931471803691238) - k * 1.9082149292705877e-10
    both = f64(shifted).view(u64) - u64(0x4337FFFFFFFFF802)
    low = both >> u64(1)
    one, other = power_of_two(low), power_of_two(both - low)
    less = power_of_two(u64(2046) - (both - low))  # 1 / other
    return x if x == 0.0 else (expm1_near_zero(r) * one + (one - less)) * other


def portable_log(x):
    x = f64(x)
    tiny = x < 2.2250738585072014e-308
    y = x * 18014398509481984.0 if tiny else x
    bits = f64(y).view(u64) + u64(0x95F619980C433)  # so that the fraction is from sqrt(1/2) to sqrt(2)
    k = u64((bits >> u64(52)) | u64(0x4330000000000000)).view(f64) - 4503599627371519.0 - (54.0 if tiny else 0.0)
    f = u64((bits & u64(0xFFFFFFFFFFFFF)) + u64(0x3FE6A09E667F3BCD)).view(f64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    even = w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373))
    odd = z * (0.6666666666666735 + w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586)))
    half = 0.5 * f * f
    found = k * 0.6931471803691238 - ((half - (s * (half + (even + odd)) + k * 1.9082149292705877e-10)) - f)
    if 0.0 < x < INFINITY:
        return found
    return -INFINITY if x == 0.0 else (x if x > 0.0 else NOT_A_NUMBER)


def portable_log1p(x):
    x = f64(x)
    u = 1.0 + x
    lost = x - (u - 1.0) if x < 1.0 else 1.0 - (u - x)
    found = portable_log(u) + (lost / u if 0.0 < u < INFINITY else 0.0)
    return x if x == 0.0 else found


def portable_log2(x):
    return portable_log(x) * 1.4426950408889634


def portable_log10(x):
    return portable_log(x) * 0.4342944819032518


def portable_power(x, y):
    x, y = f64(x), f64(y)
    if x == 1.0 or y == 0.0:
        return 1.0
    if x != x or y != y:
        return NOT_A_NUMBER
    size = portable_exp(y * portable_log(abs(x)))
    if abs(x) == 1.0:
        size = 1.0  # also where y is infinite
    if x > 0.0:
        return size
    whole = abs(y) >= 9007199254740992.0 or np.floor(y) == y
    odd = whole and abs(y) < 9007199254740992.0 and np.floor(y * 0.5) != y * 0.5
    if x == 0.0:  # -0.0 keeps its sign
        return 1.0 / x if odd and y < 0.0 else (x if odd else size)
    return (-size if odd else size) if whole else (size if x == -INFINITY else NOT_A_NUMBER)


def portable_sigmoid(x):
    return 1.0 / (1.0 + portable_exp(-f64(x)))


def portable_softplus(x):
    x = f64(x)
    return portable_log1p(portable_exp(-abs(x))) + (x if x > 0.0 or x != x else 0.0)


def portable_log1mexp(x):
    x = f64(x)
    return portable_log1p(-portable_exp(x)) if x < -0.6931471805599453 else portable_log(-portable_expm1(x))


def portable_sinh(x):
    x = f64(x)
    if abs(x) > 709.0:
        root = portable_exp(0.5 * abs(x))
        return (0.5 if x > 0.0 else -0.5) * root * root
    t = portable_expm1(abs(x))
    size = 0.5 * (t + t / (t + 1.0))
    return size if x > 0.0 else (x if x == 0.0 else -size)


def portable_cosh(x):
    x = abs(f64(x))
    root = portable_exp(0.5 * x)
    if x > 709.0:
        return 0.5 * root * root
    power = portable_exp(x)
    return 0.5 * power + 0.5 / power


def portable_tanh(x):
    x = f64(x)
    t = portable_expm1(-2.0 * abs(x))
    size = -t / (t + 2.0)
    return size if x > 0.0 else (x if x == 0.0 else -size)


def portable_asinh(x):
    x = f64(x)
    a = abs(x)
    small = portable_log1p(a + a * a / (1.0 + math.sqrt(a * a + 1.0)))
    size = portable_log(a) + 0.6931471805599453 if a > 268435456.0 else small
    return size if x > 0.0 else (x if x == 0.0 else -size)


def portable_acosh(x):
    x = f64(x)
    t = x - 1.0
    small = portable_log1p(t + math.sqrt(2.0 * t + t * t))
    return NOT_A_NUMBER if x < 1.0 else (portable_log(x) + 0.6931471805599453 if x > 268435456.0 else small)


def portable_atanh(x):
    x = f64(x)
    a = abs(x)
    size = 0.5 * portable_log1p((a + a) / (1.0 - a))
    return size if x > 0.0 else (x if x == 0.0 else -size)


def sine_of_turns(x, turns):  # sin(x + turns pi / 2)
    x = f64(x)
    x = x if abs(x) < 1e6 else x % 6.283185307179586
    shifted = x * 0.6366197723675814 + 6755399441055744.0
    k = shifted - 6755399441055744.0
    r = (x - k * 1.5707963267341256) - k * 6.077100506303966e-11
    r = (r - k * 2.0222662487111665e-21) - k * 8.4784276603689e-32
    z = r * r
    a = 2.7557313707070068e-06 - z * (2.5050760253406863e-08 - z * 1.58969099521155e-10)
    a = 0.16666666666666632 - z * (0.00833333333332249 - z * (0.00019841269829857949 - z * a))
    sine = r - z * r * a
    b = 2.7557314351390663e-07 - z * (2.087572321298175e-09 - z * 1.1359647557788195e-11)
    b = 0.0416666666666666 - z * (0.001388888888887411 - z * (2.480158728947673e-05 - z * b))
    near = 1.0 - 0.5 * z
    cosine = near + (((1.0 - near) - 0.5 * z) + z * z * b)
    quarter = (f64(shifted).view(u64) + turns) & u64(3)
    size = cosine if quarter & u64(1) else sine
    return -size if quarter & u64(2) else size


def portable_sin(x):
    return sine_of_turns(x, u64(0)) if x != 0.0 else f64(x)


def portable_cos(x):
    return sine_of_turns(x, u64(1))


def portable_tan(x):
    return portable_sin(x) / sine_of_turns(x, u64(1))


def portable_atan(x):
    x = f64(x)
    size = abs(x)
    t, high, low = size, 0.0, 0.0
    if size >= 2.4375:
        t, high, low = -1.0 / size, 1.5707963267948966, 6.123233995736766e-17
    elif size >= 1.1875:
        t, high, low = (size - 1.5) / (1.0 + 1.5 * size), 0.982793723247329, 1.3903311031230998e-17
    elif size >= 0.6875:
        t, high, low = (size - 1.0) / (size + 1.0), 0.7853981633974483, 3.061616997868383e-17
    elif size >= 0.4375:
        t, high, low = (2.0 * size - 1.0) / (2.0 + size), 0.4636476090008061, 2.2698777452961687e-17
    z = t * t
    w = z * z
    a = 0.06661073137387531 + w * (0.049768779946159324 + w * 0.016285820115365782)
    a = z * (0.3333333333333293 + w * (0.14285714272503466 + w * (0.09090887133436507 + w * a)))
    b = 0.0769187620504483 + w * (0.058335701337905735 + w * 0.036531572744216916)
    b = w * (0.19999999999876483 + w * (0.11111110405462356 + w * b))
    size = high - ((t * (a - b) - low) - t)
    return size if x > 0.0 else (x if x == 0.0 else -size)


def portable_asin(x):
    x = f64(x)
    return portable_atan(x / math.sqrt((1.0 - x) * (1.0 + x)))


def portable_acos(x):
    x = f64(x)
    return 2.0 * portable_atan(math.sqrt((1.0 - x) / (1.0 + x)))


_SHARED = (expm1_near_zero, power_of_two, sine_of_turns)
_FORMS: tuple[Callable[..., Any], ...] = (
    *(portable_exp, portable_exp2, portable_expm1, portable_log, portable_log1p, portable_log2, portable_log10),
    *(portable_power, portable_sigmoid, portable_softplus, portable_log1mexp),
    *(portable_sinh, portable_cosh, portable_tanh, portable_asinh, portable_acosh, portable_atanh),
    *(portable_sin, portable_cos, portable_tan, portable_atan, portable_asin, portable_acos),
)
PORTABLE = {function.__name__: function for function in (*_SHARED, *_FORMS)}
WRITTEN_OUT = ", ".join(["sqrt", *(function.__name__.removeprefix("portable_") for function in _FORMS)])  # for people
_EXACT = {"sqrt", "isnan", "isinf"}  # the same everywhere as they are
_MISSING = {*MATH, *"digamma trigamma erfinv erfcinv erfcx".split()} - _EXACT


def portable(operation: Operation) -> Operation:
    """The operation that gives the same bytes everywhere; Unsupported where there is none."""
    name = "power" if operation is Op.POW else str(operation)
    form = f"portable_{name}"
    if form in PORTABLE:
        return form
    if name in _MISSING:
        raise Unsupported(f"the function {name}")
    return operation
