"""A file of a folder: there, a plain file, and not led out of the folder by a link."""

import stat
from pathlib import Path

from rowspace.errors import ModelError


def size_inside(folder: Path, name: str) -> int:
    """The size of a file in a folder, without opening it.

    Raises:
        ModelError: if it is a link that leads out of the folder, or a pipe, a device or a folder.
        FileNotFoundError: if it is not there.
    """
    path = folder / name
    try:
        target = path.resolve(strict=True)
        status = target.stat()
    except FileNotFoundError:
        raise
    except (OSError, RuntimeError) as error:  # links in a circle
        if isinstance(error, (PermissionError, NotADirectoryError)):
            raise
        raise ModelError(f"{path} leads nowhere: {error}") from None
    if not target.is_relative_to(folder.resolve()):
        raise ModelError(f"{path} is a link to {target}, outside the model's folder; put the file itself there")
    if not stat.S_ISREG(status.st_mode):
        raise ModelError(f"{path} is not a file; copy the folder again")
    return status.st_size
