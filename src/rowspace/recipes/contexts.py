"""The words around each word: ids of a text -> columns of examples, drawn anew for every epoch.

Frequent words are left out by chance and windows are shortened by chance, as in word2vec (Mikolov et al. 2013, section
2.3). Draws depend on the seed, the epoch and the place in the text alone: the same examples come out however many
threads make them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np

from rowspace.columns.gathered import Gathered
from rowspace.columns.kinds import Ragged
from rowspace.jit.compile import compiled_loop
from rowspace.jit.draws import is_kept, random_bits
from rowspace.jit.names import i64, uint64
from rowspace.system.digests import digest_of, digest_of_texts
from rowspace.system.threads import Workers

PIECE_TOKENS = 2**19  # of a text, made into examples together
BAG_WORDS = 16  # around a word, at most
STREAMS = 64  # places of a piece from which words are taken in turn: threads at neighbours would wait for each other
PIECES_AT_ONCE = 4  # made at a time, at most: each takes memory


def chance_of_keeping(counts: np.ndarray, sample: float) -> np.ndarray:
    """(n,) float32: how likely an occurrence of each word is kept: min(1, sqrt(s / f) + s / f), f its frequency.

    A `sample` of 0 keeps all. Source: word2vec.c; the paper's formula has the first term alone.

    >>> chance_of_keeping(np.array([90, 9, 1]), 0.1).round(3)
    array([0.444, 1.   , 1.   ], dtype=float32)
    """
    if sample == 0:
        return np.ones(len(counts), np.float32)
    with np.errstate(divide="ignore"):
        ratio = sample / (counts / max(1, counts.sum()))
    return np.minimum(1, np.sqrt(ratio) + ratio).astype(np.float32)


def keep_few(ids, keep, lo, hi, few):  # type: ignore[no-untyped-def]
    """How likely it is that k of tokens lo to hi are kept, few[k], for small k; gives how many are on average."""
    kept, most = 0.0, len(few) - 1
    for k in range(1, most + 1):
        few[k] = 0.0
    few[0] = 1.0
    for n in range(lo, hi):
        chance = keep[ids[n]]
        if kept < 4 * most + 20:  # from there on few are kept once in a billion times
            for k in range(most, 0, -1):
                few[k] += (few[k - 1] - few[k]) * chance
            few[0] -= few[0] * chance
        kept += chance
    return kept


def count_pairs(ids, offsets, keep, window, few):  # type: ignore[no-untyped-def]
    """How many pairs a text has on average: of m words kept m - d follow another at distance d, if any do."""
    expected = 0.0
    for sentence in range(len(offsets) - 1):
        kept = keep_few(ids, keep, offsets[sentence], offsets[sentence + 1], few)
        for distance in range(1, window + 1):
            within = kept - distance
            for k in range(distance):
                within += (distance - k) * few[k]
            expected += 2 * within * (window + 1 - distance) / window
    return expected


def count_bags(ids, offsets, keep, window, few):  # type: ignore[no-untyped-def]
    """How many words of a text have others around them on average: all that are kept, but those kept alone."""
    expected = 0.0
    for sentence in range(len(offsets) - 1):
        expected += keep_few(ids, keep, offsets[sentence], offsets[sentence + 1], few) - few[1]
    return expected


def widened(ids, keep, seed, n, end, step, wanted):  # type: ignore[no-untyped-def]
    """The place from which on, stepping towards `end` from n, so many words are kept; `end` if there are fewer."""
    while n != end and wanted > 0:
        place = n if step > 0 else n - 1
        wanted -= i64(is_kept(random_bits(seed, place, 0), keep[ids[place]]))
        n += step
    return n


def thin_out(ids, offsets, sentence, a, b, keep, window, seed, words, reach, starts):  # type: ignore[no-untyped-def]
    """The words of tokens a to b that are kept, how far each reaches, and where their sentences begin.

    `sentence` is that of token a. Where the piece cuts a sentence, the words in reach beyond are there as well, with
    a reach of 0 of their own. Gives the number of sentences.
    """
    begin = widened(ids, keep, seed, a, offsets[sentence], -1, window)
    last = sentence
    while offsets[last + 1] < b:
        last += 1
    end = widened(ids, keep, seed, b, offsets[last + 1], 1, window)
    m = 0
    for s in range(sentence, last + 1):
        starts[s - sentence] = m
        for n in range(max(begin, offsets[s]), min(end, offsets[s + 1])):
            x = random_bits(seed, n, 0)
            if is_kept(x, keep[ids[n]]):
                words[m] = ids[n]
                reach[m] = 0 if n < a or n >= b else window - i64(((x >> uint64(32)) * uint64(window)) >> uint64(32))
                m += 1
    starts[last - sentence + 1] = m
    return last - sentence + 1


def pair_up(words, reach, starts, centers, contexts):  # type: ignore[no-untyped-def]
    """Every word with every word in its reach, as pairs."""
    pairs = 0
    for sentence in range(len(starts) - 1):
        first, last = starts[sentence], starts[sentence + 1]
        for n in range(first, last):
            for other in range(max(first, n - reach[n]), min(last, n + reach[n] + 1)):
                if other != n:
                    centers[pairs] = words[n]
                    contexts[pairs] = words[other]
                    pairs += 1
    return pairs


def bag_up(words, reach, starts, centers, contexts, offsets):  # type: ignore[no-untyped-def]
    """Every word that has a word in its reach, with the bag of those; gives the number of bags."""
    pairs, bags = 0, 0
    offsets[0] = 0
    for sentence in range(len(starts) - 1):
        first, last = starts[sentence], starts[sentence + 1]
        for n in range(first, last):
            before = pairs
            for other in range(max(first, n - reach[n]), min(last, n + reach[n] + 1)):
                if other != n:
                    contexts[pairs] = words[other]
                    pairs += 1
            if pairs > before:
                centers[bags] = words[n]
                bags += 1
                offsets[bags] = pairs
    return bags


@dataclass(frozen=True)
class KeptWords:
    """A piece of a text after subsampling: `words` and `reach` (m,) int32, `starts` of sentences."""

    words: np.ndarray
    reach: np.ndarray
    starts: np.ndarray

    @property
    def most_pairs(self) -> int:
        """How many pairs there are at the most."""
        return 2 * int(self.reach.sum(dtype=np.int64))

    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Centers and contexts, one of each for every pair."""
        centers, contexts = np.empty(self.most_pairs, np.int32), np.empty(self.most_pairs, np.int32)
        pairs = compiled_loop(pair_up)(self.words, self.reach, self.starts, centers, contexts)
        return centers[:pairs], contexts[:pairs]

    def bags(self, streams: int = STREAMS) -> tuple[np.ndarray, Ragged]:
        """Centers, each with the bag of its contexts, from so many places of the piece in turn."""
        centers, contexts = np.empty(len(self.words), np.int32), np.empty(self.most_pairs, np.int32)
        offsets = np.empty(len(self.words) + 1, np.int64)
        bags = compiled_loop(bag_up)(self.words, self.reach, self.starts, centers, contexts, offsets)
        order = in_streams(bags, streams)
        return centers[order], Ragged(contexts[: offsets[bags]], offsets[: bags + 1]).reordered(order)


