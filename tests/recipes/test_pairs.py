import numpy as np
import pyarrow as pa
import pytest

import rowspace as rs
from rowspace import costs
from rowspace.demo.airports import held_out_correlation, places, routes
from rowspace.errors import DataError
from rowspace.read.pairs import read_pairs
from rowspace.read.trace import read_trace
from rowspace.recipes.pairs import DECAY, LABELLED, UPDATES, enough_epochs, train_pairs
from tests.support.quick import quick

DIM = 8  # where any will do for pairs without labels, and 3 for those with labels: a loop is compiled once


def labelled(m=2_000, seed=0, **more):
    """Random pairs of six items in three groups."""
    i, j = np.random.default_rng(seed).integers(0, 6, (2, m))
    names = np.array(["a", "A", "b", "B", "c", "C"])
    label = (i // 2 == j // 2).astype(np.float64)
    return pa.table({"left": names[i], "right": names[j], "label": label, **more})


def two_rings(n=40, near=3):
    """Two rings of items, each linked to the next ones of its ring alone."""
    pairs = [(f"{r}{k}", f"{r}{(k + d) % n}") for r in "xy" for k in range(n) for d in range(1, near + 1)]
    return pa.table({"left": [a for a, _ in pairs], "right": [b for _, b in pairs]})


@pytest.mark.parametrize("cost", LABELLED)
def test_every_cost_tells_the_groups_of_the_post_apart(cost):
    model = train_pairs(rs.read_pairs(labelled(), label="label"), 3, 20, cost=cost)
    for name in model.index_to_key:
        assert model.most_similar(name, topn=1)[0][0] == name.swapcase()


def test_with_labels_the_cost_is_the_logistic_one():
    model = train_pairs(rs.read_pairs(labelled(), label="label"), 3, 1)
    assert model.trained_with["cost"] == "logistic_dot"


def test_without_labels_linked_items_are_near():
    model = train_pairs(rs.read_pairs(two_rings()), DIM, 100)
    for name in model.index_to_key:
        near = [other for other, _ in model.most_similar(name, topn=6)]
        assert [other[0] for other in near].count(name[0]) >= 5


@pytest.mark.parametrize("update", quick(UPDATES, "sgd", "adagrad"))
def test_every_update_trains_with_its_usual_rate(update):
    model = train_pairs(rs.read_pairs(labelled(), label="label"), 3, 20, cost="squared_dot", update=update)
    assert model.cost[-1] < 0.02
    assert model.trained_with["updates"] == {"E": update}


def test_the_same_seed_gives_the_same_bytes_and_another_others():
    pairs = routes()
    first, again, other = (train_pairs(pairs, DIM, 2, seed=seed).vectors.tobytes() for seed in (3, 3, 4))
    assert first == again != other


def test_pairs_without_weights_are_all_met_in_every_epoch():
    pairs = rs.read_pairs(labelled(), label="label")
    model = train_pairs(pairs, 3, 4, cost="l1_dot")
    assert model.trained_with["examples"] == 4 * len(pairs)


def test_a_weight_beside_a_label_says_how_often_an_example_is_drawn():
    data = labelled(weight=np.ones(2_000))
    opposite = data.set_column(2, "label", pa.array(1 - data["label"].to_numpy()))
    opposite = opposite.set_column(3, "weight", pa.array(np.zeros(2_000)))
    pairs = rs.read_pairs(pa.concat_tables([data, opposite]), label="label", weight="weight")
    model = train_pairs(pairs, 3, 20, cost="squared_dot")
    assert model.cost[-1] < 0.02  # the examples that contradict have no weight


def test_heavy_tails_of_counts_are_damped():
    """A pair seen ten thousand times more often than others leaves them their say."""
    table = two_rings()
    weight = np.ones(table.num_rows)
    weight[0] = 1e4
    model = train_pairs(rs.read_pairs(table.append_column("n", pa.array(weight)), weight="n"), DIM, 100)
    assert np.isfinite(model.vectors).all()
    near = [other[0] for other, _ in model.most_similar("y20", topn=6)]
    assert near.count("y") >= 5


def test_counts_of_the_model_say_how_often_items_occur():
    pairs = routes()
    model = train_pairs(pairs, DIM, 1)
    np.testing.assert_array_equal(model.table.counts, pairs.counts)


def test_what_was_trained_with_is_remembered():
    about = train_pairs(routes(), 2, 2, negatives=3, seed=7).trained_with
    assert about["cost"] == "pair_negatives"
    assert about["updates"] == {"E": f"weight_decay(adagrad, {DECAY})"}
    assert about["columns"] == {"left": "origin", "right": "destination", "weight": "count"}
    assert (about["pairs"], about["epochs"], about["negatives"], about["seed"]) == (5366, 2, 3, 7)


def test_an_update_brings_its_own_rate_and_decay():
    model = train_pairs(rs.read_pairs(labelled(), label="label"), 3, 1, update=rs.sgd(0.05))
    assert model.trained_with["updates"] == {"E": "sgd"}
    assert model.trained_with["rate"] == 0.05


def test_a_trace_records_the_items(tmp_path):
    trace = rs.Trace(tmp_path / "trace.tsv", every=1000)
    train_pairs(rs.read_pairs(labelled(), label="label"), 3, 1, trace=trace)
    assert read_trace(trace.path).steps.tolist() == [0, 1000, 2000]


def test_epochs_make_a_million_examples():
    assert [enough_epochs(m) for m in (1, 10_000, 20_000, 200_000, 10**9)] == [100, 100, 50, 5, 5]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cost": "l2"}, "cost 'l2' is not one for pairs; it can be logistic_dot"),
        ({"cost": "pair_negatives"}, "cost 'pair_negatives' does not fit pairs with labels; logistic_dot"),
        ({"negatives": 5}, "negatives are for pairs without labels"),
        ({"update": "adam"}, "update 'adam' is not known; it can be adagrad"),
        ({"update": rs.sgd(0.1), "rate": 0.1}, "an Update brings its own rate"),
        ({"rate": -1.0}, "the rate is -1.0"),
        ({"decay": -1.0}, "decay is -1.0"),
        ({"epochs": -1}, "epochs is -1"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, message):
    with pytest.raises(DataError, match=message):
        train_pairs(rs.read_pairs(labelled(100), label="label"), 3, **{"epochs": 1, **options})


def test_labels_out_of_the_range_of_a_cost_are_refused():
    data = labelled(100)
    data = data.set_column(2, "label", pa.array(2 * data["label"].to_numpy() - 1))
    with pytest.raises(DataError, match=r"holds -1 at position \d+; the cost logistic_dot takes numbers from 0 to 1"):
        train_pairs(rs.read_pairs(data, label="label"), 3, 1)
    train_pairs(rs.read_pairs(data, label="label"), 3, 1, cost="cosine")


def test_a_cost_for_labels_without_labels_is_refused():
    with pytest.raises(DataError, match="does not fit pairs without labels; pair_negatives would"):
        train_pairs(rs.read_pairs(two_rings()), 3, 1, cost="l1_dot")


def test_weights_that_are_all_zero_are_refused():
    table = two_rings()
    table = table.append_column("n", pa.array(np.zeros(table.num_rows)))
    with pytest.raises(DataError, match="every weight in column 'n' is 0"):
        train_pairs(rs.read_pairs(table, weight="n"), 3, 1)


def test_gradient_of_pairs_with_negatives():
    E = rs.Table(5, 3, seed=1)
    rs.check_gradient(costs.pair_negatives, {"E": E}, {"i": 0, "j": 1, "negatives": [2, 0, 2]})


@pytest.mark.slow
@pytest.mark.parametrize("weight", [None, "count"])
def test_decay_is_what_finds_the_map(weight):
    """The trial behind the default of `decay`, in few: means over splits and seeds."""
    given = routes()
    pairs = given if weight else rs.read_pairs(pa.table({"a": _names(given, "left"), "b": _names(given, "right")}))

    def score(decay):
        models = [train_pairs(pairs, decay=decay, seed=seed) for seed in (0, 1)]
        return np.mean(
            [held_out_correlation(m.vectors, places(m.index_to_key)[0], s) for m in models for s in range(10)], axis=0
        )

    with_decay, without = score(None), score(0.0)
    assert (with_decay > [0.92, 0.80]).all()
    assert (with_decay > without + 0.02).all()


def _names(pairs, side):
    return [pairs.names[k] for k in getattr(pairs, side)]


def test_a_share_is_held_out():
    pairs = rs.read_pairs(labelled(), label="label")
    model = train_pairs(pairs, 3, 4, hold_out=0.1)
    assert model.trained_with["held_out"] == 200
    assert model.trained_with["pairs"] == 1_800
    assert len(model.held_out) == 4
    assert model.held_out[-1] < model.held_out[0]


def test_what_is_held_out_is_neither_trained_on_nor_lost(tmp_path):
    names = [f"{k}" for k in range(50)]
    pairs = rs.read_pairs({"left": names, "right": names[::-1], "label": np.ones(50)}, label="label")
    model = train_pairs(pairs, 3, 3, update=rs.sgd(0.1), hold_out=0.5)
    assert model.index_to_key == pairs.names
    still = (model.vectors == rs.Table(50, 3, seed=0).values).all(axis=1)
    assert 0 < still.sum() < 50  # those that are in no other pair
    model.save(tmp_path / "model")
    assert rs.open(tmp_path / "model").held_out == model.held_out


@pytest.mark.filterwarnings("ignore::rowspace.errors.warnings.UnusedColumn")
@pytest.mark.parametrize("weight", [None, "weight"])
@pytest.mark.parametrize("label", [None, "label"])
def test_pairs_of_every_kind_can_be_held_out(weight, label):
    pairs = rs.read_pairs(labelled(weight=np.arange(1, 2_001.0)), label=label, weight=weight)
    first, again = (train_pairs(pairs, 3, 3, hold_out=0.2, threads=threads) for threads in (1, 2))
    assert first.held_out == again.held_out
    assert np.isfinite(first.held_out).all()
    assert first.vectors.tobytes() == again.vectors.tobytes()


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, "some", True, float("nan")])
def test_a_share_of_nothing_or_all_is_refused(share):
    with pytest.raises(DataError, match="hold_out is .*; give a share of the pairs above 0 and below 1"):
        train_pairs(rs.read_pairs(labelled(), label="label"), 3, 1, hold_out=share)


