"""The user's own folder for kernels. What is read from it is run, so it is used only where nobody else can write.

Numba keeps machine code there in files that are pickles, and kernel/source_cache.py the sources of loops.
"""

import contextlib
import os
import stat
import sys
import tempfile
from pathlib import Path

from rowspace.errors import Uncached

_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_warned: set[Path] = set()


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


def read(name: str) -> str | None:
    """The text of a file in the cache folder; None if it is not there or not to be trusted."""
    folder = _usable()
    if folder is None or not trusted(folder / name):
        return None
    try:
        return (folder / name).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


def keep(name: str, text: str) -> Path | None:
    """Write a file into the cache folder, for the user's eyes only; None where that cannot be done."""
    folder = _usable()
    if folder is None:
        return None
    part = None
    try:
        # made by mkstemp: mode 0600
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=folder, delete=False, suffix=".part") as out:
            part = out.name
            out.write(text)
        os.replace(part, folder / name)
    except OSError:  # a full disk, a folder that cannot be written: compile anew each time
        if part is not None:
            with contextlib.suppress(OSError):
                os.unlink(part)
        return None
    return folder / name


def trusted(path: Path, stem: str = "") -> bool:
    """Whether nobody else could have written a file or folder, or, in a folder, what begins with `stem`.

    It warns, once for each path, where others could; what is not there is trusted.
    """
    within = [path]
    try:
        if path.is_dir() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):  # others may come in
            within += sorted(path.glob(f"{stem}*")) if stem else []
    except OSError:
        return False
    for each in within:
        why = _open_to(each)
        if why is not None:
            _warn(each, why)
            return False
    return True


def _usable() -> Path | None:
    """The cache folder, made if need be; None where it cannot be made or is not to be trusted."""
    folder = cache_folder()
    code = folder / "__pycache__"  # where Numba puts machine code
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not trusted(folder):
            return None
        code.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return None
    return folder


def _open_to(path: Path) -> str | None:
    """Who else may have written a path, or None."""
    if not hasattr(os, "geteuid"):
        return None  # Windows: the user's profile is the user's own
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"cannot be looked at ({error.strerror})"
    if status.st_uid not in (os.geteuid(), 0):
        return f"belongs to user {status.st_uid}, not to you"
    if status.st_mode & _OTHERS:
        return "can be written by others"
    return None


def _warn(path: Path, why: str) -> None:
    if path not in _warned:
        _warned.add(path)
        Uncached.warn(str(path), why)
