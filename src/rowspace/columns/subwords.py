"""Words as bags of their character n-grams, so that a word never seen gets a vector, as in fastText."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np

from rowspace.columns.kinds import Ragged
from rowspace.errors import DataError
from rowspace.errors.checks import whole
from rowspace.jit.compile import compiled_loop
from rowspace.tables.entries import offsets_of

LONGEST_CHARACTERS = 100  # of an n-gram
MOST_ROWS = 2**31 - 1  # that an int32 id can name
_GATHERED_NUMBERS = 2**18  # at once: they stay in cache


@dataclass(frozen=True)
class Subwords:
    """The n-grams of min_n to max_n characters of `<word>`, each hashed to one of so many buckets.

    A word's bag is what fastText gives it: n-grams in the order of their first character, the shorter first, repeats
    kept, without `<` and `>` alone; FNV-1a of their UTF-8 bytes, every byte from 128 on extended by its sign. Two
    n-grams may share a bucket. fastText itself gives its end of sentence, `</s>`, no n-grams; here it is a word like
    any other.

    Args:
        min_n, max_n: 1 <= min_n <= max_n <= 100.
        buckets: rows for the n-grams, beside those of the words.

    Raises:
        DataError: for any other numbers.

    Source: Bojanowski, Grave, Joulin and Mikolov (2017), section 3.2; fastText's Dictionary::computeSubwords.

    >>> Subwords(3, 4, buckets=1000).bag("owl")
    array([817,  55, 125, 801, 528], dtype=int32)
    """

    min_n: int = 3
    max_n: int = 6
    buckets: int = 2_000_000

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, whole(field.name, getattr(self, field.name)))
        if not 1 <= self.min_n <= self.max_n <= LONGEST_CHARACTERS:
            raise DataError(
                f"min_n is {self.min_n} and max_n {self.max_n}; n-grams have from 1 to {LONGEST_CHARACTERS} "
                "characters, min_n at most max_n"
            )
        if not 1 <= self.buckets < MOST_ROWS:
            raise DataError(f"buckets is {self.buckets}; give from 1 to {MOST_ROWS - 1:,}, such as 2,000,000")

    def bag(self, word: str) -> np.ndarray:
        """The buckets of a word's n-grams.

        Returns:
            (m,) int32 from 0 to buckets - 1; empty for a word shorter than min_n - 2 characters.
        """
        text, buckets = _bordered(word), [0] * int(self._lengths([word])[0])
        write_buckets(text, 0, len(text), self.min_n, self.max_n, self.buckets, buckets, 0)
        return np.array(buckets, np.int32)

    def bags(self, words: Iterable[str]) -> Ragged:
        """The bag of every word of a vocabulary: its own row r, then n + bucket for each of its n-grams.

        Args:
            words: n names, of which word r has row r.

        Returns:
            Ragged: values int32, offsets (n + 1,) int64.

        Raises:
            DataError: where n + buckets are more rows than int32 can number.

        >>> bags = Subwords(3, 3, buckets=1000).bags(["owl", "ox"])
        >>> bags[0], bags[1]
        (array([  0, 819, 127, 530], dtype=int32), array([  1, 486, 654], dtype=int32))
        """
        words = list(words)
        if len(words) + self.buckets > MOST_ROWS:
            raise DataError(
                f"{len(words)} words and {self.buckets} buckets are over {MOST_ROWS} rows; take fewer buckets"
            )
        texts = list(map(_bordered, words))
        offsets = offsets_of(1 + self._lengths(words))
        values = np.empty(offsets[-1], np.int32)
        loop = compiled_loop(write_buckets, write_bags)
        text, starts = np.frombuffer(b"".join(texts), np.uint8), offsets_of(list(map(len, texts)))
        loop(text, starts, offsets, self.min_n, self.max_n, self.buckets, values)
        return Ragged(values, offsets)

    def _lengths(self, words: list[str]) -> np.ndarray:
        """(n,) int64: how many n-grams every word has."""
        characters = np.fromiter(map(len, words), np.int64, len(words)) + 2
        lengths = np.full(len(words), -2 if self.min_n == 1 else 0, np.int64)
        for n in range(self.min_n, self.max_n + 1):
            lengths += np.maximum(characters + 1 - n, 0)
        return lengths


@dataclass(frozen=True, eq=False)
class Unseen:
    """Vectors for words that have no row of their own.

    Args:
        subwords: how a word falls into n-grams.
        rows: (buckets, d) float32, one row a bucket; may be memory-mapped.
    """

    subwords: Subwords
    rows: np.ndarray

    def vector(self, word: str) -> np.ndarray | None:
        """(d,) float32: the mean of the rows of the word's n-grams; None if it has none."""
        bag = self.subwords.bag(word)
        return compose(self.rows, Ragged(bag, offsets_of([len(bag)])))[0] if len(bag) else None


