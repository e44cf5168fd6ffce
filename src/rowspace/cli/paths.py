"""What can be known about an output before the work is done."""

import errno
import os
from pathlib import Path
from typing import Any

import rowspace as rs
from rowspace.errors import DataError, ModelError
from rowspace.plot import PICTURES
from rowspace.system.lock import saved, trained
from rowspace.system.siblings import lock_path, put_back, remove_leftovers


def check_model_path(folder: Path) -> None:
    """Refuse a folder that a model could not be saved to: one that holds something else, or cannot be written."""
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists():
        try:
            rs.open(folder)
        except ModelError as error:
            raise ModelError(f"{error}; it is not overwritten: choose another folder") from None
    _check_parent(folder)


def check_file_path(path: Path) -> None:
    """Refuse a file in a folder that is not there, or a folder in its place."""
    if path.is_dir():
        raise DataError(f"cannot write {path}: it is a folder; give a file")
    if not path.absolute().parent.is_dir():
        raise DataError(f"cannot write {path}: there is no folder {path.parent}")


def claim(folder: Path, context: Any) -> None:
    """Check a model's folder as `check_model_path` does, and keep other trainers out of it until the command ends.

    What a killed run left beside it is removed, or put back.
    """
    check_model_path(folder)
    path = Path(os.path.realpath(folder))
    path.parent.mkdir(parents=True, exist_ok=True)
    context.with_resource(trained(path, folder))
    put_back(path)
    remove_leftovers(path)


def check_not_trained(folder: Path) -> None:
    """Refuse a folder that another process trains a model into, before it turns out when the work is done."""
    path = Path(os.path.realpath(folder))
    if lock_path(path).exists():
        with saved(path, folder):
            pass


def check_picture_path(path: Path | None, suffixes: tuple[str, ...] = PICTURES) -> None:
    """Refuse a picture of an unknown kind, or one in a folder that is not there."""
    if path is None:
        return
    if path.suffix.lower() not in suffixes:
        raise DataError(f"cannot draw {path}: this picture is written as {', '.join(suffixes)}")
    check_file_path(path)


def _check_parent(path: Path) -> None:
    there = next(parent for parent in path.absolute().parents if parent.exists())
    if not there.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "Not a directory", str(there))
    if hasattr(os, "statvfs") and os.statvfs(there).f_flag & os.ST_RDONLY:
        raise OSError(errno.EROFS, "Read-only file system", str(there))
    if not os.access(there, os.W_OK):
        raise PermissionError(errno.EACCES, "Permission denied", str(there))
