"""Columns that come first and hold no items."""

import pytest

from rowspace.errors import DataError
from rowspace.read.pairs import read_pairs

DATES = ["2024-01-01", "1.2.2024", "01/02/24", "12:30", "12:30:05.5", "2024-01-01T10:51:09Z", "2024/1/1 10:51"]


@pytest.mark.parametrize("date", DATES)
def test_dates_are_no_items_where_others_are_left(date):
    data = {"user": ["ada", "bob"], "when": [date, date], "film": ["x", "y"], "n": [1, 2]}
    with pytest.raises(DataError, match="column 'when' holds dates or times.*--left user --right film "):
        read_pairs(data)
    assert read_pairs(data, left="user", right="when").names == [date, "ada", "bob"]
    del data["film"], data["n"]
    assert len(read_pairs(data)) == 2  # nothing else is there


@pytest.mark.parametrize("name", ["1.5.2", "2024", "a-b-c", "12:3", "10-20"])
def test_names_that_are_no_dates(name):
    assert len(read_pairs({"user": ["ada", "bob"], "what": [name, "x"], "film": [1, 2]})) == 2


def test_one_value_on_the_right_is_no_item():
    data = {"user": ["ada", "bob", "cyd"], "event": ["view"] * 3, "n": [1, 2, 3]}
    with pytest.raises(DataError, match="column 'event' holds nothing but 'view'"):
        read_pairs(data)
    assert read_pairs({"ego": ["ada"] * 3, "alter": ["x", "y", "z"], "n": [1, 2, 3]}).names[0] == "ada"


def test_a_matrix_is_no_list_of_pairs(tmp_path):
    path = tmp_path / "matrix.csv"
    path.write_text(",a,b,c\na,0,1,2\nb,1,0,3\n")
    with pytest.raises(DataError, match="has a row and a column for each item, as a matrix"):
        read_pairs(path)
    path.write_text(",a,b,c\n0,0,1,2\n1,1,0,3\n")
    assert read_pairs(path).unused == {"c": "numbers"}
