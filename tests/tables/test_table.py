import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rowspace as rs
from rowspace.errors import (
    DataError,
    FormatError,
    IdOutOfRange,
    ReadOnly,
    ShapeError,
    TooLarge,
    UnknownItem,
)

NAMES = ["cat", "dog", "owl", "elk", "emu", "yak"]


@pytest.fixture
def E():
    return rs.Table(names=NAMES, dim=3, seed=0)


def test_initial_values_are_as_documented():
    for dim, scale in ((4, 0.5), (9, 1 / 3)):
        expected = np.random.default_rng(5).standard_normal((7, dim), dtype=np.float32)
        np.testing.assert_array_equal(rs.Table(7, dim, seed=5).values, expected * np.float32(scale))
    assert not rs.Table(3, 2, scale=0).values.any()
    assert rs.Table(7, 2).values.dtype == np.float32


index = st.integers(-6, 5)
part = st.one_of(
    index,
    st.lists(index, max_size=4),
    st.lists(st.lists(index, min_size=2, max_size=2), min_size=1, max_size=3),
    st.lists(st.lists(index, min_size=2, max_size=2), min_size=1, max_size=3).map(np.array),
    st.slices(6),
    st.lists(st.booleans(), min_size=6, max_size=6),
    st.lists(st.booleans(), min_size=6, max_size=6).map(np.array),
    st.just(Ellipsis),
    st.just(None),
)
column = st.one_of(st.integers(-3, 2), st.slices(3), st.just(Ellipsis), st.just(None))


@settings(deadline=None, derandomize=True)
@given(st.one_of(part, st.tuples(part, column), st.tuples(column, part), st.tuples(part)))
def test_indexing_is_numpys(key):
    E = rs.Table(6, 3, seed=0)
    try:
        # an empty list takes no id; NumPy calls it a list of floats only inside tuples and arrays
        expected = E.values[key]
    except IndexError:
        with pytest.raises(IndexError):
            E[key]
    else:
        np.testing.assert_array_equal(E[key], expected)
        assert type(E[key]) is type(expected)


def test_shapes(E):
    assert E[2].shape == (3,)
    assert E[[2, 0]].shape == (2, 3)
    assert E[[]].shape == (0, 3)
    assert E[[[2, 0], [3, 3]]].reshape(2, -1).shape == (2, 6)
    assert E[np.zeros((2, 3, 4), np.uint8)].shape == (2, 3, 4, 3)
    assert E[()].shape == E.shape == (6, 3)
    assert E[None].shape == (1, 6, 3)
    np.testing.assert_array_equal(E[E.values > 0], E.values[E.values > 0])
    np.testing.assert_array_equal(E[np.ix_([0, 2], [1])], E.values[np.ix_([0, 2], [1])])


def test_names_index_like_ids(E):
    np.testing.assert_array_equal(E["owl"], E[2])
    np.testing.assert_array_equal(E[["owl", "cat"]], E[[2, 0]])
    np.testing.assert_array_equal(E[[["owl", "cat"], ["yak", "yak"]]], E[[[2, 0], [5, 5]]])
    np.testing.assert_array_equal(E[np.array(["owl", "cat"])], E[[2, 0]])
    np.testing.assert_array_equal(E["owl", :2], E[2, :2])
    np.testing.assert_array_equal(E[["owl", "cat"], 1], E[[2, 0], 1])
    np.testing.assert_array_equal(E[None, "owl"], E[None, 2])
    np.testing.assert_array_equal(E[["owl", 0, -1]], E[[2, 0, 5]])


