"""What the questions to a model share: what is asked, about which items, and how the answers look."""

from pathlib import Path
from typing import Any

import rowspace as rs
from rowspace.cli.output import columns, plain
from rowspace.errors import DataError, UnknownItem
from rowspace.model.queries import Queries

MODEL = "Folder of a model, or a file of vectors: word2vec, fastText's .vec, GloVe, .npy or Parquet."


def vectors(path: Path) -> Queries:
    """A model's folder, mapped; or a file of vectors, read."""
    if not path.is_file():
        return rs.open(path)
    from rowspace.formats import import_

    return Queries(import_(path))


def key_of(model: Queries, item: str) -> Any:
    """An item as the model knows it: a name, or a row number where there are no names."""
    if model.table.names is not None:
        return item
    try:
        return int(item)
    except ValueError:
        rows = f"row numbers from 0 to {len(model) - 1}"
        raise UnknownItem(f"item {plain(item)} is not in the model: its items have no names, only {rows}") from None


def check_number(number: int) -> None:
    """Refuse to print fewer than no answers."""
    if number < 0:
        raise DataError(f"-n is {number}; ask for at least 0 neighbours")


def block(title: str, near: list[tuple[Any, float]]) -> str:
    """A title, and cosines and items below it."""
    lines = [(f"  {cosine:6.3f}", plain(item)) for item, cosine in near]
    return "\n".join([title, *([columns(lines)] if lines else [])])


def told(near: list[tuple[Any, float]]) -> list[dict[str, Any]]:
    """Items and cosines as JSON has them."""
    return [{"item": item, "cosine": cosine} for item, cosine in near]
