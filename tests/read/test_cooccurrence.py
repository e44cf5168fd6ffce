"""Co-occurrence counts: those of the slow version, whatever the chunks and the threads."""

import subprocess
import sys
from collections import defaultdict
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowspace.errors import DataError, IdOutOfRange
from rowspace.read import cooccurrence_loops
from rowspace.read.cooccurrence import cooccurrences

SENTENCES = st.lists(st.lists(st.integers(0, 5), max_size=12), max_size=8)


def flat(sentences, dtype=np.int32):
    ids = np.array([word for sentence in sentences for word in sentence], dtype)
    return ids, np.concatenate([[0], np.cumsum(list(map(len, sentences)))]).astype(np.int64)


def naive(sentences, window, symmetric=True, weight="inverse distance"):
    counts = defaultdict(Fraction)
    for sentence in sentences:
        for p, first in enumerate(sentence):
            for distance, second in enumerate(sentence[p + 1 : p + 1 + window], start=1):
                more = Fraction(1, distance) if weight == "inverse distance" else 1
                counts[first, second] += more
                if symmetric:
                    counts[second, first] += more
    return [(i, j, np.float32(float(counts[i, j]))) for i, j in sorted(counts)]


def listed(found):
    i, j, count = found
    assert (i.dtype, j.dtype, count.dtype) == (np.int32, np.int32, np.float32)
    return list(zip(i.tolist(), j.tolist(), count.tolist(), strict=True))


def same_bytes(some, others):
    return [array.tobytes() for array in some] == [array.tobytes() for array in others]


@given(
    SENTENCES,
    st.integers(1, 22),
    st.booleans(),
    st.sampled_from(["inverse distance", "equal"]),
    st.integers(1, 40),
    st.integers(1, 3),
    st.sampled_from([np.uint16, np.int32, np.uint64]),
)
def test_counts_are_those_of_the_slow_version(sentences, window, symmetric, weight, chunk, threads, dtype):
    ids, offsets = flat(sentences, dtype)
    before = ids.copy(), offsets.copy()
    options = {"window": window, "symmetric": symmetric, "weight": weight, "chunk": chunk, "threads": threads}
    assert listed(cooccurrences(ids, offsets, 6, **options)) == naive(sentences, window, symmetric, weight)
    assert same_bytes((ids, offsets), before)


@given(SENTENCES, st.integers(1, 30))
def test_few_words_of_many_are_sorted_as_all_are(sentences, chunk):
    spread = [[300 * word + 7 for word in sentence] for sentence in sentences]
    assert listed(cooccurrences(*flat(spread), 2000, chunk=chunk)) == naive(spread, 10)


@pytest.mark.parametrize("window", [3, 10, 22, 23, 200])
def test_neither_chunks_nor_threads_change_a_bit(window):
    rng = np.random.default_rng(window)
    ids = (rng.zipf(1.3, 20_000) % 500).astype(np.uint16)
    offsets = np.concatenate([[0], np.sort(rng.integers(0, len(ids), 900)), [len(ids)]])
    whole = cooccurrences(ids, offsets, 500, window=window)
    for chunk, threads in ((1 << 20, 2), (777, 1), (777, 3), (5000, 2)):
        assert same_bytes(whole, cooccurrences(ids, offsets, 500, window=window, chunk=chunk, threads=threads))


def test_wide_windows_are_exact_to_a_float():
    rng = np.random.default_rng(5)
    sentences = [rng.integers(0, 20, 300).tolist()]
    found, expected = listed(cooccurrences(*flat(sentences), 20, window=250)), naive(sentences, 250)
    assert [pair[:2] for pair in found] == [pair[:2] for pair in expected]
    np.testing.assert_allclose([c for *_, c in found], [c for *_, c in expected], rtol=2e-7)


def test_symmetric_counts_are_symmetric_and_twice_on_the_diagonal():
    assert listed(cooccurrences(*flat([[1, 1]]), 2)) == [(1, 1, 2.0)]
    assert listed(cooccurrences(*flat([[1, 1]]), 2, symmetric=False)) == [(1, 1, 1.0)]
    assert listed(cooccurrences(*flat([[0, 1]]), 2, symmetric=False)) == [(0, 1, 1.0)]
    ids = np.random.default_rng(0).integers(0, 50, 3000)
    i, j, count = cooccurrences(ids, np.array([0, 3000]), 50)
    dense = np.zeros((50, 50), np.float32)
    dense[i, j] = count
    np.testing.assert_array_equal(dense, dense.T)


