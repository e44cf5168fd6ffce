"""Word vectors from a text: repeatable, gone on with, saved, and of use."""

import gc
import math

import numpy as np
import pytest

import rowspace as rs
from rowspace.columns.subwords import Subwords, compose
from rowspace.errors import DataError
from rowspace.execute.turns import TurnSizes
from rowspace.read.text import read_text
from rowspace.recipes import contexts
from rowspace.schedule.sizes import Sizes

TOPICS = ("apple pear plum cherry peach grape".split(), "hammer saw drill pliers wrench chisel".split())
COSTS = ("skip_gram", "cbow", "glove")
SUBWORDS = {"min_n": 3, "max_n": 4, "buckets": 200}


def sentences(count=300, seed=0):
    """Lines of five words of one topic each."""
    rng = np.random.default_rng(seed)
    return [rng.choice(TOPICS[n % 2], 5).tolist() for n in range(count)]


def text(lines=None, **options):
    return read_text(sentences() if lines is None else lines, **{"min_count": 1, "progress": False, **options})


def trained(lines=None, *, names=None, **options):
    given = {"dim": 8, "epochs": 2, "sample": 0, "seed": 1, "threads": 1, "window": 3, **options}
    with text(lines, names=names) as found:
        return rs.train_text(found, progress=False, **given)


def arrays(model):
    return {t: table.values.tobytes() for t, table in model.tables.items()}


@pytest.fixture
def cut(monkeypatch):
    """Even a small text is cut into blocks, and made into examples in many stretches."""
    monkeypatch.setattr(rs.Trainer, "sizes", Sizes(examples_a_block=32))
    monkeypatch.setattr("rowspace.recipes.words.PIECE_TOKENS", 400)


# --- the same bytes --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("cut")
@pytest.mark.parametrize("cost", ["skip_gram", "glove"])
def test_the_same_bytes_at_any_number_of_threads(cost, monkeypatch):
    seen = []
    fit = rs.Trainer.fit
    monkeypatch.setattr(rs.Trainer, "fit", lambda self, *a, **k: (seen.append(self), fit(self, *a, **k))[1])
    sample = 0.05 if cost == "skip_gram" else 0  # glove leaves out no words
    found = [trained(cost=cost, threads=n, sample=sample) for n in (1, 2, 3)]
    assert arrays(found[0]) == arrays(found[1]) == arrays(found[2])
    assert found[0].cost == found[1].cost == found[2].cost
    if cost == "skip_gram":
        assert all(buckets.cuts for trainer in seen for buckets in trainer.buckets.values())


@pytest.mark.usefixtures("cut")
@pytest.mark.parametrize(
    "options", [SUBWORDS, {"cost": "cbow"}, pytest.param({"cost": "cbow", **SUBWORDS}, marks=pytest.mark.slow)]
)
def test_the_same_bytes_where_threads_take_turns_at_bags(options, monkeypatch):
    monkeypatch.setattr(rs.Trainer, "turns", TurnSizes(threads=3, trials=0, least_bytes=0, noted=64))
    found = [trained(threads=n, sample=0.2, **options) for n in (1, 2, 3)]
    assert arrays(found[0]) == arrays(found[1]) == arrays(found[2])
    assert found[0].cost == found[1].cost == found[2].cost


@pytest.mark.parametrize("cost", COSTS)
def test_another_seed_is_another_model(cost):
    assert arrays(trained(cost=cost)) != arrays(trained(cost=cost, seed=2))


@pytest.mark.parametrize("options", [{"cost": c} for c in COSTS] + [SUBWORDS, {"cost": "cbow", **SUBWORDS}])
def test_the_cost_falls(options):
    model = trained(epochs=6, **options)
    assert len(model.cost) == 6
    assert model.cost[-1] < model.cost[0]
    assert np.isfinite(model.cost).all()


def test_cbow_learns():
    model = trained(cost="cbow", threads=2, epochs=6)
    assert model.cost[-1] < model.cost[0]


def test_the_cost_is_that_of_a_pair_and_so_are_examples():
    """At the first, with C all zeros, a pair costs (1 + negative) log 2."""
    model = trained(epochs=1, rate=0.0)
    assert model.cost[0] == pytest.approx(6 * math.log(2), rel=1e-5)
    assert 300 * 5 * 2 < model.trained_with["examples"] < 300 * 5 * 4


# --- what is learned -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"cost": "skip_gram", "rate": 0.1},
        {"cost": "cbow", "rate": 0.2},
        {"cost": "glove", "epochs": 60},
        {"cost": "skip_gram", "rate": 0.1, **SUBWORDS},
        {"cost": "cbow", "rate": 0.2, **SUBWORDS},
    ],
)
def test_nearest_are_words_of_the_same_topic(options):
    model = trained(sentences(600), **{"epochs": 15, **options})
    for topic in TOPICS:
        for word in topic:
            nearest = [name for name, _ in model.most_similar(word, topn=3)]
            assert set(nearest) <= set(topic), (word, nearest)


