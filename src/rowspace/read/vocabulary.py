"""A vocabulary that grows: distinct words in order of first appearance, their counts, and a way to find them again."""

import numpy as np

from rowspace.errors import DataError
from rowspace.read.encoded import Words, text_loop
from rowspace.system.memory import STRING, require_memory

WORDS_AT_ONCE = 1 << 16  # handled as strings of Python
MOST_WORDS = 2**31 - 1  # whose ids are int32
FEWER = "read the text in parts, or with other tokens: are these words?"


class Vocabulary:
    """Words by id, in about forty bytes each and their own.

    >>> some = Vocabulary()
    >>> some.absorb(Words.of(["cat", "dog"], np.array([2, 1]))).tolist()
    [0, 1]
    >>> some.absorb(Words.of(["cow", "dog"], np.array([1, 1]))).tolist()
    [2, 1]
    >>> some.words([2, 0]), some.counts.tolist()
    (['cow', 'cat'], [2, 2, 1])
    """

    def __init__(self) -> None:
        self._size = 0
        self._slots = np.zeros(1 << 12, np.uint64)
        self._data = np.zeros(1 << 16, np.uint8)
        self._bounds = np.zeros(1 << 10, np.int64)  # word k is data[bounds[k]:bounds[k + 1]]
        self._counts = np.zeros(1 << 10, np.int64)

    def __len__(self) -> int:
        return self._size

    @property
    def counts(self) -> np.ndarray:
        """(n,) int64."""
        return self._counts[: self._size]

    def absorb(self, words: Words) -> np.ndarray:
        """Add words and their counts; the id of each, int32."""
        self._make_room(len(words.starts), len(words.data))
        starts, ends = self._bounds[:-1], self._bounds[1:]
        given = words.data, words.starts, words.ends, words.hashes, words.counts
        held = self._slots, self._data, starts, ends, self._counts
        ids, self._size = text_loop("absorb")(*given, *held, self._size)
        return ids

    def words(self, ids: np.ndarray | list[int]) -> list[str]:
        """The words of some ids."""
        data, chosen = memoryview(self._data.data), np.asarray(ids, np.int64)
        size = int((self._bounds[chosen + 1] - self._bounds[chosen]).sum()) + STRING * len(chosen)
        require_memory(size, f"{len(chosen):,} words", "keep fewer: raise min_count, or give max_vocab")
        spans = zip(self._bounds[chosen].tolist(), self._bounds[chosen + 1].tolist(), strict=True)
        return [str(data[start:end], "utf-8", "surrogatepass") for start, end in spans]

    def close(self) -> None:
        """Give back the memory that only `absorb` needs; no words can be added any more."""
        del self._slots

    def lowered(self) -> tuple["Vocabulary", np.ndarray]:
        """The vocabulary of these words in lower case, and the id there of each word here."""
        lower, ids = Vocabulary(), np.empty(len(self), np.int32)
        for first in range(0, len(self), WORDS_AT_ONCE):
            piece = slice(first, min(first + WORDS_AT_ONCE, len(self)))
            words = [word.lower() for word in self.words(np.arange(piece.start, piece.stop))]
            ids[piece] = lower.absorb(Words.of(words, self._counts[piece]))
        return lower, ids

    def _make_room(self, words: int, size: int) -> None:
        words += self._size
        if words > MOST_WORDS:
            raise DataError(f"more than {MOST_WORDS:,} distinct words; read the text in parts")
        _grow(self._data, int(self._bounds[self._size]) + size)
        _grow(self._bounds, words + 1)
        _grow(self._counts, words)
        if 3 * words > 2 * len(self._slots):
            del self._slots  # before there is a larger one
            self._slots = np.zeros(1 << (3 * words // 2).bit_length(), np.uint64)
            text_loop("refill")(self._slots, self._data, self._bounds[:-1], self._bounds[1:], self._size)


def _grow(array: np.ndarray, size: int) -> None:
    """Make an array at least so long, where it lies if the system can."""
    if size > len(array):
        more = (size + size // 2 - len(array)) * array.itemsize
        require_memory(more, f"a vocabulary of {array.nbytes / 1e9:.1f} GB that grows by half", FEWER)
        array.resize(size + size // 2, refcheck=False)


def choose(
    vocabulary: Vocabulary, names: list[str], min_count: int, max_vocab: int | None
) -> tuple[np.ndarray, list[str], np.ndarray]:
    """The words that have a row: the given names, then the most frequent others, ties by first appearance.

    Gives the new id of every word, int32, -1 for those without; the names; and their counts.
    """
    first = vocabulary.absorb(Words.of(names, np.zeros(len(names), np.int64)))
    vocabulary.close()
    often = vocabulary.counts >= min_count
    often[first] = False
    others = np.flatnonzero(often)
    others = others[np.argsort(-vocabulary.counts[others], kind="stable")]
    room = len(others) if max_vocab is None else max(max_vocab - len(names), 0)
    rows = np.concatenate([first, others[:room]])
    new = np.full(len(vocabulary), -1, np.int32)
    new[rows] = np.arange(len(rows), dtype=np.int32)
    return new, [*names, *vocabulary.words(rows[len(names) :])], vocabulary.counts[rows]
