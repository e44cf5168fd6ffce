"""Commands that ask a model: nothing here imports a compiler."""

from pathlib import Path
from typing import Annotated, Any

import typer

import rowspace as rs
from rowspace.cli.output import columns, plain, show, show_json
from rowspace.errors import DataError, UnknownItem


def neighbors(
    model: Annotated[Path, typer.Argument(help="Folder of a model.")],
    items: Annotated[list[str], typer.Argument(help="Items to ask about; row numbers where a model has no names.")],
    number: Annotated[int, typer.Option("-n", "--number", help="Neighbours of each item.")] = 10,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the nearest items by cosine, for each item asked about.

    Example: rowspace neighbors demo/airports BTV SBA -n 5
    """
    if number < 0:
        raise DataError(f"-n is {number}; ask for at least 0 neighbours")
    opened = rs.open(model)
    keys = [_key(opened, item) for item in items]
    found = [(key, opened.most_similar(key, topn=number)) for key in keys]
    if json:
        show_json([{"item": key, "neighbors": [{"item": k, "cosine": c} for k, c in near]} for key, near in found])
        return
    show("\n\n".join(_block(key, near) for key, near in found))


def _key(model: Any, item: str) -> Any:
    if model.table.names is not None:
        return item
    try:
        return int(item)
    except ValueError:
        rows = f"row numbers from 0 to {len(model) - 1}"
        raise UnknownItem(f"item {plain(item)} is not in the model: its items have no names, only {rows}") from None


def _block(key: Any, near: list[tuple[Any, float]]) -> str:
    lines = [(f"  {cosine:6.3f}", plain(item)) for item, cosine in near]
    return "\n".join([plain(key), *([columns(lines)] if lines else [])])


def info(
    model: Annotated[Path, typer.Argument(help="Folder of a model.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print what a model holds and what it was trained with.

    Example: rowspace info demo/airports
    """
    opened = rs.open(model)
    described: dict[str, Any] = {
        "tables": [_table(name, table) for name, table in opened.tables.items()],
        "trained_with": opened.trained_with,
        "epochs": len(opened.cost),
        "final_cost": opened.cost[-1] if opened.cost and opened.cost[-1] == opened.cost[-1] else None,
    }
    if json:
        show_json(described)
        return
    rows = [
        (f"table {t['name']}", f"{t['items']:,} items, {t['dim']} numbers each{_some(t)}") for t in described["tables"]
    ]
    rows += [(plain(key), _value(value)) for key, value in opened.trained_with.items()]
    if described["final_cost"] is not None:
        rows.append(("mean cost", f"{described['final_cost']:.6g} in the last of {described['epochs']} epochs"))
    show(columns(rows))


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
