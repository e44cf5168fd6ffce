"""Files as people have them, each with the command they would type first.

It gives the right model, or a line that says what to type; and what the line says gives the right model.
"""

import gzip
import re
import zipfile

import pytest

import rowspace as rs
from tests.support.commands import call

QUICK = ["--dim", "2", "--epochs", "1"]
CLICKS = 'user,item,clicks\n"Ada ""the first"" Lovelace",🎸 guitar,3\n"Lee, Bo",🎸 guitar,1\n"Lee, Bo","tea, 🍵",7\n'
SNAP = "# Directed graph: soc.txt\n# Nodes: 3 Edges: 3\n# FromNodeId\tToNodeId\n0\t1\n0\t2\n1\t2\n"
TRIPLES = "paris\tcapital_of\tfrance\nrome\tcapital_of\titaly\nfrance\tborders\titaly\n"
ORDERS = "order_id,product\n1,milk\n1,bread\n2,milk\n2,jam\n2,bread\n"
LINKS = "sun\tmoon\nmoon\ttide\ntide\tsea\n"
EXCEL = "sep=;\r\nvon;nach;Anzahl\r\nKöln;Bonn;3\r\nBonn;Köln;4\r\n"
PANDAS = ",source,target\n0,ada,bob\n1,bob,cyd\n"
MATRIX = "%%MatrixMarket matrix coordinate real symmetric\n% made by hand\n3 3 2\n2 1 0.5\n3 1 2\n"
EDGES = "% asym weighted\n1  2  10\n2  3  1\n"
R_TABLE = '"from" "to"\n"1" "ada" "bob"\n"2" "bob" "cyd"\n'
SPACED = "left, right\nada, bob\nbob, cyd\n"
BASKET_LINES = "milk bread jam\nbread tea\nmilk tea\n"
NUMBERS = "1\t2\n2\t3\n3\t1\n"
COMMAS = "from;to;share\na;b;1,5\nb;c;2,5\n"
RATINGS = "userId,movieId,rating,timestamp\n1,2,4.0,978300760\n1,3,3.5,978302109\n2,1,5.0,978301968\n"
RATED = {"userId 1", "userId 2", "movieId 1", "movieId 2", "movieId 3"}
VIEWS = "session_id,time,product\n1,2024-01-01T00:39,milk\n1,2024-01-01T00:40,tea\n2,2024-01-02T10:01,milk\n"
EVENTS = '{"who": "v1", "event": "view", "what": "i1", "n": 1}\n' * 3
SQUARE = ",a,b,c\na,0,1,2\nb,1,0,3\nc,2,3,0\n"
BASKET_ROWS = "citrus fruit,milk,tea\ntea,milk\nwhole milk\npip fruit,tea,milk\n"
TEXTS = "id,body\n1,the cat sat\n2,the dog ran\n"
PEOPLE = {'Ada "the first" Lovelace', "🎸 guitar", "Lee, Bo", "tea, 🍵"}
PLACES = {"paris", "france", "rome", "italy"}
LABELLED = "first,second,label\ncat,kitten,1\ncat,car,0\n"


@pytest.mark.parametrize(
    ("name", "text", "items", "said"),
    [
        ("clicks.csv", CLICKS, PEOPLE, r"columns not used: clicks \(numbers: a weight\? --weight clicks\)"),
        ("soc.txt", SNAP, set("012"), ""),
        ("excel.csv", EXCEL, {"Köln", "Bonn"}, r"columns not used: Anzahl \(numbers: a weight\? --weight Anzahl\)"),
        ("pandas.csv", PANDAS, {"ada", "bob", "cyd"}, ""),
        ("graph.mtx", MATRIX, set("123"), ""),
        ("out.edges", EDGES, set("123"), r"columns not used: 3 \(numbers: a weight\? --weight 3\)"),
        ("spaced.csv", SPACED, {"ada", "bob", "cyd"}, ".*spaces stand beside the delimiters"),
        (
            "labels.csv",
            LABELLED,
            {"cat", "kitten", "car"},
            r"columns not used: label \(numbers: a label\? --label label\)",
        ),
        ("orders.csv", ORDERS, {"1", "2", "milk", "bread", "jam"}, "order_id: baskets or sessions. --group order_id"),
    ],
)
@pytest.mark.filterwarnings("ignore::rowspace.errors.warnings.Padded")
def test_the_first_command_gives_the_right_model(tmp_path, name, text, items, said):
    result, model = trained(tmp_path, name, text)
    assert result.exit_code == 0, result.output
    assert set(model.index_to_key) == items
    if name != "spaced.csv":  # which a warning says; here nobody prints it
        assert re.fullmatch(said + ".*\n" if said else "", result.stderr), result.stderr


