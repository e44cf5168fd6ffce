import time
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rowspace as rs
from rowspace.errors import DataError, IdOutOfRange, UnknownItem
from rowspace.tables.names import Names, repeated

ANY = st.text(st.characters(exclude_categories=[]), max_size=8)


@settings(deadline=None, derandomize=True)
@given(st.lists(ANY, unique=True), st.randoms(use_true_random=False))
def test_ids_are_positions_for_any_strings(names, random):
    asked = [random.randrange(len(names)) for _ in range(5)] if names else []
    assert Names(names).ids([names[i] for i in asked]).tolist() == asked
    assert list(Names(names)) == Names(names).index_to_key == names


@settings(deadline=None, derandomize=True)
@given(st.lists(st.text("ab", max_size=2)))
def test_repeats_are_found_as_a_slow_search_finds_them(names):
    pairs = [(names.index(x), i) for i, x in enumerate(names) if x in names[:i]]
    assert repeated(names) == (pairs[0] if pairs else None)


def test_shapes_and_types_of_names():
    names = Names(["", "a", "b"])
    assert names.ids("a").shape == ()
    assert names.ids([]).shape == (0,)
    assert names.ids([["a"], [""]]).tolist() == [[1], [0]]
    assert names.ids(np.array(["b", "a"])).tolist() == [2, 1]
    assert names.ids("a").dtype == np.intp
    assert "a" in names
    assert "c" not in names
    assert 1 not in names
    assert names[-1] == "b"


def test_names_from_columns():
    pa, pd = pytest.importorskip("pyarrow"), pytest.importorskip("pandas")
    for column in (pa.array(["x", "y"]), pd.Series(["x", "y"]), np.array(["x", "y"]), iter("xy")):
        names = Names(column)
        assert names.index_to_key == ["x", "y"]
        assert set(map(type, names)) == {str}


def test_zero_characters_count():
    assert Names(["a", "a\0"]).ids(["a\0", "a"]).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["a", "b", "a"], "name 'a' occurs twice, at positions 0 and 2; names must be distinct"),
        (["a", 7], "name 7 at position 1 is int, not a string; give str(name)"),
        ("abc", "names must be a list, got one string; write ['abc']"),
    ],
)
def test_what_cannot_be_names(names, text):
    with pytest.raises(DataError) as error:
        Names(names)
    assert str(error.value) == text


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("caat", "; did you mean 'cat'?"),
        ("CAT", "; did you mean 'cat'?"),
        (" cat", "; did you mean 'cat'?"),
        ("zzzzzz", ""),
        ("", ""),
    ],
)
def test_an_unknown_name_is_told_its_neighbour(asked, hint):
    names = Names(["cat", "dog", "owl", "elk", "emu", "yak"])
    with pytest.raises(UnknownItem) as error:
        names.ids(["dog", asked])
    assert str(error.value) == f"item {asked!r} is not in the table (6 items){hint}"


def test_a_name_without_its_kind_is_told_the_kinds():
    with pytest.raises(UnknownItem, match="did you mean 'user 1' or 'film 1'"):
        Names(["user 1", "film 1", "film 11"]).id("1")


def test_normal_forms_are_kept_apart_but_suggested():
    one, other = (unicodedata.normalize(form, "caf\u00e9") for form in ("NFC", "NFD"))
    assert Names([one, other]).ids([other, one]).tolist() == [1, 0]
    with pytest.raises(UnknownItem, match="did you mean"):
        Names([other]).ids(one)


def test_an_unknown_name_among_many_is_quick():
    names = Names([f"item {i}" for i in range(300_000)])
    names.ids("item 7")
    start = time.perf_counter()
    with pytest.raises(UnknownItem):
        names.ids("itm 70000")
    assert time.perf_counter() - start < 3


# --- names that are whole numbers


def numbered(names):
    E = rs.Table(names=names, dim=2, seed=0)
    return E, rs.Model({"E": E})


ASKED = [
    lambda E, model, k: E[k],
    lambda E, model, k: E[[k]],
    lambda E, model, k: E[np.array([k])],
    lambda E, model, k: E[[k], 1],
    lambda E, model, k: E.ids(k),
    lambda E, model, k: E.ids([k, "3"]),
    lambda E, model, k: E.__setitem__(k, 0),
    lambda E, model, k: k in E,
    lambda E, model, k: model[k],
    lambda E, model, k: model[[k]],
    lambda E, model, k: k in model,
    lambda E, model, k: model.get_vector(k),
    lambda E, model, k: model.most_similar(k),
    lambda E, model, k: model.most_similar([(k, 0.5)], negative=["3"]),
    lambda E, model, k: model.neighbors([k]),
    lambda E, model, k: model.similarity("3", k),
    lambda E, model, k: model.rank(k, "3"),
    lambda E, model, k: model.distances(k),
    lambda E, model, k: model.get_mean_vector([k]),
]


@pytest.mark.parametrize("k", [0, 1, 3, 7, -1, 30, np.int64(0)])
@pytest.mark.parametrize("ask", ASKED)
def test_a_whole_number_is_no_row_where_names_are_whole_numbers(ask, k):
    E, model = numbered(["3", "7", "0"])
    before = E.values.copy()
    what = f"may be item '{k}' or row {k}" if str(k) in E.names else "is no item"
    with pytest.raises(
        UnknownItem, match=f"^{k} {what}: items here have whole numbers for names; give an item as text"
    ):
        ask(E, model, k)
    np.testing.assert_array_equal(E.values, before)


def test_names_that_are_the_numbers_of_their_rows_mean_the_same_either_way():
    E, model = numbered(["0", "1", "2"])
    for key, name in ((1, "1"), (np.int8(2), "2")):
        np.testing.assert_array_equal(E[key], E[name])
        assert model.most_similar(key) == model.most_similar(name)
    np.testing.assert_array_equal(E[[0, -1]], E.values[[0, 2]])


def test_slices_and_masks_are_rows_and_ids_of_columns_too():
    E, _ = numbered(["3", "7", "0"])
    np.testing.assert_array_equal(E[1:], E.values[1:])
    np.testing.assert_array_equal(E[np.array([True, False, True])], E.values[[0, 2]])
    pull = lambda E, i: (E[i] ** 2).sum()
    assert rs.gradient(pull, {"E": E}, {"i": 0})["E"].rows.tolist() == [0]
    assert rs.gradient(pull, {"E": E}, {"i": "0"})["E"].rows.tolist() == [2]
    with pytest.raises(IdOutOfRange, match="id 7 at position 0 is out of range .* give these as text"):
        rs.gradient(pull, {"E": E}, {"i": 7})


def test_among_other_names_a_number_that_is_one_is_not_asked_for_as_a_row():
    E, model = numbered(["3", "7", "a", "b"])
    np.testing.assert_array_equal(model[0], E.values[0])
    for ask in (lambda: model[3], lambda: model.most_similar(7), lambda: 3 in model):
        with pytest.raises(UnknownItem, match="may be item '[37]' or row [37]"):
            ask()
    assert E[3].tolist() == E.values[3].tolist()


def test_words_that_are_whole_numbers_are_judged(tmp_path):
    (tmp_path / "pairs.tsv").write_text("3\t7\t1\n7\t0\t2\n3\t0\t5\n")
    (tmp_path / "analogies.txt").write_text(": all\n3 7 0 11\n")
    E, _ = numbered(["3", "7", "0", "11"])
    assert rs.evaluate_similarity(E, tmp_path / "pairs.tsv").unknown == 0
    assert rs.evaluate_analogies(E, tmp_path / "analogies.txt").total.asked == 1
