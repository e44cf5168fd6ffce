"""Options of the commands that read pairs: which columns there are, and which of them are items, labels and weights."""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from rowspace.cli.output import plain
from rowspace.read.roles import GROUP, shell_word
from rowspace.read.tabular import NUMBERS

_LABEL = re.compile(r"(?i)label|target|is_\w+|same|match\w*|duplicate\w*")
SHOWN = 10  # columns that are not used


@dataclass(frozen=True)
class ReadingOptions:
    """How a file of pairs is read, as it was given."""

    left: Annotated[str | None, typer.Option(help="Column of the first item. [default: the first column]")] = None
    right: Annotated[str | None, typer.Option(help="Column of the second item. [default: the next column]")] = None
    label: Annotated[str | None, typer.Option(help="Column of labels: 1 for the same, 0 for different.")] = None
    weight: Annotated[str | None, typer.Option(help="Column of weights: how often or how much a pair counts.")] = None
    header: Annotated[
        bool | None,
        typer.Option(
            "--header/--no-header",
            help="Whether the first line names the columns; where none does, they are called 1, 2, 3. "
            "[default: it does; one that looks like a row is refused]",
        ),
    ] = None
    columns: Annotated[
        str | None,
        typer.Option(help="Names of all columns of a file without a header, such as left,right,weight."),
    ] = None
    delimiter: Annotated[
        str | None, typer.Option(help="What stands between fields. [default: told by the first rows]")
    ] = None

    group: Annotated[
        str | None,
        typer.Option(help="Column of baskets or sessions: pairs are made of the items (--left) of each."),
    ] = None
    within: Annotated[
        int | None,
        typer.Option(help="With --group: pairs only of items at most this many rows apart. [default: all of a group]"),
    ] = None

    two_kinds: Annotated[
        bool | None,
        typer.Option(
            "--two-kinds/--one-kind",
            help="Whether the two columns hold two kinds of items, such as users and films: then a 1 in each makes two "
            "items, 'user 1' and 'film 1'. [default: one kind; numbers that look like two are refused]",
        ),
    ] = None

    def read(self, file: str) -> Any:
        """The pairs of a file."""
        from rowspace.errors.warnings import UnusedColumn
        from rowspace.read.pairs import read_pairs

        columns = None if self.columns is None else self.columns.split(",")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnusedColumn)  # `unused_line` says it, too
            return read_pairs(file, **{**vars(self), "columns": columns})

    def told(self, pairs: Any) -> Iterator[str]:
        """What is worth knowing of pairs that were read, a line each."""
        if pairs.unused:
            yield unused_line(pairs.unused, pairs.columns)
        line = group_line(pairs.columns) if self.left is None else None
        if line:
            yield line
        if len(pairs) > 1 and pairs.counts[0] == 1:  # of the most frequent item
            yield "no item is in two pairs, so there is little to learn: are these the columns of the items?"


def group_line(columns: dict[str, str]) -> str | None:
    """What to say where the left items are called as baskets or sessions are.

    >>> group_line({"left": "order_id", "right": "product"})
    'order_id: baskets or sessions? --group order_id makes pairs of the items of each'
    """
    left = columns["left"]
    if "group" in columns or not GROUP.fullmatch(left):
        return None
    return f"{plain(left)}: baskets or sessions? --group {shell_word(left)} makes pairs of the items of each"


def unused_line(unused: dict[str, str], used: dict[str, str]) -> str:
    """The columns that are not used, and what they could be, where that can be guessed.

    >>> unused_line({"times": "numbers", "city": "text"}, {"left": "a", "right": "b"})
    'columns not used: times (numbers: a weight? --weight times), city'
    """
    numbers = [name for name, kind in unused.items() if kind == NUMBERS]
    told = len(numbers) == 1 and "label" not in used and "weight" not in used
    shown = [_hinted(name) if told and name in numbers else plain(name) for name in list(unused)[:SHOWN]]
    return f"columns not used: {', '.join(shown)}" + f" and {len(unused) - SHOWN} more" * (len(unused) > SHOWN)


def _hinted(name: str) -> str:
    role = "label" if _LABEL.fullmatch(name) else "weight"
    return f"{plain(name)} (numbers: a {role}? --{role} {shell_word(name)})"
