import json
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rowspace as rs
from rowspace.errors import ModelError
from rowspace.model.model import open as open_model
from rowspace.system import swap

ANY = st.text(st.characters(exclude_categories=[]), max_size=8)


def small(fill=1.0, names=("a", "b", "c")):
    values = np.full((3, 2), fill, np.float32)
    E = rs.Table.from_array(values, names, counts=[1, 2, 3])
    return rs.Model({"E": E, "C": rs.Table(4, 5)}, {"update": "sgd", "rate": 0.1}, [2.0, 1.5])


def test_what_is_saved_is_opened(tmp_path):
    model = small()
    model.save(tmp_path / "deep" / "m")
    assert sorted(os.listdir(tmp_path / "deep" / "m")) == [
        "C.npy", "E.counts.npy", "E.names.json", "E.npy", "model.json",
    ]  # fmt: skip
    opened = rs.open(tmp_path / "deep" / "m")
    assert list(opened.tables) == ["E", "C"]
    for name, table in model.tables.items():
        np.testing.assert_array_equal(opened.tables[name].values, table.values)
        assert opened.tables[name].names == table.names
    assert opened.tables["E"].counts.tolist() == [1, 2, 3]
    assert opened.trained_with == {"update": "sgd", "rate": 0.1}
    assert opened.cost == [2.0, 1.5]
    assert repr(opened) == "<Model: E 3 x 2, C 4 x 5>"
    assert not opened.vectors.flags.writeable
    rs.open(tmp_path / "deep" / "m", mode="c").tables["E"][0] = 5
    assert rs.open(str(tmp_path / "deep" / "m"))[0, 0] == 1
    np.testing.assert_array_equal(np.load(tmp_path / "deep" / "m" / "E.npy"), model.vectors)


