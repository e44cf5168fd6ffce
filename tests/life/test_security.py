"""What SECURITY.md promises of code: none is run from data, and none of ours could."""

import ast
import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

import rowspace as rs
from rowspace.checkpoint.store import Store
from rowspace.errors import CheckpointError
from rowspace.system.digests import digest_of_texts

PACKAGE = Path(rs.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
RUNS_CODE = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "runpy", "code", "ctypes"}
CALLS = {"eval", "exec", "compile", "__import__", "np.load", "numpy.load"}
ALLOWED = {
    *(("compile.py", name) for name in ("exec", "compile")),
    *(
        (name, "ctypes") for name in ("swap.py", "mapped.py", "threads.py")
    ),  # calls of the system, and of torch's OpenMP
}


def uses(path):
    """What a module imports or calls that could run data, by name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [name.name for name in node.names]
            yield from (name for name in names if name.split(".")[0] in RUNS_CODE)
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in CALLS or name.endswith((".literal_eval", ".system")):
                yield name
            yield from (
                f"{name}(allow_pickle=True)"
                for keyword in node.keywords
                if keyword.arg == "allow_pickle" and ast.unparse(keyword.value) != "False"
            )


def test_nothing_here_runs_data():
    assert {(path.name, use) for path in FILES for use in uses(path)} == ALLOWED
    assert len(FILES) > 100


def test_the_search_finds_what_it_looks_for(tmp_path):
    bad = "import pickle\nfrom joblib import load\nnp.load(x)\neval(y)\nnp.save(z, allow_pickle=True)\n"
    bad += "ast.literal_eval(x)\n"
    (tmp_path / "bad.py").write_text(bad)
    found = sorted(uses(tmp_path / "bad.py"))
    assert found == ["ast.literal_eval", "eval", "joblib", "np.load", "np.save(allow_pickle=True)", "pickle"]


WATCHED = """
import os, sys
from contextlib import closing
from pathlib import Path
import numpy as np
import rowspace as rs
from rowspace import formats
from rowspace.checkpoint.store import Store

folder = Path(sys.argv[1])
E = rs.Table.from_array(np.eye(4, dtype=np.float32), ["a", "b", "c", "d"], counts=[4, 3, 2, 1])
names = ["v.txt", "v.vec", "v.bin", "v.txt.gz", "v.npy", "v.parquet"]
for part in ("first", "then"):
    (folder / part).mkdir()
    rs.Model({"E": E}, {"cost": "skip_gram"}, [1.0]).save(folder / part / "m")
    for name in names:
        rs.export(E, folder / part / name)
    data = {"i": [0, 1], "j": [2, 3], "label": [1.0, 0.0]}
    rs.Trainer(rs.costs.l1_dot, {"E": rs.Table(4, 4)}).fit(data, checkpoint=folder / part / "c")

def everything(part):
    rs.open(folder / part / "m", check=True).most_similar("a")
    rs.open(folder / part / "m", "r+").tables["E"].flush()
    for name in names:
        rs.import_(folder / part / name)
    with closing(Store(folder / part / "c")) as slots:
        slots.newest().array("E.values")

everything("first")  # imports what is imported late
seen, opened = set(), set()

def watch(event, arguments):
    if event in ("exec", "compile", "pickle.find_class", "os.system", "subprocess.Popen", "import", "ctypes.dlopen"):
        seen.add((event, str(arguments)[:200]))
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        opened.add(os.path.realpath(os.fsdecode(arguments[0])))

sys.addaudithook(watch)
everything("then")
inside, temporary = os.path.realpath(folder / "then"), os.path.realpath(os.environ["TMPDIR"])
system = ("/proc/", "/sys/fs/cgroup/")  # how much memory there is
outside = {path for path in opened if not path.startswith((inside, temporary, *system))}
assert opened and not outside, outside
assert not seen, seen
eval("1 + 1")
assert {event for event, _ in seen} == {"compile", "exec"}  # the hook works
"""


@pytest.mark.skipif(sys.platform == "win32", reason="paths of temporary files")
def test_opening_and_importing_run_nothing_and_read_nothing_else(tmp_path):
    (tmp_path / "temporary").mkdir()
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), "TMPDIR": str(tmp_path / "temporary")}
    command = [sys.executable, "-c", WATCHED, str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# --- checkpoints that somebody made on purpose


@pytest.fixture
def checkpoint(tmp_path):
    with closing(Store(tmp_path / "c")) as kept:
        for _ in range(2):
            kept.write({"E.values": np.zeros((3, 2), np.float32)}, {"finished": False})
    return tmp_path / "c"


@pytest.mark.parametrize("name", ["000001/E.values.npy", "000002/checkpoint.json", "000001", ".lock", ".next"])
def test_a_link_in_a_folder_of_checkpoints_is_not_written_through(checkpoint, tmp_path, name):
    precious = tmp_path / "precious"
    precious.mkdir() if name in ("000001", ".next") else precious.write_text("precious")
    if (checkpoint / name).exists():
        (checkpoint / name).rename(tmp_path / "away")
    (checkpoint / name).symlink_to(precious)
    with pytest.raises(CheckpointError, match="is a link; put the files themselves"):
        Store(checkpoint)
    assert not precious.is_dir() or os.listdir(precious) == []
    assert precious.is_dir() or precious.read_text() == "precious"


@pytest.mark.parametrize(("name", "dtype"), [("../../precious", "<f4"), ("/precious", "<f4"), ("E.values", "|O")])
def test_a_checkpoint_names_arrays_of_numbers_in_its_own_folder(checkpoint, name, dtype):
    for folder in ("000001", "000002"):
        path = checkpoint / folder / "checkpoint.json"
        content = json.loads(json.loads(path.read_text())["content"])
        content["arrays"] = {name: [dtype, *content["arrays"]["E.values"][1:]]}
        text = json.dumps(content)
        path.write_text(json.dumps({"mark": digest_of_texts([text]), "content": text}))
    with (
        closing(Store(checkpoint)) as kept,
        pytest.raises(CheckpointError, match=r"is damaged: .*arrays.* instead of (a name|one of)"),
    ):
        kept.newest()
