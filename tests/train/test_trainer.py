"""The loop: what it promises of bytes, costs, rates, traces, interruptions and numbers that are not."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytensor.tensor as pt
import pytest

import rowspace as rs

RNG = np.random.default_rng(0)
DATA = {
    "i": RNG.integers(0, 50, 3000),
    "j": RNG.integers(0, 50, 3000),
    "label": RNG.random(3000).round(),
}


def cost(E, i, j, label):
    return (label - E[i] @ E[j]) ** 2


def table(n=50, dim=6, seed=0):
    return rs.Table(n, dim, seed=seed)


def trained(update=None, data=DATA, **options):
    E = table()
    history = rs.Trainer(cost, {"E": E}, update).fit(data, **options)
    return E.values.tobytes(), history


def test_the_same_seed_gives_the_same_bytes():
    assert trained(epochs=2, shuffle=True, seed=3)[0] == trained(epochs=2, shuffle=True, seed=3)[0]
    assert trained(epochs=2, shuffle=True, seed=3)[0] != trained(epochs=2, shuffle=True, seed=4)[0]


def test_two_fits_of_one_epoch_are_one_fit_of_two():
    E = table()
    trainer = rs.Trainer(cost, {"E": E}, rs.adagrad(0.1))
    trainer.fit(DATA, shuffle=True)
    trainer.fit(DATA, shuffle=True)
    assert E.values.tobytes() == trained(rs.adagrad(0.1), epochs=2, shuffle=True)[0]
    assert [e.number for e in trainer.history] == [1, 2]
    assert trainer.examples == 6000


def test_chunks_change_nothing():
    cuts = [0, 1, 900, 901, 3000]
    chunks = [{c: v[a:b] for c, v in DATA.items()} for a, b in zip(cuts[:-1], cuts[1:], strict=True)]
    one, two = trained(epochs=2), trained(data=chunks, epochs=2)
    assert one[0] == two[0]
    assert [e.cost for e in one[1]] == pytest.approx([e.cost for e in two[1]], rel=1e-12)


def test_epochs_say_what_happened():
    _, [epoch] = trained()
    assert (epoch.number, epoch.costed, epoch.examples) == (1, 3000, 3000)
    assert str(epoch).startswith("epoch 1: cost 0.")
    assert "examples/s" in str(epoch)
    assert "mean of" not in str(epoch)


def test_a_cost_that_takes_time_is_sampled_evenly_and_says_so():
    from rowspace.costs import logistic_dot

    data = {c: np.tile(v, 20) for c, v in DATA.items()}
    E = table()
    [epoch] = rs.Trainer(logistic_dot, {"E": E}, rs.sgd(0.0)).fit(data)
    assert (epoch.costed, epoch.examples) == (3750, 60_000)
    assert "(mean of 3,750 of 60,000 examples)" in str(epoch)
    scores = (E.values[data["i"]] * E.values[data["j"]]).sum(axis=1)
    expected = np.log1p(np.exp(-(2 * data["label"] - 1) * scores))[::16].mean()
    assert epoch.cost == pytest.approx(expected, rel=1e-5)


def test_a_linear_rate_falls_to_its_end():
    seen = []

    def rate(done):
        seen.append(done)
        return 0.01

    trained(rs.sgd(rate), epochs=2)
    assert seen[0] == 0
    assert seen == sorted(seen)
    assert 0.99 < seen[-1] < 1
    assert len(seen) >= 1000


def test_a_changing_rate_is_finer_than_the_chunks():
    constant = trained(rs.sgd(0.05))[0]
    assert trained(rs.sgd(lambda done: 0.05))[0] == constant
    assert trained(rs.sgd(rs.linear(0.05, 0.0)))[0] != constant


# --- numbers that are not ------------------------------------------------------------------------------------------


def test_divergence_stops_at_the_last_good_chunk():
    good, E = {c: v[:500] for c, v in DATA.items()}, table()
    bad = {**good, "label": np.full(500, 1e20, np.float32)}
    trainer = rs.Trainer(cost, {"E": E}, rs.sgd(0.01))
    trainer.fit(good)
    after_good = E.values.tobytes()
    with pytest.raises(
        rs.Diverged,
        match=r"not finite at example \d+ of the epoch \(i = \d+, j = \d+, label = 1e\+20\)",
    ):
        trainer.fit([good, bad])
    assert np.isfinite(E.values).all()
    again = table()
    rs.Trainer(cost, {"E": again}, rs.sgd(0.01)).fit(good, epochs=2)
    assert E.values.tobytes() == again.values.tobytes() != after_good


def test_a_rate_too_high_is_named_as_the_likely_cause():
    E = table()
    before = E.values.tobytes()
    with pytest.raises(rs.Diverged, match=r"lower the rate \(50\).*tables are as they were after 0 examples"):
        rs.Trainer(cost, {"E": E}, rs.sgd(50.0)).fit(DATA)
    assert E.values.tobytes() == before


def test_a_cost_with_no_finite_gradient_is_named_as_the_cause():

    E = table()
    before = E.values.tobytes()
    closeness = lambda E, i, j: pt.log(((E[i] - E[j]) ** 2).sum())
    with pytest.raises(
        rs.Diverged,
        match=r"example 2 of the epoch \(i = 5, j = 5\).*no rate would help, for the cost itself is not",
    ):
        rs.Trainer(closeness, {"E": E}).fit({"i": [1, 2, 5, 3], "j": [2, 3, 5, 4]})
    assert E.values.tobytes() == before
    with pytest.raises(rs.Diverged, match="no rate would help, for the cost is finite there but not its gradient"):
        rs.Trainer(lambda E, i, j: pt.sqrt((E[i] - E[j]).sum()), {"E": E}).fit({"i": [5], "j": [5]})
    wide = lambda E, i, w: pt.tanh(pt.exp(w) * (E[i] ** 2).sum()) * pt.exp(-w)
    with pytest.raises(rs.Diverged, match="what goes into pt.exp below 88"):
        rs.Trainer(wide, {"E": E}).fit({"i": [5], "w": [100.0]})
    assert E.values.tobytes() == before


@pytest.fixture
def no_copies(monkeypatch):
    """As for tables too large to copy."""
    monkeypatch.setattr(rs.Trainer, "most_copied", 0)


def test_a_guarded_loop_writes_nothing_of_the_example_that_went_wrong(no_copies):
    data = {c: v[:500].copy() for c, v in DATA.items()}
    data["label"][300] = 3e38
    E = table()
    trainer = rs.Trainer(cost, {"E": E}, rs.sgd(0.01))
    with pytest.raises(rs.Diverged, match="not finite at example 300 of the epoch.*as they were after 300 examples"):
        trainer.fit(data)
    expected, _ = trained(rs.sgd(0.01), {c: v[:300] for c, v in DATA.items()})
    assert trainer.examples == 300
    np.testing.assert_allclose(E.values, np.frombuffer(expected, np.float32).reshape(50, 6), rtol=1e-5)


@pytest.mark.parametrize("update", [rs.sgd(0.05), rs.clip_norm(rs.adagrad(0.05), 1.0)])
def test_a_guarded_loop_trains_alike(no_copies, monkeypatch, update):
    guarded, _ = trained(update)
    monkeypatch.undo()
    plain, _ = trained(update)
    np.testing.assert_allclose(np.frombuffer(guarded, "f"), np.frombuffer(plain, "f"), rtol=1e-4, atol=1e-6)


def test_state_goes_back_too():
    E = table()
    trainer = rs.Trainer(cost, {"E": E}, rs.momentum(5.0))
    with pytest.raises(rs.Diverged):
        trainer.fit(DATA)
    assert not trainer.states["E"][0].any()


def test_an_empty_bag_is_named():
    E = table()
    mean = lambda E, bag: (E[bag].mean(axis=0) ** 2).sum()
    with pytest.raises(rs.Diverged, match="its bag 'bag' is empty"):
        rs.Trainer(mean, {"E": E}).fit({"bag": [[1, 2], [], [3]]})


# --- traces, callbacks, interruptions ------------------------------------------------------------------------------


def test_a_trace_sees_every_hundredth_step_and_the_last(tmp_path):
    path = tmp_path / "trace.tsv"
    data = {c: v[:250] for c, v in DATA.items()}
    with_trace, _ = trained(data=data, trace=rs.Trace(path, every=100, rows=[0, 7]))
    lines = path.read_text().splitlines()
    assert lines[0].split("\t")[:3] == ["i", "n", "d0"]
    steps = [int(line.split("\t")[0]) for line in lines[1:]]
    assert steps == [0, 0, 100, 100, 200, 200, 250, 250]
    assert with_trace == trained(data=data)[0]


def test_a_trace_of_rows_there_are_not_is_refused_before_training(tmp_path):
    E = table()
    with pytest.raises(rs.RowspaceError, match="id 99 is out of range"):
        rs.Trainer(cost, {"E": E}).fit(DATA, trace=rs.Trace(tmp_path / "t.tsv", rows=[99]))
    assert E.values.tobytes() == table().values.tobytes()


def test_callbacks():
    class Log:
        def __init__(self):
            self.seen = []

        def on_train_begin(self, trainer):
            self.seen.append("begin")

        def on_epoch_end(self, trainer):
            self.seen.append(trainer.history[-1].number)

        def on_train_end(self, trainer):
            self.seen.append("end")

    log, called = Log(), []
    trained(epochs=2, callbacks=[log, lambda trainer: called.append(len(trainer.history))])
    assert log.seen == ["begin", 1, 2, "end"]
    assert called == [1, 2]


def test_an_interrupted_fit_leaves_a_consistent_table(tmp_path):
    class Stop:
        def on_epoch_end(self, trainer):
            raise KeyboardInterrupt

    E, path = table(), tmp_path / "trace.tsv"
    with pytest.raises(KeyboardInterrupt):
        rs.Trainer(cost, {"E": E}).fit(DATA, epochs=5, callbacks=[Stop()], trace=rs.Trace(path))
    assert E.values.tobytes() == trained()[0]
    assert path.exists()


def test_the_model_says_what_it_was_trained_with(tmp_path):
    E = rs.Table(names=[f"item {n}" for n in range(50)], dim=4, seed=0)
    trainer = rs.Trainer(cost, {"E": E}, rs.adagrad(0.1))
    trainer.fit(DATA)
    trainer.model(note="a test").save(tmp_path / "model")
    model = rs.open(tmp_path / "model")
    assert model.trained_with["cost"] == "cost"
    assert model.trained_with["updates"] == {"E": "adagrad"}
    assert model.trained_with["note"] == "a test"
    np.testing.assert_array_equal(model["item 3"], E["item 3"])


def test_no_loop_before_the_columns_are_known():
    with pytest.raises(rs.RowspaceError, match="call fit"):
        _ = rs.Trainer(cost, {"E": table()}).kernel


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": -1}, "epochs is -1"),
        ({"schedule": "fast"}, "schedule 'fast' is not one of blocks, sequential, hogwild"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(rs.RowspaceError, match=message):
        trained(**options)


def test_updates_must_be_given_for_the_tables_there_are():
    with pytest.raises(rs.RowspaceError, match="updates are given for W; the tables are E"):
        rs.Trainer(cost, {"E": table()}, {"W": rs.sgd()})
    with pytest.raises(rs.RowspaceError, match="the update is a float"):
        rs.Trainer(cost, {"E": table()}, 0.1)


def test_a_read_only_table_is_refused():
    values = table().values.copy()
    values.flags.writeable = False
    with pytest.raises(rs.RowspaceError, match="table 'E' is read-only"):
        rs.Trainer(cost, {"E": rs.Table.from_array(values)})


# --- the kernel's cache --------------------------------------------------------------------------------------------

PROGRAM = """
    import sys, numba, rowspace as rs
    compiled = []
    numba.core.event.register("numba:compile", type("L", (numba.core.event.Listener,), {
        "on_start": lambda self, event: compiled.append(event), "on_end": lambda self, event: None})())
    E = rs.Table(5, 3, seed=0)
    rs.Trainer(lambda E, i, j: (1 - E[i] @ E[j]) ** 2, {"E": E}).fit({"i": [0, 1], "j": [2, 3]})
    print(len(compiled), E.values.sum())
