"""Layers over tables: the table's own memory, torch's numbers, and one sentence for what is wrong."""

import copy
import io
import pickle

import numpy as np
import pytest

import rowspace as rs
from rowspace.system.mapped import is_mapped

torch = pytest.importorskip("torch")
layers = pytest.importorskip("rowspace.torch")


def table(rows=20, dim=5, seed=2):
    return rs.Table(rows, dim, seed=seed)


def named():
    return rs.Table(names=["cat", "dog", "owl"], dim=4)


def dense_twin(layer, **options):
    twin = torch.nn.Embedding(*layer.weight.shape, **options)
    twin.weight.data.copy_(layer.weight.detach())
    return twin


def test_the_weight_is_the_tables_memory():
    own = table()
    E = layers.Embedding(own)
    assert E.weight.data_ptr() == own.values.ctypes.data
    own[3] = 7
    assert E(torch.tensor([3])).tolist() == [[7.0] * 5]
    assert isinstance(E, torch.nn.Embedding)
    assert E.sparse


def test_lookups_by_names_and_ids_of_any_shape():
    E = layers.Embedding(named())
    rows = E([["cat", "owl"], ["owl", "owl"]])
    assert rows.shape == (2, 2, 4)
    assert torch.equal(rows, E(torch.tensor([[0, 2], [2, 2]], dtype=torch.int32)))
    assert torch.equal(E("dog"), E(np.array(1)))
    assert E("dog").shape == E(torch.tensor(1)).shape == (4,)
    with pytest.raises(rs.UnknownItem, match="did you mean 'cat'"):
        E(["caat"])


def test_the_gradient_is_that_of_torchs_own_layer():
    E = layers.Embedding(table(), padding_idx=3)
    twin, ids, upstream = dense_twin(E, padding_idx=3), torch.tensor([[1, 3], [1, 9]]), torch.randn(2, 2, 5)
    E(ids).backward(upstream)
    twin(ids).backward(upstream)
    assert E.weight.grad.is_sparse
    assert E.weight.grad._values().shape == (3, 5)  # the padding has none
    assert torch.equal(E.weight.grad.to_dense(), twin.weight.grad)


BAGS = [
    ("sum", {}),
    ("mean", {}),
    ("sum", {"weights": True}),
    ("mean", {"padding_idx": 3}),
    ("sum", {"padding_idx": 3}),
]


@pytest.mark.parametrize(("mode", "given"), BAGS)
def test_bags_equal_torchs(mode, given):
    options = {k: v for k, v in given.items() if k == "padding_idx"}
    bags, twin = layers.EmbeddingBag(table(), mode=mode, **options), torch.nn.EmbeddingBag(20, 5, mode=mode, **options)
    twin.weight.data.copy_(bags.weight.detach())
    ids, offsets = torch.tensor([1, 2, 2, 3, 3, 3, 9, 0, 1]), torch.tensor([0, 3, 3, 7])  # one of them empty
    scales = [torch.linspace(0.5, 2, 9, requires_grad=True) for _ in range(2)] if "weights" in given else [None, None]
    upstream = torch.randn(4, 5)
    found, expected = bags(ids, offsets, scales[0]), twin(ids, offsets, scales[1])
    found.backward(upstream)
    expected.backward(upstream)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(bags.weight.grad.to_dense(), twin.weight.grad)
    if scales[0] is not None:
        torch.testing.assert_close(scales[0].grad, scales[1].grad)


def test_bags_of_names():
    bags = layers.EmbeddingBag(named(), mode="sum")
    assert torch.allclose(bags([["cat", "owl"]])[0], bags.weight[0] + bags.weight[2])
    assert bags(torch.tensor([0, 1, 2]), torch.tensor([0, 2])).shape == (2, 4)


def test_tables_looked_up_together():
    tables = {"user": table(), "item": named_of(5, 5), "a": table(7, 5, 3)}  # not in the order of their names
    together = layers.Embeddings(tables)
    ids = torch.stack([torch.randint(len(t), (4, 2)) for t in tables.values()], -1)
    rows = together(ids)
    assert rows.shape == (4, 2, 3, 5)
    for place, (name, each) in enumerate(tables.items()):
        assert np.array_equal(rows[..., place, :].detach().numpy(), each[ids[..., place].numpy()]), name
    upstream = torch.randn(rows.shape)
    rows.backward(upstream)
    for place, name in enumerate(tables):
        twin = dense_twin(torch.nn.Embedding.from_pretrained(together.weights[name].detach()))
        twin(ids[..., place]).backward(upstream[..., place, :])
        torch.testing.assert_close(together.weights[name].grad.to_dense(), twin.weight.grad)
    by_name = together({"user": [1, 2], "item": ["item 2", "item 3"], "a": [0, 0]})
    assert torch.equal(by_name, together(torch.tensor([[1, 2, 0], [2, 3, 0]])))


