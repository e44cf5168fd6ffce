"""Options of the commands that read a text: where its sentences are, and which words it has."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer


@dataclass(frozen=True)
class SplittingOptions:
    """How a text is read, as it was given."""

    min_count: Annotated[int, typer.Option(help="Words that occur less often are left out.")] = 5
    max_vocab: Annotated[int | None, typer.Option(help="Keep so many words, the most frequent. [default: all]")] = None
    column: Annotated[
        str | None, typer.Option(help="Column of text, where the source is CSV, TSV, JSON lines or Parquet.")
    ] = None
    group: Annotated[
        str | None,
        typer.Option(help="Column of baskets or sessions, where a row has an item (--column): each is a sentence."),
    ] = None
    tokens: Annotated[
        str,
        typer.Option(
            help="whitespace: split at spaces. words: for raw text, runs of letters and digits. A mark, such as , for "
            "baskets: split there."
        ),
    ] = "whitespace"
    lower: Annotated[bool, typer.Option("--lower", help="Put words into lower case.")] = False
    errors: Annotated[str, typer.Option(help="strict, or replace: what to do with bytes that are not UTF-8.")] = (
        "strict"
    )

    def read(self, source: Any, **more: Any) -> Any:
        """The text, to be closed."""
        from rowspace.read.text import read_text

        return read_text(source, **vars(self), **more)
