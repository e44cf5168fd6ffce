"""Sparse matrices as pairs: of MatrixMarket files, and of scipy."""

import gzip

import numpy as np
import pytest
import scipy.sparse

from rowspace.errors import DataError
from rowspace.read.pairs import read_pairs
from rowspace.read.text import read_text

SAY = "%%MatrixMarket matrix coordinate"


@pytest.fixture
def read(tmp_path):
    def read(text, pack=lambda data: data, **options):
        path = tmp_path / "edges.mtx"
        path.write_bytes(pack(text.encode()))
        return read_pairs(path, **options)

    return read


def rows_of(pairs):
    return [(pairs.names[i], pairs.names[j]) for i, j in zip(pairs.left, pairs.right, strict=True)]


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: data])
def test_a_graph(read, pack):
    pairs = read(f"{SAY} pattern general\n% a comment\n3 3 3\n1 2\n2 1\n3 1\n", pack)
    assert rows_of(pairs) == [("1", "2"), ("2", "1"), ("3", "1")]
    assert (pairs.weight, pairs.columns) == (None, {"left": "left", "right": "right"})


@pytest.mark.parametrize(("field", "values"), [("real", ["0.5", "2"]), ("integer", ["3", "2"])])
def test_weights_of_a_symmetric_one_are_read_once(read, field, values):
    pairs = read(f"{SAY} {field} symmetric\n3 3 3\n2 1 {values[0]}\n3 3 {values[1]}\n3 1 0\n")
    assert rows_of(pairs) == [("2", "1"), ("3", "3")]
    assert pairs.weight.tolist() == [float(value) for value in values]
    assert read(f"{SAY} integer symmetric\n3 3 1\n2 1 1\n").weight is None


def test_values_can_be_labels(read):
    pairs = read(f"{SAY} integer general\n3 3 2\n2 1 1\n3 1 0.\n".replace("0.", "2"), label="weight")
    assert (pairs.label.tolist(), pairs.weight) == ([1, 2], None)


def test_rows_and_columns_that_differ_in_number_are_different_items(read):
    assert rows_of(read(f"{SAY} pattern general\n2 3 2\n1 1\n2 3\n")) == [("row 1", "column 1"), ("row 2", "column 3")]
    found = read_pairs(scipy.sparse.csr_array(np.eye(2, 3)))
    assert rows_of(found) == [("row 0", "column 0"), ("row 1", "column 1")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{SAY} pattern general\n3 3 5\n1 2\n", "damaged MatrixMarket file: Truncated file"),
        (f"{SAY} real general\n9 9 4\n1 2 1.25\n2 1 3.125\n", "damaged MatrixMarket file: Truncated file"),
        (f"{SAY} pattern general\n3 3 1\n1 2\n2 1\n", "damaged MatrixMarket file: .*Too many lines"),
        (f"{SAY} pattern general\n3 3 {10**15}\n1 2\n", "says that it has 1,000,000,000,000,000 entries"),
        (f"{SAY} pattern general\n3 3 {10**40}\n1 2\n", "damaged MatrixMarket file"),
        (f"{SAY} pattern general\n3 3 1\n4 1\n", "out of bounds"),
        (f"{SAY} pattern general\n3 3 1\n0 1\n", "out of bounds"),
        (f"{SAY} integer general\n3 3 1\n1 2 x\n", "Invalid integer value"),
        (f"{SAY} pattern general\n3 3 0\n", "has no pairs"),
        (f"{SAY} complex general\n3 3 1\n1 2 1 0\n", "a matrix of coordinate, complex"),
        ("%%MatrixMarket matrix array real general\n1 1\n1\n", "a matrix of array, real"),
        ("%%MatrixMarket matrix\n", "damaged MatrixMarket file"),
        (f"{SAY} real general\n3 3 1\n1 2 -3\n", "row 1, column 'weight': -3 is negative"),
        (f"{SAY} real general\n3 3 1\n1 2 nan\n", "column 'weight': nan is not a finite number"),
    ],
)
def test_damaged_ones(read, text, message):
    with pytest.raises(DataError, match=message):
        read(text)


def test_what_a_matrix_has_not(read, tmp_path):
    text = f"{SAY} pattern general\n3 3 1\n1 2\n"
    for said in ({"header": False}, {"columns": ["left", "right"]}, {"delimiter": " "}):
        with pytest.raises(DataError, match="is no text with delimiters; leave it out"):
            read(text, **said)
    with pytest.raises(DataError, match="is a matrix, which has no column of text"):
        read_text(tmp_path / "edges.mtx", column="left", min_count=1)


@pytest.mark.parametrize("kind", ["csr_matrix", "coo_matrix", "csc_array", "coo_array", "lil_matrix", "dok_array"])
def test_those_of_scipy(kind):
    matrix = np.array([[0, 2, 0], [0, 0, 0], [1, 0, 0]])
    pairs = read_pairs(getattr(scipy.sparse, kind)(matrix))
    assert sorted(zip(rows_of(pairs), pairs.weight, strict=True)) == [(("0", "1"), 2), (("2", "0"), 1)]
    ones = read_pairs(getattr(scipy.sparse, kind)(matrix > 0))
    assert ones.weight is None
