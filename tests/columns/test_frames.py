"""Frames of every library: only the columns that are used are looked at, and what will not do is told by its name."""

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import rowspace as rs
from rowspace.columns.input import as_chunk, as_column
from rowspace.columns.kinds import Ragged

NAMES = ["oslo", "rome", "5", "nan"]


def pull(E, i):
    return ((E[i] - 1) ** 2).sum()


def used(column):
    """Names or numbers, as a list for each example."""
    column = as_column("i", column)
    if isinstance(column, Ragged):
        return [column[n].tolist() for n in range(len(column))]
    return column.tolist()


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pl.Series(["rome", "oslo"], dtype=pl.Categorical), ["rome", "oslo"]),
        (pl.Series(["rome", "oslo"], dtype=pl.Enum(["oslo", "rome"])), ["rome", "oslo"]),
        (pl.Series([["rome"], ["oslo", "rome"]], dtype=pl.List(pl.Categorical)), [["rome"], ["oslo", "rome"]]),
        (pl.Series([[1, 2], [0, 1]], dtype=pl.Array(pl.Int64, 2)), [[1, 2], [0, 1]]),
        (pl.Series(["rome", "oslo"], dtype=pl.Object), ["rome", "oslo"]),
        (pd.Series(["rome", "oslo"], dtype="category"), ["rome", "oslo"]),
        (pd.Series(pd.Categorical([3, 1], ordered=True)), [3, 1]),
        (pd.Series(["rome", "oslo"], dtype="string[pyarrow]"), ["rome", "oslo"]),
        (pd.Series(["rome", "oslo"], dtype=object), ["rome", "oslo"]),
        (pd.Series([1, 0], dtype="Int64"), [1, 0]),
        (pd.Series([["rome"], ["oslo", "rome"]]), [["rome"], ["oslo", "rome"]]),
        (pd.Categorical(["rome"]), ["rome"]),
        (pa.array(["rome", "oslo"]).dictionary_encode(), ["rome", "oslo"]),
        (pa.chunked_array([pa.array([name]).dictionary_encode() for name in NAMES]), NAMES),
        (pa.array(["rome"], pa.string_view()), ["rome"]),
        (pa.array([["rome"], [], ["oslo", "rome"]]).slice(1), [[], ["oslo", "rome"]]),
        (pa.array([["rome"], ["oslo", "rome"]], pa.list_view(pa.string())), [["rome"], ["oslo", "rome"]]),
        (pa.array([["rome", "oslo"]], pa.list_(pa.string(), 2)), [["rome", "oslo"]]),
        (pa.array([Decimal("1.5"), Decimal("2")]), [1.5, 2.0]),
        (pa.array([None], pa.int64()).slice(1), []),
        (np.ma.array([1, 2]), [1, 2]),
        ([np.array(1), np.array(2)], [1, 2]),
        ({"rome": 1, "oslo": 2}.keys(), ["rome", "oslo"]),
    ],
)  # fmt: skip
def test_columns_of_every_library(column, expected):
    assert used(column) == expected


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (pd.Series([1, None], dtype="Int64"), "column 'i' is empty at row 1; drop such examples or fill them in"),
        (pd.Series(["oslo", None], dtype="category"), "column 'i' is empty at row 1"),
        (pd.Series(["oslo", float("nan")], dtype=object), "column 'i' holds nan (float) at position 1: it is missing"),
        (pd.to_datetime(pd.Series(["2020-01-01"])), "a column holds ids, names or numbers"),
        (pd.Series(pd.interval_range(0, 2)), "a column holds ids, names or numbers"),
        (pl.Series(["oslo", None]), "column 'i' is empty at row 1"),
        (pl.Series(["oslo", 5], dtype=pl.Object), "column 'i' holds 5 (int) at position 1, which is a whole number"),
        (pl.Series([{"a": 1}]), "column 'i' holds struct"),
        (pa.array([["oslo", None]]), "column 'i' is empty at place 1 of row 0"),
        (pa.array([[1, 2], [3, None]], pa.list_(pa.int64(), 2)), "column 'i' is empty at place 1 of row 1"),
        (pa.array([["oslo"], None]), "column 'i' is empty at row 1"),
        (pa.array([[["oslo"]]]), "a bag is a flat list of ids, names or numbers"),
        (pa.array([b"oslo"]), "column 'i' holds binary; a column holds ids, names or numbers"),
        (np.ma.array([0, 1], mask=[False, True]), "column 'i' is masked at position 1"),
        (np.array([["oslo", float("nan")]], object), "column 'i' holds nan (float) at position (0, 1): it is missing"),
        ((n for n in range(2)), "column 'i' is a single generator; a column has one entry per example"),
    ],
)
def test_what_will_not_do_is_told_with_its_column_and_place(column, text):
    E = rs.Table(names=NAMES, dim=2, seed=0)
    before = E.values.copy()
    with pytest.raises(rs.RowspaceError) as error:
        rs.Trainer(pull, {"E": E}).fit({"i": column}, progress=False)
    assert text in str(error.value)
    np.testing.assert_array_equal(E.values, before)


