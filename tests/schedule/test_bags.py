"""Bags of examples that share an id: what is in them, what is learned from them, and what is said of them."""

import hashlib
import warnings
from itertools import product

import numpy as np
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rowspace as rs
from rowspace import costs
from rowspace.columns.kinds import Ragged
from rowspace.errors import DataError
from rowspace.execute.replicas import Replica, Replicas
from rowspace.kernel.segments import Arguments
from rowspace.schedule.bags import in_buckets, in_file_order
from rowspace.schedule.sizes import Sizes
from tests.support import naive
from tests.support.quick import quick

THREADS = (1, 2, 3, 4, 8)
ROWS, DIM = 40, 5


def weighed(W, C, window, center, weight):
    """A skip-gram without negatives, whose examples have a weight."""
    return (weight * pt.softplus(-(W[window] @ C[center]))).sum()


def examples(n=700, seed=0, rows=ROWS, run=1):
    """Ids by a heavy-tailed draw, centers in runs of about `run`."""
    rng = np.random.default_rng(seed)
    draw = lambda n: (rows * rng.random(n) ** 3).astype(np.int64)
    center = np.repeat(draw(n), rng.integers(1, 2 * run, n))[:n]
    return {"window": draw(n), "center": center, "weight": rng.uniform(0.5, 2, n).astype(np.float32)}


def bagged(data, most=3):
    """The same, its words and weights gathered by center."""
    gathered = {c: rs.Gathered(data[c], by="center", most=most) for c in ("window", "weight") if c in data}
    return {**data, **gathered}


def tables(rows=ROWS):
    return {"W": rs.Table(rows, DIM, seed=1, scale=0.5), "C": rs.Table(rows, DIM, seed=2, scale=0.5)}


def trained(data, update=None, *, cost=weighed, epochs=1, rows=ROWS, **options):
    found = tables(rows)
    trainer = rs.Trainer(cost, found, update or rs.sgd(0.05))
    trainer.fit(data, epochs, progress=False, **options)
    return trainer


def digest(trainer):
    arrays = [a for t, table in trainer.tables.items() for a in (table.values, *trainer.states[t])]
    return hashlib.sha256(b"".join(a.tobytes() for a in arrays)).hexdigest()


def outcome(*arguments, **options):
    trainer = trained(*arguments, **options)
    return digest(trainer), [e.cost for e in trainer.history]


# --- the bags --------------------------------------------------------------------------------------------------------


def naive_in_file_order(ids, most):
    """Runs of one id, cut where they are longer than `most`: the places of each bag's members."""
    bags = []
    for n, row in enumerate(ids):
        if bags and ids[bags[-1][-1]] == row and len(bags[-1]) < most:
            bags[-1].append(n)
        else:
            bags.append([n])
    return bags


def naive_in_buckets(ids, ends, most):
    """The bags of every bucket, in the order of their first members."""
    buckets, lo = [], 0
    for hi in ends:
        bags, opened = [], {}
        for n in range(lo, hi):
            if ids[n] not in opened or len(opened[ids[n]]) == most:
                opened[ids[n]] = []
                bags.append(opened[ids[n]])
            opened[ids[n]].append(n)
        buckets.append(bags)
        lo = hi
    return buckets


def gathered_columns(ids, most):
    """The place of each example as an id, and as a number."""
    places = np.arange(len(ids), dtype=np.int32)
    return {
        "place": rs.Gathered(places, by="by", most=most),
        "number": rs.Gathered(places.astype(np.float32) / 2, by="by", most=most),
        "by": ids,
    }


def members_of(chunk):
    """The places of each bag's members, the same in both columns."""
    for column, scale in (("place", 1), ("number", 2)):
        assert isinstance(chunk[column], Ragged)
        assert chunk[column].gathered
        assert chunk[column].offsets.dtype == np.int64
        bags = [(scale * chunk[column][n]).astype(int).tolist() for n in range(len(chunk[column]))]
    assert chunk["place"].values.dtype == np.int32
    assert chunk["number"].values.dtype == np.float32
    assert bags == [chunk["place"][n].tolist() for n in range(len(bags))]
    return bags