def named_of(rows, dim):
    return rs.Table(names=[f"item {n}" for n in range(rows)], dim=dim)


def test_copies_have_tables_of_their_own():
    E = layers.Embedding(named())
    for twin in (copy.deepcopy(E), pickle.loads(pickle.dumps(E))):
        assert twin.weight.data_ptr() == twin.table.values.ctypes.data != E.weight.data_ptr()
        assert twin.table.names == ["cat", "dog", "owl"]
        assert np.array_equal(twin.table.values, E.table.values)


def test_copies_of_tables_looked_up_together():
    layer = layers.Embeddings({"b": table(), "a": named_of(7, 5)}, update=rs.adagrad(0.1))
    layer(torch.tensor([[1, 2]])).sum().backward()
    twin = copy.deepcopy(layer)
    loaded = layers.Embeddings({"b": table(seed=8), "a": named_of(7, 5)}, update=rs.adagrad(0.1))
    loaded.load_state_dict(layer.state_dict())
    for one in (layer, twin, loaded):
        one(torch.tensor([[1, 4]])).square().sum().backward()
    for other in (twin, loaded):
        for name, own in layer.tables.items():
            assert np.array_equal(other.tables[name].values, own.values)
            assert other.tables[name].names == own.names
            assert other.weights[name].data_ptr() == other.tables[name].values.ctypes.data


def test_a_copy_of_a_layer_with_an_update_goes_on_like_it():
    E = layers.Embedding(table(), update=rs.exact(rs.lazy_adam(0.1)))
    E(torch.tensor([1, 2])).sum().backward()
    E(torch.tensor([2])).sum().backward()
    twin = copy.deepcopy(E)
    for one in (E, twin):
        one(torch.tensor([1, 4])).square().sum().backward()
        one.optimizer.catch_up()
    assert np.array_equal(E.table.values, twin.table.values)
    with pytest.raises(TypeError, match="save its state_dict"):
        pickle.dumps(E)


def test_the_table_stays_where_the_model_goes():
    E = layers.Embedding(table())
    before = E.weight.data_ptr()
    model = torch.nn.Sequential(E, torch.nn.Linear(5, 1)).double().to("meta")
    assert E.weight.data_ptr() == before
    assert E.weight.dtype == torch.float32
    assert model[0](torch.tensor([1])).device.type == "meta"


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_rows_come_in_the_dtype_of_the_model(dtype):
    for layer in (layers.Embedding(table()), layers.EmbeddingBag(table()), layers.Embeddings({"a": table()})):
        model = torch.nn.Sequential(layer, torch.nn.Linear(5, 1)).to(dtype)
        optimizer = layers.Optimizer(model, rs.sgd(1.0))
        model(torch.tensor([[1]])).sum().backward()
        optimizer.step()
        moved = torch.from_numpy(table()[1]) - layer.weights_of_tables()[0][1]
        torch.testing.assert_close(moved, model[1].weight[0].float())


@pytest.mark.parametrize("kind", [torch.uint8, torch.int16, torch.uint16, torch.uint64])
def test_ids_of_every_whole_dtype(kind):
    E, ids = layers.Embedding(table()), torch.tensor([[1, 7]])
    assert torch.equal(E(ids.to(kind)), E(ids))
    with pytest.raises(rs.IdOutOfRange, match="id 20"):
        E(torch.tensor([20]).to(kind))


def test_other_weights_are_looked_up_in_a_functional_call():
    E, other = both(), torch.rand(20, 5)
    rows = torch.func.functional_call(E, {"weight_b": other}, (torch.tensor([3, 4]),))
    assert torch.equal(rows, torch.stack([E.weights["a"][3], other[4]]))


def test_ids_may_be_written_over_after_backward():
    E, ids = both(), torch.tensor([[3, 4]])
    E(ids).sum().backward()
    ids.fill_(9)
    assert [w.grad._indices().tolist() for w in E.weights.values()] == [[[3]], [[4]]]


def test_a_state_dict_is_copied_into_the_table():
    E, other, out = layers.Embedding(table()), layers.Embedding(table(seed=9)), io.BytesIO()
    torch.save(other.state_dict(), out)
    out.seek(0)
    E.load_state_dict(torch.load(out, weights_only=True))
    assert np.array_equal(E.table.values, other.table.values)
    assert E.weight.data_ptr() == E.table.values.ctypes.data
    with pytest.raises(rs.DataError, match="without assign=True"):
        E.load_state_dict(other.state_dict(), assign=True)


