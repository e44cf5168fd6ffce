"""Loops that move the entries of columns."""


def take_bags(values, offsets, ids, starts, out):
    """Fill `out` with the bags of ids, which begin there at `starts`."""
    for n in range(len(ids)):
        begin = offsets[ids[n]] - starts[n]
        for place in range(starts[n], starts[n + 1]):
            out[place] = values[begin + place]


def move(values, places, out):
    """out[places[n]] = values[n] for rows of numbers."""
    for n in range(len(places)):
        place = places[n]
        for k in range(values.shape[1]):
            out[place, k] = values[n, k]
