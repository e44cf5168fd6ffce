"""Which words stand near which in a text, and how often: the counts that GloVe learns from."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from rowspace.errors import DataError, IdOutOfRange
from rowspace.errors.checks import whole
from rowspace.errors.quoting import quoted
from rowspace.jit.compile import compiled_loop
from rowspace.read import cooccurrence_loops
from rowspace.system.threads import Workers, thread_count
from rowspace.tables.entries import offsets_of

CHUNK_TOKENS = 2**22  # counted at once
_WIDEST_WINDOW = 10_000  # tokens to a side
_EXACT_WINDOW = 22  # the widest window whose 1, 1/2, 1/3, ... are whole multiples of one number that is small enough
_TASK_ENTRIES = 2**16  # tokens, or counts, that a thread takes at once


def cooccurrences(
    ids: np.ndarray,
    offsets: np.ndarray,
    n: int,
    *,
    window: int = 10,
    symmetric: bool = True,
    weight: str = "inverse distance",
    chunk: int = CHUNK_TOKENS,
    threads: int | None = None,
    report: Callable[[int], None] | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count for each pair of words how near they stand in how many places: X[i, j] = sum of 1 / distance.

    Two tokens of a sentence at most `window` apart add 1 / distance to the pairs (i, j) and (j, i); a word and itself
    get it twice. Sums are whole numbers (of 2,520ths, for a window of 10), so neither threads nor chunks change a bit;
    in windows over 22, where they are of 2**31sts, each 1 / distance is rounded to one.

    Args:
        ids: (t,) integers from 0 to n - 1, such as uint16 or int32; may be memory-mapped, and is read in order.
        offsets: (m + 1,) integers: sentence s is ids[offsets[s]:offsets[s + 1]].
        n: the number of words.
        window: the greatest distance, in tokens of one sentence, from 1 to 10,000.
        symmetric: False counts (i, j) only where i comes before j, as GloVe's `-symmetric 0`.
        weight: "inverse distance", or "equal" to add 1 at any distance.
        chunk: tokens counted at once. Memory holds some 40 bytes for a distinct pair, while runs of pairs are merged,
            and what a chunk comes to: at most 48 * window bytes a token, as a rule a fifth of that.
        threads: how many; None for all cores.
        report: called after each chunk with the number of its tokens.

    Returns:
        i int32, j int32, count float32: one entry per distinct pair, sorted by (i, j).

    Raises:
        DataError: for arguments that are not as above.
        IdOutOfRange: for an id that no word has.

    Source: Pennington, Socher and Manning (2014), section 4.2.

    >>> i, j, count = cooccurrences(np.array([0, 1, 2, 1, 0]), np.array([0, 3, 5]), 3)
    >>> list(zip(i.tolist(), j.tolist(), count.tolist()))
    [(0, 1, 2.0), (0, 2, 0.5), (1, 0, 2.0), (1, 2, 1.0), (2, 0, 0.5), (2, 1, 1.0)]
    """
    window, n = whole("window", window, 1, _WIDEST_WINDOW), whole("n", n, 1, 2**31 - 1)
    parts = _parts(*_checked(ids, offsets), n, whole("chunk", chunk, 1, 2**30), window)
    unit, weights = _weights(window, weight)
    runs: list[_Run] = []
    with Workers(thread_count(threads)) as workers:
        for part in parts:
            runs.append(_counted(part, n, weights, symmetric, workers))
            while len(runs) > 1 and len(runs[-2]) < 2 * len(runs[-1]):
                runs.append(_merged(runs.pop(), runs.pop(), workers))
            if report is not None:
                report(part.last - part.first)
        while len(runs) > 1:
            runs.append(_merged(runs.pop(), runs.pop(), workers))
    return _triples(runs[0], unit) if runs else _triples(_Run.empty(n), unit)


@dataclass(frozen=True, eq=False)
class _Run:
    """Sums as sparse rows: row r is columns[starts[r]:starts[r + 1]], rising, with the sums (int64) beside."""

    starts: np.ndarray
    columns: np.ndarray
    sums: np.ndarray

    @classmethod
    def empty(cls, n: int) -> "_Run":
        return cls(np.zeros(n + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.int64))

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.starts, self.columns, self.sums


@dataclass(frozen=True, eq=False)
class _Part:
    """The tokens `first` to `last` of a text with a window on both sides; `offsets` of the sentences they are in."""

    text: np.ndarray
    offsets: np.ndarray
    first: int
    last: int


def _parts(ids: np.ndarray, offsets: np.ndarray, n: int, tokens: int, window: int) -> Iterator[_Part]:
    """A text in parts of so many tokens."""
    begin, end = int(offsets[0]), int(offsets[-1])
    for first in range(begin, end, tokens):
        last = min(first + tokens, end)
        lo, hi = max(begin, first - window), min(last + window, end)
        sentence = np.searchsorted(offsets, first, "right") - 1
        after = np.searchsorted(offsets, last, "left")
        within = np.clip(offsets[sentence : after + 1], lo, hi) - lo
        yield _Part(_read(ids, lo, hi, n), within, first - lo, last - lo)