IDS = st.lists(st.integers(0, 4), max_size=40)


@given(IDS, st.integers(1, 5), st.sampled_from(["int32", "int64"]))
def test_in_file_order_equals_the_naive_version(ids, most, dtype):
    chunk = in_file_order(gathered_columns(np.array(ids, dtype), most))
    expected = naive_in_file_order(ids, most)
    assert members_of(chunk) == expected
    assert chunk["by"].tolist() == [ids[bag[0]] for bag in expected]
    assert chunk["by"].dtype == dtype


@settings(max_examples=60)
@given(IDS, st.lists(st.integers(0, 40), max_size=4), st.integers(1, 5), st.sampled_from(["int32", "int64"]))
def test_in_buckets_equals_the_naive_version(ids, cuts, most, dtype):
    """Every example is in one bag, of its id and bucket; bags are as old as their first members."""
    ends = np.array([*sorted(min(c, len(ids)) for c in cuts), len(ids)], np.int64)
    chunk, bags, bag_ends = in_buckets(gathered_columns(np.array(ids, dtype), most), ends)
    expected = naive_in_buckets(ids, ends.tolist(), most)
    flat = [bag for bucket in expected for bag in bucket]
    assert members_of(chunk) == flat
    assert bag_ends.tolist() == np.cumsum([len(bucket) for bucket in expected]).tolist()
    assert chunk["by"].tolist() == [ids[bag[0]] for bag in flat]
    assert [bags.first(n) for n in range(len(bags))] == [bag[0] for bag in flat]


def test_memory_that_was_used_before_changes_nothing():
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 5, 300), rng.integers(0, 5, 200)
    _, spare, _ = in_buckets(gathered_columns(first, 4), np.array([100, 300]))
    again, _, _ = in_buckets(gathered_columns(second, 4), np.array([50, 200]), spare)
    fresh, _, _ = in_buckets(gathered_columns(second, 4), np.array([50, 200]))
    assert members_of(again) == members_of(fresh)


def test_a_chunk_without_gathered_columns_is_left_alone():
    data = examples()
    assert in_file_order(data) is data


# --- what is learned -------------------------------------------------------------------------------------------------


def hogbatch(values, data, bags, rate):
    """Every gradient of a bag at the same rows, then one step: by hand, in float64. Gives the mean cost of a member."""
    W, C = (values[t].astype(np.float64) for t in "WC")
    total = 0.0
    for bag in bags:
        words, center, weight = data["window"][bag], data["center"][bag[0]], data["weight"][bag].astype(float)
        score = W[words] @ C[center]
        total += (weight * np.log1p(np.exp(-score))).sum()
        slope = -weight / (1 + np.exp(score))
        to_words, to_center = slope[:, None] * C[center], slope @ W[words]
        np.add.at(W, words, -rate * to_words)
        C[center] -= rate * to_center
    return {"W": W, "C": C}, total / len(data["center"])


@pytest.mark.parametrize("most", [1, 3, 8])
def test_in_file_order_equals_hogbatch(most):
    data = examples(run=4)
    before = {t: table.values.copy() for t, table in tables().items()}
    trainer = trained(bagged(data, most), schedule="sequential")
    bags = naive_in_file_order(data["center"].tolist(), most)
    expected, cost = hogbatch(before, data, bags, 0.05)
    for t, values in expected.items():
        np.testing.assert_allclose(trainer.tables[t].values, values, atol=1e-5)
    assert trainer.history[0].cost == pytest.approx(cost, rel=1e-5)
    assert (trainer.examples, trainer.steps) == (700, len(bags))


