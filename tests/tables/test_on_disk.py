"""Tables on disk: those of memory in all but where they lie, whatever the memory and the threads."""

import hashlib
import os
import shutil
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import numpy as np
import pytest

import rowspace as rs
from rowspace import costs, errors
from rowspace.schedule.sizes import Sizes
from rowspace.system import mapped, memory
from rowspace.system.lock import locked
from rowspace.system.siblings import lock_path
from rowspace.tables import on_disk
from tests.support.examples import problem
from tests.support.quick import quick
from tests.support.small_disk import on_small_disk

ROWS, EXAMPLES = 3000, 9000
UPDATES = {
    "sgd": lambda: rs.sgd(rs.linear(0.05)),
    "adagrad": lambda: rs.adagrad(0.05),
    "exact adam": lambda: rs.exact(rs.lazy_adam(0.01)),
}
PATH = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.fixture
def small(monkeypatch):
    """Tables count as large from 4 KB on, and so does all that is sized by what disks like."""
    monkeypatch.setattr("rowspace.tables.on_disk.LARGE", 2**12)
    monkeypatch.setattr(rs.Trainer, "sizes", Sizes(disk_block_bytes=2**13))
    monkeypatch.setattr("rowspace.tables.on_disk.EXTENT", 2**11)
    monkeypatch.setattr("rowspace.schedule.parts.WHOLE_BYTES", 2**8)
    monkeypatch.setattr("rowspace.schedule.arrays.SMALL_BYTES", 1)
    monkeypatch.setattr("rowspace.schedule.arrays.PIECE_EXAMPLES", 3000)


def trained(folder, cost, update, *, threads=1, room=None, examples=EXAMPLES, monkeypatch=None, **options):
    """A hash of what is learned, from tables in a folder, or in memory (None) but cut as on disk."""
    tables, data = problem(cost, rows=ROWS, examples=examples, dim=6)
    own = {t: table if folder is None else stored(Path(folder) / f"{t}.npy", table) for t, table in tables.items()}
    data = {c: given(v, own, tables) for c, v in data.items()}
    with monkeypatch.context() as patch, warnings.catch_warnings():
        if folder is None:
            patch.setattr("rowspace.schedule.in_blocks.is_on_disk", lambda values: values.nbytes >= 2**12)
        if room is not None:
            patch.setattr("rowspace.execute.executor.room_for_rows", lambda arrays, memory: room)
        warnings.simplefilter("ignore", errors.OverMemory)
        warnings.simplefilter("ignore", errors.Sequential)
        trainer = rs.Trainer(costs.NAMED.get(cost, cost) if isinstance(cost, str) else cost, own, update)
        history = trainer.fit(data, 2, threads=threads, **options)
    arrays = [a for t in sorted(own) for a in (own[t].values, *trainer.states[t])]
    return hashlib.sha256(b"".join(a.tobytes() for a in arrays)).hexdigest(), [e.cost for e in history], trainer


def stored(path, table):
    np.save(path, table.values)
    return rs.Table.open(path, "r+")


def given(column, tables, were):
    """A column of negatives drawn from the tables that are trained."""
    if not isinstance(column, rs.Negatives):
        return column
    name = next(t for t, table in were.items() if table is column.of)
    return rs.Negatives(of=tables[name], k=column.k, counts=column.counts, avoid=column.avoid)


# --- creating -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [None, 0.0, 2.5])
def test_a_created_table_has_the_values_of_one_in_memory(tmp_path, monkeypatch, scale):
    monkeypatch.setattr("rowspace.tables.values.NUMBERS_AT_ONCE", 100)
    E = rs.Table.create(tmp_path / "E.npy", 333, 7, seed=[3, 4], scale=scale)
    assert E.values.tobytes() == rs.Table(333, 7, seed=[3, 4], scale=scale).values.tobytes()
    assert os.listdir(tmp_path) == ["E.npy"]
    E[5] = 1
    E.flush()
    assert (np.load(tmp_path / "E.npy")[5] == 1).all()


def test_names_and_counts_lie_beside_a_created_table(tmp_path):
    E = rs.Table.create(tmp_path / "E.npy", names=["cat", "dog"], dim=3, counts=[2, 1])
    again = rs.Table.open(tmp_path / "E.npy")
    assert E.names == again.names == ["cat", "dog"]
    assert E.counts.tolist() == again.counts.tolist() == [2, 1]
    assert len(os.listdir(tmp_path)) == 3


