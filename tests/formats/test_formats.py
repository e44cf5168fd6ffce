import contextlib
import gzip
import lzma
import os
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rowspace as rs
from rowspace import formats
from rowspace.errors import FormatError, RowspaceError, ShapeError
from rowspace.tables import files

ANY = st.text(st.characters(exclude_categories=[]), max_size=6)
BITS = st.integers(0, 2**32 - 1).filter(lambda bits: bits & 0x7F800000 != 0x7F800000)  # of finite numbers
FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)


@pytest.fixture
def E():
    return rs.Table(names=["cat", "dog", "\u00e9t\u00e9", "\u2028", "\u00a0x", "7"], dim=3, seed=0)


@st.composite
def tables(draw, numbers=FINITE):
    names = draw(st.lists(ANY, min_size=1, max_size=5, unique=True))
    dim = draw(st.integers(1, 4))
    values = draw(st.lists(numbers, min_size=len(names) * dim, max_size=len(names) * dim))
    return rs.Table.from_array(np.array(values, np.float32).reshape(-1, dim), names)


def same(one, other):
    assert one.names == other.names
    assert one.values.tobytes() == other.values.tobytes()
    assert one.shape == other.shape


def load_gensim(path, **kwargs):
    models = pytest.importorskip("gensim.models")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return models.KeyedVectors.load_word2vec_format(str(path), **kwargs)


def save_gensim(E, path, **kwargs):
    models = pytest.importorskip("gensim.models")
    kv = models.KeyedVectors(E.dim)
    kv.add_vectors(E.names, E.values)
    kv.save_word2vec_format(str(path), **kwargs)


FILES = ["v.txt", "v.vec", "v.bin", "v.npy", "v.parquet", "v.txt.gz", "v.bin.GZ", "v.vec.bz2", "v.bin.xz", "v.txt.zst"]


@pytest.mark.parametrize("file", FILES)
def test_what_is_exported_is_imported(tmp_path, E, file):
    formats.export(E, tmp_path / file)
    same(formats.import_(tmp_path / file), E)
    first = formats.import_(tmp_path / file, limit=2)
    assert first.names == E.names[:2]
    np.testing.assert_array_equal(first.values, E.values[:2])
    assert len(formats.import_(tmp_path / file, limit=99)) == 6
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


def formats_hold(file, names):
    """Whether all names are free of what a format has no room for, said another way."""
    if file == "v.npy":
        return True
    joined = "".join(names)
    valid = joined.isascii() or joined.encode(errors="replace").decode() == joined
    if file == "v.parquet":
        return valid
    return valid and "" not in names and not set(joined) & set("\0\t\n\v\f\r ")


@settings(deadline=None, derandomize=True)
@given(tables())
def test_any_table_survives_or_is_refused_by_name(tmp_path_factory, E):
    folder = tmp_path_factory.mktemp("any")
    for file in ("v.txt", "v.bin", "v.npy", "v.parquet"):
        try:
            formats.export(E, folder / file)
        except FormatError:
            assert not (folder / file).exists()
            assert not formats_hold(file, E.names)
        else:
            same(formats.import_(folder / file), E)
            if file in ("v.txt", "v.bin"):
                theirs = load_gensim(folder / file, binary=file == "v.bin")
                assert theirs.index_to_key == E.names
                assert theirs.vectors.tobytes() == E.values.tobytes()


@settings(deadline=None, derandomize=True)
@given(st.lists(BITS, min_size=1))
def test_binary_files_keep_every_bit(tmp_path_factory, bits):
    folder = tmp_path_factory.mktemp("bits")
    values = np.array(bits, np.uint32).view(np.float32).reshape(-1, 1)
    E = rs.Table.from_array(values, [f"w{i}" for i in range(len(bits))])
    for file in ("v.bin", "v.npy", "v.parquet"):
        formats.export(E, folder / file)
        assert formats.import_(folder / file).values.tobytes() == values.tobytes()


@pytest.mark.parametrize("binary", [False, True])
def test_files_go_to_gensim_and_back(tmp_path, E, binary):
    formats.write_word2vec(E, tmp_path / "ours", binary=binary)
    theirs = load_gensim(tmp_path / "ours", binary=binary)
    assert theirs.index_to_key == E.names
    assert theirs.vectors.tobytes() == E.values.tobytes()
    save_gensim(E, tmp_path / "theirs", binary=binary)
    same(formats.read_word2vec(tmp_path / "theirs", binary=binary), E)
    if binary:
        assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()


