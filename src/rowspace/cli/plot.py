"""Commands that draw."""

import re
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

import rowspace as rs
from rowspace.cli.output import plain, show
from rowspace.cli.paths import check_picture_path
from rowspace.cli.vectors import vectors
from rowspace.errors import DataError, RowspaceError
from rowspace.plot import OF_TABLES, OF_TRACES
from rowspace.read.trace import TraceData
from rowspace.read.values import read_values


def plot(
    source: Annotated[
        Path,
        typer.Argument(metavar="MODEL|TRACE", readable=False, help="Folder of a model; file of vectors or of a trace."),
    ],
    out: Annotated[
        Path, typer.Option("-o", "--out", help="Picture: .png, .svg, .pdf; of items also .html, of a trace .gif.")
    ],
    cost: Annotated[bool, typer.Option("--cost", help="Of a model, draw the mean cost of each epoch.")] = False,
    title: Annotated[str | None, typer.Option(help="Title above the picture.")] = None,
    label: Annotated[
        list[str] | None, typer.Option(metavar="ITEM", help="Of a model, name this item only; give it again for more.")
    ] = None,
    items: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Of a model, draw only the items in this file, one a line.")
    ] = None,
    color: Annotated[
        str | None,
        typer.Option(
            metavar="FILE[:COLUMN]|clusters[:N]",
            help="Of a model, colour by a file with items in its first column and values in COLUMN, or the second, "
            "or by N clusters.",
        ),
    ] = None,
    layout: Annotated[
        str, typer.Option(metavar="pca|umap", help="Of a model, how its vectors become points of a plane.")
    ] = "pca",
) -> None:
    """Draw a model or the cost of its epochs, or the paths that a trace recorded.

    Example: rowspace plot demo/trace.tsv -o paths.gif

    Example: rowspace plot demo/airports --cost -o cost.png

    Example: rowspace plot demo/airports --label JFK --label LAX -o airports.pdf

    Example: rowspace plot demo/airports --color airports.csv:state -o states.png
    """
    of_items = {"--label": label, "--items": items, "--color": color, "--layout": layout != "pca"}
    if cost:
        _refuse(of_items, "the costs of epochs")
        if source.is_file():
            raise DataError(f"{source} is a file, which holds rows and no costs: --cost draws the folder of a model")
        check_picture_path(out)
        rs.plot_cost(rs.open(source), out, title=title)
    elif isinstance(read := _read(source, out), TraceData):
        _refuse(of_items, f"{source}, which is a trace")
        rs.plot_trace(read, out, title=title)
    else:
        names = None if items is None else _lines(items)
        named, colors = (None, None) if color is None else _colors(color, read.table)
        style: dict[str, Any] = {"color": colors, "color_label": named, "layout": layout, "title": title}
        rs.plot_table(read.table, out, items=names, labels=label or None, **style)
    show(str(out))


def _read(source: Path, out: Path) -> "TraceData | rs.Model":
    """The trace or the vectors that are drawn; a file of either kind is read once."""
    may_be_trace = source.suffix in (".tsv", ".parquet") and not source.is_dir()
    check_picture_path(out, OF_TRACES if may_be_trace else OF_TABLES)
    if not may_be_trace:
        return vectors(source)
    try:
        return rs.read_trace(source)
    except DataError:
        if source.suffix == ".parquet" and source.exists():
            with suppress(RowspaceError):
                return vectors(source)
        raise  # what is wrong with it as a trace


def _refuse(of_items: dict[str, Any], drawn: str) -> None:
    """Refuse what was asked of the items of a model, where something else is drawn."""
    for option in (option for option, value in of_items.items() if value):
        raise DataError(f"{option} is for a picture of a model's items, not of {drawn}; leave it out")


def _colors(color: str, table: rs.Table) -> tuple[str | None, Any]:
    """What the values are called, and those of a file by item, or the word that asks for clusters."""
    if not Path(color).exists() and re.match("clusters(:|$)", color):
        return None, color
    file, column = (color, None) if Path(color).exists() else _split(color)
    if table.names is not None:
        return read_values(file, column, known=table.__contains__)
    label, values = read_values(file, column, known=str.isdecimal)
    return label, {int(item): value for item, value in values.items() if item.isdecimal()}


def _split(color: str) -> tuple[str, str | None]:
    """File and column; of a file that is not there all of it, for an error to show."""
    file, mark, column = color.rpartition(":")
    return (file, column) if mark and Path(file).exists() else (color, None)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise DataError(f"{path} is no text in UTF-8; give a file with an item a line") from None


def demo(
    what: Annotated[
        str | None, typer.Argument(metavar="words", help="Train the words of Jane Austen's novels instead.")
    ] = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for what the demo makes.")] = Path("demo"),
) -> None:
    """Train six items and the US airports, with pictures.

    Example: rowspace demo -o demo

    Example: rowspace demo words
    """
    if what not in (None, "words"):
        raise DataError(f"there is no demo {plain(what)!r}; leave it out, or give words")
    from rowspace.demo.story import run, run_words

    (run if what is None else run_words)(out, say=show)
