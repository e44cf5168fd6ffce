"""Airports from the flights between them: nothing but who flies where, and the map comes out."""

import csv
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np

import rowspace as rs
from rowspace.model.model import Model
from rowspace.read.pairs import Pairs

ASKED = ("ATL", "LAX", "ANC", "HNL", "BTV", "SBA")
LABELLED = "ATL ORD DFW DEN LAX SEA JFK MIA BOS PHX SLC MSP HNL ANC SJU BTV".split()
NEAREST = 4
WESTMOST = -125  # of the mainland: islands an ocean away would take most of the colours
RIDGE = 0.1
SPLITS = 20


def routes() -> Pairs:
    """Flights of 2008: origin, destination and how many flew."""
    with as_file(files("rowspace") / "data" / "flights.csv") as path:
        return rs.read_pairs(path, left="origin", right="destination", weight="count")


def places(codes: list[str]) -> tuple[np.ndarray, list[str]]:
    """Longitude and latitude in degrees (n, 2), and cities, of airports."""
    text = (files("rowspace") / "data" / "airports.csv").read_text(encoding="utf-8")
    rows = {row["iata"]: row for row in csv.DictReader(text.splitlines())}
    where = np.array([[float(rows[c]["longitude"]), float(rows[c]["latitude"])] for c in codes])
    return where, [f"{rows[c]['city']}, {rows[c]['state']}" for c in codes]


def train(seed: int = 0, *, progress: bool | None = None) -> Model:
    """The model of the demo: 32 numbers an airport, with the defaults of `rs.train_pairs`."""
    return rs.train_pairs(routes(), dim=32, seed=seed, progress=progress)


def held_out_correlation(vectors: np.ndarray, targets: np.ndarray, seed: int = 0) -> np.ndarray:
    """How well a linear fit on half the rows predicts the other half.

    Args:
        vectors: (n, d).
        targets: (n, t), what is predicted, one column each.
        seed: of the split.

    Returns:
        (t,) Pearson correlations over the half that was not fitted, of a ridge regression.

    For the airports, over the splits of the seeds 0 to 19 and four trained models, the mean is 0.94 for the longitude
    and 0.86 for the latitude.
    """
    order = np.random.default_rng(seed).permutation(len(vectors))
    fitted, held = np.array_split(order, 2)
    X = np.column_stack([vectors, np.ones(len(vectors))]).astype(np.float64)
    A = X[fitted]
    weights = np.linalg.solve(A.T @ A + RIDGE * np.eye(X.shape[1]), A.T @ targets[fitted])
    predicted = X[held] @ weights
    return np.array([np.corrcoef(p, t)[0, 1] for p, t in zip(predicted.T, targets[held].T, strict=True)])


def tell(folder: Path, say: Callable[[str], None]) -> None:
    """Train, save, draw and print."""
    model = train()
    codes = list(model.index_to_key)
    where, cities = places(codes)
    city = dict(zip(codes, cities, strict=True))
    model.save(folder / "airports")
    _draw(model, where, folder / "airports.png")
    routes_flown = f"{model.trained_with['pairs']:,} routes"
    say(
        f"{len(codes)} airports of the United States and the {routes_flown} flown between them in 2008.\n"
        f"Each gets {model.vector_size} numbers, learned from who flies where: no map, no distances.\n"
    )
    say("\n".join(_neighbours(model, city, code) for code in ASKED) + "\n")
    say(_map_found(model.vectors, where) + "\n")
    say(f"  {folder / 'airports'}: the model\n  {folder / 'airports.png'}: the vectors, coloured by longitude\n")


def _neighbours(model: Model, city: dict[str, str], code: str) -> str:
    near = "; ".join(f"{other} {city[other]} {cosine:.2f}" for other, cosine in model.most_similar(code, topn=NEAREST))
    return f"{code} {city[code]}\n    {near}"


def _map_found(vectors: np.ndarray, where: np.ndarray) -> str:
    longitude, latitude = held_out_correlation(vectors, where)
    means = np.mean([held_out_correlation(vectors, where, seed) for seed in range(SPLITS)], axis=0)
    return (
        "A linear fit on half the airports finds where the other half lie: correlation\n"
        f"{longitude:.2f} with the longitude and {latitude:.2f} with the latitude "
        f"({means[0]:.2f} and {means[1]:.2f} on average over {SPLITS} splits)."
    )


def _draw(model: Model, where: np.ndarray, path: Path) -> None:
    rs.plot_table(
        model.table,
        path,
        color=np.maximum(where[:, 0], WESTMOST),
        color_label=f"longitude (degrees east; Alaska and Hawaii as {WESTMOST})",
        labels=[code for code in LABELLED if code in model],
        title="US airports, by who flies where",
    )