def test_a_share_that_is_less_than_a_pair_is_refused():
    with pytest.raises(DataError, match=r"hold_out is 0.0001, which is 0 of 2,000 pairs"):
        train_pairs(rs.read_pairs(labelled(), label="label"), 3, 1, hold_out=0.0001)


def test_columns_are_chosen_as_in_read_pairs():
    columns = {"w": [1, 2, 3], "b": ["x", "z", "x"], "a": ["y", "x", "z"], "same": [1, 0, 1]}
    roles = {"left": "a", "right": "b", "label": "same", "weight": "w"}
    model = train_pairs(columns, 2, 1, **roles)
    assert model.trained_with["columns"] == roles
    np.testing.assert_array_equal(model.table.values, train_pairs(read_pairs(columns, **roles), 2, 1).table.values)
    baskets = {"order": [1, 1, 1], "item": ["x", "y", "z"]}
    assert train_pairs(baskets, 2, 1, group="order", within=1).trained_with["pairs"] == 2
    with pytest.raises(DataError, match="left says how pairs are read, and these are read already; give it to rs"):
        train_pairs(read_pairs(columns, label="same"), 2, 1, left="a")


def test_items_of_two_kinds_are_told_from_items_of_the_right_column():
    """So they learn otherwise than as one kind; a film's nearest are those that the same users saw."""
    user, film = np.random.default_rng(0).integers(0, 40, (2, 4_000))
    near = user % 2 == film % 2
    data = {"user": user[near], "film": film[near]}
    model = train_pairs(data, DIM, 20, two_kinds=True, progress=False)
    named = {f"{column} {k}": int(k) for column in data for k in range(40)}
    plain = train_pairs(
        {column: [f"{column} {k}" for k in ids] for column, ids in data.items()}, DIM, 20, progress=False
    )
    assert set(model.index_to_key) == set(plain.index_to_key) == set(named)
    assert model.cost[-1] != plain.cost[-1]
    for name, number in named.items():
        closest = [other for other, _ in model.most_similar(name, topn=3)]
        assert all(other.split()[0] == name.split()[0] and named[other] % 2 == number % 2 for other in closest), name
