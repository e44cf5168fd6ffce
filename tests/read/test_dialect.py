"""Which delimiter a text has, what its header says, and which columns are taken for items where nobody says."""

import pytest

from rowspace.errors import DataError
from rowspace.errors.warnings import Padded
from rowspace.read import delimited
from rowspace.read.dialect import SAMPLE_ROWS, Said, dialect
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


@pytest.mark.parametrize("name", ["id", "index", "ID", "row", "rowname", "X"])
@pytest.mark.parametrize("start", [0, 1])
def test_row_numbers_are_not_taken_for_items(read, name, start):
    rows = [f"{k},{a},{b}" for k, (a, b) in enumerate(EDGES, start)]
    with pytest.raises(
        DataError, match=f"column '{name}' holds row numbers; say .*--left src --right dst .left=.*'src', 'dst'"
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
    if mark == "\t":
        assert read(lines(*rows), delimiter=r"\t") == EDGES


@pytest.mark.parametrize("mark", ["::", "||", " - ", ",,"])
def test_delimiters_of_several_characters(read, tmp_path, mark):
    text = lines(*(mark.join(pair) for pair in (("src", "dst"), *EDGES)))
    assert read(text, delimiter=mark) == EDGES
    assert read(f"# made by hand\n{text}", delimiter=mark) == EDGES
    assert read(text + f'"a{mark}b"{mark}ada\n', delimiter=mark) == [*EDGES, (f"a{mark}b", "ada")]
    with pytest.raises(DataError, match="line 5: 1 field, the header has 2 columns"):
        read(text + "dan\n", delimiter=mark)


def test_the_delimiter_of_movielens_is_told(read, tmp_path):
    ratings = lines("1::1193::5::978300760", "1::661::3::978302109")
    assert read(ratings, header=False, left="1", right="2") == [("1", "1193"), ("1", "661")]
    with pytest.raises(DataError, match="1, 1193, 5, 978300760 looks like data"):
        read(ratings)
    assert read(lines("name;std::type", "a;b")) == [("a", "b")]
    films = tmp_path / "films.dat"
    films.write_text(lines("id::title", "1::Jumanji, the film", "2::Heat"))
    with read_text(films, column="title", min_count=1) as text:
        assert list(text) == [["Jumanji,", "the", "film"], ["Heat"]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_column_of_a_file_with_runs_of_spaces_is_a_text(tmp_path, monkeypatch, end):
    monkeypatch.setattr(delimited, "PLAIN_BYTES", 7)  # so that lines are cut
    path = tmp_path / "runs.txt"
    path.write_bytes(end.join(["# a list", "id   item", "1    milk ", "2 \t bread", "30   jam"]).encode())
    with read_text(path, column="item", min_count=1) as text:
        assert list(text) == [["milk"], ["bread"], ["jam"]]


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
    with pytest.raises(DataError, match="',' and ';' split every row into as many fields .*--delimiter ';'"):
        read(text)
    assert len(dialect("f", text, Said(delimiter=";")).columns) == 2


@pytest.mark.parametrize("delimiter", ["", ",\n", "\n", '"', "\u00a7", 7])
def test_what_is_no_delimiter(read, delimiter):
    with pytest.raises(DataError, match="give ASCII characters, such as"):
        read(lines("a,b", "x,y"), delimiter=delimiter)


def test_a_delimiter_of_what_has_none(read):
    with pytest.raises(DataError, match="is no text with delimiters; leave it out"):
        read('{"a": "x", "b": "y"}\n', delimiter=",")
    with pytest.raises(DataError, match="is no text with delimiters; leave it out"):
        read_pairs({"a": ["x"], "b": ["y"]}, delimiter=",")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (lines("1,ada,bob", "2,bob,cyd"), "line 1: 1, ada, bob looks like data.*--columns left,relation,right or"),
        (
            lines("ada,7", "bob,8"),
            "line 1: ada, 7 looks like data, .*; give --no-header .header=False. if",
        ),
        (lines("1 2", "3 4"), "line 1: 1, 2 looks like data"),
        (
            lines(*map(",".join, EDGES)),
            "line 1: 'ada' and 'bob' are items of rows below as well, so it may be no header; give --no-header",
        ),
        (lines("ada,eve", *map(",".join, EDGES)), "'ada' is an item of rows below"),
        (lines("ada,bob,3", "bob,ada,1"), "--columns left,right,weight"),
        (lines("ada,bob,x,y", "bob,ada,x,y"), "--no-header --left 1 --right 2"),
        (lines("#cats,ada", "#dogs,bob", "cats,cyd"), "lines that begin with '#' have as many fields as rows"),
        (lines("# nothing", "#", "% at all"), "holds comments only"),
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


@pytest.mark.parametrize(
    "options", [{"header": False}, {"columns": ["left", "right"]}, {"columns": ["a", "b"], "header": False}]
)
def test_files_without_a_header(read, options):
    assert read(lines(*map(",".join, EDGES)), **options) == EDGES
    assert read("\n\nada\tbob\r\nbob\tcyd\r\ncyd\tada\r\n", **options) == EDGES


def test_columns_that_are_named_have_their_roles(tmp_path):
    path = tmp_path / "edges"
    path.write_text("ada,knows,bob,2,0\nbob,likes,cyd,3,1\n")
    pairs = read_pairs(path, columns=["left", "relation", "right", "weight", "label"])
    assert pairs.columns == {"left": "left", "right": "right", "label": "label", "weight": "weight"}
    assert (pairs.names, pairs.weight.tolist(), pairs.label.tolist()) == (["bob", "ada", "cyd"], [2, 3], [0, 1])
    assert pairs.unused == {"relation": "text"}
    pairs = read_pairs(path, header=False, left="1", right="3", weight="4")
    assert (pairs.columns, pairs.unused) == (
        {"left": "1", "right": "3", "weight": "4"},
        {"2": "text", "5": "numbers"},
    )


def test_a_header_can_be_renamed(read):
    text = lines("src\tdst", "1\tada\tbob", "2\tbob\tcyd")  # as R writes row names
    with pytest.raises(DataError, match="give --header --columns row,src,dst --left src --right dst"):
        read(text)
    assert read(text, header=True, columns=["row", "src", "dst"], left="src", right="dst") == EDGES[:2]
    assert read('"from\nwhere",to\nada,bob\n', header=True, columns=["a", "b"]) == EDGES[:1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": list("abcde")}, r"--columns \(columns=\) has 5 names, and the first row 2 fields: ada, bob"),
        ({"columns": ["ada", "bob"]}, "the first row is a header with the names ada, bob; leave out --columns"),
        ({"columns": "left,right"}, "columns is 'left,right'; give the names of all columns"),
        ({"columns": ["a", "a"]}, "give each column a name of its own"),
        ({"columns": []}, "give each column a name of its own"),
        ({"columns": [1, 2]}, "give the names of all columns"),
        ({"header": False, "left": "ada"}, "has no column 'ada'; it has: '1', '2'"),
    ],
)
def test_what_is_said_of_a_text_must_fit(read, options, message):
    with pytest.raises(DataError, match=message):
        read(lines(*map(",".join, EDGES)), **options)


@pytest.mark.parametrize("row", ["ada", "ada,bob,1"])
def test_lines_are_counted_without_a_header(read, row):
    with pytest.raises(DataError, match=r"line 2: \d fields?, the first row has 2 columns"):
        read(lines("x,y", row), header=False)
    with pytest.raises(DataError, match="line 3, column '2': empty name"):
        read(lines("x,y", "z,w", "z,"), header=False)


@pytest.mark.parametrize(
    ("text", "edges"),
    [
        ("# Directed graph\n# Nodes: 3 Edges: 2\n# FromNodeId\tToNodeId\n0\t1\n1\t2\n", "01 12"),  # SNAP
        ("% sym unweighted\n% 2 3 3\n1 2 \n2 3 \n", "12 23"),  # KONECT
        ("%\n\n% the rows\n1,2\n2,3\n", "12 23"),
        ("# a list\nsrc dst\na b\nb c\n", "ab bc"),
        ("# a list, sorted, of edges\nsrc,dst\na,b\nb,c\n", "ab bc"),
        ("a   b\n c \t d\ne  f  \n", "cd ef"),
        ("a  b\rc   d\re  f", "cd ef"),
        ("#\tc\n1\t2\n2\t3\n", "12 23"),
        ("a  b\u00a0c\nd   e\n", "de"),
        ("  a   b\r\n c    d\r\n\r\n e    f", "cd ef"),
        ('"a" "b"\n"c" "d"\n', "cd"),  # R's write.table
    ],
)
def test_edge_lists_as_they_are_shipped(read, text, edges):
    assert read(text) == [tuple(edge) for edge in edges.split()]


def test_edges_are_named_by_the_comment_above_them(tmp_path):
    path = tmp_path / "edges"
    path.write_text("# two\n# From\tTo\tTimes\n1\t2\t5\n2\t3\t6\n")
    pairs = read_pairs(path, weight="Times")
    assert pairs.columns == {"left": "From", "right": "To", "weight": "Times"}
    path.write_text("# two\n1 2 5\n2 3 -1\n")
    assert read_pairs(path).unused == {"3": "numbers"}
    with pytest.raises(DataError, match="line 3, column '3': -1 is negative"):
        read_pairs(path, weight="3")


@pytest.mark.parametrize("option", [{"header": True}, {"header": False}])
def test_names_that_begin_as_comments_are_rows_where_somebody_says_so(read, option):
    assert read(lines("#cats,ada", "#dogs,bob", "cats,cyd"), **option)[-2:] == [("#dogs", "bob"), ("cats", "cyd")]


def test_three_columns_of_text_are_not_guessed(read):
    with pytest.raises(DataError, match="'h', 'r', 't': say which two are items: --left h --right t or --left h --r"):
        read(lines("h,r,t", "ada,knows,bob"))
    with pytest.raises(DataError, match="--columns left,relation,right or --columns left,right,relation"):
        read(lines("ada,knows,bob"), header=False)
    assert read(lines("h,r,t", "ada,knows,bob"), left="h", right="t") == [("ada", "bob")]
    assert read(lines("h,r,t", "ada,knows,bob"), left="h") == [("ada", "knows")]
    assert read(lines("ada,knows,bob"), columns=["left", "relation", "right"]) == [("ada", "bob")]
    with pytest.raises(DataError, match="three columns of text"):
        read_pairs({"h": ["ada"], "r": ["knows"], "t": ["bob"]})


@pytest.mark.parametrize(
    "text",
    ["src, dst\nada, bob\nbob, cyd\n", "src,dst\nada ,bob\n bob,cyd\n", 'src, "dst"\n"ada", "bob"\n"bob", "cyd"\n']
    + ["sep=;\nsrc; dst\nada; bob\nbob; cyd\n", "# edges\n# src, dst\nada, bob\nbob, cyd"],
)
def test_spaces_beside_delimiters_are_left_out_and_told(read, text):
    with pytest.warns(Padded, match="spaces stand beside the delimiters of every row, and are left out of names"):
        assert read(text, left="src", right="dst") == EDGES[:2]


def test_spaces_of_some_names_stay(read):
    assert read("src,dst\nada, bob\nbob,cyd\n") == [("ada", " bob"), ("bob", "cyd")]
    assert read("src, dst\nada,bob\nbob,cyd\n", right="dst") == EDGES[:2]  # a header's do not
    assert dialect("f", "a, a\nx,y\n").columns == ["a", " a"]
    assert dialect("f", " ,a\nx,y\n").columns == ["", "a"]


def test_a_lone_carriage_return_is_told(read):
    with pytest.raises(DataError, match="line 3: 1 field, the header has 2 columns; a carriage return without a line"):
        read("src,dst\nada,bob\rby\nbob,cyd\n")
    assert read('src,dst\nada,"bob\rby"\n') == [("ada", "bob\rby")]
