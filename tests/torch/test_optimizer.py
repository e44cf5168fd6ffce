"""Steps of rows: those of torch's dense optimisers where they are exact, the same bytes on any number of threads."""

import copy
import io
from itertools import product

import numpy as np
import pytest

import rowspace as rs
from rowspace.system.in_training import trained_alone

torch = pytest.importorskip("torch")
layers = pytest.importorskip("rowspace.torch")
nn = torch.nn

ROWS, DIM, BATCH, STEPS, FEW = 60, 5, 6, 500, 200
CASES = {
    "adam": (lambda p: torch.optim.Adam(p, 1e-2), lambda: rs.exact(rs.lazy_adam(1e-2))),
    "adamw": (lambda p: torch.optim.AdamW(p, 1e-2, weight_decay=0.1), lambda: rs.exact(rs.adamw(1e-2, decay=0.1))),
    "momentum": (lambda p: torch.optim.SGD(p, 1e-2, momentum=0.9), lambda: rs.exact(rs.momentum(1e-2, 0.9))),
    "decay": (
        lambda p: torch.optim.SGD(p, 1e-2, weight_decay=0.05),
        lambda: rs.exact(rs.weight_decay(rs.sgd(1e-2), 0.05)),
    ),
    "momentum and decay": (
        lambda p: torch.optim.SGD(p, 1e-2, momentum=0.9, weight_decay=0.05),
        lambda: rs.exact(rs.weight_decay(rs.momentum(1e-2, 0.9), 0.05)),
    ),
    "adagrad": (lambda p: torch.optim.Adagrad(p, 1e-1), lambda: rs.adagrad(1e-1)),
}


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2 * DIM, 16), nn.Tanh(), nn.Linear(16, 1))


def batches(steps, seed=1):
    """Heavy repeats of some rows, and rows that are missing for hundreds of steps."""
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        yield torch.from_numpy(rng.zipf(1.3, (BATCH, 2)) % ROWS), torch.randn(BATCH, 1)


def table():
    return rs.Table(ROWS, DIM, seed=3)


def farthest_from_dense(dense_of, update, falling=False, steps=STEPS):
    """How far the table gets from that of a dense optimiser, over a network, in shares of the largest value."""
    E, twin, net = layers.Embedding(table()), nn.Embedding(ROWS, DIM), network()
    twin.weight.data.copy_(E.weight.detach())
    rows, dense = layers.Optimizer(E, update), dense_of(twin.parameters())
    sides = [(E, net, rows), (twin, copy.deepcopy(net), dense)]
    others = [torch.optim.SGD(net.parameters(), 0.05) for _, net, _ in sides]
    rates = [torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=steps) for *_, o in sides] if falling else []
    torch.manual_seed(1)
    farthest = 0.0
    for step, (ids, wanted) in enumerate(batches(steps)):
        for (layer, net, optimizer), other in zip(sides, others, strict=True):
            optimizer.zero_grad()
            other.zero_grad()
            (net(layer(ids).flatten(1)) - wanted).square().mean().backward()
            optimizer.step()
            other.step()
        for rate in rates:
            rate.step()
        if step % 100 == 99:
            rows.catch_up()
            values = twin.weight.detach().numpy()
            farthest = max(farthest, np.abs(values - E.table.values).max() / np.abs(values).max())
    return farthest


@pytest.mark.slow
@pytest.mark.parametrize(("name", "falling"), list(product(CASES, (False, True))))
def test_equals_torchs_dense_optimiser(name, falling):
    dense, update = CASES[name]
    assert farthest_from_dense(dense, update(), falling) < 2e-5


def test_equals_torchs_dense_optimiser_at_first():
    dense, update = CASES["adamw"]
    assert farthest_from_dense(dense, update(), True, FEW) < 2e-5


def test_a_lazy_rule_is_another_one():
    assert farthest_from_dense(CASES["adam"][0], rs.lazy_adam(1e-2), steps=FEW) > 1e-3


