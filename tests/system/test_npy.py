"""Headers of .npy files are read as a pattern, and written as NumPy writes them."""

import ast
import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rowspace.system import npy
from rowspace.system.npy import write_array

DTYPES = ["<f4", ">f4", "<f8", "<i8", "|b1", "<c16", "<U5", "|S3", "<M8[s]"]


@given(st.sampled_from(DTYPES), st.lists(st.integers(0, 5), max_size=4), st.booleans(), st.sampled_from([1, 2, 3]))
def test_headers_are_read_as_numpy_reads_them(dtype, shape, fortran, version):
    array = np.zeros(shape, dtype, order="F" if fortran else "C")
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version=(version, 0))
    stream.seek(0)
    descr, found_fortran, found_shape, offset = npy._parsed(stream)
    assert np.dtype(descr) == array.dtype
    assert found_shape == array.shape
    assert offset == len(stream.getvalue()) - array.nbytes
    stream.seek(8 + (2 if version == 1 else 4))
    assert found_fortran == ast.literal_eval(stream.read(offset - stream.tell()).decode())["fortran_order"]


@given(st.lists(st.integers(1, 4), min_size=2, max_size=2), st.sampled_from(["<f4", ">f4", "<f8"]))
def test_arrays_are_written_as_numpy_writes_them(shape, dtype):
    array = np.arange(np.prod(shape)).astype(dtype).reshape(shape)
    ours, theirs = io.BytesIO(), io.BytesIO()
    for each in (array, array.T):
        write_array(ours, each)
        np.lib.format.write_array(theirs, np.ascontiguousarray(each), allow_pickle=False)
    assert ours.getvalue() == theirs.getvalue()


def test_long_arrays_are_written_in_pieces(tmp_path):
    array = np.arange(2**22 + 12, dtype=np.float32).reshape(-1, 4)  # 16 MiB at a time
    with open(tmp_path / "a.npy", "wb") as out:
        write_array(out, array)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), array)