@settings(deadline=None, derandomize=True)
@given(st.lists(ANY, min_size=1, unique=True))
def test_any_names_survive(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("any") / "m"
    rs.Model({"E": rs.Table(names=names, dim=1)}).save(folder)
    assert rs.open(folder).index_to_key == names


def test_surrogates_that_would_join_survive(tmp_path):
    names = ["\ud83d\ude00", "\U0001f600", "\ud83d", " \t\n", ""]
    rs.Model({"E": rs.Table(names=names, dim=1)}).save(tmp_path / "m")
    assert rs.open(tmp_path / "m").index_to_key == names


def test_numpys_numbers_and_missing_ones_are_plain_json(tmp_path):
    trained = {"rate": np.float32(0.5), "at": tmp_path, "dims": (1, np.int64(2)), "worst": np.inf}
    rs.Model({"E": rs.Table(1, 1)}, trained, [1.0, float("nan")]).save(tmp_path / "m")
    opened = rs.open(tmp_path / "m")
    assert opened.trained_with == {
        "rate": 0.5, "at": str(tmp_path), "dims": [1, 2], "worst": None,
    }  # fmt: skip
    np.testing.assert_array_equal(opened.cost, [1.0, np.nan])
    with pytest.raises(ModelError, match="trained_with cannot be written as JSON"):
        rs.Model({"E": rs.Table(1, 1)}, {"f": print}).save(tmp_path / "n")
    assert not (tmp_path / "n").exists()


def test_a_model_is_replaced_and_other_files_stay(tmp_path):
    small(1).save(tmp_path / "m")
    (tmp_path / "m" / "notes.txt").write_text("mine")
    (tmp_path / "m" / "figures").mkdir()
    (tmp_path / "m" / "figures" / "E.npy").write_text("also mine")
    (tmp_path / "m" / "root").symlink_to("/")
    rs.Model({"F": rs.Table(2, 2)}).save(tmp_path / "m")
    assert sorted(os.listdir(tmp_path / "m")) == ["F.npy", "figures", "model.json", "notes.txt", "root"]
    assert os.readlink(tmp_path / "m" / "root") == "/"
    assert (tmp_path / "m" / "figures" / "E.npy").read_text() == "also mine"
    assert os.listdir(tmp_path) == ["m"]


def test_an_opened_model_can_be_saved_over_itself(tmp_path):
    small(3).save(tmp_path / "m")
    opened = rs.open(tmp_path / "m")
    opened.save(tmp_path / "m")
    assert opened.vectors[0, 0] == rs.open(tmp_path / "m").vectors[0, 0] == 3


def test_an_empty_folder_is_filled(tmp_path, monkeypatch):
    (tmp_path / "m").mkdir()
    monkeypatch.chdir(tmp_path)
    small().save("m")
    assert rs.open("m")["a"].tolist() == [1, 1]


@pytest.mark.parametrize("there", ["file", "folder", "other json", "broken model"])
def test_what_is_not_a_model_is_not_overwritten(tmp_path, there):
    path = tmp_path / "m"
    if there == "file":
        path.write_text("precious")
    else:
        path.mkdir()
        (path / "thesis.txt").write_text("precious")
    if there == "other json":
        (path / "model.json").write_text("{}")
    if there == "broken model":
        (path / "model.json").write_text('{"format": "rowspace model", "version": 99}')
    before = sorted(p.name for p in tmp_path.rglob("*"))
    with pytest.raises(ModelError, match="it is not overwritten: save to another folder"):
        small().save(path)
    assert sorted(p.name for p in tmp_path.rglob("*")) == before


@pytest.mark.parametrize("call", ["rename", "fsync"])
@pytest.mark.parametrize("failing", [1, 2])
def test_an_interrupted_save_leaves_the_old_model(tmp_path, monkeypatch, call, failing):
    small(1).save(tmp_path / "m")
    calls, real = [], getattr(os, call)

    def sometimes(*args):
        calls.append(args)
        if len(calls) == failing:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(swap, "_call", lambda: None)  # a system that cannot exchange two names
    monkeypatch.setattr(os, call, sometimes)
    with pytest.raises(KeyboardInterrupt):
        small(2).save(tmp_path / "m")
    monkeypatch.undo()
    assert rs.open(tmp_path / "m")["a"].tolist() == [1, 1]
    assert os.listdir(tmp_path) == ["m"]


def test_a_save_killed_between_its_renames_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small(1).save("m")
    (tmp_path / "m" / "notes.txt").write_text("mine")
    os.rename("m", ".m.old-1-abc")
    assert rs.open("m", check=True)["a"].tolist() == [1, 1]
    small(2).save("m")
    assert rs.open("m")["a"].tolist() == [2, 2]
    assert (tmp_path / "m" / "notes.txt").read_text() == "mine"
    assert os.listdir() == ["m"]
    os.rename("m", ".m.old-1-abc")
    small(3).save(".m.old-1-def")
    with pytest.raises(ModelError, match=r"m.old-1-abc and .*m.old-1-def are from before: rename one back"):
        rs.open("m")


def test_a_reader_finds_the_old_or_the_new(tmp_path):
    # values, counts and cost of one model agree
    def numbered(k):
        E = rs.Table.from_array(np.full((2, 2), k, np.float32), counts=[k, k])
        return rs.Model({"E": E}, {"k": k})

    numbered(0).save(tmp_path / "m")
    done = threading.Event()

    def write():
        for k in range(60):
            numbered(k).save(tmp_path / "m")
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    reads = 0
    while not done.is_set() or not reads:
        model = rs.open(tmp_path / "m")
        k = model.trained_with["k"]
        assert model.vectors[0, 0] == k == model.tables["E"].counts[0]
        reads += 1
    writer.join()


def without_checksums(folder):
    """The model as an earlier rowspace wrote it."""
    path = folder / "model.json"
    written = json.loads(path.read_text())
    del written["files"], written["xxh3_128"]
    path.write_text(json.dumps(written))


def edited(**changes):
    def edit(folder):
        path = folder / "model.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return edit


def entry(**changes):
    written = {"name": "E", "rows": 3, "dim": 2, "names": True, "counts": True}
    return edited(tables=[written | changes])


def cut(name):
    def edit(folder):
        (folder / name).write_bytes((folder / name).read_bytes()[:-1])

    return edit


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (lambda m: (m / "model.json").unlink(), "is not a model: it has no model.json"),
        (lambda m: (m / "model.json").write_text("{"), "is not JSON"),
        (lambda m: (m / "model.json").write_bytes(b"\xff"), "is not JSON"),
        (lambda m: (m / "model.json").write_text("[]"), "does not describe a rowspace model"),
        (lambda m: (m / "model.json").write_text("[" * 100_000), "is not JSON"),
        (edited(format="other"), "does not describe a rowspace model"),
        (edited(version=2), "is a model of format 2 and this rowspace .* reads format 1; install"),
        (edited(tables=[]), "is damaged"),
        (edited(tables={"E": 1}), "is damaged"),
        (edited(tables=["E"]), "is damaged"),
        (edited(tables=[{"name": "E"}, {"name": "E"}]), "is damaged"),
        (edited(cost=[10**400]), "is damaged"),
        (edited(cost=["x"]), "is damaged"),
        (edited(trained_with=3), "is damaged"),
        (entry(name="../E"), "table name '../E' is not a Python identifier"),
        (entry(name="/etc/E"), "is not a Python identifier"),
        (entry(name=["E"]), "is not a Python identifier"),
        (entry(rows=4), "says rows 4 of table E where the files have 3; "),
        (entry(names=False), "says names False of table E where the files have True"),
        (lambda m: (m / "E.npy").unlink(), "E.npy is missing; copy the folder again"),
        (lambda m: (m / "E.names.json").unlink(), "says names True of table E"),
        (lambda m: (m / "E.names.json").write_text('["a"]'), "1 names for 3 rows"),
        (lambda m: (m / "E.names.json").write_text('["a", "a", "b"]'), "occurs twice"),
        (lambda m: (m / "E.names.json").write_text('{"a": 1}'), "not a JSON list of names"),
        (lambda m: (m / "E.names.json").write_text('["a", 1, 2]'), "not a JSON list of names"),
        (cut("E.npy"), "the file is damaged: write it again; the model is damaged"),
        (cut("E.counts.npy"), "the file is damaged"),
        (cut("E.names.json"), "not a JSON list of names"),
    ],
)
def test_damage_is_told(tmp_path, damage, text):
    small().save(tmp_path / "m")
    without_checksums(tmp_path / "m")
    damage(tmp_path / "m")
    with pytest.raises(ModelError, match=text):
        rs.open(tmp_path / "m")


