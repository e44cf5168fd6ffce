"""Commands that ask a model: nothing here imports a compiler."""

from math import isnan
from pathlib import Path
from typing import Annotated, Any

import typer

import rowspace as rs
from rowspace.cli.options import with_shared_options
from rowspace.cli.output import columns, plain, show, show_json
from rowspace.cli.vectors import MODEL, SpellingOptions
from rowspace.errors import DataError, UnknownItem


@with_shared_options
def neighbors(
    model: Annotated[Path, typer.Argument(help=MODEL, readable=False)],
    items: Annotated[list[str], typer.Argument(help="Items to ask about; row numbers where a model has no names.")],
    number: Annotated[int, typer.Option("-n", "--number", help="How many neighbours to print of each item.")] = 10,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    *,
    spelling: SpellingOptions,
) -> None:
    """Print the nearest items by cosine, for each item asked about.

    Example: rowspace neighbors demo/airports BTV SBA -n 5
    """
    _check_number(number)
    opened = spelling.open(model)
    keys = [_key_of(opened, item) for item in items]
    answers = list(zip(keys, opened.neighbors(keys, number), strict=True))
    if json:
        show_json([{"item": key, "neighbors": _as_json(near)} for key, near in answers])
        return
    show("\n\n".join(_block(plain(key) + _table_of(opened, key), near) for key, near in answers))


@with_shared_options
def analogy(
    model: Annotated[Path, typer.Argument(help=MODEL, readable=False)],
    a: Annotated[str, typer.Argument(help="What is to B ...")],
    b: Annotated[str, typer.Argument()],
    c: Annotated[str, typer.Argument(help="... as C is to what is asked for.")],
    number: Annotated[int, typer.Option("-n", "--number", help="How many answers to print.")] = 10,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    *,
    spelling: SpellingOptions,
) -> None:
    """Print what C is to as A is to B: the items nearest to B + C - A.

    Example: rowspace analogy words man king woman
    """
    _check_number(number)
    opened = spelling.open(model)
    first, second, third = (_key_of(opened, item) for item in (a, b, c))
    near = opened.most_similar(positive=[second, third], negative=[first], topn=number)
    if json:
        show_json({"a": first, "b": second, "c": third, "answers": _as_json(near)})
        return
    show(_block(f"{plain(first)} is to {plain(second)} as {plain(third)} is to", near))


@with_shared_options
def info(
    model: Annotated[Path, typer.Argument(help=MODEL, readable=False)],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    *,
    spelling: SpellingOptions,
) -> None:
    """Print what a model or a file of vectors holds, and how it was trained.

    Example: rowspace info demo/airports
    """
    opened = spelling.open(model)
    described: dict[str, Any] = {
        "tables": [_table(name, table) for name, table in opened.tables.items()],
        "trained_with": opened.trained_with,
        "epochs": len(opened.cost),
        "final_cost": opened.cost[-1] if opened.cost else None,
    }
    if json:
        show_json(described)
        return
    rows = [
        (f"table {t['name']}", f"{t['items']:,} items, {t['dim']} numbers each{_some(t)}") for t in described["tables"]
    ]
    rows += [(plain(key), _value(value)) for key, value in opened.trained_with.items()]
    if described["final_cost"] is not None:
        last, epochs = described["final_cost"], f"the last of {described['epochs']} epochs"
        rows.append(("mean cost", f"none: no examples in {epochs}" if isnan(last) else f"{last:.6g} in {epochs}"))
    if opened.held_out:
        rows.append(("held out", f"{opened.held_out[-1]:.6g} after the last epoch"))
    show(columns(rows))


def _table_of(model: "rs.Model", key: Any) -> str:
    """Which table an item is in, if it is not the first."""
    name = model.table_of(key) if isinstance(key, str) and key in model else ""
    return f" (table {name})" if name and model.tables[name] is not model.table else ""


def _key_of(model: "rs.Model", item: str) -> Any:
    """An item as the model knows it: a name, or a row number where there are no names."""
    if model.table.names is not None:
        return item
    try:
        return int(item)
    except ValueError:
        rows = f"row numbers from 0 to {len(model) - 1}"
        raise UnknownItem(f"item {plain(item)} is not in the model: its items have no names, only {rows}") from None


def _check_number(number: int) -> None:
    if number < 0:
        raise DataError(f"-n is {number}; ask for at least 0 neighbours")


def _block(title: str, near: list[tuple[Any, float]]) -> str:
    lines = [(f"  {cosine:6.3f}", plain(item)) for item, cosine in near]
    return "\n".join([title, *([columns(lines)] if lines else [])])


def _as_json(near: list[tuple[Any, float]]) -> list[dict[str, Any]]:
    return [{"item": item, "cosine": cosine} for item, cosine in near]


def _table(name: str, table: Any) -> dict[str, Any]:
    first = None if table.names is None else table.names[:3]
    return {"name": name, "items": len(table), "dim": table.dim, "first": first}


def _some(table: dict[str, Any]) -> str:
    if table["first"] is None:
        return ", without names"
    return ": " + ", ".join(map(plain, table["first"])) + (", ..." if table["items"] > 3 else "")


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{plain(key)} {_value(item)}" for key, item in value.items())
    return plain(value)