def test_text_is_as_documented(tmp_path):
    values = np.array([[0.1, -1e-8], [2, 3.4028235e38]], np.float32)
    formats.export(rs.Table.from_array(values, ["a", "b"]), tmp_path / "v.txt")
    assert (tmp_path / "v.txt").read_text() == "2 2\na 0.1 -1e-8\nb 2 3.4028235e+38\n"
    formats.export(rs.Table.from_array(values), tmp_path / "v.txt")
    assert (tmp_path / "v.txt").read_text().splitlines()[1:] == [
        "0 0.1 -1e-8", "1 2 3.4028235e+38",
    ]  # fmt: skip


def test_files_of_the_c_program_are_read(tmp_path, E):
    records = [n.encode() + b" " + v.tobytes() + b"\n" for n, v in zip(E.names, E, strict=True)]
    (tmp_path / "c.bin").write_bytes(b"6 3\n" + b"".join(records))
    same(formats.import_(tmp_path / "c.bin"), E)
    rows = [f"{n} {' '.join(map(str, v))} \r\n" for n, v in zip(E.names, E, strict=True)]
    (tmp_path / "c.txt").write_bytes(f"6 3\r\n{''.join(rows)}".encode())
    same(formats.import_(tmp_path / "c.txt"), E)


def test_files_of_fasttext_are_read(tmp_path):
    """A header, a space at the end of every line, the end of sentence as a word, and words of any characters."""
    names = ["</s>", ",", "\u00e9t\u00e9", "\u3000", "\u00a0x", "\u2028", "1e-3", "-", "\U0001f600", "#tag", "a\x85b"]
    values = np.random.default_rng(0).standard_normal((len(names), 4)).astype(np.float32).round(5)
    rows = [f"{name} {' '.join(f'{v:.5g}' for v in row)} \n" for name, row in zip(names, values, strict=True)]
    path = tmp_path / "model.vec"
    path.write_bytes(f"{len(names)} 4\n{''.join(rows)}".encode())
    read = formats.import_(path)
    assert read.names == names
    np.testing.assert_allclose(read.values, values, atol=1e-4)
    same(formats.import_(path, "fasttext"), read)
    formats.export(read, tmp_path / "again.vec")
    same(formats.import_(tmp_path / "again.vec"), read)
    formats.export(read, tmp_path / "named", "fasttext")
    assert (tmp_path / "named").read_bytes() == (tmp_path / "again.vec").read_bytes()
    theirs = load_gensim(tmp_path / "again.vec")
    assert theirs.index_to_key == names
    assert theirs.vectors.tobytes() == read.values.tobytes()


def test_blocks_make_no_difference(tmp_path, monkeypatch):
    E = rs.Table(names=[f"w{i}" for i in range(500)], dim=7)
    for file in ("a.txt", "a.bin"):
        formats.export(E, tmp_path / file)
    monkeypatch.setattr(formats.source, "NUMBERS_AT_ONCE", 50)
    for module in (formats.word2vec, formats.glove):
        monkeypatch.setattr(module, "LINES_BYTES", 300)
    for file in ("a.txt", "a.bin"):
        formats.export(E, tmp_path / f"b{file}")
        assert (tmp_path / f"b{file}").read_bytes() == (tmp_path / file).read_bytes()
        same(formats.import_(tmp_path / file), E)
        assert len(formats.import_(tmp_path / file, limit=123)) == 123
    with (tmp_path / "a.txt").open("a") as out:
        out.write("x 1 2 3 4 5 6 7\n")
    with pytest.raises(FormatError, match="line 502: more follows the 500 rows"):
        formats.import_(tmp_path / "a.txt")
    text = (tmp_path / "a.txt").read_bytes().partition(b"\n")[2]
    (tmp_path / "glove.txt").write_bytes(text)
    assert formats.import_(tmp_path / "glove.txt").names == [*E.names, "x"]
    (tmp_path / "glove.txt").write_bytes(text + b"y 1 2\n")
    with pytest.raises(FormatError, match="line 502: 2 numbers where 7 are expected"):
        formats.import_(tmp_path / "glove.txt")


