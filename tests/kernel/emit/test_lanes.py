"""Sums by lanes: in the order that is said, whatever their length, and the same bytes from a C compiler."""

import ctypes
import shutil
import subprocess

import numpy as np
import pytest

import rowspace as rs
from rowspace import costs
from rowspace.jit.machine import machine
from rowspace.kernel.segments import Slice, run_slice
from tests.support.c_text import c_of


def sum_by_lanes(terms):
    """A sum as it is told: by lanes as long as there are 32 terms, then eights, then one after another."""
    whole, eights = len(terms) // 32 * 32, len(terms) // 8 * 8
    total = np.float32(0)
    for part in (terms[:whole], terms[whole:eights]):
        lanes = np.zeros(32, np.float32)
        for n, term in enumerate(part):
            lanes[n % 32] += term
        while len(lanes) > 1:
            lanes = lanes[: len(lanes) // 2] + lanes[len(lanes) // 2 :]
        total += lanes[0]
    for term in terms[eights:]:
        total += term
    return total


@pytest.mark.parametrize("dim", [8, 31, 32, 37, 255, 256, 300, 512, 600, 613])
def test_a_sum_goes_through_lanes(dim):
    E = rs.Table(3, dim, seed=dim)
    trainer = rs.Trainer(lambda E, i, j: E[i] @ E[j], {"E": E}, rs.sgd(0.0))
    data = {"i": np.array([0]), "j": np.array([1])}
    kernel = trainer.compile(data, portable=True)
    _, total, _ = run_slice(kernel.interpreted, kernel.bind(trainer.tables, {}, data), Slice(0, 1, 0, (0.0,), 1, 0))
    terms = E.values[0] * E.values[1]
    assert total == sum_by_lanes(terms)
    assert kernel.source.count("lanes[s] =") < 6


def test_long_terms_are_stored_and_few_are_added_one_after_another():
    def cost(E, i, j):
        return ((E[i] - E[j]) ** 2 / (1 + E[i] * E[j])).sum() + (E[i, :5] * E[j, :5]).sum()

    source = rs.Trainer(cost, {"E": rs.Table(3, 40)}).compile({"i": [0], "j": [1]}, portable=True).source
    assert "terms[s] =" in source
    assert "for s in range(5):\n" in source


def test_plain_loops_have_none():
    source = rs.Trainer(costs.l1_dot, {"E": rs.Table(3, 40)}).compile({"i": [0], "j": [1], "label": [1.0]}).source
    assert "lanes" not in source
    assert "portable" not in source


# --- a C compiler --------------------------------------------------------------------------------------------------

ARGUMENTS = (
    "float *E, int64_t E_width, int64_t *i_column, int64_t *j_column, float *label_column, float rate, int64_t lo, "
    "int64_t hi, float *lanes, double *sum"
)
NAMES = "int64_t kept = 0, counted = 0, first = 0, mask = 0, origin = 0; double total = 0, costs[1];"


def by_c(source, flags, folder, values, data):
    """What a loop learns, compiled by gcc with some flags, and the sum of costs."""
    text = c_of(source, ARGUMENTS, "*sum = total; return hi;").replace(
        "{\n    for (int64_t n", f"{{\n{NAMES}\nfor (int64_t n"
    )
    name = folder / "".join(flags)
    name.with_suffix(".c").write_text(text)
    command = ["gcc", "-O3", *flags, "-shared", "-fPIC", "-w", "-o", f"{name}.so", f"{name}.c", "-lm"]
    subprocess.run(command, check=True)
    run = ctypes.CDLL(f"{name}.so").run
    run.restype = ctypes.c_int64
    E, lanes, total = values.copy(), np.zeros(32, np.float32), ctypes.c_double()
    i, j, label = (data[c] for c in ("i", "j", "label"))
    where = (ctypes.c_void_p(a.ctypes.data) for a in (i, j, label))
    numbers = ctypes.c_float(0.1), ctypes.c_int64(0), ctypes.c_int64(len(i))
    done = run(
        ctypes.c_void_p(E.ctypes.data), ctypes.c_int64(E.shape[1]), *where, *numbers,
        ctypes.c_void_p(lanes.ctypes.data), ctypes.byref(total),
    )  # fmt: skip
    assert done == len(i)
    return E.tobytes(), total.value


@pytest.mark.skipif(not shutil.which("gcc"), reason="there is no C compiler")
@pytest.mark.parametrize(("cost", "dim"), [(costs.logistic_dot, 100), (costs.l1_dot, 45)])
def test_a_c_compiler_makes_the_same_bytes_of_it_at_every_width(cost, dim, tmp_path):
    rng = np.random.default_rng(0)
    data = {"i": rng.integers(0, 20, 500), "j": rng.integers(0, 20, 500), "label": rng.integers(0, 2, 500).astype("f4")}
    start = rs.Table(20, dim, seed=0).values
    trainer = rs.Trainer(cost, {"E": rs.Table.from_array(start.copy())}, rs.sgd(0.1))
    kernel = trainer.compile(data, portable=True)
    _, total, _ = run_slice(kernel.run, kernel.bind(trainer.tables, {}, data), Slice(0, 500, 0, (0.1,), 1, 0))
    wanted = trainer.tables["E"].values.tobytes(), total
    widths = [[], ["-mavx2", "-mfma"]] if {"avx2", "fma"} <= set(machine()["features"].split(",")) else [[]]
    for width in widths:
        assert by_c(kernel.source, [*width, "-ffp-contract=off"], tmp_path, start, data) == wanted, width
    if len(widths) > 1:  # and it can fail: where steps are fused, the bytes are others
        assert by_c(kernel.source, ["-mavx2", "-mfma", "-ffp-contract=fast"], tmp_path, start, data) != wanted
