"""Rows that are stepped by gradients from elsewhere: from torch, from JAX, from a loop of one's own.

All gradients of a step are looked at before a row moves. Those of a row are added up in the order of the lookups, so
that no byte depends on the threads.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np

from rowspace.errors import DataError, Diverged, FormatError
from rowspace.errors.checks import number
from rowspace.execute.distinct import Distinct, places
from rowspace.execute.lookup_loops import all_finite
from rowspace.execute.tiles import scattered
from rowspace.jit.compile import compiled_loop
from rowspace.kernel.caught_up import catch_up_all
from rowspace.kernel.loops import RowLoops
from rowspace.kernel.row_loop import catch_up, step
from rowspace.rates import Constant
from rowspace.schedule.batches import shares
from rowspace.state import RateHistory, TrainState, are_in_order, are_rates
from rowspace.system.in_training import trained_alone
from rowspace.system.interrupts import interrupts_deferred
from rowspace.system.memory import memory_limit
from rowspace.tables.table import Table
from rowspace.updates import Update

SHARE_LOOKUPS = 2048  # for which a thread is worth its while


class Threads(Protocol):
    """Whoever does tasks on several threads."""

    @property
    def threads(self) -> int:
        """How many there are."""

    def run(self, do: Callable[[Any], None], tasks: Sequence[Any]) -> None:
        """Do every task."""


@dataclass(frozen=True)
class Gradients:
    """The gradients of lookups into one table, where they lie in memory.

    Args:
        ids: (n,) int64, of which some are the lookups'.
        values: (m, dim) float32 in C order, of which some rows are their gradients.
        ids_at: the first id that counts, and how many further on the next one is.
        values_at: the row of the first gradient, and how many further on the next one is.
    """

    ids: np.ndarray
    values: np.ndarray
    ids_at: tuple[int, int] = (0, 1)
    values_at: tuple[int, int] = (0, 1)

    @property
    def lookups(self) -> int:
        """How many there are."""
        return places(self.ids, self.ids_at)


class RowSteps:
    """A table, how its rows move, and how many steps they took.

    Args:
        table: in memory, or on disk.
        update: how its rows move.
        name: what errors call the table; None for its size.

    Raises:
        DataError: if the table is read-only, or the rate of the update is a schedule: nobody here knows how long the
            training will be.
    """

    def __init__(self, table: Table, update: Update, name: str | None = None) -> None:
        self.name = name or f"of {len(table):,} x {table.dim}"
        self.state = TrainState.begin({self.name: table}, update)
        self.table, self.update = table, update
        scattered(self.state.arrays_of(self.name), memory_limit(None))
        self._loops = RowLoops(self.state)
        self.lagging = False  # whether rows may have missed steps
        if not isinstance(update.rate, Constant):
            raise DataError(f"the rate of {update!r} is a schedule; give a number, and change it from step to step")

    def distinct(self, gradients: Gradients) -> Distinct:
        """The rows of a step; IdOutOfRange for an id that is none of the table's."""
        found = Distinct.of(gradients.ids, ids_at=gradients.ids_at, gradients_at=gradients.values_at)
        self.table.check_ids(found.rows)
        return found

    def catch_up(self, ids: np.ndarray) -> None:
        """Let rows (n,) that are about to be read take the steps that they missed, if the update is an exact one."""
        if self.lagging:
            self._catch_up(Distinct.of(ids).rows)

    def catch_up_all(self) -> None:
        """Let every row take the steps that it missed: before all are read."""
        if self.lagging:
            with interrupts_deferred():
                catch_up_all(self.state, self._loops)
                self.lagging = False
                self.state.rates.forget(self.state.steps)

    def _catch_up(self, rows: np.ndarray) -> None:
        loop, state = self._loops.rows(self.name, step=False), self.state
        catch_up(loop, state.arrays_of(self.name), rows, state.rates.of(self.name), state.steps, (0, len(rows)))

    def kept(self) -> dict[str, np.ndarray]:
        """What a training that goes on needs beside the values: what the update keeps, the steps, and their rates."""
        slots = {f"slot{n}": array for n, array in enumerate(self.state.slots[self.name])}
        return {**slots, "steps": np.array(self.state.steps), **self.state.rates.arrays()}

    def check_kept(self, given: Mapping[str, np.ndarray]) -> None:
        """Raise FormatError if this is not what `kept` gives for such a table, such an update."""
        own, given = self.kept(), dict(given)
        since, paces = given.pop("past.since", None), given.pop("past.paces", None)
        expected = {name: array for name, array in own.items() if not name.startswith("past.")}
        if _forms(given) != _forms(expected):
            raise FormatError(
                f"this state does not fit {self} with {self.update.name}: it is of another size or update"
            )
        steps = int(given["steps"])
        if since is None or paces is None:
            fits = steps == 0 or (steps > 0 and not self.update.exact)
        else:
            fits = are_rates(since, paces, 1) and are_in_order(since, steps)
        if self.update.exact and fits:
            seen = given[f"slot{len(self.state.slots[self.name]) - 1}"]
            earliest = 0 if since is None else since[0]
            fits = not len(seen) or bool(earliest <= seen.min() and seen.max() <= steps)
        if not fits:
            raise FormatError(
                f"the steps and their rates in this state of {self} contradict each other: it was altered"
            )

    def take(self, given: Mapping[str, np.ndarray]) -> None:
        """Go on from what `kept` gave."""
        for n, array in enumerate(self.state.slots[self.name]):
            array[:] = given[f"slot{n}"]
        self.state.steps = int(given["steps"])
        if "past.since" in given:
            pieces = given["past.since"].copy(), given["past.paces"].copy()
            self.state.rates = RateHistory.of_pieces([self.name], *pieces)
        self.lagging = self.update.exact and self.state.steps > 0

    def begin(self, rate: float) -> None:
        """Note the rate of a step, for rows that miss it."""
        if self.update.exact:
            self.state.rates.extend([self.name], np.array([self.state.steps]), np.array([[rate]], np.float32))

    def move(self, found: Distinct, values: np.ndarray, rate: float, part: tuple[int, int]) -> None:
        """Let a part of the rows of a step take it; Diverged where one is not finite after it."""
        if self.lagging:
            self._catch_up(found.rows[slice(*part)])
        end = step(
            self._loops.rows(self.name, step=True),
            self.state.arrays_of(self.name),
            found.rows,
            values,
            found.order,
            rate,
            self.state.steps,
            part,
        )
        if end < part[1]:
            raise Diverged(
                f"row {found.rows[end]} of {self} is not finite after its step; lower the rate ({rate:g}), or wrap the "
                "update in rs.clip_norm"
            )

    def end(self) -> None:
        """Count a step."""
        self.state.steps += 1
        self.lagging = self.update.exact

    def __str__(self) -> str:
        return f"the table {self.name}"


