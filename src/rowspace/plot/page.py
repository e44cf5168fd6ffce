"""A page for a browser: points that tell their names, searched and zoomed, in one file that asks for no other."""

import html
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import to_hex

from rowspace.plot.colors import NONE, Groups, Numbers
from rowspace.plot.figure import PALETTE
from rowspace.plot.points import Arranged
from rowspace.system.atomic import atomic_file

SHADES = 64  # of numbers
DIGITS = 5  # of a place: more than a screen has


def write(shown: Arranged, path: Path, *, labels: Any, title: str | None) -> None:
    """Write the page of the points of a table."""
    order, labelled = _order(shown, labels)
    names, ids = shown.table.names, shown.ids[order].tolist()
    data = {
        "title": title or f"{len(ids):,} items",
        "axes": "; ".join(filter(None, shown.axis_labels)),
        "labelled": labelled,
        "names": [str(k) if names is None else names[k] for k in ids],
        "x": _rounded(shown.points[order, 0]),
        "y": _rounded(shown.points[order, 1]),
        **_colored(shown.colors, order),
    }
    template = (files("rowspace") / "plot" / "page.html").read_text(encoding="utf-8")
    before, after = template.split("DATA")
    before = before.replace("TITLE", html.escape(str(data["title"])))
    # a name may be `</script>`, and half a character is none
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    with atomic_file(path, "wb") as out:
        out.write(f"{before}{text}{after}".encode(errors="replace"))


def _order(shown: Arranged, labels: Any) -> tuple[np.ndarray, int]:
    """The points, those that are labelled first, and how many those are."""
    order = shown.by_importance()
    if labels is None:
        return order, len(order)
    first = shown.places(labels)
    return np.concatenate([first, order[~np.isin(order, first)]]), len(first)


def _rounded(places: np.ndarray) -> list[float]:
    return [float(f"{place:.{DIGITS}g}") for place in places]


def _colored(colors: Numbers | Groups | None, order: np.ndarray) -> dict[str, Any]:
    """The colour of each point as its place in a palette, its value, and what a legend says of them."""
    if isinstance(colors, Groups):
        codes = colors.codes[order]
        palette = sorted(set(hexes := colors.hexes(codes)))
        place = {color: k for k, color in enumerate(palette)}
        told = {"label": colors.label, "legend": colors.legend(), "groups": colors.names, "values": codes.tolist()}
        return {"palette": palette, "colors": [place[color] for color in hexes], **told}
    if isinstance(colors, Numbers):
        values = colors.finite()[order]
        low, high = np.nanmin(values), np.nanmax(values)
        shares = np.nan_to_num((values - low) / (high - low or 1), nan=1.0)
        shades = np.where(np.isnan(values), SHADES, (shares * (SHADES - 1)).round()).astype(int)
        palette = [to_hex(color) for color in colors.map()(np.linspace(0, 1, SHADES))] + [NONE]
        given = [None if np.isnan(value) else float(f"{value:.6g}") for value in values]
        told = {"label": colors.label, "legend": [], "range": f"{low:.4g} to {high:.4g}", "values": given}
        return {"palette": palette, "colors": shades.tolist(), **told}
    return {"palette": [PALETTE[0]], "colors": [0] * len(order), "legend": []}
