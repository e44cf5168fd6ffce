import csv
import gzip
import io
import json
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rowspace.errors import DataError
from rowspace.errors.warnings import UnusedColumn
from rowspace.read.pairs import read_pairs


def write(tmp_path, data, name="pairs.csv"):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def rows_of(pairs):
    return [(pairs.names[i], pairs.names[j]) for i, j in zip(pairs.left, pairs.right, strict=True)]


def test_ids_counts_and_dtypes(tmp_path):
    path = write(tmp_path, "a,b,label,w\nx,y,1,2\nz,y,0,0.5\nz,x,1,3\n")
    pairs = read_pairs(path, label="label", weight="w")
    assert pairs.names == ["x", "y", "z"]  # all twice: by first appearance, row by row
    assert rows_of(pairs) == [("x", "y"), ("z", "y"), ("z", "x")]
    assert pairs.left.dtype == pairs.right.dtype == np.int32
    assert pairs.label.dtype == pairs.weight.dtype == np.float32
    assert pairs.weight.tolist() == [2, 0.5, 3]
    assert pairs.counts.tolist() == [2, 2, 2]
    assert pairs.counts.dtype == np.int64
    assert len(pairs) == 3


def test_the_most_frequent_first(tmp_path):
    pairs = read_pairs(write(tmp_path, "a,b\nx,y\ny,z\nz,z\nz,z\n"))
    assert (pairs.names, pairs.counts.tolist()) == (["z", "y", "x"], [5, 2, 1])


@pytest.mark.parametrize(
    ("asked", "columns"),
    [
        ({}, {"left": "a", "right": "b"}),
        ({"label": "a"}, {"left": "b", "right": "c", "label": "a"}),
        ({"left": "b"}, {"left": "b", "right": "a"}),
        ({"right": "a", "weight": "c"}, {"left": "b", "right": "a", "weight": "c"}),
    ],
)
def test_columns_that_are_not_named(tmp_path, asked, columns):
    assert read_pairs(write(tmp_path, "a,b,c\n1,2,3\n"), **asked).columns == columns


@pytest.mark.parametrize(
    "text",
    [
        "a,b\nx,y\nz,w\n",
        "a\tb\nx\ty\nz\tw\n",
        "a;b\nx;y\nz;w",
        "\ufeffa,b\nx,y\nz,w\n",
        "a,b\r\nx,y\nz,w\r",
        "\n\na,b\n\nx,y\n\nz,w\n\n",
        '{"a": "x", "b": "y"}\n\n{"b": "w", "a": "z", "c": [1]}\n',
        '\ufeff {"a": "x", "b": "y"}\r\n{"a": "z", "b": "w"}',
    ],
)
def test_text_of_every_kind(tmp_path, text):
    assert rows_of(read_pairs(write(tmp_path, text))) == [("x", "y"), ("z", "w")]


def test_gzip_and_standard_input(tmp_path, monkeypatch):
    packed = gzip.compress(b"a,b\nx,y\n")
    assert rows_of(read_pairs(str(write(tmp_path, packed, "p.gz")))) == [("x", "y")]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(packed)))
    assert rows_of(read_pairs("-")) == [("x", "y")]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a,b\nx\n")))
    with pytest.raises(DataError, match="standard input, line 2: 1 field, the header has 2"):
        read_pairs("-")


def test_words_that_readers_take_for_missing_or_dates_stay_names(tmp_path):
    names = ["NA", "null", "nan", "2020-01-01", "007", " x "]
    text = "a,b\n" + "".join(f"{name},1\n" for name in names)
    assert [pair[0] for pair in rows_of(read_pairs(write(tmp_path, text)))] == names
    lines = "".join(json.dumps({"a": name, "b": 1}) + "\n" for name in names)
    assert [pair[0] for pair in rows_of(read_pairs(write(tmp_path, lines)))] == names


def frames():
    import pandas
    import polars
    import pyarrow as pa

    columns = {"a": ["x", "z"], "b": [3, 4], "w": [1, 2]}
    yield pa.table(columns)
    yield pandas.DataFrame(columns)
    yield pandas.DataFrame(columns).astype({"a": "category", "b": "category"})
    yield polars.DataFrame(columns)
    yield polars.DataFrame(columns, schema_overrides={"a": polars.Categorical})
    yield columns


