"""Rows in two dimensions: on the plane that keeps most of what differs, or where UMAP puts neighbours together."""

from dataclasses import dataclass

import numpy as np

from rowspace.errors import DataError
from rowspace.errors.checks import check_choice

LAYOUTS = ("pca", "umap")
FEWEST_FOR_UMAP = 10  # rows: among fewer it finds no neighbourhoods
NEIGHBOURS = 15  # of a row, that UMAP keeps near it


@dataclass(frozen=True)
class Plane:
    """A plane through `center` (d,) along `axes` (2, d), with their `share` (2,) of variance."""

    center: np.ndarray
    axes: np.ndarray
    share: np.ndarray

    def project(self, positions: np.ndarray) -> np.ndarray:
        """Positions (..., d) as coordinates (..., 2) in the plane."""
        return (positions - self.center) @ self.axes.T

    def labels(self, of: str = "") -> list[str]:
        """The axes in words, with the share of variance."""
        suffix = f" of {of}" if of else ""
        return [
            f"principal component {k}{suffix} ({part:.0%} of variance)" for k, part in enumerate(self.share, start=1)
        ]


def fit_plane(rows: np.ndarray) -> Plane:
    """The plane of the two largest principal components of rows (n, d), d at least 2."""
    rows = rows.astype(np.float64)
    center = rows.mean(axis=0)
    apart = rows - center
    variances, vectors = np.linalg.eigh(apart.T @ apart / len(rows))
    axes = vectors[:, ::-1][:, :2].T
    # eigenvectors have no sign of their own; without a rule pictures would flip between machines
    largest = np.abs(axes).argmax(axis=1)
    axes = axes * np.sign(axes[np.arange(2), largest])[:, None]
    kept = np.maximum(variances[::-1][:2], 0)
    total = np.maximum(variances, 0).sum()
    return Plane(center, axes, kept / total if total > 0 else kept)


def check_layout(layout: str) -> None:
    """Refuse a layout that there is not, or that needs what is not installed."""
    check_choice("layout", layout, LAYOUTS)
    if layout == "umap":
        try:
            import umap  # noqa: F401
        except ImportError:
            raise DataError("layout is 'umap', which is not installed: pip install 'rowspace[umap]'") from None


def lay_out(rows: np.ndarray, layout: str) -> tuple[np.ndarray, list[str]]:
    """Points (n, 2) of rows (n, d), and what the two axes mean."""
    if layout == "umap":
        return _by_neighbours(rows)
    if rows.shape[1] == 1:
        return np.hstack([rows, np.zeros_like(rows)]), ["d0", ""]
    if rows.shape[1] == 2:
        return rows, ["d0", "d1"]
    plane = fit_plane(rows)
    return plane.project(rows), plane.labels()


def _by_neighbours(rows: np.ndarray) -> tuple[np.ndarray, list[str]]:
    import umap

    if len(rows) < FEWEST_FOR_UMAP:
        raise DataError(f"layout 'umap' needs at least {FEWEST_FOR_UMAP} items, not {len(rows)}; take layout 'pca'")
    kept = min(NEIGHBOURS, len(rows) - 1)
    # one thread and a seed: the same picture each time
    reducer = umap.UMAP(n_neighbors=kept, metric="cosine", random_state=0, n_jobs=1)
    points = np.asarray(reducer.fit_transform(rows.astype(np.float32)), dtype=np.float64)
    return points, [f"UMAP: near are neighbours by cosine ({kept} each), far means nothing", ""]
