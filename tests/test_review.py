"""What a review of the engine found, each as a case."""

import numpy as np
import pyarrow as pa
import pytensor
import pytensor.tensor as pt
import pytest

import rowspace as rs


def table(n=6, dim=2):
    return rs.Table(n, dim, seed=3)


@pytest.mark.parametrize(
    "cost",
    [
        lambda E, i, j: abs(i - j) * (E[i] @ E[j]),
        lambda E, i, j: -i * (E[i] @ E[j]),
        lambda E, i, j: ((E[[i, j]].sum(axis=1)) * (i - j)).sum(),
    ],
)
def test_ids_used_as_numbers_have_a_sign(cost):
    rs.check_gradient(cost, {"E": table()}, {"i": 1, "j": 4})


def test_ids_of_a_bag_used_as_numbers_have_a_sign():
    cost = lambda E, bag, i: ((bag - i) * E[bag].sum(axis=1)).sum()
    rs.check_gradient(cost, {"E": table()}, {"bag": [0, 1, 5], "i": 4})


def test_names_must_number_alike_in_every_table_they_index():
    A, B = rs.Table(names=["a", "b", "c"], dim=2), rs.Table(names=["c", "b", "a"], dim=2)
    with pytest.raises(rs.RowspaceError, match="number 'a' differently"):
        rs.gradient(lambda A, B, i: A[i] @ B[i], {"A": A, "B": B}, {"i": "a"})
    plain = rs.Table(3, 2)
    found = rs.gradient(lambda A, B, i: A[i] @ B[i], {"A": plain, "B": B}, {"i": "a"})
    assert found["A"].rows.tolist() == found["B"].rows.tolist() == [2]


def test_an_update_may_permute_the_row():
    E = rs.Table.from_array(np.arange(12, dtype=np.float32).reshape(3, 4))
    update = rs.Update(lambda row, gradient, state, rate: (0.5 * row[::-1] + 0 * gradient, state))
    rs.Trainer(lambda E, i: E[i].sum(), {"E": E}, update).fit({"i": [1]})
    np.testing.assert_allclose(E.values[1], [3.5, 3, 2.5, 2])


def test_the_same_rows_under_two_names_are_refused():
    E = table()
    with pytest.raises(rs.RowspaceError, match="'W' and 'C' are the same rows"):
        rs.Trainer(lambda W, C, i: W[i] @ C[i], {"W": E, "C": E})


def test_chunks_of_any_size_weigh_alike_in_the_reported_cost():
    E = table(4, 4)
    cost = lambda E, i, x: pt.softplus(E[i].sum() * 0 + x)
    x = np.where(np.arange(20_000) < 16_000, -50.0, 5.0)
    data = {"i": np.zeros(20_000, int), "x": x}
    chunks = [{c: v[:16_000] for c, v in data.items()}, {c: v[16_000:] for c, v in data.items()}]
    trainer = rs.Trainer(cost, {"E": E}, rs.sgd(0.0))
    [apart], [together] = trainer.fit(chunks), trainer.fit(data)
    assert apart.cost == pytest.approx(together.cost, rel=1e-3)


def test_a_place_beyond_a_bag_is_refused():
    with pytest.raises(rs.RowspaceError, match="row 5 of a bag of 2 rows"):
        rs.gradient(lambda E, p: E[p][5] @ E[p][0], {"E": table()}, {"p": [1, 2]})


def test_sampled_costs_diverge_with_advice_too():
    E = table()
    data = {"i": [0, 1, 2, 3] * 5, "j": [1, 2, 3, 4] * 5, "negatives": rs.Negatives(of=E)}
    with pytest.raises(rs.Diverged, match="lower the rate"):
        rs.Trainer(rs.costs.pair_negatives, {"E": E}, rs.sgd(1e30)).fit(data)
    rs.check_gradient(rs.costs.pair_negatives, {"E": table()}, {"i": 0, "j": 1, "negatives": data["negatives"]})


def test_a_number_spoilt_by_the_update_is_found_in_any_column():
    E = table(1000)
    before = E.values.copy()
    with pytest.raises(rs.Diverged):
        rs.Trainer(lambda E, i: E[i, 1] * np.float32(-3e38), {"E": E}, rs.sgd(100)).fit({"i": [1]})
    np.testing.assert_array_equal(E.values, before)


def test_an_empty_bag_of_fixed_length():
    found = rs.gradient(lambda E, b, j: (E[b].sum(0) @ E[j] - 1) ** 2, {"E": table()}, {"b": [], "j": 1})["E"]
    assert not found.to_dense().any()


