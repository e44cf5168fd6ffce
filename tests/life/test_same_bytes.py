"""What `fit(..., portable=True)` learns is the same for every target of the compiler, and as good as without."""

import json
import os
import platform
import subprocess
import sys
import warnings
from functools import partial

import numpy as np
import pytensor.tensor as pt
import pytest

import rowspace as rs
from rowspace import costs
from rowspace.errors import CheckpointError, CostError, DataError
from rowspace.jit.machine import machine
from rowspace.kernel import row_gradient
from rowspace.kernel.kernel import new_kernel
from rowspace.kernel.segments import Slice, run_slice
from rowspace.train import fit
from tests.support.portable_jobs import JOBS
from tests.support.processes import ROOT

GENERIC = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}  # on x86: four numbers at once, and no fused steps


FEW = ("the post's", "transe")  # the others take a minute to compile


def learned(jobs, **target):
    """What jobs learn in a process that compiles for a target."""
    command = [sys.executable, "-m", "tests.support.portable_jobs", *jobs]
    done = subprocess.run(command, env={**os.environ, **target}, cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("jobs", [FEW, pytest.param([*JOBS], marks=pytest.mark.slow)], ids=["few", "all"])
def test_every_target_learns_the_same_bytes(jobs):
    native, generic = learned(jobs), learned(jobs, **GENERIC)
    differ = [name for name in jobs if native[name] != generic[name]]
    assert differ == []
    if platform.machine() == "x86_64" and "fma" in machine()["features"]:  # without it, every job above differs here
        assert native["plain"] != generic["plain"]


def pair_data():
    rng = np.random.default_rng(0)
    return {"i": rng.integers(0, 9, 40), "j": rng.integers(0, 9, 40), "label": rng.integers(0, 2, 40).astype("f4")}


@pytest.mark.parametrize(("cost", "dim"), [(costs.logistic_dot, 100), (costs.l1_dot, 5), (costs.cosine, 613)])
def test_python_itself_learns_the_bytes_of_machine_code(cost, dim):
    data, start = pair_data(), rs.Table(9, dim, seed=0).values
    trainer = rs.Trainer(cost, {"E": rs.Table.from_array(start.copy())}, rs.sgd(0.1))
    kernel, found = trainer.compile(data, portable=True), []
    for loop in (kernel.run, kernel.interpreted):
        trainer.tables["E"].values[:] = start
        done, _, _ = run_slice(loop, kernel.bind(trainer.tables, {}, data), Slice(0, 40, 0, (0.1,), 1, 0))
        found.append((done, trainer.tables["E"].values.tobytes()))
    assert found[0] == found[1]
    assert found[0][0] == 40


def test_it_learns_what_a_loop_without_it_does_but_for_the_last_digits():
    tables = []
    for portable in (False, True):
        E = rs.Table(9, 100, seed=0)
        rs.Trainer(costs.logistic_dot, {"E": E}, rs.adagrad(0.1)).fit(pair_data(), 3, portable=portable)
        tables.append(E.values)
    assert tables[0].tobytes() != tables[1].tobytes()
    np.testing.assert_allclose(*tables, atol=1e-5)


EXAMPLES = {
    "a hidden layer": {"i": 0, "j": 1, "target": np.eye(5, dtype=np.float32)[2]},
    "functions": {"i": 0, "j": 1, "label": 1.0},
    "transe": {"head": 0, "relation": 1, "tail": 2, "negatives": [3, 4, 4]},
    "cbow": {"window": [0, 1, 1], "center": 2, "negatives": [3, 4]},
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_gradients_agree_with_finite_differences(name, monkeypatch):
    monkeypatch.setattr(row_gradient, "new_kernel", partial(new_kernel, portable=True))
    cost, shapes, *_ = JOBS[name]
    tables = {t: rs.Table(*shape, seed=n, scale=0.3) for n, (t, shape) in enumerate(shapes.items())}
    rs.check_gradient(cost, tables, EXAMPLES[name], compiled=False)


def trainer_of(cost, update=None):
    return rs.Trainer(cost, {"E": rs.Table(9, 4, seed=0)}, update or rs.sgd(0.1))


def test_a_function_that_is_not_written_out_is_refused():
    erf = trainer_of(lambda E, i, j, label: pt.erf(E[i] @ E[j]) * label)
    with pytest.raises(CostError, match=r"portable=True\) needs .* the function erf in the cost .*arithmetic and sqrt"):
        erf.fit(pair_data(), portable=True)

    def step(row, gradient, state, rate):
        return row - rate * pt.erf(gradient), state

    with pytest.raises(CostError, match="'odd' uses the function erf, which has no form for portable=True"):
        trainer_of(costs.l1_dot, rs.Update(step, name="odd")).fit(pair_data(), portable=True)


def test_a_cost_without_a_loop_is_refused():
    def inverse(E, i, j, label):
        return pt.linalg.inv(pt.eye(4) + pt.outer(E[i], E[j])).sum() * label

    with pytest.raises(CostError, match=r"fit\(\.\.\., portable=True\) needs a loop .* leave out portable"):
        trainer_of(inverse).fit(pair_data(), portable=True)


def test_a_value_that_is_none_is_refused():
    with pytest.raises(DataError, match="portable is 'yes'"):
        trainer_of(costs.l1_dot).fit(pair_data(), portable="yes")


def test_a_checkpoint_goes_on_as_it_was_begun_on_another_processor(tmp_path, monkeypatch):
    class Stop(Exception):
        pass

    def begin(**options):
        def stop(trainer):
            if len(trainer.history) == 2 and not options.get("resume"):
                raise Stop

        trainer = trainer_of(costs.l1_dot)
        trainer.fit(pair_data(), 4, checkpoint=tmp_path, every="1 chunk", callbacks=[stop], **options)
        return trainer.tables["E"].values.tobytes()

    other = {**machine(), "processor": "aarch64 other", "features": "neon"}
    monkeypatch.setattr(fit, "machine", lambda: other)
    with pytest.raises(Stop):
        begin(portable=True)
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match="portable: none, was True"):
        begin(resume=True)
    whole = trainer_of(costs.l1_dot)
    whole.fit(pair_data(), 4, portable=True)
    resumed = trainer_of(costs.l1_dot)
    with warnings.catch_warnings(action="error"):
        resumed.resume(tmp_path, pair_data())
    assert resumed.tables["E"].values.tobytes() == whole.tables["E"].values.tobytes()
