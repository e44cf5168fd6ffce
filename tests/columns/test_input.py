"""Data in every form people have it, and what is said of data that will not do."""

import numpy as np
import pandas
import polars
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rowspace as rs
from rowspace.columns.chunk import reordered
from rowspace.columns.input import as_chunk
from rowspace.columns.kinds import Form, Ragged, column_of
from rowspace.errors import NoExamples

DATA = {"i": [0, 2, 4, 1], "j": [1, 3, 5, 1], "label": [1.0, 0.5, 0.0, 1.0]}


def cost(E, i, j, label):
    return (label - E[i] @ E[j]) ** 2


def trained(data, names=None):
    E = rs.Table(6, 3, seed=0)
    E = E if names is None else rs.Table.from_array(E.values, names=names)
    rs.Trainer(cost, {"E": E}).fit(data, epochs=3)
    return E.values.tobytes()


@pytest.mark.parametrize(
    "form",
    [
        lambda d: {c: np.array(v) for c, v in d.items()},
        lambda d: {c: np.array(v, np.int16 if c != "label" else np.float64) for c, v in d.items()},
        lambda d: {**d, "more": ["ignored"] * 4},
        pa.table,
        lambda d: pa.table(d).to_batches()[0],
        pandas.DataFrame,
        polars.DataFrame,
        lambda d: {c: pandas.Series(v) for c, v in d.items()},
        lambda d: {c: polars.Series(v) for c, v in d.items()},
        lambda d: [{c: v[:1] for c, v in d.items()}, pa.table({c: v[1:] for c, v in d.items()})],
        lambda d: lambda: iter([d]),
    ],
)
def test_every_form_trains_alike(form):
    assert trained(form(DATA)) == trained(DATA)


@pytest.mark.parametrize(
    "form", [dict, pa.table, polars.DataFrame, lambda d: pa.table(d).cast(pa.schema(_dictionary()))]
)
def test_names_stand_for_ids(form):
    names = list("abcdef")
    named = {
        "i": [names[i] for i in DATA["i"]],
        "j": [names[j] for j in DATA["j"]],
        "label": DATA["label"],
    }
    assert trained(form(named), names) == trained(DATA)


def _dictionary():
    strings = pa.dictionary(pa.int32(), pa.string())
    return [("i", strings), ("j", strings), ("label", pa.float64())]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2], Form()),
        ([1.0, 2.0], Form((), False)),
        ([True, False], Form((), False)),
        (["a", "b"], Form((), True, True)),
        ([[1, 2], [3, 4]], Form((2,))),
        ([[1, 2], [3]], Form((None,))),
        ([[1], []], Form((None,))),
        (np.zeros((2, 3)), Form((3,), False)),
        (pa.array([[1, 2], [3]]), Form((None,))),
        (pa.array([[1, 2], [3, 4]], pa.list_(pa.int64(), 2)), Form((2,))),
    ],
)
def test_kinds(values, expected):
    assert column_of(as_chunk({"c": values}, "c")["c"]).form("c") == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"i": [0, 2, 4, 6]},
            r"column 'i'.*id 6 at position 3 is out of range for a table of 6 rows",
        ),
        ({"i": [0, 2, -1, 4]}, "id -1 at position 2"),
        ({"i": [0, 2, 2**40, 4]}, "out of range"),
        ({"i": [0.0, 1.0, 2.0, 3.0]}, "ids must be integers or names|could not be traced"),
        ({"label": [1, 0, np.nan, 1]}, "column 'label' holds nan at position 2"),
        ({"label": [1, 0, np.inf, 1]}, "column 'label' holds inf at position 2"),
        (
            {"label": [1, 0, 1e300, 1]},
            "column 'label' holds 1e\\+300 at position 2; numbers must be finite float32",
        ),
        ({"label": ["1", "0", "1", "x"]}, "column 'label' holds text such as '1'"),
        ({"label": [1.0]}, "columns differ in length: i 4, j 4, label 1"),
        ({"label": 1.0}, "column 'label' is a single float"),
        ({"label": np.zeros((4, 2, 2))}, "column 'label' has 3 dimensions"),
        ({"label": np.zeros(4, complex)}, "column 'label' holds complex128"),
        ({"i": ["a", "b", "c", "d"]}, "names"),
        ({"label": pa.array([1.0, None, 0.0, 1.0])}, "column 'label' is empty at row 1"),
    ],
)
def test_bad_columns_are_refused_before_anything_is_touched(change, message):
    E = rs.Table(6, 3, seed=0)
    before = E.values.tobytes()
    with pytest.raises(rs.RowspaceError, match=message):
        rs.Trainer(cost, {"E": E}).fit({**DATA, **change})
    assert E.values.tobytes() == before


@pytest.mark.parametrize("data", [5, "pairs.csv", [5], None])
def test_data_of_no_known_form_is_refused(data):
    with pytest.raises(rs.RowspaceError, match="give a dict of arrays, a pyarrow Table"):
        trained(data)


def test_numbers_whose_sum_is_beyond_float32_are_finite():
    still = lambda E, i, x: E[i].sum() * 0 * x
    [epoch] = rs.Trainer(still, {"E": rs.Table(2, 2, seed=0)}).fit({"i": [0, 1], "x": np.full(2, 3e38)})
    assert epoch.cost == 0


def test_an_iterator_is_refused_for_several_epochs():
    with pytest.raises(rs.RowspaceError, match="can be read once, and epochs is 3"):
        trained(iter([DATA]))


def test_empty_data_and_chunks_train_nothing():
    before = rs.Table(6, 3, seed=0).values.tobytes()
    for nothing in ({"i": [], "j": [], "label": []}, []):
        with pytest.warns(NoExamples, match="no epoch met an example: the data gave no rows"):
            assert trained(nothing) == before
    assert trained([{"i": np.empty(0, int), "j": np.empty(0, int), "label": np.empty(0)}, DATA]) == trained(DATA)


@given(st.lists(st.lists(st.integers(0, 9), max_size=4), min_size=1, max_size=12), st.randoms())
@settings(deadline=None, derandomize=True)
def test_reordering_bags_moves_them_whole(bags, random):
    values = np.array([x for bag in bags for x in bag], np.int64)
    column = Ragged(values, np.cumsum([0, *map(len, bags)]))
    order = list(range(len(bags)))
    random.shuffle(order)
    moved = reordered({"c": column}, np.array(order))["c"]
    assert [moved[n].tolist() for n in range(len(moved))] == [bags[n] for n in order]


def test_a_column_that_is_a_table_s_own_memory_is_refused():
    """It would be another column after every example, and which one would depend on the order."""
    table = rs.Table(4, 2)
    trainer = rs.Trainer(lambda E, i, x: ((E[i] - x) ** 2).sum(), {"E": table}, rs.sgd(0.1))
    with pytest.raises(
        rs.errors.DataError, match="column 'x' is the memory of table 'E', which is trained; give a copy"
    ):
        trainer.fit({"i": np.arange(4), "x": table.values})
    trainer.fit({"i": np.arange(4), "x": table.values.copy()})


def test_nulls_matter_only_in_columns_the_cost_uses():
    E = rs.Table(6, 2, seed=3)
    data = pa.table({"i": [1, 2], "note": ["a", None]})
    rs.Trainer(lambda E, i: E[i].sum(), {"E": E}).fit(data)


def test_numbers_that_index_are_named():
    with pytest.raises(rs.RowspaceError, match="index tables with ids or names: i holds numbers"):
        rs.gradient(lambda E, i: E[i].sum(), {"E": rs.Table(6, 2, seed=3)}, {"i": 1.0})
