"""Plans in file order: many rates in one plan, and nothing that is learned or reported knows it."""

import numpy as np
import pytest

import rowspace as rs
from rowspace import costs
from rowspace.execute.executor import Threads
from rowspace.schedule import in_order

EXAMPLES = 10_000


def trained(rate, epochs=2, **options):
    i, j = np.random.default_rng(0).integers(0, 50, (2, EXAMPLES), dtype=np.int32)
    trainer = rs.Trainer(costs.l1_dot, {"E": rs.Table(50, 4, seed=0)}, rs.adagrad(rate))
    trainer.fit({"i": i, "j": j, "label": np.ones(EXAMPLES, np.float32)}, epochs, schedule="sequential", **options)
    return trainer


def outcome(trainer):
    return trainer.tables["E"].values.tobytes(), [epoch.cost for epoch in trainer.history]


@pytest.fixture
def plans(monkeypatch):
    """The plans that are run."""
    seen, run = [], Threads.run
    monkeypatch.setattr(Threads, "run", lambda self, plan, state: (seen.append(plan), run(self, plan, state))[1])
    return seen


def test_a_rate_that_falls_makes_one_plan_of_many_segments(plans):
    trained(rs.linear(0.1))
    assert [len(plan.segments.segments) for plan in plans] == [1000, 1000]
    assert len({tuple(rates) for plan in plans for rates in plan.segments.rates.tolist()}) == 2000


@pytest.mark.parametrize("examples", [1, 70, 3000])
def test_shorter_plans_give_the_same_bytes_and_costs(examples, plans, monkeypatch):
    whole = outcome(trained(rs.linear(0.1)))
    monkeypatch.setattr(in_order, "IN_TURN_EXAMPLES", examples)
    plans.clear()
    assert outcome(trained(rs.linear(0.1))) == whole
    assert len(plans) > 2
