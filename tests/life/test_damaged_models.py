"""Every command, given a model that is damaged, newer or none: one line, status 1, nothing written."""

import json
import os
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

import rowspace as rs
from rowspace.cli import app
from rowspace.model import manifest


def flipped(name):
    def damage(folder):
        data = bytearray((folder / name).read_bytes())
        data[-3] ^= 1
        (folder / name).write_bytes(data)

    return damage


def newer(folder):
    described = json.loads((folder / "model.json").read_text())
    described.pop("xxh3_128")
    (folder / "model.json").write_bytes(manifest.written({**described, "version": 2}))


def none_of_ours(folder):
    for path in folder.iterdir():
        path.unlink()
    (folder / "letter.txt").write_text("Dear")


DAMAGES = {
    "cut values": lambda m: os.truncate(m / "E.npy", 130),
    "no values": lambda m: os.truncate(m / "E.npy", 0),
    "values gone": lambda m: (m / "E.npy").unlink(),
    "altered values": flipped("E.npy"),
    "altered names": flipped("E.names.json"),
    "altered counts": flipped("E.counts.npy"),
    "altered description": flipped("model.json"),
    "empty description": lambda m: os.truncate(m / "model.json", 0),
    "endless description": lambda m: os.truncate(m / "model.json", 2**34),
    "nested description": lambda m: (m / "model.json").write_text("[" * 10**6),
    "newer": newer,
    "none of ours": none_of_ours,
    "nothing": lambda m: shutil.rmtree(m),
}
COMMANDS = {
    "info": "info m",
    "info as json": "info m --json",
    "check": "check m",
    "neighbors": "neighbors m a",
    "analogy": "analogy m a b c",
    "evaluate": "evaluate m --similarity judged.tsv",
    "plot": "plot m -o p.png",
    "plot the costs": "plot m --cost -o p.png",
    "export": "export m v.txt",
    "train over it": "train pairs pairs.csv -o m --epochs 1000000000",
    "import over it": "import v.glove -o m --format glove",
    "go on": "train text text.txt --from m -o n --epochs 1",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    E = rs.Table.from_array(np.eye(4, dtype=np.float32), ["a", "b", "c", "d"], counts=[4, 3, 2, 1])
    rs.Model({"E": E}, {"cost": "skip_gram"}, [2.0, 1.0]).save("m")
    (tmp_path / "pairs.csv").write_text("from,to\na,b\nb,c\n")
    (tmp_path / "judged.tsv").write_text("a\tb\t1\nb\tc\t2\n")
    (tmp_path / "text.txt").write_text("a b c d a b c\n" * 9)
    (tmp_path / "v.glove").write_text("a 1 2\nb 3 4\n")
    return tmp_path


def everything(folder):
    return {str(path): path.stat().st_size for path in folder.rglob("*")}


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_command_says_so_in_a_line(folder, damage):
    DAMAGES[damage](folder / "m")
    before = everything(folder)
    for name, words in COMMANDS.items():
        if damage == "nothing" and "over it" in name:
            continue  # then there is nothing in the way
        result = CliRunner().invoke(app, words.split())
        assert result.exit_code == 1, (words, result.output, result.exception)
        assert result.stdout == ""
        lines = result.stderr.splitlines()
        assert len(lines) == 1, (words, lines)
        assert lines[0].startswith("rowspace: m"), lines
        assert len(lines[0]) < 300
        if "over it" in name:
            assert lines[0].endswith("it is not overwritten: choose another folder"), lines
        assert everything(folder) == before, words


def test_of_several_models_the_damaged_are_told(folder):
    shutil.copytree("m", "n")
    flipped("E.npy")(folder / "n")
    result = CliRunner().invoke(app, ["check", "m", "n", "none", "m"])
    assert result.exit_code == 1
    assert result.stdout == "m: 3 files, 372 bytes, as written\n" * 2
    first, second = result.stderr.splitlines()
    assert first.startswith("rowspace: n/E.npy was altered or damaged since it was written (checksum ")
    assert second == "rowspace: none is not a model: there is no such folder"
    rs.open("m", "r+")
    result = CliRunner().invoke(app, ["check", "m"])
    told = "there is no checksum of E.npy, as written by an earlier rowspace or opened for writing"
    assert (result.exit_code, result.stdout) == (0, f"m: 3 files, 372 bytes; {told}\n")
