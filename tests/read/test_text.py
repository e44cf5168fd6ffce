import bz2
import gc
import gzip
import json
import lzma
import subprocess
import sys
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import pandas
import polars
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rowspace as rs
from rowspace.columns.frames import as_arrow
from rowspace.errors import DataError
from rowspace.read import ids, pieces, sentences
from rowspace.read.text import read_text

LINES = ["the cat saw the dog", "", "the dog ran", "a bird", "the cat"]
CONTENT = "\n".join(LINES) + "\n"
WORDS = [line.split() for line in LINES]


def write(tmp_path, data, name="text.txt"):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def naive(lines, min_count=1, names=(), max_vocab=None):
    """Names, counts and sentences by the words' own counters."""
    counts = Counter(word for line in lines for word in line)
    first = list(dict.fromkeys(word for line in lines for word in line))
    often = sorted((w for w in first if counts[w] >= min_count and w not in names), key=lambda w: -counts[w])
    room = len(often) if max_vocab is None else max(0, max_vocab - len(names))
    chosen = [*names, *often[:room]]
    return chosen, [counts[w] for w in chosen], [[w for w in line if w in chosen] for line in lines]


def seen(text):
    return text.names, text.counts.tolist(), list(text)


@pytest.fixture
def small(monkeypatch):
    """Chunks and blocks of a few bytes, so that everything is cut."""
    monkeypatch.setattr(pieces, "PIECE_BYTES", 7)
    monkeypatch.setattr(ids, "RENUMBERED_AT_ONCE", 3)
    monkeypatch.setattr(sentences, "LISTS_AT_ONCE", 2)


def test_names_counts_ids_and_dtypes(tmp_path):
    with read_text(write(tmp_path, CONTENT), min_count=2) as text:
        assert text.names == ["the", "cat", "dog"]  # cat and dog both twice: by first appearance
        assert text.counts.tolist() == [4, 2, 2]
        assert text.ids.tolist() == [0, 1, 0, 2, 0, 2, 0, 1]
        assert text.offsets.tolist() == [0, 4, 4, 6, 6, 8]
        assert (text.ids.dtype, text.offsets.dtype, text.counts.dtype) == (np.uint16, np.int64, np.int64)
        assert (text.tokens, text.unique, len(text)) == (12, 7, 5)
        assert isinstance(text.ids, np.memmap)
        assert not text.ids.flags.writeable
        assert repr(text) == f"<Text: 5 sentences of {tmp_path / 'text.txt'}, 8 ids of 3 names>"


def test_a_vocabulary_above_16_bits_has_ids_of_32(tmp_path):
    for n, dtype in ((1 << 16, np.uint16), ((1 << 16) + 1, np.int32)):
        path = write(tmp_path, " ".join(map(str, range(n))))
        with read_text(path, min_count=1) as text:
            assert text.ids.dtype == dtype
            assert text.ids.tolist() == list(range(n))
            assert text.names == list(map(str, range(n)))


# --- sources


@pytest.mark.parametrize(
    "pack", [bytes, gzip.compress, bz2.compress, lzma.compress, lambda b: pa.compress(b, "zstd", asbytes=True)]
)
def test_packed_files_are_told_by_their_first_bytes(tmp_path, pack):
    with read_text(write(tmp_path, pack(CONTENT.encode()), "no-suffix"), min_count=1) as text:
        assert seen(text) == naive(WORDS)


@pytest.mark.parametrize(
    "pack", [gzip.compress, bz2.compress, lzma.compress, lambda b: pa.compress(b, "zstd", asbytes=True)]
)
def test_packed_files_that_end_early(tmp_path, pack):
    data = pack(np.random.default_rng(0).bytes(1000).hex().encode())
    with pytest.raises(DataError, match=r"cut: the (gzip|bzip2|xz|zstd) data ends early; copy or download it again"):
        read_text(write(tmp_path, data[:-9], "cut"), min_count=1)


@pytest.mark.parametrize(
    "pack", [gzip.compress, bz2.compress, lzma.compress, lambda b: pa.compress(b, "zstd", asbytes=True)]
)
def test_packed_files_that_are_damaged(tmp_path, pack):
    data = bytearray(pack(np.random.default_rng(0).bytes(1000).hex().encode()))
    where = 6 if data.startswith(b"\x28\xb5") else len(data) // 2  # zstd has no checksum of what it packed
    data[where : where + 20] = bytes(20)
    with pytest.raises(DataError, match=r"bad: damaged (gzip|bzip2|xz|zstd) data"):
        read_text(write(tmp_path, bytes(data), "bad"), min_count=1)


