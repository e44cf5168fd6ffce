import json
import os
import re
import subprocess
import sys
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rowspace as rs
from tests.support.commands import SOURCE, call, fails, shell, works
from tests.support.processes import running

COMMANDS = [
    "",
    "demo",
    "train",
    "train pairs",
    "train text",
    "neighbors",
    "analogy",
    "evaluate",
    "info",
    "check",
    "plot",
    "export",
    "import",
]
PAIRS = "from,to,same,n\ncat,kitten,1,5\ncar,truck,1,2\ncat,car,0,1\nkitten,truck,0,1\n"
TRAIN = ["--dim", "2", "--epochs", "2"]


@pytest.fixture
def pairs(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text(PAIRS)
    return path


@pytest.fixture
def model(tmp_path):
    """A model of four names on a circle, at 0, 30, 90 and 180 degrees."""
    angle = np.radians([0, 30, 90, 180])
    rows = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    folder = tmp_path / "model"
    rs.Model({"E": rs.Table.from_array(rows, ["east", "near", "caf\u00e9 au lait", "a\nb"])}, {"seed": 1}).save(folder)
    return folder


# --- help and usage


@pytest.mark.parametrize("command", COMMANDS)
def test_help_says_what_it_does_in_a_sentence_with_an_example(command):
    lines = works(*command.split(), "--help").stdout.splitlines()
    assert lines[2].strip().endswith(".")
    example = next(line.split() for line in lines if line.strip().startswith("Example: rowspace"))
    assert " ".join(example[1:]).startswith(f"rowspace {command}".strip())


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_option_is_a_usage_error(command):
    result = call(*command.split(), "--colour")
    assert result.exit_code == 2
    assert "--colour" in result.stderr
    assert "Usage: " in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    "command",
    ["train pairs", "train text", "neighbors", "analogy", "evaluate", "info", "check", "plot", "export", "import"]
    + ["fly"],
)
def test_missing_words_are_a_usage_error(command):
    assert call(*command.split()).exit_code == 2


def test_a_command_like_no_other_is_told_which_there_are():
    assert "No such command 'corpus.txt'. Give one of: pairs, text." in call("train", "corpus.txt").stderr


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_version(option):
    assert works(option).stdout == f"rowspace {rs.__version__}\n"


@pytest.mark.parametrize("command", ["", "train"])
def test_no_sentence_of_the_help_is_cut(command):
    assert "..." not in works(*command.split(), "--help").stdout.replace("[ARGS]...", "")


def run(*words, **environment):
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), **environment}
    return subprocess.run([sys.executable, "-m", "rowspace", *words], capture_output=True, text=True, env=environment)


def test_it_runs_as_a_module():
    done = run("-V")
    assert (done.returncode, done.stdout) == (0, f"rowspace {rs.__version__}\n")
    assert run("fly").stderr.startswith("Usage: rowspace ")


def test_a_shell_completes_commands_and_options():
    def completed(line):
        words = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" ")), "_ROWSPACE_COMPLETE": "complete_bash"}
        return run(**words).stdout.split()

    assert completed("rowspace tra") == ["train"]
    assert completed("rowspace train pairs --hold") == ["--hold-out"]


def test_errors_speak_of_options_as_one_types_them(tmp_path):
    (tmp_path / "t.txt").write_bytes(b"caf\xe9 au lait\n" * 9)
    line = fails("train", "text", tmp_path / "t.txt", "-o", tmp_path / "m")
    assert "--errors replace" in line
    assert "errors=" not in line
    assert fails("train", "text", tmp_path / "t.txt", "-o", tmp_path / "m", "--window", "0").startswith("--window is 0")


# --- train pairs


def test_train_pairs_writes_a_model_and_a_summary(pairs, tmp_path):
    result = works("train", "pairs", pairs, "-o", tmp_path / "m", "--label", "same", *TRAIN)
    assert "4 pairs (left from, right to, label same), 2 epochs, mean cost" in result.stdout
    assert result.stderr == "columns not used: n\n"
    assert sorted(rs.open(tmp_path / "m").index_to_key) == ["car", "cat", "kitten", "truck"]