def test_empty_sentences_and_those_of_one_word_count_nothing():
    for ids, offsets in (([], [0]), ([], [0, 0, 0]), ([3, 3, 3], [0, 1, 1, 2, 3])):
        assert listed(cooccurrences(np.array(ids, np.int32), np.array(offsets), 4)) == []


def test_tokens_outside_the_sentences_are_left_out():
    ids = np.array([9, 0, 1, 9], np.int32)  # 9 is no word at all
    assert listed(cooccurrences(ids, np.array([1, 3]), 2)) == [(0, 1, 1.0), (1, 0, 1.0)]


def test_mapped_ids_are_counted_and_reported(tmp_path):
    sentences = [[0, 1, 2], [], [1, 1, 0, 2]]
    ids, offsets = flat(sentences, np.uint16)
    np.save(tmp_path / "ids.npy", ids)
    mapped, done = np.load(tmp_path / "ids.npy", mmap_mode="r"), []
    assert listed(cooccurrences(mapped, offsets, 3, chunk=3, report=done.append)) == naive(sentences, 10)
    assert done == [3, 3, 1]


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"ids": np.zeros((2, 2), np.int32)}, DataError,
         "ids is int32 of shape (2, 2); give a flat array of integers"),
        ({"ids": np.zeros(4)}, DataError, "ids is float64 of shape (4,); give a flat array of integers"),
        ({"offsets": np.array([0, 3, 2])}, DataError, "offsets do not rise from 0 to at most 4, the number of ids"),
        ({"offsets": np.array([-1, 3])}, DataError, "offsets do not rise from 0 to at most 4, the number of ids"),
        ({"offsets": np.array([0, 5])}, DataError, "offsets do not rise from 0 to at most 4, the number of ids"),
        ({"offsets": np.array([], int)}, DataError, "offsets do not rise from 0 to at most 4, the number of ids"),
        ({"n": 0}, DataError, "n is 0; give a whole number from 1 to 2,147,483,647"),
        ({"window": 0}, DataError, "window is 0; give a whole number from 1 to 10,000"),
        ({"window": 2.0}, DataError, "window is 2.0; give a whole number from 1 to 10,000"),
        ({"chunk": 0}, DataError, "chunk is 0; give a whole number from 1 to 1,073,741,824"),
        ({"weight": "none"}, DataError, "weight is 'none'; give 'inverse distance' or 'equal'"),
        ({"threads": 0}, DataError, "threads is 0; give a number of at least 1, or None for all cores"),
        ({"n": 3}, IdOutOfRange, "ids: id 3 at position 3 is out of range for 3 words (0 to 2)"),
        ({"ids": np.array([0, -1, 2, 3])}, IdOutOfRange,
         "ids: id -1 at position 1 is out of range for 4 words (0 to 3)"),
    ],
)  # fmt: skip
def test_what_cannot_be_counted(change, kind, message):
    arguments = {"ids": np.arange(4), "offsets": np.array([0, 2, 4]), "n": 4, "chunk": 2, **change}
    with pytest.raises(kind) as error:
        cooccurrences(arguments.pop("ids"), arguments.pop("offsets"), arguments.pop("n"), **arguments)
    assert str(error.value) == message


def test_the_loops_are_the_same_without_a_compiler(monkeypatch):
    rng = np.random.default_rng(2)
    sentences = [rng.integers(0, 40, size).tolist() for size in (0, 5, 1, 30, 12)]
    monkeypatch.setattr("rowspace.read.cooccurrence.compiled_loop", lambda *functions: functions[-1])
    assert cooccurrence_loops.count_rows.__module__ == "rowspace.read.cooccurrence_loops"
    assert listed(cooccurrences(*flat(sentences), 40, chunk=11, threads=1)) == naive(sentences, 10)


def test_importing_it_compiles_nothing():
    program = "import rowspace.read.cooccurrence, sys; assert not {'numba', 'pytensor', 'scipy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
