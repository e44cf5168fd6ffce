"""Lists of Python's: what they mean, and the place of an entry that means something else."""

import re
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from rowspace.errors import DataError
from rowspace.tables.entries import array_of, bags_of, check_not_masked

NAN = float("nan")
BAD = [
    (["oslo", NAN], "c holds nan (float) at position 1: it is missing"),
    ([np.float32("nan"), "oslo"], "c holds np.float32(nan) (float32) at position 0: it is missing"),
    (["oslo", None], "c holds None at position 1: it is missing"),
    (["oslo", pd.NaT], "c holds NaT (NaTType) at position 1: it is missing"),
    ([1, pd.NA], "c holds <NA> (NAType) at position 1: it is missing"),
    ([0, np.ma.masked], "at position 1: it is missing"),
    (["oslo", 5], "c holds 5 (int) at position 1, which is a whole number, and 'oslo' (str) at position 0"),
    (["oslo", True], "c holds True (bool) at position 1, which is a truth value, and 'oslo' (str) at position 0"),
    ([1, "oslo"], "c holds 'oslo' (str) at position 1, which is a name, and 1 (int) at position 0"),
    ([0, 1, True], "c holds True (bool) at position 2, which is a truth value, and 0 (int) at position 0"),
    ([0.5, False], "c holds False (bool) at position 1, which is a truth value"),
    ([np.str_("a"), np.int64(1)], "c holds np.int64(1) (int64) at position 1, which is a whole number"),
    ([np.int64(1), np.bool_(True)], "at position 1, which is a truth value"),
    (["oslo", b"rome"], "c holds b'rome' (bytes) at position 1; a column holds ids, names or numbers; .decode() it"),
    ([1j], "c holds 1j (complex) at position 0; a column holds ids, names or numbers"),
    ([1, {2}], "c holds {2} (set) at position 1; a column holds ids, names or numbers"),
    ([0, 2**63], "c holds 9223372036854775808 (int) at position 1: it is beyond 64 bits"),
    ([0.5, 10**400], "at position 1: it is no finite number"),
    ([1, [2]], "c holds [2] (list) at position 1, where a single entry belongs"),
]


@pytest.mark.parametrize(("entries", "text"), BAD)
def test_the_first_entry_that_does_not_fit_is_named(entries, text):
    with pytest.raises(DataError) as error:
        array_of("c", entries)
    assert text in str(error.value)


@pytest.mark.parametrize(("entries", "text"), BAD)
def test_in_bags_the_example_is_named_too(entries, text):
    expected = re.sub(r"at position (\d)", r"at place \1 of example 0", text)
    for bags in ([entries, entries], [entries, entries[:1]], [tuple(entries)]):
        with pytest.raises(DataError) as error:
            bags_of("c", bags)
        assert expected in str(error.value)


@pytest.mark.parametrize(
    ("bags", "text"),
    [
        ([["a"], [1]], "c holds 1 (int) at place 0 of example 1, which is a whole number, and 'a' (str) at place 0"),
        ([[1, 2], []] + [["x"]], "c holds 'x' (str) at place 0 of example 2"),
        ([["a"], "b"], "c holds 'b' (str) at position 1, among lists"),
        ([[1], [[2]]], "c holds [2] (list) at place 0 of example 1, where a single entry belongs"),
        ([np.array([True]), np.array([2])], "c holds 2 (int) at place 0 of example 1, which is a whole number"),
        ([np.array([1]), np.zeros((2, 2))], "c holds an array of 2 dimensions at position 1"),
        ([np.array([1]), np.ma.array([1, 2], mask=[0, 1])], "c, example 1 is masked at position 1"),
        ([np.array([b"a"])], "c holds b'a' (bytes) at place 0 of example 0"),
    ],
)
def test_bags_that_mix(bags, text):
    with pytest.raises(DataError) as error:
        bags_of("c", bags)
    assert text in str(error.value)


@pytest.mark.parametrize(
    ("entries", "kind"),
    [
        (["a", np.str_("b")], "O"),
        (["a\0", "\0"], "O"),
        ([1, np.int8(-2), np.uint64(3)], "i"),
        ([1, 2.5, np.float32(0.5)], "f"),
        ([1, NAN], "f"),
        ([Decimal("1.5"), 2], "f"),
        ([True, np.bool_(False)], "b"),
        ([], "i"),
    ],
)
def test_what_is_of_one_meaning_is_kept(entries, kind):
    array = array_of("c", entries)
    assert array.dtype.kind == kind
    assert all(found == entry or entry != entry for found, entry in zip(array.tolist(), entries, strict=True))
    values, offsets = bags_of("c", [entries, entries[:1], []])
    assert values.dtype.kind == kind
    assert offsets.tolist() == [0, len(entries), len(entries) + len(entries[:1]), len(entries) + len(entries[:1])]


def test_arrays_are_joined_as_they_are():
    values, offsets = bags_of("c", [np.array([1, 2], np.int8), np.array([]), np.array([3], np.int64)])
    assert (values.tolist(), values.dtype.kind, offsets.tolist()) == ([1, 2, 3], "i", [0, 2, 2, 3])
    values, _ = bags_of("c", [np.array([1], np.uint64), np.array([2**62])])  # of which NumPy would make floats
    assert (values.tolist(), values.dtype) == ([1, 2**62], np.int64)


def test_masked_entries_have_no_value():
    check_not_masked("c", np.ma.array([1, 2]))
    for array, text in (
        (np.ma.array([1, 2], mask=[0, 1]), "1"),
        (np.ma.masked_equal([[1, 2], [3, 4]], 3), r"\(1, 0\)"),
    ):
        with pytest.raises(DataError, match=f"c is masked at position {text}; drop such entries or fill them in"):
            check_not_masked("c", array)
