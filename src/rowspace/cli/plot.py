"""Commands that draw."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

import rowspace as rs
from rowspace.cli.ask import vectors
from rowspace.cli.output import show
from rowspace.cli.paths import check_picture_path
from rowspace.errors import DataError, RowspaceError
from rowspace.plot import PICTURES


def plot(
    source: Annotated[
        Path,
        typer.Argument(metavar="MODEL|TRACE", readable=False, help="Folder of a model; file of vectors or of a trace."),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Picture: .png, .svg, .pdf; of a trace also .gif.")],
    cost: Annotated[bool, typer.Option("--cost", help="Of a model, draw the mean cost of each epoch.")] = False,
    title: Annotated[str | None, typer.Option(help="A title.")] = None,
    label: Annotated[
        list[str] | None, typer.Option(metavar="ITEM", help="Of a model, label this item, and those given likewise.")
    ] = None,
    items: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Of a model, draw the items of this file, one a line.")
    ] = None,
) -> None:
    """Draw a model or the cost of its epochs, or the paths that a trace recorded.

    Example: rowspace plot demo/trace.tsv -o paths.gif

    Example: rowspace plot demo/airports --cost -o cost.png

    Example: rowspace plot demo/airports --label JFK --label LAX -o airports.pdf
    """
    traced = source.suffix in (".tsv", ".parquet") and not source.is_dir() and not _are_vectors(source)
    if (label or items) and (cost or traced):
        raise DataError("--label and --items are for a picture of a model's items; leave them out")
    if cost:
        if not source.is_dir() and source.exists():
            kind = "a trace" if traced else "a file of vectors"
            raise DataError(f"{source} is {kind}, which holds rows and no costs: --cost draws the folder of a model")
        check_picture_path(out)
        rs.plot_cost(rs.open(source), out, title=title)
    elif traced:
        check_picture_path(out, (*PICTURES, ".gif"))
        rs.plot_trace(source, out, title=title)
    else:
        check_picture_path(out)
        names = None if items is None else _lines(items)
        rs.plot_table(vectors(source).table, out, items=names, labels=label or None, title=title)
    show(str(out))


def _are_vectors(file: Path) -> bool:
    """Whether a Parquet file has vectors, not the rows of a trace."""
    if file.suffix != ".parquet" or not file.exists():
        return False
    try:
        rs.read_trace(file)
        return False
    except DataError:
        with suppress(RowspaceError):
            return bool(len(vectors(file)))
        return False  # what is wrong with it as a trace is told


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise DataError(f"{path} is no text in UTF-8; give a file with an item a line") from None


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for what the demo makes.")] = Path("demo"),
) -> None:
    """Train six items and the US airports, with pictures.

    Example: rowspace demo --out demo
    """
    from rowspace.demo.story import run

    run(out, say=show)
