import numpy as np
import pytest

import rowspace as rs
from rowspace.errors import IdOutOfRange, ShapeError, UnknownItem

N, D = 300, 12


@pytest.fixture(scope="module")
def names():
    return [f"w{i}" for i in range(N)]


@pytest.fixture(scope="module")
def values():
    return np.random.default_rng(1).standard_normal((N, D), dtype=np.float32)


@pytest.fixture(scope="module")
def model(names, values):
    return rs.Model({"E": rs.Table.from_array(values, names)})


@pytest.fixture(scope="module")
def kv(names, values):
    models = pytest.importorskip("gensim.models")
    kv = models.KeyedVectors(D)
    kv.add_vectors(names, values)
    return kv


def same(ours, theirs, rtol=1e-7):
    assert [key for key, _ in ours] == [key for key, _ in theirs]
    np.testing.assert_allclose([s for _, s in ours], [s for _, s in theirs], atol=1e-6, rtol=rtol)


QUERIES = [
    {"positive": "w3"},
    {"positive": ["w3"], "topn": 1},
    {"positive": ["w3", "w9"], "negative": ["w12"], "topn": 25},
    {"positive": ["w3"], "negative": "w3"},
    {"negative": ["w5", "w6"]},
    {"positive": [("w3", 0.5), ("w4", 2.0)], "negative": [("w7", -0.25), "w8"]},
    {"positive": [3, "w4"]},
    {"positive": ["w3"], "topn": N + 5},
    {"positive": ["w3"], "restrict_vocab": 40},
    {"positive": ["w3"], "topn": 0},
    {"positive": np.arange(D, dtype=np.float32)},
    {"positive": np.arange(2 * D, dtype=np.float32).reshape(2, D)},
    {"positive": ["w1", (np.arange(D, dtype=np.float32), 0.3)], "negative": np.ones(D, np.float32)},
]


@pytest.mark.parametrize("query", QUERIES[:3] + QUERIES[4:])
def test_most_similar_is_gensims(model, kv, query):
    same(model.most_similar(**query), kv.most_similar(**query))


def test_all_similarities_are_gensims(model, kv):
    ours, theirs = (m.most_similar("w3", topn=None) for m in (model, kv))
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_other_questions_are_gensims(model, kv, values):
    same(model.similar_by_word("w3", 4), kv.similar_by_word("w3", 4))
    same(model.similar_by_key("w3"), kv.similar_by_key("w3"))
    same(model.similar_by_vector(values[3], 4), kv.similar_by_vector(values[3], 4))
    close = {"abs": 1e-6}
    assert model.similarity("w1", "w2") == pytest.approx(kv.similarity("w1", "w2"), **close)
    assert model.distance("w1", "w2") == pytest.approx(kv.distance("w1", "w2"), **close)
    sets = ["w1", "w2", "w3"], ["w9", "w8"]
    assert model.n_similarity(*sets) == pytest.approx(kv.n_similarity(*sets), **close)
    for words in (["w1", "w2", "w3"], [f"w{i}" for i in range(9)], ["w1"]):
        assert model.doesnt_match(words) == kv.doesnt_match(words)
    assert model.rank("w1", "w2") == kv.rank("w1", "w2")
    assert model.closer_than("w1", "w2") == kv.closer_than("w1", "w2")
    for norm in (False, True):
        np.testing.assert_allclose(model.get_vector("w5", norm=norm), kv.get_vector("w5", norm=norm), atol=1e-6)


@pytest.mark.parametrize(
    "query",
    [
        {"positive": "w3"},
        {"positive": ["w3", "w9"], "negative": ["w12"], "topn": 25},
        {"positive": ["w3"], "negative": "w4", "topn": 1},
        {"positive": ["w3"], "topn": N + 5},
        {"positive": ["w3"], "topn": 0},
        {"positive": [np.arange(D, dtype=np.float32) / 9, "w2"], "negative": ["w1", "w5"]},
    ],
)
@pytest.mark.filterwarnings("ignore:Call to deprecated:DeprecationWarning")
def test_products_of_cosines_are_gensims(model, kv, query):
    same(model.most_similar_cosmul(**query), kv.most_similar_cosmul(**query), rtol=1e-5)
    if query.get("topn", 1):
        everything = {**query, "topn": None}
        ours, theirs = (m.most_similar_cosmul(**everything) for m in (model, kv))
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_products_of_cosines_of_the_first_rows(model):
    found = model.most_similar_cosmul("w3", "w4", restrict_vocab=20)
    assert len(found) == 10
    assert all(int(key[1:]) < 20 for key, _ in found)
    with pytest.raises(ShapeError, match="at least one positive item"):
        model.most_similar_cosmul(negative="w3")
    with pytest.raises(UnknownItem, match="nobody"):
        model.most_similar_cosmul("w3", "nobody")