def test_several_packed_files_in_one(tmp_path):
    data = b"".join(gzip.compress(line.encode() + b"\n") for line in LINES)
    with read_text(write(tmp_path, data), min_count=1) as text:
        assert seen(text) == naive(WORDS)


def test_a_folder_is_read_in_order_without_hidden_files(tmp_path):
    for name, line in {
        "b/1": "third",
        "b/0.gz": "second",
        "c": "fourth",
        "a": "first",
        ".no": "x",
        ".git/c": "x",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(gzip.compress(line.encode()) if name.endswith("gz") else line.encode())
    with read_text(tmp_path, min_count=1) as text:
        assert sorted(map(tuple, text)) == [("first",), ("fourth",), ("second",), ("third",)]
        assert list(text) == [["first"], ["fourth"], ["second"], ["third"]]


def test_a_list_of_paths(tmp_path):
    (tmp_path / "folder").mkdir()
    paths = [write(tmp_path, "c d", "2"), str(write(tmp_path, "a b", "1")), tmp_path / "folder"]
    write(tmp_path, "e", "folder/3")
    with read_text(paths, min_count=1) as text:
        assert list(text) == [["c", "d"], ["a", "b"], ["e"]]
        assert text.name == f"{tmp_path / '2'} and 2 more"


def test_standard_input():
    program = "import rowspace as rs; text = rs.read_text('-', min_count=1); print(list(text), text.name)"
    for data in (b"a b\nc", gzip.compress(b"a b\nc"), pa.compress(b"a b\nc", "zstd", asbytes=True)):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", program], input=data, capture_output=True, check=True
        )
        assert done.stdout.decode().split("\n")[0] == "[['a', 'b'], ['c']] standard input"
        assert done.stderr == b""


def parquet(table, path):
    pq.write_table(table, path, row_group_size=2)


def arrow(table, path):
    pa.feather.write_feather(table, path)


def uncompressed_arrow(table, path):
    with pa.ipc.new_file(path, table.schema) as out:
        out.write_table(table, max_chunksize=2)


def delimited(table, path):
    pa.csv.write_csv(table, path)


def tabs(table, path):
    pa.csv.write_csv(table, path, pa.csv.WriteOptions(delimiter="\t"))


def json_lines(table, path):
    Path(path).write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))


CELLS = ["the cat", 'a "quoted", cell', "two\nlines in\r\none", "", "caf\u00e9 \U0001f600"]
FILES = [parquet, arrow, uncompressed_arrow, delimited, tabs, json_lines]


@pytest.mark.parametrize("save", FILES)
@pytest.mark.parametrize("packed", [False, True])
def test_a_column_of_a_file(tmp_path, save, packed, small):
    path = tmp_path / "table"
    save(pa.table({"n": range(5), "body": CELLS, "other": ["x"] * 5}), str(path))
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    with read_text(path, column="body", min_count=1) as text:
        assert seen(text) == naive([cell.split() for cell in CELLS])


@pytest.mark.parametrize("save", FILES)
def test_a_column_that_is_not_there(tmp_path, save):
    path = tmp_path / "table"
    save(pa.table({"n": [1, 2], "body": ["a", "b"]}), str(path))
    with pytest.raises(DataError, match="table has no column 'bodi'; it has: 'n', 'body'; did you mean 'body'?"):
        read_text(path, column="bodi")


@pytest.mark.parametrize("save", [parquet, arrow])
def test_a_column_that_is_not_text(tmp_path, save):
    path = tmp_path / "table"
    save(pa.table({"n": [1, 2]}), str(path))
    with pytest.raises(DataError, match="table, column 'n' holds int64: expected text"):
        read_text(path, column="n")


