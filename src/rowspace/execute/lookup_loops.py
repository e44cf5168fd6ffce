"""Rows of many lookups: gathered, grouped, and their gradients looked at. Loops in plain Python, run as machine code.

`jit.compile.compiled_loop` compiles the functions, which are read here as they stand.
"""

from rowspace.jit.names import f32, i64, u64, uintp
from rowspace.kernel.emit.functions import prefetch_row


def group_rows(ids, ids_at, gradients_at, slots, groups, rows, order, starts):
    """Find the distinct rows of lookups, in the order in which they are met, and the lookups of each in theirs.

    `ids_at` says which id is the first, and how many further on the next one is; `gradients_at` the same of the numbers
    of their gradients. `slots` is room for a hash table, int32, empty where it is -1: its length is a power of two, at
    least twice the lookups. `groups` is room for the group of each lookup. Fills `rows`; `order`, the numbers of the
    gradients row by row; `starts`, where those of each row begin. Gives how many rows there are.
    """
    first, stride = ids_at
    gradient_first, gradient_stride = gradients_at
    mask = u64(len(slots) - 1)
    for s in range(len(slots)):
        slots[s] = -1
    found = 0
    for q in range(len(order)):
        row = ids[first + q * stride]
        place = ((u64(row) * u64(0x9E3779B97F4A7C15)) >> u64(32)) & mask
        while slots[place] >= 0 and rows[slots[place]] != row:
            place = (place + u64(1)) & mask
        group = i64(slots[place])
        if group < 0:
            group = found
            slots[place] = group
            rows[group] = row
            starts[group + 1] = 0
            found += 1
        starts[group + 1] += 1
        groups[q] = group
    starts[0] = 0
    for group in range(found):
        starts[group + 1] += starts[group]
    for q in range(len(order)):
        group = groups[q]
        order[starts[group]] = gradient_first + q * gradient_stride
        starts[group] += 1
    for group in range(found, 0, -1):
        starts[group] = starts[group - 1]
    starts[0] = 0
    return found


def all_finite(numbers):
    """Whether the numbers (n,) are neither infinite nor NaN."""
    total = f32(0)
    for k in range(len(numbers)):
        total += numbers[uintp(k)] * f32(0)
    return total == f32(0)


def gather_rows(table, ids, out, first, stride, begin, end):
    """Copy rows of a table: out[at] = table[ids[at]] for at = first + n * stride, n from `begin` to `end`.

    Gives whether all ids are in the table; nothing is read for one that is not.
    """
    for n in range(begin, end):
        later = first + (n + 16) * stride
        if n + 16 < end and 0 <= ids[later] < len(table):
            prefetch_row(table, uintp(ids[later]))
        at = uintp(first + n * stride)
        if not 0 <= ids[at] < len(table):
            return False
        row = uintp(ids[at])
        for k in range(table.shape[1]):
            out[at, k] = table[row, k]
    return True
