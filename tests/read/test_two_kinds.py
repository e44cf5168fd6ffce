"""Users and films: two columns of numbers in which one number is two items."""

import numpy as np
import pytest

import rowspace as rs
from rowspace.errors import DataError
from rowspace.read.pairs import read_pairs

RATINGS = {"userId": [1, 1, 2, 3], "movieId": [2, 3, 3, 9], "rating": [4.0, 3.5, 5.0, 1.0]}
COUNTING = np.array([[k % 60, k % 100] for k in range(300)])


def test_numbers_of_two_kinds_are_refused_and_the_line_says_what_to_give():
    told = (
        "the dict: 2, 3 are in both columns, 'userId' and 'movieId': give --two-kinds (two_kinds=True) if 2 stands for "
        "two items, 'userId 2' and 'movieId 2', or --one-kind (two_kinds=False) if it is one"
    )
    with pytest.raises(DataError) as error:
        read_pairs(RATINGS)
    assert str(error.value) == told
    two = read_pairs(RATINGS, two_kinds=True)
    assert two.names == ["userId 1", "movieId 3", "movieId 2", "userId 2", "userId 3", "movieId 9"]
    assert [two.names[k] for k in two.right] == ["movieId 2", "movieId 3", "movieId 3", "movieId 9"]
    assert two.two_kinds
    assert read_pairs(RATINGS, two_kinds=False).names == ["3", "1", "2", "9"]
    texts = {name: list(map(str, column)) for name, column in RATINGS.items()}
    with pytest.raises(DataError, match="--two-kinds"):
        rs.train_pairs(texts, left="userId", right="movieId")


def test_of_baskets_the_line_says_how_to_pair_their_items():
    data = {"order_id": [1, 1, 2], "product_id": [2, 3, 3], "price": [1.0, 2.0, 3.0]}
    with pytest.raises(
        DataError, match="; for pairs of the items of each 'order_id' --group order_id --left product_id$"
    ):
        read_pairs(data)
    assert len(read_pairs(data, group="order_id", left="product_id")) == 1


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("source", "target"),
        ("FromNodeId", "ToNodeId"),
        ("user_a", "user_b"),
        ("id1", "id2"),
        ("u", "v"),
        ("user", "other_user"),
        ("userID", "friendID"),
        ("left", "right"),
        ("paper", "cites"),
    ],
)
def test_columns_named_as_one_kind_are_taken_as_they_were(left, right):
    assert len(read_pairs({left: [1, 2], right: [2, 3]}).names) == 3


def test_names_that_both_columns_have_are_one_item_unless_they_are_numbers():
    assert len(read_pairs({"word": ["cat", "dog"], "context": ["dog", "1"]}).names) == 3
    assert len(read_pairs({"user": [1, 2], "film": [3, 4]}).names) == 4


def test_columns_without_names_that_count_to_different_ends():
    with pytest.raises(DataError, match="0, 1, 2 and 57 more are in both columns, 'left' and 'right'"):
        read_pairs(COUNTING)
    assert len(read_pairs(COUNTING, two_kinds=True).names) == 160
    assert len(read_pairs(COUNTING % 60).names) == 60
    assert len(read_pairs(COUNTING + [0, 1]).names) == 101


def test_columns_of_a_file_without_a_header_are_called_left_and_right(tmp_path):
    path = tmp_path / "u.data"
    path.write_text("1\t2\t5\t978300760\n2\t1\t3\t978302109\n")
    with pytest.raises(DataError, match="--no-header --left 1 --right 2 .*, with --two-kinds .* users and films"):
        read_pairs(path)
    found = read_pairs(path, header=False, left="1", right="2", two_kinds=True)
    assert found.names == ["left 1", "right 2", "left 2", "right 1"]
    found = read_pairs(path, columns=["user", "film", "stars", "time"], two_kinds=True)
    assert found.names == ["user 1", "film 2", "user 2", "film 1"]


@pytest.mark.parametrize(
    ("data", "options", "told"),
    [
        (RATINGS, {"two_kinds": "yes"}, "two_kinds is 'yes'; give True or False"),
        (RATINGS, {"two_kinds": True, "group": "userId"}, r"two_kinds \(--two-kinds\) is for pairs in a row"),
        ({"a": ["x", ""], "b": ["y", "z"]}, {"two_kinds": True}, "row 2, column 'a': empty name"),
    ],
)
def test_what_cannot_be(data, options, told):
    with pytest.raises(DataError, match=told):
        read_pairs(data, **options)
