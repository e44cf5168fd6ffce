import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import rowspace as rs
from rowspace.errors import DataError, IdOutOfRange, UnknownItem
from rowspace.train import trace as trace_module
from rowspace.train.trace import Trace, read_trace

SUFFIXES = (".tsv", ".parquet")


def table_of(values, names=None):
    return rs.Table.from_array(np.array(values, dtype=np.float32), names=names)


def write(path, table, steps=(0, 100), **options):
    trace = Trace(path, **options)
    trace.start({"E": table})
    for step in steps:
        trace.record(step)
    trace.close()
    return path


def test_the_post_s_table(tmp_path):
    E = table_of([[0.5, -1], [1e-5, 3]])
    trace = Trace(tmp_path / "trace.tsv", every=50)
    trace.start({"E": E})
    trace.record(0)
    E.values[0, 0] = 0.1
    trace.record(50)
    trace.close()
    assert (tmp_path / "trace.tsv").read_text() == (
        "i\tn\td0\td1\n0\t0\t0.5\t-1.0\n0\t1\t1e-05\t3.0\n50\t0\t0.1\t-1.0\n50\t1\t1e-05\t3.0\n"
    )


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_rows_by_name_in_the_order_asked_each_once(tmp_path, suffix):
    E = table_of(np.arange(6).reshape(3, 2), names=["a", "b", "c"])
    data = read_trace(write(tmp_path / f"t{suffix}", E, rows=["c", "a", "c"]))
    assert data.items == ["c", "a"]
    assert data.steps.tolist() == [0, 100]
    assert data.positions.dtype == np.float32
    np.testing.assert_array_equal(data.positions[1], [[4, 5], [0, 1]])


def test_rows_by_id_count_from_the_end_too(tmp_path):
    assert read_trace(write(tmp_path / "t.tsv", table_of(np.eye(3)), rows=[-1, 2])).items == [2]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_table_asked_for(tmp_path, suffix):
    trace = Trace(tmp_path / f"t{suffix}", table="F")
    trace.start({"E": table_of([[1, 2]]), "F": table_of([[7]])})
    trace.record(0)
    trace.close()
    assert read_trace(trace.path).positions.tolist() == [[[7]]]


any_float = st.floats(width=32, allow_nan=True)


@settings(max_examples=30, deadline=None)
@given(
    values=arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(1, 3)), elements=any_float),
    names=st.lists(st.text(min_size=1, max_size=5), min_size=4, max_size=4, unique=True),
    suffix=st.sampled_from(SUFFIXES),
)
def test_round_trip(values, names, suffix, tmp_path_factory):
    if suffix == ".tsv":
        names = [name.translate({9: 32, 10: 32, 13: 32}) + f"'{k}" for k, name in enumerate(names)]
    names = names[: len(values)]
    path = tmp_path_factory.mktemp("trace") / f"t{suffix}"
    data = read_trace(write(path, table_of(values, names), steps=(0, 3)))
    assert data.items == names
    np.testing.assert_array_equal(data.positions, np.stack([values, values]))


def test_every_float32_text_reads_back_bit_for_bit(tmp_path):
    bits = np.random.default_rng(0).integers(0, 2**32, 20_000, dtype=np.uint32)
    values = bits.view(np.float32).reshape(-1, 4)
    values = values[np.isfinite(values).all(axis=1)]
    data = read_trace(write(tmp_path / "t.tsv", table_of(values), steps=[0]))
    assert data.positions[0].tobytes() == values.tobytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_blocks_do_not_show(tmp_path, suffix, monkeypatch):
    monkeypatch.setattr(trace_module, "BLOCK", 5)
    E = table_of(np.random.default_rng(0).normal(size=(7, 2)))
    data = read_trace(write(tmp_path / f"t{suffix}", E, steps=range(5)))
    np.testing.assert_array_equal(data.positions, np.stack([E.values] * 5))


def test_a_name_with_a_tab_is_refused_in_tsv_and_kept_in_parquet(tmp_path):
    E = table_of([[1, 2]], names=["a\tb"])
    with pytest.raises(DataError, match=r"the name 'a\\tb': .* write t\.parquet instead"):
        Trace(tmp_path / "t.tsv").start({"E": E})
    assert list(tmp_path.iterdir()) == []
    assert read_trace(write(tmp_path / "t.parquet", E)).items == ["a\tb"]


def test_numbers_as_names_stay_names_in_parquet(tmp_path):
    E = table_of([[1, 2]], names=["7"])
    assert read_trace(write(tmp_path / "t.parquet", E)).items == ["7"]
    assert read_trace(write(tmp_path / "t.tsv", E)).items == [7]


