"""Packed files, told by their bytes and not by their names, for everything that reads a file."""

import bz2
import gzip
import io
import lzma
import os
import struct
import tarfile
import threading
import zipfile

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

import rowspace as rs
from rowspace.read.packed import PACKINGS
from rowspace.read.stream import MOST_PACKINGS, opened
from tests.support.quick import quick

PACK = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda data: pa.compress(data, "zstd", asbytes=True),
}
READERS = {
    "pairs": (lambda path: rs.read_pairs(path).names, b"left,right\n", b"cat,dog\n"),
    "text": (lambda path: rs.read_text(path, min_count=1).names, b"cat\n", b"dog\n"),
    "column": (lambda path: rs.read_text(path, column="t", min_count=1).names, b"t,u\ncat,1\n", b"dog,2\n"),
    "word2vec": (lambda path: rs.import_(path, "word2vec").names, b"2 2\ncat 1 2\n", b"dog 3 4\n"),
    "glove": (lambda path: rs.import_(path, "glove").names, b"cat 1 2\n", b"dog 3 4\n"),
    "binary": (
        lambda path: rs.import_(path, "word2vec-binary").names,
        b"2 1\ncat " + np.float32(1).tobytes(),
        b"dog " + np.float32(2).tobytes(),
    ),
}
each_form = pytest.mark.parametrize("form", PACK)
each_reader = pytest.mark.parametrize("reader", READERS)


def skippable(data, kind=0):
    """A frame of zstd's that readers pass over; pzstd begins with one."""
    return struct.pack("<II", 0x184D2A50 + kind, len(data)) + data


def write(tmp_path, data, name="file"):
    path = tmp_path / name
    path.write_bytes(data)
    return path


def unpacked(path):
    with opened(path) as stream:
        return stream.whole()


def test_every_form_is_tried():
    assert {packing.name for packing in PACKINGS} == PACK.keys()


@each_reader
@each_form
@pytest.mark.parametrize("name", ["plain", "file.TXT", "file.gz"])
def test_streams_one_after_another_are_one_file(tmp_path, reader, form, name):
    read, *parts = READERS[reader]
    pack = PACK[form]
    path = write(tmp_path, b"".join(map(pack, parts)), name)
    assert read(path) == ["cat", "dog"]
    path = write(tmp_path, pack(b"") + pack(parts[0]) + pack(b"") + pack(parts[1]) + pack(b""))
    assert read(path) == ["cat", "dog"]


@each_reader
@pytest.mark.parametrize("form", ["gzip", "bzip2", "xz"])
def test_zeros_behind_a_stream_are_padding(tmp_path, reader, form):
    read, *parts = READERS[reader]
    one, two = map(PACK[form], parts)
    for padding in (4, 8, 512, 300_000):
        assert read(write(tmp_path, one + two + bytes(padding))) == ["cat", "dog"]
        assert read(write(tmp_path, one + bytes(padding) + two)) == ["cat", "dog"]


@each_reader
def test_frames_that_are_skipped_stand_anywhere(tmp_path, reader):
    read, *parts = READERS[reader]
    one, two = map(PACK["zstd"], parts)
    for data in (
        skippable(b"\1\0") + one + two,
        skippable(b"") + skippable(b"x" * 100_000, 15) + one + two,
        one + skippable(b"index", 14) + two,
        one + two + skippable(b"index") + skippable(b""),
    ):
        assert read(write(tmp_path, data)) == ["cat", "dog"]


@each_reader
@each_form
def test_what_follows_a_stream_and_is_none_is_refused(tmp_path, reader, form):
    read, *parts = READERS[reader]
    pack = PACK[form]
    whole = pack(b"".join(parts))
    for rest in (b"garbage", b"g", bytes(4) + b"cat,dog\n" * 9, b"\xff" + pack(b"more\n")):
        path = write(tmp_path, whole + rest)
        with pytest.raises(rs.RowspaceError, match=f"{path}: damaged {form} data"):
            read(path)
    path = write(tmp_path, pack(parts[0]) + pack(parts[1])[:-5])
    with pytest.raises(rs.RowspaceError, match=f"{path}: the {form} data ends early"):
        read(path)


@each_reader
def test_packed_within_packed(tmp_path, reader):
    read, *parts = READERS[reader]
    data = b"".join(parts)
    for form in ("gzip", "zstd", "xz", "bzip2"):
        data = PACK[form](data)
        assert read(write(tmp_path, data, "file.gz")) == ["cat", "dog"]
    path = write(tmp_path, gzip.compress(data))
    with pytest.raises(rs.RowspaceError, match=f"{path} is packed more than {MOST_PACKINGS} times over; unpack it"):
        read(path)


