import resource

import numpy as np
import pytest
import xxhash

from rowspace.errors import ShapeError
from rowspace.system.digests import PIECE, Digested, block_digests, digest


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 5])
def test_a_file_an_array_and_a_stream_have_the_digest_of_the_whole(tmp_path, size):
    data = np.random.default_rng(size).bytes(size)
    (tmp_path / "a").write_bytes(data)
    assert digest(tmp_path / "a") == digest(str(tmp_path / "a")) == digest(data) == xxhash.xxh3_128_hexdigest(data)
    with open(tmp_path / "b", "wb") as stream:
        out = Digested(stream)
        for part in (data[: size // 3], data[size // 3 :]):
            out.write(part)
    assert (out.size, out.hexdigest()) == (size, digest(tmp_path / "b"))


@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<u2", "?"])
def test_arrays_of_any_kind(dtype):
    array = np.arange(24).astype(dtype).reshape(2, 3, 4)
    array.flags.writeable = False
    assert digest(array) == digest(array.tobytes())
    assert digest(array[:0]) == digest(b"")


def test_every_flipped_bit_shows():
    array = np.random.default_rng(0).integers(0, 256, 64, np.uint8)
    seen = {digest(array)}
    for place in range(64):
        for bit in range(8):
            array[place] ^= 1 << bit
            seen.add(digest(array))
            array[place] ^= 1 << bit
    assert len(seen) == 1 + 64 * 8


@pytest.mark.parametrize(("nbytes", "size"), [(0, 8), (4, 8), (8, 8), (12, 8), (4 * PIECE + 4, PIECE)])
def test_stretches_are_those_of_a_slow_loop(nbytes, size):
    array = np.random.default_rng(1).integers(0, 99, nbytes // 4, np.int32)
    data = array.tobytes()
    slow = [xxhash.xxh3_64_intdigest(data[at : at + size]) for at in range(0, len(data), size)]
    found = block_digests(array, size)
    assert found.dtype == np.uint64
    assert found.tolist() == slow


def test_a_change_shows_in_its_stretch_alone(tmp_path):
    values = np.memmap(tmp_path / "v", np.float32, "w+", shape=(1000, 1000))
    before = block_digests(values)
    values[300, 7] = 1
    assert np.flatnonzero(block_digests(values) != before).tolist() == [(300 * 1000 + 7) * 4 // PIECE]


def test_a_file_is_not_read_into_memory(tmp_path):
    with open(tmp_path / "long", "wb") as stream:
        stream.truncate(400 * PIECE)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    digest(tmp_path / "long")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


def test_what_cannot_be_digested_is_told():
    with pytest.raises(ShapeError, match="C order; give np.ascontiguousarray"):
        digest(np.zeros((3, 4)).T)
    with pytest.raises(ShapeError, match="at least 1 byte, not 0"):
        block_digests(np.zeros(3), 0)
    with pytest.raises(FileNotFoundError):
        digest("nothing-here")
