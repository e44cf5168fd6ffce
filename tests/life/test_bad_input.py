"""Bad files of every kind, by the library and by the command line: refused in one clear line, with nothing harmed."""

import bz2
import contextlib
import gzip
import io
import json
import lzma
import os
import re
import subprocess
import sys
from itertools import chain

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

import rowspace as rs
from tests.support.commands import SOURCE, call, fails, shell, works

QUICK = ["--dim", 2, "--epochs", 1, "--no-progress"]
TEXT = [*QUICK, "--min-count", 1, "--sample", 0]
LONG = "x" * 10_000
NFC, NFD = "\u00e9t\u00e9", "e\u0301te\u0301"


def zstd(data):
    out = pa.BufferOutputStream()
    with pa.CompressedOutputStream(out, "zstd") as stream:
        stream.write(data)
    return out.getvalue().to_pybytes()


PACKED = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstd}


# --- files of pairs from columns, in every format


def delimited(mark):
    def write(columns, path):
        rows = [mark.join(columns), *(mark.join(map(str, row)) for row in zip(*columns.values(), strict=True))]
        path.write_text("\n".join(rows) + "\n")

    return write


def json_lines(columns, path):
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


WRITERS = {
    "csv": delimited(","),
    "tsv": delimited("\t"),
    "jsonl": json_lines,
    "parquet": lambda columns, path: parquet.write_table(pa.table(columns), path),
    "arrow": lambda columns, path: feather.write_feather(pa.table(columns), path),
}


def write(path, data):
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


@pytest.fixture
def out(tmp_path):
    """A model in a folder of its own, which a command that fails must leave as it is."""
    (tmp_path / "models").mkdir()
    rs.Model({"E": rs.Table(names=["old"], dim=2)}, {"cost": "skip_gram"}).save(tmp_path / "models" / "m")
    return tmp_path / "models" / "m"


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(out, *words, message):
    """The command fails with this message in a line a terminal can hold, and leaves no trace beside the old model."""
    before = contents(out.parent)
    line = fails(*words, "-o", out)
    assert re.search(message, line), line
    assert len(line) < 1000
    assert line.isprintable()
    assert contents(out.parent) == before
    assert [path.name for path in out.parent.iterdir()] == ["m"]


def raises(message, function, *arguments, **options):
    """The library refuses with a RowspaceError and this message."""
    with pytest.raises(rs.RowspaceError) as caught:
        function(*arguments, **options)
    assert re.search(message, str(caught.value)), str(caught.value)
    assert len(str(caught.value)) < 1000


def option_words(options):
    return [word for name, value in options.items() for word in (f"--{name}", value)]


def train_pairs(path, **roles):
    return rs.train_pairs(rs.read_pairs(path, **roles), dim=2, epochs=1, progress=False)