@pytest.mark.parametrize("there", ["E.npy", "E.names.json", "E.counts.npy"])
def test_what_is_there_is_not_overwritten(tmp_path, there):
    (tmp_path / there).write_text("mine")
    with pytest.raises(FileExistsError, match=f"{there} is there already; go on with it by Table.open"):
        rs.Table.create(tmp_path / "E.npy", 3, 2)
    assert (tmp_path / there).read_text() == "mine"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n": 0, "dim": 2}, "n is 0; give a whole number of at least 1"),
        ({"n": 2, "dim": 0}, "dim is 0; give a whole number of at least 1"),
        ({"n": 2, "dim": 2, "names": ["a"]}, "1 names for 2 rows"),
        ({"n": 2, "dim": 2, "counts": [1, 2, 3]}, "counts must be 2 integers"),
    ],
)
def test_a_table_that_cannot_be_leaves_nothing(tmp_path, wrong, message):
    with pytest.raises(errors.ShapeError, match=message):
        rs.Table.create(tmp_path / "E.npy", **wrong)
    assert not os.listdir(tmp_path)


def test_of_two_that_make_a_table_at_once_one_is_refused(tmp_path):
    """Its values would go to a file that has lost its name, or lie beside the other's names."""
    told = f"E.npy is being made by process {os.getpid()}; wait for it to end"
    with locked(lock_path(tmp_path / "E.npy"), "another"), pytest.raises(errors.Locked, match=told):
        rs.Table.create(tmp_path / "E.npy", 3, 2)
    rs.Table.create(tmp_path / "E.npy", 3, 2)
    assert os.listdir(tmp_path) == ["E.npy"]
    with pytest.raises(FileNotFoundError, match="none/E.npy"):
        rs.Table.create(tmp_path / "none" / "E.npy", 3, 2)


FULL = """
    import errno, os, sys
    import rowspace as rs
    from rowspace.system import mapped
    from rowspace.tables import on_disk
    try:
        rs.Table.create(os.path.abspath("E.npy"), 100_000, 8)
    except OSError as error:
        print(error)
    print(os.listdir())
    on_disk.LARGE = 2**18
    E = rs.Table.create("E.npy", 40_000, 8)
    try:
        rs.Trainer(lambda E, i: (E[i] ** 2).sum(), {"E": E}, rs.adagrad(0.1))
    except OSError as error:
        print(error)
    print(os.listdir())
"""


@pytest.mark.skipif(not shutil.which("unshare"), reason="needs a file system of its own")
def test_a_full_disk_is_one_error_beforehand(tmp_path):
    mount = f'mount -t tmpfs -o size=2m none {tmp_path} && cd {tmp_path} && exec {sys.executable} -c "$0"'
    command = ["unshare", "-rm", "sh", "-c", mount, textwrap.dedent(FULL)]
    done = subprocess.run(command, capture_output=True, text=True, env=PATH)
    if "unshare" in done.stderr or "mount" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert not done.stderr
    table, left, state, kept = done.stdout.splitlines()
    assert table == (
        f"cannot write {tmp_path}/E.npy: the disk is full (3.2 MB needed, 2.1 MB free); "
        "free some, or give a place on another disk; what was there before is as it was"
    )
    assert left == "[]"
    assert "a temporary file of a table on disk: the disk is full (1.3 MB needed, 8" in state
    assert kept == "['E.npy']"


# --- training -------------------------------------------------------------------------------------------------------

OTHERS = "skip_gram_bag", "glove", "distmult", "transe", "pair_negatives", "skip_gram"
CASES = [("logistic_dot", u) for u in UPDATES] + [(c, "adagrad") for c in OTHERS]
FEW = [("logistic_dot", "sgd"), ("logistic_dot", "exact adam"), *((c, "adagrad") for c in OTHERS[:3])]


