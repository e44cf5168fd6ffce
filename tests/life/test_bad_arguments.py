"""Bad values given to the library by a program: refused by a RowspaceError that names them, and nothing is changed."""

import contextlib
import re

import numpy as np
import pyarrow as pa
import pytest

import rowspace as rs
from rowspace.errors import DataError, IdOutOfRange, ShapeError, TooLarge

LONG = "x" * 10_000


def near(E, i, label):
    return (E[i].sum() - label) ** 2


def table(**options):
    return rs.Table(**{"n": 5, "dim": 2, **options})


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([0, -1], "column 'i': id -1 at position 1 is out of range for a table of 5 rows (0 to 4)"),
        ([0, 5], "column 'i': id 5 at position 1 is out of range"),
        ([2**31, 0], "column 'i': id 2147483648 at position 0 is out of range"),
        ([-(2**31) - 1, 0], "column 'i': id -2147483649 at position 0 is out of range"),
        ([2**32 + 1, 0], "column 'i': id 4294967297 at position 0 is out of range"),
        ([2**63 - 1, 0], "column 'i': id 9223372036854775807 at position 0 is out of range"),
        (np.array([0, 2**64 - 1], np.uint64), "column 'i': id 18446744073709551615 at position 1 is out of range"),
        ([0, 2**64], "column 'i' holds 18446744073709551616 (int) at position 1: it is beyond 64 bits"),
        ([0, -(2**70)], "column 'i' holds -1180591620717411303424 (int) at position 1: it is beyond 64 bits"),
        (pa.array([0, 7]), "column 'i': id 7 at position 1 is out of range"),
        (pa.array([0, None]), "column 'i' is empty at row 1; drop such examples or fill them in"),
        (np.array([0, None], object), "column 'i' holds None at position 1: it is missing; drop such examples"),
        ([{}, {}], "column 'i' holds {} (dict) at position 0; a column holds ids, names or numbers"),
        (["0", "1"], "column 'i': item '0': the table has no names, only ids 0 to 4"),
        ([0.0, 1.0], "index tables with ids or names: i, label holds numbers (i holds 0.0 at position 0; label"),
        ([1, 1.5], "index tables with ids or names: i, label holds numbers (i holds 1.5 at position 1; label"),
        ([1, float("nan")], "index tables with ids or names: i, label holds numbers (i holds nan at position 1; label"),
        ([[0, 1], [2, 0.5]], "index tables with ids or names: i, label holds numbers (i holds 0.5 at position (1, 1)"),
        ([True, False], "index tables with ids or names: i, label holds numbers (i holds True at position 0; label"),
        (np.array([1j, 2]), "column 'i' holds complex128; a column holds ids, names or numbers"),
        ([b"a", b"b"], "column 'i' holds b'a' (bytes) at position 0; a column holds ids, names or numbers; .decode()"),
        (np.array(["2020-01-01"] * 2, "M8[D]"), "column 'i' holds datetime64[D]; a column holds"),
        (np.zeros((2, 1, 1), int), "column 'i' has 3 dimensions; a column has one, or two for bags and vectors"),
        (7, "column 'i' is a single int; a column has one entry per example"),
        ("01", "column 'i' is a single str; a column has one entry per example"),
        ([0, 1, 2], "columns differ in length: i 3, label 2"),
    ],
)
def test_ids_that_are_none(ids, message):
    E = table()
    before = E.values.copy()
    with pytest.raises(rs.RowspaceError, match=re.escape(message)):
        rs.Trainer(near, {"E": E}, rs.sgd(0.1)).fit({"i": ids, "label": [0.5, 1]})
    np.testing.assert_array_equal(E.values, before)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a", "q"], "column 'i': item 'q' is not in the table (3 items)"),
        (["a", "a\0"], r"column 'i': item 'a\x00' is not in the table (3 items); did you mean 'a'?"),
        (["a", "e\u0301"], "is not in the table (3 items); did you mean '\u00e9'?"),
        (["a", LONG], "...' is not in the table (3 items)"),
        (["a", None], "column 'i' holds None at position 1: it is missing; drop such examples or fill them in"),
    ],
)
def test_names_that_are_not_there(names, message):
    E = rs.Table(names=["a", "b", "\u00e9"], dim=2)
    with pytest.raises(rs.RowspaceError, match=re.escape(message)) as caught:
        rs.Trainer(near, {"E": E}).fit({"i": np.array(names, object), "label": [0.5, 1]})
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([1, np.nan], "column 'label' holds nan at position 1; numbers must be finite float32"),
        ([-np.inf, 1], "column 'label' holds -inf at position 0; numbers must be finite float32"),
        ([1, 1e39], "column 'label' holds 1e+39 at position 1; numbers must be finite float32"),
        (pa.array([1.0, float("nan")]), "column 'label' holds nan at position 1; numbers must be finite float32"),
        (pa.array([1.0, None]), "column 'label' is empty at row 1; drop such examples or fill them in"),
        (["1", "2"], "column 'label' holds text such as '1'; the cost uses it as a number"),
        (["x", LONG], "column 'label' holds text such as 'x'; the cost uses it as a number"),
        ([LONG, "x"], "column 'label' holds text such as 'xxx"),
        (
            np.array([1.0, "x"], object),
            "column 'label' holds 'x' (str) at position 1, which is a name, and 1.0 (float)",
        ),
        ([None, 1.0], "column 'label' holds None at position 0: it is missing; drop such examples"),
        ([2**70, 1], "column 'label' holds 1180591620717411303424 (int) at position 0: it is beyond 64 bits"),
        (np.array([1, 2], "m8[s]"), "column 'label' holds timedelta64[s]; a column holds ids, names or numbers"),
        ([[1, 2], [3]], "the cost of one example is a scalar"),
    ],
)
def test_labels_that_are_none(labels, message):
    E = table()
    before = E.values.copy()
    with pytest.raises(rs.RowspaceError, match=re.escape(message)) as caught:
        rs.Trainer(near, {"E": E}).fit({"i": [0, 1], "label": labels})
    assert len(str(caught.value)) < 500
    np.testing.assert_array_equal(E.values, before)


