import time
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rowspace.errors import DataError, UnknownItem
from rowspace.names import Names, repeated

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
