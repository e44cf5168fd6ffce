"""What a model's files must be, against the checksums kept of them: real damage to real files."""

import json
import os
import shutil

import numpy as np
import pytest

import rowspace as rs
from rowspace.errors import ModelError
from rowspace.model import integrity, manifest

FILES = ["C.npy", "E.counts.npy", "E.names.json", "E.npy", "model.json"]
ALTERED = "was altered or damaged since it was written"


def small(fill=1.0, names=("a", "b", "c")):
    E = rs.Table.from_array(np.full((3, 2), fill, np.float32), names, counts=[1, 2, 3])
    return rs.Model({"E": E, "C": rs.Table(4, 5)}, {"update": "sgd", "rate": 0.1}, [2.0, float("nan")])


@pytest.fixture
def model(tmp_path):
    small().save(tmp_path / "m")
    return tmp_path / "m"


def rewritten(folder, **changes):
    """Another model.json with a checksum that is right: what somebody writes on purpose."""
    path = folder / "model.json"
    described = {**json.loads(path.read_text()), **changes}
    described.pop("xxh3_128")
    path.write_bytes(manifest.written(described))


def test_a_whole_model_is_whole(model):
    assert sorted(os.listdir(model)) == FILES
    sizes = {name: (model / name).stat().st_size for name in FILES if name != "model.json"}
    assert integrity.Summary.of(model) == integrity.Summary(4, sum(sizes.values()), [])
    written = json.loads((model / "model.json").read_text())["files"]
    assert {name: of["size"] for name, of in written.items()} == sizes
    rs.open(model, check=True)


@pytest.mark.parametrize("name", FILES)
def test_every_flipped_byte_is_found(model, name):
    whole = (model / name).read_bytes()
    for place in range(len(whole)):
        (model / name).write_bytes(whole[:place] + bytes([whole[place] ^ 0x01]) + whole[place + 1 :])
        with pytest.raises(ModelError):
            rs.open(model)
    (model / name).write_bytes(whole)
    rs.open(model, check=True)


def test_tables_whose_names_differ_in_case_only_have_files_that_differ_in_more(tmp_path):
    names = ["C", "c", "W", "stra\u00dfe", "STRASSE"]
    tables = {name: rs.Table.from_array(np.full((2, 3), n, np.float32), [name, "b"]) for n, name in enumerate(names)}
    folder = tmp_path / "m"
    for _ in range(2):  # again, over it
        rs.Model(tables).save(folder)
        opened = rs.open(folder, check=True)
        assert [(name, t.values[0, 0], t.names[0]) for name, t in opened.tables.items()] == [
            (name, n, name) for n, name in enumerate(names)
        ]
        files = os.listdir(folder)
        assert len(files) == 2 * len(names) + 1 == len({file.casefold() for file in files})
        assert {"C.npy", "W.npy"} < set(files)
    described = json.loads((folder / "model.json").read_text())
    for stem in ("../c", "C", 5, "c.00000000"):
        described["tables"][1]["stem"] = stem
        rewritten(folder, tables=described["tables"])
        with pytest.raises(ModelError, match="is damaged: the files of table c are called"):
            rs.open(folder)


def test_models_written_before_names_were_told_apart_open(tmp_path):
    tables = {name: rs.Table(2, 3, seed=n) for n, name in enumerate("Cc")}
    rs.Model(tables).save(tmp_path / "m")
    [stem] = (path.stem for path in (tmp_path / "m").glob("c.*.npy"))
    (tmp_path / "m" / f"{stem}.npy").rename(tmp_path / "m" / "c.npy")
    described = json.loads((tmp_path / "m" / "model.json").read_text())
    del described["tables"][1]["stem"]
    described["files"]["c.npy"] = described["files"].pop(f"{stem}.npy")
    rewritten(tmp_path / "m", **described)
    assert (rs.open(tmp_path / "m", check=True).tables["c"].values == tables["c"].values).all()
    rs.Model(tables).save(tmp_path / "m")  # what was its own before goes
    assert len(os.listdir(tmp_path / "m")) == 3


