"""Source of a kernel -> machine code, kept in the user's cache folder; or -> a plain Python function."""

import hashlib
import inspect
import math
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from rowspace.interrupts import interrupts_deferred

# Sums may be reordered, which is what makes them vectorise, and divisions shared; NaN and infinity keep their meaning.
FAST_MATH = {"reassoc", "contract", "arcp", "nsz"}

_NAMES = {
    "math": math,
    "np": np,
    "f32": np.float32,
    "f64": np.float64,
    "i64": np.int64,
    "uintp": np.uintp,
    "uint64": np.uint64,
    "load_acquire": lambda array, place: array[place],
    "store_release": lambda array, place, value: array.__setitem__(place, value),
    "pause": lambda: None,
    "prefetch": lambda table, row, k: None,
    "INFINITY": math.inf,
    "NOT_A_NUMBER": math.nan,
}


_FIRST = threading.RLock()  # one thread compiles, the others wait


def compiled(source: str, entry: str = "kernel") -> Callable[..., Any]:
    """A function of `source` as machine code: released from the interpreter's lock, cached on disk."""
    import numba

    from rowspace import atomics

    path = _written(source)
    module = ModuleType(f"rowspace_{path.stem}")
    module.__dict__.update(_NAMES, **atomics.INTRINSICS)
    sys.modules[module.__name__] = module  # where Numba looks when it reads the machine code back
    exec(compile(source, str(path), "exec"), module.__dict__)
    options = {"nogil": True, "error_model": "numpy", "fastmath": FAST_MATH}
    for name, function in list(vars(module).items()):
        if getattr(function, "__module__", "") == module.__name__ and name != entry:
            setattr(module, name, numba.njit(**options)(function))
    kernel = numba.njit(cache=path.exists(), **options)(getattr(module, entry))

    def run(*arguments: Any) -> Any:
        if not kernel.overloads:
            with _FIRST, interrupts_deferred():
                _read_back(kernel, arguments)
                if not kernel.overloads:
                    kernel.compile(tuple(numba.typeof(a) for a in arguments))
        return kernel(*arguments)

    return run


@cache
def compiled_loop(*functions: Callable[..., Any]) -> Callable[..., Any]:
    """The last of these functions as machine code: they call each other, and otherwise know the names above only."""
    return compiled("\n\n".join(map(inspect.getsource, functions)), functions[-1].__name__)


def _read_back(kernel: Any, arguments: tuple[Any, ...]) -> None:
    """Take machine code from the cache, if it is there, without what Numba needs only to compile.

    Numba imports its implementations of Python and NumPy before it looks at the cache, which takes ten times as long
    as reading. Its runtime alone is enough to run; where its inside is not as expected, it does as it always does.
    """
    if kernel.overloads:
        return
    try:
        import numba
        from numba.core.compiler_lock import global_compiler_lock
        from numba.core.runtime import rtsys

        signature = tuple(numba.typeof(a) for a in arguments)
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
    names: dict[str, Any] = {**_NAMES, "math": _numpy_math()}
    exec(source, names)

    def run(*arguments: Any) -> Any:
        with np.errstate(all="ignore"):  # as machine code, which has no warnings
            return names["kernel"](*arguments)

    return run


def cache_folder() -> Path:
    """Where kernels are kept: ROWSPACE_CACHE, or `rowspace` in the user's cache folder."""
    given = os.environ.get("ROWSPACE_CACHE")
    if given:
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "rowspace" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "rowspace"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rowspace"


def _written(source: str) -> Path:
    """The source as a file, where Numba keeps the machine code beside it; a path that does not exist if none can be."""
    name = "kernel_" + hashlib.sha256(source.encode()).hexdigest()[:24]
    folder = cache_folder()
    path = folder / f"{name}.py"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != source:
            with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=folder, delete=False, suffix=".part") as part:
                part.write(source)
            os.replace(part.name, path)
    except OSError:  # a read-only home: compile anew each time
        return Path(f"<rowspace {name}>")
    return path


def _numpy_math() -> SimpleNamespace:
    """`math` as machine code has it: float32 stays float32, and overflow is infinity rather than an exception."""
    alike = ("exp", "expm1", "log", "log2", "log10", "log1p", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh")
    one = {n: getattr(np, n) for n in alike}
    turned = {
        **{n: getattr(np, "arc" + n[1:]) for n in ("asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh")},
        **{n: getattr(np, n) for n in ("isnan", "isinf", "isfinite", "floor", "ceil")},
        **{f.__name__: _same_type(f) for f in (math.erf, math.erfc, math.lgamma)},
    }
    return SimpleNamespace(**one, **turned)


def _same_type(function: Callable[[Any], float]) -> Callable[[Any], Any]:
    return lambda x: type(x)(function(x))