@pytest.mark.parametrize(("cost", "update"), quick(CASES, *FEW))
def test_the_bytes_are_those_of_memory_at_any_threads_and_memory(tmp_path, small, monkeypatch, cost, update):
    def run(folder, **options):
        if folder is not None:
            (tmp_path / folder).mkdir()
            folder = tmp_path / folder
        return trained(folder, cost, UPDATES[update](), monkeypatch=monkeypatch, **options)

    expected, mean_costs, trainer = run(None)
    [buckets] = trainer.buckets.values()
    assert buckets.cuts
    assert buckets.arrays.on_disk
    for threads, room in [(2, 10**9), (1, 0), (3, 40_000), (2, 90_000)]:
        found, means, _ = run(f"{threads}-{room}", threads=threads, room=room)
        assert found == expected
        assert means == mean_costs


def test_a_cost_of_one_row_and_rows_that_repeat(tmp_path, small, monkeypatch):
    def run(name, *, threads, room):
        (tmp_path / name).mkdir()
        E = rs.Table.create(tmp_path / name / "E.npy", 2000, 8, seed=1)
        monkeypatch.setattr("rowspace.execute.executor.room_for_rows", lambda arrays, memory: room)
        rng = np.random.default_rng(0)
        data = {"i": (2000 * rng.random(9000) ** 4).astype(int), "x": rng.random((9000, 3), np.float32)}
        cost = lambda E, i, x: ((E[i][:3] - x) ** 2).sum()
        trainer = rs.Trainer(cost, {"E": E}, rs.adagrad(0.1))
        trainer.fit(data, 2, threads=threads)
        return E.values.tobytes() + trainer.states["E"][0].tobytes()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.OverMemory)
        assert run("a", threads=1, room=10**9) == run("b", threads=2, room=0) == run("c", threads=3, room=20_000)


def test_state_lies_beside_the_table_in_files_without_names(tmp_path, small):
    E = rs.Table.create(tmp_path / "E.npy", 500, 8)
    states = rs.Trainer(costs.l1_dot, {"E": E}, rs.adagrad(0.1)).states["E"]
    in_memory = rs.Trainer(costs.l1_dot, {"E": rs.Table(500, 8)}, rs.adagrad(0.1)).states["E"]
    assert all(mapped.mapped(s) and (s == other).all() for s, other in zip(states, in_memory, strict=True))
    assert os.listdir(tmp_path) == ["E.npy"]


def test_read_only_and_private_maps_are_not_moved(tmp_path, small):
    rs.Table.create(tmp_path / "E.npy", 500, 8)
    assert on_disk.is_on_disk(rs.Table.open(tmp_path / "E.npy", "r+").values)
    assert not on_disk.is_on_disk(rs.Table.open(tmp_path / "E.npy", "c").values)
    assert not on_disk.is_on_disk(rs.Table.open(tmp_path / "E.npy", "r").values)
    assert not on_disk.is_on_disk(rs.Table(500, 8).values)


def test_small_tables_are_trained_as_in_memory(tmp_path):
    E, same = rs.Table.create(tmp_path / "E.npy", 200, 4), rs.Table(200, 4)
    data = {"i": np.arange(400) % 200, "j": np.arange(400) * 7 % 200, "label": np.ones(400, np.float32)}
    for table in (E, same):
        rs.Trainer(costs.logistic_dot, {"E": table}, rs.sgd(0.1)).fit(data, memory="1 MB" if table is E else None)
    assert E.values.tobytes() == same.values.tobytes()


def test_a_cost_that_does_not_fit_blocks_runs_all_the_same(tmp_path, small):
    E, same = rs.Table.create(tmp_path / "E.npy", 500, 8), rs.Table(500, 8)
    data = {"i": [1, 2, 3], "j": [4, 5, 6], "k": [7, 8, 9]}
    cost = lambda E, i, j, k: E[i] @ E[j] + E[j] @ E[k]
    with pytest.warns(errors.SlowTable, match="a page at a time, which is slow, since an example"):
        rs.Trainer(cost, {"E": E}, rs.sgd(0.1)).fit(data, memory=1000)
    rs.Trainer(cost, {"E": same}, rs.sgd(0.1)).fit(data)
    assert E.values.tobytes() == same.values.tobytes()


def test_too_little_memory_is_said_once(tmp_path, small):
    E = rs.Table.create(tmp_path / "E.npy", 2000, 8)
    i = np.arange(5000) % 2000
    data = {"i": i, "j": i[::-1].copy(), "label": np.ones(5000, np.float32)}
    with pytest.warns(errors.OverMemory, match=r"memory is 1 MB, and this process with the fewest rows") as said:
        rs.Trainer(costs.l1_dot, {"E": E}, rs.sgd(0.1)).fit(data, 2, memory="1 MB")
    assert len(said) == 1


