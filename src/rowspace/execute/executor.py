"""Who runs plans: threads of this process, in memory or, where tables are on disk, tile by tile.

Nothing here decides a byte of what is learned: whatever runs a plan keeps to its order.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from types import TracebackType
from typing import Any, Protocol

from rowspace.columns.chunk import length, members
from rowspace.errors import OverMemory
from rowspace.execute.arrange import Arranged, Stage, arranged
from rowspace.execute.batches import BatchRun
from rowspace.execute.in_turns import InTurns, Teams
from rowspace.execute.replicas import Replicas
from rowspace.execute.residency import Residency
from rowspace.execute.tasks import compile_loop, run_alone, run_task
from rowspace.execute.tiles import bring_all, room_for_rows, tiled
from rowspace.execute.turns import TurnSizes
from rowspace.kernel.loops import Loops
from rowspace.kernel.segments import Arguments, Segments
from rowspace.schedule.batches import BatchPlan
from rowspace.schedule.parts import parts_of
from rowspace.schedule.plan import Order, Outcome, Plan, Task
from rowspace.state import TrainState
from rowspace.system.threads import Workers
from rowspace.tables.on_disk import is_on_disk


class Executor(Protocol):
    """Runs plans, and makes calls beforehand."""

    @property
    def at_once(self) -> int: ...

    def run(self, plan: Plan | BatchPlan, state: TrainState) -> Iterator[Outcome]: ...
    def prepare(self, function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]: ...


class Threads:
    """Runs plans on threads of this process.

    Args:
        threads: how many.
        memory: bytes that the process may have, where tables are on disk.
        loops: those of the cost.
        sizes: numbers of taking turns in file order.
        teams: what was found of loops in turns before.
    """

    def __init__(self, threads: int, memory: int, loops: Loops, sizes: TurnSizes, teams: Teams) -> None:
        self.at_once, self.memory = threads, memory
        self._turns = InTurns(sizes, threads, loops, teams)
        self._workers = Workers(threads)
        self._room: int | None = None  # of the memory, for rows and examples, once it is known

    def __enter__(self) -> "Threads":
        self._workers.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._workers.__exit__(kind, error, at)

    def prepare(self, function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
        """A call to be made before its result is asked for, together with all others that wait then."""
        return self._workers.prepare(function, *arguments)

    def run(self, plan: Plan | BatchPlan, state: TrainState) -> Iterator[Outcome]:
        """Run stage after stage; gives what became of each."""
        if isinstance(plan, BatchPlan):
            yield BatchRun(plan, state, self._workers).run()
            return
        arguments = plan.kernel.bind(state.tables, state.slots, plan.columns)
        if plan.order is Order.IN_TURN:
            yield self._in_turn(plan, arguments)
            return
        layout, residency = self._arranged(plan, arguments, state)
        replicas = Replicas.of(plan, state) if plan.shared else None
        copies: list[Arguments] = []
        for number, stage in enumerate(layout.stages):
            if replicas and stage.sharing and stage.sharing.begins:
                copies = replicas.begin(arguments, len(stage.sharing.examples))
            own = copies[stage.sharing.first :] if replicas and stage.sharing else [arguments] * len(stage.tasks)
            error = None
            try:
                with residency.present(number) if residency else nullcontext():
                    self._run_stage(plan, layout.segments, stage, own)
            except BaseException as raised:  # Ctrl-C too: what was done counts all the same
                error = raised
            outcome = Outcome.of(layout.segments, stage.tasks, members(plan.columns), error)
            if replicas and stage.sharing and stage.sharing.ends and outcome.failed is None and error is None:
                replicas.merge(stage.sharing.examples)
            yield outcome if residency is None else _counted_last(outcome, layout, number)

    def _in_turn(self, plan: Plan, arguments: Arguments) -> Outcome:
        """Run a plan in file order, on several threads if that is faster."""
        error = None
        try:
            if self._turns.pay(plan):
                self._turns.run(plan, arguments, self._workers)
            else:
                run_alone(plan.kernel.run, arguments, plan.segments, self._workers)
        except BaseException as raised:  # Ctrl-C too: what was done counts all the same
            error = raised
        return Outcome.of(plan.segments, plan.rows, members(plan.columns), error, apart=True)

    # --- what runs after what --------------------------------------------------------------------------------------

    def _arranged(self, plan: Plan, arguments: Arguments, state: TrainState) -> tuple[Arranged, Residency | None]:
        """A plan laid out for the threads and, where tables are on disk, for the memory."""
        on_disk = plan.sorted is not None and any(is_on_disk(table.values) for table in state.tables.values())
        tiles = self._tiled(plan, arguments, state) if on_disk else None
        return (arranged(plan, self.at_once), None) if tiles is None else tiles

    def _tiled(self, plan: Plan, arguments: Arguments, state: TrainState) -> tuple[Arranged, Residency] | None:
        """A plan in tiles whose rows fit in memory; None where all do."""
        assert plan.sorted is not None
        first = self._room is None
        if self._room is None:
            compile_loop(plan.kernel, arguments)  # it takes memory of its own
            arrays = [a for space in plan.sorted.layout.spaces for t in space for a in state.arrays_of(t)]
            self._room = room_for_rows(arrays, self.memory)
        parts = parts_of(plan, state)
        tiles = tiled(plan, parts, self._room, self.at_once)
        if tiles is None:
            bring_all(parts, length(plan.columns))
            return None
        if tiles.missing and first:
            OverMemory.warn(self.memory, self.memory - self._room + tiles.missing)
        return tiles.arranged, tiles.residency

    # --- on threads ------------------------------------------------------------------------------------------------

    def _run_stage(self, plan: Plan, segments: Segments, stage: Stage, own: Sequence[Arguments]) -> None:
        def do(numbered: tuple[Arguments, Task]) -> None:
            run_task(plan.kernel.run, numbered[0], segments, numbered[1], self._workers)

        self._workers.run(do, zip(own, stage.tasks, strict=False))


def _counted_last(outcome: Outcome, layout: Arranged, number: int) -> Outcome:
    """With all costs of the plan at its last stage: their sum is then the same for any memory."""
    if number + 1 < len(layout.stages):
        return replace(outcome, costs=[], counted=0)
    whole = Outcome.of(layout.segments, [task for stage in layout.stages for task in stage.tasks])
    return replace(outcome, costs=whole.costs, counted=whole.counted)
