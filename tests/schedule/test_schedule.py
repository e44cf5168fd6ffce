"""The block schedule: the same bytes at any number of threads, and the same examples in another order."""

import hashlib
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from itertools import product

import numpy as np
import pytest

import rowspace as rs
from rowspace import costs
from rowspace.execute import executor
from rowspace.schedule.sizes import Sizes
from tests.support.examples import UPDATES, WITH, problem
from tests.support.processes import running
from tests.support.quick import quick

THREADS = (1, 2, 3, 4, 8)
FITTING = [c for c in costs.NAMED if c not in ("margin", "cbow", "word2vec_cbow", "subword_skip_gram")]
UPDATING = [update for update in UPDATES if update != "exact adam"]
FEW = {(cost, WITH[cost]) for cost in FITTING} | {("l1_dot", update) for update in UPDATING if update != "lazy_adam"}
assert {update for _, update in FEW} == set(UPDATING)  # every update with a cost


def trained(cost, update, *, threads, tables_and_data=None, epochs=2, **options):
    tables, data = tables_and_data or problem(cost)
    trainer = rs.Trainer(costs.NAMED.get(cost, cost) if isinstance(cost, str) else cost, tables, update)
    history = trainer.fit(data, epochs, threads=threads, **{"blocks": 8, "schedule": "blocks", **options})
    states = [s for t in sorted(tables) for s in (tables[t].values, *trainer.states[t])]
    return hashlib.sha256(b"".join(s.tobytes() for s in states)).hexdigest(), [e.cost for e in history], trainer


@pytest.mark.parametrize(("cost", "update"), quick(product(FITTING, UPDATING), *FEW))
def test_the_same_bytes_and_cost_at_any_number_of_threads(cost, update):
    runs = [trained(cost, UPDATES[update](), threads=n)[:2] for n in THREADS]
    assert all(run == runs[0] for run in runs)
    assert np.isfinite(runs[0][1]).all()


@pytest.mark.parametrize("cost", FITTING)
def test_what_is_learned_is_not_what_was_there(cost):
    """The promise would be kept by a schedule that does nothing."""
    tables, data = problem(cost)
    before = {t: table.values.copy() for t, table in tables.items()}
    _, _, trainer = trained(cost, UPDATES[WITH[cost]](), threads=2, tables_and_data=(tables, data), epochs=3)
    assert all((table.values != before[t]).any() for t, table in tables.items())
    assert trainer.examples == 3 * 700
    assert trainer.history[-1].cost < trainer.history[0].cost
    assert next(iter(trainer.buckets.values())).cuts


@pytest.mark.parametrize(("rows", "examples"), [(1, 30), (2, 30), (3, 1), (7, 200), (1000, 5)])
@pytest.mark.parametrize(
    "cost", quick(["l1_dot", "skip_gram", "pair_negatives", "transe", "glove"], "pair_negatives", "transe")
)
def test_tiny_tables_and_few_examples(cost, rows, examples):
    def run(threads):
        return trained(cost, UPDATES[WITH[cost]](), threads=threads, tables_and_data=problem(cost, rows, examples))[:2]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rs.errors.Sequential)  # too few rows to share relations of
        assert run(1) == run(2) == run(8)


def test_empty_chunks():
    _, data = problem("l1_dot")
    empty = {c: v[:0] for c, v in data.items()}
    chunks = [empty, data, empty]
    runs = [trained("l1_dot", rs.sgd(0.1), threads=n, tables_and_data=(problem("l1_dot")[0], chunks)) for n in THREADS]
    assert len({r[0] for r in runs}) == 1
    assert runs[0][2].examples == 1400


