"""The distinct rows of lookups: each once, with its gradients in the order of the lookups."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rowspace.execute.distinct import Distinct


def by_row(found):
    """The numbers of the gradients of each row."""
    order, starts = found.order
    return {row: order[a:b].tolist() for row, a, b in zip(found.rows.tolist(), starts, starts[1:], strict=False)}


def test_gathering():
    found = Distinct.of(np.array([3, 1, 3, 0, 3]))
    assert found.rows.tolist() == [3, 1, 0]  # as they are met
    assert by_row(found) == {3: [0, 2, 4], 1: [1], 0: [3]}
    assert found.lookups == 5


ids = st.lists(st.integers(0, 2**62) | st.integers(0, 9) | st.integers(0, 9).map(lambda k: k << 32), max_size=80)


@given(ids, st.integers(1, 3), st.integers(0, 2))
def test_every_row_has_its_gradients_in_order(ids, stride, first):
    """Also those of one column of a table of ids, whose gradients lie so, too."""
    array, expected = np.array(ids, np.int64), {}
    for place in range(first, len(ids), stride):
        expected.setdefault(ids[place], []).append(place)
    found = Distinct.of(array, ids_at=(first, stride), gradients_at=(first, stride))
    assert by_row(found) == expected
    assert list(expected) == found.rows.tolist()


def test_very_many_lookups():
    array = np.random.default_rng(0).zipf(1.2, 200_000) % 50_000
    found = Distinct.of(array)
    rows, counts = np.unique(array, return_counts=True)
    order, starts = found.order
    assert np.array_equal(np.sort(found.rows), rows)
    assert np.array_equal(np.diff(starts)[np.argsort(found.rows)], counts)
    assert np.array_equal(np.repeat(found.rows, np.diff(starts)), array[order])
