"""Negatives: drawn with the right frequencies, avoiding what they should, and the same in the loop as in NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rowspace as rs
from rowspace.columns.negatives import draw
from rowspace.jit.draws import alias_tables
from rowspace.kernel.segments import Slice


def recorded(negatives, ids, seed=0):
    """How often each row was drawn in the loop: every draw takes one from the row it falls on."""
    count = rs.Table.from_array(np.zeros((len(negatives.of), 1), np.float32))
    E = rs.Table.from_array(np.zeros((len(negatives.of), 1), np.float32))
    cost = lambda E, C, i, negatives: C[negatives].sum() + E[i, 0] * 0
    rs.Trainer(cost, {"E": E, "C": count}, rs.sgd(1.0)).fit({"i": ids, "negatives": negatives}, seed=seed)
    return -count.values[:, 0]


@given(st.lists(st.floats(0, 100), min_size=1, max_size=40).filter(lambda w: sum(w) > 1e-3))
@settings(deadline=None, derandomize=True)
def test_alias_tables_hold_the_exact_chances(weights):
    weights = np.array(weights)
    keep, other = alias_tables(weights)
    chances = np.zeros(len(weights))
    np.add.at(chances, np.arange(len(weights)), keep / len(weights))
    np.add.at(chances, other, (1 - keep.astype(float)) / len(weights))
    np.testing.assert_allclose(chances, weights / weights.sum(), atol=1e-6)
    assert (chances[weights == 0] < 1e-12).all()


@pytest.mark.parametrize("counts", [None, [1, 0, 5, 50, 500]])
def test_frequencies_in_the_loop(counts):
    table = rs.Table(5, 2)
    drawn = recorded(rs.Negatives(of=table, k=4, power=0.75, counts=counts), np.zeros(20_000, int))
    weights = np.ones(5) if counts is None else np.array(counts) ** 0.75 * (np.array(counts) > 0)
    expected = 80_000 * weights / weights.sum()
    assert drawn.sum() == 80_000
    chi = ((drawn - expected)[weights > 0] ** 2 / expected[weights > 0]).sum()
    assert chi < 20  # above the 99.9% point for four degrees of freedom
    assert drawn[weights == 0].sum() == 0


def test_counts_of_the_table_are_the_default():
    table = rs.Table(3, 2, counts=[0, 1, 0])
    assert recorded(rs.Negatives(of=table, k=2), np.zeros(10, int)).tolist() == [0, 20, 0]


@pytest.mark.parametrize("counts", [None, [1, 2, 3, 4, 5, 6, 7]])
@pytest.mark.parametrize("avoid", [None, "i"])
def test_the_loop_draws_what_numpy_draws(counts, avoid):
    table, ids = rs.Table(7, 2), np.arange(50) % 7
    negatives = rs.Negatives(of=table, k=3, counts=counts, avoid=avoid)
    in_loop = recorded(negatives, ids, seed=4)
    seed = int(np.random.SeedSequence([4, 1]).generate_state(1, np.uint64)[0])
    names = ["E", "C", "i", "negatives"]
    salt = names.index("negatives") - 2  # its place among the columns
    drawn = draw(negatives, Slice(0, 50, 0, (), 1, seed), salt, ids if avoid else None)
    assert in_loop.tolist() == np.bincount(drawn.ravel(), minlength=7).tolist()


def test_the_sampled_column_may_come_first():
    E = rs.Table.from_array(np.zeros((6, 2), np.float32))
    cost = lambda E, drawn, x, i: (E[drawn].sum() + E[i].sum()) * x
    drawn = rs.Negatives(of=E, k=2, counts=[0, 0, 0, 1, 0, 0])
    rs.Trainer(cost, {"E": E}, rs.sgd(1.0)).fit({"drawn": drawn, "x": [1.0, 0.5], "i": [0, 1]})
    np.testing.assert_allclose(E.values[:, 0], [-1, -0.5, 0, -3, 0, 0])


def test_avoided_ids_are_not_drawn():
    table = rs.Table(4, 2)
    ids = np.full(3000, 2)
    assert recorded(rs.Negatives(of=table, k=5, avoid="i"), ids)[2] <= 1  # eight tries each: one in 65,536 gets by


def test_draws_do_not_depend_on_how_the_work_is_divided():
    tables = [rs.Table(9, 3, seed=2) for _ in range(2)]
    cost = lambda E, i, negatives: ((E[negatives] @ E[i]) ** 2).sum()
    ids = np.arange(600) % 9
    for E, chunks in zip(tables, ([600], [7, 193, 400]), strict=True):
        cuts = np.cumsum([0, *chunks])
        data = [{"i": ids[a:b], "negatives": rs.Negatives(of=E, k=3)} for a, b in zip(cuts[:-1], cuts[1:], strict=True)]
        rs.Trainer(cost, {"E": E}).fit(data, epochs=2, seed=5)
    assert tables[0].values.tobytes() == tables[1].values.tobytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 0}, "k is 0"),
        ({"counts": [1, 2]}, r"counts have shape \(2,\); the table has 3 rows"),
        ({"counts": [0, 0, 0]}, "at least one above zero"),
        ({"counts": [1, -1, 3]}, "not negative"),
        ({"counts": [1, np.nan, 3]}, "finite"),
        ({"power": np.inf}, "power is inf"),
    ],
)
def test_bad_settings_are_refused(options, message):
    with pytest.raises(rs.RowspaceError, match=message):
        rs.Negatives(of=rs.Table(3, 2), **options)


def test_avoid_must_name_an_id_column():
    E = rs.Table(3, 2)
    cost = lambda E, i, negatives: (E[negatives] @ E[i]).sum()
    with pytest.raises(rs.RowspaceError, match="'negatives' is to avoid 'j', which is not a column of one id"):
        rs.Trainer(cost, {"E": E}).fit({"i": [0], "negatives": rs.Negatives(of=E, avoid="j")})


def test_a_sampled_column_must_index():
    E = rs.Table(6, 2, seed=3)
    with pytest.raises(rs.RowspaceError, match="indexes no table with it"):
        rs.Trainer(lambda E, i, neg: E[i].sum(), {"E": E}).fit({"i": [1], "neg": rs.Negatives(of=E)})
