"""Functions in plain arithmetic: how close to the truth they are, at their edges too, in Python and in machine code."""

import numpy as np
import pytest

from rowspace.jit.compile import compiled, interpreted
from rowspace.kernel.emit import portable
from rowspace.kernel.emit.functions import used_functions
from rowspace.kernel.emit.scalars import Unsupported

long = np.longdouble
EXTENDED = np.finfo(long).nmant > 60  # numbers with more digits than float64 to compare with


def ranged(low, high, count=5000):
    """Numbers of every size between two."""
    return np.exp2(np.random.default_rng(0).uniform(np.log2(low), np.log2(high), count))


def both(x):
    return np.concatenate([-x[::-1], x])


def softplus(x):
    return np.log1p(np.exp(-abs(x))) + np.maximum(x, 0)


def log1mexp(x):
    return np.where(x < -0.69, np.log1p(-np.exp(np.minimum(x, 0))), np.log(-np.expm1(x)))


WIDE, NEAR = both(ranged(1e-20, 708)), both(ranged(1e-20, 0.999999))
POSITIVE = np.concatenate([ranged(1e-307, 1e308), 1 + NEAR])
# name -> the truth, where it is looked at, and the largest error in units of the last digit of float64
FUNCTIONS = {
    "exp": (np.exp, WIDE, 1.0),
    "exp2": (np.exp2, WIDE, 1.0),
    "expm1": (np.expm1, WIDE, 2.0),
    "log": (np.log, POSITIVE, 0.8),
    "log2": (np.log2, POSITIVE, 1.7),
    "log10": (np.log10, POSITIVE, 1.8),
    "log1p": (np.log1p, np.concatenate([NEAR, ranged(1, 1e300)]), 1.6),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), WIDE, 2.1),
    "softplus": (softplus, WIDE, 1.9),
    "log1mexp": (log1mexp, -ranged(1e-20, 700), 1.9),
    "sinh": (np.sinh, both(ranged(1e-20, 710.4)), 2.3),
    "cosh": (np.cosh, both(ranged(1e-20, 710.4)), 1.6),
    "tanh": (np.tanh, both(ranged(1e-20, 40)), 2.6),
    "asinh": (np.arcsinh, both(ranged(1e-300, 1e300)), 1.6),
    "acosh": (np.arccosh, 1 + ranged(1e-10, 1e300), 1.9),
    "atanh": (np.arctanh, NEAR, 2.3),
    "sin": (np.sin, both(ranged(1e-20, 1e6)), 2.2),
    "cos": (np.cos, both(ranged(1e-20, 1e6)), 2.2),
    "tan": (np.tan, both(ranged(1e-20, 1e6)), 3.2),
    "atan": (np.arctan, both(ranged(1e-20, 1e20)), 0.8),
    "asin": (np.arcsin, NEAR, 2.4),
    "acos": (np.arccos, NEAR, 1.8),
}


def loop(name, x, *more, machine_code=True):
    """A function for every number, by a loop as those are that are portable."""
    given = ", ".join(f"{letter}[n]" for letter in "xy"[: 1 + len(more)])
    body = (
        f"def kernel(x, {'y, ' if more else ''}out):\n    for n in range(len(x)):\n        out[n] = {name}({given})\n"
    )
    source, out = used_functions(body) + body, np.empty(len(x))
    run = compiled(source, strict=True) if machine_code else interpreted(source)
    run(x, *more, out)
    return out


@pytest.fixture(autouse=True)
def _without_warnings():
    with np.errstate(all="ignore"):
        yield


def off(found, truth, kind):
    """How far numbers are from the truth, in units of their last digit as numbers of a kind."""
    unit = np.spacing(abs(truth.astype(kind))).astype(long)
    return np.nanmax(abs((found.astype(kind).astype(long) - truth) / unit))


@pytest.mark.skipif(not EXTENDED, reason="long double is float64 here")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_as_close_as_is_said(name):
    truth, x, units = FUNCTIONS[name]
    found = loop(f"portable_{name}", x)
    assert off(found, truth(x.astype(long)), np.float64) < units
    x = x.astype(np.float32).astype(np.float64)  # numbers of float32, which are what rows have
    x = x[np.isfinite(x) & (x != (1 if name in ("acos", "atanh", "asin") else np.inf))]
    wanted = truth(x.astype(long))
    inside = (abs(wanted) < 3.4e38) & (abs(wanted) > 1.2e-38) | (wanted == 0)
    assert off(loop(f"portable_{name}", x)[inside], wanted[inside], np.float32) < 0.5001


EDGES = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, 1e-310, 1e300, -1e300, 1.0, -1.0, 0.5, -3.0])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_edges(name):
    x = EDGES[abs(EDGES) != 1e300] if name in ("sin", "cos", "tan") else EDGES
    wanted = FUNCTIONS[name][0](x)
    found = loop(f"portable_{name}", x)
    np.testing.assert_allclose(found, wanted, rtol=1e-14)
    numbers = ~np.isnan(wanted) & (name != "log1mexp")
    assert (np.signbit(found) == np.signbit(wanted))[numbers].all()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_python_gives_the_bytes_of_machine_code(name):
    x = np.concatenate([FUNCTIONS[name][1][::25], EDGES])
    alone = loop(f"portable_{name}", x, machine_code=False)
    np.testing.assert_array_equal(alone, loop(f"portable_{name}", x))


@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p", "sigmoid", "softplus", "tanh", "asinh", "atan"])
def test_what_grows_never_falls_as_float32(name):
    x = np.sort(FUNCTIONS[name][1]).astype(np.float32).astype(np.float64)
    found = loop(f"portable_{name}", x[np.isfinite(x)]).astype(np.float32)
    assert (found[1:] >= found[:-1]).all()


def test_powers():
    x, y = (a.ravel() for a in np.meshgrid([*EDGES, 2.0, -2.0, 1e-5, 0.999], [*EDGES, 2.0, -2.0, 7.0, 1e16, 0.75]))
    wanted = np.power(x, y)
    found = loop("portable_power", x, y)
    np.testing.assert_allclose(found, wanted, rtol=2e-13)
    assert (np.signbit(found) == np.signbit(wanted))[~np.isnan(wanted)].all()
    x, y = ranged(1e-3, 1e3), np.random.default_rng(1).uniform(-10, 10, 5000)
    found, wanted = loop("portable_power", x, y), np.power(x.astype(long), y)
    assert off(found, wanted, np.float64) < 140  # it grows with the logarithm of the result
    assert off(found, wanted, np.float32) < 0.5001


def test_what_is_exact_stays_and_what_is_not_written_out_is_refused():
    assert portable.portable("sqrt") == "sqrt"
    assert portable.portable("floor") == "floor"
    for name in ("erf", "gamma", "atan2", "digamma"):
        with pytest.raises(Unsupported, match=f"the function {name}"):
            portable.portable(name)
