"""Source of a kernel -> machine code, kept in the user's cache folder; or -> a plain Python function."""

import contextlib
import functools
import hashlib
import inspect
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FunctionType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from rowspace.jit import cache
from rowspace.jit.names import NAMES
from rowspace.system.interrupts import interrupts_deferred

# Sums may be reordered, which is what makes them vectorise, and divisions shared; NaN and infinity keep their meaning.
FAST_MATH = {"reassoc", "contract", "arcp", "nsz"}

_FIRST = threading.RLock()  # one thread compiles, the others wait


def compiled(source: str, entry: str = "kernel", *, strict: bool = False, bounds: bool = False) -> Callable[..., Any]:
    """A function of `source` as machine code: released from the interpreter's lock, cached on disk.

    If it is `strict`, numbers are reckoned in the order of the source, every step rounded, and nothing is fused: the
    same on every processor. With `bounds` it raises IndexError where it would read or write beyond an array, for tests,
    and is not cached.
    """
    path, options = Path("<checked>") if bounds else _written(source, strict), _options(strict, bounds)
    module = ModuleType(f"rowspace_{path.stem}")
    sys.modules[module.__name__] = module  # where Numba looks when it reads the machine code back
    module.__dict__.update(_names())
    exec(compile(source, str(path), "exec"), module.__dict__)
    function = getattr(module, entry)
    module.__dict__.update(_called(module, function.__code__, (strict, bounds)))
    kernel = _jitted(function, path, options)

    def run(*arguments: Any) -> Any:
        if not kernel.overloads:
            with _FIRST, interrupts_deferred():
                if not kernel.overloads:
                    _ready(kernel, arguments)
        return kernel(*arguments)

    return run


def _called(module: ModuleType, caller: CodeType, how: tuple[bool, bool]) -> dict[str, Any]:
    """The functions of a source that one of them calls, by name, as Numba's dispatchers."""
    called = {}
    for name in caller.co_names:
        function = getattr(module, name, None)
        if isinstance(function, FunctionType) and function.__module__ == module.__name__:
            code = function.__code__
            plain = code.replace(co_firstlineno=1, co_filename="<rowspace>")
            inside = tuple(_called(module, code, how).items())
            called[name] = _dispatcher(plain, inside, _constants(module, code), how)
    return called


def _constants(module: ModuleType, code: CodeType) -> tuple[tuple[str, type, str, Any], ...]:
    """What a function reads beside functions and the names every source knows; with texts, for -0.0 is equal to 0.0."""
    values = {name: vars(module)[name] for name in code.co_names if name in vars(module) and name not in _names()}
    return tuple((n, type(v), repr(v), v) for n, v in values.items() if not isinstance(v, FunctionType))


@functools.cache
def _dispatcher(code: CodeType, called: tuple[Any, ...], constants: tuple[Any, ...], how: tuple[bool, bool]) -> Any:
    """One function that loops call, with what it reads itself: every loop that has it shares its machine code."""
    import numba

    values = {name: value for name, *_, value in constants}
    return numba.njit(**_options(*how))(FunctionType(code, {**_names(), **values, **dict(called)}))


@functools.cache
def _names() -> dict[str, Any]:
    """What every source knows beside its own functions."""
    from rowspace.jit import intrinsics

    return {**NAMES, **intrinsics.INTRINSICS}


def _options(strict: bool, bounds: bool) -> dict[str, Any]:
    fast = False if strict else FAST_MATH
    return {"nogil": True, "error_model": "numpy", "fastmath": fast, "boundscheck": bounds}


@functools.cache
def compiled_loop(*functions: Callable[..., Any]) -> Callable[..., Any]:
    """The last of these functions as machine code: they call each other, and otherwise know the names above only."""
    return compiled("\n\n".join(map(inspect.getsource, functions)), functions[-1].__name__)


def _read_back(kernel: Any, signature: tuple[Any, ...]) -> None:
    """Take machine code from the cache, if it is there, without what Numba needs only to compile.

    Numba imports its implementations of Python and NumPy before it looks at the cache, which takes ten times as long
    as reading. Its runtime alone is enough to run; where its inside is not as expected, it does as it always does.
    """
    try:
        from numba.core.compiler_lock import global_compiler_lock
        from numba.core.runtime import rtsys

        context = kernel.targetctx
        with global_compiler_lock:
            context.refresh = lambda: rtsys.initialize(context)
            try:
                found = kernel._cache.load_overload(signature, context)
            finally:
                del context.refresh
        if found is not None:
            kernel.add_overload(found)
    except (ImportError, AttributeError, TypeError, ValueError, OSError):
        return


def interpreted(source: str) -> Callable[..., Any]:
    """The function `kernel` of `source` run by Python itself: slow, and without compiling."""
    names: dict[str, Any] = {**NAMES, "math": _numpy_math()}
    exec(source, names)

    def run(*arguments: Any) -> Any:
        with np.errstate(all="ignore"):  # as machine code, which has no warnings
            return names["kernel"](*arguments)

    return run


def _written(source: str, strict: bool) -> Path:
    """The source as a file, where Numba keeps the machine code beside it; a path that does not exist if none can be."""
    name = ("strict_" if strict else "kernel_") + hashlib.sha256(source.encode()).hexdigest()[:24]
    path = cache.cache_folder() / f"{name}.py"
    if cache.read(path.name) == source:
        return path
    return cache.keep(path.name, source) or Path(f"<rowspace {name}>")


def _jitted(function: Callable[..., Any], path: Path, options: dict[str, Any]) -> Any:
    """Numba's dispatcher, with a cache where the source has a file and its folder is to be trusted."""
    import numba

    if path.exists():
        with contextlib.suppress(RuntimeError):  # Numba found no place for a cache
            kernel = numba.njit(cache=True, **options)(function)
            if cache.trusted(_code(kernel), path.stem):
                return kernel
    return numba.njit(**options)(function)


def _code(kernel: Any) -> Path:
    """The folder of a kernel's machine code: beside its source, or where NUMBA_CACHE_DIR says."""
    return Path(kernel.stats.cache_path)


def _ready(kernel: Any, arguments: tuple[Any, ...]) -> None:
    """Machine code for such arguments, from the cache or compiled."""
    signature = _signature(arguments)
    try:
        _read_back(kernel, signature)
        if not kernel.overloads:
            kernel.compile(signature)
    except Exception:
        if kernel.overloads:  # compiled, but a full disk did not keep it
            return
        if not _discarded(kernel):
            raise
        kernel.compile(signature)  # what was in the cache was damaged


def _discarded(kernel: Any) -> bool:
    """Remove what the cache has of a kernel; whether there was any."""
    if kernel.stats.cache_path is None:
        return False
    stem = Path(kernel.py_func.__code__.co_filename).stem
    left = list(_code(kernel).glob(f"{stem}.*"))
    for path in left:
        path.unlink(missing_ok=True)
    return bool(left)


def _signature(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    import numba

    return tuple(numba.typeof(a) for a in arguments)


def _numpy_math() -> SimpleNamespace:
    """`math` as machine code has it: float32 stays float32, and overflow is infinity rather than an exception."""
    from scipy import special

    alike = ("exp", "expm1", "log", "log2", "log10", "log1p", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh")
    one = {n: getattr(np, n) for n in alike}
    turned = {
        **{n: getattr(np, "arc" + n[1:]) for n in ("asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh")},
        **{n: getattr(np, n) for n in ("isnan", "isinf", "isfinite")},
        **{"erf": special.erf, "erfc": special.erfc, "lgamma": special.gammaln, "gamma": special.gamma},
    }
    return SimpleNamespace(**one, **turned)