@pytest.mark.parametrize(
    ("name", "text", "told", "items"),
    [
        ("triples.tsv", TRIPLES, "--columns left,relation,right", PLACES),
        ("triples.tsv", f"head\trelation\ttail\n{TRIPLES}", "--left head --right tail", PLACES),
        ("links.tsv", LINKS, "--no-header", {"sun", "moon", "tide", "sea"}),
        ("numbers.tsv", NUMBERS, "--no-header", set("123")),
        ("pairs.csv", "a;b,c\n1;2,3\n4;5,6\n", "--delimiter ';'", {"1", "2,3", "4", "5,6"}),
        ("r.txt", R_TABLE, "--header --columns row,from,to --left from --right to", {"ada", "bob", "cyd"}),
        ("ids.csv", "id,source,target\n1,ada,bob\n2,bob,cyd\n", "--left source --right target", {"ada", "bob", "cyd"}),
        ("ratings.csv", RATINGS, "--two-kinds", RATED),
        ("views.csv", VIEWS, "--left session_id --right product", {"1", "2", "milk", "tea"}),
        ("views.csv", VIEWS, "--group session_id --left product", {"milk", "tea"}),
        ("events.jsonl", EVENTS, "--left who --right what", {"v1", "i1"}),
        ("groceries.csv", BASKET_ROWS, "`rowspace train text` with --tokens , takes it", None),
        ("square.csv", SQUARE, "has a row and a column for each item, as a matrix; give a line for each pair", None),
        ("lines.txt", BASKET_LINES, "train text", None),
        ("utf16.csv", CLICKS.encode("utf-16"), "save it as UTF-8", None),
        ("pairs.zip", None, "is a zip archive; unpack it", None),
    ],
)
def test_the_first_command_says_what_to_type(tmp_path, name, text, told, items):
    result, _ = trained(tmp_path, name, text)
    assert result.exit_code == 1
    assert result.stderr.startswith("rowspace: ")
    assert len(result.stderr.splitlines()) == 1
    assert told in result.stderr
    if items is not None:
        result, model = trained(tmp_path, name, text, *told.replace("'", "").split())
        assert result.exit_code == 0, result.output
        assert set(model.index_to_key) == items


@pytest.mark.parametrize(
    ("name", "text", "told", "options", "words"),
    [
        (
            "groceries.csv",
            BASKET_ROWS,
            "--tokens ,",
            ["--tokens", ","],
            {"citrus fruit", "milk", "tea", "whole milk", "pip fruit"},
        ),
        (
            "reviews.csv",
            TEXTS,
            "has columns, 'id', 'body': say which",
            ["--column", "body"],
            {"the", "cat", "sat", "dog", "ran"},
        ),
        ("views.jsonl", '{"id": 1, "body": "tea tea"}\n', "it has: 'id', 'body'", ["--column", "body"], {"tea"}),
        ("orders.csv", ORDERS, "has columns, 'order_id', 'product'", ["--group", "order_id"], {"milk", "bread", "jam"}),
    ],
)
def test_the_first_command_for_words(tmp_path, name, text, told, options, words):
    (tmp_path / name).write_text(text)
    command = ["train", "text", tmp_path / name, "-o", tmp_path / "model", "--min-count", "1", "--sample", "0", *QUICK]
    result = call(*command)
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert told in result.stderr
    result = call(*command, *options)
    assert result.exit_code == 0, result.output
    assert set(rs.open(tmp_path / "model").index_to_key) == words


@pytest.mark.parametrize(
    ("text", "options", "items"),
    [
        (CLICKS, ["--weight", "clicks"], PEOPLE),
        (ORDERS, ["--group", "order_id"], {"milk", "bread", "jam"}),
        (ORDERS, ["--group", "order_id", "--within", "1"], {"milk", "bread", "jam"}),
        (LABELLED, ["--label", "label"], {"cat", "kitten", "car"}),
        (gzip.compress(SNAP.encode(), mtime=0), [], set("012")),
    ],
)
def test_the_second_command_is_right(tmp_path, text, options, items):
    result, model = trained(tmp_path, "file", text, *options)
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    assert set(model.index_to_key) == items


@pytest.mark.parametrize(
    ("text", "options", "line"),
    [
        (TRIPLES, ["--columns", "a,b,c,d,e"], r"--columns has 5 names, and the first row 3 fields"),
        (MATRIX.replace("3 3 2", "3 3 7"), [], "damaged MatrixMarket file: Truncated file"),
        (ORDERS.replace("2,jam", ",jam"), ["--group", "order_id"], "line 5, column 'order_id': empty group"),
        (COMMAS, ["--weight", "share"], "line 2, column 'share': '1,5' is not a number; write 1.5"),
    ],
)
def test_wrong_twins_are_one_line(tmp_path, text, options, line):
    result, _ = trained(tmp_path, "file", text, *options)
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert re.search(line, result.stderr), result.stderr


def trained(folder, name, text, *options):
    """What the command says, and its model, if there is one; without a text the file is an archive."""
    path = folder / name
    if text is None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("pairs.csv", CLICKS)
    else:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    result = call("train", "pairs", path, "-o", folder / "model", *options, *QUICK)
    return result, rs.open(folder / "model") if result.exit_code == 0 else None
