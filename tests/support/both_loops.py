"""One example of a cost through both loops, the interpreted one and machine code, and through PyTensor alone."""

import numpy as np

import rowspace as rs
from rowspace.kernel.row_gradient import OneExample, one_of
from tests.support import naive

IDS = ("i", "j", "bag", "long", "other", "r", "s")


def by_loop(cost, values, example, *, compile=True):
    """loop -> (cost, table -> dense gradient), for tables given as arrays; machine code checks the bounds of arrays."""
    tables = {t: rs.Table.from_array(np.array(v, np.float32)) for t, v in values.items()}
    one = OneExample(cost, tables, one_of(cost, tables, example))
    assert not one.kernel.slow, one.kernel.slow
    loops = {"interpreted": one.kernel.interpreted, **({"machine code": one.kernel.with_bounds()} if compile else {})}
    return {name: (total, _dense(found)) for name, (total, found) in ((n, one.run(f)) for n, f in loops.items())}


def by_pytensor(cost, values, example, dtype="float64"):
    """(cost, table -> dense gradient) of the graph as it was written, by PyTensor."""
    arrays = {c: np.asarray(e) for c, e in example.items()}
    ids = {c: ["E"] for c in example if c in IDS}
    run = naive.function(cost, values, arrays, ids, dtype)
    total, *gradients = run(*(np.asarray(v, dtype) for v in values.values()), *arrays.values())
    return total, dict(zip(values, gradients, strict=True))


def assert_same(cost, values, example, *, compile=True, rtol=1e-4, atol=1e-5):
    """Both loops give what PyTensor gives."""
    total, gradients = by_pytensor(cost, values, example)
    for loop, (found, dense) in by_loop(cost, values, example, compile=compile).items():
        np.testing.assert_allclose(found, total, rtol=rtol, atol=atol, err_msg=f"the cost, {loop}")
        for table, gradient in gradients.items():
            np.testing.assert_allclose(dense[table], gradient, rtol=rtol, atol=atol, err_msg=f"{table}, {loop}")


def _dense(found):
    return {table: gradient.to_dense() for table, gradient in found.items()}
