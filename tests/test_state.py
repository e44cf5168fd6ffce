"""The rates of the steps so far, as pieces."""

import numpy as np

from rowspace.kernel.emit.functions import piece_end, piece_of
from rowspace.state import RateHistory


def pieces(past):
    return past.since.tolist(), past.paces[:, : len(past.since)].T.tolist()


def test_pieces_at_one_rate_are_one():
    past = RateHistory()
    for since in (0, 3, 6):
        past.extend(["E"], np.array([since, since + 1]), np.array([[0.5], [0.5]]))
    assert pieces(past) == ([0], [[0.5]])


def test_pieces_are_added_and_room_is_made():
    past = RateHistory()
    rates = np.random.default_rng(0).random((500, 2)).astype(np.float32)
    for lo in range(0, 500, 7):
        past.extend(["W", "C"], np.arange(lo, min(lo + 7, 500)) * 2, rates[lo : lo + 7])
    assert pieces(past) == ((2 * np.arange(500)).tolist(), rates.tolist())
    since, paces = past.of("C")
    assert paces[0, : len(since)].tolist() == rates[:, 1].tolist()
    assert paces.flags.c_contiguous  # one type of array for compiled loops
    assert past.paces.flags.c_contiguous


def test_nothing_to_add():
    past = RateHistory()
    past.extend(["E"], np.zeros(0, np.int64), np.zeros((0, 1)))
    assert pieces(past) == ([], [])


def test_the_piece_of_a_step_is_found_as_numpy_finds_it():
    since = np.array([2, 5, 5, 9])
    for step in range(12):
        assert piece_of(since, step) == max(0, np.searchsorted(since, step, side="right") - 1)
    assert [piece_end(since, p, 8) for p in range(4)] == [5, 5, 8, 8]
