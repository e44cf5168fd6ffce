"""Letters that matplotlib's font lacks: other fonts of the machine, or one line that says which are missing."""

import numpy as np
import pytest

import rowspace as rs
from rowspace.plot import fonts

NAMES = ["\u65e5\u672c", "caf\xe9", "\u12a0"]


@pytest.fixture(autouse=True)
def fresh():
    """What other tests have found installed is forgotten, and what these pretend is."""
    fonts._fallbacks.cache_clear()
    yield
    fonts._fallbacks.cache_clear()


@pytest.fixture
def bare(monkeypatch):
    monkeypatch.setattr(fonts, "_candidates", list)


def table():
    return rs.Table.from_array(np.eye(3, 2, dtype=np.float32), names=NAMES)


@pytest.mark.parametrize("suffix", [".png", ".pdf"])
def test_one_line_tells_which_letters_are_missing(bare, tmp_path, suffix):
    with pytest.warns(rs.MissingLetters) as said:
        figure = rs.plot_table(table(), tmp_path / f"t{suffix}", title="\u672c")
    assert len(said) == 1
    assert "no font here has the letters \u12a0\u65e5\u672c, so boxes" in str(said[0].message)
    assert figure._repr_png_()


def test_traces_tell_it_too(bare, tmp_path):
    data = rs.plot_trace.__globals__["TraceData"](np.arange(2), NAMES, np.zeros((2, 3, 2), np.float32))
    with pytest.warns(rs.MissingLetters) as said:
        rs.plot_trace(data, tmp_path / "t.gif")
    assert len(said) == 1


@pytest.mark.parametrize("suffix", [".svg", ".html"])
def test_files_that_are_shown_with_other_fonts_tell_nothing(bare, tmp_path, suffix):
    rs.plot_table(table(), tmp_path / f"t{suffix}")
    assert NAMES[0] in (tmp_path / f"t{suffix}").read_text(encoding="utf-8")


def test_a_font_that_has_the_letters_is_taken(monkeypatch):
    having = {fonts.OWN: frozenset("abc"), "Other": frozenset("\u03b1"), "Noto Sans CJK JP": frozenset(NAMES[0])}
    monkeypatch.setattr(fonts, "_candidates", lambda: ["Other", "Noto Sans CJK JP"])
    monkeypatch.setattr(fonts, "_letters", having.__getitem__)
    assert fonts.families("abc") == [fonts.OWN]
    assert fonts.families(f"a {NAMES[0]}") == [fonts.OWN, "Noto Sans CJK JP"]


def test_fonts_that_are_installed():
    names = fonts._candidates()
    assert len(set(names)) == len(names)
    assert "a" in fonts._letters(fonts.OWN)
    assert not [name for name in names if "Color" in name]
