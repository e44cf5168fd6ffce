"""Functions that written loops call: softplus, sorting, and `waited`, where one thread waits for another.

A loop's source holds those it calls, as they stand here: so it can be read, kept and run on its own. They know what is
in `jit/names.py` and nothing else.
"""

import inspect
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from rowspace.jit import draws
from rowspace.jit.names import (
    INFINITY,
    NOT_A_NUMBER,
    f32,
    f64,
    i64,
    load_acquire,
    pause,
    prefetch,
    rest,
    store_release,
    take,
    u64,
    uintp,
)
from rowspace.kernel.emit.portable import PORTABLE


def is_finite(x):  # math.isfinite takes x - x, which reordered sums turn into 0 for any x
    return abs(x) <= f32(3.4028235e38)


def sign(x):
    return f32(0) if x == 0 else (f32(1) if x > 0 else (f32(-1) if x < 0 else f32(x)))


def square(x):
    return x * x


def whole_power(a, b):  # nothing is left of a fraction; beyond 64 bits the last of them are kept
    if b < 0 and a != 1 and a != -1:
        return i64(0)
    power, base, left = i64(1), i64(a), u64(-i64(b)) if b < 0 else u64(b)
    while left > u64(0):
        if left & u64(1):
            power *= base
        base *= base
        left >>= u64(1)
    return power


def sigmoid(x):
    return f32(1) / (f32(1) + math.exp(-x))


def softplus(x):
    return math.log1p(math.exp(-abs(x))) + max(x, f32(0))


def log1mexp(x):  # log(1 - exp(x)) for x < 0, after Maechler (2012)
    return math.log1p(-math.exp(x)) if x < f32(-0.6931472) else math.log(-math.expm1(x))


def maximum(a, b):  # of a number and NaN: NaN
    return a if a > b or a != a else b


def minimum(a, b):
    return a if a < b or a != a else b


def clip(x, low, high):
    return low if x < low else (high if x > high else x)


def longest(offsets, segments, progress, begin, end):  # from -1 on: from the first that no thread has taken
    most = 1
    for segment in range(begin if begin >= 0 else progress[0], end):
        for n in range(segments[segment, 3], segments[segment, 4]):
            most = max(most, offsets[n + 1] - offsets[n])
    return most


def waited(progress, segments, segment, before):
    # Until the row before is as far as needed or, where threads take turns, all segments before one are done. Gives up
    # to where all are known to be done, or -1 where that takes long.
    row, needed = segments[segment, 0], segments[segment, 1]
    if row < 0 and before == 0:
        before = progress[16]
    if row == 0 or (row < 0 and needed <= before):
        return before
    for attempt in range(1000):
        if row < 0:
            while load_acquire(progress, 32 + before) != 0:
                before += 1
            if before >= needed:
                progress[16] = before
                return before
        elif load_acquire(progress, row - 1) >= needed:
            return before
        pause()
        if attempt > 200:
            rest()
    return -1


def finished(progress, segments, out, segment, total, counted, end):  # gives the segment that is next
    if segments[segment, 0] < 0:
        store_release(progress, 32 + segment, 1)
        if load_acquire(progress, 8) != 0 or load_acquire(progress, 0) >= end:
            return i64(4611686018427387904)  # none is taken that would have to wait for the next call
        return take(progress, 0)
    out[segment, 0] = segments[segment, 4]
    out[segment, 1] = total
    out[segment, 2] = counted
    store_release(progress, segments[segment, 0], segments[segment, 2])
    return segment + 1


def stopped(out, segment, n, total, counted):
    out[segment, 0] = n
    out[segment, 1] = total
    out[segment, 2] = counted
    return segment


def note(last, row, salt, segment, need):  # which segment looked a row up before, if it is later than `need`
    place = (row + uintp(salt)) & uintp(len(last) - 1)
    before = i64(last[place])
    last[place] = segment + 1
    return before if need < before <= segment else need


def upcoming(segments, segment, end):  # a guess where threads take turns
    return min(segment + (segments[segment, 2] if segments[segment, 0] < 0 else 1), end - 1)


# Four examples are enough to hide the way to memory, and few enough to stay in the first-level cache.
def look_ahead(n, hi, segments, following):  # the example four after this one, or in the segment that follows
    ahead = n + 4
    return ahead if ahead < hi else min(segments[following, 3] + ahead - hi, segments[following, 4] - 1)


def piece_of(since, step):  # the last piece that begins by this step
    low, high = 0, len(since) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if since[middle] <= step:
            low = middle
        else:
            high = middle - 1
    return low


def piece_end(since, piece, now):
    return min(now, since[piece + 1]) if piece + 1 < len(since) else now


def prefetch_row(table, row):
    for k in range(0, table.shape[1], 16):
        prefetch(table, row, k)


def prefetch_listed(table, rows, place):  # the row that a list has at a place, if it is so long
    if place < len(rows):
        prefetch_row(table, uintp(rows[place]))


def hash_length(count):
    length = 1
    while length < 2 * count and count > 16:
        length *= 2
    return length


