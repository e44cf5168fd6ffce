import os

import pytest

from rowspace.system import swap
from rowspace.system.atomic import atomic_file, atomic_folder
from tests.support.small_disk import LAYERS, can_overlay, on_small_disk


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.txt"
    with atomic_file(path) as out:
        out.write("line\n\u00e9\n")
        assert not path.exists()
    assert path.read_bytes() == "line\n\u00e9\n".encode()
    with pytest.raises(TypeError), atomic_file(path, "wb") as out:
        out.writelines([b"half", "text"])
    assert path.read_bytes() == "line\n\u00e9\n".encode()
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_failed_rename_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_text("old")
    monkeypatch.setattr(os, "replace", _fail)
    with pytest.raises(OSError, match="no"), atomic_file(path) as out:
        out.write("new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


def test_permissions_follow_the_umask(tmp_path):
    with atomic_file(tmp_path / "a") as out:
        out.write("")
    (tmp_path / "b").write_text("")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


@pytest.mark.parametrize("failing", [1, 2])
def test_a_failed_rename_leaves_the_old_folder(tmp_path, monkeypatch, failing):
    with atomic_folder(tmp_path / "m") as new:
        (new / "a").write_text("old")
    calls, rename = [], os.rename

    def sometimes(a, b):
        calls.append(a)
        return _fail() if len(calls) == failing else rename(a, b)

    monkeypatch.setattr(swap, "_call", lambda: None)  # a system that cannot exchange two names
    monkeypatch.setattr(os, "rename", sometimes)
    with pytest.raises(OSError, match="no"), atomic_folder(tmp_path / "m") as new:
        (new / "a").write_text("new")
    assert (tmp_path / "m" / "a").read_text() == "old"
    assert os.listdir(tmp_path) == ["m"]


def test_a_folder_is_replaced_with_all_in_it(tmp_path):
    for text in ("1", "2"):
        with atomic_folder(tmp_path / "m") as new:
            (new / text).write_text(text)
    assert os.listdir(tmp_path / "m") == ["2"]
    assert os.listdir(tmp_path) == ["m"]


def _fail(*_):
    raise OSError("no")


def test_a_folder_of_a_lower_layer_is_replaced_too(tmp_path):
    """In a container: what came with its image cannot be renamed."""
    if not can_overlay():
        pytest.skip("cannot mount layers here")
    program = f"""
import subprocess
for name in ("l", "u", "w", "m"):
    (disk / name).mkdir()
model(10).save(disk / "l" / "baked")
(disk / "l" / "baked" / "notes").write_text("mine")
subprocess.run({LAYERS!r}.format(disk, disk / "m").split(), check=True)
try:
    os.rename(disk / "m" / "baked", disk / "m" / "other")
except OSError as error:
    assert error.errno == 18
else:
    raise AssertionError("this is no layer")
for k in (2.0, 3.0):
    model(10, k=k).save(disk / "m" / "baked")
    assert rs.open(disk / "m" / "baked", check=True).trained_with == {{"k": k}}
    assert there(disk / "m") == ["baked"]
    assert (disk / "m" / "baked" / "notes").read_text() == "mine"
model(10).save(disk / "m" / "new")
model(10).save(disk / "m" / "new")
assert there(disk / "m") == ["baked", "new"]
"""
    on_small_disk(tmp_path, program)