@pytest.mark.parametrize(("cost", "blocks"), list(product(["l1_dot", "glove"], [2, 5, 8, 40])))
def test_blocks_run_the_sorted_examples_in_order(cost, blocks, monkeypatch):
    """Against the sequential loop over the same order: equal to the last bit."""
    monkeypatch.setattr(rs.Trainer, "sizes", Sizes(examples_a_row=30))  # all in one plan
    tables, data = problem(cost)
    _, _, trainer = trained(cost, rs.adagrad(0.05), threads=3, tables_and_data=(tables, data), epochs=1, blocks=blocks)
    [buckets] = trainer.buckets.values()
    assert buckets.together == 1024
    ready = {c: v.astype(np.int32 if v.dtype.kind == "i" else np.float32) for c, v in data.items()}
    order = np.argsort(buckets.sort(ready, [0, 1, 0]).buckets, kind="stable")
    again, _ = problem(cost)
    in_order = {c: v[order] for c, v in data.items()}
    rs.Trainer(costs.NAMED[cost], again, rs.adagrad(0.05)).fit(in_order, schedule="sequential")
    for name in tables:
        assert tables[name].values.tobytes() == again[name].values.tobytes()
    assert (order != np.arange(700)).any()


def test_the_bytes_depend_on_the_seed_and_the_blocks():
    digest = lambda **options: trained("skip_gram", rs.sgd(0.1), threads=2, **options)[0]
    assert digest(seed=1) == digest(seed=1) != digest(seed=2)
    assert digest(blocks=4) != digest(blocks=8)


def test_two_fits_of_one_epoch_are_one_fit_of_two():
    tables, data = problem("pair_negatives")
    trainer = rs.Trainer(costs.pair_negatives, tables, rs.adagrad(0.05))
    for _ in range(2):
        trainer.fit(data, blocks=8, threads=2)
    once = problem("pair_negatives")
    trained("pair_negatives", rs.adagrad(0.05), threads=3, tables_and_data=once)
    assert tables["E"].values.tobytes() == once[0]["E"].values.tobytes()


def test_shuffling_and_windows(monkeypatch):
    """Chunks longer than a window are sorted window by window, the next while the present one runs."""
    monkeypatch.setattr(rs.Trainer, "sizes", Sizes(examples_a_row=1))
    runs = [trained("pair_negatives", rs.sgd(0.05), threads=n, shuffle=True) for n in THREADS]
    assert len({r[0] for r in runs}) == 1
    assert runs[0][2].examples == 1400
    assert runs[0][0] != trained("pair_negatives", rs.sgd(0.05), threads=1)[0]


def test_a_pair_of_ids_in_one_column_fits():
    _, data = problem("l1_dot")
    pairs = {"pair": np.stack([data["i"], data["j"]], axis=1), "label": data["label"]}
    cost = lambda E, pair, label: abs(label - E[pair[0]] @ E[pair[1]])
    digests = {
        trained(cost, rs.sgd(0.05), threads=n, tables_and_data=(problem("l1_dot")[0], pairs))[0] for n in THREADS
    }
    assert digests == {trained("l1_dot", rs.sgd(0.05), threads=1)[0]}


def test_vectors_and_int64_columns_are_sorted_too():
    rng = np.random.default_rng(0)
    data = {"i": rng.integers(0, 40, 500), "target": rng.normal(size=(500, 6)).astype(np.float32)}
    cost = lambda E, i, target: ((E[i] - target) ** 2).sum()
    run = lambda n: trained(cost, rs.sgd(0.05), threads=n, tables_and_data=(problem("l1_dot")[0], data))
    assert len({run(n)[0] for n in THREADS}) == 1
    tables, _ = problem("l1_dot")
    rs.Trainer(cost, tables, rs.sgd(0.05)).fit(data, 2, schedule="sequential")
    moved = run(4)[2].tables["E"]
    np.testing.assert_array_equal(moved.values, tables["E"].values)  # by one id, a row's examples keep their order


# --- what does not fit ---------------------------------------------------------------------------------------------


def triplets(rows=40):
    rng = np.random.default_rng(0)
    ids = rng.integers(0, rows, (3, 300))
    return {"E": rs.Table(rows, 6, seed=0)}, dict(zip(("anchor", "positive", "negative"), ids, strict=True))


