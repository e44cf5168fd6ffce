"""Pairs that somebody has in memory: arrays, lists of tuples, graphs, lazy frames and readers."""

import numpy as np
import pytest

import rowspace as rs
from rowspace.errors import DataError
from rowspace.errors.warnings import UnusedColumn
from rowspace.read.pairs import read_pairs

NAMED = [("ada", "bob"), ("bob", "cyd")]
WEIGHTED = ["left", "right", "weight"]


def rows_of(pairs):
    return [(pairs.names[i], pairs.names[j]) for i, j in zip(pairs.left, pairs.right, strict=True)]


@pytest.mark.parametrize(
    "pairs", [NAMED, tuple(NAMED), [list(row) for row in NAMED], np.array(NAMED), np.array(NAMED, dtype=object)]
)
def test_rows_of_two(pairs):
    found = read_pairs(pairs)
    assert (rows_of(found), found.columns) == (NAMED, {"left": "left", "right": "right"})


def test_rows_of_numbers():
    assert rows_of(read_pairs(np.array([[0, 7], [7, 3]]))) == [("0", "7"), ("7", "3")]
    assert rows_of(read_pairs([(0, 7), (7, 3)])) == [("0", "7"), ("7", "3")]
    found = read_pairs(np.array([[0, 7, 0.5], [7, 3, 2]]), columns=WEIGHTED)
    assert (rows_of(found), found.weight.tolist()) == ([("0", "7"), ("7", "3")], [0.5, 2])


def test_rows_of_three():
    rows = [("ada", "bob", 2), ("bob", "cyd", 0.5)]
    assert read_pairs(rows, columns=WEIGHTED).weight.tolist() == [2, 0.5]
    assert read_pairs([("a", "b", 1)], columns=["left", "right", "label"]).label.tolist() == [1]
    assert rows_of(read_pairs([("a", "is", "b")], columns=["left", "relation", "right"])) == [("a", "b")]


@pytest.mark.parametrize(
    ("source", "columns", "message"),
    [
        ([("a", "b", 1)], None, r'the list has rows of 3; say what they hold, such as columns=\["left", "right", "w'),
        (np.zeros((4, 3)), None, "the array has rows of 3; say what they hold"),
        (np.zeros((4, 3)), ["left", "right"], "the array has rows of 3, and columns 2 names"),
        (np.zeros((4, 1)), None, "the array has rows of 1; a pair has"),
        (np.zeros(4), None, r"the array of shape \(4,\) has no pairs"),
        (np.array([[0.5, 1]]), None, "the array, column 'left' holds double: names must be text or whole"),
        ([("a", "b"), ("a",)], None, "the list has 2 entries in row 1, and 1 in row 2"),
        ([("a", "b"), ("a", 3)], None, "the list, column 'right' holds 3 .int. at position 1"),
        ([("a", None)], None, "row 1, column 'right': no name"),
        ([], None, "the list is not a path, a data frame"),
        ({"a": ["x"], "b": ["y"]}, ["left", "right"], "the dict has names of its own"),
    ],
)
def test_rows_that_are_no_pairs(source, columns, message):
    with pytest.raises(DataError, match=message):
        read_pairs(source, columns=columns)


class Graph:
    """Edges as networkx gives them."""

    nodes = ()

    def __init__(self, edges):
        self._edges = edges

    def edges(self, data=False):
        return iter(self._edges) if data else iter([edge[:2] for edge in self._edges])


def test_a_graph():
    graph = Graph([("a", "b", {"weight": 2}), ("b", "c", {"weight": 3, "year": 1999})])
    assert read_pairs(graph, weight="weight").weight.tolist() == [2, 3]
    with pytest.warns(UnusedColumn, match="'weight' is not used"):
        assert read_pairs(graph).unused == {"weight": "numbers", "year": "numbers"}
    with pytest.raises(DataError, match="the Graph, row 1, column 'year': no number"):
        read_pairs(graph, label="year", weight="weight")
    assert rows_of(read_pairs(Graph([(1, 2, {}), (2, 3, {})]))) == [("1", "2"), ("2", "3")]


def test_a_graph_of_networkx():
    networkx = pytest.importorskip("networkx")
    graph = networkx.DiGraph()
    graph.add_weighted_edges_from([("a", "b", 2.5), ("b", "c", 1)])
    assert read_pairs(graph, weight="weight").weight.tolist() == [2.5, 1]


def lazily(table, tmp_path):
    import polars
    import pyarrow as pa
    import pyarrow.dataset
    import pyarrow.ipc

    pa.feather.write_feather(table, tmp_path / "table")
    yield polars.from_arrow(table).lazy()
    yield polars.from_arrow(table).lazy().with_columns(polars.col("w") * 1)
    yield pa.dataset.dataset(table)
    yield pa.dataset.dataset(table).scanner()
    yield pa.RecordBatchReader.from_batches(table.schema, table.to_batches())
    yield pa.ipc.open_file(tmp_path / "table")


def test_frames_that_are_read_when_they_are_wanted(tmp_path):
    import pyarrow as pa
    import pyarrow.feather

    for source in lazily(pa.table({"a": ["x", "z"], "b": ["y", "x"], "w": [1, 2]}), tmp_path):
        found = read_pairs(source, weight="w")
        assert (rows_of(found), found.weight.tolist()) == ([("x", "y"), ("z", "x")], [1, 2])


def test_a_text_of_lists_in_a_series():
    import pandas
    import polars

    sentences = [["the", "cat"], ["the", "dog"]]
    for series in (pandas.Series(sentences), polars.Series(sentences), pandas.Series(sentences, index=["a", "b"])):
        with rs.read_text(series, min_count=1) as text:
            assert list(text) == sentences
    lazy = polars.DataFrame({"words": ["the cat", "the dog"]}).lazy()
    with rs.read_text(lazy, column="words", min_count=1) as text:
        assert list(text) == sentences