def test_frames():
    for frame in frames():
        pairs = read_pairs(frame, weight="w")
        assert rows_of(pairs) == [("x", "3"), ("z", "4")]
        assert pairs.weight.tolist() == [1, 2]


def test_arrow_files(tmp_path):
    import pyarrow as pa
    from pyarrow import feather, parquet

    table = pa.table({"a": ["x", "z"], "b": ["y", "w"]})
    parquet.write_table(table, tmp_path / "p")
    feather.write_feather(table, tmp_path / "f")
    assert rows_of(read_pairs(tmp_path / "p")) == rows_of(read_pairs(tmp_path / "f"))


def delimited(rows, mark, end="\r\n"):
    # with "\n" alone as the line end, csv.writer would leave a "\r" unquoted
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=mark, lineterminator=end).writerows([("a", "b"), *rows])
    return out.getvalue().encode()


def json_lines(rows):
    return "\n".join(json.dumps(dict(zip("ab", row, strict=True))) for row in rows).encode()


def parquet_bytes(rows):
    import pyarrow as pa
    from pyarrow import parquet

    out = io.BytesIO()
    parquet.write_table(pa.table(list(zip(*rows, strict=True)), names=["a", "b"]), out)
    return out.getvalue()


# names of columns would make the header look like a row, and spaces around every name are told
ordinary = st.text(min_size=1, max_size=6).filter(lambda name: "\0" not in name and name.strip(" ab") == name)
awkward = ordinary | st.sampled_from(
    ['"', ",", "a\nb", "\r\n", "\t", ";", "''", "\u2028", "\u00e9", "e\u0301", "{", "NaN", "#"]
)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(awkward, awkward), min_size=1, max_size=8))
def test_awkward_names_survive_every_format(rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("pairs") / "pairs"
    counts = Counter(name for row in rows for name in row)
    for data in [
        delimited(rows, ","),
        delimited(rows, "\t"),
        json_lines(rows),
        parquet_bytes(rows),
    ]:
        path.write_bytes(data)
        pairs = read_pairs(path)
        assert rows_of(pairs) == rows
        # Counter keeps the order of first appearance and sorts stably
        assert pairs.names == [name for name, _ in counts.most_common()]
        assert pairs.counts.tolist() == [count for _, count in counts.most_common()]


def test_the_same_ids_in_blocks_of_any_size(tmp_path, monkeypatch):
    rows = np.random.default_rng(0).integers(0, 50, (2000, 2)).tolist()
    path = write(tmp_path, delimited(rows, ",", "\n"))
    whole = read_pairs(path)
    monkeypatch.setattr("rowspace.read.delimited.READ_BYTES", 100)
    blocks = read_pairs(path)
    assert blocks.names == whole.names
    np.testing.assert_array_equal(blocks.left, whole.left)
    assert rows_of(whole) == [(str(i), str(j)) for i, j in rows]


J = '{"a": "x", "b": "y", "w": 1}\n'


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", "FILE is empty; expected a header line and rows"),
        (" \n", "FILE is empty; expected a header line and rows"),
        ("a,b,w\n", "FILE has a header but no rows"),
        ("a,c,w\nx,y,1\n", "FILE has no column 'b'; it has: 'a', 'c', 'w'"),
        ("a,b,b,w\nx,y,z,1\n", "FILE has several columns 'b'; rename all but one"),
        ("a,b,w\nx,y,1\nx,y\n", "FILE, line 3: 2 fields, the header has 3 columns"),
        ("a,b,w\n\nx,y,1\n\nx\n", "FILE, line 5: 1 field, the header has 3 columns"),
        (
            'a,b,w\n"x,y,1\nx,y,1\n',
            "FILE, line 2: 1 field, the header has 3 columns; is a quote left open?",
        ),
        (
            "a,b,w\nx,y,1\n\nx,,1\n",
            "FILE, line 4, column 'b': empty name; fix it or drop the row",
        ),
        ('a,b,w\n"x\ny",y,1\n,y,1\n', "FILE, line 4, column 'a': empty name; fix it or drop"),
        ("a,b,w\nx,y\0,1\n", "FILE, line 2, column 'b': the name 'y\\x00' holds a zero byte"),
        ("a,b,w\nx,y,1\nx,y,one\n", "FILE, line 3, column 'w': 'one' is not a number; a weight is 0 or more"),
        ("a,b,w\nx,y,1\nx,y,\n", "FILE, line 3, column 'w': '' is not a number"),
        ("a,b,w\nx,y,nan\n", "FILE, line 2, column 'w': nan is not a finite number (float32)"),
        ("a,b,w\nx,y,1\nx,y,-inf\n", "FILE, line 3, column 'w': -inf is not a finite number"),
        ("a,b,w\nx,y,1e39\n", "FILE, line 2, column 'w': 1e+39 is not a finite number"),
        ("a,b,w\nx,y,-2\n", "FILE, line 2, column 'w': -2 is negative; a weight is 0 or more"),
        (b"a,b,w\nx,y,1\nx,\xe9,1\n", "FILE, line 3: not UTF-8 text: byte 0xe9 at offset 14"),
        (b"\xef\xbb\xbfa,b,w\n\xe9,y,1\n", "FILE, line 2: not UTF-8 text: byte 0xe9 at offset 9"),
        ("a,b,w\nx,y,1\n".encode("utf-16"), "FILE is UTF-16 text; save it as UTF-8"),
        (gzip.compress(b"a,b,w\nx,y,1\n", mtime=0)[:-9], "FILE: the gzip data ends early"),
        (b"\x1f\x8b" + bytes(20), "FILE: damaged gzip data"),
        (b"PAR1no", "FILE: damaged Parquet file"),
        (b"ARROW1no", "FILE: damaged Arrow file"),
        ("[" + J + "]", "FILE looks like one JSON array; write one object a line"),
        (J + '{"a": "x"\n', "FILE, line 2: not one whole JSON object: "),
        (J + "\n[1]\n", "FILE, line 3: expected a JSON object, found [1]"),
        (J + '{"a": "x", "w": 1}', "FILE, line 2, column 'b': no name; fill it in or drop"),
        (J + '{"a": "x", "b": null, "w": 1}', "FILE, line 2, column 'b': no name; fill it in"),
        (J + '{"a": 3, "b": "y", "w": 1}', "FILE, line 2, column 'a': expected text as on the"),
        (
            '{"a": 3, "b": "y", "w": 1}\n{"a": 1e3, "b": "y", "w": 1}',
            "FILE, line 2, column 'a': expected a whole number as on the first line, found 1000.0",
        ),
        (J.replace('"y"', "1.5"), "FILE, line 1, column 'b': a name must be text or a whole num"),
        (J + "\n" + J.replace("1}", '"1"}'), "FILE, line 3, column 'w': \"1\" is not a number"),
        (J + J.replace("1}", "null}"), "FILE, line 2, column 'w': no number; fill it in or drop"),
        (J + J.replace("1}", "NaN}"), "FILE, line 2, column 'w': nan is not a finite number"),
        (J.encode() + b'{"a": "\xe9"}', "FILE, line 2: not UTF-8 text: byte 0xe9 at offset 36"),
        (J + '{"a": "", "b": "y", "w": 1}', "FILE, line 2, column 'a': empty name"),
    ],
)
def test_bad_files_are_named_to_the_line(tmp_path, data, message):
    path = write(tmp_path, data)
    with pytest.raises(DataError) as caught:
        read_pairs(path, left="a", right="b", weight="w")
    assert str(caught.value).startswith(message.replace("FILE", str(path)))


