"""The page for a browser: it holds what is drawn, asks for nothing, and no name does harm."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

import rowspace as rs
from rowspace.errors import DataError
from rowspace.plot import plot_table
from rowspace.plot.colors import NONE
from rowspace.plot.figure import PALETTE


class Page(HTMLParser):
    """The tags of a page, the text of its title, and its data."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.texts, self.within = [], {}, ""
        self.feed(path.read_text(encoding="utf-8"))
        self.data = json.loads(self.texts["data"])

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.within = dict(attributes).get("id", tag)

    def handle_data(self, data):
        self.texts[self.within] = self.texts.get(self.within, "") + data


def table(names, counts=None):
    values = np.random.default_rng(0).normal(size=(len(names), 2)).astype(np.float32)
    return rs.Table.from_array(values, names=names, counts=counts)


def page_of(tmp_path, E, **options):
    plot_table(E, tmp_path / "p.html", **options)
    return Page(tmp_path / "p.html")


def test_it_holds_the_points_the_most_frequent_first(tmp_path):
    E = table(["cat", "dog", "owl"], counts=[1, 3, 2])
    page = page_of(tmp_path, E, title="Animals & others")
    assert page.data["names"] == ["dog", "owl", "cat"]
    np.testing.assert_allclose(np.stack([page.data["x"], page.data["y"]], axis=1), E.values[[1, 2, 0]], rtol=1e-4)
    assert (page.texts["title"].strip(), page.data["title"]) == ("Animals & others",) * 2
    assert page.data["axes"] == "d0; d1"


def test_it_needs_no_network_and_is_the_same_each_time(tmp_path):
    E = table(["cat", "dog", "owl"])
    page_of(tmp_path, E)
    text = (tmp_path / "p.html").read_text()
    assert not re.search("https?:|src=|@import|url\\(", text)
    assert "default-src 'none'" in text
    page_of(tmp_path, E)
    assert (tmp_path / "p.html").read_text() == text


def test_names_do_no_harm(tmp_path):
    plain = page_of(tmp_path, table(["a", "b", "c", "d", "e", "f"]))
    names = [
        "</script><b>bold",
        "<img src=x onerror=alert(1)>",
        "<!--<script>",
        '"&quot;',
        "TITLE DATA",
        "\xe9\u2028",
    ]
    page = page_of(tmp_path, table(names), color={name: name for name in names}, title="</title><script>DATA TITLE")
    assert page.tags == plain.tags
    assert page.data["names"] == names
    assert page.data["title"] == page.texts["title"].strip() == "</title><script>DATA TITLE"


def test_colours_and_what_they_say(tmp_path):
    E = table(["cat", "dog", "owl"])
    data = page_of(tmp_path, E, color=["fur", None, "wings"], color_label="kind").data
    assert [data["palette"][k] for k in data["colors"]] == [PALETTE[0], NONE, PALETTE[1]]
    assert [name for _, name in data["legend"]] == ["fur", "wings", "no value"]
    assert (data["label"], data["groups"], data["values"]) == ("kind", ["fur", "wings"], [0, -1, 1])
    data = page_of(tmp_path, E, color=[1, np.nan, 3]).data
    assert (data["range"], data["values"], data["colors"]) == ("1 to 3", [1, None, 3], [0, 64, 63])
    assert page_of(tmp_path, E, color=[2, 2, 2]).data["colors"] == [0, 0, 0]


def test_labels_that_are_asked_for(tmp_path):
    data = page_of(tmp_path, table(["cat", "dog", "owl"]), labels=["owl"]).data
    assert (data["names"], data["labelled"]) == (["owl", "cat", "dog"], 1)


def test_only_a_table_becomes_a_page(tmp_path):
    with pytest.raises(DataError, match="written as"):
        rs.plot_cost([1, 2], tmp_path / "c.html")
    with pytest.raises(DataError, match=r"written as \.png, \.svg, \.pdf, \.html$"):
        plot_table(table(["a"]), tmp_path / "c.gif")
