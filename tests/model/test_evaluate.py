"""Judgements equal gensim's on the same vectors and files."""

import dataclasses
import math

import numpy as np
import pytest

import rowspace as rs
from rowspace.errors import DataError, ShapeError
from rowspace.model.analogies import solved

N, D = 400, 8
WORDS = [f"w{i}" for i in range(N)]


@pytest.fixture(scope="module")
def values():
    return np.random.default_rng(3).standard_normal((N, D), dtype=np.float32)


@pytest.fixture(scope="module")
def names():
    """Some in upper case, some twice in different cases, the first of which counts."""
    return [{7: "W3", 9: "Straße", 11: "W5", 13: "W3x"}.get(i, word) for i, word in enumerate(WORDS)]


@pytest.fixture(scope="module")
def model(names, values):
    return rs.Model({"E": rs.Table.from_array(values, names)})


@pytest.fixture(scope="module")
def kv(names, values):
    models = pytest.importorskip("gensim.models")
    kv = models.KeyedVectors(D)
    kv.add_vectors(names, values)
    return kv


@pytest.fixture(scope="module")
def pairs(tmp_path_factory, names):
    rng = np.random.default_rng(0)
    lines = ["# judged by nobody"]
    for _ in range(200):
        a, b = rng.choice([*names, "Nobody", "no-one"], 2)
        lines.append(f"{str(a).title() if rng.random() < 0.3 else a}\t{b}\t{rng.integers(0, 21) / 2}")
    path = tmp_path_factory.mktemp("judged") / "pairs.tsv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def questions(tmp_path_factory, names, model):
    """Random ones, and those whose answer is what the vectors say."""
    rng = np.random.default_rng(0)
    lines = []
    for section in ("one", "two words", "three"):
        lines.append(f": {section}")
        for n in range(60):
            a, b, c, d = (str(word) for word in rng.choice([*names, "Nobody"], 4))
            if n % 2 and "Nobody" not in (a, b, c):
                d = model.most_similar([b, c], [a], topn=1)[0][0]
            lines.append(" ".join([a.title() if n % 3 == 0 else a, b, c, d.lower() if n % 3 == 0 else d]))
    lines += [": all unknown", "x y z w", ": none"]
    path = tmp_path_factory.mktemp("asked") / "questions.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


