"""Dealing rows to blocks, sorting examples into buckets, drawing negatives from blocks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rowspace as rs
from rowspace.kernel.segments import HI, LO, NEEDED, PASSED, ROW
from rowspace.schedule.arrays import Arrays
from rowspace.schedule.blocks import Blocks, Deck
from rowspace.schedule.buckets import buckets_for, sample_of
from rowspace.schedule.layout import Layout
from rowspace.schedule.negative_pool import NegativePool
from rowspace.schedule.sizes import Sizes
from tests.support import naive


def deal(counts, blocks, seed, *, apart=True):
    return Deck(counts, blocks).deal(seed, apart=apart)


BOTH = (("i", None), ("j", None))


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 600), st.sampled_from([1, 4, 8, 64]), st.integers(0, 5))
def test_every_row_is_in_one_block(n, blocks, seed):
    found = deal(np.random.default_rng(seed).integers(0, 9, n), blocks, seed)
    assert sorted(found.rows.tolist()) == list(range(n))
    assert found.starts[-1] == n
    for b in range(blocks):
        assert (found.of[found.rows[found.starts[b] : found.starts[b + 1]]] == b).all()


def test_frequent_rows_are_dealt_evenly():
    """Of a Zipf law, in order of frequency: what a vocabulary looks like."""
    counts = (1e6 / np.arange(1, 20_001)).astype(np.int64)
    found = deal(counts, 16, seed=0)
    loads = np.bincount(found.of, counts)
    assert counts[1] > loads.mean() / 2  # the two most frequent make their blocks heavy, however they are dealt
    rest = np.sort(loads)[:-2]
    assert rest.max() < 1.1 * rest.min()
    assert loads.max() < counts[0] + rest.min()
    assert np.bincount(found.of[counts < 1000]).std() < 100


def test_the_deal_depends_on_the_seed():
    counts = np.ones(1000, np.int64)
    assert (deal(counts, 4, 1).of == deal(counts, 4, 1).of).all()
    assert (deal(counts, 4, 1).of != deal(counts, 4, 2).of).any()


def test_without_counting_frequent_rows_share_a_block_as_often_as_others():
    counts = (1e6 / np.arange(1, 2001)).astype(np.int64)
    together = sum(
        int(deal(counts, 8, seed, apart=False).of[0] == deal(counts, 8, seed, apart=False).of[1]) for seed in range(400)
    )
    assert 400 / 8 - 25 < together < 400 / 8 + 25
    assert not any(deal(counts, 8, seed).of[0] == deal(counts, 8, seed).of[1] for seed in range(50))


def test_how_many_blocks():
    sizes = Sizes()
    assert sizes.blocks(512, 1_000_000, 4_194_304) == 512
    assert sizes.blocks(512, 1_000_000, 40_000) == 8
    assert sizes.blocks(8, 6, 16) == 1
    assert sizes.sorted_together(1_000_000) == 2**22
    assert sizes.sorted_together(20_000) == 2**16


def buckets(axes, spaces, sampled, n=50, blocks=8, examples=400, seed=0):
    rng = np.random.default_rng(seed)
    columns = {c: (n * rng.random(examples) ** 2).astype(np.int32) for c in ("i", "j")}
    columns["x"] = rng.normal(size=examples).astype(np.float32)
    columns["v"] = rng.normal(size=(examples, 3)).astype(np.float32)
    shapes, sizes = {"W": (n, 4), "C": (n, 4)}, Sizes()
    found = Layout(axes, spaces, {}, sampled)
    sample = sample_of(columns, found, shapes, sizes)
    row_bytes = dict.fromkeys("WC", 16)
    return buckets_for(found, shapes, row_bytes, sample, sizes, Arrays(), blocks=blocks), columns


def drawn(made):
    return {c: made.negatives(c, rs.Negatives(of=rs.Table(50, 4), k=3)) for c in made.layout.sampled}


@pytest.mark.parametrize("spaces", [(("W",), ("W",)), (("W",), ("C",))])
@pytest.mark.parametrize("sampled", [{}, {"drawn": 0}, {"drawn": 1}])
@pytest.mark.parametrize("blocks", [2, 8, 64])
def test_sorting_agrees_with_the_naive_version(spaces, sampled, blocks):
    made, columns = buckets(BOTH, spaces, sampled, blocks=blocks)
    columns |= drawn(made)
    done = made.sort(columns)
    order = naive.bucket_order(made, done, columns)
    for name in ("i", "j", "x", "v"):
        np.testing.assert_array_equal(done.columns[name], columns[name][order])
    assert [done.original(n) for n in range(0, 400, 37)] == order[::37].tolist()
    segments, tasks = made.segments(done, list(sampled), 1 << 16)
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
    done = made.sort(columns | drawn(made))
    segments, _ = made.segments(done, ["drawn"], longest)
    written = [naive.written(made, done, segment) for segment in segments]
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


@pytest.mark.parametrize("power", [0, 0.75])
def test_pools_make_rows_come_up_as_if_drawn_from_the_whole(power):
    """Over many deals: each row by its weight, the replaced one apart, however frequent a few of them are."""
    counts = (1000 / np.arange(1, 201)).astype(np.int64)
    given = rs.Negatives(of=rs.Table(200, 4), k=3, counts=counts, power=power)
    chance = np.zeros(200)
    context = 150
    for seed in range(1500):
        blocks = deal(counts, 4, seed, apart=False)
        pool = NegativePool.drawn(given, blocks, 2000, [seed])
        b = blocks.of[context]
        own = pool.rows[pool.starts[b] : pool.starts[b + 1]]
        assert (blocks.of[own] == b).all()
        chance += np.bincount(own, minlength=200) / len(own)
    expected = counts.astype(float) ** power
    expected /= expected.sum()
    others = np.arange(200) != context
    np.testing.assert_allclose(chance[others][:5] / 1500, expected[others][:5], rtol=0.15)
    assert chance[others].sum() / 1500 == pytest.approx(expected[others].sum(), abs=0.03)
    assert chance[context] / 1500 == pytest.approx(4 * expected[context], rel=0.2)  # which is what `is_rare` is for


def test_a_block_of_which_nothing_was_drawn_has_its_rows():
    blocks = deal(np.array([1, 1, 0, 0]), 2, seed=0)
    given = rs.Negatives(of=rs.Table(4, 2), k=1, counts=[1, 0, 0, 0])
    pool = NegativePool.drawn(given, blocks, 10, [0])
    for b in range(2):
        own = pool.rows[pool.starts[b] : pool.starts[b + 1]]
        assert len(own) > 0
        assert (blocks.of[own] == b).all()


def test_rows_beyond_int32_are_numbered_all_the_same(monkeypatch):
    of = np.array([1, 0, 1, 0], np.uint16)
    blocks = lambda: Blocks(of, 2, of, 1)
    assert blocks().rows.dtype == np.int32
    monkeypatch.setattr("rowspace.schedule.blocks.MOST_INT32", 3)
    assert blocks().rows.dtype == np.int64
    assert blocks().rows.tolist() == [1, 3, 0, 2]