def compose(values: np.ndarray, bags: Ragged) -> np.ndarray:
    """The mean of the rows of every bag, added up in float32; zeros for an empty one.

    Args:
        values: (rows, d) float32; may be memory-mapped.
        bags: n bags of ids from 0 to rows - 1, which are not checked.

    >>> values = np.array([[1, 0], [3, 2], [5, 9]], np.float32)
    >>> compose(values, Ragged(np.array([0, 1, 2]), np.array([0, 2, 3])))
    array([[2., 1.],
           [5., 9.]], dtype=float32)
    """
    out = np.empty((len(bags), values.shape[1]), np.float32)
    room = max(1, _GATHERED_NUMBERS // values.shape[1])
    lo = 0
    while lo < len(bags):
        hi = max(lo + 1, int(np.searchsorted(bags.offsets, bags.offsets[lo] + room, "right")) - 1)
        _compose(values, bags.values, bags.offsets[lo : hi + 1], out[lo:hi])
        lo = hi
    return out


def _compose(values: np.ndarray, ids: np.ndarray, offsets: np.ndarray, out: np.ndarray) -> None:
    lengths = np.diff(offsets)
    full = lengths > 0  # reduceat gives an empty bag the next one's first row
    out[~full] = 0
    if full.any():
        rows = values[ids[offsets[0] : offsets[-1]]]
        out[full] = np.add.reduceat(rows, (offsets[:-1] - offsets[0])[full], axis=0) / lengths[full, None].astype("f4")


def _bordered(word: str) -> bytes:
    return f"<{word}>".encode("utf-8", "surrogatepass")


# --- loops: plain Python for one word, machine code for a vocabulary -------------------------------------------------


def write_buckets(text, begin, end, min_n, max_n, buckets, out, place):  # type: ignore[no-untyped-def]
    """Write the buckets of the n-grams of text[begin:end], UTF-8 bytes, to out[place:]; gives the place after them."""
    for first in range(begin, end):
        if text[first] & 0xC0 == 0x80:  # within a character
            continue
        h, last, n = 2166136261, first, 0
        while last < end and n < max_n:
            n += 1
            whole = False
            while not whole:
                h ^= text[last]
                if text[last] >= 128:  # fastText's char has a sign
                    h ^= 0xFFFFFF00
                h = (h * 16777619) & 0xFFFFFFFF
                last += 1
                whole = last == end or text[last] & 0xC0 != 0x80
            if n >= min_n and not (n == 1 and (first == begin or last == end)):
                out[place] = h % buckets
                place += 1
    return place


def write_bags(text, starts, offsets, min_n, max_n, buckets, out):  # type: ignore[no-untyped-def]
    """Write the bag of every word r, bytes starts[r] to starts[r + 1] of the text, to out[offsets[r]:]."""
    words = len(starts) - 1
    for r in range(words):
        out[offsets[r]] = r
        place = offsets[r] + 1
        end = write_buckets(text, starts[r], starts[r + 1], min_n, max_n, buckets, out, place)
        for k in range(place, end):
            out[k] += words