@pytest.mark.parametrize("data", [3, None, "file.csv", np.zeros((2, 2)), [1, 2], {}, [{}]])
def test_data_that_are_none(data):
    with pytest.raises(DataError, match="give"):
        rs.Trainer(near, {"E": table()}).fit(data)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": -1}, "epochs is -1; it must be a whole number of at least 0"),
        ({"epochs": 1.5}, "epochs is 1.5; it must be a whole number"),
        ({"epochs": "2"}, "epochs is '2'; it must be a whole number"),
        ({"seed": "x"}, "seed is 'x'; give a whole number"),
        ({"seed": 1.5}, "seed is 1.5; give a whole number"),
        ({"threads": 10**9}, "threads is 1000000000; give at most 1,024"),
    ],
)
def test_options_of_a_fit(options, message):
    with pytest.raises(DataError, match=re.escape(message)):
        rs.Trainer(near, {"E": table()}).fit({"i": [0], "label": [1.0]}, **options)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n": 0}, ShapeError, "n is 0; give a whole number of at least 1"),
        ({"n": -1}, ShapeError, "n is -1; give a whole number of at least 1"),
        ({"n": 2.0}, ShapeError, "n is 2.0; give a whole number of at least 1"),
        ({"n": True}, ShapeError, "n is True; give a whole number of at least 1"),
        ({"dim": "2"}, ShapeError, "dim is '2'; give a whole number of at least 1"),
        ({"dim": float("nan")}, ShapeError, "dim is nan; give a whole number of at least 1"),
        ({"dim": 0}, ShapeError, "dim is 0; give a whole number of at least 1"),
        ({"n": 10**9, "dim": 10**9}, TooLarge, "needs"),
        ({"dim": 10**30}, TooLarge, "needs"),
        ({"seed": -1}, ShapeError, "seed is -1; give a whole number of at least 0"),
        ({"seed": "x"}, ShapeError, "seed is 'x'; give a whole number of at least 0"),
        ({"scale": "x"}, ShapeError, "scale is 'x'; give a number"),
        ({"scale": float("nan")}, ShapeError, "scale is nan; give a number"),
        ({"names": ["a", "b"]}, ShapeError, "2 names for 5 rows; give one name for each row"),
        ({"names": 5}, DataError, "names must be a list of strings, not 5"),
        ({"names": "abcde"}, DataError, "names must be a list, got one string; write ['abcde']"),
        ({"names": ["a", 1, "c", "d", "e"]}, DataError, "name 1 at position 1 is int, not a string; give str(name)"),
        ({"names": ["a", "b", "c", "d", "a"]}, DataError, "name 'a' occurs twice, at positions 0 and 4"),
        ({"names": [LONG] * 5}, DataError, "...' occurs twice, at positions 0 and 1; names must be distinct"),
        ({"counts": [1, 2]}, ShapeError, "counts must be 5 integers, one for each row"),
        ({"counts": [1, 2, 3, 4, -5]}, ShapeError, "counts must not be negative, got -5 at row 4"),
        ({"counts": [1, 2, 3, 4, 2**63]}, ShapeError, "counts must be 5 integers, one for each row"),
        ({"counts": [1.5] * 5}, ShapeError, "counts must be 5 integers, one for each row, got float64"),
    ],
)
def test_tables_that_cannot_be(options, error, message):
    with pytest.raises(error, match=re.escape(message)) as caught:
        table(**options)
    assert len(str(caught.value)) < 300