def test_constants_may_be_infinite():
    mask = np.array([0, -np.inf, 0], np.float32)
    cost = lambda E, b: pt.logsumexp(E[b] @ E[b[0]] + mask)
    rs.check_gradient(cost, {"E": table()}, {"b": [1, 2, 3]})


def test_ids_picked_from_a_ragged_bag_must_be_there():
    cost = lambda E, b: (E[b[0]] * E[b[1]]).sum()
    rs.Trainer(cost, {"E": table()}).fit({"b": [[0, 1], [2, 3, 4]]})
    with pytest.raises(rs.RowspaceError, match="place 1 of bag 'b', which holds 1 at example 1"):
        rs.Trainer(cost, {"E": table()}).fit({"b": [[0, 1], [2]]})


def test_a_sampled_column_must_index():
    E = table()
    with pytest.raises(rs.RowspaceError, match="indexes no table with it"):
        rs.Trainer(lambda E, i, neg: E[i].sum(), {"E": E}).fit({"i": [1], "neg": rs.Negatives(of=E)})


def test_a_shared_variable_in_a_cost_has_a_loop():
    weight = pytensor.shared(np.array([1.0, 2.0], np.float32))
    E = rs.Table.from_array(np.zeros((3, 2), np.float32))
    rs.Trainer(lambda E, i: E[i] @ weight, {"E": E}, rs.sgd(1.0)).fit({"i": [1, 1]})
    np.testing.assert_allclose(E.values, [[0, 0], [-2, -4], [0, 0]])


def test_rows_cannot_index():
    F = rs.Table(6, 1)
    with pytest.raises(rs.RowspaceError, match="indexed by something computed"):
        rs.gradient(lambda E, F, i: E[F[i, 0].astype("int64")].sum(), {"E": table(), "F": F}, {"i": 1})


def test_names_beside_lengths():
    cost = lambda max_b, b, len_b: (max_b[b].sum(axis=0) ** 2).sum() * len_b
    rs.check_gradient(cost, {"max_b": table()}, {"b": [1, 2], "len_b": 2.0})
    E = table()
    rs.Trainer(cost, {"max_b": E}).fit({"b": [[1, 2], [3]], "len_b": [1.0, 2.0]})


def test_fresh_samplers_in_every_chunk():
    E = table()
    cost = lambda E, i, drawn: ((E[drawn] @ E[i]) ** 2).sum()

    def chunks():
        for n in range(12):
            counts = [1, 2, 3, 4, 5, 6] if n % 2 else None
            yield {"i": [n % 6], "drawn": rs.Negatives(of=E, k=2, counts=counts)}

    trainer = rs.Trainer(cost, {"E": E})
    trainer.fit(chunks)
    assert len(trainer.loops.kernels) == 2


def test_many_constant_rows_compile_quickly():
    E = rs.Table(3000, 4, seed=0)
    source = rs.Trainer(lambda E, i: (E[:2000] @ E[i]).sum(), {"E": E}).compile({"i": [0]}).source
    assert source.index("constant = np.array(") < source.index("def kernel")


def test_gradients_that_are_not_finite_are_refused():
    with pytest.raises(rs.Diverged, match="not finite for this example"):
        rs.gradient(lambda E, i: pt.log(E[i, 0] * 0), {"E": table()}, {"i": 1})


def test_the_checker_misses_no_row():
    E = table()
    cost = lambda E, i, j: (E[i] @ E[j]) ** 2
    half = rs.gradient(cost, {"E": E}, {"i": 1, "j": 2})["E"]
    half = rs.RowGradient(half.rows[:1], half.values[:1], half.n_rows)
    with pytest.raises(rs.RowspaceError, match="row 2, column 0: the gradient is 0,"):
        rs.check_gradient(cost, {"E": E}, {"i": 1, "j": 2}, gradients={"E": half})


def test_nulls_matter_only_in_columns_the_cost_uses():
    E = table()
    data = pa.table({"i": [1, 2], "note": ["a", None]})
    rs.Trainer(lambda E, i: E[i].sum(), {"E": E}).fit(data)


def test_numbers_that_index_are_named():
    with pytest.raises(rs.RowspaceError, match="index tables with ids or names: i holds numbers"):
        rs.gradient(lambda E, i: E[i].sum(), {"E": table()}, {"i": 1.0})


def test_no_updates_are_not_the_default_ones():
    with pytest.raises(rs.RowspaceError, match="updates are given for"):
        rs.Trainer(lambda E, i: E[i].sum(), {"E": table()}, {})