# --- pairs


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize(
    ("columns", "roles", "message"),
    [
        ({"a": [], "b": []}, {}, "has a header but no rows|has no pairs|is empty; expected a header line and rows"),
        ({"a": ["x"]}, {}, "needs a column for the left and one for the right item; it has: 'a'"),
        ({"from": ["x"], "to": ["y"]}, {"left": "form"}, "no column 'form'; it has: 'from', 'to'; did you mean"),
        ({"a": ["x"], "b": ["y"]}, {"label": "same"}, "no column 'same'; it has: 'a', 'b'"),
        (
            {"a": ["x", "x"], "b": ["y\0", "z"]},
            {},
            r"(line 2|line 1|row 1), column 'b': the name 'y.x00' holds a",
        ),
        (
            {"a": ["x", "x"], "b": ["y", ""]},
            {},
            "(line 3|line 2|row 2), column 'b': empty name; fix it or drop",
        ),
        (
            {"a": ["x", "x"], "b": ["y", "z"], "l": [1.0, float("nan")]},
            {"label": "l"},
            "'l': nan is not a finite",
        ),
        ({"a": ["x"], "b": ["y"], "l": [float("inf")]}, {"label": "l"}, "column 'l': inf is not a finite number"),
        (
            {"a": ["x"], "b": ["y"], "l": [1e39]},
            {"label": "l"},
            r"column 'l': 1e\+39 is not a finite number",
        ),
        ({"a": ["x"], "b": ["y"], "l": ["yes"]}, {"label": "l"}, "column 'l': [\"']yes[\"'] is not a number"),
        (
            {"a": ["x"], "b": ["y"], "l": [2]},
            {"label": "l"},
            "column 'label' holds 2 at position 0; the cost logistic_dot takes numbers from 0 to 1",
        ),
        ({"a": ["x"], "b": ["y"], "w": [-1]}, {"weight": "w"}, "column 'w': -1 is negative; a weight is 0 or more"),
        ({"a": ["x"], "b": ["y"], "w": [0]}, {"weight": "w"}, "every weight in column 'w' is 0"),
        ({"a": ["x"], "b": ["y"], "w": [LONG]}, {"weight": "w"}, r"column 'w': [\"']x{30,80}.{0,6} is not a number"),
    ],
)
def test_pairs_that_cannot_be_trained_on(tmp_path, out, kind, columns, roles, message):
    path = tmp_path / f"pairs.{kind}"
    WRITERS[kind](columns, path)
    raises(message, train_pairs, path, **roles)
    refused(out, "train", "pairs", path, *QUICK, *option_words(roles), message=message)


RAW_PAIRS = [
    ("", "is empty; expected a header line and rows"),
    ("\n \n", "is empty; expected a header line and rows"),
    ("a,b\nx,y\nz\n", "line 3: 1 field, the header has 2 columns"),
    ("a,b\nx,y,z\n", "line 2: 3 fields, the header has 2 columns"),
    ('a,b\n"x,y\n', "line 2: 1 field, the header has 2 columns; is a quote left open"),
    ("a,a\nx,y\n", "left and right are both column 'a'|several columns 'a'; rename all but one"),
    ("1,2\n3,4\n", "line 1: 1, 2 looks like data, not like names of columns; give --no-header"),
    (bytes(40), "line 1: a zero byte; expected text"),
    (b"a,b\nx,\xe9\n", "line 2: not UTF-8 text: byte 0xe9 at offset 6; save the file as UTF-8"),
    (b"\xe9,b\nx,y\n", "line 1: not UTF-8 text; save the file as UTF-8"),
    ("a,b\nx,y\n".encode("utf-16"), "is UTF-16 text; save it as UTF-8"),
    ('[{"a": 1, "b": 2}]', "looks like one JSON array; write one object a line"),
    ('{"a": 1, "b": 2}\n{"a": 1', "line 2: not one whole JSON object"),
    (
        '{"a": 1, "b": 18446744073709551616}',
        "line 1, column 'b': expected a whole number .* found 184467440",
    ),
    ('{"\\ud800": "x", "b": "y"}', "the name of column .* holds half a character; rename it"),
    ('{"a": ' * 3000, "line 1: not one whole JSON object"),
    (b"PAR1" + bytes(40) + b"PAR1", "damaged Parquet file"),
    (b"ARROW1" + bytes(40), "damaged Arrow file"),
    (LONG, "needs a column for the left and one for the right item; it has: 'xxx"),
]


@pytest.mark.parametrize(("data", "message"), RAW_PAIRS)
def test_files_that_hold_no_pairs(tmp_path, out, data, message):
    path = write(tmp_path / "pairs", data)
    raises(f"^{re.escape(str(path))}.*({message})", rs.read_pairs, path)
    refused(out, "train", "pairs", path, *QUICK, message=message)


@pytest.mark.parametrize("kind", PACKED)
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_packed_files_that_end_early(tmp_path, out, kind, share):
    rows = "".join(f"item{k},item{k * k % 37}\n" for k in range(40))
    packed = PACKED[kind](f"a,b\n{rows}".encode())
    path = write(tmp_path / f"file.{kind}", packed[: int(len(packed) * share)])
    message = r"file\.\w+: the \w+ data ends early; copy or download it again"
    raises(message, rs.read_pairs, path)
    raises(message, rs.read_text, path)
    raises(message, rs.read_text, path, column="a")
    refused(out, "train", "pairs", path, *QUICK, message=message)
    refused(out, "train", "text", path, *TEXT, message=message)
    refused(out, "train", "text", path, *TEXT, "--column", "a", message=message)
    assert len(rs.read_pairs(write(path, packed))) == 40