@pytest.mark.parametrize(
    ("key", "kind", "text"),
    [
        (7, IdOutOfRange, "id 7 is out of range for a table of 6 rows (0 to 5)"),
        (-7, IdOutOfRange, "id -7 is out of range for a table of 6 rows (0 to 5)"),
        (2**70, IdOutOfRange, f"id {2**70} is out of range for a table of 6 rows (0 to 5)"),
        ([0, 9, 7], IdOutOfRange, "id 9 is out of range for a table of 6 rows (0 to 5)"),
        ((6, 0), IdOutOfRange, "id 6 is out of range for a table of 6 rows (0 to 5)"),
        (
            np.array([2**64 - 1], np.uint64),
            IdOutOfRange,
            f"id {2**64 - 1} is out of range for a table of 6 rows (0 to 5)",
        ),
        ("caat", UnknownItem, "item 'caat' is not in the table (6 items); did you mean 'cat'?"),
        (["cat", "caat"], UnknownItem, "item 'caat' is not in the table (6 items); "
         "did you mean 'cat'?"),
        (True, ShapeError, "True is not an id; a mask has one value for each of the 6 rows"),
        ([True, False], ShapeError, "a mask of shape (2,) for a table of 6 rows x 3"),
        (1.0, ShapeError, "ids must be integers, got float64; convert them with .astype(np.int64)"),
        ([1.5], ShapeError, "ids must be integers, got float64; numbers that are not whole are no ids"),
        (np.array([]), ShapeError, "ids must be integers, got float64; convert them with "
         ".astype(np.int64)"),
        ([None], ShapeError, "None is neither an id (an integer) nor a name (a string) (at position 0)"),
        (["cat", True], ShapeError, "True is neither an id (an integer) nor a name (a string) (at position 1)"),
        (["cat", float("nan")], ShapeError, "nan is neither an id (an integer) nor a name (a string) (at position 1)"),
        ([[0, 1], [2, True]], ShapeError, "True is neither an id (an integer) nor a name (a string) "
         "(at position (1, 1))"),
        ([np.str_("cat"), b"dog"], ShapeError, "b'dog' is neither an id (an integer) nor a name (a string) "
         "(at position 1)"),
        ([2**63, -1], IdOutOfRange, f"id {2**63} is out of range for a table of 6 rows (0 to 5) (at position 0)"),
        ([[[0]], [1]], ShapeError, "nested lists of unequal lengths cannot be looked up at once; pad them or loop"),
        (np.ma.array([0, 1], mask=[0, 1]), DataError, "what is looked up is masked at position 1; drop such entries "
         "or fill them in"),
        ([[0], [1, 2]], ShapeError, "nested lists of unequal lengths cannot be looked up at once; "
         "pad them or loop"),
        (("cat", "dog"), ShapeError, "a tuple is (rows, columns), and columns have no names; "
         "for rows of several names write E[['cat', 'dog']]"),
    ],
)  # fmt: skip
def test_what_cannot_be_looked_up(E, key, kind, text):
    before = E.values.copy()
    for attempt in (lambda: E[key], lambda: E.__setitem__(key, 0)):
        with pytest.raises(kind) as error:
            attempt()
        assert str(error.value) == text
    np.testing.assert_array_equal(E.values, before)


def test_a_table_without_names_has_ids_only():
    E = rs.Table(6, 2)
    assert E.names is None
    with pytest.raises(UnknownItem) as error:
        E["cat"]
    assert str(error.value) == "item 'cat': the table has no names, only ids 0 to 5"
    with pytest.raises(UnknownItem):
        E[["cat"]]


def test_membership(E):
    assert "cat" in E
    assert np.int32(5) in E
    for absent in ("caat", 6, -1, True, 1.0, None, ["cat"]):
        assert absent not in E
    assert "cat" not in rs.Table(1, 1)


def test_sequence_protocol(E):
    assert len(E) == 6
    assert E.dim == 3
    assert E.names == NAMES
    np.testing.assert_array_equal(np.stack(list(E)), E.values)
    assert repr(E) == "<Table: 6 rows x 3, names 'cat', 'dog', 'owl', ...>"
    assert repr(rs.Table(1, 2)) == "<Table: 1 row x 2>"
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(E))["owl"], E["owl"])


def test_asarray_is_the_same_memory(E):
    assert np.asarray(E) is E.values
    assert np.shares_memory(np.asarray(E, dtype=np.float32), E.values)
    assert not np.shares_memory(np.array(E), E.values)
    assert np.asarray(E, dtype=np.float64).dtype == np.float64
    if np.lib.NumpyVersion(np.__version__) >= "2.0.0":
        with pytest.raises(ValueError, match="without a copy"):
            np.asarray(E, dtype=np.float64, copy=False)


