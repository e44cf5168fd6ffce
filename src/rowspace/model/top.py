"""The k best rows of each of many queries, from scores that come a piece of the rows at a time."""

import numpy as np

SCORE_BYTES = 2**20  # looked at at once: they stay in the second-level cache from one look to the next
GUESSED_ROWS = 2048  # whose scores are sorted for a first idea of what the k-th best is


class TopK:
    """The k best rows so far of each of many queries.

    A score is compared with the k-th best of its query and kept only if it is better, so that nearly all of them are
    looked at once and never sorted. What is kept is sorted when there is twice as much of it as needed.

    >>> best = TopK(1, 2)
    >>> best.take(0, np.array([[0.1, 0.7, 0.5]], dtype=np.float32))
    >>> best.take(3, np.array([[0.6, 0.2]], dtype=np.float32))
    >>> best.ids()
    [array([1, 3])]
    """

    def __init__(self, queries: int, k: int) -> None:
        self._k = k
        self._least = np.full((queries, 1), -np.inf, np.float32)  # what a score must exceed
        self._least_known = False
        self._kept = [(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0, np.float32))]
        self._waiting = 0

    def take(self, first: int, scores: np.ndarray) -> None:
        """See the scores (queries, m) of rows first, first + 1, ...; later calls bring higher ids."""
        if not self._least_known:
            self._guess(scores[:, : max(GUESSED_ROWS, 2 * self._k, scores.shape[1] // 32)])
        step = max(1, SCORE_BYTES // (4 * scores.shape[1]))
        for q in range(0, len(scores), step):
            self._look(q, first, scores[q : q + step])
        if self._waiting > 2 * len(self._least) * self._k:
            self._settle()

    def _guess(self, scores: np.ndarray) -> None:
        if scores.shape[1] > self._k:
            kth = np.partition(scores, -self._k, axis=1)[:, [-self._k]]
            self._least = np.nextafter(kth, np.float32(-np.inf))
            self._least_known = True

    def _look(self, query: int, first: int, scores: np.ndarray) -> None:
        at = np.flatnonzero(scores > self._least[query : query + len(scores)])
        if len(at):
            queries, rows = np.divmod(at, scores.shape[1])
            self._kept.append((queries + query, rows + first, scores[queries, rows]))
            self._waiting += len(at)

    def ids(self) -> list[np.ndarray]:
        """The ids of each query's k best rows, best first; of equal ones the lower."""
        ends = self._settle()
        return np.split(self._kept[0][1], ends[:-1])

    def scores(self) -> list[np.ndarray]:
        """The scores of these rows."""
        ends = self._settle()
        return np.split(self._kept[0][2], ends[:-1])

    def _settle(self) -> np.ndarray:
        """Keep the best alone; where each query's end."""
        queries, ids, scores = map(np.concatenate, zip(*self._kept, strict=True))
        order = np.lexsort((ids, -scores, queries))
        starts = np.searchsorted(queries[order], np.arange(len(self._least)))
        ranks = np.arange(len(order)) - starts[queries[order]]
        order = order[ranks < self._k]
        self._kept = [(queries[order], ids[order], scores[order])]
        self._waiting = len(order)
        ends = np.cumsum(np.bincount(queries[order], minlength=len(self._least)))
        full = np.diff(ends, prepend=0) == self._k
        self._least[full, 0] = np.maximum(self._least[full, 0], scores[order][ends[full] - 1])
        return ends
