"""Loops over the bytes of a text, in plain Python, run as machine code: words become ids, ids others.

`text_loop` in encoded.py gives the functions compiled; they are read here as they stand. A hash table is an
array of slots, a power of two of them; a slot holds the upper half of a word's hash and its id + 1, or 0.
"""

import numpy as np

i64 = np.int64  # the names compiled sources know
uintp = np.uintp
uint64 = np.uint64

SEED = uint64(0xCBF29CE484222325)
PRIME = uint64(0x9E3779B97F4A7C15)
NEWLINE = 10
AHEAD = 64  # words looked up together
BETWEEN, INSIDE, JOINING, REFUSED = 0, 1, 2, 3  # kinds of code points


def code_point(data, at):  # type: ignore[no-untyped-def]
    """The code point at a place, and how many bytes it has: 0 where it is not UTF-8. The data must end with ASCII."""
    a = i64(data[at])
    if a < 0x80:
        return a, 1
    b = i64(data[at + 1])
    if a < 0xC2 or a > 0xF4 or b & 0xC0 != 0x80:
        return i64(0), 0
    if a < 0xE0:
        return (a & 0x1F) << 6 | b & 0x3F, 2
    c = i64(data[at + 2])
    if c & 0xC0 != 0x80:
        return i64(0), 0
    if a < 0xF0:
        point = (a & 0xF) << 12 | (b & 0x3F) << 6 | c & 0x3F
        return point, 3 if point >= 0x800 and not 0xD800 <= point < 0xE000 else 0
    d = i64(data[at + 3])
    point = (a & 7) << 18 | (b & 0x3F) << 12 | (c & 0x3F) << 6 | d & 0x3F
    return point, 4 if d & 0xC0 == 0x80 and 0x10000 <= point < 0x110000 else 0


def mixed(hashed):  # type: ignore[no-untyped-def]
    """A hash whose upper and lower halves both depend on all of it."""
    hashed = (hashed ^ (hashed >> uint64(32))) * PRIME
    return hashed ^ (hashed >> uint64(29))


def find(slots, hashed, data, start, end, held, starts, ends):  # type: ignore[no-untyped-def]
    """The slot of a word, and its id: -1 if the slot is free."""
    mask = uint64(len(slots) - 1)
    place = uintp(hashed & mask)
    while slots[place] != 0:
        if slots[place] >> uint64(32) == hashed >> uint64(32):
            k = i64(slots[place] & uint64(0xFFFFFFFF)) - 1
            first, length = starts[k], ends[k] - starts[k]
            n = 0
            if length == end - start:
                while n < length and held[first + n] == data[start + n]:
                    n += 1
                if n == length:
                    return place, k
        place = uintp(uint64(place + uintp(1)) & mask)
    return place, i64(-1)


def slot_of(hashed, k):  # type: ignore[no-untyped-def]
    """What a slot holds for word k."""
    return hashed >> uint64(32) << uint64(32) | uint64(k + 1)


def fill(slots, hashes, n):  # type: ignore[no-untyped-def]
    """Put the first n words, all different, into empty slots."""
    mask = uint64(len(slots) - 1)
    for k in range(n):
        place = uintp(hashes[k] & mask)
        while slots[place] != 0:
            place = uintp(uint64(place + uintp(1)) & mask)
        slots[place] = slot_of(hashes[k], k)


def hash_word(data, start, end):  # type: ignore[no-untyped-def]
    """The hash of one word, as `scan_part` makes it on its way."""
    hashed = SEED
    for at in range(start, end):
        hashed = (hashed ^ uint64(data[at])) * PRIME
    return mixed(hashed)


def hash_words(data, starts, ends, hashes):  # type: ignore[no-untyped-def]
    """The hash of every word."""
    for k in range(len(hashes)):
        hashes[k] = hash_word(data, starts[k], ends[k])


def refill(slots, data, starts, ends, words):  # type: ignore[no-untyped-def]
    """Put the words of a vocabulary into a new table of slots."""
    hashes = np.empty(words, np.uint64)
    for k in range(words):
        hashes[k] = hash_word(data, starts[k], ends[k])
    fill(slots, hashes, words)


def longer(array):  # type: ignore[no-untyped-def]
    """A copy with room for twice as many."""
    twice = np.empty(2 * len(array), array.dtype)
    for n in range(len(array)):  # an assignment of a slice would take Numba three seconds more
        twice[n] = array[n]
    return twice


def piece(data, at, inside, kinds):  # type: ignore[no-untyped-def]
    """The bytes of one character: positive if it belongs to the word, negative if it is between words, 0 if refused."""
    point, size = code_point(data, at)
    kind = kinds[point]
    if size == 0 or kind == REFUSED:
        return 0
    if kind == JOINING and inside:
        after, width = code_point(data, at + size)
        kind = i64(width > 0 and kinds[after] == INSIDE)
    return size if kind == INSIDE else -size