@pytest.mark.parametrize("name", ["New York", "", " x", "a\nb", "a\tb", "a\rb", "a\0b", "\ud800"])
@pytest.mark.parametrize("file", ["v.txt", "v.bin"])
def test_word2vec_refuses_names_that_would_break(tmp_path, name, file):
    (tmp_path / file).write_text("old")
    with pytest.raises(FormatError, match=r"\(row 1\) .*, which a word2vec file cannot hold"):
        formats.export(rs.Table(names=["a", name], dim=2), tmp_path / file)
    assert (tmp_path / file).read_text() == "old"


def test_a_refusal_says_what_and_what_to_do(tmp_path):
    with pytest.raises(FormatError) as error:
        formats.export(rs.Table(names=["a", "New York"], dim=2), tmp_path / "v.txt")
    assert str(error.value) == (
        "name 'New York' (row 1) holds ' ', which a word2vec file cannot hold; "
        "rename it, or use .npy, which holds any name"
    )
    values = np.array([[1, 2], [3, np.nan]], np.float32)
    with pytest.raises(FormatError) as nan:
        formats.export(rs.Table.from_array(values, ["a", "b"]), tmp_path / "v.txt")
    assert str(nan.value) == "row 1 ('b') holds NaN or infinity, which a word2vec file cannot hold"
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("file", ["v.txt", "v.bin", "v.npy", "v.parquet"])
def test_numbers_that_are_not_finite_are_refused_both_ways(tmp_path, monkeypatch, file, value):
    values = np.array([[1, 2], [3, value], [4, 5]], np.float32)
    E = rs.Table.from_array(values, ["a", "New", "c"])
    with pytest.raises(FormatError, match=r"row 1 \('New'\) holds NaN or infinity"):
        formats.export(E, tmp_path / file)
    assert not os.listdir(tmp_path)
    for module in (formats.word2vec, formats.npy, formats.parquet):
        monkeypatch.setattr(module, "refuse_nonfinite", lambda *_: None)
    formats.export(E, tmp_path / file)
    place = {"v.txt": "line 3: '-?(nan|inf)' is", "v.bin": "record 2: number 2 of its vector is -?(nan|inf),"}
    rows = r"row 1 \('New'\): number 2 of its vector is -?(nan|inf),"
    with pytest.raises(FormatError, match=f"{file}.*{place.get(file, rows)} not a finite"):
        formats.import_(tmp_path / file)
    assert formats.import_(tmp_path / file, limit=1).names == ["a"]


