"""A text becomes a vocabulary and ids: one pass over the source, however long, with the ids on disk."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Any

import numpy as np

from rowspace.errors import DataError
from rowspace.errors.checks import whole
from rowspace.read.encoded import LINE_END, Encoded, text_loop
from rowspace.read.ids import OFFSET, Folder, append, dtype_for, renumber
from rowspace.read.sentences import Pieces, Sentences, sentences_of
from rowspace.read.vocabulary import FEWER, Vocabulary, choose
from rowspace.system.memory import explain_out_of_memory
from rowspace.system.npy import map_array
from rowspace.system.progress import progress_bar
from rowspace.system.threads import ThreadPool, thread_count, waited
from rowspace.tables.names import Names

IDS, OFFSETS = "ids.npy", "offsets.npy"


@dataclass(frozen=True, eq=False)
class Text:
    """A text, read: sentence k is `ids[offsets[k]:offsets[k + 1]]`.

    Attributes:
        names: n distinct words; the id of a word is its place here.
        counts: (n,) int64, how often each occurs in this text.
        ids: the words that have an id, one sentence after another; uint16 or, above 65,536 names, int32; mapped.
        offsets: (m + 1,) int64, where sentences begin and end; mapped.
        tokens: how many words the text has, rare ones included.
        unique: how many different ones.
        name: how errors call the source.
        folder: where `ids.npy` and `offsets.npy` lie; a temporary one vanishes with the text.
    """

    names: list[str]
    counts: np.ndarray
    ids: np.ndarray
    offsets: np.ndarray
    tokens: int
    unique: int
    name: str
    folder: Folder

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[list[str]]:
        """The sentences as lists of words, without those that have no id."""
        for start, end in zip(self.offsets[:-1], self.offsets[1:], strict=True):
            yield [self.names[k] for k in self.ids[start:end].tolist()]

    def __repr__(self) -> str:
        return f"<Text: {len(self):,} sentences of {self.name}, {len(self.ids):,} ids of {len(self.names):,} names>"

    def close(self) -> None:
        """Remove the ids if they are in a temporary folder, as happens too when nothing refers to the text."""
        self.folder.close()

    def __enter__(self) -> "Text":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def read_text(
    source: Any,
    *,
    column: str | None = None,
    group: str | None = None,
    tokens: str | Callable[[str], Iterable[str]] = "whitespace",
    lower: bool = False,
    min_count: int = 5,
    max_vocab: int | None = None,
    errors: str = "strict",
    ids: str | os.PathLike[str] | None = None,
    names: Iterable[str] | None = None,
    threads: int | None = None,
    progress: bool | None = None,
) -> Text:
    """Read a text once: count its words, choose the vocabulary, and number the words on disk.

    A line, or with `column` a cell, is a sentence (or a document, of any length), and sentence k of the result is
    line k of the source: a line without a word that has an id gives an empty sentence. A line ends with a line feed, a
    carriage return, or both one after the other; form feeds and Unicode's own separators end none. Memory holds the
    vocabulary (every distinct word, also the rare ones) and a few pieces of the text; the disk holds up to 4 bytes for
    each word and 8 for each line.

    Args:
        source: a path; a folder, for all files in it and below, sorted, hidden ones left out; "-" for standard
            input; a list of these; a data frame or Arrow table, with `column`; or an iterable of lists of words, or
            a function that returns one. Files packed by gzip, bzip2, xz or zstd are unpacked.
        column: the column of text of a Parquet, Arrow, CSV, TSV or JSON lines file or of a data frame. Ends of lines
            inside a cell are spaces; a missing cell is an empty sentence.
        group: a column of baskets or sessions, of one file or frame that has an item a row: the items of each group, as
            they are, are the words of a sentence, in the order of their rows. `column` has the items, by default the
            only other one, or the only one of text. All rows are in memory.
        tokens: "whitespace": words are what stands between spaces, tabs and other ASCII white space, as for
            word2vec and fastText. "words": runs of letters, marks and digits of any script; an apostrophe (' or
            U+2019) between two of them belongs to the word, all else, hyphens too, is between words. Or a mark such as
            ",": words, which may hold spaces, stand between two of them. Or a function that splits a line (a mark and a
            function run on one thread).
        lower: whether words are put into lower case, as str.lower does each.
        min_count: words that occur less often are left out.
        max_vocab: the largest number of names, the most frequent ones; `names` given are all kept.
        errors: "strict", or "replace" for U+FFFD in place of bytes that are not UTF-8 and of zero bytes.
        ids: a folder for `ids.npy` and `offsets.npy`, made if need be; None for a temporary one that is removed with
            the text. It has to be large enough: TMPDIR says where temporary folders lie.
        names: names that come first, whether they occur or not, to go on training a model.
        threads: how many, None for all cores; the result is the same for any number.
        progress: whether a bar is shown, None for when standard error is a terminal.

    Returns:
        Text: names in the order of their counts, ties by first appearance; ids and offsets mapped from disk.

    Raises:
        DataError: naming the source and the byte or row: for what cannot be read, text that is not UTF-8, a text
            without words or in which no word occurs `min_count` times, columns that are missing or hold no text.

    >>> with read_text([["the", "cat"], ["the", "dog", "the"]], min_count=1) as text:
    ...     text.names, text.counts.tolist(), text.ids.tolist(), text.offsets.tolist()
    (['the', 'cat', 'dog'], [3, 1, 1], [0, 1, 0, 2, 0], [0, 2, 5])
    >>> from pathlib import Path; from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "song.txt"
    ...     _ = path.write_text("Don't stop me (now).\\n\\nDon't stop!\\n")
    ...     with read_text(path, tokens="words", lower=True, min_count=2) as text:
    ...         len(text), list(text), text.tokens, text.unique
    (3, [["don't", 'stop'], [], ["don't", 'stop']], 6, 4)
    >>> with read_text({"order": [1, 2, 1], "item": ["green tea", "milk", "jam"]}, group="order", min_count=1) as text:
    ...     list(text)
    [['green tea', 'jam'], ['milk']]
    """
    _check_options(min_count, max_vocab, errors)
    given = Names([] if names is None else names).index_to_key
    sentences = sentences_of(source, column, group, tokens, errors)
    workers = thread_count(threads) if sentences.parallel else 1
    folder, told = Folder(ids), explain_out_of_memory(f"the vocabulary of {sentences.name}", FEWER)
    try:
        folder.make()
        with folder.file(IDS, "w+b") as ids_out, folder.file(OFFSETS, "wb") as offsets_out, told:
            vocabulary, lines = _number(sentences, ids_out, workers, progress)
            found = int(vocabulary.counts.sum())
            vocabulary, lowered = vocabulary.lowered() if lower else (vocabulary, None)
            unique = len(vocabulary)
            new, chosen, counts = choose(vocabulary, given, min_count, max_vocab)
            _check_some(sentences.name, found, counts, min_count, given)
            new = new if lowered is None else new[lowered]
            kind = dtype_for(len(chosen))
            renumber(ids_out, offsets_out, new, int(counts.sum()), lines, kind)
        mapped = map_array(folder.path / IDS, dtype=kind.str, ndim=1)
        offsets = map_array(folder.path / OFFSETS, dtype=OFFSET.str, ndim=1)
    except BaseException:
        folder.close()
        raise
    return Text(chosen, counts, mapped, offsets, found, unique, sentences.name, folder)


def _number(sentences: Sentences, out: IO[Any], threads: int, progress: bool | None) -> tuple[Vocabulary, int]:
    """Write provisional ids, in order of first appearance; the vocabulary of all words, and how many sentences."""
    vocabulary, lines = Vocabulary(), 0
    size = sentences.size
    total = None if size is None else size / 1e6
    with closing(_encoded(sentences, threads)) as pieces, progress_bar(progress, total, "MB") as bar:
        for encoded, taken in pieces:
            text_loop("replace")(encoded.ids, vocabulary.absorb(encoded.words))
            append(out, encoded.ids)
            lines += int(np.count_nonzero(encoded.ids == LINE_END))
            bar.advance(taken / 1e6, None)
    return vocabulary, lines


def _encoded(sentences: Sentences, threads: int) -> Generator[tuple[Encoded, int], None, None]:
    """The pieces in their order, numbered; some of them ahead on threads."""
    with closing(sentences.pieces) as pieces:
        if threads == 1:
            yield from ((encode(), taken) for encode, taken in pieces)
        else:
            yield from _encoded_ahead(pieces, threads)


def _encoded_ahead(pieces: Pieces, threads: int) -> Generator[tuple[Encoded, int], None, None]:
    ahead: deque[tuple[Future[Encoded], int]] = deque()
    pool = ThreadPool(threads, "rowspace")
    try:
        for encode, taken in pieces:
            ahead.append((pool.submit(encode), taken))
            if len(ahead) > threads:
                yield _waited(*ahead.popleft())  # held by no name here: it is large
        while ahead:
            yield _waited(*ahead.popleft())
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _waited(future: Future[Encoded], taken: int) -> tuple[Encoded, int]:
    return waited(future), taken


def _check_options(min_count: int, max_vocab: int | None, errors: str) -> None:
    whole("min_count", min_count, 1)
    whole("max_vocab", 1 if max_vocab is None else max_vocab, 1)
    if not isinstance(errors, str) or errors not in ("strict", "replace"):
        raise DataError(f'errors is {errors!r}; give "strict" or "replace"')


def _check_some(name: str, found: int, counts: np.ndarray, min_count: int, given: list[str]) -> None:
    if not found:
        raise DataError(f"{name} holds no words")
    if not counts.sum():
        other = "none of the names given occurs, and no other word" if given else "no word"
        raise DataError(f"{name}: {other} occurs {min_count} times; lower min_count")
