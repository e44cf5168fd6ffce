"""Examples that are held out: their cost after each epoch, and that nothing learned depends on them."""

import numpy as np
import pytensor.tensor as pt
import pytest

import rowspace as rs
from rowspace.train import held_out

RANDOM = np.random.default_rng(0)
ROWS = 300
DIM, UPDATE = 6, rs.sgd(0.02)  # as for the same cost in other tests, which have the same loop


def pairs(count, seed=0):
    random = np.random.default_rng(seed)
    i, j = random.integers(0, ROWS, (2, count))
    return {"i": i, "j": j, "label": (random.random(count) < 0.5).astype(np.float32)}


DATA, OTHERS = pairs(4_000), pairs(1_000, seed=1)


def trained(cost=rs.costs.squared_dot, update=None, data=DATA, epochs=3, **options):
    E = rs.Table(ROWS, DIM, seed=3)
    trainer = rs.Trainer(cost, {"E": E}, update or UPDATE)
    return trainer, trainer.fit(data, epochs, progress=False, **options)


def squared(E, i, j, label):
    return float(np.mean((label - (E.values[i] * E.values[j]).sum(axis=1)) ** 2))


def test_it_is_the_mean_cost_at_the_rows_as_they_are():
    trainer, history = trained(held_out=OTHERS)
    assert history[-1].held_out == pytest.approx(squared(trainer.tables["E"], *OTHERS.values()), rel=1e-5)
    assert len({epoch.held_out for epoch in history}) == 3
    assert "held out" in str(history[0])


@pytest.mark.parametrize(
    "options",
    [{}, {"schedule": "blocks", "blocks": 8}, {"batch": 64}, {"shuffle": True}, {"schedule": "sequential"}],
    ids=str,
)
def test_what_is_learned_does_not_depend_on_it(options):
    alone, costs = trained(**options)
    beside, both = trained(held_out=OTHERS, **options)
    assert beside.tables["E"].values.tobytes() == alone.tables["E"].values.tobytes()
    assert both.cost == costs.cost
    assert beside.kernel.source == alone.kernel.source


def test_any_number_of_threads_gives_the_same_bytes(monkeypatch):
    monkeypatch.setattr(held_out, "SEGMENT_EXAMPLES", 64)
    found = {tuple(trained(held_out=OTHERS, threads=threads)[1].held_out) for threads in (1, 2, 5)}
    assert len(found) == 1


def negatives(E, i, j, negatives):
    return pt.softplus(-(E[i] @ E[j])) + pt.softplus(E[negatives] @ E[i]).sum()


def test_negatives_are_drawn_from_a_seed_of_their_own():
    E = rs.Table(ROWS, DIM, seed=3)
    data = {"i": DATA["i"], "j": DATA["j"], "negatives": rs.Negatives(of=E, k=3)}
    others = {"i": OTHERS["i"], "j": OTHERS["j"], "negatives": rs.Negatives(of=E, k=3)}
    costs = []
    for seed in (0, 1):
        trainer = rs.Trainer(negatives, {"E": rs.Table(ROWS, DIM, seed=3)}, rs.sgd(0.0))
        costs += trainer.fit(data, 2, seed=seed, held_out=others, progress=False).held_out
    assert len(set(costs)) == 1


def test_chunks_are_added_up_as_a_whole():
    cut = [{name: column[lo:hi] for name, column in OTHERS.items()} for lo, hi in ((0, 300), (300, 300), (300, 1000))]
    whole, parts = trained(held_out=OTHERS)[1].held_out, trained(held_out=lambda: iter(cut))[1].held_out
    assert parts == pytest.approx(whole, rel=1e-6)


def test_rows_of_exact_updates_have_caught_up():
    trainer, history = trained(update=rs.exact(rs.momentum(0.01)), held_out=OTHERS)
    assert history[-1].held_out == pytest.approx(squared(trainer.tables["E"], *OTHERS.values()), rel=1e-5)


def test_gathered_columns_count_their_members():
    def cost(E, window, j):
        return ((E[window] - E[j]) ** 2).sum()

    j = np.sort(OTHERS["j"])
    data = {"window": rs.Gathered(OTHERS["i"], by="j"), "j": j}
    trainer, history = trained(cost, data=data, update=rs.sgd(0.001), held_out=data)
    E = trainer.tables["E"].values
    assert history[-1].held_out == pytest.approx(float(((E[OTHERS["i"]] - E[j]) ** 2).sum(axis=1).mean()), rel=1e-4)


@pytest.mark.filterwarnings("ignore::rowspace.errors.SlowCost")
def test_a_cost_without_a_loop_has_one_too():
    def cost(E, i, j):
        return pt.linalg.det(pt.stack([E[i][:2], E[j][:2]])) ** 2

    few = {name: DATA[name][:20] for name in "ij"}
    trainer, history = trained(cost, data=few, epochs=1, held_out=few, update=rs.sgd(0.0))
    E = trainer.tables["E"].values
    assert history[0].held_out == pytest.approx(history[0].cost, rel=1e-5)
    a, b = E[few["i"]], E[few["j"]]
    assert history[0].held_out == pytest.approx(np.mean((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) ** 2), rel=1e-4)


def test_a_training_with_checkpoints_goes_on_with_it(tmp_path):
    class Stop(Exception):
        pass

    def killed(trainer):
        if len(trainer.history) == 2:
            raise Stop

    _, whole = trained(held_out=OTHERS)
    with pytest.raises(Stop):
        trained(held_out=OTHERS, checkpoint=tmp_path, every="1 chunk", callbacks=[killed])
    trainer = rs.Trainer(rs.costs.squared_dot, {"E": rs.Table(ROWS, DIM)}, UPDATE)
    history = trainer.resume(tmp_path, DATA, held_out=OTHERS, progress=False)
    assert history.held_out == whole.held_out
    assert history.cost == whole.cost


WRONG = {
    "another column missing": ({"i": [0], "j": [1]}, rs.errors.CostError, "held_out: the cost takes 'label'"),
    "an id out of range": ({"i": [ROWS], "j": [1], "label": [1]}, rs.IdOutOfRange, "held_out: .*id 300"),
    "no examples": ({"i": np.zeros(0, int), "j": np.zeros(0, int), "label": np.zeros(0)}, rs.DataError, "no example"),
    "an iterator": (iter([OTHERS]), rs.DataError, "held_out: it is an iterator, which can be read once"),
    "a share": (0.05, rs.DataError, "held_out: "),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_does_not_fit_is_refused_before_anything_is_trained(wrong):
    data, error, match = WRONG[wrong]
    E = rs.Table(ROWS, DIM, seed=3)
    trainer = rs.Trainer(rs.costs.squared_dot, {"E": E}, UPDATE)
    with pytest.raises(error, match=match):
        trainer.fit(DATA, held_out=data, progress=False)
    assert E.values.tobytes() == rs.Table(ROWS, DIM, seed=3).values.tobytes()
    assert trainer.examples == 0


def test_a_cost_that_is_not_finite_names_the_example():
    def cost(E, i, weight):
        return (E[i] ** 2).sum() + pt.log(weight)

    data = {"i": [0, 1], "weight": [1.0, 1.0]}
    with pytest.raises(rs.Diverged, match="example 1 of held_out; the tables are as they were after 2 examples"):
        trained(cost, data=data, held_out={"i": [0, 1], "weight": [1.0, -1.0]}, update=rs.sgd(0.01))
