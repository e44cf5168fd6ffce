"""Commands between a model and other tools' files."""

from pathlib import Path
from typing import Annotated

import typer

import rowspace as rs
from rowspace.cli.options import with_shared_options
from rowspace.cli.output import show
from rowspace.cli.paths import check_file_path, check_model_path, check_not_trained
from rowspace.cli.vectors import SpellingOptions
from rowspace.errors import DataError


def export(
    model: Annotated[Path, typer.Argument(help="Folder of a model.", readable=False)],
    file: Annotated[Path, typer.Argument(help="File to write; a folder for TensorBoard's projector.")],
    format: Annotated[
        str | None,
        typer.Option(
            help="word2vec, word2vec-binary, fasttext, projector, npy, parquet. [default: by the file's name]"
        ),
    ] = None,
    table: Annotated[str | None, typer.Option(help="Which table of the model. [default: its first]")] = None,
) -> None:
    """Write a model's vectors for another tool.

    Example: rowspace export demo/airports airports.txt
    """
    if format != "projector" and (format or file.suffix):
        check_file_path(file)
    from rowspace import formats

    opened = rs.open(model)
    if table is not None and table not in opened.tables:
        raise DataError(f"{model} has no table {table!r}; it has: {', '.join(opened.tables)}")
    chosen = opened.table if table is None else opened.tables[table]
    formats.export(chosen, file, format)
    show(f"{file}: {len(chosen):,} items, {chosen.dim} numbers each")


@with_shared_options
def import_(
    file: Annotated[Path, typer.Argument(help="Vectors of word2vec, gensim, fastText (.vec) or GloVe; .npy; Parquet.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the model; a model there is replaced.")],
    format: Annotated[
        str | None,
        typer.Option(help="word2vec, word2vec-binary, fasttext, glove, npy, parquet. [default: told by its bytes]"),
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Read only this many items, the first.")] = None,
    *,
    spelling: SpellingOptions,
) -> None:
    """Make a model of another tool's vectors.

    Example: rowspace import glove.6B.100d.txt -o glove
    """
    check_model_path(out)
    check_not_trained(out)
    from rowspace import formats

    read = formats.import_(file, format, limit, **vars(spelling))
    rs.Model({"E": read}, {"imported": file.name}).save(out)
    show(f"{out}: {len(read):,} items, {read.dim} numbers each")