def taken(optimizer, layer, ids, steps=3, upstream=None):
    for step in range(steps):
        optimizer.zero_grad()
        (layer((ids + step) % len(layer.table)) ** 2).sum().backward()
        optimizer.step()
    return layer.table.values


@pytest.mark.parametrize("update", [rs.sgd(0.1), rs.exact(rs.lazy_adam(0.01))], ids=["sgd", "exact"])
def test_the_same_bytes_at_any_number_of_threads(update, monkeypatch):
    monkeypatch.setattr("rowspace.execute.row_steps.SHARE_LOOKUPS", 3)
    ids = torch.from_numpy(np.random.default_rng(0).zipf(1.5, 300) % ROWS)
    found = []
    for threads in (1, 2, 5):
        E = layers.Embedding(table())
        found.append(taken(layers.Optimizer(E, update, threads=threads), E, ids))
    assert all(values.tobytes() == found[0].tobytes() for values in found)
    assert (found[0] != table().values).any()


@pytest.mark.parametrize(("name", "value"), [("_openmp", lambda: None), ("_PROCESS", -1)], ids=["none", "forked"])
def test_without_torchs_openmp_other_threads_do_it(name, value, monkeypatch):
    monkeypatch.setattr("rowspace.execute.row_steps.SHARE_LOOKUPS", 3)
    ids = torch.arange(30) % 7
    E, twin = layers.Embedding(table()), layers.Embedding(table())
    expected = taken(layers.Optimizer(E, rs.adagrad(0.1), threads=2), E, ids)
    monkeypatch.setattr(f"rowspace.torch.threads.{name}", value)
    found = taken(layers.Optimizer(twin, rs.adagrad(0.1), threads=2), twin, ids)
    assert found.tobytes() == expected.tobytes()


def test_torchs_own_layers_are_stepped_too():
    model = nn.Sequential(nn.Embedding(ROWS, DIM, sparse=True), nn.Linear(DIM, 1))
    values = model[0].weight.detach().clone()
    own = layers.Embedding(rs.Table.from_array(values.clone().numpy()))
    update = rs.exact(rs.lazy_adam(0.01))
    rows, others = layers.Optimizer(model, update), layers.Optimizer(own, update)
    for step in range(4):
        ids = torch.tensor([1, 2, 2 + step])
        for layer, optimizer in ((model[0], rows), (own, others)):
            optimizer.zero_grad()
            layer(ids).square().sum().backward()
            optimizer.step()
    rows.catch_up()
    others.catch_up()
    assert torch.equal(model[0].weight, own.weight)
    assert list(rows.rows) == [model[0].weight]  # the dense layer is left to torch


def test_together_one_by_one_and_in_backward_are_the_same():
    def made(**options):
        return layers.Embeddings({"b": table(), "a": rs.Table(7, DIM, seed=4)}, **options)

    update = rs.adagrad(0.1)
    apart, fused, singles = made(), made(update=update), [layers.Embedding(t) for t in made().tables.values()]
    alone = [layers.Embedding(t, update=update) for t in made().tables.values()]
    rows, each = layers.Optimizer(apart, update), layers.Optimizer(singles, update)
    for step in range(3):
        ids = torch.tensor([[1, 2], [50 + step, 2], [1, 6 - step]])
        rows.zero_grad()
        each.zero_grad()
        for found in (
            apart(ids),
            fused(ids),
            torch.stack([E(ids[:, t]) for t, E in enumerate(singles)], 1),
            torch.stack([E(ids[:, t]) for t, E in enumerate(alone)], 1),
        ):
            (found**3).sum().backward()
        rows.step()
        each.step()
    for t, name in enumerate(["b", "a"]):
        expected = apart.tables[name].values
        for other in (fused.tables[name], singles[t].table, alone[t].table):
            assert np.array_equal(other.values, expected), name
    assert alone[0].weight.grad is None