def test_altered_values_are_told_and_can_be_read_all_the_same(model):
    data = bytearray((model / "E.npy").read_bytes())
    data[-1] ^= 0x40
    (model / "E.npy").write_bytes(data)
    told = rf"m/E\.npy {ALTERED} \(checksum .*\); restore it from a copy, or open with check=False to read it all the"
    for check in (None, True):
        with pytest.raises(ModelError, match=told):
            rs.open(model, check=check)
    assert rs.open(model, check=False)["a"].tolist() == [1, 1]


@pytest.mark.parametrize("check", [None, True, False])
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["cut by one", "cut in half", "empty", "one more", "missing", "a folder"])
def test_a_file_of_another_size_is_told_whatever_is_asked(model, name, damage, check):
    path = model / name
    data = path.read_bytes()
    if damage == "one more":
        data += b"\0" if name != "model.json" else b"}"
    path.unlink()
    if damage == "a folder":
        path.mkdir()
    elif damage != "missing":
        os.close(os.open(path, os.O_CREAT))
        path.write_bytes(data)
        if damage != "one more":
            os.truncate(path, {"cut by one": len(data) - 2, "cut in half": len(data) // 2, "empty": 0}[damage])
    with pytest.raises(ModelError, match=rf"{name}( is missing; | is not a file; | has | is not JSON)|no model\.json"):
        rs.open(model, check=check)


@pytest.mark.parametrize("name", ["E.npy", "E.names.json", "E.counts.npy"])
def test_a_file_of_another_model_is_found(model, tmp_path, name):
    other = rs.Table.from_array(np.full((3, 2), 2, np.float32), ["x", "y", "z"], counts=[3, 2, 1])
    rs.Model({"E": other}).save(tmp_path / "other")
    shutil.copy(tmp_path / "other" / name, model / name)
    with pytest.raises(ModelError, match=rf"{name} {ALTERED}"):
        rs.open(model)


def test_models_without_checksums_open(model):
    written = json.loads((model / "model.json").read_text())
    del written["files"], written["xxh3_128"]
    (model / "model.json").write_text(json.dumps(written))
    assert rs.open(model, check=True)["a"].tolist() == [1, 1]
    assert integrity.Summary.of(model).unrecorded == [
        "E.npy", "E.names.json", "E.counts.npy", "C.npy",
    ]  # fmt: skip


def test_what_is_opened_for_writing_keeps_no_checksum_of_its_values(model):
    before = json.loads((model / "model.json").read_text())["files"]
    table = rs.open(model, "r+").tables["E"]
    table[0] = 7
    table.flush()
    after = json.loads((model / "model.json").read_text())["files"]
    assert after == {**before, "E.npy": {"size": before["E.npy"]["size"]}, "C.npy": {"size": before["C.npy"]["size"]}}
    opened = rs.open(model, check=True)
    assert opened["a"].tolist() == [7, 7]
    assert np.isnan(opened.cost[1])
    rs.open(model, "r+")  # and again, with nothing left to forget
    opened.save(model)
    assert json.loads((model / "model.json").read_text())["files"].keys() == before.keys()
    assert integrity.Summary.of(model).unrecorded == []
    rs.open(model, "c").tables["E"][0] = 9  # changes that stay in the process leave the checksums
    assert rs.open(model, check=True)["a"].tolist() == [7, 7]


def test_a_damaged_model_is_not_opened_for_writing(model):
    data = bytearray((model / "E.npy").read_bytes())
    data[-1] ^= 1
    (model / "E.npy").write_bytes(data)
    before = (model / "model.json").read_bytes()
    with pytest.raises(ModelError, match=ALTERED):
        rs.open(model, "r+")
    assert (model / "model.json").read_bytes() == before


def test_a_large_file_is_checked_when_asked(model, monkeypatch):
    limit = sum((model / name).stat().st_size for name in FILES[:3]) + 1
    monkeypatch.setattr(integrity, "CHECKED_BYTES", limit)
    data = bytearray((model / "C.npy").read_bytes())  # the largest
    data[-1] ^= 1
    (model / "C.npy").write_bytes(data)
    rs.open(model)
    with pytest.raises(ModelError, match=ALTERED):
        rs.open(model, check=True)


# --- what somebody might put there on purpose


@pytest.mark.parametrize("name", FILES)
def test_a_link_that_leads_out_is_refused(model, tmp_path, name):
    (model / name).rename(tmp_path / "elsewhere")
    (model / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ModelError, match=r"is a link to .*elsewhere, outside the model's folder"):
        rs.open(model, check=False)


def test_links_that_stay_inside_are_followed(model, tmp_path):
    (model / "E.npy").rename(model / "first")
    (model / "E.npy").symlink_to("first")
    (tmp_path / "latest").symlink_to(model)
    assert rs.open(tmp_path / "latest", check=True)["a"].tolist() == [1, 1]


def test_a_link_in_a_circle_a_pipe_and_a_device_are_refused(model):
    for name in ("E.names.json", "E.npy"):
        (model / name).unlink()
    (model / "E.npy").symlink_to("E.npy")
    with pytest.raises(ModelError, match=r"E\.npy"):
        rs.open(model)
    (model / "E.npy").unlink()
    os.mkfifo(model / "E.npy")
    with pytest.raises(ModelError, match=r"E\.npy is not a file"):
        rs.open(model)
    (model / "E.npy").unlink()
    (model / "E.npy").symlink_to("/dev/zero")
    with pytest.raises(ModelError, match="outside the model's folder"):
        rs.open(model)


def test_a_description_that_is_too_long_is_not_read(model):
    os.truncate(model / "model.json", 1 << 30)
    with pytest.raises(ModelError, match=r"model\.json has 1\.1 GB, more than any model\.json; it is not read"):
        rs.open(model)
    with pytest.raises(ModelError, match=r"take 40 MB in model\.json; the limit is 33\.6 MB"):
        rs.Model({"E": rs.Table(1, 1)}, {"long": "x" * 40_000_000}).save(model.with_name("n"))
    assert not model.with_name("n").exists()


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({"../secret": {"size": 1}}, "speaks of '../secret', no file of a table"),
        ({"E.npy": {"size": True}}, "is damaged"),
        ({"E.npy": {"size": "1"}}, "is damaged"),
        ({"E.npy": []}, "is damaged"),
        ({"E.npy": {"size": 10**30}}, "has 152 bytes and was written with 1000"),
        ({"E.npy": {"xxh3_128": 5}}, "is damaged"),
        ([], "is damaged"),
    ],
)
def test_what_is_recorded_is_looked_at_before_it_is_believed(model, files, text):
    rewritten(model, files=files)
    with pytest.raises(ModelError, match=text):
        rs.open(model)


