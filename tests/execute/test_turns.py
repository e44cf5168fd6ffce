"""Threads that take turns: the bytes and costs of one thread, whatever examples have in common and whatever happens."""

from dataclasses import replace
from itertools import cycle, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rowspace as rs
from rowspace import costs
from rowspace.columns.chunk import length
from rowspace.columns.input import as_chunk
from rowspace.execute.chunks import Chunks, Room
from rowspace.execute.in_turns import InTurns, Team
from rowspace.execute.tasks import run_alone
from rowspace.execute.turns import Turns, TurnSizes
from rowspace.kernel.emit.functions import longest
from rowspace.kernel.segments import DONE, HI, LO, NEEDED, Segments, segments_between
from rowspace.system.threads import Workers
from tests.support.examples import CASES, UPDATES, WITH, data_for, indexed, problem, tables_for
from tests.support.quick import quick

TINY = TurnSizes(threads=8, trials=0, least_bytes=0, shortest=1, longest=4, noted=8, probed=2)
UPDATING = ("sgd", "adagrad", "rowwise_adagrad", "exact adam", "clip_norm")  # the last of a rate that falls


def made(cost):
    """Tables and data of a cost: bags are ragged, but for one cost that has them gathered."""
    tables, data = problem(cost)
    rng = np.random.default_rng(0)
    for column, values in data.items():
        if isinstance(values, rs.Gathered) and cost != "skip_gram_bag":
            ends = rng.integers(1, 5, 700).cumsum()
            ids = (40 * rng.random(ends[-1]) ** 3).astype(int)
            data[column] = [bag.tolist() for bag in np.split(ids, ends[:-1])]
    return tables, data


def trained(cost, update, threads, *, sizes=TINY, tables_and_data=None, **options):
    tables, data = tables_and_data or made(cost)
    trainer = rs.Trainer(costs.NAMED[cost], tables, update)
    trainer.turns = sizes
    history = trainer.fit(data, 2, threads=threads, schedule="sequential", **options)
    arrays = [a for t in sorted(tables) for a in (tables[t].values, *trainer.states[t])]
    return b"".join(a.tobytes() for a in arrays), [e.cost for e in history]


BOTH = dict.fromkeys([*WITH.items(), *zip(costs.NAMED, cycle(UPDATING), strict=False)])


@pytest.mark.parametrize(("cost", "update"), quick(BOTH, *WITH.items()))
def test_every_cost_has_the_bytes_and_costs_of_one_thread(cost, update):
    one = trained(cost, UPDATES[update](), 1)
    assert all(trained(cost, UPDATES[update](), n) == one for n in (2, 3, 8))


@pytest.mark.parametrize(
    ("cost", "update"), quick(product(["l1_dot", "pair_negatives"], UPDATING), *(("l1_dot", u) for u in UPDATING))
)
def test_every_update_has_the_bytes_and_costs_of_one_thread(cost, update):
    one = trained(cost, UPDATES[update](), 1, shuffle=True)
    assert all(trained(cost, UPDATES[update](), n, shuffle=True) == one for n in (2, 5))


@settings(max_examples=30)
@given(
    examples=st.integers(1, 400),
    rows=st.integers(1, 300),
    longest=st.sampled_from([1, 2, 8, 64]),
    noted=st.integers(1, 500),
    slots=st.sampled_from([1, 16, 2**17]),
    threads=st.integers(2, 6),
    falling=st.booleans(),
    trials=st.integers(0, 2),
)
def test_any_sizes_have_the_bytes_of_one_thread(examples, rows, longest, noted, slots, threads, falling, trials):
    sizes = TurnSizes(
        threads=threads, trials=trials, least_bytes=0, shortest=1, longest=longest, noted=noted, slots=slots, probed=3
    )
    update = rs.adagrad(rs.linear(0.05) if falling else 0.05)
    made = lambda: problem("l1_dot", rows, examples)
    assert trained("l1_dot", update, threads, sizes=sizes, tables_and_data=made()) == trained(
        "l1_dot", update, 1, tables_and_data=made()
    )


# --- what is noted --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cost", costs.NAMED)
@pytest.mark.parametrize("chunk", [1, 4])
def test_notes_are_those_of_the_naive_version(cost, chunk):
    data, examples = data_for(cost, 30, seed=1), 30
    trainer = rs.Trainer(costs.NAMED[cost], {t: rs.Table.from_array(v) for t, v in tables_for(cost).items()})
    columns = as_chunk(data, list(data))
    kernel = trainer.loops.examples(columns)
    notes = trainer.loops.notes(kernel)
    segments = segments_between(np.array([*range(0, examples, chunk), examples]), 0)
    work = Segments.of(segments, np.zeros((len(segments), len(kernel.order()))), 0, 1, 0)
    bound = notes.bind(trainer.tables, trainer.states, columns)
    notes.run(replace(bound, columns=(*bound.columns, np.zeros(2**17, np.int32))), work, 0, len(segments))

    last, expected = {}, []
    for number in range(len(segments)):
        rows = {
            (t, int(row))
            for c, of in indexed(cost).items() for t in of
            for n in range(number * chunk, min(examples, (number + 1) * chunk)) for row in np.atleast_1d(data[c][n])
        }  # fmt: skip
        expected.append(max((last.get(row, 0) for row in rows), default=0))
        last.update(dict.fromkeys(rows, number + 1))
    assert work.segments[:, NEEDED].tolist() == expected
    assert max(expected) > 1


