"""Every contender does the work it is timed at: run `pytest benchmarks`."""

from functools import partial

import by_hand
import height
import held_out
import limit
import numpy as np
import pairs
import peers
import problems
import pytest
import quality
import search
import skip_gram
import threads
from measure import Contender, Loop, Timing, Worker, markdown

import rowspace as rs

ROWS, DIM, EXAMPLES, BATCH = 40, 12, 256, 64
MANY_ROWS, MANY = 20_000, 3 * 2**16  # enough to be cut into blocks, and for threads to race


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


@pytest.mark.parametrize("schedule", [None, "sequential", "hogwild"])
def test_pairs_with_rowspace(schedule: str | None) -> None:
    problem = problems.pairs(ROWS, DIM, EXAMPLES)
    _agrees(pairs.with_rowspace(problem, schedule), *post_in_batches(problem, 1))


@pytest.mark.parametrize("ids", problems.IDS)
@pytest.mark.parametrize("make", [
    partial(pairs.with_rowspace, threads=2),
    partial(pairs.with_rowspace, schedule="hogwild", threads=2),
    *(partial(by_hand.pairs, form=form, threads=2) for form in by_hand.PAIRS),
])  # fmt: skip
def test_pairs_on_two_threads(make, ids: str) -> None:
    """In another order, and racing: the tables are near to those of file order, not equal."""
    problem = partial(problems.pairs, MANY_ROWS, DIM, MANY, ids)
    _is_near(make(problem()), by_hand.pairs(problem(), "plain"), [problem().table], apart=0.5)