"""


def test_a_second_process_does_not_compile_again(tmp_path):
    def run():
        environment = {**os.environ, "ROWSPACE_CACHE": str(tmp_path / "cache")}
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(PROGRAM)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.split()

    first, second = run(), run()
    assert int(first[0]) > 0
    assert int(second[0]) == 0
    assert first[1] == second[1]
    assert (tmp_path / "cache").stat().st_mode & 0o077 == 0


EVERY_FUNCTION = """
    import numpy as np, pytensor.tensor as pt, rowspace as rs, sys
    def cost(E, i):
        x = 0.1 + abs(E[i])
        parts = [pt.exp(x), pt.exp2(x), pt.expm1(x), pt.log(x), pt.log2(x), pt.log10(x), pt.log1p(x), pt.sqrt(x)]
        parts += [f(x / 9) for f in (pt.sin, pt.cos, pt.tan, pt.arcsin, pt.arccos, pt.arctan, pt.sinh, pt.cosh)]
        parts += [pt.tanh(x), x**2.3]
        parts += [pt.arcsinh(x), pt.arccosh(1 + x), pt.arctanh(x / 9), pt.erf(x), pt.erfc(x), pt.arctan2(x, x + 1)]
        parts += [pt.sigmoid(x), pt.softplus(x), pt.log1mexp(-x), pt.floor(x), pt.ceil(x), pt.maximum(x, 0.3)]
        parts += [pt.mod(x, 0.7)]
        return sum(p.sum() for p in parts) + pt.gammaln(x).sum() * 0
    E = rs.Table.from_array(np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3))
    rs.Trainer(cost, {"E": E}, rs.sgd(0.001)).fit({"i": [0, 1, 2, 3]})
    print("numba.np.linalg" in sys.modules, E.values.sum())
