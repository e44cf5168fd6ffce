"""Principal components: the plane that keeps most of what differs between rows."""

from dataclasses import dataclass

import numpy as np


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
    variances, vectors = np.linalg.eigh(np.atleast_2d(np.cov(rows - center, rowvar=False, ddof=0)))
    axes = vectors[:, ::-1][:, :2].T
    # eigenvectors have no sign of their own; without a rule pictures would flip between machines
    largest = np.abs(axes).argmax(axis=1)
    axes = axes * np.sign(axes[np.arange(2), largest])[:, None]
    kept = np.maximum(variances[::-1][:2], 0)
    total = np.maximum(variances, 0).sum()
    return Plane(center, axes, kept / total if total > 0 else kept)
