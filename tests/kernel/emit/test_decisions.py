"""What a choice hangs on is one value: compared, clipped or searched, it is not computed twice."""

import re

import numpy as np
import pytensor.tensor as pt
import pytest

import rowspace as rs
from rowspace.kernel.emit.decisions import decided, reads, rounds, torn
from rowspace.kernel.emit.expression import Op, apply, cast, load, named
from rowspace.kernel.row_gradient import OneExample, one_of

# name -> cost, what it reckons as it stands in the source, and how often it may stand there
ONCE = {
    "the greatest of a difference": (lambda E, i, j, p: abs(E[i] + E[j] - E[p]).max(), r"E\[i, \w\] \+ E\[j, \w\]", 1),
    "the least of a bag": (lambda E, bag, i: ((E[bag] - E[i]) * E[i]).min(), r"- E\[i, \w\]", 1),
    "a condition used twice": (
        lambda E, i, j, p: (pt.switch(E[i] * E[j] + E[p] > 0, E[i], 0.5 * E[j]) * E[p]).sum(),
        r"E\[i, \w\] \* E\[j, \w\]",
        1,
    ),
    "a number in a condition and in its branch": (
        lambda E, i, j, p: pt.switch((E[i] * E[j] - E[p]) > 0, pt.sqrt(E[i] * E[j] - E[p]), 0.0).sum(),
        r"E\[i, \w\] \* E\[j, \w\]",
        1,
    ),
    "a softmax": (
        lambda E, i, j, p: (pt.special.softmax(E[i] * E[j] - E[p]) ** 2).sum(),
        r"E\[i, \w\] \* E\[j, \w\]",
        1,
    ),
    "clipped and compared": (
        lambda E, i, j: (pt.clip(E[i] + 2 * E[j], -1, 1) * (E[i] + 2 * E[j] > 0.5)).sum(),
        r"E\[i, \w\] \+ \(",
        1,
    ),
    "rounded down and up": (
        lambda E, i, j, p: ((pt.ceil(E[i] * E[j] + E[p]) - pt.floor(E[i] * E[j] + E[p])) * E[p]).sum(),
        r"E\[i, \w\] \* E\[j, \w\]",
        1,
    ),
}


def table(rows=40, width=6, seed=1):
    return np.random.default_rng(seed).standard_normal((rows, width)).astype(np.float32)


def columns_of(cost):
    return cost.__code__.co_varnames[1 : cost.__code__.co_argcount]


def source_of(cost, update=None):
    ids = {name: [[1, 2, 3]] if name == "bag" else [n] for n, name in enumerate(columns_of(cost))}
    trainer = rs.Trainer(cost, {"E": rs.Table.from_array(table())}, update or rs.sgd(0.1))
    return trainer.compile(ids).source


@pytest.mark.parametrize("name", ONCE)
def test_what_is_decided_by_is_reckoned_once(name):
    cost, reckoned, times = ONCE[name]
    assert len(re.findall(reckoned, source_of(cost))) == times


def test_what_is_not_decided_by_is_written_wherever_it_is_used():
    """Storing it would take longer than to reckon it again."""
    source = source_of(lambda E, i, j: ((E[i] - E[j]) ** 2).sum())
    assert len(re.findall(r"E\[i, \w\] - E\[j, \w\]", source)) > 1


def test_machine_code_learns_what_the_interpreted_loop_says():
    """Under fast mathematics a value computed twice differs in its last digit now and then, and equals no maximum."""

    def cost(E, i, j, p):
        apart, ratio = abs(E[i] + E[j] - E[p]), E[i] * E[j] / pt.sqrt((E[i] ** 2).sum())
        return (pt.eq(apart, apart.max()) * apart).sum() + pt.switch(pt.eq(ratio, ratio.min()), ratio * E[p], 0).sum()

    E = rs.Table.from_array(table(rows=3))
    one = OneExample(cost, {"E": E}, one_of(cost, {"E": E}, {"i": 0, "j": 1, "p": 2}))
    for seed in range(60):
        E.values[:] = table(rows=3, seed=seed)
        (_, right), (_, found) = one.run(one.kernel.interpreted), one.run(one.kernel.run)
        np.testing.assert_allclose(found["E"].to_dense(), right["E"].to_dense(), atol=1e-4, err_msg=f"seed {seed}")


def test_an_update_decides_by_one_gradient():
    def above(row, gradient, state, rate):
        return row - rate * pt.switch(abs(gradient) > 0.1, gradient, 0), state

    source = source_of(lambda E, i, x: ((E[i] * x + x) ** 2).sum(), rs.Update(above, 0.1))
    [moved] = [line for line in source.splitlines() if line.strip().startswith("E[i, k] =")]
    [condition] = re.findall(r"if \(abs\((.*?)\) > ", moved)
    assert re.fullmatch(r"\w+\[k\]", condition)  # stored, not reckoned here
    assert f"(rate * {condition}) if " in moved


def test_reading_and_choosing():
    x, y = load("a", named("k")), named("b")
    total = apply(Op.ADD, x, y)
    assert (rounds(x), rounds(total), rounds(apply("abs", x)), rounds(apply(Op.NEG, total))) == (0, 1, 0, 1)
    less, of_sum = apply(Op.LT, x, y), apply(Op.LT, total, y)
    assert (torn(less), torn(of_sum), torn(total), torn(cast(of_sum, "f32"))) == (0, 1, 0, 1)
    assert (torn(cast(total, "i64")), torn(cast(x, "i64"))) == (True, False)


def test_a_view_is_no_reading():
    x, y = pt.vector("x"), pt.vector("y")
    total = x + y
    spread = total[None, :]
    greatest, out = total.max(), (spread * 2).sum()
    assert reads([greatest, out])[total] == 2
    assert {total, x, y} <= decided([greatest, out])
    assert x not in decided([out]) | decided([(x * y).sum() > 0]) - {x}