@pytest.mark.filterwarnings("ignore::rowspace.errors.OverMemory")
def test_a_training_goes_on_from_a_checkpoint_with_another_memory(tmp_path, small, monkeypatch):
    rng = np.random.default_rng(0)
    i, j = rng.integers(0, 2000, (2, 9000))
    data = {"i": i, "j": j, "label": (i % 2 == j % 2).astype(np.float32)}

    def begin(name):
        E = rs.Table.create(tmp_path / f"{name}.npy", 2000, 8, seed=1)
        return rs.Trainer(costs.logistic_dot, {"E": E}, rs.adagrad(0.1))

    def stop(trainer):
        raise KeyboardInterrupt

    monkeypatch.setattr("rowspace.execute.executor.room_for_rows", lambda arrays, memory: memory)
    whole, killed, resumed = begin("whole"), begin("killed"), begin("resumed")
    whole.fit(data, 3, memory=10**8)
    kept = {"checkpoint": tmp_path / "kept", "every": "1 chunk"}
    with pytest.raises(KeyboardInterrupt):
        killed.fit(data, 3, memory=60_000, threads=2, callbacks=[stop], **kept)
    history = resumed.resume(tmp_path / "kept", data, memory=90_000)
    assert [e.cost for e in history] == [e.cost for e in whole.history]
    assert resumed.tables["E"].values.tobytes() == whole.tables["E"].values.tobytes()
    in_memory = rs.Trainer(costs.logistic_dot, {"E": rs.Table(2000, 8)}, rs.adagrad(0.1))
    with pytest.raises(errors.CheckpointError, match="the place of table E: in memory, was on disk"):
        in_memory.resume(tmp_path / "kept", data)


# --- data -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_mapped_columns_are_checked_in_stretches(tmp_path, monkeypatch, dtype):
    monkeypatch.setattr("rowspace.columns.checking._LARGE_BYTES", 1)
    monkeypatch.setattr("rowspace.system.mapped.PIECE_BYTES", 100)
    monkeypatch.setattr(mapped.pieces, "__defaults__", (100,))
    rng = np.random.default_rng(0)
    data = {"i": rng.integers(0, 50, 999).astype(dtype), "j": rng.integers(0, 50, 999), "label": rng.random(999)}
    for name, column in data.items():
        np.save(tmp_path / f"{name}.npy", column)
    files = {c: np.load(tmp_path / f"{c}.npy", mmap_mode="r") for c in data}
    E, same = rs.Table(50, 4), rs.Table(50, 4)
    rs.Trainer(costs.l1_dot, {"E": E}, rs.sgd(0.1)).fit(files)
    rs.Trainer(costs.l1_dot, {"E": same}, rs.sgd(0.1)).fit(data)
    assert E.values.tobytes() == same.values.tobytes()
    wrong = np.load(tmp_path / "i.npy", mmap_mode="r+")
    wrong[777] = 50
    with pytest.raises(errors.IdOutOfRange, match="column 'i': id 50 at position 777"):
        rs.Trainer(costs.l1_dot, {"E": E}, rs.sgd(0.1)).fit({**files, "i": wrong})


# --- memory ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [0, -1, True, "2 GBs", "", "two", "1e3", [1], float("nan"), float("inf"), "0 GB"])
def test_memory_is_bytes_or_a_text(wrong):
    with pytest.raises(errors.DataError, match="give bytes, or a text such as '2 GB'"):
        rs.Trainer(costs.l1_dot, {"E": rs.Table(3, 2)}).fit({"i": [0], "j": [1], "label": [1]}, memory=wrong)


@pytest.mark.parametrize(
    ("text", "size"), [("2GB", 2 * 10**9), ("1.5 gib", 3 * 2**29), ("700 M", 7 * 10**8), ("64", 64), (" 3 kB ", 3000)]
)
def test_sizes_as_people_write_them(text, size):
    assert memory.memory_limit(text) == size


