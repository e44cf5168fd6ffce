"""A piece of text as numbered words: those of a piece of bytes, or of lists of words that someone else has split."""

import inspect
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

import numpy as np

from rowspace.errors import DataError
from rowspace.errors.quoting import quoted
from rowspace.read import word_loops
from rowspace.read.pieces import Piece
from rowspace.system.interrupts import interrupts_deferred
from rowspace.tables.entries import offsets_of

LINE_END = -1  # among ids: here a sentence ends


@dataclass(frozen=True)
class Words:
    """n words and their counts: word k is `data[starts[k]:ends[k]]`; `hashes` (n,) uint64, all others int64."""

    data: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    hashes: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, words: list[str], counts: np.ndarray) -> "Words":
        """Words that are strings of Python, lone surrogates included."""
        encoded = [word.encode("utf-8", "surrogatepass") for word in words]
        bounds = offsets_of(np.fromiter(map(len, encoded), np.int64, len(words)))
        data = np.frombuffer(b"".join([*encoded, b"\n"]), np.uint8)
        hashes = np.empty(len(words), np.uint64)
        text_loop("hash_words")(data, bounds[:-1], bounds[1:], hashes)
        return cls(data, bounds[:-1], bounds[1:], hashes, counts)


@dataclass(frozen=True)
class Encoded:
    """Sentences one after another: `ids` int32 into `words`, which are in order of first appearance, and LINE_END."""

    words: Words
    ids: np.ndarray


@cache
def text_loop(name: str) -> Callable[..., Any]:
    """One of the loops as machine code; Ctrl-C waits for its end, a few milliseconds.

    While Numba makes arrays of what a loop returns, it would turn a KeyboardInterrupt into a SystemError.
    """
    from rowspace.jit.compile import compiled

    loop = compiled(inspect.getsource(word_loops), name)

    def run(*arguments: Any) -> Any:
        with interrupts_deferred():
            return loop(*arguments)

    return run


def encode_piece(piece: Piece, kinds: np.ndarray, errors: str) -> Encoded:
    """Split a piece by the kinds of its characters (see loops.scan)."""
    data = np.frombuffer(piece.data, np.uint8)
    ids, *words, end = text_loop("scan")(data, kinds)
    if end == len(data):
        return Encoded(Words(data, *words), ids)
    if errors == "strict":
        raise piece.refused(end)
    return encode_piece(piece.replaced(), kinds, "strict")


def encode_lines(piece: Piece, split: Callable[[str], Iterable[str]], errors: str) -> Encoded:
    """Split the lines of a piece, which ends with the end of one, by a function."""
    lines = piece.text(errors).split("\n")
    return encode_lists([split(line.removesuffix("\r")) for line in lines[:-1]])


def encode_lists(sentences: Iterable[Iterable[str]], first: int = 0) -> Encoded:
    """Number the words of sentences that are split already; the first of them is number `first` to errors."""
    number: dict[str, int] = {}
    ids: list[int] = []
    for k, sentence in enumerate(sentences, first):
        if isinstance(sentence, str | bytes):
            raise _no_sentence(k, f"one {type(sentence).__name__}: {quoted(sentence)}")
        if isinstance(sentence, Set):
            raise _no_sentence(k, f"a {type(sentence).__name__}, which has no order")
        known = len(number)
        try:
            ids.extend([number.setdefault(word, len(number)) for word in sentence])
        except TypeError:
            raise _no_sentence(k, quoted(sentence)) from None
        others = [word for word in islice(reversed(number), len(number) - known) if not isinstance(word, str)]
        if others:
            what = f"not {type(others[-1]).__name__}: {quoted(others[-1])}"
            raise DataError(f"a word must be text, {what}; give str(word), or leave it out of sentence {k}")
        ids.append(LINE_END)
    coded = np.array(ids, np.int32)
    counts = np.bincount(coded[coded >= 0], minlength=len(number)).astype(np.int64)
    return Encoded(Words.of(list(number), counts), coded)


def _no_sentence(k: int, found: str) -> DataError:
    return DataError(f"a sentence must be a list of words, not {found} (sentence {k}, from 0)")
