"""The folder of a model, or another tool's file of vectors, opened: what commands ask about."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

import rowspace as rs
from rowspace.errors import DataError

MODEL = "Folder of a model, or a file of vectors: word2vec, fastText's .vec, GloVe, .npy or Parquet."


@dataclass(frozen=True)
class SpellingOptions:
    """How the names in a file of vectors are written, as it was given."""

    encoding: Annotated[
        str | None,
        typer.Option(help="Of a file of vectors: the encoding of names, such as latin-1. [default: UTF-8]"),
    ] = None
    errors: Annotated[
        str | None,
        typer.Option(
            help="Of a file of vectors, what to do with bytes that are not text: replace puts a mark there, "
            "backslashreplace writes their codes. [default: strict, which refuses them]"
        ),
    ] = None

    def open(self, path: Path) -> "rs.Model":
        """As `vectors`; DataError for options given where they have no effect."""
        for name in (name for name, value in vars(self).items() if value is not None and path.is_dir()):
            raise DataError(f"--{name} is for a file of vectors, and {path} is a folder; leave it out")
        return vectors(path, **vars(self))


def vectors(path: Path, **spelling: str | None) -> "rs.Model":  # in quotes, or all commands would import what it needs
    """A model's folder, mapped; or a file of vectors, read."""
    if not path.is_file():
        return rs.open(path)
    from rowspace.formats import import_

    return rs.Model(import_(path, None, None, **spelling))
