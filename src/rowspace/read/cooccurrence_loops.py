"""Loops that count which words stand near which, in plain Python; they run as machine code.

A run of counts is sparse rows: those of row r are `columns[starts[r]:starts[r + 1]]`, rising, and `sums` beside them.
"""

from typing import Any

import numpy as np

uintp: Any = np.uintp  # the names compiled sources know


def sort_by_word(text, offsets, first, last, before, after, places, spans):  # type: ignore[no-untyped-def]
    """Write for each token from `first` to `last` where its window begins, its own place and where the window ends.

    They go to `spans`, those of one word one after another in the order of the text, from places[word] on; sentence s
    is text[offsets[s]:offsets[s + 1]].
    """
    for s in range(len(offsets) - 1):
        begin, end = offsets[s], offsets[s + 1]
        for p in range(max(begin, first), min(end, last)):
            word = uintp(text[p])
            k = uintp(places[word])
            places[word] += 1
            spans[k, 0] = max(begin, p - before)
            spans[k, 1] = p
            spans[k, 2] = min(end, p + after + 1)


def add_up(text, begin, end, weights, shift, sums, met, distinct):  # type: ignore[no-untyped-def]
    """Add weights[q + shift] to the sum of every word text[q]; new ones join `met`, whose number it gives."""
    for q in range(begin, end):
        word = uintp(text[uintp(q)])
        if sums[word] == 0:
            met[uintp(distinct)] = word
            distinct += 1
        sums[word] += weights[uintp(q + shift)]
    return distinct


def count_rows(text, spans, starts, weights, lo, hi, sums, met, lengths, out_columns, out_sums):  # type: ignore[no-untyped-def]
    """Count what stands in the windows of words `lo` to `hi`; gives the number of counts written.

    `sums` is zero for all words, before and after.
    """
    place, middle = 0, len(weights) // 2
    for row in range(lo, hi):
        distinct = 0
        for k in range(starts[row], starts[row + 1]):
            own = spans[k, 1]
            distinct = add_up(text, spans[k, 0], own, weights, middle - own, sums, met, distinct)
            distinct = add_up(text, own + 1, spans[k, 2], weights, middle - own, sums, met, distinct)
        if distinct * 64 < len(sums):
            met[:distinct].sort()
        else:  # faster than to sort
            distinct = 0
            for word in range(len(sums)):
                if sums[word] != 0:
                    met[distinct] = word
                    distinct += 1
        for k in range(distinct):
            word = uintp(met[k])
            out_columns[place] = word
            out_sums[place] = sums[word]
            sums[word] = 0
            place += 1
        lengths[row] = distinct
    return place


def union_lengths(starts_a, columns_a, starts_b, columns_b, lo, hi, lengths):  # type: ignore[no-untyped-def]
    """How many distinct columns the rows `lo` to `hi` of two runs have together."""
    for row in range(lo, hi):
        a, end_a, b, end_b = starts_a[row], starts_a[row + 1], starts_b[row], starts_b[row + 1]
        both = 0
        while a < end_a and b < end_b:
            x, y = columns_a[uintp(a)], columns_b[uintp(b)]
            both += x == y
            a += x <= y
            b += y <= x
        lengths[row] = end_a - starts_a[row] + end_b - starts_b[row] - both


def merge_rows(starts_a, columns_a, sums_a, starts_b, columns_b, sums_b, lo, hi, starts, columns, sums):  # type: ignore[no-untyped-def]
    """Merge the rows `lo` to `hi` of two runs, adding up the sums of a column that is in both."""
    for row in range(lo, hi):
        a, end_a, b, end_b = starts_a[row], starts_a[row + 1], starts_b[row], starts_b[row + 1]
        for k in range(starts[row], starts[row + 1]):
            take_a = b == end_b or (a < end_a and columns_a[a] <= columns_b[b])
            take_b = a == end_a or (b < end_b and columns_b[b] <= columns_a[a])
            total = 0
            if take_b:
                columns[k] = columns_b[b]
                total += sums_b[b]
                b += 1
            if take_a:
                columns[k] = columns_a[a]
                total += sums_a[a]
                a += 1
            sums[k] = total
