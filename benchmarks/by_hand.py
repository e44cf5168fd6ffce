"""The loops as one would write them by hand in Numba, in several forms: the fastest counts."""

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from measure import Loop
from numba import njit
from problems import NEGATIVES, RATE, Pairs, Words

# The flags of rowspace's own loops: sums may be reordered, NaN and infinity keep their meaning.
compiled = functools.partial(njit, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "arcp", "nsz"})
f32, uintp, uint64 = np.float32, np.uintp, np.uint64
_SLICE = 2**16  # examples that a thread takes at a time
_THIRD_COLUMN = uint64(2 << 32)  # where rowspace's counter starts for `negatives`


def racing(run: Callable[[int, int], float], threads: int) -> Callable[[int, int], float]:
    """The same by threads that take slices of the examples, whoever writes which row: hogwild (Niu et al. 2011)."""
    if threads == 1:
        return run
    pool = ThreadPoolExecutor(threads)

    def all_of(lo: int, hi: int) -> float:
        starts = range(lo, hi, _SLICE)
        return sum(pool.map(run, starts, (min(start + _SLICE, hi) for start in starts)))

    return all_of


def pairs(problem: Pairs, form: str, threads: int = 1) -> Loop:
    """|label - a.b| and its step."""
    table = problem.table
    loop = PAIRS[form](table.shape[1])
    columns = (problem.i, problem.j, problem.label)
    return Loop(racing(lambda lo, hi: loop(table, *columns, f32(RATE), lo, hi), threads), lambda: [table])


def skip_gram(problem: Words, form: str, threads: int = 1) -> Loop:
    """Skip-gram with negatives drawn uniformly, with rowspace's random numbers of a first epoch.

    The cost is added up for one example in 16, as rowspace does where it takes logarithms.
    Score, gradient and step of one context row after another, as in word2vec.c, was slower.
    """
    words, contexts = problem.words, problem.contexts
    loop = SKIP_GRAM[form](words.shape[1])
    columns = (problem.center, problem.context)
    seed = np.random.SeedSequence([0, 1]).generate_state(1, np.uint64)[0]

    def run(lo: int, hi: int) -> float:
        return loop(words, contexts, *columns, f32(RATE), lo, hi, seed)

    return Loop(racing(run, threads), lambda: [words, contexts])


def _pairs_plain(dim: int) -> Callable[..., float]:
    """Reads the rows again for each store, so that i == j needs no thought."""

    @compiled
    def loop(E: Any, i: Any, j: Any, label: Any, rate: Any, lo: int, hi: int) -> float:
        total = 0.0
        for n in range(lo, hi):
            a, b = uintp(i[n]), uintp(j[n])
            dot = f32(0)
            for k in range(dim):
                dot += E[a, k] * E[b, k]
            error = dot - label[n]
            total += abs(error)
            step = rate if error > 0 else (-rate if error < 0 else f32(0))
            for k in range(dim):
                x, y = E[a, k], E[b, k]
                E[a, k] -= step * y
                E[b, k] -= step * x
        return total

    return loop


def _pairs_apart(dim: int) -> Callable[..., float]:
    """A branch of its own for i == j; elsewhere each row is read once."""

    @compiled
    def loop(E: Any, i: Any, j: Any, label: Any, rate: Any, lo: int, hi: int) -> float:
        total = 0.0
        for n in range(lo, hi):
            a, b = uintp(i[n]), uintp(j[n])
            dot = f32(0)
            for k in range(dim):
                dot += E[a, k] * E[b, k]
            error = dot - label[n]
            total += abs(error)
            step = rate if error > 0 else (-rate if error < 0 else f32(0))
            if a == b:
                for k in range(dim):
                    E[a, k] *= f32(1) - f32(2) * step
            else:
                for k in range(dim):
                    x, y = E[a, k], E[b, k]
                    E[a, k] = x - step * y
                    E[b, k] = y - step * x
        return total

    return loop


@compiled
def _drawn(seed: Any, example: Any, draw: Any, rows: Any) -> Any:
    x = seed + (uint64(example) * uint64(0x9E3779B97F4A7C15))
    x += (_THIRD_COLUMN + uint64(draw)) * uint64(0xD1B54A32D192ED03)
    x = (x ^ (x >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> uint64(27))) * uint64(0x94D049BB133111EB)
    x = x ^ (x >> uint64(31))
    return uintp(((x >> uint64(32)) * uint64(rows)) >> uint64(32))


