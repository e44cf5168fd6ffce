"""Which delimiter a text has, what its header says, and which columns are taken for items where nobody says."""

import pytest

from rowspace.errors import DataError
from rowspace.read.dialect import SAMPLE_ROWS, dialect
from rowspace.read.pairs import read_pairs
from rowspace.read.text import read_text

EDGES = [("ada", "bob"), ("bob", "cyd"), ("cyd", "ada")]


@pytest.fixture
def read(tmp_path):
    def read(text, **options):
        path = tmp_path / "edges.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        pairs = read_pairs(path, **options)
        return [(pairs.names[i], pairs.names[j]) for i, j in zip(pairs.left, pairs.right, strict=True)]

    return read


def lines(header, *rows):
    return "".join(f"{row}\n" for row in (header, *rows))


@pytest.mark.parametrize(
    "text",
    [
        lines(",src,dst", "0,ada,bob", "1,bob,cyd", "2,cyd,ada"),  # DataFrame.to_csv()
        lines('"","src","dst"', '"1","ada","bob"', '"2","bob","cyd"', '"3","cyd","ada"'),  # R's write.csv
        lines("Unnamed: 0,src,dst,", "0,ada,bob,", "1,bob,cyd,", "2,cyd,ada,"),  # saved twice
        lines("\tsrc\tdst", "x\tada\tbob", "y\tbob\tcyd", "z\tcyd\tada"),
        lines(",0,1", "0,ada,bob", "1,bob,cyd", "2,cyd,ada"),  # a data frame whose columns have numbers
    ],
)
def test_columns_without_a_name_are_no_items(read, text):
    assert read(text) == EDGES


@pytest.mark.parametrize("name", ["id", "index", "ID", "row", "rowname", "X", "#"])
@pytest.mark.parametrize("start", [0, 1])
def test_row_numbers_are_not_taken_for_items(read, name, start):
    rows = [f"{k},{a},{b}" for k, (a, b) in enumerate(EDGES, start)]
    with pytest.raises(
        DataError, match=f"column '{name}' holds row numbers; say which .*--left, --right.*'src', 'dst'"
    ):
        read(lines(f"{name},src,dst", *rows))
    assert read(lines(f"{name},src,dst", *rows), left="src", right="dst") == EDGES


def test_numbers_that_are_items_are_items(read):
    chain = [("1", "2"), ("2", "3"), ("3", "4")]
    assert read(lines("id,next", *map(",".join, chain))) == chain
    assert read(lines("src,dst,w", *(f"{a},{b},1" for a, b in chain))) == chain
    assert read(lines("id,dst,w", "7,ada,1", "3,bob,1")) == [("7", "ada"), ("3", "bob")]


def test_row_names_of_r_that_the_header_leaves_out_are_told(read):
    with pytest.raises(
        DataError, match="line 2: 3 fields, the header has 2 columns; if the first are row numbers, as R"
    ):
        read(lines("src\tdst", "1\tada\tbob", "2\tbob\tcyd"))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;", "sep=;;", "\ufeffsep=;", "\nsep=;"])
def test_the_line_that_excel_wants_is_no_header(read, tmp_path, line, end):
    text = end.join([line, "src;dst", *map(";".join, EDGES), ""])
    assert read(text) == EDGES
    with read_text(tmp_path / "edges.csv", column="dst", min_count=1) as column:
        assert list(column) == [["bob"], ["cyd"], ["ada"]]


@pytest.mark.parametrize("mark", [",", "\t", "|", ":", " "])
def test_any_delimiter_can_be_said(read, mark):
    rows = [mark.join(pair) for pair in (("src", "dst"), *EDGES)]
    assert read(lines(f"sep={mark}", *rows)) == EDGES
    assert read(lines(*rows), delimiter=mark) == EDGES


def test_lines_are_counted_from_excels_line(read):
    with pytest.raises(DataError, match="line 4: 1 field, the header has 2 columns"):
        read("sep=;\nsrc;dst\nada;bob\ncyd\n")
    with pytest.raises(DataError, match="line 4, column 'dst': empty name"):
        read("sep=;\r\nsrc;dst\r\nada;bob\r\nbob;\r\n")


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        (lines("from;to (city, country)", "ada;Rome, Italy", "bob;Paris, France"), ["from", "to (city, country)"]),
        (lines("from;to, by train", "ada;Rome, yes"), ["from", "to, by train"]),
        (lines("id,place;town", "a,b", "c,d;e"), ["id", "place;town"]),  # semicolons do not split every row
        (lines('name,"lat;lon"', 'x,"1;2"', 'y,"3;4"'), ["name", "lat;lon"]),
        (lines("a\tb, c", "x\ty, z"), ["a", "b, c"]),
        (lines("a,b", *["x;y,z;w"] * 3), ["a", "b"]),
        (lines("a;b;c", "1,5;2,5;x"), ["a", "b", "c"]),
        (lines("a,b;c,d", "x,y,z", "x,y"), ["a", "b;c", "d"]),  # damaged as it is: the most fields
    ],
)
def test_the_delimiter_that_splits_rows_as_the_header(text, columns):
    assert dialect("f", text).columns == columns


@pytest.mark.parametrize("text", [lines("a;b,c", "1;2,3", "4;5,6"), lines("a;b,c"), lines("lat,lon;town", "1,2;Rome")])
def test_two_delimiters_that_fit_are_refused(read, text):
    with pytest.raises(DataError, match="',' and ';' split every row into as many fields .*put a line sep=; above"):
        read(text)
    assert len(dialect("f", text, delimiter=";").columns) == 2


@pytest.mark.parametrize("delimiter", ["", ",,", "\n", '"', "\u00a7"])
def test_what_is_no_delimiter(read, delimiter):
    with pytest.raises(DataError, match="give one ASCII character"):
        read(lines("a,b", "x,y"), delimiter=delimiter)


def test_a_delimiter_of_what_has_none(read):
    with pytest.raises(DataError, match="is no text with delimiters; leave it out"):
        read('{"a": "x", "b": "y"}\n', delimiter=",")
    with pytest.raises(DataError, match="is no text with delimiters; leave it out"):
        read_pairs({"a": ["x"], "b": ["y"]}, delimiter=",")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (lines("# Directed graph", "# From\tTo", "1\t2"), "'# Directed graph' looks like a comment"),
        (lines("% edges", "src,dst", "a,b"), "'% edges' looks like a comment"),
        (lines("1,ada,bob", "2,bob,cyd"), "line 1: 1, ada, bob looks like data"),
        (lines("ada,7", "bob,8"), "line 1: ada, 7 looks like data"),
        (
            lines(*map(",".join, EDGES)),
            "line 1: 'ada' and 'bob' are items of rows below as well, so it may be no header",
        ),
    ],
)
def test_first_lines_that_are_no_headers(read, text, message):
    with pytest.raises(DataError, match=message):
        read(text)


def test_a_header_that_was_named_is_one(read):
    assert read(lines(*map(",".join, EDGES)), left="ada", right="bob") == EDGES[1:]
    assert read(lines("#src,dst", "ada,bob")) == [("ada", "bob")]


def test_only_the_first_rows_are_looked_at():
    text = lines("from;to, by train", *["ada;Rome, yes"] * (2 * SAMPLE_ROWS)) + "x" * 300_000
    assert dialect("f", text).columns == ["from", "to, by train"]
    wide = ",".join(f"column{k}" for k in range(50_000))
    assert len(dialect("f", f"{wide}\n").columns) == 50_000
