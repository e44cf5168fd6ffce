"""The rows nearest to a vector by cosine, a piece of the rows at a time, without a normalised copy."""

from collections.abc import Iterator

import numpy as np

from rowspace.errors import ShapeError
from rowspace.model.top import TopK
from rowspace.system.threads import Workers, thread_count

# held at once: large products, for starting BLAS's threads costs, and small beside the table
SCORE_BYTES = 16 * 2**20
# answered in one pass over the rows: as many as the processor multiplies at full speed
QUERIES_AT_ONCE = 512
# kept beyond the k asked for, so that those tied in float32 are told apart in float64
SPARE_ROWS = 32
# of a cosine in float64 that count: what differs by less is equal
DIGITS = 12
# lengths, and their squares, that a sum of float32 products is right about: none of them overflowed, or vanished
SURE = 1e-25, 1e30


def norms(values: np.ndarray) -> np.ndarray:
    """The lengths (n,) float32 of rows (n, d) float32.

    >>> norms(np.array([[3, 4], [0, 0]], dtype=np.float32))
    array([5., 0.], dtype=float32)
    """
    step = _rows_at_once(values.shape[1])
    blocks = [values[a : a + step] for a in range(0, len(values), step)]
    with Workers(min(thread_count(None), len(blocks))) as workers:
        prepared = [workers.prepare(_lengths, rows) for rows in blocks]
        return np.concatenate([lengths() for lengths in prepared])


def cosines(values: np.ndarray, query: np.ndarray, lengths: np.ndarray | None = None) -> np.ndarray:
    """The cosines (n,) float32 of one query (d,) with every row (n, d); 0 where either is zero or not finite.

    `lengths` (n,) are the rows' norms, if they are known.

    >>> cosines(np.array([[2, 0], [0, 0], [1, 1]], dtype=np.float32), np.array([3, 0]))
    array([1.        , 0.        , 0.70710677], dtype=float32)
    """
    return _cosines(values, _unit(query, values.shape[1]), norms(values) if lengths is None else lengths)


def nearer(values: np.ndarray, query: np.ndarray, row: int, *, lengths: np.ndarray | None = None) -> np.ndarray:
    """The ids of rows of larger cosine with a query than one row has; equal rows are none, wherever they stand.

    >>> nearer(np.array([[2, 0], [0, 1], [1, 1], [2, 2]], dtype=np.float32), np.array([3, 0]), 2)
    array([0])
    """
    unit = _unit(query, values.shape[1])
    scores = _cosines(values, unit, norms(values) if lengths is None else lengths)
    above, alike = scores - scores[row] > slack(len(unit)), np.abs(scores - scores[row]) <= slack(len(unit))
    ids = np.flatnonzero(alike)
    exact = _exact(values, ids, unit).round(DIGITS)
    above[ids] = exact > exact[np.searchsorted(ids, row)]
    return np.flatnonzero(above)


def slack(dim: int) -> float:
    """What two cosines in float32 may differ by though the rows have equal ones."""
    return 1e-6 + dim * 2.0**-24


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    """The cosine of two vectors (d,), in float64; 0 where either is zero.

    >>> cosine(np.array([1, 0]), np.array([1, 1]))
    0.70710678...
    """
    first, second = _units(np.stack([a, b]), len(a))
    return float(first @ second)