def test_packed_files_within_packed_damage(tmp_path, out):
    packed = bytearray(gzip.compress(b"a,b\nx,y\n" * 50, mtime=0))
    packed[12:18] = bytes(6)
    path = write(tmp_path / "file.gz", bytes(packed))
    raises("damaged gzip data", rs.read_pairs, path)
    refused(out, "train", "pairs", path, *QUICK, message="damaged gzip data .*copy it again")


def test_folders_in_place_of_files(tmp_path, out):
    folder, empty = tmp_path / "vectors.txt", tmp_path / "empty"
    folder.mkdir()
    empty.mkdir()
    message = "is a folder; give a file"
    for function in (rs.read_pairs, rs.import_):
        raises(message, function, folder)
    refused(out, "train", "pairs", folder, message=message)
    refused(out, "import", folder, message=message)
    raises("holds no files", rs.read_text, empty)
    refused(out, "train", "text", empty, message="the folder .* holds no files")
    assert "is not a model: it has no model.json" in fails("neighbors", folder, "x")
    for option in ("--similarity", "--analogies"):
        assert message in fails("evaluate", out, option, folder)
    assert "cannot write" in fails("export", out, folder)
    assert "there is no folder" in fails("export", out, tmp_path / "nowhere" / "v.txt")


# --- what is unusual and right


AS_THEY_ARE = {
    "\ufeffa,b\nx,y\n": {"x", "y"},
    "a,b\r\nx,y\rz,w\nq,r\r\n": {"x", "y", "z", "w", "q", "r"},
    f"a,b\n{NFC},{NFD}\n": {NFC, NFD},
    "a,b\n-5,99999999999\n2147483648,-9223372036854775808\n": {"-5", "99999999999", "2147483648"}
    | {"-9223372036854775808"},
    f"a,b\n{'9' * 60},1.5e300\n": {"9" * 60, "1.5e300"},
    '{"a": -1, "b": 9223372036854775807}\n': {"-1", "9223372036854775807"},
    "a,b\nx,x\nx,x\n": {"x"},
}


@pytest.mark.parametrize("text", AS_THEY_ARE)
def test_marks_line_ends_accents_and_numbers_are_read_as_they_are(tmp_path, out, text):
    path = write(tmp_path / "pairs", text)
    assert set(rs.read_pairs(path).names) == AS_THEY_ARE[text]
    works("train", "pairs", path, "-o", out, *QUICK)
    assert set(rs.open(out).index_to_key) == AS_THEY_ARE[text]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\ufeffa b\nb a\n", {"a", "b"}),
        ("a b\rb a\r\nb c\n", {"a", "b", "c"}),
        (f"{NFC} {NFD}\n", {NFC, NFD}),
    ],
)
def test_words_are_read_as_they_are(tmp_path, out, text, words):
    path = write(tmp_path / "text", text)
    works("train", "text", path, "-o", out, *TEXT)
    assert set(rs.open(out).index_to_key) == words