def merge_repeats(ids, gradients, count, repeated, slots):
    # Adds the gradient of an id met before to its first, and marks it. Few ids are compared with one another;
    # many go through a hash table: its length is a power of two, at least twice the count.
    width = gradients.shape[1]
    mask = uintp(len(slots) - 1)
    for s in range(len(slots) if count > 16 else 0):
        slots[s] = -1
    for q in range(count):
        first = q
        if count <= 16:
            for p in range(q):
                if ids[p] == ids[q]:
                    first = p
                    break
        else:
            s = (ids[q] * uintp(0x9E3779B1)) & mask
            while slots[s] >= 0 and ids[slots[s]] != ids[q]:
                s = (s + uintp(1)) & mask
            if slots[s] < 0:
                slots[s] = q
            first = slots[s]
        repeated[q] = first != q
        if first != q:
            for k in range(width):
                gradients[first, k] += gradients[q, k]


def sort_places(keys, places, spare, n):  # a merge sort of places by their keys: equal keys stay in their order
    width = 1
    while width < n:
        for lo in range(0, n, 2 * width):
            middle, hi = min(lo + width, n), min(lo + 2 * width, n)
            a, b = lo, middle
            for c in range(lo, hi):
                if a < middle and (b >= hi or not keys[places[b]] < keys[places[a]]):
                    spare[c] = places[a]
                    a += 1
                else:
                    spare[c] = places[b]
                    b += 1
        for c in range(n):
            places[c] = spare[c]
        width *= 2


def round_away(x):  # halves away from zero
    return np.floor(x + 0.5) if x >= 0 else np.ceil(x - 0.5)


def times_unless_zero(a, b):  # a product that leaves out zeros
    return b if a == 0 else (a if b == 0 else a * b)


def digamma(x):  # the recurrence up to 8, then the series at infinity (Abramowitz and Stegun, 6.3.18)
    x, total = f64(x), 0.0
    if x < 0.5:
        total, x = -3.141592653589793 / math.tan(3.141592653589793 * x), 1 - x
    while x < 8:
        total -= 1 / x
        x += 1
    y = 1 / (x * x)
    series = y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y / 132))))
    return total + math.log(x) - 0.5 / x - series


def trigamma(x):  # as digamma (Abramowitz and Stegun, 6.4.12)
    x, reflected, sign, total = f64(x), 0.0, 1.0, 0.0
    if x < 0.5:
        reflected, sign, x = (3.141592653589793 / math.sin(3.141592653589793 * x)) ** 2, -1.0, 1 - x
    while x < 8:
        total += 1 / (x * x)
        x += 1
    y = 1 / (x * x)
    series = y * (1 / 6 - y * (1 / 30 - y * (1 / 42 - y * (1 / 30 - y * 5 / 66))))
    return reflected + sign * (total + 1 / x + y / 2 + series / x)


def erfcinv(p):  # Winitzki's approximation (2008), then three of Halley's steps
    if not 0 < p < 2:
        return INFINITY if p == 0 else (-INFINITY if p == 2 else NOT_A_NUMBER)
    tail = f64(p) if p < 1 else 2 - f64(p)
    low = math.log(tail * (2 - tail))
    t = 4.330746750799873 + low / 2
    y = math.sqrt(math.sqrt(t * t - low / 0.147) - t)
    for step in range(3):
        off = (tail - math.erfc(y)) / (1.1283791670955126 * math.exp(-y * y))
        y -= off / (1 + y * off)
    return y if p < 1 else -y


def erfinv(x):
    if not -1 < x < 1:
        return INFINITY if x == 1 else (-INFINITY if x == -1 else NOT_A_NUMBER)
    size = abs(f64(x))
    low = math.log1p(-size * size)
    t = 4.330746750799873 + low / 2
    y = math.sqrt(math.sqrt(t * t - low / 0.147) - t)
    for step in range(3):
        error = math.erf(y) - size if size < 0.5 else (1 - size) - math.erfc(y)
        off = error / (1.1283791670955126 * math.exp(-y * y))
        y -= off / (1 + y * off)
    return y if x > 0 else -y


def erfcx(x):  # exp(x^2) erfc(x); the series at infinity where both leave the range of numbers
    x = f64(x)
    if x < 25:
        return math.exp(x * x) * math.erfc(x)
    y = 1 / (x * x)
    return 0.5641895835477563 / x * (1 - y / 2 * (1 - y * 1.5 * (1 - y * 2.5)))


# In the order in which a source holds them.
_FUNCTIONS: tuple[Callable[..., Any], ...] = (
    *(is_finite, sign, square, whole_power, sigmoid, softplus, log1mexp, maximum, minimum, clip),
    *(draws.random_bits, draws.draw_uniform, draws.draw_alias, draws.draw_from, draws.is_rare),
    *(longest, waited, finished, stopped, note, upcoming, look_ahead),
    *(piece_of, piece_end, prefetch_row, prefetch_listed, hash_length, merge_repeats),
    *(sort_places, round_away, times_unless_zero, digamma, trigamma, erfcinv, erfinv, erfcx),
)
FUNCTIONS: dict[str, Any] = {function.__name__: function for function in _FUNCTIONS} | PORTABLE


def used_functions(body: str) -> str:
    """The functions that a body calls, and those that they call, each as it stands here."""
    texts: dict[str, str] = {}
    left = [body]
    while left:
        reading = left.pop()
        found = [name for name in FUNCTIONS if name not in texts and re.search(rf"\b{name}\(", reading)]
        texts |= {name: inspect.getsource(FUNCTIONS[name]) for name in found}
        left += [texts[name].partition("(")[2] for name in found]
    return "".join(texts[name] + "\n\n" for name in FUNCTIONS if name in texts)
