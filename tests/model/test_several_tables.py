"""A model of several tables answers for an item of each; functions that want a table take a model that has one."""

import numpy as np
import pytest

import rowspace as rs

ROWS = np.array([[1, 0], [2, 1], [0, 3]], np.float32)


def users():
    return rs.Table.from_array(ROWS.copy(), ["ann", "bob", "cy"])


def films():
    return rs.Table.from_array(ROWS[::-1].copy(), ["alien", "brazil", "ann"])


@pytest.fixture
def model():
    return rs.Model({"U": users(), "V": films(), "C": rs.Table(4, 2)})


def test_an_item_of_either_table_is_answered_for(model):
    films_only = rs.Model(films())
    assert model.most_similar("alien") == films_only.most_similar("alien")
    assert model["alien"].tolist() == [0, 3]
    assert model.get_vector("brazil", norm=True).tolist() == films_only.get_vector("brazil", norm=True).tolist()
    assert model.similarity("alien", "brazil") == films_only.similarity("alien", "brazil")
    assert [near[0][0] for near in model.neighbors(["bob", "alien"], 1)] == ["ann", "brazil"]
    assert "alien" in model
    assert "nobody" not in model


def test_the_first_table_that_has_an_item_answers(model):
    assert model.table_of("ann") == "U"
    assert model.table_of("alien") == "V"
    assert model["ann"].tolist() == [1, 0]
    assert model.most_similar("ann", topn=1)[0][0] == "bob"


def test_a_question_is_of_one_table(model):
    for ask in (lambda: model.most_similar(["bob", "alien"]), lambda: model.similarity("bob", "alien")):
        with pytest.raises(rs.UnknownItem, match=r"no table of the model \(U, V\) has all the items"):
            ask()
    assert model.most_similar(["ann", "alien"], topn=1)[0][0] == "brazil"


def test_what_is_nowhere_says_what_is_near(model):
    with pytest.raises(rs.UnknownItem, match="did you mean 'bob'"):
        model.most_similar("bobb")
    with pytest.raises(rs.UnknownItem, match="did you mean 'bob'"):
        model.table_of("bobb")


def test_row_numbers_are_those_of_the_first_table(model):
    assert model[2].tolist() == [0, 3]
    with pytest.raises(rs.IdOutOfRange):
        model[3]


def test_whole_numbers_for_names_are_not_looked_for_elsewhere():
    model = rs.Model({"U": rs.Table.from_array(ROWS, ["30", "31", "32"]), "V": films()})
    with pytest.raises(rs.UnknownItem, match="items here have whole numbers for names"):
        model.most_similar(1)


def test_a_table_makes_a_model_and_answers_itself():
    model = rs.Model(users())
    assert list(model.tables) == ["E"]
    assert users().most_similar("ann") == model.most_similar("ann")
    assert users().most_similar(positive=["ann"], negative=["cy"], topn=1) == model.most_similar(
        positive=["ann"], negative=["cy"], topn=1
    )


def test_functions_of_a_table_take_a_model_that_has_one(tmp_path):
    model = rs.Model(users())
    rs.export(model, tmp_path / "v.txt")
    assert rs.import_(tmp_path / "v.txt").names == ["ann", "bob", "cy"]
    assert len(rs.plot_table(model).axes[0].texts) == 3
    assert rs.Negatives(of=model, k=2).of is model.table
    assert len(rs.explain(model, [["ann", "bob"]], [1]).groups) == 1


@pytest.mark.parametrize(
    ("ask", "what"),
    [
        (lambda model: rs.export(model, "v.txt"), "what is exported"),
        (rs.plot_table, "what is drawn"),
        (lambda model: rs.Negatives(of=model), "what is drawn from"),
        (lambda model: rs.explain(model, [[0, 1]], [1]), "what is explained"),
    ],
)
def test_of_several_tables_one_is_to_be_named(model, ask, what):
    with pytest.raises(
        rs.DataError, match=rf'{what} is a model of the tables U, V, C; say which, as model.tables\["U"\]'
    ):
        ask(model)
    with pytest.raises(rs.DataError, match="give a table, or a model that has one"):
        ask("U")