@each_reader
@each_form
def test_packed_files_of_nothing_are_empty(tmp_path, reader, form):
    for data in (PACK[form](b""), PACK[form](b"") * 2):
        with pytest.raises(rs.RowspaceError, match="is empty|holds no words|no rows|expected a header"):
            READERS[reader][0](write(tmp_path, data))


def zipped():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("glove.txt", "cat 1 2\n")
    return out.getvalue()


def tarred(kind):
    out, inner = io.BytesIO(), tarfile.TarInfo("text8")
    inner.size = 8
    with tarfile.open(fileobj=out, mode="w", format=kind) as archive:
        archive.addfile(inner, io.BytesIO(b"cat dog\n"))
    return out.getvalue()


ARCHIVES = [
    (zipped(), "is a zip archive; unpack it"),
    (tarred(tarfile.GNU_FORMAT), "is a tar archive; unpack it"),
    (tarred(tarfile.USTAR_FORMAT), "is a tar archive; unpack it"),
    (gzip.compress(tarred(tarfile.PAX_FORMAT)), "is a tar archive, within gzip data; unpack it"),
    (b"7z\xbc\xaf\x27\x1c" + bytes(30), "is a 7z archive; unpack it"),
    (lzma.compress(b"words", lzma.FORMAT_ALONE), "is packed by lzma; unpack it"),
    (pa.compress(b"words", "lz4", asbytes=True), "is packed by lz4; unpack it"),
]


@each_reader
@pytest.mark.parametrize(("data", "message"), ARCHIVES, ids=range(len(ARCHIVES)))
def test_archives_are_no_text(tmp_path, reader, data, message):
    path = write(tmp_path, data)
    with pytest.raises(rs.RowspaceError) as caught:
        READERS[reader][0](path)
    assert str(caught.value).startswith(f"{path} {message}")
    assert "replace" not in str(caught.value)


@settings(deadline=None, derandomize=True, max_examples=50)
@given(
    parts=st.lists(st.tuples(st.sampled_from(sorted(PACK)), st.binary(max_size=40), st.integers(0, 9))),
    form=st.sampled_from(sorted(PACK)),
)
def test_any_streams_of_a_form_unpack_to_all_their_bytes(tmp_path_factory, parts, form):
    path = tmp_path_factory.mktemp("packed") / "file"
    data = b"".join(PACK[form](b"-" + part) + bytes(0 if form == "zstd" else zeros) for _, part, zeros in parts)
    path.write_bytes(data)
    assert unpacked(path) == b"".join(b"-" + part for _, part, _ in parts)


@pytest.mark.parametrize("form", quick(PACK, "gzip", "zstd"))
def test_large_streams_of_many_blocks(tmp_path, form):
    data = np.random.default_rng(0).integers(0, 4, 3_000_000, np.uint8).tobytes()
    assert unpacked(write(tmp_path, PACK[form](data) + PACK[form](data[:100]))) == data + data[:100]


def test_words_that_begin_as_a_form_does_are_text(tmp_path):
    for word in ("BZh", "BZh9", "BZh91AY", "PK", "LZIP", "Rar!", "7z"):
        with rs.read_text(write(tmp_path, f"{word} x\n".encode()), min_count=1) as text:
            assert text.names == [word, "x"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("form", [*PACK, None])
def test_a_pipe_that_is_slow_is_told_by_its_bytes_as_well(tmp_path, form):
    data = b"text,n\nthe cat,1\n"
    data = PACK[form](data) if form else data
    os.mkfifo(tmp_path / "pipe")
    firsts = [data[k : k + 1] for k in range(6)]

    def feed():
        with open(tmp_path / "pipe", "wb", buffering=0) as out:
            for part in (*firsts, data[6:]):
                out.write(part)

    feeding = threading.Thread(target=feed)
    feeding.start()
    with rs.read_text(tmp_path / "pipe", column="text", min_count=1) as text:
        assert text.names == ["the", "cat"]
    feeding.join()


@each_form
def test_vectors_in_parquet_may_be_packed_and_npy_may_not(tmp_path, form):
    out = io.BytesIO()
    parquet.write_table(pa.table({"name": ["cat"], "vector": [[1.0, 2.0]]}), out)
    packed = PACK[form](out.getvalue())
    assert rs.import_(write(tmp_path, packed, "v.parquet.gz")).names == ["cat"]
    assert rs.import_(write(tmp_path, packed, "v.parquet")).names == ["cat"]
    out = io.BytesIO()
    np.save(out, np.ones((1, 2), np.float32))
    for name in ("v.npy", "v.npy.gz"):
        with pytest.raises(rs.RowspaceError, match=f"{name} is packed by {form}; unpack it first"):
            rs.import_(write(tmp_path, PACK[form](out.getvalue()), name))