MIXED = pd.DataFrame({"i": ["oslo", "rome"]}).assign(note=pd.Series([5, "about five"], dtype=object))
TWICE = [("i", pa.array(["oslo", "rome"])), ("z", pa.array([1, 2])), ("z", pa.array([1, 2]))]


@pytest.mark.parametrize(
    "data",
    [
        MIXED,
        pd.DataFrame([["oslo", 1, 2], ["rome", 1, 2]], columns=["i", "z", "z"]),
        pa.table([column for _, column in TWICE], names=[name for name, _ in TWICE]),
        pa.record_batch([column for _, column in TWICE], names=[name for name, _ in TWICE]),
        pa.table([column for _, column in TWICE], names=[name for name, _ in TWICE]).to_reader(),
        pl.DataFrame({"i": ["oslo", "rome"], "c": pl.Series(["a", "b"], dtype=pl.Categorical)}),
        pl.DataFrame({"i": ["oslo", "rome"], "o": pl.Series([object(), 1], dtype=pl.Object)}),
        {"i": ["oslo", "rome"], "note": [[1, [2]], [3]], "about": "two cities", "none": None},
        [{"i": ["oslo"], "note": [5, "x", [6]]}, MIXED[1:]],
    ],
)  # fmt: skip
def test_a_column_that_the_cost_does_not_use_is_not_looked_at(data):
    E = rs.Table(names=NAMES, dim=2, seed=0)
    [epoch] = rs.Trainer(pull, {"E": E}, rs.sgd(0.1)).fit(data, progress=False)
    expected = rs.Table(names=NAMES, dim=2, seed=0)
    rs.Trainer(pull, {"E": expected}, rs.sgd(0.1)).fit({"i": ["oslo", "rome"]}, progress=False)
    assert epoch.examples == 2
    np.testing.assert_array_equal(E.values, expected.values)


@pytest.mark.parametrize(
    "data",
    [
        pd.DataFrame([["oslo", 1], ["rome", 1]], columns=["i", "i"]),
        pa.table([pa.array(["oslo"])] * 2, names=["i", "i"]),
        {"1": ["oslo"], 1: ["rome"], "i": [0]},
    ],
)
def test_a_used_column_that_is_there_twice_is_refused(data):
    column = "1" if isinstance(data, dict) else "i"
    with pytest.raises(rs.RowspaceError, match=f"has several columns '{column}'; rename all but one"):
        as_chunk(data, [column])


def test_what_a_drawn_or_gathered_column_refers_to_is_used_too():
    E = rs.Table(3, 2)
    chunk = as_chunk({"n": rs.Negatives(of=E, k=2, avoid="j"), "j": [0, 1], "k": [5]}, ["n"])
    assert chunk["j"].tolist() == [0, 1]
    chunk = as_chunk({"g": rs.Gathered([0, 1], by="j"), "j": [0, 1], "k": [5]}, ["g"])
    assert chunk["j"].tolist() == [0, 1]


def test_an_example_is_read_by_the_same_rules():
    E = rs.Table(names=NAMES, dim=2, seed=0)
    for entry in (float("nan"), ["oslo", float("nan")], ["oslo", 5], None, True, 1.0, {"oslo"}, b"oslo"):
        with pytest.raises(rs.RowspaceError, match="'i'|i holds"):
            rs.gradient(pull, {"E": E}, {"i": entry})
    found = rs.gradient(pull, {"E": E}, {"i": ["oslo", "rome"], "note": [[1, [2]]]})
    assert found["E"].rows.tolist() == [0, 1]
