"""Examples of a text: against a naive version with the same draws, and against the chances they are drawn by."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rowspace.recipes.contexts import Contexts, chance_of_keeping

BITS = 2**64 - 1


def text(sentences, dtype=np.uint16, words=None):
    flat = [word for sentence in sentences for word in sentence]
    ids = np.array(flat, dtype)
    counts = np.bincount(ids, minlength=words or (max(flat, default=0) + 1))
    offsets = np.concatenate([[0], np.cumsum([len(s) for s in sentences])]).astype(np.int64)
    return SimpleNamespace(ids=ids, offsets=offsets, counts=counts)


def drawn_text(sentences, mean, words=50, seed=0):
    """Sentences of a Poisson length, empty and one-word ones among them, and words by a heavy-tailed draw."""
    rng = np.random.default_rng(seed)
    return text([(words * rng.random(n) ** 3).astype(int).tolist() for n in rng.poisson(mean, sentences)], words=words)


def of(given, *, sample=0.0, window=3, seed=0, threads=1, columns=lambda kept: kept.pairs(), **options):
    return Contexts(given, chance_of_keeping(given.counts, sample), window, seed, columns, threads, **options)


def pairs(made, epoch=0):
    """All pairs of an epoch, in order."""
    return [pair for centers, words in made.at(epoch, 0) for pair in zip(centers.tolist(), words.tolist(), strict=True)]


def bags(made, epoch=0):
    return [(int(c), bag[n].tolist()) for centers, bag in made.at(epoch, 0) for n, c in enumerate(centers)]


def in_bags(given, **options):
    return bags(of(given, columns=lambda kept: kept.bags(streams=1), paired=False, **options))


# --- the naive version -----------------------------------------------------------------------------------------------


def bits(seed, n):
    x = (seed + n * 0x9E3779B97F4A7C15) & BITS
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & BITS
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & BITS
    return x ^ (x >> 31)


def naive_bags(given, sample, window, seed, epoch=1):
    """Word by word: (center, its contexts), where it has any."""
    seed = int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0])
    keep = chance_of_keeping(given.counts, sample)
    found = []
    for lo, hi in zip(given.offsets[:-1].tolist(), given.offsets[1:].tolist(), strict=True):
        drawn = [(int(given.ids[n]), bits(seed, n)) for n in range(lo, hi)]
        kept = [(w, window - ((x >> 32) * window >> 32)) for w, x in drawn if (x & 0xFFFFFF) / 2**24 < keep[w]]
        for n, (word, reach) in enumerate(kept):
            around = [w for w, _ in kept[max(0, n - reach) : n] + kept[n + 1 : n + reach + 1]]
            found += [(word, around)] if around else []
    return found


def naive_pairs(*arguments):
    return [(center, word) for center, around in naive_bags(*arguments) for word in around]


SENTENCES = st.lists(st.lists(st.integers(0, 6), max_size=12), max_size=6)


@settings(max_examples=60)
@given(SENTENCES, st.sampled_from([0, 0.05, 0.3]), st.integers(1, 5), st.integers(0, 9), st.integers(1, 8))
def test_equals_the_naive_version(sentences, sample, window, seed, tokens):
    """In pieces of few tokens, which cut sentences."""
    given = text(sentences)
    options = {"sample": sample, "window": window, "seed": seed, "piece": tokens}
    assert pairs(of(given, **options)) == naive_pairs(given, sample, window, seed)
    assert in_bags(given, **options) == naive_bags(given, sample, window, seed)


@given(SENTENCES, st.integers(1, 9))
def test_bags_come_from_several_places_in_turn(sentences, streams):
    given = text(sentences)
    made = bags(of(given, columns=lambda kept: kept.bags(streams), paired=False))
    inside = in_bags(given)
    edges = [len(inside) * s // streams for s in range(streams + 1)]
    places = [inside[a:b] for a, b in pairwise(edges)]
    assert made == [place[n] for n in range(len(inside)) for place in places if n < len(place)]


@pytest.mark.parametrize("sample", [0, 0.02])
@pytest.mark.parametrize("tokens", [1, 2, 3, 7, 50, 499, 500, 10_000])
def test_where_a_text_is_cut_does_not_matter(tokens, sample):
    """One sentence far longer than a piece, between short ones and empty ones."""
    rng = np.random.default_rng(0)
    given = text([[], [1, 2, 3], rng.integers(0, 20, 500).tolist(), [], [4], [5, 6], []])
    options = {"sample": sample, "window": 4, "seed": 1}
    whole, whole_bags = pairs(of(given, **options)), in_bags(given, **options)
    assert pairs(of(given, piece=tokens, **options)) == whole == naive_pairs(given, sample, 4, 1)
    assert in_bags(given, piece=tokens, **options) == whole_bags == naive_bags(given, sample, 4, 1)
    assert len(whole) > 300


@pytest.mark.parametrize("threads", [2, 3, 8])
def test_threads_change_nothing(threads):
    given = drawn_text(100, 7)
    assert pairs(of(given, sample=0.01, threads=threads, piece=40)) == pairs(of(given, sample=0.01, piece=40))


def test_ids_of_either_width():
    sentences = [[1, 2, 3, 4], [3, 1]]
    narrow, wide = (pairs(of(text(sentences, dtype))) for dtype in (np.uint16, np.int32))
    assert narrow == wide
    large = text([[70_000, 1, 70_000]], np.int32)
    assert pairs(of(large, window=1)) == [(70_000, 1), (1, 70_000), (1, 70_000), (70_000, 1)]


def test_inputs_are_unmodified():
    given = drawn_text(50, 6)
    before = given.ids.copy(), given.offsets.copy()
    list(of(given, sample=0.01).at(0, 0))
    assert np.array_equal(given.ids, before[0])
    assert np.array_equal(given.offsets, before[1])


@pytest.mark.parametrize("sentences", [[], [[]], [[], [], []], [[3]], [[1], [], [2]]])
def test_texts_without_a_pair(sentences):
    assert pairs(of(text(sentences))) == []
    assert in_bags(text(sentences)) == []
    assert of(text(sentences)).examples == 1  # the fraction done is of something


def test_a_window_of_one():
    given = text([[0, 1, 2], [3, 4]])
    assert pairs(of(given, window=1)) == [(0, 1), (1, 0), (1, 2), (2, 1), (3, 4), (4, 3)]
    assert in_bags(given, window=1) == [(0, [1]), (1, [0, 2]), (2, [1]), (3, [4]), (4, [3])]


def test_every_epoch_draws_anew():
    given = drawn_text(100, 8)
    made, again = of(given, sample=0.01, seed=4), of(given, sample=0.01, seed=4)
    first, second = pairs(made), pairs(made, 1)
    assert first != second
    assert [pairs(again, 1), pairs(again)] == [second, first]
    assert second == naive_pairs(given, 0.01, 3, 4, 2)
    assert pairs(of(given, sample=0.01, seed=5)) != first


# --- chances ---------------------------------------------------------------------------------------------------------


def test_the_chance_of_keeping_is_that_of_word2vec():
    counts = np.array([1000, 100, 1, 0])
    frequency = counts[:3] / counts.sum()
    expected = np.minimum(1, (np.sqrt(frequency / 0.01) + 1) * 0.01 / frequency)
    found = chance_of_keeping(counts, 0.01)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [*expected, 1], rtol=1e-6)  # of what never occurs nothing is left out
    assert chance_of_keeping(counts, 0).tolist() == [1, 1, 1, 1]


def kept_of(given, **options):
    """The words kept and how far each reaches, over one epoch."""
    parts = list(of(given, columns=lambda kept: kept, **options).at(0, 0))
    return np.concatenate([p.words for p in parts]), np.concatenate([p.reach for p in parts])


def test_words_are_kept_as_often_as_they_should_be():
    given = drawn_text(4000, 20)
    words, _ = kept_of(given, sample=0.005)
    chance = chance_of_keeping(given.counts, 0.005).astype(float)
    kept = np.bincount(words, minlength=50)
    sigma = np.sqrt(given.counts * chance * (1 - chance))
    assert (np.abs(kept - given.counts * chance) <= 4.5 * sigma + 1e-9).all()
    assert chance.min() < 0.3
    assert chance.max() == 1


@pytest.mark.parametrize("window", [1, 2, 5, 10])
def test_windows_are_uniform_whether_words_are_left_out_or_not(window):
    """The bits that say whether a word is kept say nothing of how far it reaches."""
    for sample in (0, 0.001):
        _, reach = kept_of(drawn_text(2000, 20), sample=sample, window=window)
        counts = np.bincount(reach, minlength=window + 1)
        assert counts[0] == 0
        assert len(counts) == window + 1
        share = 1 / window
        sigma = np.sqrt(len(reach) * share * (1 - share))
        assert (np.abs(counts[1:] - len(reach) * share) <= 4.5 * sigma + 1e-9).all()


@pytest.mark.parametrize(
    ("sentences", "mean", "window", "sample"),
    [
        (3000, 20, 5, 0),
        (3000, 20, 5, 1e-3),
        (5000, 4, 5, 1e-2),
        (8000, 8, 5, 1e-3),
        (3, 20_000, 5, 1e-3),
        (3000, 9, 1, 0),
    ],
)
def test_the_number_of_examples_is_known_beforehand(sentences, mean, window, sample):
    """Also where of most sentences few words are kept, or none."""
    given = drawn_text(sentences, mean, words=300)
    options = {"sample": sample, "window": window}
    made = of(given, **options)
    assert np.mean([len(pairs(made, epoch)) for epoch in range(2)]) == pytest.approx(made.examples, rel=0.015)
    made = of(given, columns=lambda kept: kept.bags(), paired=False, **options)
    assert np.mean([len(bags(made, epoch)) for epoch in range(2)]) == pytest.approx(made.examples, rel=0.015)
