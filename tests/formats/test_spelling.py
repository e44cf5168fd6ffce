"""Files of vectors whose names are not UTF-8, in each format that has its names as bytes."""

import struct

import pytest

import rowspace as rs
from rowspace.errors import FormatError
from tests.support.commands import fails, works

WORDS = ("caf\xe9", "th\xe9", "na\xefve")
MARK = "\N{REPLACEMENT CHARACTER}"


def written(path, kind, names):
    """A file of vectors of three numbers; names are bytes."""
    if kind == "binary":
        rows = [name + b" " + struct.pack("<3f", 0.1, 0.2, 0.3) for name in names]
        path.write_bytes(b"%d 3\n" % len(names) + b"".join(rows))
    else:
        header = b"" if kind == "glove" else b"%d 3\n" % len(names)
        path.write_bytes(header + b"".join(name + b" 0.1 0.2 0.3\n" for name in names))
    return path


@pytest.fixture(params=["text", "glove", "binary"])
def latin(request, tmp_path):
    return written(tmp_path / "vectors", request.param, [word.encode("latin-1") for word in WORDS])


def test_names_in_an_encoding_of_their_own(latin):
    for encoding in ("latin-1", "cp1252", "ISO8859-15"):
        assert rs.import_(latin, encoding=encoding).names == list(WORDS)


def test_bytes_that_are_no_text_are_replaced_as_is_asked(latin):
    with pytest.raises(FormatError, match=r"is not UTF-8; give errors='replace', or its encoding.*'latin-1'"):
        rs.import_(latin)
    assert rs.import_(latin, errors="replace").names == [f"caf{MARK}", f"th{MARK}", f"na{MARK}ve"]
    assert rs.import_(latin, errors="backslashreplace").names == [r"caf\xe9", r"th\xe9", r"na\xefve"]


def test_names_that_become_one_are_told(tmp_path):
    path = written(tmp_path / "v.txt", "text", [b"\xe9", b"\xe8"])
    with pytest.raises(FormatError, match="line 3: name .* was already at .* line 2; errors='backslashreplace' keeps"):
        rs.import_(path, errors="replace")
    assert rs.import_(path, errors="backslashreplace").names == [r"\xe9", r"\xe8"]


@pytest.mark.parametrize(
    ("spelling", "told"),
    [
        ({"encoding": "utf-16"}, "encoding 'utf-16' cannot be read here; save the file as UTF-8"),
        ({"encoding": "rot13"}, "encoding 'rot13' cannot be read here"),
        ({"encoding": "klingon"}, "encoding is 'klingon', which is not known; give one such as 'latin-1'"),
        ({"encoding": 7}, "encoding is 7, which is not known"),
        ({"errors": "ignore"}, "errors is 'ignore'; it can be strict, replace, backslashreplace"),
    ],
)
def test_what_is_no_spelling(latin, spelling, told):
    with pytest.raises(FormatError, match=told):
        rs.import_(latin, **spelling)


@pytest.mark.parametrize("name", ["v.npy", "v.parquet"])
def test_files_that_have_their_names_as_text(tmp_path, name):
    rs.export(rs.Table(names=["a", "b"], dim=2), tmp_path / name)
    with pytest.raises(FormatError, match="has its names as text of their own; leave out encoding and errors"):
        rs.import_(tmp_path / name, encoding="latin-1", errors="replace")


def test_on_the_command_line(tmp_path):
    latin = written(tmp_path / "v.txt", "text", [word.encode("latin-1") for word in WORDS])
    assert "--errors replace, or its encoding, such as --encoding latin-1" in fails("info", latin)
    assert WORDS[0] in works("info", latin, "--encoding", "latin-1").stdout
    assert "th\\xe9" in works("neighbors", latin, r"caf\xe9", "--errors", "backslashreplace").stdout
    works("import", latin, "-o", tmp_path / "m", "--encoding", "latin-1")
    assert rs.open(tmp_path / "m").index_to_key == list(WORDS)
    assert fails("info", tmp_path / "m", "--errors", "replace").startswith("--errors is for a file of vectors")
