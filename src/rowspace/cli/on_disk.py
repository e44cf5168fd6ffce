"""`--table-on-disk` and `--memory` of the commands that train."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from rowspace.system.siblings import temporary_folder

TableOnDisk = Annotated[
    bool, typer.Option("--table-on-disk", help="Keep tables on disk, beside the model: for those larger than memory.")
]
Memory = Annotated[
    str | None,
    typer.Option(help="With --table-on-disk: how much memory to take, such as '2 GB'. [default: half of what is free]"),
]


@contextmanager
def tables_in(out: Path, on_disk: bool, memory: str | None) -> Iterator[dict[str, Any]]:
    """The options of the library, with a folder for tables beside the model that lasts as long as the block."""
    if not on_disk:
        yield {}
        return
    from rowspace.system.memory import memory_limit

    memory_limit(memory)
    with temporary_folder(Path(os.path.realpath(out)), "tables") as folder:
        yield {"table_on_disk": folder, "memory": memory}