def _forms(arrays: Mapping[str, np.ndarray]) -> dict[str, tuple[np.dtype, tuple[int, ...]]]:
    return {name: (array.dtype, array.shape) for name, array in arrays.items()}


@dataclass(frozen=True)
class Step:
    """One step of one table: its gradients, or None if no row was looked up, and the rate."""

    rows: RowSteps
    gradients: Gradients | None
    rate: float


def step_all(steps: Sequence[Step], threads: Threads) -> None:
    """Let several tables take a step, each its own; none does if one of their gradients is not finite.

    Raises:
        Diverged: where a gradient is not finite, or a row after its step.
        DataError: where something else trains one of the tables at the same time, or a rate is not a number of at
            least 0.
    """
    for one in steps:
        number("the rate", float(one.rate), 0, wanted="it must be a number of at least 0")
    with interrupts_deferred(), trained_alone([one.rows.table.values for one in steps]):
        _move_all(steps, _found(steps, threads), threads)


def _found(steps: Sequence[Step], threads: Threads) -> list[tuple[Step, Distinct]]:
    """The steps that have gradients, all of them finite, with their rows."""
    ready: dict[int, Distinct] = {}

    def group(place: int) -> None:
        gradients = steps[place].gradients
        if gradients is not None:
            ready[place] = steps[place].rows.distinct(gradients)

    calls = [*(partial(group, n) for n in range(len(steps))), *_checks(steps, threads)]
    run(threads, lambda call: call(), calls, sum(one.gradients.lookups for one in steps if one.gradients is not None))
    return [(steps[place], ready[place]) for place in sorted(ready)]


def _move_all(steps: Sequence[Step], moved: Sequence[tuple[Step, Distinct]], threads: Threads) -> None:
    def move(task: tuple[Step, Distinct, tuple[int, int]]) -> None:
        one, found, part = task
        assert one.gradients is not None
        one.rows.move(found, one.gradients.values, one.rate, part)

    for one in steps:
        one.rows.begin(one.rate)
    parts = [in_parts(len(found.rows), found.lookups, threads) for _, found in moved]
    try:
        tasks = [(*one, part) for one, own in zip(moved, parts, strict=True) for part in own]
        run(threads, move, tasks, sum(found.lookups for _, found in moved))
    finally:  # some rows have taken it
        for one in steps:
            one.rows.end()


def _checks(steps: Sequence[Step], threads: Threads) -> Iterator[Callable[[], None]]:
    """Calls that raise where a gradient is not finite; tables that share an array of gradients are looked at once."""
    arrays = {id(one.gradients.values): (one.gradients.values, one.rows) for one in steps if one.gradients is not None}
    for values, rows in arrays.values():
        for begin, end in in_parts(len(values), len(values), threads):
            yield partial(_check_finite, values[begin:end], rows)


def _check_finite(values: np.ndarray, rows: RowSteps) -> None:
    if not compiled_loop(all_finite)(values.reshape(-1)):
        raise Diverged(f"a gradient of {rows} is not finite; no row was moved, and the step can be left out")


def in_parts(rows: int, lookups: int, threads: Threads) -> list[tuple[int, int]]:
    """Some rows, dealt to threads by the lookups they have."""
    if threads.threads == 1:
        return [(0, rows)]
    edges = shares(0, rows, lookups, SHARE_LOOKUPS).tolist()
    return list(zip(edges[:-1], edges[1:], strict=True))


def run(threads: Threads, do: Callable[[Any], None], tasks: Sequence[Any], lookups: int) -> None:
    """Do tasks, so many lookups in all: on several threads where that is worth their while."""
    if threads.threads == 1 or len(tasks) < 2 or lookups < 2 * SHARE_LOOKUPS:
        for task in tasks:
            do(task)
    else:
        threads.run(do, tasks)
