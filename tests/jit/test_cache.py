"""The cache of kernels: what is read from it is run, so only the user may have written it."""

import os
import pickle
import warnings
from pathlib import Path

import pytest

import rowspace as rs
from rowspace.errors import Uncached
from rowspace.jit import cache
from rowspace.jit.compile import compiled
from rowspace.kernel import source_cache

SOURCE = "def kernel(x):\n    return x + {}\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ROWSPACE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "_warned", set())
    return tmp_path / "cache"


class Bomb:
    """A pickle that makes a file when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def planted(folder, mark, number=1.0):
    """A cache whose index for a kernel is a pickle that makes the file `mark`."""
    assert compiled(SOURCE.format(number))(1.0) == 1.0 + number
    [index] = (folder / "__pycache__").glob("*.nbi")
    index.write_bytes(pickle.dumps(Bomb(mark)))
    return index


def modes(folder):
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}


def test_others_are_kept_out(folder):
    before = os.umask(0)
    try:
        assert compiled(SOURCE.format(2.0))(1.0) == 3.0
        source_cache.keep("a", {"text": "x"})
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o700
    found = modes(folder)
    assert found.pop("__pycache__") == 0o700
    assert len(found) == 2
    assert set(found.values()) == {0o600}
    assert source_cache.load("a") == {"text": "x"}


def test_a_pickle_in_the_users_own_folder_is_read(folder, tmp_path):
    """What makes the next tests mean something: the bomb is one."""
    planted(folder, tmp_path / "mark")
    assert compiled(SOURCE.format(1.0))(1.0) == 2.0  # and a damaged index is made anew
    assert (tmp_path / "mark").exists()


@pytest.mark.parametrize("opened", ["folder", "code", "index"])
@pytest.mark.parametrize("mode", [0o020, 0o002])
def test_what_others_could_write_is_not_read(folder, tmp_path, opened, mode):
    index = planted(folder, tmp_path / "mark")
    folder.chmod(0o755)
    index.parent.chmod(0o755)
    path = {"folder": folder, "code": index.parent, "index": index}[opened]
    path.chmod(path.stat().st_mode | mode)
    with pytest.warns(Uncached, match="can be written by others, so no kernel is taken from it.*chmod -R go-w") as told:
        assert compiled(SOURCE.format(1.0))(1.0) == 2.0
    assert str(told[0].message).startswith(str(path))
    with warnings.catch_warnings():  # once is enough
        warnings.simplefilter("error")
        assert compiled(SOURCE.format(1.0))(1.0) == 2.0
    assert not (tmp_path / "mark").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("given", ["folder", "code", "index"])
def test_what_belongs_to_somebody_else_is_not_read(folder, tmp_path, given):
    index = planted(folder, tmp_path / "mark")
    folder.chmod(0o755)
    index.parent.chmod(0o755)
    os.chown({"folder": folder, "code": index.parent, "index": index}[given], 65534, 65534)
    with pytest.warns(Uncached, match="belongs to user 65534, not to you"):
        assert compiled(SOURCE.format(1.0))(1.0) == 2.0
    assert not (tmp_path / "mark").exists()


def test_numbas_own_folder_is_looked_at_too(folder, tmp_path, monkeypatch):
    import numba

    shared = tmp_path / "shared"
    shared.mkdir()
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(shared))
    assert compiled(SOURCE.format(4.0))(1.0) == 5.0
    [index] = shared.glob("*/*.nbi")
    index.write_bytes(pickle.dumps(Bomb(tmp_path / "mark")))
    index.parent.chmod(0o777)
    with pytest.warns(Uncached, match="can be written by others"):
        assert compiled(SOURCE.format(4.0))(1.0) == 5.0
    assert not (tmp_path / "mark").exists()


def test_a_plan_that_others_could_write_is_not_run(folder, tmp_path):
    train = lambda: rs.Trainer(lambda E, i: 3.25 * (E[i] ** 2).sum(), {"E": rs.Table(3, 2)}).fit({"i": [0]})
    train()
    [plan] = folder.glob("plan_*.json")
    text = plan.read_text()
    bomb = f"open({str(tmp_path / 'mark')!r}, 'w').close()\\n"
    plan.write_text(text.replace('"text": "', f'"text": "{bomb}').replace('"source": "', f'"source": "{bomb}'))
    assert plan.read_text() != text
    folder.chmod(0o777)
    with pytest.warns(Uncached):
        train()
    assert not (tmp_path / "mark").exists()
    folder.chmod(0o700)
    train()
    assert (tmp_path / "mark").exists()  # in a folder of one's own it would have run


@pytest.mark.parametrize("damage", [b"", b"\x80", b"not a pickle", "half"])
@pytest.mark.parametrize("ending", ["nbi", "nbc"])
def test_damaged_machine_code_is_made_anew(folder, damage, ending):
    assert compiled(SOURCE.format(5.0))(1.0) == 6.0
    [path] = (folder / "__pycache__").glob(f"*.{ending}")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if damage == "half" else damage)
    for _ in range(2):
        assert compiled(SOURCE.format(5.0))(1.0) == 6.0
    [path] = (folder / "__pycache__").glob(f"*.{ending}")
    assert path.stat().st_size > len(whole) // 2


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, "\x00"])
def test_a_damaged_plan_is_no_plan(folder, text):
    source_cache.keep("a", {})
    (folder / "plan_a.json").write_text(text)
    assert source_cache.load("a") is None
