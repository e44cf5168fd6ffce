"""Kept sources: found again for the same cost, never for another."""

import pytest

import rowspace as rs
from rowspace.columns.kinds import Draws, Form
from rowspace.kernel import kernel as kernel_module
from rowspace.kernel.source_cache import _spelled


def source(cost, update=None, columns=None, *, tables=None):
    trainer = rs.Trainer(cost, tables or {"E": rs.Table(6, 4)}, update)
    return trainer.compile(columns or {"i": [0], "j": [1]}).source


def scaled(factor):
    return lambda E, i, j: factor * (E[i] @ E[j]) ** 2


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ROWSPACE_CACHE", str(tmp_path))
    return tmp_path


def test_a_kept_source_is_the_one_written(empty_cache, monkeypatch):
    first = source(scaled(2.0))
    assert len(list(empty_cache.glob("plan_*.json"))) == 1

    def not_again(*arguments, **options):
        raise AssertionError("written again")

    monkeypatch.setattr(kernel_module, "assemble", not_again)
    assert source(scaled(2.0)) == first


def test_what_differs_is_kept_apart(empty_cache):
    two = {"W": rs.Table(6, 4), "C": rs.Table(6, 4)}
    both = lambda W, C, i, j: (W[i] @ C[j]) ** 2
    sampled = lambda E, i, j: (E[j] @ E[i]).sum()
    negatives = lambda **options: {"i": [0], "j": rs.Negatives(of=rs.Table(6, 4), **options)}
    sources = [
        source(scaled(2.0)),
        source(scaled(3.0)),
        source(scaled(2.0), rs.momentum()),
        source(scaled(2.0), rs.momentum(decay=0.5)),
        source(scaled(2.0), rs.clip_norm(rs.sgd(), 1)),
        source(scaled(2.0), rs.clip_norm(rs.sgd(), 2)),
        source(scaled(2.0), tables={"E": rs.Table(6, 5)}),
        source(lambda E, i, j: (E[i] @ E[j]) ** 2 + E[i, 1]),
        source(lambda E, i, j: (E[i] @ E[j]) ** 2 + E[i, 2]),
        source(lambda E, i, j: E[i] @ E[[0, 1]].sum(axis=0) + E[j, 0]),
        source(lambda E, i, j: E[i] @ E[[0, 2]].sum(axis=0) + E[j, 0]),
        source(both, tables=two),
        source(both, {"W": rs.sgd(), "C": None}, tables=two),
        source(both, {"W": rs.sgd(), "C": rs.sgd()}, tables=two),
        source(sampled, columns=negatives(k=2)),
        source(sampled, columns=negatives(k=3)),
        source(sampled, columns=negatives(k=3, avoid="i")),
        source(sampled, columns=negatives(k=3, counts=[1, 2, 3, 4, 5, 6])),
    ]
    assert len(set(sources)) == len(sources)


def test_a_spoilt_file_is_written_anew(empty_cache):
    first = source(scaled(2.0))
    [path] = empty_cache.glob("plan_*.json")
    path.write_text("{")
    assert source(scaled(2.0)) == first


def test_forms_are_spelled_as_in_checkpoints_that_are_there():
    """Or a class of another name would refuse them all."""
    assert _spelled(Form((2,), False)) == "Kind(shape=(2,), integer=False, names=False, gathered=False)"
    assert _spelled(Form(draws=Draws(5, "i"))) == "(5, 'i', True)"
    assert _spelled(Form(draws=Draws(5, None, ("keep", "other")))) == "(5, None, False)"
    assert _spelled(Form(draws=Draws(5, None, ("pool",), ("i", None)))) == "(5, None, True, ('i', None))"