# --- texts


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        ("", {}, "text holds no words"),
        (" \n\n\t\n", {}, "text holds no words"),
        ("a b\0c\n", {}, 'text, byte 3: a zero byte; is this text\\? If so, read it with (errors="|--errors )replace'),
        (b"caf\xe9\n", {}, "text, byte 3: not UTF-8 text; save it as UTF-8, or read it with (errors=|--errors )"),
        ("a b".encode("utf-16"), {}, "is UTF-16 text; save it as UTF-8"),
        (b"PAR1" + bytes(20), {}, "is a Parquet file; say which column is the text"),
        ("", {"column": "t"}, "is empty; expected a header line and rows"),
        ("t\n", {"column": "t"}, "text holds no words"),
        ("t,u\na,b\n", {"column": "v"}, "has no column 'v'; it has: 't', 'u'"),
        ("t,u\na,b,c\n", {"column": "t"}, "Row #2: Expected 2 columns, got 3.*is a quote left open"),
        ('t,u\n"a,b\n', {"column": "t"}, "Expected 2 columns, got 1.*is a quote left open"),
        ("t,u\na,b\0\n\0\x1b,c\n,,,\n", {"column": "t"}, "Expected 2 columns, got 4"),
        ('{"t": 1}\n', {"column": "t"}, "line 1, column 't': expected text, found 1"),
        ('{"t": "a"}\n{"t"\n', {"column": "t"}, "line 2: not one whole JSON object"),
        ("\0t,u\na,b\n", {"column": "t"}, "line 1: a zero byte"),
        (b"PAR1" + bytes(40) + b"PAR1", {"column": "t"}, "cannot be read: "),
        (b"ARROW1" + bytes(40), {"column": "t"}, "cannot be read: "),
    ],
)
def test_texts_that_hold_none(tmp_path, out, data, options, message):
    path = write(tmp_path / "text", data)
    raises(message, rs.read_text, path, min_count=1, **options)
    refused(out, "train", "text", path, *TEXT, *option_words(options), message=message)


def test_columns_that_are_no_text(tmp_path, out):
    table = pa.table({"t": [1.5, 2.5], "long": [{LONG: 1}] * 2})
    for write_table in (parquet.write_table, feather.write_feather):
        write_table(table, tmp_path / "table")
        for column, kind in (("t", "double"), ("long", "struct<x{30,}")):
            message = f"column '{column}' holds {kind}.*: expected text"
            raises(message, rs.read_text, tmp_path / "table", column=column)
            refused(out, "train", "text", tmp_path / "table", *TEXT, "--column", column, message=message)


# --- vectors of other tools


def npy(array):
    out = io.BytesIO()
    np.save(out, array, allow_pickle=True)
    return out.getvalue()


FLOATS = np.ones((2, 2), np.float32)
VECTORS = [
    ("v.txt", "", "no rows to read"),
    ("v.txt", "2 2\n", "line 1: 2 rows of 2 numbers take at least"),
    (
        "v.txt",
        "1000000000 300\na 1 2\n",
        "rows of 300 numbers take at least 601999999999 bytes and 6 follow",
    ),
    ("v.txt", "1 2\na 1 2\nb 3 4\n", "line 3: more follows the 1 rows of the header"),
    ("v.txt", "2 2\na 1 2\nb 3\nc 4\n", "line 3: 1 numbers where 2 are expected"),
    ("v.txt", "2 2\na 1 2\na 3 4\n", "line 3: name 'a' was already at .*line 2"),
    ("v.txt", f"2 2\n{LONG} 1 2\n{LONG} 3 4\n", r"line 3: name 'x+\.\.\.' was already at"),
    ("v.txt", "2 2\na 1 2\nb nan inf\n", "line 3: 'nan' is not a finite float32"),
    ("v.txt", f"1 2\na 1 {LONG}\n", r"line 2: 'x+\.\.\.' is not a finite float32"),
    ("v.vec", "2 2\na 1 2\nb 3 4e99\n", "line 3: '4e99' is not a finite float32"),
    ("v.vec", b"2 2\na 1 2\n" + b"\xff" * 5000 + b" 3 4\n", r"line 3: the name b'(\\xff)+.* is not UTF-8"),
    ("v.txt", "a 1 2\nb 3\nc 4 5\n", "line 2: 1 numbers where 2 are expected"),
    ("v.bin", "", "line 1: expected a header 'rows dim', got ''"),
    ("v.bin", b"4000000000 300\na " + bytes(8), "4000000000 rows of 300 numbers take at least"),
    ("v.bin", b"1 999999999999999999\na " + bytes(8), "1 rows of 999999999999999999 numbers take at least"),
    ("v.bin", b"2 2\na " + bytes(8), "2 rows of 2 numbers take at least 20 bytes and 10 follow"),
    ("v.bin", b"1 2\na " + bytes(8) + b"b " + bytes(8), "more follows the 1 rows of the header"),
    ("v.bin", b"2 2\na " + bytes(8) + b"a " + bytes(8), "record 2: name 'a' was already at .*record 1"),
    ("v.txt.gz", gzip.compress(b"2 2\na 1 2\nb 3 4\n", mtime=0)[:-6], "the gzip data ends early"),
    ("v.npy", "", "is not a .npy file"),
    ("v.npy", npy(FLOATS)[:-3], r"bytes where its header promises \d+ for shape"),
    ("v.npy", npy(FLOATS.astype(float)), r"holds float64 of shape \(2, 2\), expected float32"),
    ("v.npy", npy(FLOATS[0]), "2 dimension"),
    ("v.npy", npy(np.array([{}, {}])), "holds object|not a .npy file"),
    ("v.parquet", "", "v.parquet is "),
    ("v.parquet", b"PAR1" + bytes(40) + b"PAR1", "is a damaged Parquet file|is not a table of names"),
    ("v.xlsx", "a", "the format of .*v.xlsx is not known here; give one of word2vec"),
]