def test_columns_that_index_the_same_rows_of_other_tables_wait_for_nothing():
    """Rows of two tables are noted apart."""
    assert {c: what.of for c, what in CASES["skip_gram"].items() if what.of}["center"] == ("W",)
    W, C = rs.Table(100, 4, seed=0), rs.Table(100, 4, seed=1)
    trainer = rs.Trainer(lambda W, C, a, b: (W[a] * C[b]).sum(), {"W": W, "C": C})
    columns = as_chunk({"a": [1, 2, 3], "b": [2, 3, 4]}, ["a", "b"])
    notes = trainer.loops.notes(trainer.loops.examples(columns))
    work = Segments.of(segments_between(np.arange(4), 0), np.zeros((3, 2)), 0, 1, 0)
    bound = notes.bind(trainer.tables, trainer.states, columns)
    notes.run(replace(bound, columns=(*bound.columns, np.zeros(2**17, np.int32))), work, 0, 3)
    assert work.segments[:, NEEDED].tolist() == [0, 0, 0]


# --- what goes wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("copied", [True, False])
@pytest.mark.parametrize("bad", [0, 3, 250, 699])
def test_the_same_example_is_named_at_any_number_of_threads(bad, copied):
    def told(threads):
        tables, data = problem("squared_dot")
        data["label"] = np.array(data["label"], np.float32)
        data["label"][[bad, *range(bad + 7, 700, 9)]] = 3e38
        trainer = rs.Trainer(costs.squared_dot, tables)
        trainer.turns = TINY
        trainer.most_copied = 2**30 if copied else 0
        with pytest.raises(rs.Diverged, match=rf"example {bad} of the epoch") as raised:
            trainer.fit(data, threads=threads, schedule="sequential")
        return str(raised.value).split("; the tables")[0], np.isfinite(tables["E"].values).all()

    one = told(1)
    assert all(told(n) == one for n in (2, 5))


@pytest.fixture
def whole():
    """A chunk of pairs as segments of 100, with its loops and arguments: what `Turns` is made of."""

    def make(threads, chunk=4):
        tables, data = problem("l1_dot")
        trainer = rs.Trainer(costs.l1_dot, tables, rs.adagrad(0.05))
        columns = as_chunk(data, list(data))
        kernel = trainer.loops.examples(columns)
        segments = segments_between(np.arange(0, 701, 100), 0)
        work = Segments.of(segments, np.full((7, 1), 0.05), 0, 1, 0)
        bound = kernel.bind(tables, trainer.states, columns)
        chunks = Chunks.of(work, chunk, threads, Room())
        last = np.zeros(2**10, np.int32)
        return work, Turns(kernel, trainer.loops.notes(kernel), bound, chunks, last, TINY.noted), tables["E"]

    return make


class After:
    """A loop that does something before its n-th call."""

    def __init__(self, kernel, calls, do):
        self.kernel, self.left, self.do = kernel, calls, do

    def run(self, *arguments):
        self.left -= 1
        if self.left == 0:
            self.do()
        return self.kernel.run(*arguments)


@pytest.mark.parametrize("threads", [2, 5])
@pytest.mark.parametrize("calls", [1, 9])
def test_threads_that_are_halted_leave_all_examples_up_to_one(threads, calls, whole):
    work, turns, table = whole(threads)
    workers = Workers(threads)
    turns.kernel = After(turns.kernel, calls, workers.halt)
    with workers:
        turns.run(workers)
    turns.chunks.tell(None)
    done = int((np.where(work.out[:, DONE] < 0, work.segments[:, 3], work.out[:, DONE]) - work.segments[:, 3]).sum())
    assert done < 700
    _, plain, same = whole(1)
    only = Segments.of(segments_between(np.array([0, done]), 0), np.full((1, 1), 0.05), 0, 1, 0)
    with Workers(1) as one:
        run_alone(plain.kernel.run, plain.arguments, only, one)
    assert table.values.tobytes() == same.values.tobytes()


@pytest.mark.parametrize("threads", [2, 5])
def test_an_error_in_a_thread_ends_all_of_them(threads, whole):
    def fail():
        raise ZeroDivisionError

    _, turns, _ = whole(threads)
    turns.kernel = After(turns.kernel, 3, fail)
    with Workers(threads) as workers, pytest.raises(ZeroDivisionError):
        turns.run(workers)


