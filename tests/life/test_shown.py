"""What is shown of things, in a line or a notebook: short, however large they are."""

import numpy as np
import pytest

import rowspace as rs
from rowspace.model.evaluate import Analogies, Section

MANY = [f"name {k}" for k in range(100_000)]


def test_updates_show_their_rate():
    assert repr(rs.adagrad(rate=0.1)) == "adagrad(rate=0.1)"
    assert repr(rs.sgd(rs.linear(0.025))) == "sgd(rate=linear(0.025))"
    assert repr(rs.weight_decay(rs.clip_norm(rs.sgd(0.1), 5), 0.03)) == (
        "weight_decay(clip_norm(sgd(rate=0.1), 5), 0.03)"
    )
    assert repr(rs.exact(rs.momentum(0.1))) == "exact(momentum(rate=0.1))"
    assert repr(rs.Update(lambda row, g, state, rate: (row, state), rate=1)) == "<lambda>(rate=1)"


def of_pairs():
    pairs = rs.read_pairs({"from": MANY, "to": MANY[::-1]})
    assert repr(pairs) == (
        "<Pairs: 100,000 of 100,000 items 'name 0', 'name 99999', 'name 1', ...; left 'from', right 'to'>"
    )
    return pairs


def of_explanation():
    E = rs.Table.from_array(np.ones((len(MANY), 2), np.float32), names=MANY)
    return rs.explain(E, np.stack([np.arange(len(MANY) - 1), np.arange(1, len(MANY))], 1), np.ones(len(MANY) - 1))


MADE = {
    "a table": lambda: rs.Table(names=MANY, dim=2),
    "a model": lambda: rs.Model({"E": rs.Table(names=MANY, dim=2)}),
    "pairs": of_pairs,
    "negatives": lambda: rs.Negatives(of=rs.Table(names=MANY, dim=2, counts=np.ones(len(MANY), np.int64))),
    "an explanation": of_explanation,
    "a group": lambda: of_explanation().groups[0],
    "a trace": lambda: rs.plot_trace.__globals__["TraceData"](np.arange(3), MANY, np.zeros((3, len(MANY), 2))),
}


@pytest.mark.parametrize("what", MADE)
def test_nothing_prints_a_million_names(what):
    shown = repr(MADE[what]())
    assert len(shown) < 700, shown


def test_sections_of_analogies_are_a_line_each():
    found = Analogies("questions-words.txt", (Section("capitals", 10, 2, 6, 8), Section("family", 5, 5, 0, 0)))
    assert repr(found) == (
        "<Analogies of questions-words.txt:\n"
        "  <Section 'capitals': 6 of 8 right (75.0%), 2 with unknown words>\n"
        "  <Section 'family': 0 of 0 right, 5 with unknown words>\n"
        "  <Section 'total': 6 of 8 right (75.0%), 7 with unknown words>>"
    )


def test_a_notebook_shows_two_dimensions_as_a_picture():
    shown = rs.Table(names=["<cat>", "dog"], dim=2)._repr_html_()
    assert shown.count("<circle") == 2
    assert "&lt;cat&gt;" in shown
    assert "<cat>" not in shown
    assert "<svg" not in rs.Table(5, 3)._repr_html_()
    assert len(rs.Table(names=MANY, dim=2)._repr_html_()) < 50_000


def test_the_picture_of_rows_that_are_no_points_leaves_them_out():
    E = rs.Table(3, 2, scale=0)
    assert E._repr_html_().count("<circle") == 3
    E.values[1] = np.nan
    assert E._repr_html_().count("<circle") == 2
    E.values[:] = np.inf
    assert "<svg" not in E._repr_html_()