def _read(ids: np.ndarray, lo: int, hi: int, n: int) -> np.ndarray:
    part = ids[lo:hi]
    if part.min() < 0 or part.max() >= n:
        at = int(np.argmax((part < 0) | (part >= n)))
        raise IdOutOfRange(f"ids: id {part[at]} at position {lo + at} is out of range for {n} words (0 to {n - 1})")
    return np.array(part, np.int32)


def _counted(part: _Part, n: int, weights: np.ndarray, symmetric: bool, workers: Workers) -> _Run:
    """The sums of the windows around a part's tokens; a thread takes some words and all their places."""
    starts = offsets_of(np.bincount(part.text[part.first : part.last], minlength=n))
    spans = np.empty((part.last - part.first, 3), np.int32)
    after = len(weights) // 2
    sort = compiled_loop(cooccurrence_loops.sort_by_word)
    sort(part.text, part.offsets, part.first, part.last, after if symmetric else 0, after, starts[:-1].copy(), spans)
    count = compiled_loop(cooccurrence_loops.add_up, cooccurrence_loops.count_rows)
    lengths, spare = np.empty(n, np.int64), list[Any]()
    tasks = _tasks(starts)
    parts: list[Any] = [None] * len(tasks)

    def do(task: int) -> None:
        lo, hi = tasks[task]
        try:
            sums, met = spare.pop()
        except IndexError:
            sums, met = np.zeros(n, np.int64), np.empty(n, np.int32)
        room = int(np.minimum(np.diff(starts[lo : hi + 1]) * 2 * after, n).sum())
        columns, totals = np.empty(room, np.int32), np.empty(room, np.int64)
        end = count(part.text, spans, starts, weights, lo, hi, sums, met, lengths, columns, totals)
        parts[task] = columns[:end].copy(), totals[:end].copy()
        spare.append((sums, met))

    workers.run(do, range(len(tasks)))
    return _Run(offsets_of(lengths), *(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _merged(a: _Run, b: _Run, workers: Workers) -> _Run:
    tasks = _tasks(a.starts + b.starts)
    lengths = np.empty(len(a.starts) - 1, np.int64)
    measure, merge = compiled_loop(cooccurrence_loops.union_lengths), compiled_loop(cooccurrence_loops.merge_rows)
    workers.run(lambda rows: measure(a.starts, a.columns, b.starts, b.columns, *rows, lengths), tasks)
    starts = offsets_of(lengths)
    both = _Run(starts, np.empty(starts[-1], np.int32), np.empty(starts[-1], np.int64))
    workers.run(lambda rows: merge(*a.arrays, *b.arrays, *rows, *both.arrays), tasks)
    return both


def _triples(run: _Run, unit: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    i = np.repeat(np.arange(len(run.starts) - 1, dtype=np.int32), np.diff(run.starts))
    return i, run.columns, np.divide(run.sums, unit, out=np.empty(len(run), np.float32))


def _weights(window: int, weight: str) -> tuple[int, np.ndarray]:
    """A unit, and (2 * window + 1,) int64: what a token at each distance weighs, in units; the middle is the word's."""
    distances = np.abs(np.arange(-window, window + 1))
    if weight == "equal":
        return 1, np.where(distances > 0, 1, 0)
    if weight != "inverse distance":
        raise DataError(f"weight is {quoted(weight)}; give 'inverse distance' or 'equal'")
    unit = math.lcm(*range(1, window + 1)) if window <= _EXACT_WINDOW else 2**31
    return unit, np.rint(unit / np.maximum(distances, 1) * (distances > 0)).astype(np.int64)


def _tasks(starts: np.ndarray) -> list[tuple[int, int]]:
    """Rows cut into pieces (lo, hi) of some `_TASK_ENTRIES` entries, by where each row's entries start."""
    rows = np.searchsorted(starts, np.arange(0, starts[-1], _TASK_ENTRIES), "left")
    edges = np.unique(np.concatenate([[0], rows, [len(starts) - 1]])).tolist()
    return list(zip(edges[:-1], edges[1:], strict=True))


def _checked(ids: Any, offsets: Any) -> tuple[np.ndarray, np.ndarray]:
    """Both as flat arrays of integers; the ids themselves are looked at when they are read."""
    ids, offsets = np.asarray(ids), np.asarray(offsets)
    for name, array in (("ids", ids), ("offsets", offsets)):
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise DataError(f"{name} is {array.dtype} of shape {array.shape}; give a flat array of integers")
    offsets = offsets.astype(np.int64, copy=False)
    if not len(offsets) or offsets[0] < 0 or offsets[-1] > len(ids) or (offsets[1:] < offsets[:-1]).any():
        raise DataError(f"offsets do not rise from 0 to at most {len(ids)}, the number of ids")
    return ids, offsets