@pytest.mark.parametrize("file", ["v.txt", "v.bin", "v.npy", "v.parquet"])
def test_an_interrupted_export_leaves_the_old_file(tmp_path, monkeypatch, E, file):
    (tmp_path / file).write_text("old")

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        formats.export(E, tmp_path / file)
    assert (tmp_path / file).read_text() == "old"
    assert os.listdir(tmp_path) == [file]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("", "line 1: expected a header 'rows dim', got ''"),
        ("a 1 2\n", "line 1: expected a header 'rows dim'"),
        ("-1 2\na 1 2\n", "line 1: expected a header"),
        ("0 2\n", "v.txt holds no words: its header is '0 2'"),
        ("0 2\na 1 2\n", "v.txt holds no words"),
        ("1 0\na\n", "v.txt holds vectors of no numbers: its header is '1 0'"),
        ("1.0 2\na 1 2\n", "line 1: expected a header"),
        (f"{'9' * 30} 2\na 1 2\n", "line 1: expected a header"),
        ("\u0661 2\na 1 2\n", "line 1: expected a header"),
        ("1000000000000 300\na 1 2\n", "line 1: 1000000000000 rows of 300 numbers take at least"),
        ("3 2\na 1 2\nb 3 4\n", "line 1: 3 rows of 2 numbers take at least 17 bytes and 12 follow"),
        ("3 2\na 1.00000 2\nb 3 4.00000\n", "line 4: the file ends after 2 of 3 rows"),
        ("1 2\na 1 2\nb 3 4\n", "line 3: more follows the 1 rows of the header"),
        ("2 2\na 1 2\nb 3\nc 4\n", "line 3: 1 numbers where 2 are expected"),
        ("2 2\na 1 2\nb 3 4 5\n", "line 3: 3 numbers where 2 are expected"),
        ("2 2\nNew York 1 2\nb 3 4\n", "line 2: 3 numbers where 2 are expected"),
        ("2 2\na 1 2\n\nb 3 4\n", "line 3: the name is empty"),
        ("2 2\na 1 2\n 3 4\n", "line 3: the name is empty"),
        ("2 2\na 1 2\na 3 4\n", "line 3: name 'a' was already at .*line 2"),
        ("2 2\na 1 2\nb 3 nan\n", "line 3: 'nan' is not a finite float32"),
        ("2 2\na 1 2\nb 3 1e99\n", "line 3: '1e99' is not a finite float32"),
        ("2 2\na 1 2\nb 3 x\n", "line 3: 'x' is not a finite float32"),
        ("2 2\na 1 2\nb 3 1_0\n", "line 3: '1_0' is not a finite float32"),
        (b"2 2\na 1 2\n\xff 3 4\n", r"line 3: the name b'\\xff' is not UTF-8"),
        (b"2 2\na 1 2\nb \xff 4\n", r"line 3: '\\xff' is not a finite float32"),
    ],
)
def test_damaged_text_is_told_by_line(tmp_path, content, text):
    path = tmp_path / "v.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(FormatError, match=text):
        formats.read_word2vec(path)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"2 2\na 12345678", "line 1: 2 rows of 2 numbers take at least 20 bytes and 10 follow"),
        (b"2 2\nabcdefghij 12345678b 1234567", "record 2: the file ends within it, at byte 32"),
        (b"2 2\nabcdefghij 12345678bcdefghij", "record 2: the file ends within it, at byte 32"),
        (b"1 2\na 12345678b 12345678", "byte 14: more follows the 1 rows of the header"),
        (b"2 2\na 12345678a 12345678", "record 2: name 'a' was already at .*record 1"),
        (b"2 2\na 12345678\xff 12345678", r"record 2: the name b'\\xff' is not UTF-8"),
        (b"2 2\na 12345678\n 12345678", "record 2: the name is empty"),
        (b"99999999 300\na 12345678", "line 1: 99999999 rows of 300 numbers take at least"),
    ],
)
def test_damaged_binaries_are_told_by_record(tmp_path, content, text):
    (tmp_path / "v.bin").write_bytes(content)
    with pytest.raises(FormatError, match=text):
        formats.import_(tmp_path / "v.bin")


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_limit_that_the_header_says_as_well_reads_no_more(tmp_path, limit):
    (tmp_path / "v.txt").write_text("2 2\na 1 2\nb 3 4\nc 5 6\n")
    (tmp_path / "v.bin").write_bytes(b"2 2\n" + b"".join(name + b" " + bytes(8) for name in (b"a", b"b", b"c")))
    for file in ("v.txt", "v.bin"):
        if limit > 2:
            with pytest.raises(FormatError, match="more follows the 2 rows of the header"):
                formats.import_(tmp_path / file, limit=limit)
        else:
            assert formats.import_(tmp_path / file, limit=limit).names == ["a", "b"][:limit]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("7 2\n8 3\n", ["7", "8"]),  # GloVe's names that are numbers, of one number each
        ("2 1\na 1\nb 2\n", ["a", "b"]),
        (". . . 1 2\na 3 4\nb 5 6\n", [". . .", "a", "b"]),
        ("a  1 2\nb 3 4\n c 5 6\nd 7 8\ne 1 2\n", ["a", "b", "c", "d", "e"]),
    ],
)
def test_a_header_is_told_by_the_row_below(tmp_path, text, names):
    (tmp_path / "v.txt").write_text(text)
    assert formats.import_(tmp_path / "v.txt").names == names
    assert formats.import_(tmp_path / "v.txt", limit=1).names == names[:1]


@pytest.mark.parametrize("header", ["-1 2", "2 -2", "2.5 2", "1e3 2", "9" * 30 + " 2"])
def test_a_header_of_other_numbers_is_told(tmp_path, header):
    (tmp_path / "v.txt").write_text(f"{header}\na 1 2\nb 3 4\n")
    with pytest.raises(FormatError, match="line 1: expected a header 'rows dim', got"):
        formats.import_(tmp_path / "v.txt")


def test_a_name_that_ends_in_a_space_is_refused(tmp_path):
    for row in ("a  1 2", "a \r 1 2"):
        (tmp_path / "v.txt").write_bytes(f"2 2\n{row}\nb 3 4\n".encode())
        with pytest.raises(FormatError, match="line 2: white space follows the space after the name"):
            formats.read_word2vec(tmp_path / "v.txt")