@pytest.mark.parametrize("save", [parquet, json_lines])
def test_missing_cells_are_empty_sentences(tmp_path, save):
    path = tmp_path / "table"
    save(pa.table({"body": ["a b", None, "a"]}), str(path))
    with read_text(path, column="body", min_count=1) as text:
        assert list(text) == [["a", "b"], [], ["a"]]


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
)
def test_every_arrow_type_of_text(kind):
    column = pa.array(["a b", None, "a"]).cast(kind)
    with read_text(pa.table({"x": column}), column="x", min_count=1) as text:
        assert list(text) == [["a", "b"], [], ["a"]]
        assert text.name == "the Table"


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames(library):
    frame = pytest.importorskip(library).DataFrame({"x": ["a b", "a"], "n": [1, 2]})
    with read_text(frame, column="x", min_count=1) as text:
        assert list(text) == [["a", "b"], ["a"]]
    with pytest.raises(DataError, match="the DataFrame needs column=, the column of text; it has: 'x', 'n'"):
        read_text(frame)


def test_lists_of_words(small):
    for source in (
        WORDS,
        tuple(map(tuple, WORDS)),
        iter(WORDS),
        lambda: (line for line in WORDS),
        map(np.array, WORDS),
    ):
        with read_text(source, min_count=1) as text:
            assert seen(text) == naive(WORDS)


def test_words_of_lists_may_be_anything_that_is_text():
    lines = [["", "two words", "new\nline", "\ud800", "\0", "caf\u00e9"], ["", "\ud800"]]
    with read_text(lines, min_count=1) as text:
        assert seen(text) == naive(lines)


# --- words


def test_white_space_is_that_of_ascii(tmp_path):
    data = "\ufeffa\tb\vc\fd\re  f\u00a0g\u3000h\x1ci\u0085j\r\n\r\n  \n x"
    with read_text(write(tmp_path, data), min_count=1) as text:
        assert list(text) == [["a", "b", "c", "d"], ["e", "f\u00a0g\u3000h\x1ci\u0085j"], [], [], ["x"]]


def test_words_are_letters_marks_and_digits(tmp_path, small):
    data = (
        "Don't stop-me, 'now'! rock'n'roll it\u2019s a_b 3.5 o'' '''\n"
        "caf\u00e9 cafe\u0301 \u0928\u092e\u0938\u094d\u0924\u0947 "
        "\u6f22\u5b57\u3002\u4eee\u540d \u201cx\u201d l' \U0001d400z"
    )
    with read_text(write(tmp_path, data), tokens="words", min_count=1) as text:
        assert list(text) == [
            ["Don't", "stop", "me", "now", "rock'n'roll", "it\u2019s", "a", "b", "3", "5", "o"],
            [
                "caf\u00e9",
                "cafe\u0301",
                "\u0928\u092e\u0938\u094d\u0924\u0947",
                "\u6f22\u5b57",
                "\u4eee\u540d",
                "x",
                "l",
                "\U0001d400z",
            ],
        ]


def naive_words(line):
    """Letters, marks and digits, and apostrophes between two of them."""
    inside = [unicodedata.category(c)[0] in "LMN" for c in f" {line} "]
    joined = [c in "'\u2019" and a and b for c, a, b in zip(line, inside, inside[2:], strict=False)]
    kept = [a or b for a, b in zip(inside[1:-1], joined, strict=True)]
    return "".join(c if keep else " " for c, keep in zip(line, kept, strict=True)).split(" ")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\n\r") | st.sampled_from("a' ")),
        min_size=1,
    )
)
def test_words_of_any_characters(tmp_path, monkeypatch, lines):
    monkeypatch.setattr(pieces, "PIECE_BYTES", 11)
    expected = [[word for word in naive_words(line) if word] for line in lines]
    path = write(tmp_path, "\n".join(lines).removeprefix("\ufeff") + "\n")
    if any(expected):
        with read_text(path, tokens="words", min_count=1) as text:
            assert list(text) == expected


def test_a_byte_order_mark_before_a_header(tmp_path):
    for data in ("x,y\na b,c\n", '{"x": "a b"}\n'):
        with read_text(write(tmp_path, "\ufeff" + data), column="x", min_count=1) as text:
            assert list(text) == [["a", "b"]]


def test_lower_case(tmp_path):
    data = "The the B THE \u00c4 \u00e4 \u0130x \u039f\u03a3 b"
    with read_text(write(tmp_path, data), lower=True, min_count=2) as text:
        assert text.names == ["the", "b", "\u00e4"]
        assert text.counts.tolist() == [3, 2, 2]
        assert text.unique == 5
    with read_text(write(tmp_path, data), lower=True, min_count=1) as text:
        assert list(text) == [data.lower().split()]