def test_assignment_is_in_place(E):
    values = E.values
    E["cat"] = 1
    E[["dog", "owl"]] = [[2, 2, 2], [3, 3, 3]]
    E[3:5] = np.zeros((2, 3))
    E["yak", 1] = 7
    E[-1, 0] = 8
    assert E.values is values
    assert values[:5, 0].tolist() == [1, 2, 3, 0, 0]
    assert values[5, :2].tolist() == [8, 7]
    with pytest.raises(ShapeError, match="these values do not fit the rows: "):
        E["cat"] = [1, 2]


@settings(deadline=None, derandomize=True)
@given(st.lists(st.integers(-6, 5)), st.sampled_from([np.int8, np.int64, np.intp, object]))
def test_ids_are_normalised(items, dtype):
    E = rs.Table(names=NAMES, dim=1)
    ids = E.ids(np.array(items, dtype))
    assert ids.dtype == np.intp
    assert ids.tolist() == [i % 6 for i in items]
    assert E.ids([NAMES[i] for i in items]).tolist() == ids.tolist()


def test_ids_of_a_mask_are_refused(E):
    with pytest.raises(ShapeError, match=r"a mask becomes ids with np\.flatnonzero"):
        E.ids([True] * 6)


def test_data_is_checked_and_its_first_fault_named(E):
    E.check_ids(np.array([[0, 5], [1, 2]]), "column i")
    E.check_ids(np.empty(0, np.int32))
    out = "is out of range for a table of 6 rows (0 to 5)"
    for array, text in (
        ([0, 6, 9], f"column i: id 6 at position 1 {out}"),
        ([[0, 1], [-1, 2]], f"column i: id -1 at position (1, 0) {out}"),
        (np.array([2**64 - 1], np.uint64), f"column i: id {2**64 - 1} at position 0 {out}"),
    ):
        with pytest.raises(IdOutOfRange) as error:
            E.check_ids(np.array(array), "column i")
        assert str(error.value) == text
    with pytest.raises(ShapeError) as wrong:
        E.check_ids(np.array(["cat"]), "column i")
    expected = "column i: ids must be integers, got <U3; names become ids with table.ids(names)"
    assert str(wrong.value) == expected


@pytest.mark.parametrize("n", [0, -1, 1.0, True, None, "6"])
def test_sizes_are_whole_and_positive(n):
    with pytest.raises(ShapeError, match="^n is .*; give a whole number of at least 1"):
        rs.Table(n, 2)
    with pytest.raises(ShapeError, match="^dim is .*; give a whole number of at least 1"):
        rs.Table(2, n)


def test_memory_is_asked_for_first():
    with pytest.raises(TooLarge, match=r"a table of 1000000000000 x 100 needs 400000.0 GB") as e:
        rs.Table(10**12, 100)
    assert isinstance(e.value, MemoryError)


def test_names_and_counts_agree_with_the_rows():
    with pytest.raises(ShapeError, match="2 names for 3 rows; give one name for each row"):
        rs.Table(3, 2, names=["a", "b"])
    with pytest.raises(DataError, match="occurs twice"):
        rs.Table(names=["a", "a"], dim=2)
    E = rs.Table(3, 2, counts=[1, 2, 3])
    assert E.counts.dtype == np.int64
    with pytest.raises(ShapeError, match="counts must be 3 integers"):
        E.counts = [1, 2]
    with pytest.raises(ShapeError, match="counts must not be negative, got -1 at row 1"):
        E.counts = [1, -1, 2]
    E.counts = None
    assert E.counts is None


def test_from_array_adopts():
    array = np.zeros((3, 2), np.float32)
    E = rs.Table.from_array(array, names=["a", "b", "c"])
    assert E.values is array
    E["b"] = 5
    assert array[1, 0] == 5
    array.setflags(write=False)
    with pytest.raises(ReadOnly, match="a read-only table cannot be assigned to"):
        rs.Table.from_array(array)[0] = 1


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((3, 2)),
        np.zeros((3, 2), np.float32, order="F"),
        np.zeros((3, 4), np.float32)[:, ::2],
        np.zeros((3, 2), ">f4"),
    ],
)
def test_from_array_says_how_to_convert(array):
    with pytest.raises(ShapeError, match=r"give np\.ascontiguousarray\(array, dtype=np\.float32\)"):
        rs.Table.from_array(array)
    rs.Table.from_array(np.ascontiguousarray(array, dtype=np.float32))