def test_values_can_be_left_out_of_the_state_dict(tmp_path):
    rs.Table.create(tmp_path / "E.npy", 100, 8)
    E = layers.Embedding(rs.Table.open(tmp_path / "E.npy", "r+"), persistent=False)
    assert "weight" not in E.state_dict()
    E.load_state_dict(E.state_dict())
    E.weight.data[5] = 3.0
    E.table.flush()
    assert rs.Table.open(tmp_path / "E.npy")[5].tolist() == [3.0] * 8


def test_what_an_update_keeps_is_on_the_disk_of_its_table(tmp_path, monkeypatch):
    monkeypatch.setattr("rowspace.tables.on_disk.LARGE", 1)
    monkeypatch.setattr("rowspace.execute.row_steps.memory_limit", lambda memory: 1)
    rs.Table.create(tmp_path / "E.npy", 100, 8)
    E = layers.Embedding(rs.Table.open(tmp_path / "E.npy", "r+"))
    rows = layers.Optimizer(E, rs.adagrad(0.1))
    E(torch.tensor([1])).sum().backward()
    rows.step()
    assert is_mapped(next(iter(rows.rows[E.weight].state.slots.values()))[0])
    E.table.flush()
    assert (rs.Table.open(tmp_path / "E.npy").values != rs.Table(100, 8).values).any(1).nonzero()[0].tolist() == [1]


def two_tables():
    return rs.Model({"W": table(), "C": table()})


def read_only(folder):
    rs.Table.create(folder / "E.npy", 9, 2)
    return rs.Table.open(folder / "E.npy")


WRONG = {
    "too large an id": (
        lambda: layers.Embedding(table())(torch.tensor([[1, 20]])),
        rs.IdOutOfRange,
        "id 20 at position",
    ),
    "an id below 0": (lambda: layers.Embedding(table())(torch.tensor([-1])), rs.IdOutOfRange, "id -1"),
    "ids that are floats": (lambda: layers.Embedding(table())(torch.tensor([1.5])), rs.ShapeError, "got float32"),
    "ids that are bools": (lambda: layers.Embedding(table())(torch.tensor([True])), rs.ShapeError, "got bool"),
    "two tables": (lambda: layers.Embedding(two_tables()), rs.DataError, "say which"),
    "max": (lambda: layers.EmbeddingBag(table(), mode="max"), rs.DataError, "no sparse gradient"),
    "offsets that fall": (lambda: bagged([0, 3, 1]), rs.ShapeError, "begin with 0, rise, and stay within the 4 ids"),
    "offsets beyond": (lambda: bagged([0, 9]), rs.ShapeError, r"they are \[0, 9\]"),
    "offsets from 1": (lambda: bagged([1, 2]), rs.ShapeError, "begin with 0"),
    "offsets in floats": (lambda: bagged([0.0, 2.0]), rs.ShapeError, "whole numbers"),
    "two widths": (lambda: layers.Embeddings({"a": table(), "b": named()}), rs.ShapeError, "group them"),
    "no tables": (lambda: layers.Embeddings({}), rs.DataError, "dict of tables"),
    "ids of another": (lambda: both()({"a": [1]}), rs.DataError, "given for a; the tables are a, b"),
    "ids of two shapes": (lambda: both()({"a": [1], "b": [1, 2]}), rs.ShapeError, r"a \(1,\), b \(2,\)"),
    "ids of three tables": (lambda: both()(torch.zeros(4, 3, dtype=int)), rs.ShapeError, r"\(..., 2\): a, b"),
    "a large id of two tables": (lambda: both()(torch.tensor([[0, 20]])), rs.IdOutOfRange, "ids of b: id 20"),
    "a list for two tables": (lambda: both()([[1, 2]]), rs.ShapeError, r"ids are a list; give a tensor \(..., 2\)"),
    "a name with a dot": (lambda: layers.Embeddings({"a.b": table()}), rs.DataError, "'a.b' has a dot"),
    "memory for all processes": (lambda: layers.Embedding(table()).share_memory(), rs.DataError, "that is in a file"),
    "floats for two tables": (lambda: both()(torch.zeros(4, 2)), rs.ShapeError, "must be integers"),
}


def both():
    return layers.Embeddings({"a": table(), "b": table()})


def bagged(offsets):
    return layers.EmbeddingBag(table())(torch.tensor([1, 2, 3, 4]), torch.tensor(offsets))


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_in_one_sentence(name):
    call, error, message = WRONG[name]
    with pytest.raises(error, match=message):
        call()


def test_a_read_only_table_is_refused(tmp_path):
    with pytest.raises(rs.ReadOnly, match=r"mode='r\+'"):
        layers.Embedding(read_only(tmp_path))
