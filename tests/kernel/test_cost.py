"""Tracing and cutting: which lookups are found, merged and split, and what is refused in which words."""

import pytensor.tensor as pt
import pytest

import rowspace as rs
from rowspace.columns.kinds import Form
from rowspace.kernel.cost import differentiate, symbolic

ID, NUMBER = Form(), Form((), False)


def lookups(cost, **kinds):
    traced = symbolic(cost, {"E": (6, 4)}, kinds)
    return sorted(((look.table, look.rows.type.shape) for look in traced.lookups), key=str)


def refused(cost, message, tables=None, **kinds):
    with pytest.raises(rs.RowspaceError, match=message):
        symbolic(cost, tables or {"E": (6, 4)}, kinds)


def test_a_lookup_per_index():
    assert lookups(lambda E, i, j: E[i] @ E[j], i=ID, j=ID) == [("E", (4,)), ("E", (4,))]


def test_the_same_index_is_looked_up_once():
    assert lookups(lambda E, i: E[i] @ E[i] + E[i].sum(), i=ID) == [("E", (4,))]


def test_a_bag_is_one_lookup():
    assert lookups(lambda E, bag: E[bag].sum(), bag=Form((3,))) == [("E", (3, 4))]
    assert lookups(lambda E, bag: E[bag].sum(), bag=Form((None,))) == [("E", (None, 4))]


def test_rows_picked_from_a_bag_are_lookups_of_their_own():
    def cost(E, pair):
        rows = E[pair]
        return rows[0] @ rows[1]

    assert lookups(cost, pair=Form((2,))) == [("E", (4,)), ("E", (4,))]


def test_a_list_of_ids_as_the_post_indexes():
    assert lookups(lambda E, i, j: E[[i, j]].sum(), i=ID, j=ID) == [("E", (2, 4))]


def test_whole_numbers_that_index_nothing_are_numbers():
    traced = symbolic(lambda E, i, label: label * E[i].sum(), {"E": (6, 4)}, {"i": ID, "label": ID})
    assert traced.columns["label"].type.dtype == "float32"
    assert traced.ids == {"i": ["E"]}


def test_slices_of_rows_and_of_a_table():
    assert lookups(lambda E, i: E[i, :2] @ E[i, 2:], i=ID) == [("E", (4,))]
    assert lookups(lambda E, i: (E[i] * E[1:3]).sum(), i=ID) == [("E", (2, 4)), ("E", (4,))]


def test_parameters_with_defaults_need_no_column():
    assert lookups(lambda E, i, margin=1.0: margin * E[i].sum(), i=ID) == [("E", (4,))]


@pytest.mark.parametrize(
    ("cost", "message"),
    [
        (lambda E, i: E.sum() + E[i].sum(), "table 'E' is used whole"),
        (lambda E, i: (E @ E[i]).sum(), "table 'E' is used whole"),
        (lambda E, i: E[:].sum() * i, "table 'E' is used whole, or nearly"),
        (lambda E, i: E[i + 1].sum(), "indexed by something computed"),
        (lambda E, i: E[i], "has 1 dimension"),
        (lambda E, i: 1.0, "does not depend on a table"),
        (lambda E, i: i * 1.0, "looks up no row"),
        (lambda E, i: E[9].sum() + E[i].sum(), r"constant id \[?9"),
        (lambda E, i: E[[i, 9]].sum(), "constant id"),
        (lambda E, i, j: E[i].sum(), "'j', which is neither a table"),
        (lambda E, i: E[i].sum() + "x", "could not be traced"),
        (lambda E, i: E[i, [0, 1]].sum(), "index"),
    ],
)
def test_what_cannot_be_cut_is_refused(cost, message):
    refused(cost, message, i=ID)


def test_numbers_cannot_index():
    refused(lambda E, x: E[x].sum(), "could not be traced|holds numbers", x=NUMBER)


def test_a_table_that_is_no_parameter_is_refused():
    refused(lambda E, i: E[i].sum(), "table 'W' is not a parameter", {"E": (6, 4), "W": (6, 4)}, i=ID)


def test_a_name_for_both_is_refused():
    refused(lambda E: E[0].sum(), "names both a table and a column", E=ID)


def test_softmax_opens_to_plain_operations():
    traced = differentiate(symbolic(lambda E, i: pt.special.softmax(E[i])[0], {"E": (6, 4)}, {"i": ID}))
    assert len(traced.gradients) == 1


def test_names_must_number_alike_in_every_table_they_index():
    A, B = rs.Table(names=["a", "b", "c"], dim=2), rs.Table(names=["c", "b", "a"], dim=2)
    with pytest.raises(rs.RowspaceError, match="number 'a' differently"):
        rs.gradient(lambda A, B, i: A[i] @ B[i], {"A": A, "B": B}, {"i": "a"})
    plain = rs.Table(3, 2)
    found = rs.gradient(lambda A, B, i: A[i] @ B[i], {"A": plain, "B": B}, {"i": "a"})
    assert found["A"].rows.tolist() == found["B"].rows.tolist() == [2]


def test_a_place_beyond_a_bag_is_refused():
    with pytest.raises(rs.RowspaceError, match="row 5 of a bag of 2 rows"):
        rs.gradient(lambda E, p: E[p][5] @ E[p][0], {"E": rs.Table(6, 2, seed=3)}, {"p": [1, 2]})


def test_ids_picked_from_a_ragged_bag_must_be_there():
    cost = lambda E, b: (E[b[0]] * E[b[1]]).sum()
    rs.Trainer(cost, {"E": rs.Table(6, 2, seed=3)}).fit({"b": [[0, 1], [2, 3, 4]]})
    with pytest.raises(rs.RowspaceError, match="place 1 of bag 'b', which holds 1 at example 1"):
        rs.Trainer(cost, {"E": rs.Table(6, 2, seed=3)}).fit({"b": [[0, 1], [2]]})


def test_rows_cannot_index():
    F = rs.Table(6, 1)
    with pytest.raises(rs.RowspaceError, match="indexed by something computed"):
        rs.gradient(lambda E, F, i: E[F[i, 0].astype("int64")].sum(), {"E": rs.Table(6, 2, seed=3), "F": F}, {"i": 1})
