"""Rewriting ends, and what it changes is compared with what there was."""

import inspect

import numpy as np
import pytensor.tensor as pt
import pytest

import rowspace as rs
from rowspace.columns.kinds import Form
from rowspace.errors import CostError, Unsimplified
from rowspace.kernel.cost import differentiate, simplify, symbolic
from rowspace.kernel.graph import rewriting
from rowspace.kernel.graph.evaluation import agree, values_of


def traced(cost, **kinds):
    return symbolic(cost, {"E": (5, 4)}, kinds or {"i": Form()})


@pytest.mark.parametrize(
    ("cost", "right"),
    [
        (lambda E, i: pt.tile(E[i][::-1][:1], 2)[-1] ** 2, [0, 0, 0, 8]),
        (lambda E, i: (E[i][-1:-2:-1] * E[i]).sum(), [4, 4, 4, 14]),
        (lambda E, i: pt.broadcast_to(E[i][3:2:-1], (3,)).sum(), [0, 0, 0, 3]),
    ],
)
def test_a_slice_of_one_that_runs_backwards(cost, right):
    E = {"E": rs.Table.from_array(np.array([[1, 2, 3, 4]], np.float32))}
    assert rs.gradient(cost, E, {"i": 0})["E"].values.tolist() == [right]


def test_a_fault_of_rewriting_is_found_and_not_used(monkeypatch):
    monkeypatch.setattr(rewriting, "_NOT_REWRITTEN", ("inplace", "BlasOpt", "fusion", "cxx_only"))
    found = differentiate(traced(lambda E, i: (E[i][-1:-2:-1] * E[i]).sum()))
    right = values_of([found.cost, *found.gradients])
    with pytest.warns(Unsimplified, match="the cost computed other numbers"):
        cost, gradients = simplify(found)
    assert agree(right, values_of([cost, *gradients]))


@pytest.mark.slow
def test_rewriting_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(rewriting, "_NOT_REWRITTEN", ("inplace", "BlasOpt", "fusion", "cxx_only"))
    x = pt.lvector("x")
    with pytest.raises(CostError, match="does not come to an end with simplifying the cost"):
        rewriting.rewritten([pt.log(pt.exp(x).sum())], "the cost")


@pytest.mark.parametrize("name", ["squared_dot", "cosine", "margin", "logistic_dot", "pair_negatives"])
def test_ordinary_costs_are_compared(name):
    cost = rs.costs.NAMED[name]
    kinds = {c: Form() for c in inspect.signature(cost).parameters if c not in ("E", "label", "negatives")}
    kinds |= {"label": Form((), False)} if "label" in inspect.signature(cost).parameters else {}
    kinds |= {"negatives": Form((3,))} if "negatives" in inspect.signature(cost).parameters else {}
    found = values_of([differentiate(traced(cost, **kinds)).cost])
    assert all(values is not None and np.isfinite(values[0]) for values in found)


def test_numbers_that_differ_do_not_agree():
    x = pt.fvector("x")
    before = values_of([x.sum()])
    assert agree(before, values_of([x[::-1].sum()]))
    assert not agree(before, values_of([x.sum() * 1.01]))
    assert not agree(values_of([x]), values_of([x[:1]]))
    assert agree(values_of([pt.log(-abs(x))]), values_of([x]))  # which were no numbers