@pytest.mark.parametrize("array", [[[1.0]], np.zeros(3, np.float32), np.zeros((0, 2), np.float32)])
def test_from_array_takes_matrices_only(array):
    with pytest.raises(ShapeError):
        rs.Table.from_array(array)


def test_open_maps_the_file(tmp_path, E):
    path = tmp_path / "E.npy"
    np.save(path, E.values)
    for mode, reaches_file in (("r+", True), ("c", False)):
        F = rs.Table.open(path, mode)
        F[0] = 9
        F.flush()
        assert (np.load(path)[0, 0] == 9) == reaches_file
        np.save(path, E.values)
    F = rs.Table.open(path)
    np.testing.assert_array_equal(F.values, E.values)
    assert type(F[0]) is np.ndarray
    for attempt in (lambda: F.__setitem__(0, 1), F.shared):
        with pytest.raises(ReadOnly, match=r"open it with mode='r\+'"):
            attempt()
    with pytest.raises(ShapeError, match="mode must be"):
        rs.Table.open(path, "w+")
    with pytest.raises(FileNotFoundError):
        rs.Table.open(tmp_path / "F.npy")


@pytest.mark.parametrize(
    "array", [np.zeros((2, 2)), np.zeros(4, np.float32), np.zeros((0, 2), np.float32),
              np.zeros((2, 2), np.float32, order="F"), np.zeros((2, 2), ">f4")],
)  # fmt: skip
def test_open_refuses_other_arrays(tmp_path, array):
    np.save(tmp_path / "E.npy", array)
    with pytest.raises(FormatError):
        rs.Table.open(tmp_path / "E.npy")


def test_open_refuses_pickles_and_damage(tmp_path):
    path = tmp_path / "E.npy"
    np.save(path, np.array([[{}]], dtype=object), allow_pickle=True)
    with pytest.raises(FormatError):
        rs.Table.open(path)
    np.save(path, np.zeros((5, 2), np.float32))
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole + b"x", whole[:50], whole[:5], b"", b"no"):
        for mode in ("r", "r+", "c"):
            path.write_bytes(damaged)
            with pytest.raises(FormatError):
                rs.Table.open(path, mode)
            assert path.read_bytes() == damaged


def test_importing_it_is_light():
    code = (
        "import sys, rowspace; rowspace.Table(2, 2)[0]; rowspace.Model; "
        "heavy = {'pytensor', 'numba', 'pyarrow', 'pandas', 'scipy'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.filterwarnings("ignore:np.dot")  # what PyTensor compiles, where nothing is cached yet
def test_shared_is_the_same_memory(E):
    pytensor = pytest.importorskip("pytensor")
    import pytensor.tensor as pt

    values, before = E.values, E.values.copy()
    t_E, t_idxs = E.shared("E"), pt.lvector()
    rows = t_E[t_idxs]
    cost = abs(1 - pt.dot(rows[0], rows[1]))
    step = pytensor.function([t_idxs], cost, updates=[(t_E, pt.inc_subtensor(rows, -0.1 * pt.grad(cost, rows)))])
    for i, j in ((2, 0), (4, 4), (1, 5)):
        expected = E.values.copy()
        sign = np.sign(1 - expected[i] @ expected[j])
        expected[i] += 0.1 * sign * before[j]
        expected[j] += 0.1 * sign * before[i]
        step([i, j])
        assert t_E.get_value(borrow=True) is values
        np.testing.assert_allclose(E.values, expected, rtol=1e-6)
    np.testing.assert_array_equal(E[3], before[3])
    put = pytensor.function([], updates=[(t_E, pt.set_subtensor(t_E[3], np.float32(7)))])
    put()
    assert E[3].tolist() == [7, 7, 7]


def test_shared_runs_the_posts_lookups():
    pytensor = pytest.importorskip("pytensor")
    import pytensor.tensor as pt

    E = rs.Table(6, 2, seed=0)
    t_E, t_idxs = E.shared(), pt.lmatrix()
    lookup = pytensor.function([t_idxs], t_E[t_idxs].reshape((t_idxs.shape[0], -1)))
    pairs = np.array([[2, 0], [3, 3], [5, 1]])
    np.testing.assert_array_equal(lookup(pairs), E[pairs].reshape(3, -1))
    E[2] = 9  # a change of the table is seen by the graph
    np.testing.assert_array_equal(lookup(pairs), E[pairs].reshape(3, -1))