def test_negatives_are_drawn_once_for_a_bag():
    """All of the draw's weight lies on one row, so that the naive version knows what is drawn."""
    data = examples(200, rows=ROWS - 1, run=4)
    del data["weight"]
    found = tables()
    counts = np.arange(ROWS) == ROWS - 1
    negatives = rs.Negatives(of=found["C"], k=3, counts=counts)
    trainer = rs.Trainer(costs.skip_gram_bag, found, rs.sgd(0.05))
    [epoch] = trainer.fit({**bagged(data), "negatives": negatives}, schedule="sequential")
    bags = naive_in_file_order(data["center"].tolist(), 3)
    given = {
        "window": [data["window"][bag].tolist() for bag in bags],
        "center": [int(data["center"][bag[0]]) for bag in bags],
        "negatives": np.full((len(bags), 3), ROWS - 1),
    }
    values = {t: table.values.copy() for t, table in tables().items()}
    ids = {"window": ["W"], "center": ["C"], "negatives": ["C"]}
    expected, cost = naive.train(costs.skip_gram_bag, values, given, naive.sgd, ids=ids, rate=0.05)
    for t, wanted in expected.items():
        np.testing.assert_allclose(found[t].values, wanted, atol=1e-5)
    assert epoch.cost == pytest.approx(cost * len(bags) / 200, rel=1e-4)


def test_blocks_run_the_bags_in_the_order_they_are_sorted_into():
    """Against the loop in file order over the same bags, ragged and no longer gathered: equal to the last bit."""
    data = examples()
    trainer = trained(bagged(data), rs.adagrad(0.05), schedule="blocks", blocks=8, threads=3)
    [buckets] = trainer.buckets.values()
    ready = {"window": data["window"].astype(np.int32), "center": data["center"].astype(np.int32)}
    done = buckets.sort(bagged({**ready, "weight": data["weight"]}), [0, 1, 0])
    assert sorted(done.columns["window"].values.tolist()) == sorted(data["window"].tolist())
    ragged = {c: Ragged(done.columns[c].values, done.columns[c].offsets) for c in ("window", "weight")}
    again = trained({**ragged, "center": done.columns["center"]}, rs.adagrad(0.05), schedule="sequential")
    assert digest(again) == digest(trainer)
    assert again.examples == trainer.steps < trainer.examples == 700


UPDATES = {
    "sgd": lambda: rs.sgd(0.05),
    "falling adagrad": lambda: rs.adagrad(rs.linear(0.05)),
    "exact momentum": lambda: rs.exact(rs.momentum(0.005)),
    "exact adam": lambda: rs.exact(rs.lazy_adam(0.005)),
}


@pytest.mark.parametrize(
    ("update", "shuffle"),
    quick(product(UPDATES, [False, True]), ("sgd", False), ("falling adagrad", True), ("exact adam", True)),
)
def test_the_same_bytes_at_any_number_of_threads(update, shuffle, monkeypatch):
    monkeypatch.setattr(rs.Trainer, "sizes", Sizes(most_examples=256))  # several plans
    options = {"schedule": "blocks", "blocks": 8, "epochs": 2, "shuffle": shuffle}
    found = [outcome(bagged(examples()), UPDATES[update](), threads=n, **options) for n in THREADS]
    assert all(run == found[0] for run in found)
    assert found[0][1][1] < found[0][1][0]


def test_the_same_bytes_when_it_is_cut_unasked(monkeypatch):
    monkeypatch.setattr(rs.Trainer, "sizes", Sizes(examples_a_block=16))
    trainers = [trained(bagged(examples()), schedule="blocks", threads=n) for n in (1, 2, 3)]
    assert len(set(map(digest, trainers))) == 1
    assert next(iter(trainers[0].buckets.values())).cuts


@pytest.mark.parametrize("schedule", ["blocks", "sequential", "batch"])
def test_the_cost_is_the_mean_over_members(schedule):
    """Where nothing moves, it is the same however the examples are gathered."""
    options = {"batch": 7} if schedule == "batch" else {"schedule": schedule}
    options |= {"blocks": 8} if schedule == "blocks" else {}
    found = []
    for most, threads in [(1, 1), (3, 2), (50, 4)]:
        trainer = trained(bagged(examples(run=3), most), rs.sgd(0.0), threads=threads, **options)
        found.append(trainer.history[0].cost)
        assert trainer.history[0].costed == trainer.history[0].examples == trainer.examples == 700
    plain = lambda W, C, window, center, weight: weight * pt.softplus(-(W[window] @ C[center]))
    expected = trained(examples(run=3), rs.sgd(0.0), cost=plain, schedule="sequential").history[0].cost
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_cost_without_a_loop_counts_members_too():
    def slow(W, C, window, center, weight):
        cost = (weight * pt.softplus(-(W[window] @ C[center]))).sum()
        return cost * pt.i0(np.float32(1e-9) * cost)  # which is 1

    data = bagged(examples(60, run=3))
    with pytest.warns(rs.errors.SlowCost):
        trainer = trained(data, cost=slow)
    expected = trained(data, schedule="sequential")
    assert trainer.kernel.slow
    assert trainer.history[0].costed == trainer.history[0].examples == 60
    assert trainer.history[0].cost == pytest.approx(expected.history[0].cost, rel=1e-5)
    np.testing.assert_allclose(trainer.tables["W"].values, expected.tables["W"].values, atol=1e-5)