def test_a_schedule_moves_the_rate_of_rows_stepped_in_backward():
    E = layers.Embedding(table(), update=rs.sgd(1.0))
    rate = torch.optim.lr_scheduler.StepLR(E.optimizer, 1, gamma=0.5)
    before = E.table.values.copy()
    for expected in (1.0, 1.5, 1.75):
        E(torch.tensor([4])).sum().backward()
        rate.step()
        np.testing.assert_allclose(before[4] - E.table.values[4], expected, rtol=1e-5)


@pytest.mark.parametrize("none", [True, False])
def test_a_step_without_a_gradient_is_that_of_torch(none):
    """None is no step, and a gradient without rows is one that momentum takes."""
    E, twin = layers.Embedding(table()), nn.Embedding(ROWS, DIM)
    twin.weight.data.copy_(E.weight.detach())
    rows, dense = layers.Optimizer(E, rs.exact(rs.momentum(0.1))), torch.optim.SGD(twin.parameters(), 0.1, momentum=0.9)
    for step in range(5):
        for layer, optimizer in ((E, rows), (twin, dense)):
            optimizer.zero_grad(set_to_none=none)
            if step % 2 == 0:
                layer(torch.tensor([1, step])).square().sum().backward()
            optimizer.step()
    rows.catch_up()
    torch.testing.assert_close(E.weight, twin.weight)


def test_one_weight_of_several_layers_is_stepped_once():
    first, second = (nn.Embedding(ROWS, DIM, sparse=True) for _ in range(2))
    second.weight = first.weight
    optimizer, before = layers.Optimizer([first, second], rs.sgd(1.0)), first.weight.detach().clone()
    (first(torch.tensor([1])) + second(torch.tensor([1]))).sum().backward()
    optimizer.step()
    torch.testing.assert_close(before[1] - first.weight[1], torch.full((DIM,), 2.0))


def test_frozen_tables_stay():
    E = layers.Embeddings({"a": table(), "b": table()}, update=rs.exact(rs.weight_decay(rs.sgd(0.1), 0.1)))
    E.weights["a"].requires_grad_(False)
    for one in (E, copy.deepcopy(E)):
        one(torch.tensor([[1, 1]])).sum().backward()
        assert np.array_equal(one.tables["a"].values, table().values)
        assert not np.array_equal(one.tables["b"].values, table().values)
    alone = layers.Embedding(table(), update=rs.sgd(0.1))
    alone.weight.requires_grad_(False)
    twin = copy.deepcopy(alone)
    twin.weight.requires_grad_(True)
    twin(torch.tensor([1])).sum().backward()
    assert not np.array_equal(twin.table[1], table()[1])


def test_an_optimiser_leaves_layers_with_an_update_to_it():
    own, other = layers.Embedding(table(), update=rs.sgd(0.1)), layers.Embedding(table())
    assert list(layers.Optimizer(nn.ModuleList([own, other]), rs.sgd(0.1)).rows) == [other.weight]


def test_a_state_after_a_row_that_is_not_finite_can_be_loaded():
    E, optimizer = stepped()
    E.weight.data[3] = torch.inf
    (E(torch.tensor([2, 3])) * 2).sum().backward()
    with pytest.raises(rs.Diverged, match="row 3"):
        optimizer.step()
    optimizer.load_state_dict(optimizer.state_dict())


@pytest.mark.parametrize("kind", [layers.Embedding, lambda E, **o: layers.Embeddings({"a": E}, **o)])
def test_a_backward_goes_on_after_one_that_was_not_finite(kind):
    E = table()
    layer = kind(E, update=rs.sgd(1.0))
    with pytest.raises(rs.Diverged, match="no row was moved"):
        (layer(torch.tensor([[1]])) * torch.nan).sum().backward()
    layer(torch.tensor([[1]])).sum().backward()
    np.testing.assert_allclose(table()[1] - E[1], 1, rtol=1e-6)


