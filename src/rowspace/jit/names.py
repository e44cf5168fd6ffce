"""The names that a loop's source knows beside its own, as plain Python has them.

Modules of loops import them from here; `compile` hands them to every source, with single instructions of the machine in
place of the functions among them.
"""

import math
from typing import Any

import numpy as np

i8, i16, i32, i64 = np.int8, np.int16, np.int32, np.int64
u8, u16, u32, u64 = np.uint8, np.uint16, np.uint32, np.uint64
f32, f64 = np.float32, np.float64
uintp, uint64 = np.uintp, np.uint64
INFINITY, NOT_A_NUMBER = math.inf, math.nan


def load_acquire(array: Any, place: Any) -> Any:
    """array[place]: what another thread wrote before it stored this is seen after."""
    return array[place]


def store_release(array: Any, place: Any, value: Any) -> None:
    """array[place] = value: who sees it sees all that was written before."""
    array[place] = value


def take(array: Any, place: Any) -> Any:
    """array[place], which is one more from then on, for every thread."""
    taken = array[place]
    array[place] = taken + 1
    return taken


def pause() -> None:
    """A moment's rest for a thread that waits."""


def rest() -> None:
    """A thread that waits leaves its core to another one that is ready to run, if there is one."""


def prefetch(table: Any, row: Any, k: Any) -> None:
    """Ask for the cache line of table[row, k], which is to be changed."""


def sum_of_lanes(lanes: Any) -> Any:
    """The sum of 32 numbers: one half is added to the other, until one number is left."""
    while len(lanes) > 1:
        lanes = lanes[: len(lanes) // 2] + lanes[len(lanes) // 2 :]
    return lanes[0]


NAMES: dict[str, Any] = {
    "math": math,
    "np": np,
    **{name: value for name, value in globals().items() if name[0] in "iuf" and name.lstrip("iuf").isdigit()},
    **{"uintp": uintp, "uint64": uint64, "INFINITY": INFINITY, "NOT_A_NUMBER": NOT_A_NUMBER},
    **{each.__name__: each for each in (load_acquire, store_release, take, pause, rest, prefetch, sum_of_lanes)},
}
