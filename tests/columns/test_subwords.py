"""Subwords: fastText's n-grams and hashes, the bags of a vocabulary, and vectors for words never seen."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import rowspace as rs
from rowspace.cli import app
from rowspace.columns.kinds import Ragged
from rowspace.columns.subwords import Subwords, compose
from rowspace.errors import DataError, ModelError, UnknownItem

# printed by Dictionary::computeSubwords of fastText 0.9.2
FASTTEXT = [
    ((3, 6, 2_000_000), "owl", [1332817, 1426055, 1999547, 1217125, 308801, 36528]),
    ((3, 6, 2_000_000), "a", [1087600]),
    ((3, 6, 2_000_000), "na\u00efve",
     [1806890, 1907692, 878190, 933201, 1590546, 1719404, 832043, 156687, 356832, 1223007, 1505331, 1711570,
      1788548, 1088654]),
    ((3, 6, 2_000_000), "\u65e5\u672c\u8a9e", [758587, 4581, 524609, 35559, 928923, 1674355]),
    ((3, 6, 2_000_000), "aaaa",
     [542365, 394292, 1623503, 1440227, 991330, 481081, 1736837, 991330, 1689172, 81963]),
    ((1, 2, 1000), "a", [750, 220, 806]),
    ((1, 2, 1000), "\u65e5\u672c\u8a9e", [687, 749, 409, 417, 575, 283, 255]),
    ((1, 2, 1000), "\U0001f600", [818, 496, 514]),
    ((1, 2, 1000), "aaaa", [750, 220, 327, 220, 327, 220, 327, 220, 806]),
    ((2, 2, 2**31 - 2), "owl", [1660343036, 1513366731, 1665645230, 322008687]),
    ((2, 2, 2**31 - 2), "na\u00efve", [1677120655, 1412848112, 2075174104, 892818757, 1212796612, 286974844]),
]  # fmt: skip

WORDS = st.text(st.characters(exclude_categories=[]), max_size=9)
FORMS = st.tuples(st.integers(1, 5), st.integers(0, 5), st.sampled_from([1, 7, 1000, 2_000_000])).map(
    lambda form: Subwords(form[0], form[0] + form[1], form[2])
)


def naive_bag(form, word):
    bordered = f"<{word}>"
    grams = [
        bordered[i : i + n]
        for i in range(len(bordered))
        for n in range(form.min_n, form.max_n + 1)
        if i + n <= len(bordered)
    ]
    # the same letters may stand at a border and inside it: `<` alone is left out only at its place
    grams = grams[1:-1] if form.min_n == 1 else grams
    return [fnv(gram.encode("utf-8", "surrogatepass")) % form.buckets for gram in grams]


def fnv(data):
    h = 2166136261
    for byte in data:
        signed = byte - 256 if byte > 127 else byte
        h = ((h ^ (signed % 2**32)) * 16777619) % 2**32
    return h


@pytest.mark.parametrize(("form", "word", "buckets"), FASTTEXT)
def test_buckets_are_fasttexts(form, word, buckets):
    assert Subwords(*form).bag(word).tolist() == buckets


@pytest.mark.parametrize(("form", "word", "buckets"), FASTTEXT[:-2])
def test_a_vocabulary_has_fasttexts_buckets(form, word, buckets):
    assert Subwords(*form).bags(["x", word])[1].tolist() == [1, *(2 + bucket for bucket in buckets)]


@given(FORMS, WORDS)
def test_a_bag_is_that_of_the_slow_version(form, word):
    bag = form.bag(word)
    assert bag.tolist() == naive_bag(form, word)
    assert bag.dtype == np.int32


@given(FORMS, st.lists(WORDS, max_size=8))
def test_the_bags_of_a_vocabulary_are_those_of_its_words(form, words):
    bags = form.bags(words)
    assert (bags.values.dtype, bags.offsets.dtype, len(bags)) == (np.int32, np.int64, len(words))
    for r, word in enumerate(words):
        assert bags[r].tolist() == [r, *(len(words) + form.bag(word).astype(int)).tolist()]


def test_buckets_are_gensims():
    gensim = pytest.importorskip("gensim.models.fasttext")
    words = ["night", "na\u00efve", "\u0441\u043b\u043e\u0432\u043e", "\U0001f600\U0001f600", "", "a", "aaaa"]
    for form in (Subwords(), Subwords(1, 2, 17), Subwords(2, 9, 500)):
        for word in words:
            assert form.bag(word).tolist() == gensim.ft_ngram_hashes(word, form.min_n, form.max_n, form.buckets)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"min_n": 0}, "min_n is 0 and max_n 6; n-grams have from 1 to 100 characters, min_n at most max_n"),
        ({"min_n": 4, "max_n": 3}, "min_n is 4 and max_n 3"),
        ({"max_n": 101}, "max_n 101"),
        ({"min_n": 3.0}, "min_n is 3.0; give a whole number"),
        ({"max_n": True}, "max_n is True; give a whole number"),
        ({"buckets": 0}, "buckets is 0; give from 1 to 2,147,483,646, such as 2,000,000"),
        ({"buckets": 2**31 - 1}, "buckets is 2147483647"),
    ],
)
def test_other_numbers_are_refused(arguments, message):
    with pytest.raises(DataError) as error:
        Subwords(**arguments)
    assert message in str(error.value)


def test_more_rows_than_ids_are_refused():
    with pytest.raises(DataError, match="2 words and 2147483646 buckets are over 2147483647 rows; take fewer buckets"):
        Subwords(buckets=2**31 - 2).bags(["a", "b"])


def test_numpys_numbers_are_taken():
    assert Subwords(np.int64(2), np.uint8(3), np.int32(5)) == Subwords(2, 3, 5)


# --- composing


@given(st.lists(st.lists(st.integers(0, 9), max_size=6), max_size=9), st.integers(1, 40))
def test_composed_is_the_mean_of_every_bag(bags, room):
    values = np.random.default_rng(0).standard_normal((10, 3), dtype=np.float32)
    offsets = np.concatenate([[0], np.cumsum(list(map(len, bags)))]).astype(np.int64)
    ragged = Ragged(np.array([i for bag in bags for i in bag], np.int32), offsets)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rowspace.columns.subwords._GATHERED_NUMBERS", room)
        composed = compose(values, ragged)
    expected = [values[bag].astype(float).mean(axis=0) if bag else np.zeros(3) for bag in bags]
    np.testing.assert_allclose(composed, np.reshape(expected, (len(bags), 3)), rtol=1e-5, atol=1e-6)
    assert composed.tobytes() == compose(values, ragged).tobytes()  # however it is cut


def test_a_part_of_a_longer_column_is_composed():
    bags = Ragged(np.array([2, 0, 0, 1]), np.array([1, 3, 3]))
    assert compose(np.eye(3, dtype=np.float32), bags).tolist() == [[1, 0, 0], [0, 0, 0]]


# --- models


def trained(names=("night", "owl", "nightly", "ox"), dim=6, form=None):
    form = form or Subwords(3, 5, 200)
    S = rs.Table(len(names) + form.buckets, dim, seed=1)
    composed = compose(S.values, form.bags(names))
    tables = {"W": rs.Table.from_array(composed, names, counts=[4, 3, 2, 1]), "S": S, "C": rs.Table(len(names), dim)}
    return rs.Model(tables, {"min_n": form.min_n, "max_n": form.max_n, "buckets": form.buckets})


def expected_vector(model, word):
    form = Subwords(3, 5, 200)
    return model.tables["S"].values[[len(model) + b for b in naive_bag(form, word)]].mean(axis=0)


@pytest.fixture(params=["in memory", "opened"])
def model(request, tmp_path):
    made = trained()
    if request.param == "in memory":
        return made
    made.save(tmp_path / "m")
    return rs.open(tmp_path / "m")


def test_an_unseen_word_has_the_mean_of_its_ngrams(model):
    expected = expected_vector(model, "nights")
    np.testing.assert_allclose(model["nights"], expected, rtol=1e-6)
    np.testing.assert_allclose(model.get_vector("nights"), expected, rtol=1e-6)
    assert np.linalg.norm(model.get_vector("nights", norm=True)) == pytest.approx(1)
    assert model["nights"].dtype == np.float32
    assert "nights" not in model
    assert "nights" not in model.key_to_index
    np.testing.assert_array_equal(model["owl"], model.vectors[1])


def test_lists_may_hold_unseen_words(model):
    mixed = model[["owl", "nights", "ox"]]
    np.testing.assert_array_equal(mixed, [model["owl"], model["nights"], model["ox"]])
    assert model[[["owl", "nights"], ["nights", "nights"]]].shape == (2, 2, 6)
    np.testing.assert_array_equal(model[np.array(["nights", "owl"])], mixed[[1, 0]])
    np.testing.assert_array_equal(model[["nights", 1]], mixed[[1, 0]])
    np.testing.assert_array_equal(model[["owl", "ox"]], model.vectors[[1, 3]])
    np.testing.assert_array_equal(model[[1, 3]], model.vectors[[1, 3]])
    np.testing.assert_array_equal(model[1:3, 0], model.vectors[1:3, 0])
    np.testing.assert_array_equal(model[np.array([True, False, True, False])], model.vectors[[0, 2]])


def test_unseen_words_may_be_asked_about(model):
    vector = model["nights"]
    near, expected = model.most_similar("nights", topn=4), model.similar_by_vector(vector, topn=4)
    assert [item for item, _ in near] == [item for item, _ in expected]
    assert [c for _, c in near] == pytest.approx([c for _, c in expected], abs=1e-6)
    assert len(near) == 4
    both = model.most_similar(["nights", "owl"], topn=4)
    assert "owl" not in dict(both)
    assert model.similarity("nights", "owl") == pytest.approx(rs.Model({"E": rs.Table.from_array(
        np.stack([vector, model["owl"]]))}).similarity(0, 1))  # fmt: skip
    assert model.similarity("nights", "nights") == pytest.approx(1)
    assert model.n_similarity(["nights"], ["nights"]) == pytest.approx(1)
    assert model.doesnt_match(["nights", "night", "nightly", "owl"]) in ("nights", "night", "nightly", "owl")
    nearest = model.most_similar("nights", topn=1)[0][0]
    assert model.rank("nights", nearest) == 1
    assert model.closer_than("nights", nearest) == []


@pytest.mark.parametrize("word", ["", "nobody"])
def test_a_word_without_ngrams_is_unknown(word):
    model = trained(form=Subwords(90, 90, 10))
    for ask in (model.__getitem__, model.get_vector, model.most_similar, lambda w: model[["owl", w]]):
        with pytest.raises(UnknownItem, match=f"item '{word}' is not in the table"):
            ask(word)


def test_what_must_be_a_row_is_not_composed(model):
    for ask in (lambda: model.table["nights"], lambda: model.rank("owl", "nights")):
        with pytest.raises(UnknownItem, match="item 'nights' is not in the table"):
            ask()


def test_without_subwords_unseen_words_are_unknown():
    model = trained()
    for tables, about in (
        ({"W": model.table}, model.trained_with),
        (model.tables, {}),
        ({"C": model.tables["C"], "S": model.tables["S"]}, model.trained_with),
    ):
        with pytest.raises(UnknownItem):
            rs.Model(tables, about)["nights"]


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"buckets": 7}, "table S is 204 x 6; 4 names and 7 buckets need 11 x 6"),
        ({"min_n": "three"}, "the model's subwords are not as trained: min_n is 'three'; give a whole number"),
    ],
)
def test_a_model_whose_parts_disagree_is_refused(about, message):
    model = trained()
    with pytest.raises(ModelError) as error:
        rs.Model(model.tables, {**model.trained_with, **about})
    assert str(error.value) == message


def test_nothing_is_read_or_compiled_to_answer(tmp_path):
    trained().save(tmp_path / "m")
    program = (
        "import sys, rowspace as rs, numpy as np; model = rs.open(sys.argv[1]); model.most_similar('nights'); "
        "assert np.shares_memory(model._unseen.rows, model.tables['S'].values); "
        "heavy = {'pytensor', 'numba', 'pyarrow', 'scipy'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "m")], check=True)


def test_neighbors_of_an_unseen_word(tmp_path):
    trained().save(tmp_path / "m")
    done = CliRunner().invoke(app, ["neighbors", str(tmp_path / "m"), "nights", "-n", "1"])
    assert done.exit_code == 0, done.output
    nearest = trained().most_similar("nights", topn=1)[0][0]
    assert (done.stdout.split()[0], done.stdout.split()[-1]) == ("nights", nearest)


def test_a_model_of_gensims_answers_as_gensim_does():
    gensim = pytest.importorskip("gensim.models.fasttext")
    words = ["night", "owl", "nightly", "ox", "b"]
    wv = gensim.FastTextKeyedVectors(vector_size=8, min_n=3, max_n=6, bucket=500)
    wv.add_vectors(words, np.zeros((len(words), 8), np.float32))
    wv.recalc_char_ngram_buckets()
    rng = np.random.default_rng(3)
    wv.vectors_vocab = rng.standard_normal((len(words), 8), dtype=np.float32)
    wv.vectors_ngrams = rng.standard_normal((500, 8), dtype=np.float32)
    wv.adjust_vectors()
    S = np.concatenate([wv.vectors_vocab, wv.vectors_ngrams])
    composed = compose(S, Subwords(3, 6, 500).bags(words))
    np.testing.assert_allclose(composed, wv.vectors, atol=1e-6)
    tables = {"W": rs.Table.from_array(composed, words), "S": rs.Table.from_array(S)}
    model = rs.Model(tables, {"min_n": 3, "max_n": 6, "buckets": 500})
    for word in ("nights", "oxen", "\u00f6w\u00f6l", "owl"):
        np.testing.assert_allclose(model.get_vector(word), wv.get_vector(word), atol=1e-6)
        assert [w for w, _ in model.most_similar(word)] == [w for w, _ in wv.most_similar(word)]