def test_gradients_add_up_over_several_backwards():
    E, twin = layers.Embedding(table()), nn.Embedding(ROWS, DIM)
    twin.weight.data.copy_(E.weight.detach())
    for step in range(3):
        for layer in (E, twin):
            layer(torch.tensor([1, 2 + step])).square().sum().backward()
    layers.Optimizer(E, rs.adagrad(0.1)).step()
    torch.optim.Adagrad(twin.parameters(), 0.1).step()
    torch.testing.assert_close(E.weight, twin.weight)


def test_clipping_takes_rows_and_dense_parameters_together():
    E, twin, head = layers.Embedding(table()), nn.Embedding(ROWS, DIM), nn.Linear(DIM, 1)
    twin.weight.data.copy_(E.weight.detach())
    second = copy.deepcopy(head)
    ids = torch.tensor([1, 2, 2, 2])
    head(E(ids)).sum().backward()
    second(twin(ids)).sum().backward()
    expected = nn.utils.clip_grad_norm_([*twin.parameters(), *second.parameters()], 0.5)
    assert torch.allclose(layers.clip_grad_norm_([*E.parameters(), *head.parameters()], 0.5), expected)
    torch.testing.assert_close(head.weight.grad, second.weight.grad)
    layers.Optimizer(E, rs.sgd(1.0)).step()
    torch.optim.SGD(twin.parameters(), 1.0).step()
    torch.testing.assert_close(E.weight, twin.weight)
    assert layers.clip_grad_norm_([nn.Parameter(torch.zeros(2))], 1.0) == 0


def test_groups_have_rates_and_updates_of_their_own():
    first, second, third = (layers.Embedding(table()) for _ in range(3))
    groups = [{"params": first}, {"params": [second], "lr": 0.5}, {"params": third, "update": rs.adagrad(0.25)}]
    optimizer = layers.Optimizer(groups, rs.sgd(1.0))
    for E in (first, second, third):
        E(torch.tensor([2])).sum().backward()
    optimizer.step()
    moved = [float((table()[2] - E.table[2]).mean()) for E in (first, second, third)]
    assert moved == pytest.approx([1.0, 0.5, 0.25], rel=1e-5)


@pytest.mark.parametrize(
    "update", [rs.adagrad(0.1), rs.exact(rs.adamw(0.05)), rs.momentum(0.1)], ids=["adagrad", "exact", "momentum"]
)
def test_a_training_goes_on_from_its_state(update, tmp_path):
    def begun():
        model = nn.ModuleDict({"E": layers.Embedding(table()), "head": network()})
        rows, dense = layers.Optimizer(model, update), torch.optim.Adam(model["head"].parameters())
        return model, rows, dense, torch.optim.lr_scheduler.CosineAnnealingLR(rows, 20)

    def trained(model, rows, dense, rate, some):
        for ids, wanted in some:
            rows.zero_grad()
            dense.zero_grad()
            (model["head"](model["E"](ids).flatten(1)) - wanted).square().mean().backward()
            rows.step()
            dense.step()
            rate.step()

    torch.manual_seed(2)
    data = list(batches(12))
    straight = begun()
    trained(*straight, data)
    names = ["model", "rows", "dense", "rate"]
    halted = begun()
    trained(*halted, data[:7])
    layers.save(tmp_path / "last.pt", **dict(zip(names, halted, strict=True)), step=7)
    resumed = begun()
    others = layers.load(tmp_path / "last.pt", **dict(zip(names, resumed, strict=True)))
    trained(*resumed, data[others["step"] :])
    for one in (straight, resumed):
        one[1].catch_up()
    for name, values in straight[0].state_dict().items():
        assert torch.equal(resumed[0].state_dict()[name], values), name
    with pytest.raises(rs.FormatError, match="has model, rows, dense, rate, step; other were asked for"):
        layers.load(tmp_path / "last.pt", other=resumed[0])


