"""Exact updates: the table of the dense optimiser, though only the rows looked up are moved."""

import contextlib
import tracemalloc
from itertools import product

import numpy as np
import pytest

import rowspace as rs
from rowspace.kernel.caught_up import catch_up_all
from rowspace.state import RateHistory
from tests.support import naive
from tests.support.quick import quick

ROWS, DIM, BATCH = 40, 4, 8
TOLERANCE = 2e-5
DECAY = 0.05  # everywhere the same, as is the number of columns: a loop is compiled once


def cost(E, i, j, label):
    return (label - E[i] @ E[j]) ** 2


def still(E, i):
    """Moves nothing by itself."""
    return E[i].sum() * 0


def data(examples=2400, seed=0):
    """Heavy repeats of some rows, and rows that are missing for hundreds of batches."""
    rng = np.random.default_rng(seed)
    ids = lambda: (ROWS * rng.random(examples) ** 5).astype(np.int64)
    return {"i": ids(), "j": ids(), "label": rng.random(examples).astype(np.float32)}


RULES = {
    "momentum": (lambda: rs.momentum(0.01, 0.9), naive.DenseMomentum(0.01, 0.9, 0)),
    "slow momentum": (lambda: rs.momentum(0.001, 0.99), naive.DenseMomentum(0.001, 0.99, 0)),
    "decay": (lambda: rs.weight_decay(rs.sgd(0.02), DECAY), naive.DenseMomentum(0.02, 0, DECAY)),
    "momentum and decay": (
        lambda: rs.weight_decay(rs.momentum(0.01, 0.9), DECAY),
        naive.DenseMomentum(0.01, 0.9, DECAY),
    ),
    "adam": (lambda: rs.lazy_adam(0.01), naive.DenseAdam(0.01, 0.9, 0.999, 0)),
    "adam that forgets": (lambda: rs.lazy_adam(0.01, 0.5, 0.9), naive.DenseAdam(0.01, 0.5, 0.9, 0)),
    "adam with long moments": (lambda: rs.lazy_adam(0.002, 0.95, 0.9), naive.DenseAdam(0.002, 0.95, 0.9, 0)),
    "adam and decay": (
        lambda: rs.weight_decay(rs.lazy_adam(0.01), DECAY),
        naive.DenseAdam(0.01, 0.9, 0.999, DECAY),
    ),
    "adamw": (lambda: rs.adamw(0.01, decay=DECAY), naive.DenseAdam(0.01, 0.9, 0.999, 0, DECAY)),
    "adamw that forgets": (lambda: rs.adamw(0.01, 0.5, 0.9, decay=DECAY), naive.DenseAdam(0.01, 0.5, 0.9, 0, DECAY)),
}


def ours(update, given=None, **options):
    E = rs.Table(ROWS, DIM, seed=0)
    trainer = rs.Trainer(cost, {"E": E}, update)
    trainer.fit(data() if given is None else given, **{"batch": BATCH, **options})
    return E.values


def dense(rule, batch=BATCH, given=None):
    return naive.train_dense(rule, rs.Table(ROWS, DIM, seed=0).values, data() if given is None else given, batch)


@pytest.mark.parametrize("name", quick(RULES, "momentum", "decay", "adam and decay", "adamw that forgets"))
def test_equals_the_dense_optimiser(name):
    make, rule = RULES[name]
    expected = dense(rule)
    np.testing.assert_allclose(ours(rs.exact(make())), expected, atol=TOLERANCE)
    assert np.abs(ours(make()) - expected).max() > 10 * TOLERANCE  # the lazy rule is another one


@pytest.mark.parametrize("name", quick(RULES, "momentum and decay", "adam"))
def test_equals_the_dense_optimiser_example_by_example(name):
    make, rule = RULES[name]
    given = {c: v[:600] for c, v in data().items()}
    found = ours(rs.exact(make()), given, batch=None, schedule="sequential")
    np.testing.assert_allclose(found, dense(rule, 1, given), atol=TOLERANCE)


FALLING = {
    "momentum": (lambda rate: rs.momentum(rate), lambda: naive.DenseMomentum(0, 0.9, 0)),
    "decay": (lambda rate: rs.weight_decay(rs.sgd(rate), DECAY), lambda: naive.DenseMomentum(0, 0, DECAY)),
    "momentum and decay": (
        lambda rate: rs.weight_decay(rs.momentum(rate), DECAY),
        lambda: naive.DenseMomentum(0, 0.9, DECAY),
    ),
    "adam": (lambda rate: rs.lazy_adam(rate), lambda: naive.DenseAdam(0, 0.9, 0.999, 0)),
}


def falling(start, steps):
    return start * (1 - np.arange(steps) / steps)