OPTIONS = [
    {},
    {"restrict_vocab": 150},
    {"case_insensitive": False},
    {"dummy4unknown": True},
    {"restrict_vocab": 50, "case_insensitive": False, "dummy4unknown": True},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_similarity_is_gensims(model, kv, pairs, options):
    pearson, spearman, unknown = kv.evaluate_word_pairs(str(pairs), **options)
    ours = model.evaluate_word_pairs(pairs, **options)
    np.testing.assert_allclose(ours[0], pearson, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(ours[1], spearman, rtol=1e-4, atol=1e-6)
    assert ours[2] == pytest.approx(unknown)


@pytest.mark.parametrize("options", OPTIONS)
def test_analogies_are_gensims(model, kv, questions, options):
    score, sections = kv.evaluate_word_analogies(str(questions), **options)
    ours = model.evaluate_word_analogies(questions, **options)
    assert ours[0] == pytest.approx(score)
    assert ours[1] == sections
    assert sections[-1]["correct"] or "restrict_vocab" in options


def test_real_vectors_are_judged_alike(tmp_path):
    """Vectors that know something: a grid of 20 kinds of 15 words, so that most analogies hold."""
    models = pytest.importorskip("gensim.models")
    rng = np.random.default_rng(5)
    kinds, things = rng.standard_normal((20, 12)), rng.standard_normal((15, 12))
    noise = 0.3 * rng.standard_normal((300, 12))
    rows = ((kinds[:, None] + things[None]).reshape(300, 12) + noise).astype(np.float32)
    words = [f"{kind}-{thing}" for kind in range(20) for thing in range(15)]
    lines = [": grid"]
    for _ in range(500):
        k, other = rng.choice(20, 2, replace=False)
        t, turned = rng.choice(15, 2, replace=False)
        lines.append(f"{k}-{t} {k}-{turned} {other}-{t} {other}-{turned}")
    path = tmp_path / "grid.txt"
    path.write_text("\n".join(lines))
    E, kv = rs.Table.from_array(rows, words), models.KeyedVectors(12)
    kv.add_vectors(words, rows)
    ours, theirs = rs.evaluate_analogies(E, path).total.accuracy, kv.evaluate_word_analogies(str(path))[0]
    assert 0.3 < ours < 1
    assert ours == pytest.approx(theirs, abs=1e-4)


def test_sections_and_total(model, questions):
    found = rs.evaluate_analogies(model, questions)
    assert [one.name for one in found.sections] == ["one", "two words", "three", "all unknown", "none"]
    assert [one.questions for one in found.sections] == [60, 60, 60, 1, 0]
    total = found.total
    assert (total.name, total.questions) == ("total", 181)
    assert total.asked == 181 - total.unknown
    assert total.unknown == sum(one.unknown for one in found.sections) >= 1
    assert total.correct == sum(one.correct for one in found.sections) > 0
    assert math.isnan(found.sections[3].accuracy)
    assert rs.evaluate_analogies(model, questions, count_unknown=True).sections[3].accuracy == 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        total.correct = 5


def test_similarity_says_what_it_left_out(model, pairs):
    found = rs.evaluate_similarity(model, pairs)
    assert found.pairs == 200
    assert 0 < found.unknown < 20
    assert found.file == str(pairs)
    assert found.header is None
    assert -1 <= found.spearman.value <= 1
    assert 0 <= found.pearson.p <= 1
    everything = rs.evaluate_similarity(model, pairs, restrict_vocab=None, count_unknown=True)
    assert everything.unknown == found.unknown
    assert everything.spearman != found.spearman


def test_a_table_will_do(model, pairs, questions):
    assert rs.evaluate_similarity(model.table, pairs) == rs.evaluate_similarity(model, pairs)
    assert rs.evaluate_analogies(model.table, questions) == rs.evaluate_analogies(model, questions)


def test_blocks_make_no_difference(model, questions, monkeypatch):
    whole = model.evaluate_word_analogies(questions)
    monkeypatch.setattr("rowspace.model.analogies.QUESTIONS_AT_ONCE", 7)
    assert model.evaluate_word_analogies(questions) == whole
    monkeypatch.setattr("rowspace.model.search._rows_at_once", lambda _: 11)
    assert model.evaluate_word_analogies(questions) == whole


def test_answers_are_those_of_the_slow_search(model):
    rng = np.random.default_rng(1)
    asked = [tuple(str(word) for word in rng.choice(model.index_to_key, 4, replace=False)) for _ in range(50)]
    asked = [(a, b, c, model.most_similar([b, c], [a], topn=1)[0][0]) for a, b, c, _ in asked]
    assert solved(model, asked, None, False).tolist() == [1] * 50
    wrong = [(a, b, c, a) for a, b, c, _ in asked]
    assert solved(model, wrong, None, False).tolist() == [0] * 50


def test_of_equal_rows_the_first_is_the_answer_wherever_they_stand():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((4, 50))
    rows[3] = rows[1] + rows[2] - rows[0]
    values = np.concatenate([rows, np.tile(rows[3], (60, 1))]).astype(np.float32)
    names = [*"abc", *(f"d{k}" for k in range(61))]
    model = rs.Model({"E": rs.Table.from_array(values, names)})
    answers = solved(model, [("a", "b", "c", f"d{k}") for k in range(61)], None, False)
    assert answers.tolist() == [1] + [0] * 60


def test_zero_rows_answer_nothing():
    rows = np.array([[1, 1, 0], [2, 1, 2], [1, 2, 0], [2, 3, 2], [0, 0, 0]], np.float32)
    E = rs.Table.from_array(rows, ["man", "king", "woman", "queen", "nothing"])
    asked = [("man", "king", "woman", "queen"), ("nothing", "king", "woman", "queen")]
    assert solved(rs.Model({"E": E}), asked, None, False).tolist() == [1, 1]


def test_constants_have_no_correlation(tmp_path):
    path = tmp_path / "p.tsv"
    path.write_text("a\tb\t1\na\tc\t1\nb\tc\t1\n")
    found = rs.evaluate_similarity(rs.Table(names=["a", "b", "c"], dim=3), path)
    assert math.isnan(found.spearman.value)
    assert math.isnan(found.pearson.p)


def test_what_cannot_be_judged(model, tmp_path, questions):
    few = tmp_path / "few.tsv"
    few.write_text("w1\tw2\t3\nw1\tnobody\t4\n")
    with pytest.raises(DataError, match=r"few\.tsv: the model knows both words of 1 of 2 pairs"):
        rs.evaluate_similarity(model, few)
    unnamed = rs.Table(3, 2)
    for evaluate in (rs.evaluate_similarity, rs.evaluate_analogies):
        with pytest.raises(DataError, match="the table has no names"):
            evaluate(unnamed, few)
    with pytest.raises(ShapeError, match="only 'most_similar' is computed"):
        model.evaluate_word_analogies(questions, similarity_function="most_similar_cosmul")
    with pytest.raises(ShapeError, match="restrict_vocab is 0; give a whole number of at least 1"):
        rs.evaluate_analogies(model, questions, restrict_vocab=0)