def test_distances_are_gensims(model, kv, values):
    for asked in (("w3",), ("w3", ["w5", "w9"]), (values[4],), (values[4], ["w3"])):
        np.testing.assert_allclose(model.distances(*asked), kv.distances(*asked), atol=1e-6)


@pytest.mark.parametrize(
    "asked",
    [
        {"keys": ["w3", "w4"]},
        {"keys": ["w3", "w4"], "weights": [2.0, -0.5]},
        {"keys": ["w3", "w4", "nobody"], "pre_normalize": False},
        {"keys": ["w3", np.arange(D, dtype=np.float32)], "post_normalize": True},
        {"keys": ["nobody"], "post_normalize": True},
    ],
)
def test_means_are_gensims(model, kv, asked):
    theirs, ours = kv.get_mean_vector(**asked), model.get_mean_vector(asked.pop("keys"), **asked)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    assert ours.dtype == np.float32


def test_means_of_nothing_are_refused(model):
    with pytest.raises(ShapeError, match="a mean needs items"):
        model.get_mean_vector([])
    with pytest.raises(ShapeError, match=r"as many weights, got 1 and \(2,\)"):
        model.get_mean_vector(["w1"], [1, 2])
    with pytest.raises(UnknownItem, match="nobody"):
        model.get_mean_vector(["w1", "nobody"], ignore_missing=False)


def test_centrality_is_gensims(model, kv):
    words = [f"w{i}" for i in range(9)]
    for use_norm in (True, False):
        ours, theirs = (m.rank_by_centrality(words, use_norm) for m in (model, kv))
        assert [word for _, word in ours] == [word for _, word in theirs]
        if use_norm:
            np.testing.assert_allclose([c for c, _ in ours], [c for c, _ in theirs], atol=1e-6)
    assert model.most_similar_to_given("w1", words[2:]) == kv.most_similar_to_given("w1", words[2:])


def test_look_ups_are_gensims(model, kv):
    np.testing.assert_array_equal(model["w5"], kv["w5"])
    np.testing.assert_array_equal(model[["w5", "w1"]], kv[["w5", "w1"]])
    np.testing.assert_array_equal(model.vectors, kv.vectors)
    np.testing.assert_allclose(model.norms, np.linalg.norm(kv.vectors, axis=1), rtol=1e-6)
    assert model.index_to_key == kv.index_to_key
    assert model.key_to_index == kv.key_to_index
    assert model.vector_size == kv.vector_size
    assert len(model) == len(kv)
    assert ("w5" in model, "x" in model) == ("w5" in kv, "x" in kv)


def test_ids_are_the_keys_of_a_table_without_names(values):
    model = rs.Model({"E": rs.Table.from_array(values)})
    found = model.most_similar(3, topn=2)
    assert [type(key) for key, _ in found] == [int, int]
    assert 3 not in dict(model.most_similar(np.int64(3), topn=N))
    assert model.doesnt_match([0, 1, 2]) in (0, 1, 2)
    assert model.index_to_key[7] == 7
    assert model.key_to_index[7] == 7
    assert model.similarity(-1, N - 1) == pytest.approx(1)


def test_zero_rows_are_similar_to_nothing():
    values = np.array([[0, 0], [1, 0], [-1, 0]], np.float32)
    model = rs.Model({"E": rs.Table.from_array(values, ["zero", "a", "b"])})
    assert model.most_similar("a") == [("zero", 0.0), ("b", -1.0)]
    assert model.most_similar("zero") == [("a", 0.0), ("b", 0.0)]
    assert model.similarity("zero", "a") == 0
    assert model.n_similarity(["a", "b"], ["a"]) == 0
    assert model.get_vector("zero", norm=True).tolist() == [0, 0]


