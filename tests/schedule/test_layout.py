"""Which costs fit the block schedule, and along which ids."""

import re

import numpy as np
import pytest

import rowspace as rs
from rowspace import costs
from rowspace.columns.kinds import Form
from rowspace.kernel.cost import symbolic
from rowspace.schedule.layout import layout

SIZES = {"E": (1000, 4), "W": (1000, 4), "C": (900, 4), "b": (1000, 1), "c": (900, 1), "R": (10, 4)}


def laid_out(cost, tables, columns, frozen=()):
    """`columns` holds a Form, or an rs.Negatives, by name."""
    sizes = {t: SIZES[t] for t in tables}
    forms = {c: v.form(c) if isinstance(v, rs.Negatives) else v for c, v in columns.items()}
    return layout(symbolic(cost, sizes, forms, frozen=frozen), forms, sizes)


ID, NUMBER = Form(), Form(integer=False)
DRAWN = rs.Negatives(of=rs.Table(1000, 4), k=2)


def test_two_ids_of_one_table():
    found = laid_out(costs.l1_dot, "E", {"i": ID, "j": ID, "label": NUMBER})
    assert found.axes == (("i", None), ("j", None))
    assert found.spaces == (("E",), ("E",))
    assert found.symmetric


def test_two_tables():
    found = laid_out(costs.skip_gram, "WC", {"center": ID, "context": ID, "negatives": DRAWN})
    assert (found.axes, found.spaces) == ((("center", None), ("context", None)), (("W",), ("C",)))
    assert not found.symmetric
    assert found.sampled == {"negatives": 1}


def test_tables_indexed_by_the_same_column_are_cut_together():
    found = laid_out(costs.glove, "WCbc", {"i": ID, "j": ID, "count": NUMBER})
    assert [set(space) for space in found.spaces] == [{"W", "b"}, {"C", "c"}]


def test_small_tables_are_shared():
    found = laid_out(costs.distmult, "ER", {"head": ID, "relation": ID, "tail": ID, "negatives": DRAWN})
    assert found.axes == (("head", None), ("tail", None))
    assert found.shared == {"R": [("relation", None)]}
    assert found.sampled == {"negatives": 1}


def test_negatives_replace_what_they_avoid_or_the_last_id_of_their_tables():
    columns = {"i": ID, "j": ID}
    avoiding = rs.Negatives(of=rs.Table(1000, 4), k=2, avoid="i")
    assert laid_out(costs.pair_negatives, "E", {**columns, "negatives": DRAWN}).sampled == {"negatives": 1}
    assert laid_out(costs.pair_negatives, "E", {**columns, "negatives": avoiding}).sampled == {"negatives": 0}


def test_negatives_of_the_first_table_turn_the_axes():
    cost = lambda W, C, i, j, drawn: (W[i] @ C[j] - 1) ** 2 + ((W[drawn] @ C[j]) ** 2).sum()
    found = laid_out(cost, "WC", {"i": ID, "j": ID, "drawn": DRAWN})
    assert found.axes == (("j", None), ("i", None))
    assert found.spaces == (("C",), ("W",))
    assert found.sampled == {"drawn": 1}


@pytest.mark.parametrize("pair", [lambda E, p: E[p[0]] @ E[p[1]], lambda E, p: (E[p].sum(axis=0) ** 2).sum()])
def test_places_of_a_fixed_bag_are_ids(pair):
    assert laid_out(pair, "E", {"p": Form((2,))}).axes == (("p", 0), ("p", 1))


def test_a_list_of_columns():
    cost = lambda E, i, j: (E[[i, j]].sum(axis=0) ** 2).sum()
    assert laid_out(cost, "E", {"i": ID, "j": ID}).axes == (("i", None), ("j", None))


def test_frozen_tables_do_not_count():
    found = laid_out(costs.cbow, "WC", {"window": Form((None,)), "center": ID, "negatives": DRAWN}, frozen=["W"])
    assert found.axes == (("center", None),)


@pytest.mark.parametrize(
    ("cost", "tables", "columns", "reason"),
    [
        (costs.margin, "E", dict.fromkeys(("anchor", "positive", "negative"), ID), "rows by 3 ids"),
        (costs.cbow, "WC", {"window": Form((None,)), "center": ID, "negatives": DRAWN}, "bags of any length"),
        (lambda E, p: (E[p].sum(axis=0) ** 2).sum(), "E", {"p": Form((3,))}, r"p\[0\], p\[1\], p\[2\]"),
        (lambda E, i: E[i] @ E[0], "E", {"i": ID}, "every example looks up the same row"),
        (
            lambda W, C, i, drawn: (C[drawn] @ W[i]).sum(),
            "WC",
            {"i": ID, "drawn": DRAWN},
            "'C' is looked up by sampled",
        ),
    ],
)
def test_what_does_not_fit(cost, tables, columns, reason):
    found = laid_out(cost, tables, columns)
    assert isinstance(found, str)
    assert re.search(reason, found)


def test_a_constant_row_of_a_small_table_is_shared():
    found = laid_out(lambda E, R, i: E[i] @ R[0], "ER", {"i": ID})
    assert found.shared == {"R": []}
    assert np.array_equal(found.axes, [("i", None)])