def nearest(
    values: np.ndarray, queries: np.ndarray, k: int, *, lengths: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The k rows of largest cosine with each query, best first, the lower id first of equal ones.

    Rows are chosen by a float32 matrix product and the chosen ones scored again in float64, where
    scores within 1e-12 are equal: where a row stands decides only between equal ones.

    Args:
        values: (n, d) float32; may be memory-mapped.
        queries: (q, d), or one (d,).
        k: how many; all n when it is more.
        lengths: (n,), the rows' norms if they are known.

    Returns:
        ids (q, min(k, n)) intp and cosines (q, min(k, n)) float64; (min(k, n),) for one query.

    Raises:
        ShapeError: if k is negative or the queries are not d wide.

    >>> values = np.array([[1, 0], [0, 1], [1, 1]], dtype=np.float32)
    >>> ids, scores = nearest(values, np.array([1, 0.5]), 2)
    >>> ids, scores.round(3)
    (array([2, 0]), array([0.949, 0.894]))
    """
    if k < 0:
        raise ShapeError(f"cannot find {k} neighbours; ask for 1 or more")
    queries = np.asarray(queries)
    units = _units(np.atleast_2d(queries), values.shape[1])
    known = norms(values) if lengths is None else lengths
    groups = [units[a : a + QUERIES_AT_ONCE] for a in range(0, len(units), QUERIES_AT_ONCE)]
    candidates = (ids for group in groups for ids in _candidates(values, group, k, known))
    found = [_rescored(values, *pair, k) for pair in zip(candidates, units, strict=True)]
    ids = np.array([i for i, _ in found], dtype=np.intp).reshape(len(units), min(k, len(values)))
    scores = np.array([s for _, s in found], dtype=np.float64).reshape(ids.shape)
    return (ids, scores) if queries.ndim == 2 else (ids[0], scores[0])


def _candidates(values: np.ndarray, units: np.ndarray, k: int, lengths: np.ndarray) -> Iterator[np.ndarray]:
    """For each query the ids of rows among which the k best are."""
    if k == 0 or k + SPARE_ROWS >= len(values):
        yield from [np.arange(len(values))] * len(units)
        return
    best, far = TopK(len(units), k + SPARE_ROWS), slack(values.shape[1])
    for first, scores in scored(values, units.astype(np.float32), lengths):
        best.take(first, scores)
    for ids, scores, unit in zip(best.ids(), best.scores(), units, strict=True):
        # where those that are kept agree with the k-th, others may too
        yield ids if scores[k - 1] - scores[-1] > far else _all_candidates(values, unit, k, lengths)


def _all_candidates(values: np.ndarray, unit: np.ndarray, k: int, lengths: np.ndarray) -> np.ndarray:
    scores = _cosines(values, unit, lengths)
    return np.flatnonzero(scores >= np.partition(scores, -k)[-k] - slack(len(unit)))


def scored(values: np.ndarray, units: np.ndarray, lengths: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Cosines (q, m) of unit vectors (q, d) with m rows at a time, and the first of those rows.

    They are 0 for rows of zeros, NaN or infinity. The fewer numbers are divided by the lengths, scores or rows; scores
    only where every row with its length is one that a float32 product is right about.
    """
    few = len(units) < values.shape[1] and bool(((lengths == 0) | _sure(lengths)).all())
    scores = _scores_divided if few else _rows_divided
    step = _rows_at_once(len(units) if few else max(units.shape))
    for a in range(0, len(values), step):
        yield a, scores(values[a : a + step], units, lengths[a : a + step])


def _scores_divided(rows: np.ndarray, units: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    scores = units @ rows.T
    scores /= lengths if lengths.all() else np.where(lengths > 0, lengths, np.float32(np.inf))
    return scores


def _rows_divided(rows: np.ndarray, units: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    usable = (lengths > 0) & (lengths < np.inf)
    with np.errstate(all="ignore"):
        directions = rows / np.where(usable, lengths, 1).astype(np.float32, copy=False)[:, None]
    directions[~usable] = 0
    return units @ directions.T


def _cosines(values: np.ndarray, unit: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Cosines (n,) float32 of one unit vector: unlike a matrix product's, those of equal rows are equal."""
    step, small = _rows_at_once(len(unit)), unit.astype(np.float32)
    parts = [(values[a : a + step], lengths[a : a + step]) for a in range(0, len(values), step)]
    with Workers(min(thread_count(None), len(parts))) as workers:
        prepared = [workers.prepare(_one_by_one, rows, small, own) for rows, own in parts]
        return np.concatenate([scores() for scores in prepared])


def _one_by_one(rows: np.ndarray, unit: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    sure = (lengths == 0) | _sure(lengths)
    with np.errstate(all="ignore"):
        scores: np.ndarray = np.einsum("ij,j->i", rows, unit) / np.where(lengths > 0, lengths, np.float32(np.inf))
        if not sure.all():
            scores[~sure] = _exact(rows, np.flatnonzero(~sure), unit.astype(np.float64))
    return scores


def _rescored(values: np.ndarray, ids: np.ndarray, unit: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    scores = _exact(values, ids, unit)
    # what differs by less than float64 can tell is equal
    order = np.lexsort((ids, -scores.round(DIGITS)))[:k]
    return ids[order], scores[order]


def _exact(values: np.ndarray, ids: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """The cosines of some rows in float64, and one order of summation for every row: equal rows get equal scores."""
    scores, step = np.empty(len(ids)), _rows_at_once(2 * len(unit))
    for a in range(0, len(ids), step):
        rows = values[ids[a : a + step]].astype(np.float64)
        with np.errstate(all="ignore"):
            lengths = np.sqrt((rows * rows).sum(axis=1))
            scores[a : a + step] = (rows * unit).sum(axis=1) / lengths
    scores[~np.isfinite(scores)] = 0
    return scores


def _lengths(rows: np.ndarray) -> np.ndarray:
    # einsum: no squared copy of the rows
    squares = np.einsum("ij,ij->i", rows, rows)
    unsure = ~_sure(squares)
    lengths = np.sqrt(squares)
    if unsure.any():
        wide = rows[unsure].astype(np.float64)
        with np.errstate(over="ignore"):  # a length beyond float32 counts as infinite
            lengths[unsure] = np.sqrt(np.einsum("ij,ij->i", wide, wide)).astype(np.float32)
    return lengths


def _sure(sums: np.ndarray) -> np.ndarray:
    return (sums > SURE[0]) & (sums < SURE[1])


def _unit(query: np.ndarray, dim: int) -> np.ndarray:
    unit: np.ndarray = _units(np.atleast_2d(query), dim)[0]
    return unit


def _units(queries: np.ndarray, dim: int) -> np.ndarray:
    """Queries of length 1 in float64; a zero query stays zero."""
    if queries.ndim != 2 or queries.shape[1] != dim:
        raise ShapeError(f"a query must have {dim} numbers, got shape {queries.shape}")
    queries = queries.astype(np.float64)
    if not np.isfinite(queries).all():
        raise ShapeError("a query must be finite numbers, got NaN or infinity")
    # scaled first: the square of a large float64 is infinite
    queries = queries / np.maximum(np.abs(queries).max(axis=1, keepdims=True), 1e-300)
    lengths = np.sqrt((queries * queries).sum(axis=1, keepdims=True))
    return queries / np.where(lengths > 0, lengths, 1)


def _rows_at_once(width: int) -> int:
    return max(1024, SCORE_BYTES // (4 * width))