def test_a_cost_that_does_not_fit_says_so_and_runs_in_order():
    tables, data = triplets()
    with pytest.warns(rs.errors.Sequential, match=r"file order, since.*rows by 3 ids \(anchor, positive, negative\)"):
        rs.Trainer(costs.margin, tables, UPDATES["adagrad"]()).fit(data, schedule="blocks", threads=4)
    again, _ = triplets()
    rs.Trainer(costs.margin, again, UPDATES["adagrad"]()).fit(data, schedule="sequential")
    assert tables["E"].values.tobytes() == again["E"].values.tobytes()


def test_bags_do_not_fit():
    rng = np.random.default_rng(0)
    tables = {"W": rs.Table(40, 6, seed=0), "C": rs.Table(40, 6, seed=1)}
    windows = [rng.integers(0, 40, n).tolist() for n in rng.integers(1, 6, 200)]
    data = {"window": windows, "center": rng.integers(0, 40, 200), "negatives": rs.Negatives(of=tables["C"], k=3)}
    with pytest.warns(rs.errors.Sequential, match="bags of any length look up rows of table 'W'"):
        rs.Trainer(costs.cbow, tables, UPDATES["adagrad"]()).fit(data, schedule="blocks")


def test_sampled_negatives_run_in_order_unless_blocks_are_asked_for():
    tables, data = problem("pair_negatives", rows=30_000, examples=200_000, dim=40)
    rs.Trainer(costs.pair_negatives, tables, rs.adagrad(0.05)).fit(data, threads=2)
    again, data = problem("pair_negatives", rows=30_000, examples=200_000, dim=40)
    rs.Trainer(costs.pair_negatives, again, rs.adagrad(0.05)).fit(data, schedule="sequential")
    assert tables["E"].values.tobytes() == again["E"].values.tobytes()


def test_large_tables_without_negatives_are_cut_unasked():
    tables, data = problem("l1_dot", rows=30_000, examples=200_000)
    trainer = rs.Trainer(costs.l1_dot, tables, rs.sgd(0.05))
    trainer.fit(data)
    [buckets] = trainer.buckets.values()
    assert buckets.cuts


def test_a_triplet_whose_negative_is_drawn_fits():
    tables, data = triplets()
    data["negative"] = rs.Negatives(of=tables["E"], k=1)
    cost = lambda E, anchor, positive, negative: costs.margin(E, anchor, positive, negative[0])
    run = lambda n: trained(cost, rs.sgd(0.05), threads=n, tables_and_data=(triplets()[0], data))[0]
    assert len({run(n) for n in THREADS}) == 1


def test_small_tables_run_in_order_without_a_word():
    tables, data = problem("l1_dot")
    trainer = rs.Trainer(costs.l1_dot, tables, rs.sgd(0.1))
    trainer.fit(data)
    again, _ = problem("l1_dot")
    rs.Trainer(costs.l1_dot, again, rs.sgd(0.1)).fit(data, schedule="sequential")
    assert tables["E"].values.tobytes() == again["E"].values.tobytes()


@pytest.mark.parametrize("cost", ["l1_dot", "pair_negatives"])
def test_threads_racing_learn_too(cost):
    tables, data = problem(cost, examples=200_000, rows=500)
    trainer = rs.Trainer(costs.NAMED[cost], tables, rs.adagrad(0.05))
    history = trainer.fit(data, 2, schedule="hogwild", threads=4)
    assert history[1].cost < history[0].cost
    assert trainer.examples == 400_000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threads": 0}, "threads is 0; give a number of at least 1"),
        ({"threads": 1.5}, "threads is 1.5"),
        ({"blocks": 0}, "blocks is 0; give a number from 1"),
        ({"blocks": True}, "blocks is True"),
        ({"schedule": "block"}, "schedule 'block' is not one of blocks, sequential, hogwild"),
    ],
)
def test_bad_options_are_refused(options, message):
    tables, data = problem("l1_dot")
    with pytest.raises(rs.RowspaceError, match=message):
        rs.Trainer(costs.l1_dot, tables).fit(data, **options)