@pytest.mark.parametrize(("name", "data", "message"), VECTORS)
def test_vectors_that_cannot_be_read(tmp_path, out, name, data, message):
    path = write(tmp_path / name, data)
    raises(message, rs.import_, path)
    refused(out, "import", path, message=message)
    for words in (["neighbors", path, "a"], ["analogy", path, "a", "b", "c"]):
        assert re.search(message, fails(*words))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ('["a"]', "1 names for 2 rows"),
        ('["a", "a"]', "name 'a' occurs twice"),
        ('["a", 1]', "is not a JSON list of names"),
        ('{"a": 1}', "is not a JSON list of names: it holds dict"),
        ("[" * 100_000, "is not a JSON list of names"),
        ("", "is not a JSON list of names"),
        (f'["{LONG}", "{LONG}"]', "occurs twice"),
    ],
)
def test_names_beside_an_array_that_are_wrong(tmp_path, out, names, message):
    path = write(tmp_path / "v.npy", npy(FLOATS))
    write(tmp_path / "v.names.json", names)
    raises(message, rs.import_, path)
    refused(out, "import", path, message=message)


@pytest.mark.parametrize(
    "columns",
    [
        {"vector": [[1.0]]},
        {"name": ["a"]},
        {"name": ["a", "b"], "vector": [[1.0], [1.0, 2.0]]},
        {"name": ["a", "a"], "vector": [[1.0], [2.0]]},
        {"name": ["a", None], "vector": [[1.0], [2.0]]},
        {"name": ["a", "b"], "vector": [[1.0], None]},
        {"name": ["a"], "vector": ["x"]},
        {"name": ["a"], "vector": [[]]},
        {"name": ["a"], "vector": [[1e300]]},  # infinite as float32
    ],
)
def test_tables_that_hold_no_vectors(tmp_path, out, columns):
    parquet.write_table(pa.table(columns), tmp_path / "v.parquet")
    message = "v.parquet is not a table of names and vectors: "
    raises(message, rs.import_, tmp_path / "v.parquet")
    refused(out, "import", tmp_path / "v.parquet", message=message)


@pytest.mark.parametrize("text", ["2 2\na 1 0\nb 0 1\n", "2 2\r\na 1 0 \r\nb 0 1\n", "a 1 0\nb 0 1\r\n"])
@pytest.mark.parametrize("name", ["v.txt", "v.txt.gz"])
def test_a_mark_and_mixed_line_ends_of_vectors_are_read_over(tmp_path, out, text, name):
    data = f"\ufeff{text}".encode()
    path = write(tmp_path / name, gzip.compress(data, mtime=0) if name.endswith("gz") else data)
    assert rs.import_(path).names == ["a", "b"]
    works("import", path, "-o", out)
    assert rs.open(out).index_to_key == ["a", "b"]