def test_a_layer_with_an_update_keeps_its_state():
    def begun():
        return layers.Embedding(table(), update=rs.adagrad(0.1))

    E, twin, out = begun(), begun(), io.BytesIO()
    E(torch.tensor([1, 2])).sum().backward()
    torch.save(E.state_dict(), out)
    out.seek(0)
    twin.load_state_dict(torch.load(out, weights_only=True))
    for one in (E, twin):
        one(torch.tensor([2])).sum().backward()
    assert np.array_equal(E.table.values, twin.table.values)
    with pytest.raises(RuntimeError, match='Unexpected key.* "update"'):
        layers.Embedding(table()).load_state_dict(E.state_dict())
    with pytest.raises(RuntimeError, match='Missing key.* "update"'):
        E.load_state_dict(layers.Embedding(table()).state_dict())


def stepped(update=None):
    E = layers.Embedding(table())
    optimizer = layers.Optimizer(E, update or rs.exact(rs.lazy_adam(0.1)))
    E(torch.tensor([1, 2])).sum().backward()
    optimizer.step()
    return E, optimizer


def altered(**parts):
    state = stepped()[1].state_dict()
    state["state"][0] |= parts
    return state


WRONG_STATES = {
    "of another update": (
        lambda: stepped(rs.sgd(0.1))[1].state_dict(),
        "of the update sgd, and the optimiser has exact",
    ),
    "of two tables": (
        lambda: layers.Optimizer([layers.Embedding(table()) for _ in "ab"], rs.sgd(0.1)).state_dict(),
        "2",
    ),
    "of another size": (lambda: altered(slot0=torch.zeros(3, DIM)), "another size or update"),
    "of another kind": (lambda: altered(slot0=torch.zeros(ROWS, DIM, dtype=torch.float64)), "another size or update"),
    "of steps not taken": (lambda: altered(slot3=torch.full((ROWS, 1), 9)), "contradict each other"),
    "of steps below 0": (lambda: altered(slot3=torch.full((ROWS, 1), -1)), "contradict each other"),
    "of no rates": (lambda: altered(**{"past.since": torch.zeros(0, dtype=int)}), "contradict each other"),
    "of rates out of order": (
        lambda: altered(**{"past.since": torch.tensor([1, 0]), "past.paces": torch.zeros(1, 2)}),
        "contradict each other",
    ),
}


@pytest.mark.parametrize("name", WRONG_STATES)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(name):
    make, message = WRONG_STATES[name]
    _, optimizer = stepped()
    before = {k: v.clone() for k, v in optimizer.state_dict()["state"][0].items()}
    with pytest.raises(rs.FormatError, match=message):
        optimizer.load_state_dict(make())
    after = optimizer.state_dict()["state"][0]
    assert all(torch.equal(after[k], v) for k, v in before.items())


def exploding(factor):
    E = layers.Embedding(table())
    optimizer = layers.Optimizer(E, rs.sgd(0.1))
    (E(torch.tensor([1, 2, 3])) * torch.tensor([[1.0], [1.0], [factor]])).sum().backward()
    return E, optimizer


@pytest.mark.parametrize("factor", [float("nan"), float("inf"), float("-inf")])
def test_a_gradient_that_is_not_finite_moves_no_row(factor):
    E, optimizer = exploding(factor)
    with pytest.raises(rs.Diverged, match="no row was moved"):
        optimizer.step()
    assert np.array_equal(E.table.values, table().values)


def test_rows_that_leave_the_floats_are_told():
    _, optimizer = exploding(3e38)
    optimizer.param_groups[0]["lr"] = 1e3
    with pytest.raises(rs.Diverged, match="row 3 of the table of 60 x 5 is not finite after its step; lower the rate"):
        optimizer.step()


def twice():
    E = layers.Embedding(table())
    return layers.Optimizer([E, layers.Embedding(E.table)], rs.sgd(0.1))


def dense_gradient():
    E = layers.Embedding(table())
    optimizer = layers.Optimizer(E, rs.sgd(0.1))
    E.weight.sum().backward()
    optimizer.step()


def second_backward():
    E = layers.Embeddings({"a": table()}, update=rs.sgd(0.1))
    cost = E(torch.tensor([[1]])).sum()
    cost.backward(retain_graph=True)
    cost.backward()