def test_names_that_differ_in_normal_form_are_two_rows():
    E = rs.Table(names=["\u00e9", "e\u0301"], dim=2)
    assert E.ids(["e\u0301", "\u00e9"]).tolist() == [1, 0]


@pytest.mark.parametrize("item", [5, -6, 2**40, 2**70, [0, 2**70], np.array([2**63], np.uint64)])
def test_rows_that_are_not_there(item):
    with pytest.raises(IdOutOfRange, match="is out of range for a table of 5 rows"):
        table()[item]


@pytest.mark.parametrize("item", [1.5, [0.5], np.nan, {}, object(), [None]])
def test_items_that_are_none(item):
    with pytest.raises(ShapeError):
        table()[item]


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        (
            {"a": [1, 2], "b": [2**63, 1]},
            {},
            "the dict, column 'b' holds 9223372036854775808 (int) at position 0: it is",
        ),
        ({"a": ["x"], "b": ["\ud800"]}, {}, "the dict, column 'b' cannot be read: 'utf-8' codec can't encode"),
        (
            {"a": ["x"], "b": [...]},
            {},
            "the dict, column 'b' holds Ellipsis (ellipsis) at position 0; a column holds ids",
        ),
        ({"a": [1.5], "b": ["x"]}, {}, "column 'a' holds double: names must be text or whole numbers"),
        ({"a": [b"x"], "b": ["x"]}, {}, "column 'a' holds binary: names must be text or whole numbers"),
        ({"a": ["x", "y"], "b": ["x", None]}, {}, "row 2, column 'b': no name; fill it in or drop the row"),
        ({"a": [], "b": []}, {}, "has no pairs"),
        ({}, {}, "needs a column for the left and one for the right item"),
        ({"a": ["x"], "b": ["y"]}, {"left": 0}, "a column is named by text, not by 0; the dict has: 'a', 'b'"),
        ({"a": ["x"], "b": ["y"]}, {"left": LONG}, "has no column 'xxx"),
        ({LONG: ["x"]}, {}, "it has: 'xxx"),
        ({"a": ["x"], "b": ["y"], "l": [{LONG: 1}]}, {"label": "l"}, "column 'l' holds struct<xxx"),
        ({"a": ["x"], "b": ["y"], "l": [None]}, {"label": "l"}, "row 1, column 'l': no number; fill it in"),
        ([1, 2], {}, "the list is not a path, a data frame or an Arrow table that can be read"),
        (b"x", {}, "the bytes is not a path, a data frame or an Arrow table that can be read"),
        (None, {}, "the NoneType is not a path, a data frame or an Arrow table that can be read"),
    ],
)
def test_frames_that_hold_no_pairs(frame, options, message):
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        rs.read_pairs(frame, **options)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dim": 2.0}, "dim is 2.0; give a whole number of at least 1"),
        ({"epochs": 1.5}, "epochs is 1.5"),
        ({"cost": 5}, "cost 5 is not one for pairs"),
        ({"update": None}, "update None is not known"),
        ({"rate": "x"}, "the rate is 'x'; it must be a number"),
        ({"decay": "x"}, "decay is 'x'; it must be a number"),
        ({"negatives": 1.5}, "k is 1.5; draw from 1 to 65,536 negatives"),
        ({"negatives": "x"}, "k is 'x'; draw from 1 to 65,536 negatives"),
        ({"seed": "x"}, "seed is 'x'; give a whole number"),
    ],
)
def test_options_of_train_pairs(options, message):
    with pytest.raises(rs.RowspaceError, match=re.escape(message)):
        rs.train_pairs({"a": ["x", "y"], "b": ["y", "z"]}, **{"dim": 2, "epochs": 1, **options})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dim": 2.0}, "dim is 2.0; give a whole number"),
        ({"epochs": 1.5}, "epochs is 1.5"),
        ({"cost": 5}, "cost 5 is not one for texts"),
        ({"window": "x"}, "window is 'x'; give a whole number"),
        ({"sample": "x"}, "sample is 'x'; give 0, or a share of the text"),
        ({"ns_exponent": "x"}, "power is 'x'; it must be a number"),
        ({"max_n": 3, "min_n": "x"}, "min_n is 'x'; give a whole number"),
        ({"seed": "x"}, "seed is 'x'; give a whole number"),
        ({"start": 5}, "start is a int; give a model"),
    ],
)
def test_options_of_train_text(options, message):
    with (
        rs.read_text([["a", "b", "c"]] * 20, min_count=1) as text,
        pytest.raises(rs.RowspaceError, match=re.escape(message)),
    ):
        rs.train_text(text, **{"dim": 2, "epochs": 1, "sample": 0, **options})