def test_train_pairs_as_json(pairs, tmp_path):
    result = works("train", "pairs", pairs, "-o", tmp_path / "m", "--weight", "n", "--json", *TRAIN)
    summary = json.loads(result.stdout)
    assert summary["model"] == str(tmp_path / "m")
    assert (summary["items"], summary["dim"], summary["pairs"], summary["epochs"]) == (4, 2, 4, 2)
    assert summary["columns"] == {"left": "from", "right": "to", "weight": "n"}
    assert summary["cost"] == "pair_negatives"
    assert summary["final_cost"] > 0


def test_pairs_may_be_held_out(pairs, tmp_path):
    words = ["train", "pairs", pairs, "-o", tmp_path / "m", "--label", "same", "--hold-out", "0.25", *TRAIN]
    assert re.search(r"3 pairs .*, mean cost .*, [\d.e-]+ of 1 pairs held out, ", works(*words).stdout)
    summary = json.loads(works(*words, "--json").stdout)
    assert summary["held_out"] == 1
    assert summary["held_out_cost"] == rs.open(tmp_path / "m").held_out[-1]


@pytest.mark.parametrize("name", ["pairs.tsv", "pairs.jsonl", "pairs.parquet"])
def test_every_kind_of_file(tmp_path, name):
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    path, table = tmp_path / name, pa.csv.read_csv(pa.BufferReader(PAIRS.encode()))
    if name.endswith("parquet"):
        pa.parquet.write_table(table, path)
    elif name.endswith("jsonl"):
        path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    else:
        path.write_text(PAIRS.replace(",", "\t"))
    result = works("train", "pairs", path, "-o", tmp_path / "m", "--label", "same", "--json", *TRAIN)
    assert json.loads(result.stdout)["items"] == 4


def test_standard_input(tmp_path):
    words = ["train", "pairs", "-", "-o", tmp_path / "m", "--left", "to", "--right", "from", *TRAIN]
    result = shell(*words, "--json", input=PAIRS)
    assert result.returncode == 0, result.stderr
    assert result.stderr == "columns not used: same, n\n"  # no bar where there is no terminal
    assert json.loads(result.stdout)["columns"] == {"left": "to", "right": "from"}