def test_a_function_that_splits_lines(tmp_path, small):
    data = "a-b|c d\r\n\r\nx|caf\u00e9"
    with read_text(write(tmp_path, data), tokens=lambda line: line.split("|"), min_count=1) as text:
        assert list(text) == [["a-b", "c d"], [""], ["x", "caf\u00e9"]]


def test_a_function_that_splits_cells():
    with read_text(pa.table({"x": ["a|b", "c"]}), column="x", tokens=lambda s: s.split("|"), min_count=1) as text:
        assert list(text) == [["a", "b"], ["c"]]


# --- what has a row


def test_max_vocab_counts_the_names_given(tmp_path):
    path = write(tmp_path, CONTENT)
    for names in ([], ["bird"], ["bird", "unseen", "cow", "x"]):
        with read_text(path, min_count=1, max_vocab=3, names=names) as text:
            assert seen(text) == naive(WORDS, names=names, max_vocab=3)


def test_names_of_a_model_keep_their_ids(tmp_path):
    path = write(tmp_path, CONTENT)
    with read_text(path, min_count=2, names=["unseen", "bird", "cat"]) as text:
        assert text.names == ["unseen", "bird", "cat", "the", "dog"]
        assert text.counts.tolist() == [0, 1, 2, 4, 2]
        assert (text.unique, text.tokens) == (7, 12)
        assert list(text)[3] == ["bird"]
    with read_text(path, min_count=9, names=np.array(["cat"])) as text:
        assert text.names == ["cat"]


@pytest.mark.parametrize("lower", [False, True])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_like_counters_for_any_text_size_of_chunk_and_number_of_threads(tmp_path, monkeypatch, lower, data):
    word = st.text(st.sampled_from("ab\u00e9B\u20ac\U0001f600\x01\u00a0"), min_size=1, max_size=6)
    lines = data.draw(st.lists(st.lists(word, max_size=8), min_size=1, max_size=8))
    names = data.draw(st.lists(word, max_size=3, unique=True))
    threads, min_count = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    max_vocab = data.draw(st.none() | st.integers(1, 6))
    monkeypatch.setattr(pieces, "PIECE_BYTES", data.draw(st.integers(3, 40)))
    monkeypatch.setattr(ids, "RENUMBERED_AT_ONCE", data.draw(st.integers(1, 9)))
    path = write(tmp_path, "\n".join(data.draw(st.sampled_from([" ", "\t", "  "])).join(line) for line in lines) + "\n")
    expected = naive([[w.lower() if lower else w for w in line] for line in lines], min_count, names, max_vocab)
    options = {"min_count": min_count, "names": names, "max_vocab": max_vocab, "lower": lower}
    if not sum(expected[1]):
        with pytest.raises(DataError, match=r"occurs \d times|holds no words"):
            read_text(path, threads=threads, **options)
        return
    with read_text(path, threads=threads, **options) as text:
        assert seen(text) == expected
    with read_text(lines, **options) as text:
        assert seen(text) == expected