def scan_part(data, at, kinds, ids, length, slots, starts, ends, hashes, counts, words):  # type: ignore[no-untyped-def]
    """Go on from a place until the data ends, no more words fit, or a byte is refused: the place, and the new lengths.

    It makes no array, and so spends no time on counting who holds them.
    """
    while at < len(data) and words < len(starts):
        start, hashed, size = at, SEED, 1
        while size > 0:
            byte = data[at]
            while byte < 128 and kinds[byte] == INSIDE:
                hashed = (hashed ^ uint64(byte)) * PRIME
                at += 1
                byte = data[at]
            if byte < 128 and kinds[byte] == BETWEEN:
                size = -1
            else:
                size = piece(data, at, at > start, kinds)
                for k in range(at, at + size):
                    hashed = (hashed ^ uint64(data[k])) * PRIME
                at += max(size, 0)
        if size == 0:
            return at, length, words, True
        if at > start:
            hashed = mixed(hashed)
            place, k = find(slots, hashed, data, start, at, data, starts, ends)
            if k < 0:
                k = words
                slots[place] = slot_of(hashed, k)
                starts[k], ends[k], hashes[k], counts[k] = start, at, hashed, 0
                words += 1
            counts[k] += 1
            ids[length] = k
            length += 1
        if data[at] == NEWLINE:
            ids[length] = -1
            length += 1
        at -= size
    return at, length, words, False


def scan(data, kinds):  # type: ignore[no-untyped-def]
    """Number the words of a text that ends with ASCII white space, in order of first appearance.

    Args:
        data: (n,) uint8.
        kinds: (0x110000,) uint8, of every code point: BETWEEN words, INSIDE words, JOINING (inside a word where it
            stands between two of INSIDE) or REFUSED.

    Returns:
        ids int32, with -1 at the end of every line; start, end, hash and count of each word; and the place of the
        first byte that is refused or not UTF-8, else the length of the data.
    """
    ids = np.empty(len(data) + 1, np.int32)
    starts, ends = np.empty(1 << 12, np.int64), np.empty(1 << 12, np.int64)
    hashes, counts = np.empty(1 << 12, np.uint64), np.empty(1 << 12, np.int64)
    at, length, words, bad = 0, 0, 0, False
    while at < len(data) and not bad:
        if words == len(starts):
            starts, ends, hashes, counts = longer(starts), longer(ends), longer(hashes), longer(counts)
        slots = np.zeros(4 * len(starts), np.uint64)
        fill(slots, hashes, words)
        at, length, words, bad = scan_part(data, at, kinds, ids, length, slots, starts, ends, hashes, counts, words)
    return ids[:length], starts[:words], ends[:words], hashes[:words], counts[:words], at


def touch(hashes, slots, held, held_starts, held_counts, out):  # type: ignore[no-untyped-def]
    """Read what `absorb` needs for some words: so many reads at once that the memory need not be waited for each time.

    A sum of it goes into `out`, only so that the compiler does not leave the reading out.
    """
    mask = uint64(len(slots) - 1)
    for n in range(len(hashes)):
        out[n] = max(i64(slots[uintp(hashes[n] & mask)] & uint64(0xFFFFFFFF)) - 1, 0)
    touched = i64(0)
    for n in range(len(hashes)):
        touched ^= i64(held[held_starts[out[n]]]) + held_counts[out[n]]
    out[0] = touched


def absorb(data, starts, ends, hashes, counts, slots, held, held_starts, held_ends, held_counts, words):  # type: ignore[no-untyped-def]
    """Add words and their counts to a vocabulary that has room for them.

    The vocabulary: slots; the bytes held, the words one after another; start, end and count of each; how many.

    Returns:
        The id there of each word given, int32, and how many words the vocabulary now has.
    """
    out = np.empty(len(starts), np.int32)
    for n in range(len(starts)):
        if n % AHEAD == 0:
            touch(hashes[n : n + AHEAD], slots, held, held_starts, held_counts, out[n : n + AHEAD])
        place, k = find(slots, hashes[n], data, starts[n], ends[n], held, held_starts, held_ends)
        if k < 0:
            k = words
            first = held_starts[k]
            held_ends[k] = first + ends[n] - starts[n]
            for at in range(ends[n] - starts[n]):
                held[first + at] = data[starts[n] + at]
            slots[place] = slot_of(hashes[n], k)
            held_counts[k] = 0
            words += 1
        held_counts[k] += counts[n]
        out[n] = k
    return out, words


def replace(ids, new):  # type: ignore[no-untyped-def]
    """ids[n] = new[ids[n]], and -1 as it is."""
    for n in range(len(ids)):
        if ids[n] >= 0:
            ids[n] = new[ids[n]]


def renumber(ids, new, out, offsets, begun):  # type: ignore[no-untyped-def]
    """Write the new ids of those words that have one, and after every -1 how many there were up to there.

    Returns:
        The number of ids and of offsets written.
    """
    length, lines = 0, 0
    for n in range(len(ids)):
        if ids[n] < 0:
            offsets[lines] = begun + length
            lines += 1
        else:
            k = new[ids[n]]
            out[length] = k
            length += k >= 0
    return length, lines
