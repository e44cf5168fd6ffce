"""On what a training runs: bytes are the same on the same kind of processor, with the same versions."""

import platform
import warnings
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from rowspace.errors.quoting import one_line
from rowspace.errors.warnings import Elsewhere
from rowspace.version import __version__

_LIBRARIES = ("numpy", "numba", "llvmlite", "pytensor")


@cache
def machine() -> dict[str, str]:
    """The processor that machine code is made for, with its features, and the versions of what computes.

    >>> sorted(machine())
    ['features', 'llvmlite', 'numba', 'numpy', 'processor', 'pytensor', 'python', 'rowspace']
    """
    from llvmlite import binding
    from numba.core import config

    name = config.CPU_NAME or binding.get_host_cpu_name()
    features = binding.get_host_cpu_features().flatten() if config.CPU_FEATURES is None else config.CPU_FEATURES
    on = ",".join(sorted(feature[1:] for feature in features.split(",") if feature.startswith("+")))
    versions = {library: _version(library) for library in _LIBRARIES}
    own = {"rowspace": __version__, "python": platform.python_version()}
    return {"processor": f"{platform.machine()} {name}", "features": on, **versions, **own}


def warn_if_elsewhere(before: Mapping[str, str], folder: object, *, portable: bool = False) -> None:
    """Warn where a training goes on elsewhere than it was: its bytes may become others.

    Those of one that is `portable` do not depend on the processor.
    """
    now = machine()
    compared = now.keys() - ({"processor", "features"} if portable else set())
    differ = [name for name in now if name in compared and before.get(name) != now[name]]
    if differ:
        told = "; ".join(_told(name, before.get(name, ""), now[name]) for name in differ)
        message = (
            f"the training of {folder} goes on elsewhere ({told}): what it learns is as good, and its bytes may differ "
            "in their last digits from those of a training that was never stopped"
        )
        warnings.warn(message, Elsewhere, stacklevel=6)


def _told(name: str, before: str, now: str) -> str:
    if name != "features":
        return f"{name} {now}, was {one_line(before or 'not kept')}"
    new, old = set(now.split(",")), set(before.split(","))
    more, less = one_line(", ".join(sorted(new - old))), one_line(", ".join(sorted(old - new)))
    return f"the processor has {more or 'no more features'} and lacks {less or 'none'}"


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "unknown"
