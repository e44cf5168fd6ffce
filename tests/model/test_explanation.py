import json

import numpy as np
import pytest

import rowspace as rs
from rowspace.errors import DataError, ShapeError, UnknownItem
from rowspace.model.explanation import explain

TOLD = (
    "3 groups must be mutually orthogonal, which takes 3 dimensions; "
    "the table has 2, so 1 group is pushed to the origin: {%s}."
)


def table_of(values, names=None):
    return rs.Table.from_array(np.array(values, dtype=np.float32), names=names)


def all_pairs(groups):
    """Every pair of items with its label, an item and itself included."""
    items = [item for group in groups for item in group]
    pairs = [(i, j) for i in items for j in items]
    return pairs, [float(any(i in g and j in g for g in groups)) for i, j in pairs]


def the_post(dim, seed=0, rate=0.01, steps=10_000, n=6):
    """The post's training, in NumPy: cost abs(label - a.b), one pair a step."""
    rng = np.random.default_rng(seed)
    E = rng.normal(size=(n, dim))
    pairs = rng.integers(0, n, size=(steps, 2))
    labels = (pairs[:, 0] // 2 == pairs[:, 1] // 2).astype(float)
    for (i, j), label in zip(pairs, labels, strict=True):
        sign = -np.sign(label - E[i] @ E[j])
        a, b = sign * E[j], sign * E[i]
        E[i] -= rate * a
        E[j] -= rate * b
    return E, pairs, labels


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_post_two_dimensions_leave_one_group_at_the_origin(seed):
    E, pairs, labels = the_post(2, seed)
    told = explain(table_of(E), pairs, labels)
    gone = [group.members for group in told.groups if group.collapsed]
    assert len(gone) == 1
    assert told.sentence == TOLD % ", ".join(map(str, gone[0]))
    assert sorted(round(group.mean_norm, 1) for group in told.groups)[1:] == [1.0, 1.0]


def test_the_post_three_dimensions_fit():
    E, pairs, labels = the_post(3)
    told = explain(table_of(E), pairs, labels)
    assert told.sentence == (
        "3 groups must be mutually orthogonal, which takes 3 dimensions; the table has 3, so all of them fit."
    )
    np.testing.assert_allclose(told.between, np.eye(3), atol=0.1)


def test_means_are_over_all_pairs_of_members():
    values = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    pairs, labels = all_pairs([[0, 1, 2], [3, 4]])
    told = explain(table_of(values), pairs, labels)
    dots = values.astype(float) @ values.astype(float).T
    np.testing.assert_allclose(told.groups[0].within, dots[[0, 0, 1], [1, 2, 2]].mean())
    np.testing.assert_allclose(told.between[0, 1], dots[:3, 3:].mean())
    np.testing.assert_allclose(told.groups[1].mean_norm, np.linalg.norm(values[3:], axis=1).mean())


def test_the_text():
    E = table_of([[1, 0], [1, 0], [0, 1], [0, 1], [0.1, 0], [0, 0]], names=list("abcdef"))
    text = str(explain(E, *all_pairs(["ab", "cd", "ef"])))
    assert text == "\n".join(
        [
            "group  mean norm  mean dot within  members",
            "    1      1.000            1.000  {a, b}",
            "    2      1.000            1.000  {c, d}",
            "    3      0.050            0.000  {e, f}",
            "",
            "mean dot between groups",
            "            1       2       3",
            "    1   1.000   0.000   0.050",
            "    2   0.000   1.000   0.000",
            "    3   0.050   0.000   0.000",
            "",
            "Rows at the origin (shorter than 0.25): e, f",
            "",
            TOLD % "e, f",
        ]
    )


def test_to_dict_is_json():
    E = table_of(np.eye(3), names=["a", "b", "c"])
    told = explain(E, *all_pairs(["a", "b", "c"]))
    assert json.loads(json.dumps(told.to_dict()))["groups"][1] == {
        "members": ["b"],
        "mean_norm": 1.0,
        "within": 1.0,
        "collapsed": False,
        "tied": True,
    }


def test_groups_are_connected_through_others():
    told = explain(table_of(np.eye(4)), [[0, 1], [1, 3], [2, 2]], [1, 1, 1])
    assert [group.members for group in told.groups] == [[0, 1, 3], [2]]


def test_nothing_asked_to_differ():
    told = explain(table_of(np.ones((2, 1))), [[0, 1]], [1])
    assert told.sentence == "No two groups must be orthogonal, so any number of dimensions does."
    assert told.orthogonal == 0


def test_items_only_asked_to_differ_may_lie_at_the_origin():
    told = explain(table_of(np.zeros((3, 1))), [[0, 1], [0, 2], [1, 2]], [0, 0, 0])
    assert [group.tied for group in told.groups] == [False] * 3
    assert told.sentence == "No two groups must be orthogonal, so any number of dimensions does."


def test_groups_not_all_told_apart():
    # a chain of four groups: only neighbours are told apart, two dimensions are enough
    pairs = [[k, k] for k in range(4)] + [[0, 1], [1, 2], [2, 3]]
    E = table_of([[1, 0], [0, 1], [1, 0], [0, 1]])
    told = explain(E, pairs, [1] * 4 + [0] * 3)
    assert (told.orthogonal, told.exact, told.told_apart) == (2, False, 3)
    assert told.sentence == (
        "At least 2 groups must be mutually orthogonal, which takes 2 dimensions; the table has 2, "
        "so these fit. Of 6 pairs of groups, 3 were asked to differ."
    )


def test_contradictions_direct_and_through_others():
    pairs = [[0, 1], [1, 0], [1, 2], [0, 2], [3, 3], [3, 3]]
    told = explain(table_of(np.eye(4)), pairs, [1, 0, 1, 0, 1, 0])
    assert told.contradictions == [(0, 1), (0, 2), (3, 3)]
    assert told.sentence.startswith(
        "3 pairs are asked both to agree and to differ, directly or through others: (0, 1), (0, 2), (3, 3)."
    )


def test_too_little_room_but_none_collapsed():
    angles = np.arange(3) * 2 * np.pi / 3
    E = table_of(np.stack([np.cos(angles), np.sin(angles)], axis=1))
    assert explain(E, *all_pairs([[0], [1], [2]])).sentence == (
        "3 groups must be mutually orthogonal, which takes 3 dimensions; the table has 2, so they "
        "cannot all fit; none is at the origin, so some dot products stay off."
    )


def test_room_enough_but_one_collapsed():
    E = table_of([[1, 0], [0, 0]])
    assert explain(E, *all_pairs([[0], [1]])).sentence == (
        "2 groups must be mutually orthogonal, which takes 2 dimensions; the table has 2, so all "
        "of them fit; still there is 1 group at the origin: {1}."
    )


def test_more_collapsed_than_needed():
    E = table_of([[1, 0], [0, 0], [0, 0]])
    assert explain(E, *all_pairs([[0], [1], [2]])).sentence == (
        "3 groups must be mutually orthogonal, which takes 3 dimensions; the table has 2, so they "
        "cannot all fit; there are 2 groups at the origin: {1}, {2}."
    )


def test_the_threshold_is_the_caller_s():
    E = table_of([[1, 0], [0, 0.3]])
    assert explain(E, *all_pairs([[0], [1]])).collapsed == []
    assert explain(E, *all_pairs([[0], [1]]), collapsed=0.5).collapsed == [1]


def test_many_groups_are_cut_short():
    pairs, labels = all_pairs([[k] for k in range(30)])
    text = str(explain(table_of(np.eye(30)), pairs, labels))
    assert "... and 10 more groups" in text
    assert "mean dot between groups" not in text


@pytest.mark.parametrize("label", [0.5, 2, -1, np.nan])
def test_labels_are_0_or_1(label):
    with pytest.raises(DataError, match=r"label 1 is .*: labels must be 1 \(same\) or 0"):
        explain(table_of(np.eye(2)), [[0, 1], [0, 0]], [1, label])


@pytest.mark.parametrize(
    ("pairs", "labels", "message"),
    [
        ([[0, 1, 2]], [1], r"shape \(m, 2\)"),
        ([0, 1], [1, 1], r"shape \(m, 2\)"),
        (np.zeros((0, 2), int), [], r"m at least 1"),
        ([[0, 1]], [1, 0], "1 pairs need 1 labels"),
    ],
)
def test_shapes(pairs, labels, message):
    with pytest.raises(ShapeError, match=message):
        explain(table_of(np.eye(3)), pairs, labels)


def test_unknown_names_and_rows_that_diverged():
    with pytest.raises(UnknownItem):
        explain(table_of(np.eye(2), names=["a", "b"]), [["a", "c"]], [1])
    with pytest.raises(DataError, match="the row of 1 is not finite"):
        explain(table_of([[1, 0], [np.nan, 0]]), [[0, 1]], [1])