def test_names_that_differ_in_normal_form_stay_apart(tmp_path, out):
    path = write(tmp_path / "v.txt", f"2 2\n{NFC} 1 0\n{NFD} 0 1\n")
    assert rs.import_(path).names == [NFC, NFD]
    works("import", path, "-o", out)
    found = json.loads(works("neighbors", out, NFC, "--json").stdout)
    assert [near["item"] for near in found[0]["neighbors"]] == [NFD]


# --- what people judged


@pytest.mark.parametrize(
    ("option", "data", "message"),
    [
        ("similarity", "", "is empty; expected lines of two words and a score"),
        ("similarity", "one\ttwo\tscore\n", "has no pairs; expected lines of two words and a score"),
        ("similarity", "a\tb\n", "line 1: 2 fields where two words and a score are expected"),
        ("similarity", "a\tb\t1\na\tb\tnan\n", "line 2: the score 'nan' is not a finite number"),
        ("similarity", "a\tb\t1\na\tb\tx\n", "line 2: the score 'x' is not a finite number"),
        ("similarity", f"a\tb\t1\na\tb\t{LONG}\n", r"line 2: the score 'x+\.\.\.' is not a finite number"),
        ("similarity", b"a\tb\t1\n\xe9\tb\t1\n", "line 2 is not UTF-8; save the file as UTF-8"),
        ("similarity", gzip.compress(b"a\tb\t1\n", mtime=0)[:-6], "the gzip data ends early"),
        ("analogies", "", "is empty; expected sections"),
        ("analogies", ": only\n", "has no questions; expected lines of four words"),
        ("analogies", "a b c d\n", "line 1: 'a b c d' comes before the first section"),
        ("analogies", ": s\na b c\n", "line 2: 3 words where four are expected"),
        ("analogies", f": s\n{LONG}\n", "line 2: 1 word where four are expected"),
        ("analogies", bz2.compress(b": s\na b c d\n")[:-6], "the bzip2 data ends early"),
    ],
)
def test_judgements_that_cannot_be_read(tmp_path, out, option, data, message):
    path = write(tmp_path / "judged", data)
    function = {"similarity": rs.evaluate_similarity, "analogies": rs.evaluate_analogies}[option]
    raises(message, function, rs.open(out), path)
    assert re.search(message, fails("evaluate", out, f"--{option}", path))


# --- models and traces


def test_a_model_of_a_newer_version(tmp_path, out):
    described = json.loads((out / "model.json").read_text())
    (out / "model.json").write_text(json.dumps({**described, "version": 99}))
    text, message = write(tmp_path / "text", "a b c\n" * 9), r"is a model of format 99 and this rowspace \(.*\) reads"
    raises(message, rs.open, out)
    asked = [["info"], ["neighbors", "a"], ["analogy", "a", "b", "c"], ["export", tmp_path / "v.txt"]]
    asked += [["plot", "-o", tmp_path / "p.png"], ["evaluate", "--similarity", text]]
    for command, *words in asked:
        assert re.search(message, fails(command, out, *words))
    refused(out, "train", "text", text, *TEXT, message=f"{message}.*not overwritten")
    assert re.search(message, fails("train", "text", text, *TEXT, "--from", out, "-o", tmp_path / "new"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["models", "text"]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("t.tsv", "", "line 1: expected the header 'i n d0 d1 ...'"),
        ("t.tsv", f"{LONG}\n", r"line 1: expected the header .* found 'x+\.\.\.'"),
        ("t.tsv", "i\tn\td0\n0\ta\tx\n", "line 2: 'x' is not a number"),
        ("t.tsv", "i\tn\td0\n0\ta\n", "line 2: 2 fields, expected 3"),
        ("t.tsv", b"i\tn\td0\n0\t\xe9\t1\n", "not UTF-8 text at byte 9"),
        ("t.parquet", "", "not a trace that can be read"),
        ("t.parquet", b"PAR1" + bytes(40) + b"PAR1", "not a trace that can be read"),
    ],
)
def test_traces_that_cannot_be_read(tmp_path, name, data, message):
    path = write(tmp_path / name, data)
    raises(message, rs.read_trace, path)
    assert re.search(message, fails("plot", path, "-o", tmp_path / "p.png"))
    assert not (tmp_path / "p.png").exists()