def test_threads_that_race_count_members():
    trainer = trained(bagged(examples(run=3)), schedule="hogwild", threads=3, epochs=2)
    assert trainer.examples == 1400
    assert trainer.history[1].cost < trainer.history[0].cost


def test_shuffling_takes_other_bags():
    """In file order bags are shuffled, not their members; in blocks the examples are."""
    data = bagged(examples(run=4))
    for options in ({"schedule": "sequential"}, {"schedule": "blocks", "blocks": 8}, {"batch": 9}):
        one, other = trained(data, shuffle=True, **options), trained(data, **options)
        assert digest(one) == digest(trained(data, shuffle=True, **options)) != digest(other)
        assert one.examples == other.examples == 700


def test_a_batch_is_of_bags():
    data = examples(run=4)
    bags = naive_in_file_order(data["center"].tolist(), 3)
    trainer = trained(bagged(data), batch=9, threads=2)
    given = {
        "window": [data["window"][bag].tolist() for bag in bags],
        "center": [int(data["center"][bag[0]]) for bag in bags],
        "weight": [data["weight"][bag].tolist() for bag in bags],
    }
    values = {t: table.values.copy() for t, table in tables().items()}
    ids = {"window": ["W"], "center": ["C"]}
    expected, _ = naive.train_in_batches(weighed, values, given, naive.sgd, ids=ids, rate=0.05, batch=9)
    for t, wanted in expected.items():
        np.testing.assert_allclose(trainer.tables[t].values, wanted, atol=1e-5)
    assert (trainer.examples, trainer.steps) == (700, -(-len(bags) // 9))


@pytest.mark.parametrize("options", [{"schedule": "sequential"}, {"schedule": "blocks", "blocks": 8}, {"batch": 5}])
@pytest.mark.parametrize("n", [0, 1])
@pytest.mark.filterwarnings("ignore:no epoch met an example")  # where a fit has an empty chunk alone
def test_empty_chunks_and_one_example(n, options):
    data, few = examples(), examples(n)
    trainer = trained([bagged(few), bagged(data), bagged(few)], **options, threads=2)
    assert trainer.examples == 700 + 2 * n
    assert trained(bagged(few), **options).examples == n


def test_names_are_gathered_too():
    names = [f"word {n}" for n in range(ROWS)]
    named = {t: rs.Table.from_array(table.values.copy(), names) for t, table in tables().items()}
    data = examples(run=3)
    words = {c: np.array(names)[data[c]] for c in ("window", "center")}
    rs.Trainer(weighed, named, rs.sgd(0.05)).fit(bagged({**data, **words}), schedule="sequential")
    assert named["W"].values.tobytes() == trained(bagged(data), schedule="sequential").tables["W"].values.tobytes()


OTHERS = {
    "pairs of one table": lambda E, window, center: pt.softplus(-(E[window] @ E[center])).sum(),
    "one id decides": lambda E, center, weight: (weight * pt.softplus(-E[center].sum())).sum(),
    "a small table beside": lambda E, R, window, relation, center: pt.softplus(
        -((E[window] * R[relation]) @ E[center])
    ).sum(),
    "negatives of one table": lambda E, window, center, negatives: pt.softplus(
        E[window] @ pt.concatenate([-E[center][None], E[negatives]]).T
    ).sum(),
    "the center first": lambda E, center, window, negatives: pt.softplus(
        E[window] @ pt.concatenate([-E[center][None], E[negatives]]).T
    ).sum(),
}


@pytest.mark.parametrize("name", quick(OTHERS, "one id decides", "a small table beside", "the center first"))
def test_other_costs_give_the_same_bytes_at_any_number_of_threads(name):
    def run(threads):
        found = {"E": rs.Table(ROWS, DIM, seed=1, scale=0.5), "R": rs.Table(5, DIM, seed=2, scale=0.5)}
        data = bagged(examples())
        data["relation"] = data["window"].of(data["window"].values % 5)
        data["negatives"] = rs.Negatives(of=found["E"], k=3)
        if name != "a small table beside":
            del found["R"]
        trainer = rs.Trainer(OTHERS[name], found, rs.adagrad(0.05))
        history = trainer.fit(data, 2, schedule="blocks", blocks=8, threads=threads)
        assert next(iter(trainer.buckets.values())).cuts
        assert history[1].cost < history[0].cost
        return digest(trainer), [(e.cost, e.costed, e.examples) for e in history]

    found = [run(threads) for threads in (1, 2, 4)]
    assert found[0] == found[1] == found[2]
    assert found[0][1][0][1:] == (700, 700)


def test_copies_of_a_small_table_are_weighed_by_members():
    R = np.zeros((2, 1), np.float32)
    ids = Ragged(np.array([0, 0, 0, 1, 0]), np.array([0, 3, 5]), gathered=True)
    lanes = Replicas([Replica(R, [], 0, [], [("relation", None)])], {"relation": ids})
    one, other = lanes.begin(Arguments((R,), (), ()), 2)
    one.tables[0][:], other.tables[0][:] = 4, 8
    lanes.merge([(0, 1), (1, 2)])
    assert R.tolist() == [[(3 * 4 + 8) / 4], [8]]


def test_negatives_that_stand_for_a_bag_run_in_order():
    """Drawn from a block they would have to be the row of its block, of which there are many."""

    def cost(W, C, window, center, negatives):
        return pt.softplus(-(W[window] @ C[center])).sum() + pt.softplus(W[negatives] @ C[center]).sum()

    def run(schedule):
        found = tables()
        data = {**bagged(examples()), "negatives": rs.Negatives(of=found["W"], k=2)}
        trainer = rs.Trainer(cost, found, rs.sgd(0.05))
        trainer.fit(data, schedule=schedule, blocks=8 if schedule == "blocks" else None)
        return digest(trainer)

    with pytest.warns(rs.errors.Sequential, match="'negatives' would stand for all ids of a bag 'window'"):
        blocks = run("blocks")
    assert blocks == run("sequential")


# --- rates, traces and errors ----------------------------------------------------------------------------------------


def fractions(data, **options):
    """How much of the training was done, wherever the rate was asked for."""
    seen = []

    def rate(done):
        seen.append(done)
        return 0.01

    trained(data, rs.sgd(rate), **options)
    return np.unique(seen)


@pytest.mark.parametrize("options", [{"schedule": "sequential"}, {"schedule": "blocks", "blocks": 8}, {"batch": 5}])
def test_the_rate_falls_by_members(options):
    """Over several chunks it ends where it does for examples that are not gathered."""
    parts = [examples(n, seed=n, run=4) for n in (300, 100, 300)]

    def chunks():
        yield from map(bagged, parts)

    chunks.examples = 700
    seen = fractions(chunks, epochs=2, **options)
    assert seen[0] == 0
    assert 1 - 16 / 1400 < seen[-1] < 1
    assert np.diff(seen).max() < 40 / 1400
    plain = lambda W, C, window, center, weight: weight * pt.softplus(-(W[window] @ C[center]))
    chunks_of_one = lambda: iter(parts)
    chunks_of_one.examples = 700
    assert abs(fractions(chunks_of_one, epochs=2, cost=plain, **options)[-1] - seen[-1]) < 16 / 1400


@pytest.mark.parametrize("options", [{"schedule": "sequential"}, {"schedule": "blocks", "blocks": 8}, {"batch": 4}])
def test_the_rate_falls_by_members_of_a_dict_too(options):
    seen = fractions(bagged(examples(run=4)), **options)
    assert 0.97 < seen[-1] < 1


def test_a_trace_is_recorded_once_in_so_many_members(tmp_path):
    path = tmp_path / "trace.tsv"
    data = bagged(examples(run=4), most=8)
    trainer = trained(data, schedule="sequential", epochs=2, trace=rs.Trace(path, every=100, rows=[0], table="W"))
    steps = [int(line.split("\t")[0]) for line in path.read_text().splitlines()[1:]]
    assert [step // 100 for step in steps] == list(range(15))
    assert all(step % 100 < 8 for step in steps)
    assert digest(trainer) == digest(trained(data, schedule="sequential", epochs=2))


def test_a_trace_of_blocks_changes_nothing(tmp_path):
    data, options = bagged(examples()), {"schedule": "blocks", "blocks": 8, "threads": 2}
    path = tmp_path / "trace.tsv"
    trainer = trained(data, **options, trace=rs.Trace(path, every=50, rows=[0], table="W"))
    steps = [int(line.split("\t")[0]) for line in path.read_text().splitlines()[1:]]
    assert steps == sorted(set(steps))
    assert len(steps) > 4
    assert steps[-1] == 700
    assert digest(trainer) == digest(trained(data, **options))


@pytest.mark.parametrize("options", [{"schedule": "sequential"}, {"schedule": "blocks", "blocks": 8}, {"batch": 4}])
def test_divergence_names_the_first_member_of_the_bag(options):
    data = examples(run=4)
    data["weight"][123] = 1000
    infinite = lambda W, C, window, center, weight: (pt.exp(weight) * (W[window] @ C[center])).sum()
    with pytest.raises(rs.Diverged, match=r"not finite at example \d+ of the epoch.*after 0 examples") as error:
        trained(bagged(data), cost=infinite, **options)
    text = str(error.value)
    first = int(text.split("at example ")[1].split()[0])
    assert first <= 123
    assert data["center"][first] == data["center"][123]
    assert f"center = {data['center'][123]}" in text
    assert f"window = [{data['window'][first]}" in text
    if "blocks" not in options:
        assert 123 - first < 3


def refused(data, **columns):
    with pytest.raises(DataError) as error, warnings.catch_warnings():
        warnings.simplefilter("ignore", rs.errors.Sequential)
        trained({**data, **columns}, schedule="sequential")
    return str(error.value)


def test_columns_that_cannot_be_gathered_are_refused():
    data = bagged(examples())
    window, weight = examples()["window"], examples()["weight"]
    assert "gathered by 'word'" in refused(
        data, **{c: rs.Gathered(data[c].values, by="word") for c in ("window", "weight")}
    )
    assert "different ways" in refused(data, window=rs.Gathered(window, by="center", most=4))
    assert "'weight' is neither drawn nor gathered by 'center'" in refused(data, weight=weight)
    assert "gathered by 'weight'" in refused(data, weight=weight, window=rs.Gathered(window, by="weight", most=3))
    assert "differ in length" in refused(data, window=rs.Gathered(window[:-1], by="center", most=3))


def test_an_id_out_of_range_is_refused_before_anything_moves():
    data = bagged({**examples(), "window": np.full(700, ROWS)})
    with pytest.raises(rs.errors.IdOutOfRange, match="column 'window'"):
        trained(data)


@pytest.mark.parametrize("most", [0, -3, 2.5, "8", True, None])
def test_most_is_a_number_of_values(most):
    with pytest.raises(DataError, match=f"most is {most!r}; "):
        rs.Gathered(np.arange(3), by="center", most=most)


@pytest.mark.parametrize("values", [np.zeros((3, 2), int), [[1, 2], [3]], [[1, 2], [3, 4]]])
def test_values_have_one_dimension(values):
    with pytest.raises(DataError, match="gathered values have one dimension"):
        rs.Gathered(values, by="center")


def test_a_list_of_values_is_as_good_as_an_array():
    assert rs.Gathered([3, 4], by="center").values.tolist() == [3, 4]
    assert rs.Gathered(["a", "b"], by="center").values.tolist() == ["a", "b"]
