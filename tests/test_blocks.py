"""Dealing rows to blocks, sorting examples into buckets, drawing negatives from blocks."""

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rowspace as rs
from rowspace.blocks import deal
from rowspace.buckets import Buckets, block_count
from rowspace.layout import Layout
from rowspace.sampling import BlockNegatives
from rowspace.work import HI, LO, NEEDED, PASSED, ROW

BOTH = (("i", None), ("j", None))


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 600), st.sampled_from([(1, 1), (4, 2), (8, 8), (64, 32)]), st.integers(0, 5))
def test_every_row_is_in_one_block(n, sizes, seed):
    blocks, groups = sizes
    found = deal(np.random.default_rng(seed).integers(0, 9, n), blocks, groups, seed)
    assert sorted(found.rows.tolist()) == list(range(n))
    assert found.starts[-1] == n
    for b in range(blocks):
        assert (found.of[found.rows[found.starts[b] : found.starts[b + 1]]] == b).all()
    assert found.group_starts.tolist() == found.starts[:: blocks // groups].tolist()


def test_frequent_rows_are_dealt_evenly():
    """Of a Zipf law, in order of frequency: what a vocabulary looks like."""
    counts = (1e6 / np.arange(1, 20_001)).astype(np.int64)
    found = deal(counts, 16, 16, seed=0)
    loads = np.bincount(found.of, counts)
    assert counts[1] > loads.mean() / 2  # the two most frequent make their blocks heavy, however they are dealt
    rest = np.sort(loads)[:-2]
    assert rest.max() < 1.1 * rest.min()
    assert loads.max() < counts[0] + rest.min()
    assert np.bincount(found.of[counts < 1000]).std() < 100


def test_the_deal_depends_on_the_seed():
    counts = np.ones(1000, np.int64)
    assert (deal(counts, 4, 4, 1).of == deal(counts, 4, 4, 1).of).all()
    assert (deal(counts, 4, 4, 1).of != deal(counts, 4, 4, 2).of).any()


def test_how_many_blocks():
    assert block_count(1_000_000, 512, 4_000_000, sampled=False) == (512, 32)
    assert block_count(1_000_000, 512, 40_000, sampled=False) == (32, 32)
    assert block_count(6, 8, 10_000, sampled=False) == (1, 1)
    assert block_count(10_000, 400, 1_000_000, sampled=True)[1] <= 10_000 / 256


def buckets(axes, spaces, sampled, n=50, blocks=8, examples=400, seed=0):
    rng = np.random.default_rng(seed)
    columns = {c: (n * rng.random(examples) ** 2).astype(np.int32) for c in ("i", "j")}
    columns["x"] = rng.normal(size=examples).astype(np.float32)
    columns["v"] = rng.normal(size=(examples, 3)).astype(np.float32)
    sizes = {"W": (n, 4), "C": (n, 4)}
    made = Buckets(Layout(axes, spaces, {}, sampled), sizes, dict.fromkeys("WC", 16), columns, seed=seed, blocks=blocks)
    return made, columns


@pytest.mark.parametrize("spaces", [(("W",), ("W",)), (("W",), ("C",))])
@pytest.mark.parametrize("sampled", [{}, {"drawn": 0}, {"drawn": 1}])
@pytest.mark.parametrize("blocks", [2, 8, 64])
def test_sorting_agrees_with_the_naive_version(spaces, sampled, blocks, monkeypatch):
    monkeypatch.setattr("rowspace.buckets._LEAST", 50)  # in slices
    made, columns = buckets(BOTH, spaces, sampled, blocks=blocks)
    done = made.sort(columns)
    order = naive.bucket_order(made, columns)
    for name, column in columns.items():
        np.testing.assert_array_equal(done.columns[name], column[order])
    assert [done.original(n) for n in range(0, 400, 37)] == order[::37].tolist()
    segments, tasks = made.segments(done.ends, list(sampled), 1 << 16)
    assert segments[0, LO] == 0
    assert segments[-1, HI] == 400
    assert (segments[1:, LO] == segments[:-1, HI]).all()
    assert tasks[0][0] == 0
    assert [end for _, end in tasks[:-1]] == [begin for begin, _ in tasks[1:]]


@pytest.mark.parametrize("spaces", [(("W",), ("W",)), (("W",), ("C",))])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("longest", [7, 1 << 16])
def test_no_two_segments_that_may_run_at_once_write_the_same_row(spaces, axis, longest):
    """Every pair of segments of different rows, of which the later does not wait for the earlier: their rows differ."""
    made, columns = buckets(BOTH, spaces, {"drawn": axis}, blocks=12)
    done = made.sort(columns)
    drawn = made.negatives("drawn", rs.Negatives(of=rs.Table(50, 4), k=3))
    segments, _ = made.segments(done.ends, ["drawn"], longest)
    written = [naive.written(made, done.columns, drawn, segment) for segment in segments]
    at_once = 0
    for a, first in enumerate(segments):
        for b in range(a + 1, len(segments)):
            second = segments[b]
            waits = second[ROW] == first[ROW] or second[NEEDED] >= naive.passed_after(segments, a)
            if not waits:
                at_once += 1
                assert not written[a] & written[b], (first, second)
    assert at_once > 50
    assert (segments[:, PASSED] <= segments[:, NEEDED]).all()


def test_negatives_of_a_block_are_drawn_by_their_counts():
    counts = np.arange(50)
    made, _ = buckets(BOTH, (("W",), ("C",)), {"drawn": 1}, blocks=4)
    found = made.negatives("drawn", rs.Negatives(of=rs.Table(50, 4), k=3, counts=counts, power=1.0))
    assert isinstance(found, BlockNegatives)
    keep, other = found.alias
    for lo, hi in zip(found.bounds[:-1], found.bounds[1:], strict=True):
        own = found.rows[lo:hi]
        chance = dict.fromkeys(own.tolist(), 0.0)
        for slot in range(lo, hi):
            chance[int(found.rows[slot])] += keep[slot] / (hi - lo)
            chance[int(other[slot])] += (1 - keep[slot]) / (hi - lo)
        expected = counts[own] / counts[own].sum()
        np.testing.assert_allclose([chance[row] for row in own.tolist()], expected, atol=1e-6)


def test_a_block_of_which_nothing_is_ever_drawn_is_drawn_evenly():
    found = BlockNegatives(
        of=rs.Table(4, 2), k=1, counts=[0, 0, 1, 1], rows=np.arange(4, dtype=np.int32), bounds=np.array([0, 2, 4])
    )
    np.testing.assert_array_equal(found.alias[0], [1, 1, 1, 1])
