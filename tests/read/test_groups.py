"""Pairs of the items of a basket, and of neighbours in a session."""

from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rowspace.errors import DataError
from rowspace.read.groups import pairs_of_groups
from rowspace.read.pairs import read_pairs
from rowspace.read.text import read_text

BASKETS = {"order": [1, 2, 1, 1, 2, 3], "item": ["milk", "milk", "bread", "jam", "tea", "salt"]}


def rows_of(pairs):
    return [(pairs.names[i], pairs.names[j]) for i, j in zip(pairs.left, pairs.right, strict=True)]


def test_the_items_of_a_basket():
    pairs = read_pairs(BASKETS, group="order")
    assert rows_of(pairs) == [("milk", "bread"), ("milk", "jam"), ("bread", "jam"), ("milk", "tea")]
    assert pairs.names == ["milk", "bread", "jam", "tea"]  # salt stands alone
    assert pairs.counts.tolist() == [3, 2, 2, 1]
    assert pairs.columns == {"left": "item", "right": "item", "group": "order"}
    near = read_pairs(BASKETS, group="order", within=1)
    assert rows_of(near) == [("milk", "bread"), ("bread", "jam"), ("milk", "tea")]


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5)), min_size=1, max_size=30),
    within=st.none() | st.integers(1, 5),
)
def test_pairs_are_those_of_a_plain_loop(rows, within):
    groups, items = np.array(rows).T
    expected = []
    for g in set(groups):
        places = np.flatnonzero(groups == g).tolist()
        near = [(a, b) for a, b in combinations(range(len(places)), 2) if within is None or b - a <= within]
        expected += [(places[a], places[b]) for a, b in near if items[places[a]] != items[places[b]]]
    if not expected:
        with pytest.raises(DataError, match="no group has two different items"):
            pairs_of_groups("f", groups, items, within)
        return
    left, right = pairs_of_groups("f", groups, items, within)
    assert sorted(zip(left, right, strict=True)) == sorted(expected)


def test_which_column_has_the_items(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("order,product,quantity\n1,milk,2\n1,bread,1\n2,milk,1\n2,jam,3\n")
    pairs = read_pairs(path, group="order")
    assert (rows_of(pairs), pairs.unused) == ([("milk", "bread"), ("milk", "jam")], {"quantity": "numbers"})
    path.write_text("session,clicked,city\n1,a,Rome\n1,b,Rome\n")
    with pytest.raises(
        DataError, match="which column has the items of each 'session'. Say left= .--left.; there is: '"
    ):
        read_pairs(path, group="session")
    assert rows_of(read_pairs(path, group="session", left="clicked")) == [("a", "b")]
    path.write_text("1,a\n1,b\n")
    assert rows_of(read_pairs(path, header=False, group="1")) == [("a", "b")]
    assert rows_of(read_pairs(path, columns=["basket", "left"], group="basket")) == [("a", "b")]
    assert rows_of(read_pairs([(1, "a"), (1, "b")], group="left")) == [("a", "b")]


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        ({"g": ["", "x"], "i": ["a", "b"]}, {}, "the dict, row 1, column 'g': empty group; fix it or drop the row"),
        ({"g": ["x", "x"], "i": ["a", ""]}, {}, "the dict, row 2, column 'i': empty name"),
        ({"g": ["x", None], "i": ["a", "b"]}, {}, "row 2, column 'g': no name; fill it in"),
        ({"g": ["x", "y"], "i": ["a", "b"]}, {}, "the dict: no group has two different items"),
        ({"g": ["x", "x"], "i": ["a", "a"]}, {}, "the dict: no group has two different items"),
        ({"g": ["x", "x"]}, {}, "which column has the items of each 'g'.*there is: none"),
        ({"g": ["x", "x"], "i": ["a", "b"]}, {"left": "g"}, "left and group are both column 'g'"),
        ({"g": ["x", "x"], "i": ["a", "b"]}, {"right": "i"}, r"right \(--right\) is for pairs in a row"),
        (
            {"g": ["x", "x"], "i": ["a", "b"], "w": [1, 2]},
            {"weight": "w"},
            r"weight \(--weight\) is for pairs",
        ),
        ({"g": ["x", "x"], "i": ["a", "b"]}, {"within": 0}, "within is 0; give a whole number of at least 1"),
        (
            {"g": ["x", "x"], "i": ["a", "b"]},
            {"group": None, "within": 2},
            "for the items of a group; say",
        ),
        ({"g": [1.5, 1.5], "i": ["a", "b"]}, {}, "column 'g' holds double"),
    ],
)
def test_groups_that_are_none(data, options, message):
    with pytest.raises(DataError, match=message):
        read_pairs(data, **{"group": "g", **options})


def test_the_items_of_a_group_are_a_sentence(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("order,product,quantity\n1,green tea,2\n2,milk,1\n1,jam,1\n2,milk,3\n")
    frame = pa.table(
        {"order": [1, 2, 1, 2], "product": pa.array(["green tea", "milk", "jam", "milk"]).dictionary_encode()}
    )
    for source in (path, frame):
        with read_text(source, group="order", min_count=1) as text:
            assert list(text) == [["green tea", "jam"], ["milk", "milk"]]
            assert text.names == ["milk", "green tea", "jam"]
    with read_text(path, group="product", column="order", min_count=1) as text:
        assert list(text) == [["1"], ["2", "2"], ["1"]]


@settings(max_examples=30, deadline=None)
@given(rows=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=30))
def test_sentences_are_those_of_a_plain_loop(rows):
    expected = dict[int, list[str]]()
    for group, item in rows:
        expected.setdefault(group, []).append(str(item))
    with read_text({"g": [g for g, _ in rows], "i": [i for _, i in rows]}, group="g", min_count=1) as text:
        assert list(text) == list(expected.values())


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (BASKETS, {"group": "basket"}, "has no column 'basket'; it has: 'order', 'item'"),
        (BASKETS, {"group": "order", "column": "thing"}, "has no column 'thing'"),
        (BASKETS, {"group": "order", "column": "order"}, "column and group are both 'order'"),
        (BASKETS, {"group": "order", "tokens": "words"}, "tokens is for text that is to be split"),
        (
            BASKETS | {"n": [1] * 6, "item": [7] * 6},
            {"group": "order"},
            r"Say column= \(--column\); there is: 'item', 'n'",
        ),
        ({"g": [1, 2], "i": ["a", ""]}, {"group": "g"}, "row 2, column 'i': empty item"),
        ({"g": ["x", None], "i": ["a", "b"]}, {"group": "g"}, "row 2, column 'g': no name"),
        (["a.csv", "b.csv"], {"group": "g"}, r"group \(--group\) is for one file, and these are 2"),
    ],
)
def test_groups_that_are_no_sentences(data, options, message):
    with pytest.raises(DataError, match=message):
        read_text(data, min_count=1, **options)


def test_one_huge_basket_is_refused_before_it_is_paired():
    with pytest.raises(MemoryError, match="pairs of items of a group, .*take pairs of near items only: within="):
        pairs_of_groups("f", np.zeros(10**6, np.int64), np.arange(10**6), None)
    assert len(pairs_of_groups("f", np.zeros(10**6, np.int64), np.arange(10**6), 2)[0]) == 2 * 10**6 - 3
