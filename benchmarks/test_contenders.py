"""Every contender does the work it is timed at: run `pytest benchmarks`."""

import by_hand
import height
import numpy as np
import pairs
import peers
import problems
import pytest
import skip_gram
from measure import Loop

ROWS, DIM, EXAMPLES, BATCH = 40, 12, 256, 64


def post_in_batches(problem: problems.Pairs, batch: int) -> tuple[np.ndarray, float]:
    """The table after one pass, and the sum of costs, in float64, example by example."""
    E, total = problem.table.astype(np.float64), 0.0
    for start in range(0, EXAMPLES, batch):
        before = E.copy()
        for n in range(start, start + batch):
            i, j = problem.i[n], problem.j[n]
            error = before[i] @ before[j] - problem.label[n]
            total += abs(error)
            E[i] -= problems.RATE * np.sign(error) * before[j]
            E[j] -= problems.RATE * np.sign(error) * before[i]
    return E, total


@pytest.mark.parametrize("form", by_hand.PAIRS)
def test_pairs_by_hand(form: str) -> None:
    problem = problems.pairs(ROWS, DIM, EXAMPLES)
    assert (problem.i == problem.j).any()
    _agrees(by_hand.pairs(problem, form), *post_in_batches(problem, 1))


def test_pairs_with_rowspace() -> None:
    problem = problems.pairs(ROWS, DIM, EXAMPLES)
    _agrees(pairs.with_rowspace(problem), *post_in_batches(problem, 1))


@pytest.mark.parametrize("trusted", [False, True])
def test_pytensor_per_call(trusted: bool) -> None:
    problem = problems.pairs(ROWS, DIM, EXAMPLES)
    _agrees(peers.pytensor_per_call(problem, trusted), *post_in_batches(problem, 1))


@pytest.mark.parametrize("make", [peers.numpy_add_at, peers.pytensor_batch])
def test_batches(make) -> None:
    problem = problems.pairs(ROWS, DIM, EXAMPLES)
    _agrees(make(problem, BATCH), *post_in_batches(problem, BATCH))


def test_torch() -> None:
    pytest.importorskip("torch")
    problem = problems.pairs(ROWS, DIM, EXAMPLES)
    _agrees(peers.torch_sparse(problem, BATCH), *post_in_batches(problem, BATCH))


@pytest.mark.parametrize("scan", [False, True])
def test_jax(scan: bool) -> None:
    pytest.importorskip("jax")
    problem = problems.pairs(ROWS, DIM, EXAMPLES)
    _agrees(peers.jax_at_add(problem, BATCH, scan), *post_in_batches(problem, BATCH))


@pytest.mark.parametrize("form", by_hand.SKIP_GRAM)
def test_skip_gram(form: str) -> None:
    """By hand and by rowspace: the same negatives, so the same tables, repeated rows included."""
    problem = problems.words(ROWS, DIM, EXAMPLES)
    hand, ours = by_hand.skip_gram(problem, form), skip_gram.with_rowspace(problem)
    hand.run(0, EXAMPLES)
    ours.run(0, EXAMPLES)
    for a, b, start in zip(hand.tables(), ours.tables(), (problem.words, problem.contexts), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
        assert np.abs(a - start).max() > 0.01


@pytest.mark.parametrize("make", [height.numpy_dense, height.torch_dense])
def test_dense(make) -> None:
    if make is height.torch_dense:
        pytest.importorskip("torch")
    problem = problems.pairs(ROWS, DIM, EXAMPLES)
    _agrees(make(problem), *post_in_batches(problem, 1))


def _agrees(loop: Loop, table: np.ndarray, total: float) -> None:
    assert loop.run(0, EXAMPLES) == pytest.approx(total, rel=1e-4)
    [moved] = loop.tables()
    np.testing.assert_allclose(moved, table, atol=1e-4)
