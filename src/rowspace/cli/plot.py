"""Commands that draw."""

from pathlib import Path
from typing import Annotated

import typer

import rowspace as rs
from rowspace.cli.output import show
from rowspace.cli.paths import check_picture_path
from rowspace.errors import DataError


def plot(
    source: Annotated[
        Path, typer.Argument(metavar="MODEL|TRACE", readable=False, help="Folder of a model, or the file of a trace.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Picture: .png or .svg; of a trace also .gif.")],
    cost: Annotated[bool, typer.Option("--cost", help="Of a model, draw the mean cost of each epoch.")] = False,
    title: Annotated[str | None, typer.Option(help="A title.")] = None,
) -> None:
    """Draw a model or the cost of its epochs, or the paths that a trace recorded.

    Example: rowspace plot demo/trace.tsv -o paths.gif

    Example: rowspace plot demo/airports --cost -o cost.png
    """
    traced = source.suffix in (".tsv", ".parquet") and not source.is_dir()
    if cost:
        if traced:
            raise DataError(f"{source} is a trace, which holds rows and no costs: --cost draws the folder of a model")
        check_picture_path(out)
        rs.plot_cost(rs.open(source), out, title=title)
    elif traced:
        check_picture_path(out, (".png", ".svg", ".gif"))
        rs.plot_trace(source, out, title=title)
    else:
        check_picture_path(out)
        rs.plot_table(rs.open(source).table, out, title=title)
    show(str(out))


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for what the demo makes.")] = Path("demo"),
) -> None:
    """Train six items and the US airports, with pictures.

    Example: rowspace demo --out demo
    """
    from rowspace.demo.story import run

    run(out, say=show)
