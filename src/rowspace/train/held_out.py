"""The mean cost of examples that are not trained on, by a loop that moves no row."""

import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from rowspace.columns.chunk import Chunk, checked, counted_before, length
from rowspace.columns.data import Data
from rowspace.columns.frames import is_frame
from rowspace.columns.holding import check_held
from rowspace.errors import DataError, Diverged, RowspaceError, SlowCost
from rowspace.execute.executor import Executor
from rowspace.kernel.cost import column_names
from rowspace.kernel.kernel import Kernel
from rowspace.kernel.loops import Loops
from rowspace.kernel.segments import Segments, segments_between
from rowspace.schedule.bags import in_file_order
from rowspace.schedule.place import Place
from rowspace.schedule.plan import Order, Plan
from rowspace.state import TrainState

SEED = 1  # what ids are drawn from: the same ones after every epoch, in every training
SEGMENT_EXAMPLES = 1 << 14  # whose costs are added up one after another, on whichever thread


class HeldOut:
    """Examples that are held out of a training.

    To the loops all tables are frozen, so that they only add up costs. The sums do not depend on how many threads
    there are.

    Args:
        data: the examples: a frame, or chunks that can be read after every epoch.
        loops: those of the training.
        state: what is trained.
        epochs: after how many of them the cost is taken.

    Raises:
        DataError, IdOutOfRange, UnknownItem, CostError: where the first chunk does not fit the cost and its tables.
    """

    def __init__(self, data: Any, loops: Loops, state: TrainState, epochs: int) -> None:
        self.state = state
        self._frozen = replace(state, updates={}, slots={})
        self._loops = Loops(loops.cost, self._frozen, portable=loops.portable)
        self._last: tuple[Chunk, Kernel, Chunk] | None = None
        try:
            self._data = Data.of(data, epochs, column_names(loops.cost, state.tables))
            if isinstance(data, Iterator) and not is_frame(data):
                raise DataError("it is an iterator, which can be read once; give a list of chunks")
            if next(self._ready(), None) is None:
                raise DataError("it has no example; leave it out, or give some")
        except RowspaceError as error:
            raise type(error)(f"held_out: {error}") from None

    def cost(self, executor: Executor) -> float:
        """The mean cost of all examples, at the rows as they are now.

        Raises:
            Diverged: where a cost is not finite; no row has moved.
        """
        total, counted, first = 0.0, 0, 0
        for kernel, columns in self._ready():
            plan = _plan(kernel, columns, first)
            for outcome in executor.run(plan, self._frozen):
                if outcome.error is not None:
                    raise outcome.error
                if outcome.failed is not None:
                    raise Diverged(
                        f"the cost is not finite at example {plan.original(outcome.failed):,} of held_out; the tables "
                        f"are as they were after {self.state.examples:,} examples"
                    )
                total, counted = total + sum(outcome.costs), counted + outcome.counted
            first += int(counted_before(columns, length(columns)))
        return total / counted if counted else float("nan")

    def _ready(self) -> Iterator[tuple[Kernel, Chunk]]:
        """Every chunk that has examples, checked, with its loop."""
        for _, chunk in self._data.of_epoch(0):
            if self._last is None or self._last[0] is not chunk or self._last[1].is_stale:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", SlowCost)  # the training has said so
                    kernel = self._loops.examples(chunk)
                columns = checked(chunk, kernel.ids, self._frozen.tables, kernel.traced.columns)
                check_held(self._loops.cost, columns)
                self._last = chunk, kernel, in_file_order(columns)
            if length(self._last[2]):
                yield self._last[1:]


def _plan(kernel: Kernel, columns: Chunk, first: int) -> Plan:
    """All examples of a chunk, on threads that need not wait for each other: nothing is written."""
    examples = length(columns)
    edges = np.append(np.arange(0, examples, SEGMENT_EXAMPLES), examples)
    rates = np.zeros((len(edges) - 1, len(kernel.order())), np.float32)
    segments = Segments.of(segments_between(edges, len(kernel.sampled)), rates, first, 1, SEED)
    count = len(rates)
    if kernel.slow:  # PyTensor's own operations run on one thread
        return Plan(kernel, columns, segments, [(0, count)], Order.IN_TURN, Place())
    return Plan(kernel, columns, segments, [(s, s + 1) for s in range(count)], Order.RACE, Place())