def replaced(value, path, new):
    """A value of JSON with what is at the path replaced."""
    if not path:
        return new
    first, *rest = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[first] = replaced(value[first], rest, new)
    return copy


def paths(value):
    yield []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from ([key, *path] for path in paths(item))


STRANGE = [None, True, -1, 0, 10**400, 1e999, "", "../../E", "E", [], [[]], {}, {"name": "E"}, ["E"] * 3, "\ud800"]


def test_whatever_a_description_says_it_is_one_error_or_a_model(tmp_path):
    E = rs.Table(names=["ab", "cd"], dim=2)
    trained = {"min_n": 2, "max_n": 3, "buckets": 3, "cost": "subword_skip_gram"}
    rs.Model({"E": E, "S": rs.Table(5, 2)}, trained, [1.0]).save(tmp_path / "m")
    whole = json.loads((tmp_path / "m" / "model.json").read_text())
    whole.pop("xxh3_128")
    tried = refused = 0
    for path in paths(whole):
        for strange in STRANGE:
            text = json.dumps(replaced(whole, path, strange))
            (tmp_path / "m" / "model.json").write_text(text)
            tried += 1
            try:
                model = rs.open(tmp_path / "m", check=False)
                "ad" in model, model.most_similar("ab"), repr(model)
            except rs.RowspaceError as error:
                refused += "\n" not in str(error)
    assert tried > 400
    assert 200 < refused < tried
