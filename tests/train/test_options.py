"""What `fit` was asked for becomes plain numbers, of those that decide what is learned."""

import json

import numpy as np

from rowspace.train.options import FitOptions


def test_numbers_of_numpy_can_be_kept_in_a_checkpoint():
    options = FitOptions(np.int64(2), seed=np.int64(-3), shuffle=np.True_, blocks=np.int32(4)).scheduled
    kept = {"epochs": 2, "seed": 3, "shuffle": True, "schedule": None, "blocks": 4, "batch": None, "portable": False}
    assert json.loads(json.dumps(options.kept())) == kept


def test_what_decides_no_byte_is_not_kept():
    some, others = FitOptions(2, threads=1, memory="1 GB", progress=False), FitOptions(2, threads=2)
    assert some.scheduled == others.scheduled