def test_a_trace_and_a_resume_do_not_know_the_threads(tmp_path):
    def run(threads):
        path = tmp_path / f"{threads}.tsv"
        tables, data = problem("l1_dot")
        trained("l1_dot", rs.sgd(0.02), threads, tables_and_data=(tables, data), trace=rs.Trace(path, every=150))
        return path.read_bytes()

    assert run(1) == run(3)


@pytest.mark.parametrize(("before", "after"), [(3, 1), (1, 3)])
def test_a_resume_goes_on_with_other_threads(before, after, tmp_path):
    class Stop(Exception):
        pass

    def stop(trainer):
        raise Stop

    with pytest.raises(Stop):
        trained("pair_negatives", rs.adagrad(0.05), before, checkpoint=tmp_path / "c", every=0, callbacks=[stop])
    resumed = trained("pair_negatives", rs.adagrad(0.05), after, checkpoint=tmp_path / "c", every=0, resume=True)
    assert resumed[0] == trained("pair_negatives", rs.adagrad(0.05), 1)[0]


# --- how many threads -----------------------------------------------------------------------------------------------


def timed(team, *seconds, most=16, probed=8):
    """Have it time so many plans; those between take forever."""
    for one in seconds:
        threads = team.plan(most, TurnSizes(probed=probed))
        while not team.to_time:
            team.ran(probed, threads, 1e9)
            threads = team.plan(most, TurnSizes(probed=probed))
        team.ran(probed, threads, one)
    return team.threads


@pytest.mark.parametrize(("seconds", "kept"), [((9, 20), 8), ((20, 9), 1), ((9, 8.8), 8), ((9, 5, 50, 20), 1)])
def test_the_faster_number_of_threads_is_kept(seconds, kept):
    assert timed(Team(8, [8, 1] * (len(seconds) // 2)), *seconds) == kept


def test_numbers_of_threads_next_to_the_present_are_compared():
    team = Team(8)
    assert [timed(team, *both) for both in [(9, 9.1), (9, 9.1), (9, 5), (5, 9), (5, 4)]] == [8, 8, 4, 4, 2]
    assert team.seconds.keys() == {2, 4, 8, 16}
    assert Team(2, plans=9).plan(2, TurnSizes()) == 2
    assert timed(Team(2), 9, 5, most=2) == 1
    assert timed(Team(1), 9, 5, most=2) == 2


def test_a_number_of_threads_that_was_fast_once_is_forgotten():
    team = Team(2, [2, 1])
    assert timed(team, 1, 5, most=2) == 2
    assert timed(team, 9, 5, most=2) == 1


def test_they_are_compared_more_seldom_where_that_does_not_pay():
    team = Team(2, [2, 1])
    pauses = [(timed(team, *both, most=2), team.pause)[1] for both in [(5, 9), (5, 9), (5, 9), (5, 9), (5, 4), (4, 9)]]
    assert pauses == [16, 32, 64, 64, 8, 16]


def test_calls_are_about_as_long_as_they_may_be():
    team = Team(2, chunk=8)
    assert team.call == 156
    team.seconds[1] = [1e-6]
    assert team.call == 312  # of 8 examples of a microsecond: 2.5 milliseconds


def test_chunks_get_shorter_where_many_wait():
    for before, waited, fitting in [
        (4, 0.0013, 32),
        (32, 0.08, 32),
        (4, 0.7, 1),
        (1, 0.08, 1),
        (4, 0.0, 128),
        (128, 1.0, 16),
    ]:
        team = Team(2, chunk=before)
        team.fit(waited, TurnSizes(shortest=1, longest=128))
        assert team.chunk == fitting


def test_few_examples_run_on_one_thread():
    trainer = rs.Trainer(costs.l1_dot, {"E": rs.Table(50, 8)})
    columns = as_chunk({"i": [1] * 100, "j": [2] * 100, "label": [1.0] * 100}, ["i", "j", "label"])
    kernel = trainer.loops.examples(columns)
    work = Segments.of(segments_between(np.array([0, length(columns)]), 0), np.zeros((1, 1)), 0, 1, 0)

    class Plan:
        pass

    plan = Plan()
    plan.kernel, plan.segments = kernel, work
    assert InTurns(TurnSizes(least_bytes=100 * 2 * 8 * 4), 2, trainer.loops, {}).pay(plan)
    assert not InTurns(TurnSizes(least_bytes=100 * 2 * 8 * 4 + 1), 2, trainer.loops, {}).pay(plan)
    assert not InTurns(TurnSizes(least_bytes=0), 1, trainer.loops, {}).pay(plan)


def test_a_loop_looks_at_no_chunk_that_is_not_laid_out():
    """Not for the longest bag either: memory is used again, and holds chunks of a larger plan."""
    chunks, junk = np.zeros((3, 5), np.int64), 2**40
    chunks[:, LO : HI + 1] = [[0, 1], [1, 3], [junk, junk + 1]]
    offsets, progress = np.array([0, 9, 11, 18]), np.array([1])
    assert longest(offsets, chunks, progress, -1, 2) == 7  # from the first that no thread has taken
    assert longest(offsets, chunks, progress, 0, 2) == 9
