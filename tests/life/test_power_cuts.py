"""Power cuts at any moment leave the old one or the new one, and what tries them finds what it is meant to find."""

import os
import random

import pytest

from rowspace.checkpoint import store
from rowspace.system import atomic, swap
from tests.support.cuts import CASES, tried
from tests.support.power import Disk, states

pytestmark = pytest.mark.skipif(os.name == "nt", reason="folders are not flushed there")
MODELS = [case for case in CASES if "checkpoints" not in case]


@pytest.mark.parametrize("case", MODELS)
def test_models_and_files_are_the_old_ones_or_the_new_ones(tmp_path, case):
    moments, found = tried(case, tmp_path, most=10)
    assert moments > 5
    assert found > 3


@pytest.mark.parametrize("case", ["checkpoints", "checkpoints anew"])
def test_a_training_goes_on_from_a_whole_checkpoint(tmp_path, case):
    moments, found = tried(case, tmp_path, most=3, step=9)
    assert moments > 10
    assert found > 10


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_at_every_moment(tmp_path, case):
    tried(case, tmp_path, most=30, seed=1)


@pytest.mark.parametrize(
    ("case", "place", "name"),
    [
        ("model", atomic, "_sync_tree"),
        ("model", swap, "sync_folder"),
        ("first model by two renames", swap, "sync_folder"),
        ("export", atomic, "sync_folder"),
        ("checkpoints", store, "sync_folder"),
    ],
)
def test_without_a_flush_something_is_lost(tmp_path, monkeypatch, case, place, name):
    monkeypatch.setattr(place, name, lambda *given: None)
    with pytest.raises(AssertionError, match="after a cut"):
        tried(case, tmp_path, most=10)


def test_what_may_be_on_the_disk(tmp_path):
    (tmp_path / "a").write_text("old")
    disk = Disk(tmp_path)
    with disk.recorded():
        with open(tmp_path / "b", "w") as stream:
            stream.write("new")
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(tmp_path / "b", tmp_path / "a")
        swap.sync_folder(tmp_path)
    found = [_held(moment) for moment in disk.moments]
    assert {(("a", b"old"),), (("a", b"old"), ("b", b"")), (("a", b"old"), ("b", b"new"))} <= found[0]
    renamed = next(held for held, moment in zip(found, disk.moments, strict=True) if "after replace" in moment.told)
    assert renamed == {(("a", b"old"),), (("a", b"old"), ("b", b"new")), (("a", b"new"),)}
    assert found[-1] == {(("a", b"new"),)}


def _held(moment):
    """What there may be: names and what they hold."""
    found = states(moment, random.Random(0), 50)
    return {tuple(sorted((name, held[own]) for (_, name), own in names.items())) for names, held in found}
