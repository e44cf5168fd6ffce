"""Whoever runs a plan, the bytes are those of the simplest executor: one thread, and the loop called once a task."""

from contextlib import nullcontext
from functools import partial
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rowspace as rs
from rowspace import costs
from rowspace.columns.data import Data
from rowspace.execute.executor import Threads
from rowspace.execute.replicas import Replicas
from rowspace.execute.turns import TurnSizes
from rowspace.kernel.cost import column_names
from rowspace.schedule.options import ScheduleOptions
from rowspace.schedule.pacing import EpochStart, Pacing
from rowspace.schedule.place import Place
from rowspace.schedule.plan import Order, span
from rowspace.schedule.planner import Planner
from rowspace.schedule.planning import Planning
from rowspace.schedule.sizes import Sizes
from rowspace.tables import on_disk

ROWS, DIM = 60, 6  # as wide, and as many negatives drawn, as in other tests, which have the same loops
SIZES = TurnSizes(threads=3, trials=0, least_bytes=0, longest=4, noted=16)
COSTS = ("l1_dot", "transe")  # the second has a small table, of which rows of buckets have copies
UPDATES = {
    "sgd": lambda: rs.sgd(rs.linear(0.05)),
    "exact adam": lambda: {"E": rs.exact(rs.lazy_adam(0.01)), "R": rs.sgd(0.05)},
}


class NoCheck:
    """Data that nobody compares with any other."""

    seeks = wanted = False

    def meet(self, number, mark):
        pass

    def end(self, chunks, begun):
        pass


class OneAfterAnother:
    """The simplest executor: every row of a plan after the row before it."""

    at_once = 1

    def prepare(self, function, *arguments):
        return lambda: function(*arguments)

    def run(self, plan, state):
        own = plan.kernel.bind(state.tables, state.slots, plan.columns)
        size = plan.together or len(plan.rows)
        for first in range(0, len(plan.rows), size):
            rows = plan.rows[first : first + size]
            replicas = Replicas.of(plan, state) if plan.shared else None
            copies = replicas.begin(own, len(rows)) if replicas else [own] * len(rows)
            for arguments, (begin, end) in zip(copies, rows, strict=True):
                assert plan.kernel.run(arguments, plan.segments, begin, end) == end
            if replicas:
                replicas.merge([span(plan.segments.segments, row) for row in rows])
        yield None


def problem(cost, examples, seed, folder=None):
    rng = np.random.default_rng(seed)
    ids = (ROWS * rng.random((3, examples)) ** 2).astype(np.int32)
    tables = {"E": table(folder, "E", ROWS, seed)}
    if cost == "l1_dot":
        return tables, {"i": ids[0], "j": ids[1], "label": rng.random(examples, np.float32)}
    tables["R"] = rs.Table(6, DIM, seed=seed + 1)
    negatives = rs.Negatives(of=tables["E"], k=3)
    return tables, {"head": ids[0], "relation": ids[2] % 6, "tail": ids[1], "negatives": negatives}


def table(folder, name, rows, seed):
    if folder is None:
        return rs.Table(rows, DIM, seed=seed)
    path = folder / f"{name}.npy"
    path.unlink(missing_ok=True)
    np.save(path, rs.Table(rows, DIM, seed=seed).values)
    return rs.Table.open(path, "r+")


def one_after_another(loops):
    return nullcontext(OneAfterAnother())


def learned(executor_for, cost, update, schedule, *, examples, blocks, seed, record_every=None, folder=None):
    """All bytes after an epoch, plan by plan, by the executor for the loops of the cost."""
    tables, data = problem(cost, examples, seed, folder)
    rules = update if isinstance(update, rs.Update) else {t: update[t] for t in tables}
    trainer = rs.Trainer(costs.NAMED[cost], tables, rules)
    chunks = Data.of(data, 1, column_names(trainer.cost, tables))
    options = ScheduleOptions(1, seed, False, schedule, blocks if schedule == "blocks" else None, None)
    pacing = Pacing(trainer.updates, chunks, 1)
    sizes = Sizes(examples_a_row=2, disk_block_bytes=2**8)
    orders = set()
    with executor_for(trainer.loops) as executor:
        planning = Planning(trainer.state, trainer.loops, pacing, options, sizes, {}, executor, record_every, 2**20)
        for plan in Planner(planning, NoCheck(), guarded=False).plans(EpochStart(0, 1, seed, 0), Place()):
            orders.add(plan.order)
            for outcome in executor.run(plan, trainer.state):
                if outcome is not None and outcome.error is not None:
                    raise outcome.error
            trainer.state.steps += examples_of(plan)
            trainer.state.examples += examples_of(plan)
    assert orders == {Order.WAVE if schedule == "blocks" else Order.IN_TURN}
    return b"".join(a.tobytes() for t in sorted(tables) for a in trainer.state.arrays_of(t))


def examples_of(plan):
    spans = [span(plan.segments.segments, row) for row in plan.rows]
    return sum(hi - lo for lo, hi in spans)


OPTIONS = {
    "examples": st.integers(1, 300),
    "blocks": st.integers(2, 12),
    "seed": st.integers(0, 99),
    "schedule": st.sampled_from(["blocks", "sequential"]),
    "record_every": st.sampled_from([None, 7]),
}


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("update", UPDATES)
@settings(max_examples=6)
@given(**OPTIONS)
def test_any_number_of_threads_gives_the_bytes_of_one_after_another(cost, update, **options):
    same_bytes(cost, update, options)


@pytest.mark.slow
@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("update", UPDATES)
@settings(max_examples=50)
@given(**OPTIONS)
def test_more_examples_and_blocks_give_the_bytes_of_one_after_another(cost, update, **options):
    same_bytes(cost, update, options)


def same_bytes(cost, update, options):
    if (cost, update) == ("transe", "exact adam"):
        options["schedule"] = "sequential"  # copies of an exact table cannot be averaged
    expected = learned(one_after_another, cost, UPDATES[update](), **options)
    for threads in (1, 2, 3):
        executor_for = lambda loops, threads=threads: Threads(threads, 2**30, loops, SIZES, {})
        assert learned(executor_for, cost, UPDATES[update](), **options) == expected


@pytest.mark.parametrize(("cost", "update"), [("l1_dot", "sgd"), ("l1_dot", "exact adam"), ("transe", "sgd")])
def test_any_memory_gives_the_bytes_of_one_after_another(cost, update, tmp_path, monkeypatch):
    monkeypatch.setattr(on_disk, "LARGE", 1)
    monkeypatch.setattr("rowspace.schedule.parts.WHOLE_BYTES", 0)
    options = {"schedule": "blocks", "examples": 250, "blocks": 8, "seed": 3, "folder": tmp_path}
    expected = learned(one_after_another, cost, UPDATES[update](), **options)
    tiles = set()

    def executor_for(threads, room, loops):
        executor = Threads(threads, 2**30, loops, SIZES, {})
        executor._room, run = room, executor._arranged
        monkeypatch.setattr(executor, "_arranged", lambda *given: counted(run(*given), tiles))
        return executor

    for threads, room in product((1, 3), (0, 850, 1800, 10**9)):
        assert learned(partial(executor_for, threads, room), cost, UPDATES[update](), **options) == expected
    assert len(tiles) > 2


def counted(arranged, tiles):
    tiles.add(len(arranged[0].stages))
    return arranged