@compiled
def _softplus(x: Any) -> Any:
    return np.log1p(np.exp(-abs(x))) + max(x, f32(0))


def _skip_gram_in_phases(dim: int) -> Callable[..., float]:
    """All ids, all scores (so that the loads of rows overlap), the gradient of u, the steps."""

    @compiled
    def loop(W: Any, C: Any, i: Any, j: Any, rate: Any, lo: int, hi: int, seed: Any) -> float:
        total = 0.0
        ids, steps = np.empty(1 + NEGATIVES, np.uintp), np.empty(1 + NEGATIVES, np.float32)
        moved = np.empty(dim, np.float32)
        for n in range(lo, hi):
            u = uintp(i[n])
            ids[0] = uintp(j[n])
            for z in range(NEGATIVES):
                ids[1 + z] = _drawn(seed, n, z, len(C))
            for z in range(1 + NEGATIVES):
                c = ids[z]
                dot = f32(0)
                for k in range(dim):
                    dot += W[u, k] * C[c, k]
                steps[z] = dot
            for z in range(1 + NEGATIVES):
                sign = f32(-1) if z == 0 else f32(1)
                if n & 15 == 0:
                    total += 16 * _softplus(sign * steps[z])
                steps[z] = rate * sign / (f32(1) + np.exp(-sign * steps[z]))
            for k in range(dim):
                moved[k] = f32(0)
            for z in range(1 + NEGATIVES):
                c, step = ids[z], steps[z]
                for k in range(dim):
                    moved[k] += step * C[c, k]
            for z in range(1 + NEGATIVES):
                c, step = ids[z], steps[z]
                for k in range(dim):
                    C[c, k] -= step * W[u, k]
            for k in range(dim):
                W[u, k] -= moved[k]
        return total

    return loop


def _skip_gram_unrolled(dim: int) -> Callable[..., float]:
    """All six scores in one loop over the width, and the gradient of u in another."""

    @compiled
    def loop(W: Any, C: Any, i: Any, j: Any, rate: Any, lo: int, hi: int, seed: Any) -> float:
        total = 0.0
        ids, steps = np.empty(6, np.uintp), np.empty(6, np.float32)
        moved = np.empty(dim, np.float32)
        for n in range(lo, hi):
            u = uintp(i[n])
            ids[0] = uintp(j[n])
            for z in range(5):
                ids[1 + z] = _drawn(seed, n, z, len(C))
            c, c1, c2, c3, c4, c5 = ids[0], ids[1], ids[2], ids[3], ids[4], ids[5]
            s = s1 = s2 = s3 = s4 = s5 = f32(0)
            for k in range(dim):
                x = W[u, k]
                s += x * C[c, k]
                s1 += x * C[c1, k]
                s2 += x * C[c2, k]
                s3 += x * C[c3, k]
                s4 += x * C[c4, k]
                s5 += x * C[c5, k]
            steps[0], steps[1], steps[2], steps[3], steps[4], steps[5] = s, s1, s2, s3, s4, s5
            for z in range(6):
                sign = f32(-1) if z == 0 else f32(1)
                if n & 15 == 0:
                    total += 16 * _softplus(sign * steps[z])
                steps[z] = rate * sign / (f32(1) + np.exp(-sign * steps[z]))
            s, s1, s2, s3, s4, s5 = steps[0], steps[1], steps[2], steps[3], steps[4], steps[5]
            for k in range(dim):
                moved[k] = (
                    (s * C[c, k] + s1 * C[c1, k]) + (s2 * C[c2, k] + s3 * C[c3, k]) + (s4 * C[c4, k] + s5 * C[c5, k])
                )
            for z in range(6):
                row, step = ids[z], steps[z]
                for k in range(dim):
                    C[row, k] -= step * W[u, k]
            for k in range(dim):
                W[u, k] -= moved[k]
        return total

    return loop


PAIRS = {"plain": _pairs_plain, "i == j apart": _pairs_apart}
SKIP_GRAM = {"in phases": _skip_gram_in_phases, "unrolled": _skip_gram_unrolled}