@pytest.mark.parametrize("d", [50, 300])
def test_no_item_is_nearer_than_one_with_an_equal_row(d):
    one, other = np.random.default_rng(0).standard_normal((2, d)).astype(np.float32)
    items = [f"w{k}" for k in range(101)]
    model = rs.Model({"E": rs.Table.from_array(np.vstack([one, np.tile(other, (100, 1))]), items)})
    assert {model.rank("w0", item) for item in items[1:]} == {1}
    assert model.closer_than("w5", "w0") == [item for item in items[1:] if item != "w5"]
    assert [item for item, _ in model.most_similar("w0", topn=60)] == items[1:61]


def test_training_on_is_seen(values, names):
    E = rs.Table.from_array(values.copy(), names)
    model = rs.Model({"E": E})
    assert model.most_similar("w1", topn=1)[0][0] != "w200"
    E["w200"] = 3 * E["w1"]
    assert model.most_similar("w1", topn=1) == [("w200", pytest.approx(1))]
    assert model.norms[200] == pytest.approx(3 * model.norms[1])


def test_norms_of_a_read_only_table_are_kept(values, names):
    still = values.copy()
    still.setflags(write=False)
    model = rs.Model({"E": rs.Table.from_array(still, names)})
    assert model.norms is model.norms
    assert model.most_similar("w1")


def test_kept_norms_are_the_users_promise(values, names):
    E = rs.Table.from_array(values.copy(), names)
    model = rs.Model({"E": E})
    model.fill_norms()
    kept = model.norms
    E["w200"] *= 2
    assert model.norms is kept
    model.fill_norms()
    assert model.norms is kept
    model.fill_norms(force=True)
    assert model.norms[200] == pytest.approx(2 * kept[200])
    assert model.most_similar("w1") == rs.Model({"E": E}).most_similar("w1")


def test_neighbors_are_the_most_similar_of_each(model, values):
    asked = ["w3", 5, "w299", "w3"]
    assert model.neighbors(asked, 4) == [model.most_similar(item, topn=4) for item in asked]
    assert model.neighbors("w3") == [model.most_similar("w3")]
    assert model.neighbors(["w3", values[7], ("w8", 2.0)], 3, restrict_vocab=20) == [
        model.most_similar([item], topn=3, restrict_vocab=20) for item in ("w3", values[7], ("w8", 2.0))
    ]
    assert model.neighbors(values[:2], 3) == [model.most_similar([v], topn=3) for v in values[:2]]
    assert model.neighbors([]) == []
    with pytest.raises(UnknownItem, match="'nobody'"):
        model.neighbors(["w1", "nobody"])


@pytest.mark.parametrize(
    ("kwargs", "kind", "text"),
    [
        ({}, ShapeError, "give at least one item or vector to compare with"),
        ({"positive": []}, ShapeError, "give at least one item or vector to compare with"),
        ({"positive": "w1", "topn": -1}, ShapeError,
         "topn is -1; give a whole number of at least 0"),
        ({"positive": "w1", "topn": 2.0}, ShapeError,
         "topn is 2.0; give a whole number of at least 0"),
        ({"positive": "w1", "restrict_vocab": 0}, ShapeError,
         "restrict_vocab is 0; give a whole number of at least 1"),
        ({"positive": ["w1", "nobody"]}, UnknownItem,
         "item 'nobody' is not in the table (300 items)"),
        ({"positive": [N]}, IdOutOfRange,
         "id 300 is out of range for a table of 300 rows (0 to 299)"),
        ({"positive": np.zeros(D + 1, np.float32)}, ShapeError,
         "a vector must be 12 numbers, got float32 of shape (13,); items go in a list"),
        ({"positive": [("w1", "w2")]}, ShapeError, "expected (item, weight), got ('w1', 'w2')"),
        ({"positive": [["w1", "w2"]]}, ShapeError, "expected one item, got ['w1', 'w2']"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked(model, kwargs, kind, text):
    with pytest.raises(kind) as error:
        model.most_similar(**kwargs)
    assert str(error.value) == text


def test_empty_lists_cannot_be_compared(model):
    with pytest.raises(ShapeError, match="at least one item in each list"):
        model.n_similarity(["w1"], [])
    with pytest.raises(ShapeError, match="at least one item"):
        model.doesnt_match([])
