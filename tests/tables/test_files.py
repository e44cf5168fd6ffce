"""Files of tables that are not what they say: refused before memory is taken, and nothing is unpickled."""

import os
import resource
import struct

import numpy as np
import pytest

import rowspace as rs
from rowspace.errors import FormatError, TooLarge
from rowspace.tables import files


def written(path, header, version=1, tail=b""):
    header = header.encode("latin-1")
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    path.write_bytes(np.lib.format.MAGIC_PREFIX + bytes([version, 0]) + length + header + tail)
    return path


@pytest.mark.parametrize(
    "header",
    [
        "",
        "{",
        "{}",
        "[" * 5000,
        "(" * 9000,
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2)",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, -2), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1.5, 2), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (True, 2), }",
        "{'descr': '<f4', 'fortran_order': 1, 'shape': (1, 2), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), 'more': (3,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': [__import__('os')], }",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1, 2), }",
        "{'descr': 'nonsense', 'fortran_order': False, 'shape': (1, 2), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1, 2), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (" + "9" * 5000 + ", 2), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (999999999999999999, 999999999999999999), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 2), }",
    ],
)
@pytest.mark.parametrize("version", [1, 2])
def test_other_headers_are_refused(tmp_path, header, version):
    with pytest.raises(FormatError) as told:
        rs.Table.open(written(tmp_path / "a.npy", header, version, bytes(8)))
    assert len(str(told.value)) < 400 + len(str(tmp_path))


def test_a_header_is_not_read_as_long_as_it_claims(tmp_path):
    path = written(tmp_path / "a.npy", "", 2)
    path.write_bytes(path.read_bytes()[:8] + struct.pack("<I", 2**32 - 1))
    os.truncate(path, 2**32 + 100)
    with pytest.raises(FormatError, match="its header claims 4294967295 bytes"):
        rs.Table.open(path)
    os.truncate(path, 10)
    with pytest.raises(FormatError, match=r"not a \.npy file"):
        rs.Table.open(path)


def test_objects_are_not_unpickled(tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "mark"),)

    np.save(tmp_path / "a.npy", np.array([[Bomb()]], dtype=object), allow_pickle=True)
    np.save(tmp_path / "b.npy", np.zeros((1, 1), np.float32))
    np.save(tmp_path / "b.counts.npy", np.array([Bomb()], dtype=object), allow_pickle=True)
    for name in ("a.npy", "b.npy"):
        for read in (rs.Table.open, rs.import_):
            with pytest.raises(FormatError, match="holds object"):
                read(tmp_path / name)
    assert not (tmp_path / "mark").exists()
    with pytest.raises(FileExistsError):  # it would have gone off
        np.load(tmp_path / "a.npy", allow_pickle=True), np.load(tmp_path / "b.counts.npy", allow_pickle=True)


# --- more promised than there is: refused, with no memory taken

HUGE = 10**13


def promised(folder, name):
    """A small file, or one of holes only, that promises 40 TB."""
    path = folder / name
    if name == "v.npy":
        return written(path, f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({HUGE}, 4), }}", tail=bytes(16))
    if name == "counts.npy":
        np.save(path, np.zeros((1, 4), np.float32))
        header = f"{{'descr': '<i8', 'fortran_order': False, 'shape': ({HUGE // 10},), }}"
        written(files.counts_path(path), header)
        os.truncate(files.counts_path(path), 10 + len(header) + 8 * HUGE // 10)
    elif name == "holes.npy":
        header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({HUGE // 10}, 1), }}"
        written(path, header)
        os.truncate(path, 10 + len(header) + 4 * HUGE // 10)
    elif name == "names.npy":
        np.save(path, np.zeros((1, 4), np.float32))
        files.names_path(path).write_text('["a", "')
        os.truncate(files.names_path(path), HUGE)
    elif name in ("v.txt", "v.bin", "v.vec"):
        path.write_bytes(f"{HUGE} 4\n".encode() + b"a 1 2 3 4\n")
    elif name == "v.parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        # one row again and again, packed to nothing
        vectors = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(2**24, np.float32)), 2**14)
        table = pa.table({"name": pa.array(["a"] * 2**10), "vector": vectors})
        with pq.ParquetWriter(path, table.schema, compression="zstd") as out:
            for _ in range(4):
                out.write_table(table)
    return path


@pytest.mark.parametrize("name", ["v.npy", "counts.npy", "holes.npy", "names.npy", "v.txt", "v.bin", "v.vec"])
def test_what_is_promised_is_compared_with_the_file(tmp_path, name):
    path = promised(tmp_path, name)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises((FormatError, TooLarge)):
        rs.import_(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


def test_a_parquet_file_of_repeats_is_measured_before_it_is_unpacked(tmp_path, monkeypatch):
    def refused(needed, what, _instead):
        raise TooLarge(f"{what} needs {needed}")

    path = promised(tmp_path, "v.parquet")
    assert path.stat().st_size < 1_000_000
    monkeypatch.setattr("rowspace.system.parquet.require_memory", refused)
    with pytest.raises(TooLarge, match=f"4,096 rows, needs {4 * 4 * (2**24 + 2**10)}"):
        rs.import_(path)
