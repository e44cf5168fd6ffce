"""A recipe trains what it was made of, with its defaults or others."""

import rowspace as rs
from rowspace import costs
from rowspace.recipes.recipe import Recipe


def recipe(**defaults):
    table = rs.Table(6, 2, seed=0)
    data = {"i": [0, 2, 4], "j": [1, 3, 5], "label": [1.0, 0.0, 1.0]}
    return Recipe(costs.l1_dot, {"E": table}, data, rs.sgd(0.1), defaults, lambda trainer: trainer.model(job="pairs"))


def test_a_model_comes_of_it():
    model = recipe(epochs=3).train()
    assert model.trained_with["job"] == "pairs"
    assert len(model.cost) == 3


def test_options_go_before_defaults():
    assert len(recipe(epochs=3, seed=1).train(epochs=2).cost) == 2