@pytest.mark.parametrize("make", [
    partial(skip_gram.with_rowspace, threads=2),
    partial(skip_gram.with_rowspace, schedule="hogwild", threads=2),
    *(partial(by_hand.skip_gram, form=form, threads=2) for form in by_hand.SKIP_GRAM),
])  # fmt: skip
def test_skip_gram_on_two_threads(make) -> None:
    """Near only: in blocks other negatives are drawn."""
    problem = partial(problems.words, 2000, DIM, MANY)
    start = problem()
    _is_near(make(problem()), by_hand.skip_gram(problem(), "in phases"), [start.words, start.contexts], apart=1)


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
    start = problems.words(ROWS, DIM, EXAMPLES)
    hand, ours = (
        by_hand.skip_gram(problems.words(ROWS, DIM, EXAMPLES), form),
        skip_gram.with_rowspace(problems.words(ROWS, DIM, EXAMPLES)),
    )
    hand.run(0, EXAMPLES)
    ours.run(0, EXAMPLES)
    for a, b, before in zip(hand.tables(), ours.tables(), (start.words, start.contexts), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
        assert np.abs(a - before).max() > 0.01


@pytest.mark.parametrize("make", [height.numpy_dense, height.torch_dense])
def test_dense(make) -> None:
    if make is height.torch_dense:
        pytest.importorskip("torch")
    problem = problems.pairs(ROWS, DIM, EXAMPLES)
    _agrees(make(problem), *post_in_batches(problem, 1))


@pytest.mark.parametrize("distance", limit.DISTANCES)
def test_the_limit_moves_the_same_rows(distance: int) -> None:
    problem = problems.pairs(ROWS, DIM, EXAMPLES)
    lookups = np.bincount(problem.i, minlength=ROWS) + np.bincount(problem.j, minlength=ROWS)
    expected = problem.table + problems.RATE * lookups[:, None]
    loop = limit.rows_alone(problem, distance)
    loop.run(0, EXAMPLES)
    np.testing.assert_allclose(loop.tables()[0], expected, atol=1e-4)


def test_racing_takes_every_example_once() -> None:
    done: list[tuple[int, int]] = []
    by_hand.racing(lambda lo, hi: done.append((lo, hi)) or 0, 2)(5, MANY)
    edges = sorted(done)
    assert edges[0][0] == 5
    assert edges[-1][1] == MANY
    assert all(a[1] == b[0] for a, b in zip(edges[:-1], edges[1:], strict=True))


def test_zipf() -> None:
    """The most frequent row is met with a chance of log 2 / log 1001, and twice as often as the third or so."""
    ids = problems.zipf(1000, (200_000,), np.random.default_rng(0))
    met = np.sort(np.bincount(ids, minlength=1000))[::-1] / len(ids)
    rank = np.arange(1, 6)
    np.testing.assert_allclose(met[:5], np.log1p(1 / rank) / np.log(1001), rtol=0.05)
    assert ids.dtype == np.int32
    assert 0 <= ids.min() < ids.max() < 1000


def test_a_worker_runs_other_examples_each_time() -> None:
    contender = Contender("numpy", peers.numpy_add_at, 64, {"": (64,)})
    worker = Worker(contender, "", partial(problems.pairs, ROWS, DIM, 128), threads=2)
    seconds, cores = worker.run()
    worker.close()
    assert seconds > 0
    assert cores > 0


def test_the_table_says_how_many_cores_were_busy() -> None:
    one, other = Timing("a", "", 2, [4.0, 6.0], [2.0, 2.0]), Timing("b", "x", 2, [2.0, 2.0], [1.0, 1.5])
    last = markdown([one, other]).splitlines()[-1]
    assert last == "| b | x | 2 | 2 - 2 | 1.25 | 2.5 x |"


def test_blocks_give_the_same_bytes_at_any_number_of_threads() -> None:
    runs = threads.race(pairs.with_rowspace, partial(problems.pairs, MANY_ROWS, DIM, MANY), [1, 2], MANY // 2, 1)
    assert runs["blocks", 1].checksum == runs["blocks", 2].checksum
    assert len(threads.markdown(runs).splitlines()) == 4


def test_quality_of_the_same_order_is_the_same() -> None:
    case = (partial(held_out.low_rank, rows=400, examples=2000), quality.CONSTANT["SGD"], 2)
    found = quality.ratios(case, 2)
    first, *_ = found
    assert (found[first] > 0).all()
    np.testing.assert_array_equal(found["default"], 1)  # so few examples are not cut
    assert (found["16 blocks"] != 1).any()
    np.testing.assert_allclose(found["16 blocks"], 1, atol=0.2)
    assert "| default | 1.0000 | 1.0000 |" in quality.markdown(found)


def test_topics_are_learned() -> None:
    problem = held_out.topics(0, rows=500, examples=20_000, of=5)
    before = problem.mean_cost()
    rs.Trainer(problem.cost, problem.tables, quality.FALLING["adagrad"]).fit(problem.train, 3, progress=False)
    assert problem.mean_cost() < 0.8 * before


def _is_near(loop: Loop, reference: Loop, start: list[np.ndarray], apart: float) -> None:
    """Costs and how far tables moved alike; the tables less `apart` than they moved."""
    assert loop.run(0, MANY) == pytest.approx(reference.run(0, MANY), rel=0.05)
    for a, b, before in zip(loop.tables(), reference.tables(), start, strict=True):
        moved = np.linalg.norm(b - before)
        assert np.linalg.norm(a - before) == pytest.approx(moved, rel=0.25)
        assert np.linalg.norm(a - b) < apart * moved


def _agrees(loop: Loop, table: np.ndarray, total: float) -> None:
    """`loop` has not run yet: it may change the table that the expected one was computed from."""
    assert loop.run(0, EXAMPLES) == pytest.approx(total, rel=1e-4)
    [moved] = loop.tables()
    np.testing.assert_allclose(moved, table, atol=1e-4)


def test_everyone_finds_the_same_nearest() -> None:
    values = np.random.default_rng(0).standard_normal((3000, DIM), dtype=np.float32)
    names = [f"w{i}" for i in range(len(values))]
    model = rs.Model({"E": rs.Table.from_array(values, names)})
    ids = np.array([7, 5, 2999])
    found = [[names[i] for i in row] for row in search.product_and_partition(values, model.norms, ids)]
    assert found == [[key for key, _ in near] for near in model.neighbors([names[i] for i in ids])]
    pytest.importorskip("gensim")
    keyed = search.keyed_vectors(names, values)
    assert found == [[key for key, _ in keyed.most_similar(names[i])] for i in ids]
