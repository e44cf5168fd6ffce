"""What people keep in a model's folder beside the model's own files goes with it when it is replaced."""

import os
import shutil
from pathlib import Path
from typing import Any


def carry_over(old: Path, new: Path, ours: set[str]) -> None:
    """Bring all that is in the folder `old`, but the names `ours`, into `new`; links stay links.

    Files get a second name rather than a copy, where the file system can do so.

    Raises:
        OSError: if something cannot be brought over.
    """
    met: list[OSError] = []

    def bring(source: Any, target: Any) -> None:
        try:
            os.link(source, target)
        except OSError:
            try:
                shutil.copy2(source, target)
            except OSError as error:
                met.append(error)
                raise

    ignore = lambda inside, _: ours if Path(inside) == old else set()
    try:
        shutil.copytree(old, new, symlinks=True, dirs_exist_ok=True, ignore=ignore, copy_function=bring)
    except shutil.Error:
        if met:
            raise met[0] from None  # which says that a disk is full; shutil's own says what it met in passing
        raise