def test_a_missing_folder_is_not_a_model(tmp_path):
    with pytest.raises(ModelError, match="is not a model: there is no such folder"):
        rs.open(tmp_path / "nothing")


@pytest.mark.parametrize("name", ["", "a b", "../E", 3, "x" * 101])
def test_table_names_are_identifiers(name):
    with pytest.raises(ModelError, match="is not a Python identifier"):
        rs.Model({name: rs.Table(1, 1)})


def test_a_model_needs_a_table():
    with pytest.raises(ModelError, match="a model needs at least one table"):
        rs.Model({})


def test_opening_and_asking_is_light(tmp_path):
    small().save(tmp_path / "m")
    code = (
        f"import sys, rowspace; rowspace.open({str(tmp_path / 'm')!r}).most_similar('a'); "
        "heavy = {'pytensor', 'numba', 'pyarrow', 'pandas', 'scipy'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert open_model is rs.open


def test_costs_of_what_was_held_out_are_kept(tmp_path):
    rs.Model({"E": rs.Table(2, 2)}, cost=[2, 1], held_out=[3, float("nan")]).save(tmp_path / "m")
    held_out = rs.open(tmp_path / "m").held_out
    assert held_out[0] == 3
    assert np.isnan(held_out[1])
    with pytest.raises(ModelError, match="held_out is 'low'; give a list of numbers"):
        rs.Model({"E": rs.Table(2, 2)}, held_out="low")