def test_unfinished_is_in_the_part_and_the_old_file_stays(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("old")
    trace = Trace(path)
    trace.start({"E": table_of([[1, 2]])})
    trace.record(0)
    assert path.read_text() == "old"
    assert (tmp_path / "t.tsv.part").read_text() == "i\tn\td0\td1\n0\t0\t1.0\t2.0\n"
    trace.close()
    trace.close()
    assert [p.name for p in tmp_path.iterdir()] == ["t.tsv"]
    assert len(read_trace(path).steps) == 1


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_nothing_recorded_is_an_empty_trace(tmp_path, suffix):
    data = read_trace(write(tmp_path / f"t{suffix}", table_of([[1, 2]]), steps=[]))
    assert data.positions.shape == (0, 0, 2)
    assert data.steps.shape == (0,)


def test_a_step_recorded_twice_is_written_once(tmp_path):
    data = read_trace(write(tmp_path / "t.tsv", table_of([[1, 2]]), steps=(0, 5, 5)))
    assert data.steps.tolist() == [0, 5]


def test_steps_go_forward_and_start_comes_first(tmp_path):
    trace = Trace(tmp_path / "t.tsv")
    with pytest.raises(DataError, match="not been started"):
        trace.record(0)
    trace.start({"E": table_of([[1, 2]])})
    trace.record(5)
    with pytest.raises(DataError, match="step 4 comes after step 5"):
        trace.record(4)
    trace.close()


@pytest.mark.parametrize("every", [0, -1, 1.5, None])
def test_every_must_be_positive(every):
    with pytest.raises(DataError, match="must be 1 or more"):
        Trace("t.tsv", every)


@pytest.mark.parametrize("path", ["t.csv", "t", "t.tsv.gz"])
def test_other_suffixes_are_refused(path):
    with pytest.raises(DataError, match=r"a trace is a \.tsv or \.parquet file"):
        Trace(path)


def test_what_start_refuses(tmp_path):
    E = table_of([[1, 2]], names=["a"])
    with pytest.raises(DataError, match="no table named 'F' to trace; the trainer has: E"):
        Trace(tmp_path / "t.tsv", table="F").start({"E": E})
    with pytest.raises(DataError, match="there is no folder"):
        Trace(tmp_path / "no" / "t.tsv").start({"E": E})
    with pytest.raises(UnknownItem):
        Trace(tmp_path / "t.tsv", rows=["b"]).start({"E": E})
    with pytest.raises(IdOutOfRange):
        Trace(tmp_path / "t.tsv", rows=[1]).start({"E": E})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: expected the header"),
        ("i\tn\n", "line 1: expected the header 'i n d0 d1 ...', found 'i n'"),
        ("i\tn\td0\n0\ta\n", "line 2: 2 fields, expected 3"),
        ("i\tn\td0\n0\ta\t1\n1\ta\tx\n", r"line 3: 'x' is not a number \(float32\)"),
        ("i\tn\td0\n1.5\ta\t1\n", r"line 2: '1.5' is not a number \(int64\)"),
        ("i\tn\td0\n0\ta\t1\n0\tb\t1\n1\ta\t1\n", "last step has 1 of 2 rows"),
        (
            "i\tn\td0\n0\ta\t1\n0\tb\t1\n1\tb\t1\n1\ta\t1\n",
            "line 4: expected item 'a' of step 1, found item 'b' of step 1",
        ),
        ("i\tn\td0\n0\ta\t1\n0\ta\t1\n", "occurs twice in step 0"),
        ("i\tn\td0\n0\ta\t1\n\n", "line 3: 1 fields, expected 3"),
    ],
)
def test_malformed_files_name_the_line(tmp_path, text, message):
    path = tmp_path / "t.tsv"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_trace(path)


def test_files_that_are_not_traces(tmp_path):
    (tmp_path / "t.parquet").write_bytes(b"PAR1 no")
    (tmp_path / "t.tsv").write_bytes(b"i\tn\td0\n0\t\xff\t1\n")
    with pytest.raises(DataError, match="not a trace that can be read"):
        read_trace(tmp_path / "t.parquet")
    with pytest.raises(DataError, match="not UTF-8 text at byte 9"):
        read_trace(tmp_path / "t.tsv")
    with pytest.raises(DataError, match="no such file"):
        read_trace(tmp_path / "none.tsv")


def test_import_is_light():
    code = "import sys, rowspace.train.trace; print([m for m in sys.modules if m in ('pyarrow', 'PIL')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_trace_of_a_training_that_went_back_ends_with_what_was_recorded(tmp_path):
    """The error that is raised is that of the training."""
    given = {"i": np.arange(40) % 4, "target": np.where(np.arange(40) == 32, np.float32(3e38), np.float32(1))}
    trainer = rs.Trainer(lambda E, i, target: ((E[i] - target) ** 2).sum(), {"E": table_of(np.eye(4))}, rs.sgd(0.1))
    trace = Trace(tmp_path / "t.tsv", every=10)
    with pytest.raises(rs.Diverged):
        trainer.fit(given, trace=trace, schedule="sequential")
    assert trainer.examples == 0
    assert read_trace(trace.path).steps.tolist() == [0, 10, 20, 30]
