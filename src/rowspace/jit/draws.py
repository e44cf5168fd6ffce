"""Random draws without a state: the bits of a draw are made of a seed and of what is drawn for.

So threads, resumed trainings and windows of any length draw the same. Each function stands here once: loops call them,
or hold them as source (`kernel/emit/functions.py`), and those without a branch work on arrays as they are.
"""

import numpy as np

from rowspace.jit.compile import compiled_loop
from rowspace.jit.names import f32, uint64, uintp


def random_bits(seed, example, draw):  # SplitMix64 (Steele et al. 2014) of a counter: no state to carry along
    x = seed + (uint64(example) * uint64(0x9E3779B97F4A7C15) + uint64(draw) * uint64(0xD1B54A32D192ED03))
    x = (x ^ (x >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> uint64(27))) * uint64(0x94D049BB133111EB)
    return x ^ (x >> uint64(31))


def draw_uniform(bits, n):
    return uintp(((bits >> uint64(32)) * uint64(n)) >> uint64(32))


def draw_alias(bits, keep, other):  # Walker (1977): a slot, or where that slot points to
    slot = uintp(((bits >> uint64(32)) * uint64(len(keep))) >> uint64(32))
    chance = f32(bits & uint64(0xFFFFFF)) * f32(5.9604645e-08)
    return slot if chance < keep[slot] else uintp(other[slot])


def draw_from(bits, pool, start, size):
    return uintp(pool[start + uintp(((bits >> uint64(32)) * uint64(size)) >> uint64(32))])


def is_rare(bits, pool, size):  # as often as the block is met: what is drawn once in its block is as rare as elsewhere
    return (((bits & uint64(0xFFFFFFFF)) * uint64(len(pool))) >> uint64(32)) < uint64(size)


def is_kept(bits, chance):
    """Whether what has some chance of being kept is kept."""
    return f32(bits & uint64(0xFFFFFF)) * f32(5.9604645e-08) < chance


def draw_pool(seed, keep, other, out):
    """Draw rows by Walker's alias tables."""
    for n in range(len(out)):
        out[n] = draw_alias(random_bits(seed, n, 0), keep, other)


def alias_tables(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Walker's alias tables for drawing r with probability weights[r] / weights.sum(), by Vose's method (1991)."""
    keep = np.where(weights > 0, 1, 0).astype(np.float32)  # what rounding leaves over is kept, unless never drawn
    other = np.full(len(weights), np.argmax(weights), np.int64)
    scaled = weights * (len(weights) / weights.sum())
    compiled_loop(pair_slots)(scaled, keep, other, np.empty(len(weights), np.int64))
    return keep, other


def pair_slots(scaled, keep, other, stack):
    """Fill every slot of less than 1 from one of more; `stack` has the small ones before, the large behind."""
    n = len(scaled)
    small, large = 0, n
    for r in range(n):
        if scaled[r] < 1:
            stack[small] = r
            small += 1
    for r in range(n - 1, -1, -1):
        if scaled[r] >= 1:
            large -= 1
            stack[large] = r
    while small > 0 and large < n:
        small -= 1
        poor, rich = stack[small], stack[large]
        keep[poor] = scaled[poor]
        other[poor] = rich
        scaled[rich] -= 1 - scaled[poor]
        if scaled[rich] < 1:
            large += 1
            stack[small] = rich
            small += 1
