"""The loops as one would write them by hand in Numba, in several forms: the fastest counts."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from measure import Loop
from numba import njit
from problems import NEGATIVES, RATE, Pairs, Words

# The flags of rowspace's own loops: sums may be reordered, NaN and infinity keep their meaning.
_compiled = functools.partial(njit, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "arcp", "nsz"})
f32, uintp, uint64 = np.float32, np.uintp, np.uint64


def pairs(problem: Pairs, form: str) -> Loop:
    """|label - a.b| and its step."""
    table = problem.table.copy()
    loop = PAIRS[form](table.shape[1])
    columns = (problem.i, problem.j, problem.label)
    return Loop(lambda lo, hi: loop(table, *columns, f32(RATE), lo, hi), lambda: [table])


def skip_gram(problem: Words, form: str) -> Loop:
    """Skip-gram with negatives drawn uniformly, by the same random numbers as rowspace's."""
    words, contexts = problem.words.copy(), problem.contexts.copy()
    loop = SKIP_GRAM[form](words.shape[1])
    columns = (problem.center, problem.context)
    seed = uint64(1)
    return Loop(
        lambda lo, hi: loop(words, contexts, *columns, f32(RATE), lo, hi, seed),
        lambda: [words, contexts],
    )


def _pairs_plain(dim: int) -> Callable[..., float]:
    """Reads the rows again for each store, so that i == j needs no thought."""

    @_compiled
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

    @_compiled
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


@_compiled
def _drawn(seed: Any, example: Any, draw: Any, rows: Any) -> Any:
    x = seed + (uint64(example) * uint64(0x9E3779B97F4A7C15))
    x += uint64(draw) * uint64(0xD1B54A32D192ED03)
    x = (x ^ (x >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> uint64(27))) * uint64(0x94D049BB133111EB)
    x = x ^ (x >> uint64(31))
    return uintp(((x >> uint64(32)) * uint64(rows)) >> uint64(32))


@_compiled
def _softplus(x: Any) -> Any:
    return np.log1p(np.exp(-abs(x))) + max(x, f32(0))


def _skip_gram_at_once(dim: int) -> Callable[..., float]:
    """Score, gradient and step of one context row after another, as word2vec.c does."""

    @_compiled
    def loop(W: Any, C: Any, i: Any, j: Any, rate: Any, lo: int, hi: int, seed: Any) -> float:
        total = 0.0
        ids, moved = np.empty(1 + NEGATIVES, np.uintp), np.empty(dim, np.float32)
        for n in range(lo, hi):
            u = uintp(i[n])
            ids[0] = uintp(j[n])
            for z in range(NEGATIVES):
                ids[1 + z] = _drawn(seed, n, z, len(C))
            for k in range(dim):
                moved[k] = f32(0)
            for z in range(1 + NEGATIVES):
                c = ids[z]
                dot = f32(0)
                for k in range(dim):
                    dot += W[u, k] * C[c, k]
                sign = f32(-1) if z == 0 else f32(1)
                if n & 15 == 0:
                    total += _softplus(sign * dot)
                step = rate * sign / (f32(1) + np.exp(-sign * dot))
                for k in range(dim):
                    moved[k] += step * C[c, k]
                    C[c, k] -= step * W[u, k]
            for k in range(dim):
                W[u, k] -= moved[k]
        return total

    return loop


def _skip_gram_in_phases(dim: int) -> Callable[..., float]:
    """All ids, all scores (so that the loads of rows overlap), the gradient of u, the steps."""

    @_compiled
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
                    total += _softplus(sign * steps[z])
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


PAIRS = {"plain": _pairs_plain, "i == j apart": _pairs_apart}
SKIP_GRAM = {"row by row": _skip_gram_at_once, "in phases": _skip_gram_in_phases}