# --- what goes wrong -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 4])
def test_divergence_names_the_example_as_it_stood_in_the_data(threads):
    tables, data = problem("l1_dot")
    data["label"] = data["label"].copy()
    data["label"][123] = 3e38
    before = tables["E"].values.tobytes()
    squared = lambda E, i, j, label: (label - E[i] @ E[j]) ** 2
    with pytest.raises(rs.Diverged, match="not finite at example 123 of the epoch.*after 0 examples"):
        rs.Trainer(squared, tables, rs.sgd(0.01)).fit(data, blocks=8, threads=threads)
    assert tables["E"].values.tobytes() == before


def test_without_a_copy_nothing_of_the_example_that_went_wrong_is_written(monkeypatch):
    monkeypatch.setattr(rs.Trainer, "most_copied", 0)
    tables, data = problem("l1_dot")
    data["label"] = data["label"].copy()
    data["label"][123] = 3e38
    squared = lambda E, i, j, label: (label - E[i] @ E[j]) ** 2
    trainer = rs.Trainer(squared, tables, rs.sgd(0.01))
    with pytest.raises(rs.Diverged, match="not finite at example 123"):
        trainer.fit(data, blocks=8, threads=4)
    assert np.isfinite(tables["E"].values).all()
    assert 0 < trainer.examples < 700


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_exception_in_a_worker_stops_with_whole_rows(monkeypatch, error):
    """The thread that is hit stops, the others finish the row of buckets they are in, and no more begins."""
    seen, run = [], executor.run_task

    def fails(*arguments):
        seen.append(threading.current_thread())
        if len(seen) == 4:
            raise error("hit")
        run(*arguments)

    monkeypatch.setattr(executor, "run_task", fails)
    tables, data = problem("l1_dot")
    alive = threading.active_count()
    trainer = rs.Trainer(costs.l1_dot, tables, rs.sgd(0.1))
    with pytest.raises(error):
        trainer.fit(data, 5, blocks=8, threads=3)
    assert 4 <= len(seen) < 40
    assert 0 < trainer.examples < 700
    assert np.isfinite(tables["E"].values).all()
    assert threading.active_count() == alive


def test_an_exact_update_of_a_small_shared_table_is_not_averaged():
    tables, data = problem("distmult")
    update = {"E": rs.sgd(0.01), "R": rs.exact(rs.momentum(0.01))}
    with pytest.warns(rs.errors.Sequential, match="small table 'R' has an exact update"):
        rs.Trainer(costs.distmult, tables, update).fit(data, schedule="blocks")


def test_a_trace_is_recorded_between_rows_and_changes_nothing(tmp_path):
    tables, data = problem("skip_gram")
    path = tmp_path / "trace.tsv"
    trainer = rs.Trainer(costs.skip_gram, tables, rs.sgd(0.1))
    trainer.fit(data, 2, blocks=8, threads=2, trace=rs.Trace(path, every=100, rows=[0], table="W"))
    steps = [int(line.split("\t")[0]) for line in path.read_text().splitlines()[1:]]
    assert steps == sorted(set(steps))
    assert len(steps) > 8
    assert steps[-1] == 1400
    again = problem("skip_gram")
    trained("skip_gram", rs.sgd(0.1), threads=2, tables_and_data=again)
    assert tables["W"].values.tobytes() == again[0]["W"].values.tobytes()


INTERRUPTED = """
    import threading
    import numpy as np, rowspace as rs
    from rowspace import costs
    i, j = np.random.default_rng(0).integers(0, 50_000, (2, 1_000_000), dtype=np.int32)
    E = rs.Table(50_000, 16, seed=0)
    trainer = rs.Trainer(costs.l1_dot, {"E": E}, rs.sgd(0.01))
    data = {"i": i, "j": j, "label": np.ones(1_000_000, np.float32)}
    trainer.fit(data, threads=2)
    print("ready", flush=True)
    try:
        trainer.fit(data, 100_000, threads=2)
    except KeyboardInterrupt:
        print(trainer.examples > 1_000_000, np.isfinite(E.values).all(), threading.active_count())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to another process")
def test_ctrl_c_stops_all_threads_and_keeps_whole_examples():
    program = [sys.executable, "-c", textwrap.dedent(INTERRUPTED)]
    with running(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[0] == "True True 1\n"