def test_paths_that_are_no_files(tmp_path):
    with pytest.raises(DataError, match=r"there is no file .*none"):
        read_pairs(tmp_path / "none")
    with pytest.raises(DataError, match="is a folder; give a file inside it"):
        read_pairs(tmp_path)
    with pytest.raises(DataError, match="a path holds no zero byte"):
        read_pairs("a\0b")


def test_columns_that_cannot_be_chosen(tmp_path):
    path = write(tmp_path, "origin,destination\nx,y\n")
    with pytest.raises(DataError, match=r"no column 'orign'.*did you mean 'origin'"):
        read_pairs(path, left="orign")
    with pytest.raises(DataError, match="left and right are both column 'origin'"):
        read_pairs(path, left="origin", right="origin")
    with pytest.raises(DataError, match="needs a column for the left and one for the right item"):
        read_pairs(write(tmp_path, "word\nx\n"))


def test_a_file_without_a_header_is_not_eaten(tmp_path):
    path = write(tmp_path, "1\t2\n3\t4\n")
    with pytest.raises(DataError, match="line 1: 1, 2 looks like data, not like names"):
        read_pairs(path)
    assert rows_of(read_pairs(path, left="1", right="2")) == [("3", "4")]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": ["x", None], "b": ["y", "z"]}, "row 2, column 'a': no name"),
        ({"a": [1.5, 2], "b": ["y", "z"]}, "column 'a' holds double: names must be text or whole"),
        ({"a": [True, False], "b": ["y", "z"]}, "column 'a' holds bool: names must be text"),
        ({"a": ["x", "y"], "b": [["y"], ["z"]]}, r"column 'b' holds list<.*>: names must be text"),
        ({"a": [1, 2]}, "needs a column for the left"),
        ({"a": [1, 2], "b": [1]}, "the dict has columns that differ in length: 'a' 2, 'b' 1"),
        ({"a": ["x", 5], "b": ["y", "z"]}, "the dict, column 'a' holds 5 .int. at position 1, which is a whole number"),
        ({"a": np.ma.array([1, 2], mask=[0, 1]), "b": ["y", "z"]}, "row 2, column 'a': no name"),
    ],
)
def test_bad_frames(columns, message):
    with pytest.raises(DataError, match=message):
        read_pairs(columns)