def test_columns_that_are_not_used_are_named(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("from,to,times,city\na,b,3,Rome\nb,c,4,Oslo\n")
    line = works("train", "pairs", path, "-o", tmp_path / "m", *TRAIN).stderr
    assert line == "columns not used: times (numbers: a weight? --weight times), city\n"
    path.write_text("from,to,Label\na,b,1\nb,c,0\n")
    line = works("train", "pairs", path, "-o", tmp_path / "m", *TRAIN).stderr
    assert line == "columns not used: Label (numbers: a label? --label Label)\n"


def test_baskets_and_sessions(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("session,item\ns,a\ns,b\ns,c\nt,a\n")
    result = works("train", "pairs", path, "-o", tmp_path / "m", "--group", "session", *TRAIN)
    assert "3 pairs (left item, right item, group session)" in result.stdout
    near = works("train", "pairs", path, "-o", tmp_path / "m", "--group", "session", "--within", "1", *TRAIN)
    assert "2 pairs" in near.stdout
    assert "--within" in fails("train", "pairs", path, "-o", tmp_path / "m", "--within", "1")


def test_a_file_without_a_header(tmp_path):
    path = tmp_path / "p.tsv"
    path.write_text("ada\tknows\tbob\nbob\tknows\tcyd\n")
    assert "give --columns left,relation,right or --columns" in fails("train", "pairs", path, "-o", tmp_path / "m")
    for columns in (["--columns", "left,relation,right"], ["--no-header", "--left", "1", "--right", "3"]):
        result = works("train", "pairs", path, "-o", tmp_path / "m", *columns, *TRAIN)
        assert "2 pairs" in result.stdout
        assert sorted(rs.open(tmp_path / "m").index_to_key) == ["ada", "bob", "cyd"]
    assert "has 2 names" in fails("train", "pairs", path, "-o", tmp_path / "m", "--columns", "a,b")


def test_the_same_seed_gives_the_same_bytes(pairs, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        works("train", "pairs", pairs, "-o", tmp_path / name, "--seed", seed, *TRAIN)
    a, b, c = ((tmp_path / name / "E.npy").read_bytes() for name in "abc")
    assert a == b != c


def test_options_reach_the_training(pairs, tmp_path):
    options = ["--label", "same", "--cost", "l1_dot", "--update", "sgd", "--rate", "0.05", "--decay", "0.01"]
    works("train", "pairs", pairs, "-o", tmp_path / "m", *options, *TRAIN)
    about = rs.open(tmp_path / "m").trained_with
    assert (about["cost"], about["rate"]) == ("l1_dot", 0.05)
    assert about["updates"] == {"E": "weight_decay(sgd, 0.01)"}


def test_trace_and_plot(pairs, tmp_path):
    trace, picture = tmp_path / "t.tsv", tmp_path / "p.png"
    works("train", "pairs", pairs, "-o", tmp_path / "m", "--trace", trace, "--plot", picture, *TRAIN)
    assert trace.read_text().startswith("i\tn\td0\td1\n0\tcat\t")
    assert picture.read_bytes()[:4] == b"\x89PNG"


def test_a_model_is_replaced(pairs, model):
    works("train", "pairs", pairs, "-o", model, *TRAIN)
    assert "cat" in rs.open(model)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing.csv"], r"nothing\.csv"),
        (["{pairs}", "--label", "sam"], "has no column 'sam'.*did you mean 'same'"),
        (["{pairs}", "--cost", "l1_dot"], "does not fit pairs without labels"),
        (["{pairs}", "--cost", "l3"], "cost 'l3' is not one for pairs"),
        (["{pairs}", "--update", "adam"], "update 'adam' is not known"),
        (
            ["{pairs}", "--label", "n"],
            "column 'label' holds 5 at position 0; the cost logistic_dot takes numbers from 0 to 1",
        ),
        (["{pairs}", "--dim", "0"], "dim"),
        (["{pairs}", "--epochs", "-1"], "epochs is -1"),
        (["{pairs}", "--negatives", "0"], "draw from 1"),
        (["{pairs}", "--hold-out", "0"], "--hold-out is 0; give a share of the pairs above 0 and below 1"),
        (["{pairs}", "--hold-out", "1"], "--hold-out is 1; give a share"),
        (["{pairs}", "--rate", "nan"], "the rate is nan"),
        (["{pairs}", "--plot", "p.jpg"], r"cannot draw p\.jpg"),
        (["{pairs}", "--plot", "none/p.png"], "there is no folder none"),
        (["{pairs}", "--trace", "t.csv"], r"\.tsv or \.parquet"),
        (["{pairs}", "--label", "same", "--rate", "1e30", "--cost", "squared_dot", "--update", "sgd"], "not finite"),
        (["{folder}"], "pairs-folder"),
    ],
)
def test_errors_of_train_pairs_are_one_line_and_leave_no_model(words, message, pairs, tmp_path):
    folder = tmp_path / "pairs-folder"
    folder.mkdir()
    words = [word.format(pairs=pairs, folder=folder) for word in words]
    options = [] if "--dim" in words or "--epochs" in words else TRAIN
    line = fails("train", "pairs", *words, "-o", tmp_path / "m", *options)
    assert re.search(message, line), line
    assert not (tmp_path / "m").exists()


def test_a_folder_that_is_no_model_is_refused_before_training(pairs, tmp_path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "mother.txt").write_text("Dear")
    line = fails("train", "pairs", pairs, "-o", tmp_path / "letters", "--epochs", "100000000")  # without training
    assert "letters is not a model" in line
    assert "not overwritten" in line
    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["mother.txt"]


def test_a_file_in_the_way_is_refused(pairs):
    assert "not a model" in fails("train", "pairs", pairs, "-o", pairs)
    assert "Not a directory" in fails("train", "pairs", pairs, "-o", pairs / "m")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_refused(pairs, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    assert "Permission denied" in fails("train", "pairs", pairs, "-o", closed / "m")


UNKEPT = "nothing is kept of this training; with --checkpoint FOLDER it could be resumed"


def test_an_interrupt_ends_with_130_and_says_what_is_kept(pairs, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("rowspace.recipes.pairs.train_pairs", interrupted)
    result = call("train", "pairs", pairs, "-o", tmp_path / "m")
    assert result.exit_code == 130
    assert result.stderr.splitlines() == [UNKEPT, "rowspace: interrupted"]
    assert not (tmp_path / "m").exists()


def test_too_little_memory_is_one_line(pairs, tmp_path):
    line = fails("train", "pairs", pairs, "-o", tmp_path / "m", "--dim", 10**14)
    assert "memory" in line


# --- neighbors and info


def test_neighbors(model):
    lines = works("neighbors", model, "east", "near", "-n", "2").stdout.splitlines()
    assert lines == ["east", "   0.866  near", "   0.000  caf\u00e9 au lait", "", "near", "   0.866  east"] + [
        "   0.500  caf\u00e9 au lait"
    ]


def test_neighbors_as_json(model):
    found = json.loads(works("neighbors", model, "east", "-n", "1", "--json").stdout)
    assert found == [{"item": "east", "neighbors": [{"item": "near", "cosine": pytest.approx(0.8660254)}]}]


def test_a_name_with_a_line_end_stays_on_its_line(model):
    assert works("neighbors", model, "east").stdout.splitlines()[-1] == "  -1.000  'a\\nb'"


def test_row_numbers_of_a_model_without_names(tmp_path):
    rs.Model({"E": rs.Table(3, 2)}).save(tmp_path / "m")
    assert json.loads(works("neighbors", tmp_path / "m", "1", "--json").stdout)[0]["item"] == 1
    assert "no names, only row numbers from 0 to 2" in fails("neighbors", tmp_path / "m", "cat")
    assert "out of range" in fails("neighbors", tmp_path / "m", "3")


def test_errors_of_neighbors(model, tmp_path):
    assert "did you mean 'east'" in fails("neighbors", model, "eats")
    assert "is not a model" in fails("neighbors", tmp_path, "east")
    assert "at least 0" in fails("neighbors", model, "east", "-n", "-1")


@pytest.fixture
def royals(tmp_path):
    """A file of vectors of which man is to king as woman is to queen."""
    rows = np.array([[1, 1, 0], [2, 1, 2], [1, 2, 0], [2, 3, 2], [-1, 0, 1]], np.float32)
    path = tmp_path / "royals.txt"
    rs.export(rs.Table.from_array(rows, ["man", "king", "woman", "queen", "car"]), path)
    return path


def test_analogy(royals):
    lines = works("analogy", royals, "man", "king", "woman", "-n", "2").stdout.splitlines()
    assert lines[0] == "man is to king as woman is to"
    assert [line.split()[1] for line in lines[1:]] == ["queen", "car"]
    found = json.loads(works("analogy", royals, "man", "king", "woman", "-n", "1", "--json").stdout)
    best = rs.Model({"E": rs.import_(royals)}).most_similar(["king", "woman"], ["man"], topn=1)[0]
    assert found == {"a": "man", "b": "king", "c": "woman", "answers": [{"item": "queen", "cosine": best[1]}]}


def test_errors_of_analogy(royals, tmp_path):
    assert "did you mean 'woman'" in fails("analogy", royals, "man", "king", "womann")
    assert "at least 0" in fails("analogy", royals, "man", "king", "woman", "-n", "-1")
    assert "is not a model" in fails("analogy", tmp_path / "nothing", "a", "b", "c")


@pytest.mark.parametrize("name", ["v.txt", "v.vec", "v.bin", "v.npy", "v.parquet", "v.txt.gz"])
def test_a_file_of_vectors_is_asked_as_a_model(royals, tmp_path, name):
    rs.export(rs.import_(royals), tmp_path / name)
    asked = works("neighbors", tmp_path / name, "man", "--json").stdout
    assert asked == works("neighbors", royals, "man", "--json").stdout


@pytest.fixture
def judged(tmp_path):
    files = {
        "pairs.tsv": "# judged\nking\tqueen\t9\nman\tcar\t0.5\nwoman\tQueen\t6\nking\towl\t3\n",
        "more.tsv": "word1\tword2\tscore\nking\tqueen\t9\nman\tcar\t0.5\nwoman\tqueen\t6\n",
        "questions.txt": ": royals\nman king woman queen\nman king boy prince\n: none\nx y z w\n",
        "bad.txt": ": royals\nman king woman\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_evaluate(royals, judged):
    words = ["--similarity", judged / "pairs.tsv", judged / "more.tsv", "--analogies", judged / "questions.txt"]
    result = works("evaluate", royals, *words)
    assert result.stderr == f"{judged / 'more.tsv'}: 'word1\\tword2\\tscore' is taken for a header\n"
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[0] == ["similarity", "pairs", "unknown", "Spearman", "p", "Pearson", "p"]
    assert lines[1][:4] == ["pairs.tsv", "4", "25.0%", "1.0000"]
    assert lines[2][:4] == ["more.tsv", "3", "0.0%", "1.0000"]
    assert lines[4:] == [
        ["analogies", "questions", "unknown", "correct", "accuracy"],
        ["royals", "2", "50.0%", "1", "100.0%"],
        ["none", "1", "100.0%", "0", "-"],
        ["total", "3", "66.7%", "1", "100.0%"],
    ]


def test_evaluate_as_json(royals, judged):
    words = ["--similarity", judged / "pairs.tsv", "--similarity", judged / "more.tsv", "--json"]
    found = json.loads(works("evaluate", royals, *words, "--analogies", judged / "questions.txt").stdout)
    model = rs.Model({"E": rs.import_(royals)})
    pearson, spearman, unknown = model.evaluate_word_pairs(judged / "pairs.tsv")
    assert [one["file"] for one in found["similarity"]] == [str(judged / "pairs.tsv"), str(judged / "more.tsv")]
    first = found["similarity"][0]
    assert (first["pearson"], first["pearson_p"]) == pytest.approx(pearson)
    assert (first["spearman"], first["spearman_p"]) == pytest.approx(spearman)
    assert 100 * first["unknown"] / first["pairs"] == unknown == 25
    sections = found["analogies"]["sections"]
    assert [one["accuracy"] for one in sections] == [1, None]
    assert found["analogies"]["total"] == {"section": "total", "questions": 3, "unknown": 2, "asked": 1} | {
        "correct": 1, "accuracy": 1
    }  # fmt: skip
    assert json.loads(works("evaluate", royals, *words).stdout)["analogies"] is None


def test_options_of_evaluate(royals, judged):
    words = ["evaluate", royals, "--similarity", judged / "pairs.tsv", "--json"]
    unknown = lambda *more: json.loads(works(*words, *more).stdout)["similarity"][0]["unknown"]
    assert unknown() == unknown("--count-unknown") == 1
    assert unknown("--case-sensitive") == 2
    assert unknown("--restrict-vocab", 4, "--count-unknown") == 2
    words = ["evaluate", royals, "--analogies", judged / "questions.txt", "--count-unknown", "--json"]
    assert json.loads(works(*words).stdout)["analogies"]["total"]["accuracy"] == pytest.approx(1 / 3)


def test_errors_of_evaluate(royals, judged):
    assert "give --similarity FILE or --analogies FILE" in fails("evaluate", royals)
    assert "give --similarity FILE" in fails("evaluate", royals, judged / "pairs.tsv")
    assert "bad.txt, line 2: 3 words where four" in fails("evaluate", royals, "--analogies", judged / "bad.txt")
    told = fails("evaluate", royals, "--similarity", judged / "bad.txt")
    assert "bad.txt, line 1: 2 fields where two words and a score are expected" in told
    assert "there is no file" in fails("evaluate", royals, "--similarity", judged / "none.tsv")
    assert "is not a model" in fails("evaluate", judged, "--similarity", judged / "pairs.tsv")
    assert "--restrict-vocab is 0; give a whole number of at least 1" in fails(
        "evaluate", royals, "--similarity", judged / "pairs.tsv", "--restrict-vocab", 0
    )


def test_info(model):
    text = works("info", model).stdout
    assert "table E  4 items, 2 numbers each: east, near, caf\u00e9 au lait, ..." in text
    assert json.loads(works("info", model, "--json").stdout)["trained_with"] == {"seed": 1}
    assert "is not a model" in fails("info", model / "nothing")


# --- plot, export, import, demo


@pytest.mark.parametrize("name", ["v.txt", "v.parquet"])
def test_a_file_of_vectors_is_shown_and_drawn(tmp_path, name):
    file = tmp_path / name
    rs.export(rs.Table.from_array(np.eye(3, 2, dtype=np.float32), ["a", "b", "c"]), file)
    assert "3 items, 2 numbers each: a, b, c" in works("info", file).stdout
    works("plot", file, "-o", tmp_path / "v.png", "--label", "a")
    assert (tmp_path / "v.png").stat().st_size > 1000
    assert "is a file, which holds rows and no costs" in fails("plot", file, "--cost", "-o", tmp_path / "c.png")


def test_a_neighbour_in_another_table_says_which(tmp_path):
    users = rs.Table.from_array(np.eye(2, dtype=np.float32), ["ann", "bob"])
    films = rs.Table.from_array(np.eye(2, dtype=np.float32), ["alien", "brazil"])
    rs.Model({"U": users, "V": films}).save(tmp_path / "m")
    lines = works("neighbors", tmp_path / "m", "ann", "alien").stdout.splitlines()
    assert (lines[0], lines[3]) == ("ann", "alien (table V)")


def test_a_training_that_had_ended_says_so(pairs, tmp_path):
    words = ["train", "pairs", pairs, "-o", tmp_path / "m", *TRAIN]
    works(*words, "--checkpoint", tmp_path / "saved")
    again = works(*words, "--resume", tmp_path / "saved")
    assert "resumed after 2 whole epochs" in again.stderr
    assert "that training had come to its end" in again.stderr


def test_plot_a_model_and_a_trace(model, tmp_path):
    trace = tmp_path / "t.tsv"
    trace.write_text("i\tn\td0\td1\n0\ta\t0.0\t1.0\n9\ta\t1.0\t0.0\n")
    for source, name in ((model, "m.png"), (model, "m.svg"), (model, "m.pdf"), (trace, "t.png"), (trace, "t.gif")):
        assert works("plot", source, "-o", tmp_path / name).stdout == f"{tmp_path / name}\n"
        assert (tmp_path / name).stat().st_size > 500


def test_plot_some_items_of_a_model(tmp_path):
    rs.Model({"E": rs.Table(names=["ab", "cd", "ef"], dim=2, seed=0)}).save(tmp_path / "m")
    (tmp_path / "items.txt").write_text("ab\nef\n")
    works("plot", tmp_path / "m", "--items", tmp_path / "items.txt", "--label", "ef", "-o", tmp_path / "p.svg")
    drawn = (tmp_path / "p.svg").read_text()
    assert ">ef</text>" in drawn
    assert ">ab</text>" not in drawn
    assert "did you mean 'ab'" in fails("plot", tmp_path / "m", "--label", "abb", "-o", tmp_path / "p.svg")
    assert "none.txt" in fails("plot", tmp_path / "m", "--items", tmp_path / "none.txt", "-o", tmp_path / "p.svg")
    (tmp_path / "items.txt").write_bytes(b"\xff\xfe")
    assert "items.txt" in fails("plot", tmp_path / "m", "--items", tmp_path / "items.txt", "-o", tmp_path / "p.svg")
    assert "--label is for a picture of a model's items" in fails(
        "plot", tmp_path / "m", "--cost", "--label", "ab", "-o", tmp_path / "p.svg"
    )


def test_plot_the_costs_of_a_model(model, tmp_path):
    trained = tmp_path / "trained"
    rs.Model({"E": rs.Table(3, 2)}, cost=[2, 1]).save(trained)
    assert works("plot", trained, "--cost", "-o", tmp_path / "c.png").stdout == f"{tmp_path / 'c.png'}\n"
    assert (tmp_path / "c.png").stat().st_size > 500
    assert "no costs to draw" in fails("plot", model, "--cost", "-o", tmp_path / "c.png")
    (tmp_path / "t.tsv").touch()
    assert "is a file, which holds rows" in fails("plot", tmp_path / "t.tsv", "--cost", "-o", tmp_path / "c.png")
    assert "written as .png, .svg" in fails("plot", trained, "--cost", "-o", tmp_path / "c.gif")
    assert "is not a model" in fails("plot", "nothing", "--cost", "-o", tmp_path / "c.png")
    works("plot", trained, "--cost", "-o", tmp_path / "c.svg", "--title", "Two epochs")
    assert ">Two epochs</text>" in (tmp_path / "c.svg").read_text()


def test_plot_in_colours(tmp_path):
    rs.Model({"E": rs.Table(names=["ab", "cd", "ef"], dim=2, seed=0)}).save(tmp_path / "m")
    values, out = tmp_path / "kinds.csv", tmp_path / "p.svg"
    values.write_text("item,kind,size\nab,long,1\ncd,short,2\n")
    for color, said in ((values, "kind"), (f"{values}:size", "size"), ("clusters:2", "2 clusters")):
        works("plot", tmp_path / "m", "--color", color, "-o", out)
        assert f">{said}</text>" in out.read_text()
    rs.Model({"E": rs.Table(3, 2, seed=0)}).save(tmp_path / "numbered")
    (tmp_path / "rows.tsv").write_text("0\tlow\n1\tlow\n2\thigh\n")
    works("plot", tmp_path / "numbered", "--color", tmp_path / "rows.tsv", "-o", out)
    assert ">low</text>" in out.read_text()
    assert "did you mean 'size'" in fails("plot", tmp_path / "m", "--color", f"{values}:sizes", "-o", out)
    assert "there is no file nothing:size" in fails("plot", tmp_path / "m", "--color", "nothing:size", "-o", out)
    assert "layout 'tsne' is not one of pca, umap" in fails("plot", tmp_path / "m", "--layout", "tsne", "-o", out)
    assert "--layout is for a picture" in fails("plot", tmp_path / "m", "--cost", "--layout", "umap", "-o", out)
    assert "--color is for a picture" in fails("plot", tmp_path / "m", "--cost", "--color", values, "-o", out)


def test_a_file_is_read_once_to_be_drawn(tmp_path, monkeypatch):
    read, trace, file = [], tmp_path / "t.tsv", tmp_path / "t.parquet"
    trace.write_text("i\tn\td0\n0\ta\t0.0\n9\ta\t1.0\n")
    columns = {"i": [0, 9], "n": ["a", "a"], "d0": np.float32([0, 1])}
    pq.write_table(pa.table(columns), file)
    once = rs.read_trace
    for module in ("rowspace", "rowspace.plot"):
        monkeypatch.setattr(f"{module}.read_trace", lambda path: read.append(path) or once(path))
    for source in (trace, file):
        works("plot", source, "-o", tmp_path / "t.svg")
    assert read == [trace, file]


def test_errors_of_plot(model, tmp_path):
    assert "cannot draw" in fails("plot", model, "-o", tmp_path / "m.gif")
    assert "no such file" in fails("plot", "nothing.tsv", "-o", tmp_path / "m.png")
    assert "is not a model" in fails("plot", "nothing", "-o", tmp_path / "m.png")


@pytest.mark.parametrize(
    ("name", "options"),
    [("v.bin", []), ("v.npy", []), ("v.parquet", []), ("v.dat", ["--format", "word2vec-binary"])],
)
def test_export_and_import_again(model, tmp_path, name, options):
    plain = tmp_path / "plain"
    rs.Model({"E": rs.Table(names=["a", "b"], dim=3)}).save(plain)
    works("export", plain, tmp_path / name, *options)
    works("import", tmp_path / name, "-o", tmp_path / "again", *options)
    np.testing.assert_array_equal(rs.open(tmp_path / "again").vectors, rs.open(plain).vectors)


def test_errors_of_export_and_import(model, pairs, tmp_path):
    assert "cannot" in fails("export", model, tmp_path / "v.txt")  # a name with a line end
    assert not (tmp_path / "v.txt").exists()
    assert "not known" in fails("export", model, tmp_path / "v.txt", "--format", "xml")
    assert "has no table 'F'; it has: E" in fails("export", model, tmp_path / "v.npy", "--table", "F")
    assert "No such file" in fails("import", tmp_path / "nothing.txt", "-o", tmp_path / "m")
    assert "not overwritten" in fails("import", tmp_path / "nothing.txt", "-o", tmp_path)


def test_demo_is_the_demo(tmp_path, monkeypatch):
    monkeypatch.setattr("rowspace.demo.story.run", lambda folder, say: say(f"into {folder}"))
    assert works("demo", "--out", tmp_path / "d").stdout == f"into {tmp_path / 'd'}\n"


# --- as a process


@pytest.mark.parametrize(
    "asked", [["neighbors", "east"], ["analogy", "east", "near", "east"]], ids=lambda asked: asked[0]
)
def test_questions_import_no_compiler(model, asked):
    result = shell(asked[0], model, *asked[1:], python=["-X", "importtime"])
    assert result.returncode == 0
    imported = {line.split("|")[-1].strip().split(".")[0] for line in result.stderr.splitlines()}
    assert "numpy" in imported
    assert not imported & {"pytensor", "numba", "pyarrow", "matplotlib", "scipy", "rich"}


@pytest.mark.slow
def test_neighbors_is_quick(model):
    shell("neighbors", model, "east")
    took = []
    for _ in range(5):
        start = time.perf_counter()
        shell("neighbors", model, "east")
        took.append(time.perf_counter() - start)
    assert min(took) < 0.5


def test_results_and_errors_go_apart(model):
    found, lost = shell("neighbors", model, "east"), shell("neighbors", model, "west")
    assert (found.returncode, found.stderr) == (0, "")
    assert (lost.returncode, lost.stdout) == (1, "")
    assert lost.stderr.count("\n") == 1
    assert "Traceback" not in lost.stderr


def test_a_terminal_without_accents_gets_codes(model):
    result = shell("neighbors", model, "near", env={"PYTHONIOENCODING": "ascii"})
    assert result.returncode == 0
    assert "caf\\xe9 au lait" in result.stdout


@pytest.mark.skipif(os.name == "nt", reason="needs a pipe of the shell")
def test_a_reader_that_leaves_is_no_error(model):
    code = "from rowspace.cli import main; main()"
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-c", code, "neighbors", str(model), "east"]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    result = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, env=environment, timeout=60)
    os.close(writer)
    assert result.stderr == b""


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_ctrl_c_while_training(pairs, tmp_path):
    import signal

    # compiled beforehand: LLVM swallows an interrupt that comes while it compiles
    works("train", "pairs", pairs, "-o", tmp_path / "warm", "--epochs", 1)
    words = ["train", "pairs", pairs, "-o", tmp_path / "m", "--epochs", 10**9, "--trace", tmp_path / "t.tsv"]
    code = "from rowspace.cli import main; main()"
    command = [sys.executable, "-c", code, *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    with running(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        deadline = time.monotonic() + 60
        while not (tmp_path / "t.tsv.part").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert err.decode().splitlines() == [UNKEPT, "rowspace: interrupted"]
    assert not (tmp_path / "m").exists()
