"""What a notebook shows of a table: a line of words, and a small picture where it has two dimensions."""

from collections.abc import Sequence
from html import escape

import numpy as np

MOST_POINTS = 500  # that are drawn, the first rows
MOST_NAMES = 20  # that are written beside them
LONGEST_NAME = 20  # letters
SIDE, AIR = 260, 30  # pixels: of the picture, and left free around the points


def table_html(words: str, values: np.ndarray, names: Sequence[str] | None) -> str:
    """HTML of a table: `words`, and of one of two dimensions its first rows as points."""
    picture = _picture(values[:MOST_POINTS], names) if values.shape[1] == 2 and len(values) else ""
    return f"<code>{escape(words)}</code>{picture}"


def _picture(rows: np.ndarray, names: Sequence[str] | None) -> str:
    """An SVG of rows (m, 2) at one scale, with a cross at the origin; rows that are not finite are left out."""
    drawn = np.flatnonzero(np.isfinite(rows).all(axis=1))
    if not len(drawn):
        return ""
    points = np.vstack([rows[drawn], [[0, 0]]]).astype(np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = (SIDE - 2 * AIR) / max(float((high - low).max()), 1e-30)
    at = (points - (low + high) / 2) * scale * [1, -1] + SIDE / 2
    x, y = at[-1]
    parts = [f'<path d="M{x - 5:.1f} {y:.1f}h10M{x:.1f} {y - 5:.1f}v10" stroke="#999"/>']
    parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#0072B2"/>' for x, y in at[:-1]]
    for row, (x, y) in zip(drawn[:MOST_NAMES].tolist(), at, strict=False):
        name = str(row) if names is None else names[row][:LONGEST_NAME]
        parts.append(f'<text x="{x + 5:.1f}" y="{y + 4:.1f}" font-size="10">{escape(name)}</text>')
    svg = f'<svg width="{SIDE}" height="{SIDE}" style="background: white">{"".join(parts)}</svg>'
    return f"<br>{svg}"