@pytest.mark.parametrize("source", [5, None, [1], [["a", 1]], [[None]], [[b"x"]], b"x", {"a": ["b"]}, [["a"], "b"]])
def test_what_is_no_text(source):
    with pytest.raises(DataError, match="word|sentence|text"):
        rs.read_text(source, min_count=1)


WRONG = [None, "x", "\0", 3, -1, 1.5, float("nan"), True, [], ["q"], [1, [2]], {}, {"a": 1}, b"x", object(), rs.Table]
NAMED = rs.Table(names=["a", "b", "c"], dim=2, seed=0)
MODEL = rs.Model({"E": NAMED})
MISTAKEN = {
    "counts": lambda x: rs.Table(3, 2, counts=x),
    "names": lambda x: rs.Table(names=x, dim=2),
    "seed": lambda x: rs.Table(3, 2, seed=x),
    "lookup": lambda x: NAMED[x],
    "assigned": lambda x: rs.Table(3, 2).__setitem__(0, x),
    "of": lambda x: rs.Negatives(of=x),
    "drawn by": lambda x: rs.Negatives(of=NAMED, counts=x),
    "values": lambda x: rs.Gathered(x, by="i"),
    "decayed": lambda x: rs.weight_decay(x, 0.1),
    "clipped": lambda x: rs.clip_norm(x, 1.0),
    "shortened": lambda x: rs.max_norm(x, 1.0),
    "exact": lambda x: rs.exact(x),
    "rate": lambda x: rs.sgd(x),
    "rule": lambda x: rs.Update(x),
    "tables": lambda x: rs.gradient(near, x, {"i": 0}),
    "cost": lambda x: rs.gradient(x, {"E": NAMED}, {"i": 0}),
    "example": lambda x: rs.gradient(near, {"E": NAMED}, x),
    "data": lambda x: rs.Trainer(near, {"E": NAMED}).fit(x),
    "trace": lambda x: rs.Trainer(near, {"E": NAMED}).fit([], epochs=0, trace=x),
    "callbacks": lambda x: rs.Trainer(near, {"E": NAMED}).fit([], epochs=0, callbacks=x),
    "model of": lambda x: rs.Model(x),
    "costs": lambda x: rs.Model({"E": NAMED}, cost=x),
    "opened": lambda x: rs.open(x),
    "check": lambda x: rs.open("nowhere", check=x),
    "imported": lambda x: rs.import_(x),
    "exported": lambda x: rs.export(x, "nowhere/x.npy"),
    "judged": lambda x: rs.evaluate_similarity(x, "nowhere"),
    "explained": lambda x: rs.explain(x, [[0, 1]], [1]),
    "labels": lambda x: rs.explain(NAMED, [[0, 1]], x),
    "traced": lambda x: rs.read_trace(x),
    "similar": lambda x: MODEL.most_similar(x),
    "neighbors": lambda x: MODEL.neighbors(x),
    "distances": lambda x: MODEL.distances("a", x),
    "mean": lambda x: MODEL.get_mean_vector(x),
    "weights": lambda x: MODEL.get_mean_vector(["a"], weights=x),
    "odd one": lambda x: MODEL.doesnt_match(x),
    "given": lambda x: MODEL.most_similar_to_given("a", x),
    "rank": lambda x: MODEL.rank("a", x),
}


@pytest.mark.parametrize("call", MISTAKEN)
@pytest.mark.filterwarnings("ignore")
def test_a_plausible_mistake_ends_in_words_of_ours_or_not_at_all(call):
    for wrong in WRONG:
        with contextlib.suppress(rs.RowspaceError, FileNotFoundError):
            MISTAKEN[call](wrong)
