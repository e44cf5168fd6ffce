"""Sorting a chunk of examples into buckets: loops in plain Python, run as machine code.

A bucket is a row (a block of the first id) and a column (a group of blocks of the second). `jit.compile.compiled_loop`
compiles the functions, which are read here as they stand.
"""

from rowspace.jit.names import i64, uintp


def number_buckets(first, second, first_block, second_block, columns, per_column, symmetric, sided, out, counts):
    """Number the bucket of every example, and count the examples of each.

    With `symmetric` tables the smaller block is the row; `sided` buckets tell apart which of the two ids that was.
    """
    sides = 2 if sided else 1
    for n in range(len(out)):
        row, column, side = i64(first_block[uintp(first[n])]), i64(second_block[uintp(second[n])]), 0
        if symmetric and column < row:
            row, column, side = column, row, sides - 1
        bucket = (row * columns + column // per_column) * sides + side
        out[n] = bucket
        counts[bucket] += 1


def find_places(buckets, starts):
    """Turn each example's bucket into its place among the sorted ones, in file order within a bucket."""
    for n in range(len(buckets)):
        bucket = buckets[n]
        buckets[n] = starts[bucket]
        starts[bucket] += 1


def distribute(buckets, starts, columns, out):
    """Move every example to its place: out[place, c] = columns[c][n], in file order within a bucket."""
    for n in range(len(buckets)):
        bucket = uintp(buckets[n])
        place = uintp(starts[bucket])
        starts[bucket] = place + 1
        for c in range(len(columns)):
            out[place, c] = columns[c][n]


def distribute_within(buckets, starts, columns, out, begin, end):
    """The same for the examples of buckets `begin` to `end` alone."""
    for n in range(len(buckets)):
        bucket = uintp(buckets[n])
        if begin <= buckets[n] < end:
            place = uintp(starts[bucket])
            starts[bucket] = place + 1
            for c in range(len(columns)):
                out[place, c] = columns[c][n]


def gather_bags(ids, ends, most, opened, of, offsets, firsts, bag_ends):
    """Put the examples of every bucket, which end at `ends`, into bags of one id: into the one that is open, or a new.

    Fills `of`, the bag of each example; `offsets`, where bags begin when examples stand bag by bag; `firsts`, the id of
    each bag; `bag_ends`, where buckets end among the bags. `opened` holds -1 for every id.
    """
    bags, lo = 0, 0
    for bucket in range(len(ends)):
        hi, begun = ends[bucket], bags
        for n in range(lo, hi):
            row = uintp(ids[n])
            bag = opened[row]
            if bag < begun or offsets[bag] == most:
                bag = bags
                opened[row] = bag
                firsts[bag] = ids[n]
                offsets[bag] = 0
                bags += 1
            of[n] = bag
            offsets[bag] += 1
        lo = hi
        bag_ends[bucket] = bags
    begin = 0
    for bag in range(bags):
        size = offsets[bag]
        offsets[bag] = begin
        begin += size
    offsets[bags] = begin


def fill_bags(of, places, values, out):
    """Move every value to its bag, in file order within it; `places` begins as where the bags begin."""
    for n in range(len(of)):
        bag = uintp(of[n])
        out[places[bag]] = values[n]
        places[bag] += 1
