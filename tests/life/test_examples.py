"""The notebooks of `examples/`: their cells run one after another, and they are kept with small outputs."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))


def cells(path):
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]


def test_there_are_notebooks():
    assert len(NOTEBOOKS) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_runs(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    if any("import torch" in "".join(cell["source"]) for cell in cells(path)):
        pytest.importorskip("torch")
    for cell in cells(path):
        exec(compile("".join(cell["source"]), path.name, "exec"), names)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_kept_and_small(path):
    assert path.stat().st_size < 200_000
    kinds = [output["output_type"] for cell in cells(path) for output in cell["outputs"]]
    assert kinds
    assert "error" not in kinds
    assert [cell["execution_count"] for cell in cells(path)] == [n + 1 for n in range(len(cells(path)))]