def test_text_of_other_encodings_is_told(tmp_path):
    (tmp_path / "v.txt").write_bytes("2 2\na 1 2\nb 3 4\n".encode("utf-16"))
    with pytest.raises(FormatError, match="is UTF-16 text; save it as UTF-8"):
        formats.import_(tmp_path / "v.txt")


@settings(deadline=None, derandomize=True)
@given(st.binary(max_size=60), st.sampled_from(["", "2 2\n", "1 1\n"]))
def test_noise_is_an_error_or_a_table(tmp_path_factory, noise, header):
    path = tmp_path_factory.mktemp("noise") / "v"
    path.write_bytes(header.encode() + noise)
    for name, read in formats.READERS.items():
        with contextlib.suppress(RowspaceError):
            assert len(read(path)) > 0, name


def test_compressed_files(tmp_path, E):
    formats.export(E, tmp_path / "v.txt.gz")
    assert gzip.decompress((tmp_path / "v.txt.gz").read_bytes()).startswith(b"6 3\ncat ")
    assert load_gensim(tmp_path / "v.txt.gz").index_to_key == E.names
    whole = (tmp_path / "v.txt.gz").read_bytes()
    for damaged in (whole[:-9], whole[:20] + b"\xff" * 9 + whole[29:]):
        (tmp_path / "v.txt.gz").write_bytes(damaged)
        with pytest.raises(FormatError, match="the gzip data ends early|damaged gzip data"):
            formats.import_(tmp_path / "v.txt.gz")


def test_glove_names_may_hold_spaces(tmp_path):
    path = tmp_path / "glove.txt"
    path.write_text("the 1 2\n. . . 3 4\nat name@domain.com 5 6\n7 7 8\n\n", encoding="utf-8")
    G = formats.import_(path)
    assert G.names == ["the", ". . .", "at name@domain.com", "7"]
    assert G.values.tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]
    assert formats.read_glove(path, limit=2).names == G.names[:2]
    path.write_text("New York 1 2\nLos Angeles 3 4\na 5 6\n")
    with pytest.raises(FormatError, match="line 1: 'York' is not a finite float32"):
        formats.read_glove(path)
    assert formats.read_glove(path, dim=2).names == ["New York", "Los Angeles", "a"]
    path.write_text("")
    with pytest.raises(FormatError, match="no rows to read"):
        formats.read_glove(path)


def test_projector_files(tmp_path, E):
    values = np.array([[0.5, -1], [2, 3]], np.float32)
    folder = tmp_path / "deep" / "p"
    formats.export(rs.Table.from_array(values, ["New York", '"b"']), folder)
    assert sorted(os.listdir(folder)) == ["metadata.tsv", "vectors.tsv"]
    assert (folder / "vectors.tsv").read_bytes() == b"0.5\t-1\n2\t3\n"
    assert (folder / "metadata.tsv").read_bytes() == b'New York\n"b"\n'
    formats.write_projector(rs.Table.from_array(values, counts=[5, 6]), folder)
    assert (folder / "metadata.tsv").read_bytes() == b"name\tcount\n0\t5\n1\t6\n"


@pytest.mark.parametrize("name", ["", " ", "\ufeff", "\u2003 ", "a\tb", "a\nb", "a\r", "\udfff"])
def test_projector_refuses_names_that_would_shift_lines(tmp_path, name):
    with pytest.raises(FormatError, match=r"\(row 1\) .*, which a line of TSV cannot hold"):
        formats.write_projector(rs.Table(names=["a", name], dim=2), tmp_path / "p")
    assert not (tmp_path / "p").exists()


def test_counts_survive_where_the_format_has_them(tmp_path):
    E = rs.Table(names=["a", "b"], dim=2, counts=[3, 4])
    for file in ("v.npy", "v.parquet"):
        formats.export(E, tmp_path / file)
        assert formats.import_(tmp_path / file).counts.tolist() == [3, 4]
        assert formats.import_(tmp_path / file, limit=1).counts.tolist() == [3]


def test_npy_maps_and_drops_what_lay_beside(tmp_path, E):
    formats.write_npy(E, tmp_path / "v.npy")
    assert rs.Table.open(tmp_path / "v.npy")["dog"].tolist() == E["dog"].tolist()
    formats.write_npy(rs.Table(6, 3, counts=[1] * 6), tmp_path / "v.npy")
    assert rs.Table.open(tmp_path / "v.npy").names is None
    assert sorted(os.listdir(tmp_path)) == ["v.counts.npy", "v.npy"]
    assert files.names_path("x.npy").name == "x.names.json"