def test_many_words_grow_every_table(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    lines = [[f"w{k}" * (1 + k % 40) for k in rng.zipf(1.2, 50) % 20_000] for _ in range(2_000)]
    path = write(tmp_path, "\n".join(map(" ".join, lines)))
    expected = naive(lines, min_count=2)
    for size, threads in ((1 << 19, 1), (1 << 14, 2), (1 << 16, 5)):
        monkeypatch.setattr(pieces, "PIECE_BYTES", size)
        with read_text(path, min_count=2, threads=threads) as text:
            assert text.names == expected[0]
            assert text.counts.tolist() == expected[1]
            assert list(text) == expected[2]


def test_a_line_longer_than_a_chunk(tmp_path, small):
    words = ["long" * 20, "b", "c"] * 5
    with read_text(write(tmp_path, " ".join(words)), min_count=1) as text:
        assert list(text) == [words]


# --- what is refused


@pytest.mark.parametrize("size", [3, 4, 5, 6, 7, 8, 100])
@pytest.mark.parametrize(
    "bad", [b"\xff", b"\xc3", b"\xe2\x82", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80"]
)
@pytest.mark.parametrize("tokens", ["whitespace", "words", str.split])
def test_text_that_is_not_utf8(tmp_path, monkeypatch, size, bad, tokens):
    monkeypatch.setattr(pieces, "PIECE_BYTES", size)
    before = "caf\u00e9 \u20ac\U0001f600\n b".encode()
    path = write(tmp_path, b"\xef\xbb\xbf" + before + bad + b" c\n\xff")
    message = f'text.txt, byte {3 + len(before)}: not UTF-8 text; save it as UTF-8, or read it with errors="replace"$'
    with pytest.raises(DataError, match=message):
        read_text(path, min_count=1, tokens=tokens)
    with read_text(path, min_count=1, tokens=tokens, errors="replace") as text:
        assert len(text) == 3
        if tokens != "words":
            replaced = (before + bad + b" c\n\xff").decode(errors="replace")
            assert list(text) == [line.split() for line in replaced.split("\n")]


def test_the_end_of_a_text_in_the_middle_of_a_character(tmp_path):
    with pytest.raises(DataError, match="byte 2: not UTF-8"):
        read_text(write(tmp_path, "a \u20ac".encode()[:-1]))


@pytest.mark.parametrize("tokens", ["whitespace", "words", str.split])
def test_zero_bytes(tmp_path, tokens):
    path = write(tmp_path, b"a b\nc\0d")
    with pytest.raises(
        DataError, match=r'text.txt, byte 5: a zero byte; is this text\? If so, read it with errors="replace"'
    ):
        read_text(path, tokens=tokens)
    with read_text(path, tokens=tokens, errors="replace", min_count=1) as text:
        assert next(iter(text)) == ["a", "b"]


@pytest.mark.parametrize("threads", [1, 3])
def test_a_cell_that_is_not_utf8_is_named_by_its_row(tmp_path, threads, small):
    path = write(tmp_path, b"n,x\n1,good\n2,more than a few words\n3,caf\xe9\n", "t.csv")
    with pytest.raises(DataError, match="t.csv, row 3: not UTF-8 text"):
        read_text(path, column="x", threads=threads)
    with read_text(path, column="x", errors="replace", min_count=1) as text:
        assert list(text)[2] == ["caf\ufffd"]


def refused(source, message, **options):
    with pytest.raises(DataError, match=message):
        read_text(source, **options)


def test_files_that_are_not_texts(tmp_path):
    refused(tmp_path / "none", "there is no file .*none$")
    refused(tmp_path, "the folder .* holds no files")
    refused(write(tmp_path, ""), "text.txt holds no words")
    refused(write(tmp_path, " \n\n"), "text.txt holds no words")
    refused([], "the list holds no words")
    refused(write(tmp_path, "a b".encode("utf-16")), "text.txt is UTF-16 text; save it as UTF-8")
    refused(write(tmp_path, "a b".encode("utf-16")), "text.txt is UTF-16 text; save it as UTF-8", column="x")
    refused(write(tmp_path, ""), "text.txt is empty; expected a header line and rows", column="x")
    refused(write(tmp_path, '[{"x": 1}]'), "looks like one JSON array", column="x")
    refused(write(tmp_path, '{"x": "a"'), "text.txt, line 1: not one whole JSON object", column="x")
    refused(
        write(tmp_path, '{"x": "a"}\n{"x": 3}\n'), "text.txt, line 2, column 'x': expected text, found 3", column="x"
    )
    refused(write(tmp_path, '{"x": "a"}\n\n{"x": "b"\n'), "text.txt, line 3: not one whole JSON object", column="x")
    refused(write(tmp_path, '{"x": "a"}\n[1]\n'), r"text.txt, line 2: expected a JSON object, found \[1\]", column="x")
    refused(write(tmp_path, "x,y\n1,2\n3,4,5\n"), r"text.txt cannot be read: CSV parse error: Row #3", column="x")
    refused(write(tmp_path, b"PAR1xxxxPAR1"), "text.txt cannot be read: ", column="x")
    refused(write(tmp_path, b"ARROW1xxxxPAR1"), "text.txt cannot be read: ", column="x")
    refused(write(tmp_path, b"PAR1xxxxPAR1"), "text.txt is a Parquet file; say which column is the text: column=")


def test_packed_csv_that_ends_early(tmp_path):
    data = gzip.compress(b"x,y\n" + b"a,b\n" * 1000)
    refused(write(tmp_path, data[:-9]), "text.txt: the gzip data ends early", column="x")


def test_too_few(tmp_path):
    path = write(tmp_path, CONTENT)
    refused(path, "text.txt: no word occurs 5 times; lower min_count")
    refused(path, "none of the names given occurs, and no other word occurs 5 times", names=["zebra"])


def test_options_that_make_no_sense(tmp_path):
    path = write(tmp_path, CONTENT)
    refused(path, "min_count is 0; give a whole number of at least 1", min_count=0)
    refused(path, "max_vocab is 2.5", max_vocab=2.5)
    refused(path, 'errors is \'ignore\'; give "strict" or "replace"', errors="ignore")
    refused(
        path,
        "tokens must be .* a mark between words such as ',', or a function, not 'word'",
        tokens="word",
    )
    refused(path, "name 'a' occurs twice", names=["a", "a"])
    refused(path, "threads is 0", threads=0)
    refused(3, "a text is a path, a data frame with column=, or lists of words, not int")


def test_lists_that_are_not_of_words():
    refused(iter(["a line"]), "a sentence must be a list of words, not one str: 'a line'")
    refused([["a"], 3], "a sentence must be a list of words, not 3")
    refused([["a", 3]], r"a word must be text, not int: 3; give str\(word\)")
    refused([["a", ["b"]]], "a sentence must be a list of words")
    refused([["a"], ["b", float("nan"), 3]], r"not float: nan; give str\(word\), or leave it out of sentence 1")
    refused([["a"], {"b"}], "a sentence must be a list of words, not a set, which has no order .sentence 1, from 0.")


SERIES = [["a", "b"], ["b", "c"]]


@pytest.mark.parametrize(
    "series",
    [
        pandas.Series(SERIES),
        pandas.Series([np.array(words, object) for words in SERIES]),
        pandas.Series(["a b", "b c"], dtype="category"),
        polars.Series(SERIES),
        polars.Series(["a b", "b c"]),
        pa.array(SERIES),
        pa.chunked_array([SERIES[:1], SERIES[1:]]),
        pa.chunked_array([["a b"], ["b c"]]),
    ],
)
def test_a_series_of_sentences(series):
    with read_text(series, min_count=1) as text:
        assert list(text) == SERIES
    frame = pa.table({"words": as_arrow("words", series)})
    for source in (frame, frame.to_reader(), {"words": series, "other": object()}):
        with read_text(source, column="words", min_count=1) as text:
            assert list(text) == SERIES


def test_sentences_that_are_missing_are_empty():
    for series in (pandas.Series([["a"], None, float("nan")]), pa.array([["a"], None, []]), pa.array(["a", None, ""])):
        with read_text(series, min_count=1) as text:
            assert list(text) == [["a"], [], []]


def test_a_series_of_other_things():
    refused(pandas.Series([["a", 3]]), r"the Series holds 3 \(int\) at place 1 of example 0, which is a whole number")
    refused(pandas.Series([["a"], "b c"]), "the Series holds 'b c' .str. at position 1, among lists")
    refused(pa.array([["a", None]]), "a word must be text, not NoneType: None")
    refused(pa.array([1, 2]), "the Int64Array holds int64: expected text")


# --- files of ids


def test_ids_in_a_folder_of_the_user(tmp_path):
    folder = tmp_path / "new" / "ids"
    path = write(tmp_path, CONTENT)
    with read_text(path, min_count=1, ids=folder) as text:
        expected = text.ids.tolist()
    assert np.load(folder / "ids.npy").tolist() == expected
    assert np.load(folder / "offsets.npy").tolist() == [0, 5, 5, 8, 10, 12]
    assert sorted(p.name for p in folder.iterdir()) == ["ids.npy", "offsets.npy"]
    refused(path, "lower min_count", min_count=99, ids=folder)
    assert np.load(folder / "ids.npy").tolist() == expected  # as they were
    assert sorted(p.name for p in folder.iterdir()) == ["ids.npy", "offsets.npy"]
    refused(path, "text.txt is a file; ids= is the folder for the ids", ids=path)


def test_temporary_ids_vanish(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    left = lambda: len(list((tmp_path / "tmp").iterdir()))
    text = read_text(WORDS, min_count=1)
    ids = text.ids
    assert left() == 1
    del text
    gc.collect()
    assert left() == 0
    assert ids[:3].tolist() == [0, 1, 3]  # still mapped
    with read_text(WORDS, min_count=1):
        assert left() == 1
    assert left() == 0
    refused(WORDS, "lower min_count", min_count=99)
    assert left() == 0


@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_leaves_no_files(tmp_path, threads):
    program = """if True:
        import os, signal, sys, tempfile, rowspace as rs
        tempfile.tempdir, threads = sys.argv[1], int(sys.argv[2])
        lines = [["word", str(k)] for k in range(50)]
        rs.read_text(lines, min_count=1).close()
        path = os.path.join(sys.argv[1], "text")
        with open(path, "w") as out:
            out.writelines(f"{k % 9973} a b c d\\n" for k in range(400_000))
        signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.02, 1)  # again, where Python lost it in a weak reference's callback
            while True:
                rs.read_text(path, threads=threads).close()
        except KeyboardInterrupt:
            signal.setitimer(signal.ITIMER_REAL, 0)
            print("stopped", sorted(os.listdir(sys.argv[1])))
    """
    done = subprocess.run([sys.executable, "-c", program, tmp_path, str(threads)], capture_output=True, text=True)
    assert done.stdout == "stopped ['text']\n", done.stderr


def test_sources_are_read_once(tmp_path):
    calls = []

    def lines():
        calls.append(1)
        yield from WORDS

    with read_text(lines, min_count=1, lower=True) as text:
        assert len(text) == 5
    assert calls == [1]


def test_a_progress_bar_over_the_bytes(tmp_path, monkeypatch, small):
    shown = []
    monkeypatch.setattr("rowspace.system.progress._Bar.advance", lambda bar, done, cost: shown.append(done * 1e6))
    for data in (CONTENT.encode(), gzip.compress(CONTENT.encode())):
        shown.clear()
        with read_text(write(tmp_path, data), min_count=1, progress=True):
            assert round(sum(shown)) == len(data)


def test_loops_run_as_plain_python_too(tmp_path, monkeypatch):
    from rowspace.read import word_loops

    path = write(tmp_path, "caf\u00e9 b b\nb caf\u00e9 \u20ac\U0001f600 c's\n")
    with read_text(path, tokens="words", min_count=1) as text:
        expected = seen(text)
    for module in ("encoded", "vocabulary", "ids", "text"):
        monkeypatch.setattr(f"rowspace.read.{module}.text_loop", lambda name: getattr(word_loops, name))
    with np.errstate(over="ignore"), read_text(path, tokens="words", min_count=1, threads=1) as text:
        assert seen(text) == expected
    assert rs.read_text is read_text


LINE_ENDS = [
    (b"one two\rthree four\r", [["one", "two"], ["three", "four"]]),
    (b"one\rtwo\nthree\r\nfour", [["one"], ["two"], ["three"], ["four"]]),
    (b"one\r\r\ntwo\n\rthree", [["one"], [], ["two"], [], ["three"]]),
    (b"\rone\r\n\r\ntwo\r", [[], ["one"], [], ["two"]]),
    (b"one\x0btwo\x0cthree\r", [["one", "two", "three"]]),
    ("one\u0085two\u2028three\u2029four\r".encode(), [["one\u0085two\u2028three\u2029four"]]),
]


@pytest.mark.parametrize(("data", "sentences"), LINE_ENDS)
@pytest.mark.parametrize("split", [None, lambda line: line.split(" ")])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 1 << 19])
def test_lines_end_as_on_any_system(tmp_path, monkeypatch, data, sentences, split, size):
    monkeypatch.setattr(pieces, "PIECE_BYTES", size)
    (tmp_path / "text").write_bytes(data)
    if split:
        sentences = [words or [""] for words in sentences]
        if b"\x0b" in data:
            sentences = [["one\x0btwo\x0cthree"]]
    with read_text(tmp_path / "text", min_count=1, tokens=split or "whitespace") as text:
        assert list(text) == sentences


def test_marks_between_lines_of_unicode_are_between_words(tmp_path):
    (tmp_path / "text").write_text("one\u0085two\u2028three\u2029four\n", encoding="utf-8", newline="")
    with read_text(tmp_path / "text", min_count=1, tokens="words") as text:
        assert list(text) == [["one", "two", "three", "four"]]


def test_a_byte_is_told_where_it_stands_among_returns(tmp_path):
    (tmp_path / "text").write_bytes(b"one\rtwo\r\n\xff")
    with pytest.raises(DataError, match="byte 9: not UTF-8"):
        read_text(tmp_path / "text", min_count=1)