def overlapping():
    values = np.zeros((9, 2), np.float32)
    return [layers.Embedding(rs.Table.from_array(some)) for some in (values, values[4:])]


def thawed():
    E = nn.ModuleList([layers.Embedding(table()), layers.Embedding(table())])
    E[0].weight.requires_grad_(False)
    optimizer = layers.Optimizer(E, rs.sgd(0.1))
    E[0].weight.requires_grad_(True)
    E[0](torch.tensor([1])).sum().backward()
    optimizer.step()


def of_other_memory():
    E = layers.Embedding(table())
    optimizer = layers.Optimizer(E, rs.sgd(0.1))
    E.weight.data = torch.zeros(ROWS, DIM)
    E(torch.tensor([1])).sum().backward()
    optimizer.step()


def two_optimisers():
    E, optimizer = stepped()
    layers.Optimizer(E, rs.exact(rs.momentum(0.1)))
    optimizer.step()


def within_a_fit():
    E = layers.Embedding(table())
    optimizer = layers.Optimizer(E, rs.sgd(0.1))
    E(torch.tensor([1])).sum().backward()

    class Steps:
        def on_epoch_end(self, trainer):
            optimizer.step()

    rs.Trainer(rs.costs.l1_dot, {"E": E.table}, rs.sgd(0.1)).fit(
        {"i": [0], "j": [1], "label": [1.0]}, callbacks=[Steps()]
    )


def fit_within_a_step():
    E = table()
    with trained_alone([E.values]):
        rs.Trainer(rs.costs.l1_dot, {"E": E}, rs.sgd(0.1)).fit({"i": [0], "j": [1], "label": [1.0]})


WRONG = {
    "one table twice": (twice, rs.DataError, "given twice"),
    "rows of two tables": (lambda: layers.Optimizer(overlapping(), rs.sgd(0.1)), rs.DataError, "given twice"),
    "thawed later": (thawed, rs.DataError, "was frozen when this optimiser was made"),
    "frozen": (
        lambda: layers.Optimizer(layers.Embedding(table()).requires_grad_(False), rs.sgd(0.1)),
        rs.DataError,
        "all tables here are frozen",
    ),
    "of other memory": (of_other_memory, rs.DataError, r"weight.data.copy_\(values\)"),
    "two optimisers, exact": (two_optimisers, rs.DataError, "another optimiser was made"),
    "within a fit": (within_a_fit, rs.DataError, "trained by something else at this moment"),
    "a fit within a step": (fit_within_a_step, rs.DataError, "trained by something else at this moment"),
    "a dense gradient": (dense_gradient, rs.DataError, "gradient of a table is dense"),
    "no table": (lambda: layers.Optimizer(nn.Linear(2, 2), rs.sgd(0.1)), rs.DataError, "there is no table here"),
    "something else": (lambda: layers.Optimizer([rs.Table(2, 2)], rs.sgd(0.1)), rs.DataError, "a Table is no table"),
    "no update": (lambda: layers.Optimizer(layers.Embedding(table()), 0.1), rs.DataError, "update"),
    "a schedule": (
        lambda: layers.Optimizer(layers.Embedding(table()), rs.sgd(rs.linear(0.1))),
        rs.DataError,
        "is a schedule; give a number",
    ),
    "a weight alone, exact": (
        lambda: layers.Optimizer([nn.Parameter(torch.zeros(3, 2))], rs.exact(rs.momentum(0.1))),
        rs.DataError,
        "give the layer",
    ),
    "float64": (
        lambda: layers.Optimizer(nn.Embedding(3, 2, sparse=True).double(), rs.sgd(0.1)),
        rs.DataError,
        "a weight is float64 of shape",
    ),
    "backward twice": (second_backward, RuntimeError, "backward was called twice"),
    "copied": (lambda: copy.deepcopy(stepped()[1]), TypeError, "make one of the copy"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_in_one_sentence(name):
    call, error, message = WRONG[name]
    with pytest.raises(error, match=message):
        call()