def test_parquet_is_what_data_frames_expect(tmp_path, E):
    pq = pytest.importorskip("pyarrow.parquet")
    formats.export(E, tmp_path / "v.parquet")
    read = pq.read_table(tmp_path / "v.parquet")
    assert str(read.schema.field("vector").type) == "fixed_size_list<element: float>[3]"
    assert read["name"].to_pylist() == E.names
    with pytest.raises(FormatError, match=r"\(row 0\) holds '\\ud800', which Parquet cannot hold"):
        formats.export(rs.Table(names=["\ud800"], dim=1), tmp_path / "w.parquet")


def test_other_parquet_is_refused(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "v.parquet"
    for columns in (
        {"name": ["a"]},
        {"name": ["a"], "vector": [1.0]},
        {"name": ["a", "b"], "vector": [[1.0], [1.0, 2.0]]},
        {"name": ["a", "b"], "vector": [[1.0, 2.0], None]},
        {"name": ["a", "a"], "vector": [[1.0], [2.0]]},
        {"name": ["a", None], "vector": [[1.0], [2.0]]},
        {"name": ["a", "b", "c"], "vector": [[1.0], [1.0, 2.0], []]},
    ):
        pq.write_table(pa.table(columns), path)
        with pytest.raises(FormatError, match="is not a table of names and vectors"):
            formats.import_(path)
    pq.write_table(pa.table({"name": ["a", "b"], "vector": [[1.0, 2], [3.0, 4]]}), path)
    assert formats.import_(path)["b"].tolist() == [3, 4]


def test_unknown_formats(tmp_path, E):
    with pytest.raises(FormatError) as error:
        formats.export(E, tmp_path / "v.xlsx")
    assert str(error.value) == (
        f"the format of {tmp_path / 'v.xlsx'} is not known here; "
        "give one of word2vec, word2vec-binary, fasttext, projector, npy, parquet"
    )
    with pytest.raises(FormatError, match="format 'pickle' is not known here"):
        formats.import_(tmp_path / "v.bin", format="pickle")
    for file in ("v.npy.gz", "v.parquet.XZ"):
        with pytest.raises(FormatError, match=f"{file}: only word2vec's and fastText's files are packed here; write v"):
            formats.export(E, tmp_path / file)
    for limit in (0, -1):
        for read in formats.READERS.values():
            with pytest.raises(ShapeError, match="; None reads all rows"):
                read(tmp_path / "none", limit=limit)


@pytest.mark.parametrize("format", ["word2vec", "word2vec-binary", "parquet", "glove"])
@pytest.mark.parametrize("ending", ["", ".dat", ".gz", ".txt", ".bin", ".vec", ".tmp.zst"])
@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, lambda data: data])
def test_the_bytes_tell_the_format_whatever_the_ending_says(tmp_path, format, ending, pack):
    if format == "glove" and ending == ".bin":
        return  # has no header, as fastText's own files, which are called so
    table = rs.Table(names=["a", "b"], dim=3, seed=1)
    plain = tmp_path / "plain"
    rs.export(table, plain, "word2vec" if format == "glove" else format)
    data = plain.read_bytes()
    (tmp_path / f"v{ending}").write_bytes(pack(data.partition(b"\n")[2] if format == "glove" else data))
    found = rs.import_(tmp_path / f"v{ending}")
    assert found.names == table.names
    np.testing.assert_array_equal(found.values, table.values)


@pytest.mark.parametrize("ending", ["zip", "bin", "txt", "npy", "parquet", "gz", "dat"])
def test_archives_are_called_by_their_name(tmp_path, ending):
    path = tmp_path / f"vectors.{ending}"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("glove.txt", "a 1 2\n")
    with pytest.raises(FormatError, match="is a zip archive; unpack it, and give a file that was inside"):
        rs.import_(path)


@pytest.mark.parametrize("header", ["2 1.2.3", "2 1e999", "2 99999999999999999999"])
def test_headers_that_are_no_whole_numbers(tmp_path, header):
    (tmp_path / "v.bin").write_text(f"{header}\na 1\n")
    with pytest.raises(FormatError):
        rs.import_(tmp_path / "v.bin")
