"""What is done to columns: the same for every kind of them, whatever it holds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rowspace as rs
from rowspace.columns.chunk import checked, cut_out, forms_of, length, members, reordered
from rowspace.columns.kinds import Draws, Form, Ragged, Unused, column_of
from rowspace.errors import DataError
from rowspace.kernel.segments import Slice

N = 12
TABLE = rs.Table(N, 2, counts=range(1, N + 1))
BAGS = np.cumsum([0, *(n % 3 for n in range(N))])
ENTRIES = {  # columns with entries of their own
    "ids": np.arange(N)[::-1].copy(),
    "bags of two": np.arange(2 * N).reshape(N, 2) % N,
    "ragged bags": Ragged(np.arange(BAGS[-1]) % N, BAGS),
    "gathered": rs.Gathered(np.arange(N) % 5, by="ids"),
}
KINDS = {**ENTRIES, "negatives": rs.Negatives(of=TABLE, k=3, avoid="ids")}


def examples(column):
    """What every example of a column has."""
    column = column_of(column)
    return [column.example(n).tolist() for n in range(column.examples)]


@pytest.mark.parametrize("kind", ENTRIES)
@given(st.permutations(range(N)), st.integers(0, N), st.integers(0, N))
@settings(deadline=None, max_examples=20, derandomize=True)
def test_examples_are_cut_out_and_moved_with_all_they_have(kind, order, one, other):
    column, order = column_of(ENTRIES[kind]), np.array(order)
    whole, lo, hi = examples(column), min(one, other), max(one, other)
    assert examples(column.cut(lo, hi)) == whole[lo:hi]
    assert column.between(lo, hi).ravel().tolist() == np.concatenate([*map(np.ravel, whole[lo:hi]), []]).tolist()
    assert examples(column.reordered(order)) == [whole[n] for n in order]
    assert examples(column.moved(np.argsort(order))) == [whole[n] for n in order]


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_says_all_that_is_asked_of_it(kind):
    column = column_of(KINDS[kind])
    again = column_of(column.checked(kind, [TABLE]))
    assert again.form(kind) == column.form(kind)
    assert hash(column.form(kind))
    assert all(isinstance(array, np.ndarray) for array in again.arrays)
    assert type(again) is type(column)
    assert column.digest == column_of(KINDS[kind]).digest
    others = [column_of(other).digest for name, other in KINDS.items() if name != kind]
    assert column.digest not in others


def test_columns_of_a_chunk_have_one_length():
    assert length(KINDS) == length(reordered(KINDS, np.arange(N))) == N
    assert length(cut_out(KINDS, 2, 5)) == 3
    with pytest.raises(DataError, match="columns differ in length: ids 12, more 3"):
        length({"ids": KINDS["ids"], "more": np.arange(3)})
    with pytest.raises(DataError, match="no column of its own"):
        length({"drawn": KINDS["negatives"], "other": Unused()})


def test_members_of_gathered_bags_count():
    assert members(KINDS) is None
    assert members({**KINDS, "bags": Ragged(np.arange(BAGS[-1]), BAGS, gathered=True)}) is BAGS


def test_forms():
    assert forms_of(KINDS, KINDS) == {
        "ids": Form(),
        "bags of two": Form((2,)),
        "ragged bags": Form((None,)),
        "gathered": Form((None,), gathered=True),
        "negatives": Form((3,), draws=Draws(3, "ids", ("keep", "other"))),
    }
    said = {name: str(form) for name, form in forms_of(KINDS, KINDS).items()}
    assert said == dict(zip(KINDS, ["ids", "2 x ids", "bag of ids", "bag of ids", "3 drawn"], strict=True))


def test_a_column_that_the_cost_does_not_use_is_none_of_it():
    for ask in (lambda: Unused().form("x"), lambda: checked({"x": Unused()}, {}, {}, ["x"])):
        with pytest.raises(DataError, match="column 'x' is not one of the cost's"):
            ask()


def test_draws_of_a_part_are_those_of_the_whole():
    part, whole = (column_of(KINDS["negatives"].with_draws(Slice(lo, N, 0, (), 1, 7), 0, KINDS)) for lo in (4, 0))
    assert examples(part) == examples(whole)[4:]
    assert not (whole.flat == KINDS["ids"][:, None]).all(axis=1).any()
    assert (
        examples(column_of(KINDS["gathered"]).with_draws(Slice(4, N, 0, (), 1, 7), 0, {}))
        == examples(KINDS["gathered"])[4:]
    )