# --- options


PAIRS = "a,b,l\n" + "".join(f"item{k},item{k * k % 97},{k % 2}\n" for k in range(200))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dim": 0}, "dim is 0; give a whole number of at least 1"),
        ({"dim": -1}, "dim is -1; give a whole number of at least 1"),
        ({"dim": 10**9}, r"not enough memory: a table of \d+ x 1000000000 and what .* needs \d+\.\d GB"),
        ({"dim": 10**30}, "not enough memory: a table of"),
        ({"rate": 1e30, "update": "sgd"}, r"the cost or its gradient is not finite .*lower the rate \(1e\+30\)"),
        ({"rate": "nan"}, "the rate is nan; it must be a number of at least 0"),
        ({"rate": -1}, "the rate is -1.0; it must be a number of at least 0"),
        ({"decay": "inf"}, "decay is inf; it must be a number of at least 0"),
        ({"negatives": 10**9}, "k is 1000000000; draw from 1 to 65,536 negatives"),
        ({"seed": -1}, "seed is -1; give a whole number of at least 0"),
        ({"threads": 10**9}, "threads is 1000000000; give at most 1,024"),
        ({"label": "l", "rate": 1e30, "update": "sgd", "cost": "squared_dot"}, "not finite .*lower the rate"),
    ],
)
def test_options_of_pairs_that_cannot_be(tmp_path, out, options, message):
    path = write(tmp_path / "pairs.csv", PAIRS)
    refused(out, "train", "pairs", path, *option_words({"dim": 2, "epochs": 2, **options}), message=message)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dim": 0}, "dim is 0; give a whole number of at least 1"),
        ({"dim": 10**9}, r"not enough memory: [\d,]+ rows of 1,000,000,000 numbers"),
        ({"dim": 10**9, "cost": "glove"}, r"not enough memory: [\d,]+ rows of 1,000,000,000 numbers"),
        ({"max-n": 4, "buckets": 2 * 10**9, "dim": 300}, "not enough memory: 2,000,000,"),
        ({"rate": 1e38}, "not finite .*lower the rate"),
        ({"window": 10**9}, "window is 1000000000; words reach 10,000 words at most"),
        ({"negative": 10**9}, "k is 1000000000; draw from 1 to 65,536 negatives"),
        ({"sample": "nan"}, "sample is nan; give 0, or a share of the text"),
        ({"ns-exponent": "inf"}, "power is inf; it must be a number such as 0.75"),
        ({"threads": 10**9}, "threads is 1000000000; give at most 1,024"),
    ],
)
def test_options_of_texts_that_cannot_be(tmp_path, out, options, message):
    path = write(tmp_path / "text", " ".join(f"word{k}" for k in range(200)) + "\n")
    before = contents(out.parent)
    chosen = {"dim": 2, "epochs": 1, "min-count": 1, "sample": 0, **options}
    result = call("train", "text", path, *option_words(chosen), "--no-progress", "--json", "-o", out)
    assert (result.exit_code, result.stdout) == (1, "")
    assert re.fullmatch(f"rowspace: .*{message}.*\n", result.stderr), result.stderr
    assert contents(out.parent) == before


def test_memory_is_asked_for_before_it_is_taken(tmp_path, out):
    resource = pytest.importorskip("resource")
    peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    path, before = write(tmp_path / "pairs.csv", PAIRS), peak()
    refused(out, "train", "pairs", path, "--dim", 10**9, message="not enough memory")
    assert peak() - before < 200 * 1024


# --- names of 10 kB


def long_names(n):
    return [f"{k}-".ljust(10_000, "x") for k in range(n)]


