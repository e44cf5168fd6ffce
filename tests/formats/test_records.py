"""Records of word2vec's binary files, whose names may hold spaces where gensim wrote them."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rowspace as rs
from rowspace.errors import FormatError
from rowspace.formats import read_word2vec, records

ORDINARY = np.random.default_rng(0).standard_normal((4000, 12)).astype(np.float32)
WORDS = st.lists(
    st.sampled_from(["new", "York", "the", "USA", "2000", "\u00e9t\u00e9", "\u65e5\u672c", "a", ""]), min_size=2
)
SPACED = WORDS.map(" ".join).filter(bool)
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | SPACED


def gensim_file(path, names, values, binary=True):
    models = pytest.importorskip("gensim.models")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        vectors = models.KeyedVectors(values.shape[1])
        vectors.add_vectors(names, values)
        vectors.save_word2vec_format(str(path), binary=binary)


def binary(names, values, end=b""):
    records = [name.encode() + b" " + row.tobytes() + end for name, row in zip(names, values, strict=True)]
    return f"{len(names)} {values.shape[1]}\n".encode() + b"".join(records)


def same(read, names, values):
    assert read.names == names
    assert read.values.tobytes() == values.tobytes()


@settings(deadline=None, derandomize=True)
@given(st.lists(SPACED, min_size=1, max_size=20, unique=True), st.integers(0, 3000), st.integers(8, 12))
def test_spaces_in_names_are_understood(tmp_path_factory, names, at, dim):
    path = tmp_path_factory.mktemp("spaces") / "v.bin"
    values = np.ascontiguousarray(ORDINARY[at : at + len(names), :dim])
    gensim_file(path, names, values)
    same(rs.import_(path), names, values)
    for limit in (1, len(names), len(names) + 1):
        same(rs.import_(path, limit=limit), names[:limit], values[:limit])
    path.write_bytes(binary(names, values, b"\n"))  # as word2vec.c would write it
    same(rs.import_(path), names, values)


@settings(deadline=None, derandomize=True)
@given(st.lists(ANY, min_size=1, max_size=8, unique=True), st.integers(0, 3000), st.booleans())
def test_what_gensim_writes_is_read_right_or_refused(tmp_path_factory, names, at, binary):
    path = tmp_path_factory.mktemp("any") / "v"
    values = ORDINARY[at : at + len(names)]
    gensim_file(path, names, values, binary)
    try:
        read = read_word2vec(path, binary=binary)
    except FormatError:
        assert any(set(name) & set("\0\t\n\v\f\r ") or not name for name in names)
    else:
        same(read, names, values)


def test_one_name_among_many_blocks(tmp_path):
    names = [f"w{i}" for i in range(4000)]
    for place in (0, records.RECORDS_AT_ONCE - 1, records.RECORDS_AT_ONCE, 2500, 3999):
        names[place] = f"New York {place}"
    (tmp_path / "v.bin").write_bytes(binary(names, ORDINARY))
    same(rs.import_(tmp_path / "v.bin"), names, ORDINARY)


@pytest.mark.parametrize("values", [[[0, 0, 0, 0]], [[1, 2, 3, 4]], [[0.5, -0.25, 0.125, 2]], [[0.1, 0.2, 0.3, 0.4]]])
@pytest.mark.parametrize("name", ["a b", "ab c", "abc d", "New Mexico", "a bcd efg", " a", "Top 100", "the USA"])
def test_round_numbers_below_names_with_spaces(tmp_path, name, values):
    rows = np.array(values * 3, np.float32)
    for names in ([name, "x", "y"], ["x", name, "y"], ["x", "y", name]):
        (tmp_path / "v.bin").write_bytes(binary(names, rows))
        same(rs.import_(tmp_path / "v.bin"), names, rows)


def test_numbers_of_any_size_are_no_names(tmp_path):
    values = np.array([[1e26, 3.4e38, 1e-40], [-1e30, 0, 2e-19], [7.1e31, 1, 1e7]], np.float32)
    E = rs.Table.from_array(values, ["a", "\x01b", "York"])
    rs.export(E, tmp_path / "v.bin")
    same(rs.import_(tmp_path / "v.bin"), E.names, values)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a", "\nb", "c"], "record 2: line ends are behind some records and not behind others"),
        (["\na", "b"], "record 1: line ends are behind some"),
        (["a", "\nb"], "record 2: line ends are behind some"),
        (["a", "b\0c"], r"record 2: the name 'b\\x00c' holds a zero byte"),
        (["aa", ""], "record 2: the name is empty"),
    ],
)
def test_names_that_are_not_told_apart_are_refused(tmp_path, names, message):
    (tmp_path / "v.bin").write_bytes(binary(names, ORDINARY[: len(names)]))
    with pytest.raises(FormatError, match=message):
        rs.import_(tmp_path / "v.bin")


def test_a_count_that_is_wrong_is_no_name_with_spaces(tmp_path):
    data = binary(["a", "b", "c"], ORDINARY[:3])
    (tmp_path / "v.bin").write_bytes(data.replace(b"3 ", b"2 ", 1))
    with pytest.raises(FormatError, match="more follows the 2 rows of the header"):
        rs.import_(tmp_path / "v.bin")
    assert rs.import_(tmp_path / "v.bin", limit=2).names == ["a", "b"]
    (tmp_path / "v.bin").write_bytes(data.replace(b"3 ", b"4 ", 1) + b" " * 20)
    with pytest.raises(FormatError):
        rs.import_(tmp_path / "v.bin")
    assert rs.import_(tmp_path / "v.bin", limit=3).names == ["a", "b", "c"]


def test_a_spaced_file_cut_short_is_refused(tmp_path):
    data = binary(["New York", "b", "Los Angeles"], ORDINARY[:3])
    for cut in range(20, len(data), 7):
        (tmp_path / "v.bin").write_bytes(data[:cut])
        with pytest.raises(FormatError):
            rs.import_(tmp_path / "v.bin")