def test_names_and_counts_are_the_texts():
    with text() as found:
        model = rs.train_text(found, dim=8, epochs=1, threads=1, window=3, progress=False)
        assert list(model.index_to_key) == found.names
        assert model.table.counts.tolist() == found.counts.tolist()
    assert {t: table.values.shape for t, table in model.tables.items()} == {"W": (12, 8), "C": (12, 8)}


def test_glove_gives_the_sum_of_both_vectors():
    model = trained(cost="glove")
    assert list(model.tables) == ["E", "W", "C", "b", "c"]
    np.testing.assert_array_equal(model.table.values, model.tables["W"].values + model.tables["C"].values)


def test_anything_that_can_be_read_is_read(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("".join(" ".join(line) + "\n" for line in sentences()))
    options = {"dim": 8, "epochs": 1, "threads": 1, "window": 3, "progress": False}
    with read_text(path, progress=False) as read:
        assert arrays(rs.train_text(path, **options)) == arrays(rs.train_text(read, **options))


@pytest.mark.parametrize("cost", COSTS)
def test_saved_and_opened(cost, tmp_path):
    model = trained(cost=cost)
    model.save(tmp_path / "model")
    opened = rs.open(tmp_path / "model")
    assert arrays(opened) == arrays(model)
    assert opened.trained_with == model.trained_with
    assert opened.cost == pytest.approx(model.cost)


# --- subwords --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cost", ["skip_gram", "cbow"])
def test_a_word_never_seen_has_a_vector(cost, tmp_path):
    model = trained(cost=cost, **SUBWORDS)
    subwords = Subwords(3, 4, 200)
    bags = subwords.bags(model.index_to_key)
    np.testing.assert_array_equal(model.table.values, compose(model.tables["S"].values, bags))
    model.save(tmp_path / "model")
    opened = rs.open(tmp_path / "model")
    assert arrays(opened) == arrays(model)
    rows = model.tables["S"].values[12:][subwords.bag("pears")]
    np.testing.assert_allclose(opened["pears"], rows.mean(axis=0), rtol=1e-5)
    np.testing.assert_array_equal(opened["pears"], model["pears"])


# --- going on --------------------------------------------------------------------------------------------------------

MORE = [["apple", "lime", "pear"], ["lime", "apple", "quince"]] * 20


def gone_on(start, lines=MORE, **options):
    return trained(lines, names=start.index_to_key, start=start, dim=None, **options)


@pytest.mark.parametrize("options", [{"cost": c} for c in COSTS] + [SUBWORDS, {"cost": "cbow", **SUBWORDS}])
def test_no_more_epochs_change_nothing(options):
    start = trained(**options)
    after = gone_on(start, sentences(), epochs=0, **options)
    assert arrays(after) == arrays(start)
    assert after.cost == start.cost


@pytest.mark.parametrize("options", [{"cost": c} for c in COSTS] + [SUBWORDS, {"cost": "cbow", **SUBWORDS}])
def test_a_model_is_gone_on_with(options):
    """Words that do not occur keep their vectors, new ones join, and counts and costs go on."""
    start = trained(**options)
    before, names = arrays(start), list(start.index_to_key)
    counts = dict(zip(names, start.table.counts.tolist(), strict=True))
    after = gone_on(start, epochs=3, **options)
    assert arrays(start) == before  # it is not changed itself
    assert list(after.index_to_key) == [*names, "lime", "quince"]
    assert after.cost[:2] == start.cost
    assert len(after.cost) == 5
    found = dict(zip(after.index_to_key, after.table.counts.tolist(), strict=True))
    assert found == {**counts, "apple": counts["apple"] + 40, "pear": counts["pear"] + 20, "lime": 40, "quince": 20}
    first = "S" if "max_n" in options else "W"
    old, new = start.tables[first].values, after.tables[first].values
    quiet = [n for n, name in enumerate(names) if name not in ("apple", "pear")]
    np.testing.assert_array_equal(new[quiet], old[quiet])
    assert (new[names.index("apple")] != old[names.index("apple")]).any()
    if first == "S":
        assert len(new) == len(old) + 2
        touched = np.unique(Subwords(3, 4, 200).bags(["apple", "pear", "lime", "quince"]).values)
        others = np.setdiff1d(np.arange(200), touched[touched >= 4] - 4)
        np.testing.assert_array_equal(new[14:][others], old[12:][others])
        assert len(others)


def test_from_an_opened_model_it_is_the_same(tmp_path):
    start = trained()
    start.save(tmp_path / "model")
    assert arrays(gone_on(rs.open(tmp_path / "model"))) == arrays(gone_on(start))


def test_a_text_that_is_not_read_yet_is_read_with_the_words_of_the_model():
    start = trained()
    after = rs.train_text(MORE, start=start, epochs=1, sample=0, threads=1, progress=False)
    assert list(after.index_to_key) == [*start.index_to_key, "lime", "quince"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cost": "cbow"}, "was trained with cost 'skip_gram', not 'cbow'; give cost='skip_gram'"),
        ({"dim": 9}, "dim is 9; the model to start from has 8"),
        (SUBWORDS, "has no subwords, not subwords of 3 to 4 characters in 200 buckets"),
    ],
)
def test_a_model_that_does_not_fit_is_refused(options, message):
    start = trained()
    with pytest.raises(DataError, match=message):
        trained(MORE, names=start.index_to_key, start=start, **options)