@pytest.mark.parametrize("other", [[5, "about five"], [[1, [2]], [3]], [object(), 1]])
def test_a_column_that_is_not_asked_for_is_not_looked_at(other):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {"src": ["ada", "bob"], "dst": ["bob", "cyd"], "other": pandas.Series(other, dtype=object)}
    )
    for source in (frame, pandas.concat([frame, frame["other"]], axis=1), {**frame, "scalar": 3}):
        assert rows_of(read_pairs(source, left="src", right="dst")) == [("ada", "bob"), ("bob", "cyd")]
    with pytest.raises(DataError, match="several columns 'other'; rename all but one"):
        read_pairs(pandas.concat([frame, frame["other"]], axis=1), left="src", right="other")


def test_what_is_no_source():
    with pytest.raises(DataError, match="the int is not a path, a data frame or an Arrow table"):
        read_pairs(3)


def test_missing_values_of_pandas():
    import pandas

    frame = pandas.DataFrame({"a": ["x", None], "b": ["y", "z"], "w": [1.0, None]})
    with pytest.raises(DataError, match="the DataFrame, row 2, column 'a': no name"):
        read_pairs(frame)
    with pytest.raises(DataError, match="row 2, column 'w': no number"):
        read_pairs(frame.fillna({"a": "x"}), weight="w")


def test_labels_of_other_types():
    columns = {"a": ["x", "x"], "b": ["y", "z"], "l": [True, False], "w": [2**60, 1]}
    pairs = read_pairs(columns, label="l", weight="w")
    assert pairs.label.tolist() == [1, 0]
    assert pairs.weight.tolist() == [2.0**60, 1]
    assert read_pairs(columns, label="w", weight="w").label.tolist() == [2.0**60, 1]


def test_a_column_can_be_an_item_and_a_weight(tmp_path):
    path = write(tmp_path, "a,b\n1,2\n3,4\n")
    for source in (path, {"a": [1, 3], "b": [2, 4]}, write(tmp_path, '{"a": 1, "b": 2}\n{"a": 3, "b": 4}\n', "j")):
        pairs = read_pairs(source, left="a", right="b", weight="b")
        assert (rows_of(pairs), pairs.weight.tolist()) == ([("1", "2"), ("3", "4")], [2, 4])


def test_spaces_around_numbers_are_taken_off(tmp_path):
    pairs = read_pairs(write(tmp_path, "a,b,w\nx,y, 2 \n"), weight="w")
    assert pairs.weight.tolist() == [2]


def test_a_column_called_weight_that_is_not_used_is_warned_of():
    columns = {"a": ["x", "z"], "b": ["y", "w"], "Weight": [1, 2]}
    with pytest.warns(UnusedColumn, match="the dict: the column 'Weight' is not used; weight='Weight' .--weight. w"):
        assert read_pairs(columns).unused == {"Weight": "numbers"}
    assert read_pairs(columns, weight="Weight").unused == {}
    assert read_pairs({**columns, "label": [1, 0]}, label="Weight", weight="label").unused == {}


def test_import_is_light():
    code = "import sys, rowspace.read; print([m for m in sys.modules if m == 'pyarrow'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
