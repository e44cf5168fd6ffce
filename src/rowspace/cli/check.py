"""`rowspace check`: whether models are as they were written."""

from pathlib import Path
from typing import Annotated, Any

import typer

import rowspace as rs
from rowspace.cli.output import note_error, plain, show
from rowspace.errors import RowspaceError


def check(
    models: Annotated[list[Path], typer.Argument(metavar="MODEL...", help="Folders of models.", readable=False)],
) -> None:
    """Compare every file of models with the checksum kept when it was written.

    Example: rowspace check demo/airports demo/flights
    """
    whole = [_is_whole(model) for model in models]
    if not all(whole):
        raise typer.Exit(1)


def _is_whole(model: Path) -> bool:
    from rowspace.model.integrity import Summary

    try:
        rs.open(model, check=True)
        show(f"{plain(model)}: {_sentence(Summary.of(model))}")
    except (RowspaceError, OSError, MemoryError) as error:
        note_error(error)
        return False
    return True


def _sentence(summary: Any) -> str:
    from rowspace.errors.quoting import bytes_text

    files = f"{summary.files} files, {bytes_text(summary.bytes)}"
    if not summary.unrecorded:
        return f"{files}, as written"
    names = ", ".join(summary.unrecorded)
    return f"{files}; there is no checksum of {names}, as written by an earlier rowspace or opened for writing"