@pytest.mark.parametrize(
    ("name", "batch"),
    quick(product(FALLING, [BATCH, None]), ("decay", BATCH), ("adam", BATCH), ("momentum and decay", None)),
)
def test_steps_missed_are_taken_at_the_rates_that_held_then(name, batch):
    make, rule = FALLING[name]
    given = {c: v[:800] for c, v in data().items()}
    order = {"batch": BATCH} if batch else {"batch": None, "schedule": "sequential"}
    rates = falling(0.02, 800 // (batch or 1))
    found = ours(rs.exact(make(rs.linear(0.02, 0))), given, **order)
    np.testing.assert_allclose(found, dense(naive.AtRates(rule(), rates), batch or 1, given), atol=TOLERANCE)
    late = dense(naive.AtRates(rule(), np.concatenate([rates[1:], rates[-1:]])), batch or 1, given)
    assert np.abs(found - late).max() > (2 if batch else 0.2) * TOLERANCE  # a step later in the schedule is found


def test_rates_of_epochs_and_of_fits_do_not_mix():
    """Two fits of two epochs, the rate falling in each: rows that are met in the first epoch only."""
    table = rs.Table(3, DIM, seed=0)
    before = table.values.astype(np.float64)
    update = rs.exact(rs.weight_decay(rs.sgd(rs.linear(0.5, 0.0)), DECAY))
    trainer = rs.Trainer(still, {"E": table}, update)
    for _ in range(2):
        trainer.fit({"i": [0] * 10}, epochs=2, batch=2)
    kept = np.prod(1 - DECAY * falling(0.5, 10)) ** 2
    np.testing.assert_allclose(table.values, before * kept, rtol=1e-5)


@pytest.mark.parametrize("options", [{"blocks": 8, "threads": 3}, {"schedule": "sequential"}, {"batch": 1}])
def test_a_rate_that_falls_decays_all_rows_alike_under_every_schedule(options):
    rng = np.random.default_rng(0)
    table = rs.Table(64, DIM, seed=0)
    before = table.values.astype(np.float64)
    update = rs.exact(rs.weight_decay(rs.sgd(rs.linear(0.02, 0.0)), DECAY))
    given = {"i": rng.integers(0, 32, 3000), "j": rng.integers(0, 32, 3000)}  # half the rows are never met
    rs.Trainer(lambda E, i, j: (E[i] @ E[j]) * 0, {"E": table}, update).fit(given, **options)
    kept = table.values / before
    np.testing.assert_allclose(kept, np.full_like(kept, kept[-1, 0]), rtol=1e-4)
    assert kept[-1, 0] == pytest.approx(np.prod(1 - DECAY * falling(0.02, 3000)), rel=1e-3)


@pytest.mark.parametrize("name", ["momentum", "decay", "adam", "adam and decay"])
def test_equals_torch(name):
    torch = pytest.importorskip("torch")
    make, _ = RULES[name]
    optimisers = {
        "momentum": lambda p: torch.optim.SGD(p, 0.01, momentum=0.9),
        "decay": lambda p: torch.optim.SGD(p, 0.02, weight_decay=0.05),
        "adam": lambda p: torch.optim.Adam(p, 0.01),
        "adam and decay": lambda p: torch.optim.Adam(p, 0.01, weight_decay=0.05),
    }
    E = torch.nn.Parameter(torch.from_numpy(rs.Table(ROWS, DIM, seed=0).values.copy()))
    optimiser, given = optimisers[name]([E]), data()
    for n in range(0, len(given["i"]), BATCH):
        i, j, label = (torch.from_numpy(given[c][n : n + BATCH]) for c in ("i", "j", "label"))
        optimiser.zero_grad()
        ((label - (E[i] * E[j]).sum(1)) ** 2).sum().backward()
        optimiser.step()
    np.testing.assert_allclose(ours(rs.exact(make())), E.detach().numpy(), atol=TOLERANCE)


def test_a_decay_wrong_by_a_tenth_of_a_percent_is_found():
    """The comparison above would fail, were a rule this little off."""
    expected = dense(naive.DenseMomentum(0.02, 0, DECAY / 1.001))
    assert np.abs(ours(rs.exact(rs.weight_decay(rs.sgd(0.02), DECAY))) - expected).max() > TOLERANCE
    expected = dense(naive.DenseAdam(0.01, 0.9, 0.999, 0))
    assert np.abs(ours(rs.exact(rs.lazy_adam(0.01 * 1.001))) - expected).max() > TOLERANCE


def test_epochs_and_fits_go_on_from_one_another():
    update = rs.exact(rs.lazy_adam(0.01))
    whole = {c: np.tile(v, 2) for c, v in data().items()}
    expected = dense(RULES["adam"][1], given=whole)
    np.testing.assert_allclose(ours(update, epochs=2), expected, atol=TOLERANCE)
    E = rs.Table(ROWS, DIM, seed=0)
    trainer = rs.Trainer(cost, {"E": E}, update)
    for _ in range(2):
        trainer.fit(data(), batch=BATCH)
    np.testing.assert_allclose(E.values, expected, atol=TOLERANCE)


def test_rules_that_move_nothing_without_a_gradient_are_exact_as_they_are():
    for update in (rs.sgd(0.1), rs.adagrad(0.1), rs.rowwise_adagrad(0.1), rs.clip_norm(rs.sgd(0.1), 1.0)):
        assert rs.exact(update) is update
    once = rs.exact(rs.momentum())
    assert rs.exact(once) is once


def test_a_rule_of_ones_own_is_caught_up_step_by_step():
    def fade(row, gradient, state, rate):
        return 0.999 * row - rate * gradient, state

    table = rs.Table(3, DIM, seed=0)
    before = table.values.copy()
    rs.Trainer(still, {"E": table}, rs.exact(rs.Update(fade, 0.1))).fit({"i": [0] * 50}, batch=5)
    np.testing.assert_allclose(table.values, before * 0.999**10, rtol=1e-5)


def test_rows_that_were_never_met_are_not_stepped_one_by_one():
    """What a rule keeps beside them is 0: its closed form holds at once."""

    def drift(row, gradient, state, rate):
        return row + 1, (state[0] + 1,)

    def stay(row, state, rate, steps):
        return row, state

    init = lambda dim: (np.zeros(dim, np.float32),)
    update = rs.exact(rs.Update(drift, 0.1, init, idle=stay, idle_after=3))
    table = rs.Table(3, DIM, seed=0)
    before = table.values.copy()
    rs.Trainer(still, {"E": table}, update).fit({"i": [0] + [1] * 9}, batch=1)
    np.testing.assert_allclose(table.values - before, np.repeat([[1 + 3], [9], [0]], DIM, 1), atol=1e-5)


@pytest.mark.parametrize("name", quick(["adam", "momentum and decay"], "momentum and decay"))
def test_blocks_keep_the_promise(name):
    """A step is an example; the steps that a row missed are those of the order in which examples run."""
    make, _ = RULES[name]
    found = [ours(rs.exact(make()), batch=None, blocks=8, threads=n).tobytes() for n in (1, 2, 4)]
    assert len(set(found)) == 1
    assert found[0] != ours(make(), batch=None, blocks=8).tobytes()


def test_a_trace_sees_rows_that_are_caught_up(tmp_path):
    given = {"i": [0, 0, 0, 0], "j": [1, 1, 1, 1], "label": np.ones(4, np.float32)}
    path = tmp_path / "trace.tsv"
    E = rs.Table(3, DIM, seed=0)
    update = rs.exact(rs.weight_decay(rs.sgd(1.0), DECAY))
    rs.Trainer(cost, {"E": E}, update).fit(given, batch=1, trace=rs.Trace(path, every=1, rows=[2]))
    seen = [float(line.split("\t")[2]) for line in path.read_text().splitlines()[1:]]
    np.testing.assert_allclose(seen, seen[0] * 0.95 ** np.arange(5), rtol=1e-4)


RECORDED = {
    "file order": {"schedule": "sequential"},
    "blocks": {"blocks": 4, "threads": 2},
    "batches": {"batch": BATCH},
}


@pytest.mark.parametrize("order", RECORDED)
def test_a_trace_only_looks(tmp_path, order):
    """Records that cut the data anywhere, at rates that fall: tables and state are the same to the last byte."""
    given, update = data(1000), rs.exact(rs.weight_decay(rs.momentum(rs.linear(0.02)), DECAY))
    found = set()
    for name in (None, "13.tsv", "100.parquet"):
        trace = name and rs.Trace(tmp_path / name, every=int(name.split(".")[0]))
        trainer = rs.Trainer(cost, {"E": rs.Table(ROWS, DIM, seed=0)}, update)
        trainer.fit(given, epochs=2, trace=trace, **RECORDED[order])
        found.add(b"".join(a.tobytes() for a in (trainer.tables["E"].values, *trainer.states["E"])))
        if trace is not None:
            assert rs.read_trace(trace.path).positions[-1].tobytes() == trainer.tables["E"].values.tobytes()
    assert len(found) == 1


@pytest.mark.filterwarnings("ignore::rowspace.errors.NoExamples")  # at step 0
def test_a_trace_shows_what_a_shorter_training_would_have_learned(tmp_path):
    update = rs.exact(rs.lazy_adam(0.01))
    ours(update, data(64), trace=rs.Trace(tmp_path / "trace.tsv", every=16))
    seen = rs.read_trace(tmp_path / "trace.tsv")
    assert seen.steps.tolist() == [0, 16, 32, 48, 64]
    for step, positions in zip(seen.steps, seen.positions, strict=True):
        shorter = ours(update, {c: v[:step] for c, v in data(64).items()})
        np.testing.assert_allclose(positions, shorter, atol=1e-6)


def test_catching_up_makes_no_copy_of_the_table(monkeypatch):
    monkeypatch.setattr("rowspace.kernel.caught_up.PIECE_BYTES", 2**16)
    rows, peaks = 50_000, []

    def measured(state, loops):
        tracemalloc.start()
        catch_up_all(state, loops)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    table = rs.Table(rows, DIM, seed=0)
    before = table.values.copy()
    trainer = rs.Trainer(still, {"E": table}, rs.exact(rs.weight_decay(rs.sgd(2.0), DECAY)))
    trainer.fit({"i": [0, 1]}, batch=1)  # compiles
    monkeypatch.setattr("rowspace.train.fit.catch_up_all", measured)
    trainer.fit({"i": [0, 1]}, epochs=2, batch=1)
    np.testing.assert_allclose(table.values, before * np.float32(0.9**6), rtol=1e-5)
    assert len(peaks) == 2
    assert max(peaks) < table.values.nbytes / 4


@pytest.mark.parametrize("copied", [True, False])
def test_rates_of_steps_that_every_row_has_taken_are_forgotten(copied, monkeypatch):
    """They would grow with every epoch; those that a copy to go back to needs are kept, and it is gone back to."""
    if not copied:
        monkeypatch.setattr(rs.Trainer, "most_copied", 0)
    lengths, given = [], data(400)
    bad = {**given, "label": np.where(np.arange(400) == 203, np.float32(3e38), given["label"])}

    def train(*chunks):
        epochs, ends = iter(chunks), []
        trainer = rs.Trainer(
            cost, {"E": rs.Table(ROWS, DIM, seed=0)}, rs.exact(FALLING["momentum and decay"][0](rs.linear(0.01)))
        )
        look = lambda trainer: ends.append(trainer.tables["E"].values.copy())
        with contextlib.suppress(rs.Diverged):
            trainer.fit(lambda: [next(epochs)], epochs=len(chunks), schedule="sequential", callbacks=[look])
        return ends, trainer

    forget = RateHistory.forget
    monkeypatch.setattr(RateHistory, "forget", lambda past, step: (forget(past, step), lengths.append(len(past.since))))
    ends, _ = train(*[given] * 4)
    assert len(lengths) == 4
    assert max(lengths) <= 400 * (2 if copied else 1)
    _, trainer = train(given, given, bad, given)
    assert (trainer.examples, trainer.steps) == ((800, 800) if copied else (1003, 1003))
    assert not copied or trainer.tables["E"].values.tobytes() == ends[1].tobytes()


@pytest.mark.parametrize("copied", [True, False])
def test_a_fit_that_went_wrong_is_gone_on_from(copied, monkeypatch):
    """With a copy to go back to and without one: no step is taken twice, none is left out."""
    if not copied:
        monkeypatch.setattr(rs.Trainer, "most_copied", 0)
    given = {c: v[:400] for c, v in data().items()}
    bad = {**given, "label": np.where(np.arange(400) == 203, np.float32(3e38), given["label"])}
    E = rs.Table(ROWS, DIM, seed=0)
    trainer = rs.Trainer(cost, {"E": E}, rs.exact(rs.momentum(0.01)))
    with pytest.raises(rs.Diverged):
        trainer.fit(bad, batch=BATCH)
    done = 0 if copied else 200
    assert (trainer.examples, trainer.steps) == (done, done // BATCH)
    begun = {c: v[:done] for c, v in given.items()}
    np.testing.assert_allclose(E.values, dense(RULES["momentum"][1], given=begun), atol=TOLERANCE)
    trainer.fit({c: v[done:] for c, v in given.items()}, batch=BATCH)
    np.testing.assert_allclose(E.values, dense(RULES["momentum"][1], given=given), atol=TOLERANCE)


def test_a_fit_that_is_interrupted_leaves_rows_caught_up():
    table = rs.Table(3, DIM, seed=0)
    before = table.values.copy()

    def chunks():
        yield from [{"i": [0, 0]}] * 3
        raise KeyboardInterrupt

    trainer = rs.Trainer(still, {"E": table}, rs.exact(rs.weight_decay(rs.sgd(2.0), DECAY)))
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(chunks, batch=1)
    np.testing.assert_allclose(table.values, before * 0.9**trainer.steps, rtol=1e-6)
    assert trainer.steps > 0