"""


@pytest.mark.slow
def test_every_function_is_read_back_without_what_compiles(tmp_path):
    def run():
        environment = {**os.environ, "ROWSPACE_CACHE": str(tmp_path / "cache")}
        program = textwrap.dedent(EVERY_FUNCTION)
        done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    first, second = run(), run()
    assert first[0] == "True"
    assert second == ["False", first[1]]


def test_without_a_cache_folder_it_compiles_and_trains(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("ROWSPACE_CACHE", str(blocked / "cache"))
    E = table()
    rs.Trainer(lambda E, i: (E[i] ** 2).sum(), {"E": E}).fit({"i": [0]})
    np.testing.assert_allclose(E.values[0], table().values[0] * 0.98, rtol=1e-6)


def test_the_same_rows_under_two_names_are_refused():
    E = rs.Table(6, 2, seed=3)
    with pytest.raises(rs.RowspaceError, match="'W' and 'C' are the same rows"):
        rs.Trainer(lambda W, C, i: W[i] @ C[i], {"W": E, "C": E})


def test_chunks_of_any_size_weigh_alike_in_the_reported_cost():
    E = rs.Table(4, 4, seed=3)
    cost = lambda E, i, x: pt.softplus(E[i].sum() * 0 + x)
    x = np.where(np.arange(20_000) < 16_000, -50.0, 5.0)
    data = {"i": np.zeros(20_000, int), "x": x}
    chunks = [{c: v[:16_000] for c, v in data.items()}, {c: v[16_000:] for c, v in data.items()}]
    trainer = rs.Trainer(cost, {"E": E}, rs.sgd(0.0))
    [apart], [together] = trainer.fit(chunks), trainer.fit(data)
    assert apart.cost == pytest.approx(together.cost, rel=1e-3)


def test_sampled_costs_diverge_with_advice_too():
    E = rs.Table(6, 2, seed=3)
    data = {"i": [0, 1, 2, 3] * 5, "j": [1, 2, 3, 4] * 5, "negatives": rs.Negatives(of=E)}
    with pytest.raises(rs.Diverged, match="lower the rate"):
        rs.Trainer(rs.costs.pair_negatives, {"E": E}, rs.sgd(1e30)).fit(data)
    rs.check_gradient(
        rs.costs.pair_negatives, {"E": rs.Table(6, 2, seed=3)}, {"i": 0, "j": 1, "negatives": data["negatives"]}
    )


def test_a_number_spoilt_by_the_update_is_found_in_any_column():
    E = rs.Table(1000, 2, seed=3)
    before = E.values.copy()
    with pytest.raises(rs.Diverged):
        rs.Trainer(lambda E, i: E[i, 1] * np.float32(-3e38), {"E": E}, rs.sgd(100)).fit({"i": [1]})
    np.testing.assert_array_equal(E.values, before)


def test_fresh_samplers_in_every_chunk():
    E = rs.Table(6, 2, seed=3)
    cost = lambda E, i, drawn: ((E[drawn] @ E[i]) ** 2).sum()

    def chunks():
        for n in range(12):
            counts = [1, 2, 3, 4, 5, 6] if n % 2 else None
            yield {"i": [n % 6], "drawn": rs.Negatives(of=E, k=2, counts=counts)}

    trainer = rs.Trainer(cost, {"E": E})
    trainer.fit(chunks)
    assert len(trainer.loops.kernels) == 2


def test_no_updates_are_not_the_default_ones():
    with pytest.raises(rs.RowspaceError, match="updates are given for"):
        rs.Trainer(lambda E, i: E[i].sum(), {"E": rs.Table(6, 2, seed=3)}, {})


def test_a_cost_may_be_named():
    E, F = rs.Table(6, 2, seed=1), rs.Table(6, 2, seed=1)
    data = {"i": [0, 2, 4], "j": [1, 3, 5], "label": [1.0, 0.0, 1.0]}
    trainer = rs.Trainer("logistic_dot", {"E": E})
    trainer.fit(data, progress=False)
    rs.Trainer(rs.costs.logistic_dot, {"E": F}).fit(data, progress=False)
    assert E.values.tobytes() == F.values.tobytes()
    assert trainer.model().trained_with["cost"] == "logistic_dot"


@pytest.mark.parametrize(("name", "hint"), [("logistc_dot", "did you mean 'logistic_dot'"), ("x", "there are l1_dot")])
def test_the_name_of_no_cost_is_refused(name, hint):
    with pytest.raises(rs.CostError, match=f"there is no cost '{name}'; {hint}"):
        rs.Trainer(name, {"E": rs.Table(6, 2)})


def named(**options):
    return rs.Table(names=["cat", "dog", "owl"], dim=2, seed=1, **options)


@pytest.mark.parametrize(
    ("by_name", "by_id"),
    [
        (lambda E, i: ((E[i] - E["owl"]) ** 2).sum(), lambda E, i: ((E[i] - E[2]) ** 2).sum()),
        (lambda E, i: (E[["dog", "owl"]] @ E[i]).sum() ** 2, lambda E, i: (E[[1, 2]] @ E[i]).sum() ** 2),
        (lambda E, i: (E[i, 0] - E["owl", 1]) ** 2, lambda E, i: (E[i, 0] - E[2, 1]) ** 2),
    ],
)
def test_a_name_in_a_cost_is_its_row(by_name, by_id):
    tables = [named(), named()]
    for cost, E in zip((by_name, by_id), tables, strict=True):
        rs.Trainer(cost, {"E": E}, rs.sgd(0.1)).fit({"i": [0, 1]}, progress=False)
        rs.check_gradient(cost, {"E": E}, {"i": 0}, compiled=False)
    assert tables[0].values.tobytes() == tables[1].values.tobytes() != named().values.tobytes()


def test_a_name_in_a_cost_that_is_not_in_the_table_is_unknown():
    with pytest.raises(rs.UnknownItem, match="did you mean 'owl'"):
        rs.Trainer(lambda E, i: E[i] @ E["olw"], {"E": named()}).fit({"i": [0]}, progress=False)
    with pytest.raises(rs.UnknownItem, match="the table has no names"):
        rs.Trainer(lambda E, i: E[i] @ E["cat"], {"E": rs.Table(3, 2)}).fit({"i": [0]}, progress=False)