def test_long_names_are_names(tmp_path, out):
    names = long_names(2000)
    path = write(tmp_path / "pairs.csv", "a,b\n" + "".join(f"{name},same\n" for name in names))
    works("train", "pairs", path, "-o", out, *QUICK)
    assert sorted(rs.open(out).index_to_key) == sorted([*names, "same"])
    line = fails("neighbors", out, names[0] + "y")
    assert "is not in the table (2001 items)" in line
    assert len(line) < 300
    with rs.read_text(([name, "same"] for name in names), min_count=1) as text:
        assert sorted(text.names) == sorted([*names, "same"])
    with rs.read_text(([name, "same"] for name in names), min_count=2) as text:
        assert text.names == ["same"]


# --- as a process


@pytest.mark.parametrize(
    ("words", "name", "data", "message"),
    [
        (["train", "pairs"], "pairs.csv", "a,b\nx\n", "line 2: 1 field, the header has 2 columns"),
        (["train", "text"], "text", "a b\0c\n", "byte 3: a zero byte"),
        (["import"], "v.bin", b"4000000000 300\na " + bytes(8), "4000000000 rows of 300 numbers take at least"),
    ],
)
def test_a_line_and_a_status_from_a_process(tmp_path, out, words, name, data, message):
    before = contents(out.parent)
    done = shell(*words, write(tmp_path / name, data), "-o", out)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(f"rowspace: .*{message}.*\n", done.stderr), done.stderr
    assert contents(out.parent) == before


def within(room, *words, given=()):
    """A command in a process that may map so many bytes, with what it is given on standard input: its error."""
    import resource

    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (room, room))
    run = [sys.executable, "-c", "from rowspace.cli import main; main()", *map(str, words)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    with subprocess.Popen(run, preexec_fn=limit, env=environment, bufsize=0, **pipes) as process:
        with contextlib.suppress(BrokenPipeError):
            for line in given:
                process.stdin.write(line)
        said, errors = process.communicate(timeout=600)
    assert (process.returncode, said) == (1, b""), errors
    return errors.decode()


ROOM = 3 * 2**30
needs_a_limit = pytest.mark.skipif(sys.platform != "linux", reason="needs a limit of memory")


@pytest.mark.slow
@needs_a_limit
@pytest.mark.parametrize("command", ["text", "pairs"])
def test_a_million_long_names_are_refused_instead_of_killed(out, command):
    before = contents(out.parent)
    names = (f"{k}-".encode().ljust(10_000, b"x") + b",y\n" for k in range(1_000_000))
    options = ["--min-count", "1"] if command == "text" else []
    error = within(ROOM, "train", command, "-", "-o", out, *options, given=chain([b"a,b\n"], names))
    assert re.fullmatch(r"rowspace: not enough memory: .*standard input.*in parts.*\n", error), error
    assert contents(out.parent) == before
    assert [path.name for path in out.parent.iterdir()] == ["m"]


@pytest.mark.slow
@needs_a_limit
@pytest.mark.parametrize(("command", "kind"), [*(("pairs", kind) for kind in PACKED), ("text", "gz")])
def test_a_small_file_that_unpacks_to_10_gb_is_refused(tmp_path, out, command, kind):
    part = PACKED[kind](b"x" * 2**26)
    path = write(tmp_path / f"file.{kind}", part * 150)
    assert path.stat().st_size < 30_000_000
    error = within(ROOM, "train", command, path, "-o", out)
    assert re.fullmatch(r"rowspace: not enough memory: .*\n", error), error


def test_scores_of_any_delimiter_are_judged(tmp_path):
    rs.Model({"W": rs.Table(names=["ada", "bob", "cyd"], dim=2, seed=0)}).save(tmp_path / "m")
    path = write(tmp_path / "scores.txt", "ada|bob|7\nada|cyd|1\n")
    assert "line 1: 1 field where two words" in fails("evaluate", tmp_path / "m", "--similarity", path)
    done = works("evaluate", tmp_path / "m", "--similarity", path, "--delimiter", "|", "--json")
    assert json.loads(done.stdout)["similarity"][0]["pairs"] == 2
    questions = write(tmp_path / "q.txt", ": one\nada bob cyd ada\n")
    line = fails("evaluate", tmp_path / "m", "--analogies", questions, "--delimiter", "|")
    assert "--delimiter is for --similarity; leave it out" in line
