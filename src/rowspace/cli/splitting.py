"""Options of the commands that read a text: where its sentences are, and which words it has."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from rowspace.cli.output import note
from rowspace.errors.quoting import quoted

FREQUENT = 10_000  # words that are looked at for marks at their end
MARKS = ".,;:!?"


@dataclass(frozen=True)
class SplittingOptions:
    """How a text is read, as it was given."""

    min_count: Annotated[int, typer.Option(help="Words that occur less often are left out.")] = 5
    max_vocab: Annotated[
        int | None, typer.Option(help="Keep only this many words, the most frequent. [default: all]")
    ] = None
    column: Annotated[
        str | None, typer.Option(help="Column of text, where the source is CSV, TSV, JSON lines or Parquet.")
    ] = None
    group: Annotated[
        str | None,
        typer.Option(
            help="Column of baskets or sessions, in a table with one item (--column) a row: each is a sentence."
        ),
    ] = None
    tokens: Annotated[
        str,
        typer.Option(
            help="How a line becomes words. whitespace: split at spaces. words: only runs of letters and digits, for "
            "raw text. A mark, such as , for baskets: split there."
        ),
    ] = "whitespace"
    lower: Annotated[bool, typer.Option("--lower", help="Put words into lower case.")] = False
    errors: Annotated[
        str,
        typer.Option(help="What to do with bytes that are not UTF-8: strict refuses them, replace puts a mark there."),
    ] = "strict"

    def read(self, source: Any, **more: Any) -> Any:
        """The text, to be closed."""
        from rowspace.read.text import read_text

        return read_text(source, **vars(self), **more)

    def advise(self, names: list[str]) -> None:
        """Say what would read the words that were kept better."""
        line = marks_line(names) if self.tokens == "whitespace" else None
        if line:
            note(line)


def marks_line(names: list[str]) -> str | None:
    """What to say where many words are there twice, with a mark at their end and without.

    >>> marks_line(["cat", "cat.", "hat", "hat,", "mat", "mat."])
    "'cat.' and 'cat' are two words here, and 2 pairs more like them: --tokens words splits at marks"
    >>> marks_line(["cat", "cat.", "hat"])
    """
    some = names[:FREQUENT]
    known = set(some)
    marked = [name for name in some if name[-1:] in MARKS and name[:-1] in known]
    if len(marked) < max(3, 0.02 * len(some)):
        return None
    pair = f"{quoted(marked[0])} and {quoted(marked[0][:-1])}"
    return f"{pair} are two words here, and {len(marked) - 1:,} pairs more like them: --tokens words splits at marks"
