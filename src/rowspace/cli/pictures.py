"""Commands that draw."""

from pathlib import Path
from typing import Annotated

import typer

import rowspace as rs
from rowspace.cli.output import show
from rowspace.cli.paths import check_picture_path


def plot(
    source: Annotated[Path, typer.Argument(metavar="MODEL|TRACE", help="Folder of a model, or the file of a trace.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Picture: .png or .svg; of a trace also .gif.")],
    title: Annotated[str | None, typer.Option(help="A title.")] = None,
) -> None:
    """Draw a model, or the paths that a trace recorded.

    Example: rowspace plot demo/trace.tsv -o paths.gif
    """
    if source.suffix in (".tsv", ".parquet") and not source.is_dir():
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
    from rowspace.demo import run

    run(out, say=show)
