"""Costs and data beside those of a checkpoint: what is compared, and what is said of a difference."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import rowspace as rs
from rowspace.columns.digests import what_differs
from rowspace.errors import CheckpointError
from rowspace.system.digests import digest_of_texts

pytestmark = pytest.mark.filterwarnings("ignore::rowspace.SlowCost")

DATA = {"i": np.arange(6), "label": np.ones(6)}


def begun(cost):
    return rs.Trainer(cost, {"E": rs.Table(6, 3, seed=0)}, rs.sgd(0.1))


def test_random_numbers_are_refused_with_checkpoints(tmp_path):
    def dropout(E, i, label):
        kept = pt.random.normal(size=3, rng=pt.random.shared_rng(seed=0), return_next_rng=True)[1] > 0
        return ((E[i] * kept).sum() - label) ** 2

    with pytest.raises(CheckpointError, match="the cost 'dropout' holds random numbers .* train without checkpoints"):
        begun(dropout).fit(DATA, checkpoint=tmp_path / "c")
    assert not list(tmp_path.glob("c/0*"))
    assert len(begun(dropout).fit(DATA)) == 1


def scaled(scale):
    def cost(E, i, label):
        return ((E[i] * scale).sum() - label) ** 2

    return cost


def test_a_shared_variable_is_read_again_when_it_changed():
    scale = pytensor.shared(np.float32(1))
    trainer = begun(scaled(scale))
    trainer.fit(DATA, epochs=2, callbacks=[lambda _: scale.set_value(np.float32(3))])
    tables = begun(scaled(np.float32(1))).tables
    for factor in (1, 3):
        rs.Trainer(scaled(np.float32(factor)), tables, rs.sgd(0.1)).fit(DATA)
    np.testing.assert_allclose(trainer.tables["E"].values, tables["E"].values, rtol=1e-5)


def test_a_shared_variable_may_not_change_between_checkpoints(tmp_path):
    scale = pytensor.shared(np.float32(1))
    change = lambda trainer: scale.set_value(np.float32(2)) if len(trainer.history) == 2 else None
    with pytest.raises(CheckpointError, match="shared variables in the cost 'cost' have other values"):
        begun(scaled(scale)).fit(DATA, epochs=3, checkpoint=tmp_path / "c", every="1 chunks", callbacks=[change])
    with pytest.raises(CheckpointError, match="shared variables in the cost 'cost' have other values"):
        begun(scaled(scale)).resume(tmp_path / "c", DATA)
    scale.set_value(np.float32(1))
    assert len(begun(scaled(scale)).resume(tmp_path / "c", DATA)) == 3


FIT = """
import sys
import numpy as np
import rowspace as rs
data = {"i": np.arange(6), "label": np.ones(6)}
for folder, options in {"one by one": {}, "in batches": {"batch": 2}}.items():
    trainer = rs.Trainer(lambda E, i, label: (E[i].sum() - label) ** 2, {"E": rs.Table(6, 3)}, rs.sgd(0.1))
    try:
        fitted = trainer.fit(data, 2, checkpoint=f"{sys.argv[1]}/{folder}", resume=True, **options)
        print(len(fitted), trainer.kernel.source.count("written otherwise"))
    except rs.RowspaceError as error:
        print(error)
"""


OTHERWISE = """
_before = with_what_it_uses
def with_what_it_uses(*given):
    return "# written otherwise\\n" + _before(*given)
"""


def test_a_resume_compares_the_loops_and_not_what_writes_them(tmp_path):
    """A comment in the module that writes loops changes nothing; a line more in every loop makes other loops."""
    package = Path(rs.__file__).parent
    writer = package / "kernel" / "emit" / "python.py"

    def fitted(more):
        shutil.copytree(package, tmp_path / "src" / "rowspace", dirs_exist_ok=True)
        (tmp_path / "src" / "rowspace" / writer.relative_to(package)).write_text(writer.read_text() + more)
        run = [sys.executable, "-c", FIT, str(tmp_path)]
        environment = os.environ | {"PYTHONPATH": str(tmp_path / "src")}
        return subprocess.run(run, capture_output=True, text=True, env=environment, check=True).stdout

    assert fitted("") == "2 0\n" * 2
    assert fitted("# a comment\n") == "2 0\n" * 2
    told = fitted(OTHERWISE)
    assert told.count("the loops of the cost '<lambda>' are not those of the checkpoint (mark ") == 2
    assert told.count("this rowspace writes them otherwise") == 2


def test_a_checkpoint_of_before_loops_were_compared_is_resumed(tmp_path):
    begun(scaled(np.float32(1))).fit(DATA, checkpoint=tmp_path / "c")
    manifest = next(tmp_path.glob("c/0*/checkpoint.json"))
    content = json.loads(json.loads(manifest.read_text())["content"])
    content["told"]["settings"]["the part of rowspace that writes loops"] = "0" * 64
    costs = content["told"]["marks"]["costs"]
    content["told"]["marks"]["costs"] = {structure: [values, name] for structure, (values, name, _) in costs.items()}
    text = json.dumps(content)
    manifest.write_text(json.dumps({"mark": digest_of_texts([text]), "content": text}))
    assert len(begun(scaled(np.float32(1))).resume(tmp_path / "c", DATA)) == 1


def test_what_differs():
    before = "3 examples, i aaaaaaaaaa, w bbbbbbbbbb"
    assert what_differs(before, "4 examples, i aaaaaaaaaa, w cccccccccc") == (
        "4 examples, were 3; column w has the mark cccccccc, was bbbbbbbb"
    )
    assert what_differs(before, "3 examples, i aaaaaaaaaa") == "column w has the mark none, was bbbbbbbb"
    assert what_differs("", before).startswith("3 examples, were ")