def in_streams(count: int, streams: int) -> np.ndarray:
    """The order in which so many are taken one from each of `streams` equal stretches in turn.

    >>> in_streams(7, 3)
    array([0, 2, 4, 1, 3, 5, 6])
    """
    edges = np.arange(streams + 1) * count // streams
    places = edges[:-1] + np.arange(-(-count // streams))[:, None]
    return places[places < edges[1:]]


@dataclass(frozen=True, eq=False)
class Contexts:
    """The examples of a text, chunks of them in every epoch, as `Trainer.fit` takes them.

    Attributes:
        text: with `names`, `ids` and `offsets` of its sentences.
        keep: (n,) float32, how likely each word's occurrences are kept.
        window: how far words reach at most: each occurrence a number from 1 to `window`, all equally likely.
        seed: of what is left out and how far words reach.
        columns: makes the columns of a chunk of the words that are kept of a piece of the text.
        threads: how many chunks are made at a time.
        paired: whether an example is a pair, or all contexts of a word.
        epochs_before: how many epochs there were before.
        depends_on: what else the columns depend on, for `fingerprint`.
        why_empty: how it may be that an epoch has no example.
        piece: about how many tokens are made into a chunk.
    """

    text: Any
    keep: np.ndarray
    window: int
    seed: int
    columns: Callable[[KeptWords], dict[str, Any]]
    threads: int
    paired: bool = True
    epochs_before: int = 0
    depends_on: Mapping[str, str] = field(default_factory=dict)
    why_empty: str = "no word has another beside it"
    piece: int = PIECE_TOKENS

    @cached_property
    def examples(self) -> int:
        """About how many an epoch has."""
        count = compiled_loop(keep_few, count_pairs if self.paired else count_bags)
        few = np.empty(self.window + 1)
        return max(1, round(count(self.text.ids, self.text.offsets, self.keep, self.window, few)))

    @cached_property
    def fingerprint(self) -> dict[str, str]:
        """What the examples depend on."""
        words, ids = digest_of_texts(self.text.names), digest_of(self.text.ids, self.text.offsets)
        found = {"words": words, "text": ids, "sampling": digest_of(self.keep), "window": str(self.window)}
        return {**found, "epochs before": str(self.epochs_before), **self.depends_on}

    def at(self, epoch: int, chunk: int) -> Iterator[dict[str, Any]]:
        """The chunks of an epoch, from 0, from one of them on."""
        number = self.epochs_before + epoch + 1
        seed = np.random.SeedSequence([self.seed, number]).generate_state(1, np.uint64)[0]
        pieces = islice(self._pieces(), chunk, None)
        at_once = min(self.threads, PIECES_AT_ONCE)
        with Workers(at_once) as workers:
            while several := list(islice(pieces, at_once)):
                for columns in [workers.prepare(self._columns, seed, *piece) for piece in several]:
                    yield columns()

    def _columns(self, seed: np.uint64, a: int, b: int) -> dict[str, Any]:
        return self.columns(self._kept(seed, a, b))

    def _pieces(self) -> Iterator[tuple[int, int]]:
        """Tokens from, to: about so many, whole sentences unless that leaves less than half of it."""
        offsets = self.text.offsets
        a = int(offsets[0])
        while a < offsets[-1]:
            whole = int(offsets[np.searchsorted(offsets, a + self.piece, side="right") - 1])
            b = whole if whole - a > self.piece // 2 else min(a + self.piece, int(offsets[-1]))
            yield a, b
            a = b

    def _kept(self, seed: np.uint64, a: int, b: int) -> KeptWords:
        """The words that are kept of tokens a to b, and those around them that they reach."""
        offsets = self.text.offsets
        first, last = np.searchsorted(offsets, [a, b - 1], side="right") - 1
        room = int(offsets[last + 1] - offsets[first])
        words, reach = np.empty(room, np.int32), np.empty(room, np.int32)
        starts = np.empty(last - first + 2, np.int64)
        inputs = self.text.ids, offsets, first, a, b, self.keep, self.window, seed
        thin = compiled_loop(random_bits, is_kept, widened, thin_out)
        sentences = thin(*inputs, words, reach, starts)
        m = starts[sentences]
        return KeptWords(words[:m], reach[:m], starts[: sentences + 1])


def gathered(contexts: np.ndarray) -> Gathered:
    """Contexts as the bags of their centers."""
    return Gathered(contexts, by="center", most=BAG_WORDS)