@pytest.mark.skipif(not memory.resident(), reason="needs a system that tells")
def test_rows_let_go_are_not_in_memory_and_are_in_the_file(tmp_path):
    array = mapped.scratch(tmp_path, (16_384, 512), np.float32)
    array[:] = 3
    full = memory.resident()
    found = mapped.mapped(array)
    found.release(0, len(array))
    found.flush(0, len(array))
    assert memory.resident() < full - 30e6
    assert (array == 3).all()
    assert not os.listdir(tmp_path)


LIMITED = """
    import sys
    from pathlib import Path
    import numpy as np
    import rowspace as rs
    from rowspace import costs
    n, dim, examples = 600_000, 128, 2_000_000
    E = rs.Table.create(sys.argv[1] + "/E.npy", n, dim)
    rng = np.random.default_rng(0)
    data = {c: rng.integers(0, n, examples, dtype=np.int32) for c in "ij"} | {"label": np.ones(examples, np.float32)}
    rs.Trainer(costs.l1_dot, {"E": E}, rs.sgd(0.01)).fit(data, threads=2, memory="400 MB")
    lines = Path("/proc/self/status").read_text().splitlines()
    print(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs a system that tells")
def test_memory_stays_below_what_was_given(tmp_path):
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(LIMITED), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=PATH)
    assert not done.stderr
    assert int(done.stdout) < 400e6


# --- one file -------------------------------------------------------------------------------------------------------

NAMED = {"the same path": None, "a symbolic link": os.symlink, "a hard link": os.link}


@pytest.mark.parametrize("mode", ["r", "c", "r+"])
@pytest.mark.parametrize("link", NAMED)
def test_one_file_is_not_two_tables(tmp_path, link, mode):
    """Of a table that is trained; whatever the file is called, and also once it is called otherwise."""
    path = other = tmp_path / "E.npy"
    rs.Table.create(path, 6, 2)
    if NAMED[link] is not None:
        other = tmp_path / "F.npy"
        NAMED[link](path, other)
    E, F = rs.Table.open(path, "r+"), rs.Table.open(other, mode)
    os.rename(path, tmp_path / "moved.npy")
    tables, cost = {"E": E, "F": F}, lambda E, F, i: E[i] @ F[i]
    with pytest.raises(errors.DataError, match="tables 'E' and 'F' are the same rows; give them one name"):
        rs.Trainer(cost, tables, {"E": rs.sgd(0.1), "F": None})
    rs.Trainer(cost, tables, {"E": None, "F": None})


def test_tables_of_one_file_whose_changes_stay_apart(tmp_path):
    path = tmp_path / "E.npy"
    rs.Table.create(path, 6, 2)
    rs.Trainer(
        lambda E, F, i: E[i] @ F[i],
        {"E": rs.Table.open(path, "c"), "F": rs.Table.open(path)},
        {"E": rs.sgd(), "F": None},
    )
    both = np.memmap(tmp_path / "both", np.float32, "w+", shape=(8, 2))
    halves = {"E": rs.Table.from_array(both[:4]), "F": rs.Table.from_array(both[4:])}
    rs.Trainer(lambda E, F, i: E[i] @ F[i], halves)
    again = np.memmap(tmp_path / "both", np.float32, "r+", shape=(8, 2))
    with pytest.raises(errors.DataError, match="are the same rows"):
        rs.Trainer(lambda E, F, i: E[i] @ F[i], {**halves, "F": rs.Table.from_array(again[3:])})


# --- files with holes -----------------------------------------------------------------------------------------------

HOLES = """
from rowspace.system import disk_room
if not RESERVES:
    del os.posix_fallocate

def sparse(name, rows):
    with open(disk / name, "wb") as out:
        np.lib.format.write_array_header_1_0(out, {"descr": "<f4", "fortran_order": False, "shape": (rows, 8)})
        out.write(np.arange(8, dtype="<f4"))
        out.truncate(out.tell() - 32 + 32 * rows)
    return disk / name

def refused(make, what):
    before = what.read_bytes()
    try:
        make()
    except DiskFull as error:
        told(str(error), f"cannot write {what}: the disk is full (", " needed, ", " free)")
    else:
        raise AssertionError("it has no room")
    assert what.read_bytes() == before

def trained(E):
    rs.Trainer(lambda E, i: E[i].sum(), {"E": E}, rs.sgd(1.0))
    E[:] = 7

