"""Files that are no text are called what they are, wherever text is expected."""

import gzip
import json
import pickle
import random
import sqlite3
import struct

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rowspace as rs
from rowspace.errors import DataError
from rowspace.read.binary import is_binary, not_text

RANDOM = random.Random(0).randbytes(2000)
LINES = "the cat sat on the mat\n" * 30


def database(path):
    with sqlite3.connect(path) as made:
        made.execute("create table a(b)")
    made.close()


WRITERS = {
    "an array of NumPy's": lambda path: path.write_bytes(b"\x93NUMPY\x01\0v\0{}"),
    "a pickle of Python's": lambda path: path.write_bytes(pickle.dumps({"cat": [0.1, 0.2]})),
    "a PDF file": lambda path: path.write_bytes(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"),
    "a picture": lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
    "a file of an old Excel or Word": lambda path: path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(500)),
    "an SQLite database": database,
    "a file of safetensors": lambda path: path.write_bytes(struct.pack("<Q", 12) + b'{"a":{"dtype":"F32"}}'),
    "UTF-16 text; save it as UTF-8": lambda path: path.write_text(LINES, "utf-16"),
    "UTF-16 text; save it": lambda path: path.write_text(LINES, "utf-16-be"),
    "UTF-32 text; save it as UTF-8": lambda path: path.write_text(LINES, "utf-32"),
    "binary data, no text": lambda path: path.write_bytes(RANDOM),
    "binary data, no": lambda path: path.write_bytes(gzip.compress(RANDOM[:600] * 3)),
}


@pytest.mark.parametrize("what", WRITERS)
def test_what_it_is_and_no_advice_for_damaged_text(tmp_path, what):
    path = tmp_path / "given"
    WRITERS[what](path)
    model = rs.Model({"E": rs.Table(names=["a", "b"], dim=2)})
    for read in (
        lambda: rs.read_text(path, progress=False),
        lambda: rs.read_text(path, column="t", progress=False),
        lambda: rs.read_pairs(path),
        lambda: rs.evaluate_similarity(model, path),
        lambda: rs.evaluate_analogies(model, path),
    ):
        with pytest.raises(DataError, match=f"given is {what}") as told:
            read()
        assert "errors=" not in str(told.value)
        assert "copy" not in str(told.value)


def test_tables_where_lines_are_expected(tmp_path):
    pq.write_table(pa.table({"a": ["cat"], "b": ["dog"]}), tmp_path / "t.parquet")
    model = rs.Model({"E": rs.Table(names=["a", "b"], dim=2)})
    with pytest.raises(DataError, match="is a Parquet file; expected lines of two words and a score, as text in UTF-8"):
        rs.evaluate_similarity(model, tmp_path / "t.parquet")


def test_binary_data_behind_text(tmp_path):
    (tmp_path / "t").write_bytes(LINES.encode() + RANDOM)
    with pytest.raises(DataError, match=r"byte \d+: binary data, no text; give a file of text"):
        rs.read_text(tmp_path / "t", progress=False)


@pytest.mark.parametrize(
    "text",
    [
        "d\u00e9j\u00e0 vu, caf\u00e9\n".encode("latin-1") * 50,
        "\u65e5\u672c\u8a9e\u306e\u6587\u7ae0\n".encode("shift-jis") * 50,
        "\u043a\u043e\u0448\u043a\u0430\n".encode("cp1251") * 50,
        "\u732b\u304c\u5ea7\u308b\n".encode() * 50,
        b"a b\0c\n",
        b"\x1b[31mred\x1b[0m\n" * 50,
        b"%PDF is a word\n",
        b"\x1f,\x01\n" * 50,  # names of control characters
        b"",
    ],
)
def test_text_in_any_encoding_of_bytes_is_text(text):
    assert not_text(text) is None
    assert not is_binary(text)


def test_words_that_look_like_the_begin_of_packed_data(tmp_path):
    (tmp_path / "t").write_text("BZh is a word\nPK is another\n" * 5)
    with rs.read_text(tmp_path / "t", min_count=1, progress=False) as text:
        assert "BZh" in text.names


def test_a_column_may_have_its_name_in_brackets(tmp_path):
    (tmp_path / "t.csv").write_text("[left],[right]\ncat,kitten\ncar,truck\n")
    assert rs.read_pairs(tmp_path / "t.csv").names == ["cat", "kitten", "car", "truck"]
    with rs.read_text(tmp_path / "t.csv", column="[left]", min_count=1, progress=False) as text:
        assert sorted(text.names) == ["car", "cat"]
    (tmp_path / "t.json").write_text(json.dumps([{"a": "cat", "b": "car"}]))
    for read in (lambda: rs.read_pairs(tmp_path / "t.json"), lambda: rs.read_text(tmp_path / "t.json", column="a")):
        with pytest.raises(DataError, match="looks like one JSON array"):
            read()