def test_a_model_with_other_subwords_is_refused():
    start = trained(**SUBWORDS)
    for other in ({}, {**SUBWORDS, "max_n": 5}, {**SUBWORDS, "buckets": 100}):
        with pytest.raises(DataError, match="has subwords of 3 to 4 characters in 200 buckets, not"):
            gone_on(start, **other)


def test_a_text_read_with_other_names_is_refused():
    start = trained()
    with pytest.raises(DataError, match="names=start.index_to_key"):
        trained(MORE, start=start)
    with pytest.raises(DataError, match="names=start.index_to_key"):
        trained(MORE, names=start.index_to_key[::-1], start=start)


def test_a_model_of_something_else_is_refused():
    table = rs.Table.from_array(np.zeros((2, 8), np.float32), ["apple", "pear"])
    for about in ({}, {"cost": "l1_dot"}):
        with pytest.raises(DataError, match="was not trained on a text"):
            gone_on(rs.Model({"E": table}, about))


# --- options ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 0}, "window is 0; give a whole number of at least 1"),
        ({"window": 2.5}, "window is 2.5"),
        ({"window": True}, "window is True"),
        ({"negative": 0}, "negative is 0; give a whole number"),
        ({"sample": -1}, "sample is -1; give 0, or a share"),
        ({"sample": math.nan}, "sample is nan"),
        ({"sample": math.inf}, "sample is inf"),
        ({"cost": "word2vec"}, "cost 'word2vec' is not one for texts; it can be skip_gram, cbow, glove"),
        ({"min_n": 4, "max_n": 3}, "min_n is 4 and max_n 3"),
        ({"min_n": 0, "max_n": 3}, "min_n is 0 and max_n 3"),
        ({"min_n": 3, "max_n": 4, "buckets": 0}, "buckets is 0"),
        ({"cost": "glove", **SUBWORDS}, "glove has no subwords"),
        ({"rate": -0.1}, "rate is -0.1"),
        ({"epochs": -1}, "epochs is -1"),
        ({"threads": 0}, "threads is 0"),
        ({"ns_exponent": math.nan}, "power is nan"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(DataError, match=message):
        trained(**options)


@pytest.mark.parametrize("dim", [0, -1, 2.5, "8", True])
def test_the_width_is_checked(dim):
    with pytest.raises(DataError, match="dim is"):
        trained(dim=dim)


@pytest.mark.parametrize("options", [{"cost": "skip_gram"}, {"cost": "cbow"}, SUBWORDS, {"threads": 3}])
def test_a_text_of_which_nothing_is_left_is_refused(options):
    with pytest.raises(DataError, match="left nothing to train on"):
        trained(sample=1e-12, **options)


def test_a_word_a_line_is_refused():
    with pytest.raises(DataError, match="a sentence or a document a line"):
        trained([["a"], ["b"]] * 10, cost="glove")


def test_a_short_line_before_a_very_long_one():
    """The first piece says how all are sorted: it must not be the short line alone."""
    with text([["a"] * 3, ["a", "b"] * 500]) as found:
        made = contexts.Contexts(found, np.ones(2, np.float32), 2, 0, lambda kept: {}, 1, piece=64)
        assert next(made._pieces()) == (0, 64)


@pytest.mark.parametrize("lines", [[["a"] * 9] * 10, [["a", "b"]] * 10])
def test_glove_of_texts_of_few_words(lines):
    assert np.isfinite(trained(lines, cost="glove").table.values).all()


@pytest.mark.parametrize("cost", COSTS)
def test_a_rate_that_is_too_high_is_said_to_be(cost):
    with pytest.raises(rs.Diverged, match="not finite at example .*lower the rate"):
        trained(cost=cost, rate=1e30)


@pytest.mark.usefixtures("cut")
def test_stretches_in_which_nothing_is_left():
    lines = [["lonely"]] * 1000 + sentences() + [["lonely"]] * 1000
    found = [trained(lines, threads=n, sample=0.2) for n in (1, 3)]
    assert arrays(found[0]) == arrays(found[1])
    assert np.isfinite(found[0].cost).all()


def test_a_text_of_one_word():
    model = trained([["word"] * 10] * 10)
    assert np.isfinite(model.cost).all()
    assert list(model.index_to_key) == ["word"]


def test_words_of_one_sentence_only():
    """Most of the negatives drawn are the word itself, and are drawn again a few times only."""
    assert np.isfinite(trained([["a", "b"]] * 50, negative=20).cost).all()


def test_callbacks_and_what_was_trained_with():
    seen = []
    model = trained(callbacks=[lambda trainer: seen.append(trainer.examples)])
    assert seen[-1] == model.trained_with["examples"]
    expected = {"cost": "skip_gram", "epochs": 2, "rate": 0.025, "seed": 1, "window": 3, "negative": 5, "tokens": 1500}
    assert expected.items() <= model.trained_with.items()


def test_a_training_that_ends_early_says_how_many_epochs_it_had():
    def stop(trainer):
        raise StopIteration

    model = trained(cost="skip_gram", epochs=5, callbacks=[stop])
    assert (model.trained_with["epochs"], len(model.cost)) == (1, 1)


# --- held out --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"cost": "cbow"}, SUBWORDS], ids=str)
def test_a_share_of_the_sentences_is_held_out(options):
    model, again = (trained(hold_out=0.1, epochs=4, sample=0.05, threads=n, **options) for n in (1, 2))
    assert model.trained_with["held_out"] == 30
    assert len(model.held_out) == 4
    assert model.held_out[-1] < model.held_out[0]
    assert again.held_out == model.held_out
    assert arrays(again) == arrays(model)


def test_what_is_held_out_is_the_same_after_each_epoch():
    """Sentences, words left out of them, windows and drawn words: without a step the cost does not move."""
    model = trained(hold_out=0.1, epochs=3, sample=0.05, rate=0.0, start=trained(epochs=3, rate=0.1))
    assert len(set(model.held_out[3:])) == 1
    assert len(set(model.cost[3:])) == 3
    assert all(map(math.isnan, model.held_out[:3]))  # of the model it went on with


def test_going_on_without_holding_out_leaves_gaps():
    model = trained(hold_out=0.1)
    assert np.isnan(trained(start=model, names=model.index_to_key).held_out).tolist() == [False, False, True, True]


def test_held_out_sentences_are_not_trained_on(monkeypatch):
    monkeypatch.setattr("rowspace.read.part.SENTENCES_AT_ONCE", 2)
    lines = [[f"{word}{k}" for word in "abc"] for k in range(20)]  # each has words of its own
    model, before = trained(lines, hold_out=0.25), trained(lines, hold_out=0.25, rate=0.0)
    moved = (model.vectors != before.vectors).any(axis=1)
    still = {name[1:] for name, row in zip(model.index_to_key, moved, strict=True) if not row}
    assert len(model) == 60
    assert len(still) == 5


def test_parts_lie_where_the_text_lies_and_vanish(tmp_path):
    with read_text(sentences(), min_count=1, ids=tmp_path) as found:
        model = rs.train_text(found, 8, 1, window=3, hold_out=0.5, progress=False)
    assert model.held_out
    gc.collect()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ids.npy", "offsets.npy"]


@pytest.mark.parametrize("share", [0, 1, -1, "some", True, math.nan])
def test_a_share_of_nothing_or_all_is_refused(share):
    with pytest.raises(DataError, match="hold_out is .*; give a share of the sentences above 0 and below 1"):
        trained(hold_out=share)


def test_a_share_without_an_example_is_refused():
    with pytest.raises(DataError, match="hold_out is 0.001, which is 0 of 300 sentences"):
        trained(hold_out=0.001)
    with pytest.raises(DataError, match="held_out: it has no example"):
        trained([["a", "b"], [], [], []], hold_out=0.5)
    with pytest.raises(DataError, match="hold_out is for skip_gram and cbow; leave it out with glove"):
        trained(cost="glove", hold_out=0.5)


def test_the_best_epoch_may_be_kept():
    stopping = rs.EarlyStopping(2, keep_best=True)
    model = trained(sentences(60), hold_out=0.5, epochs=200, rate=0.2, callbacks=[stopping])
    assert len(model.held_out) < 200
    assert stopping.best.held_out == min(model.held_out)