large, small = sparse("large.npy", 200_000), sparse("small.npy", 20_000)
fill(1_000_000)
refused(lambda: rs.Table.open(large, "r+"), large)
assert rs.Table.open(large, "c")[0].tolist() == rs.Table.open(large)[0].tolist() == list(range(8))
mapped = np.memmap(disk / "raw", np.float32, "w+", shape=(200_000, 8))
refused(lambda: trained(rs.Table.from_array(mapped)), disk / "raw")
E = rs.Table.open(small, "r+")
assert E[0].tolist() == list(range(8)) and not E[1:].any()
fill()
trained(E)
E.flush()
assert (np.load(small) == 7).all()
"""


@pytest.mark.parametrize("system", ["with", "without"])
def test_a_file_with_holes_takes_its_room_before_it_is_written(tmp_path, system):
    """On a full disk a page of a hole that is written to ends the process; also where no system call takes room."""
    on_small_disk(tmp_path, HOLES.replace("RESERVES", str(system == "with")))


# --- pairs and texts ------------------------------------------------------------------------------------------------


def stop(trainer):
    raise KeyboardInterrupt


@pytest.mark.parametrize("kind", ["pairs", "text"])
def test_tables_in_a_folder_are_gone_on_with(tmp_path, kind):
    """A training that was stopped and resumed with its folder, or with another, learns what one in memory does."""
    rng = np.random.default_rng(0)
    i, j = rng.integers(0, 30, (2, 500))
    pairs = rs.read_pairs(
        {"left": [f"a{k}" for k in i], "right": [f"a{k}" for k in j], "same": (i % 5 == j % 5).astype(int)},
        label="same",
    )

    def train(**options):
        if kind == "pairs":
            return rs.train_pairs(pairs, 4, 3, **options)
        with rs.read_text([["one", "two", "three"]] * 50, min_count=1) as text:
            return rs.train_text(text, 4, 3, cost="glove", **options)

    saved, tables = tmp_path / "saved", tmp_path / "tables"
    tables.mkdir()
    kept = {"table_on_disk": tables, "checkpoint": saved, "every": "1 chunk"}
    with pytest.raises(KeyboardInterrupt):
        train(callbacks=[stop], **kept)
    with pytest.raises(FileExistsError, match="is there already"):
        train(table_on_disk=tables)
    with pytest.raises(FileExistsError, match="is there already"):
        train(**{**kept, "checkpoint": tmp_path / "none yet"}, resume=True)
    whole, resumed, again = train(), train(**kept, resume=True), train(**kept, resume=True)
    (tmp_path / "other").mkdir()
    elsewhere = train(**{**kept, "table_on_disk": tmp_path / "other"}, resume=True)
    for model in (resumed, again, elsewhere):
        assert mapped.mapped(model.table.values)
        assert model.cost == whole.cost
        assert {t: v.values.tobytes() for t, v in model.tables.items()} == {
            t: v.values.tobytes() for t, v in whole.tables.items()
        }
    (tables / "E.npy").unlink()
    (tables / "W.npy").unlink(missing_ok=True)
    rs.Table.create(tables / "W.npy" if kind == "text" else tables / "F.npy", 30, 4)
    if kind == "pairs":
        os.rename(tables / "F.npy", tables / "E.npy")
        (tables / "E.names.json").unlink()
    with pytest.raises(errors.DataError, match="is a table of 30 x 4.*: another training's; give the folder that this"):
        train(**kept, resume=True)


# --- files cut short ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("update", [rs.sgd(0.1), rs.exact(rs.momentum(0.1))], ids=["sgd", "exact"])
def test_a_file_cut_short_while_it_is_trained_is_an_error(tmp_path, update):
    """A page that is gone would end the process."""
    path = tmp_path / "E.npy"
    E = rs.Table.create(path, 5000, 4)
    data = [{"i": np.arange(0, 5000, 7)}] * 2

    def chunks():
        yield data[0]
        os.truncate(path, 8192)
        yield data[1]

    trainer = rs.Trainer(lambda E, i: E[i].sum() ** 2, {"E": E}, update)
    with pytest.raises(errors.FormatError, match=r"E.npy was cut short to 8,192 of 80,128 bytes while it was in use"):
        trainer.fit(chunks, schedule="sequential")
