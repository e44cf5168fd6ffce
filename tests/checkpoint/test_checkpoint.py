"""Checkpoints: a training that was stopped anywhere goes on to the bytes of one that was not."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import rowspace as rs
from rowspace import costs
from rowspace.checkpoint import store
from rowspace.checkpoint.arrays import PIECE, damage, read_into, write_changed
from rowspace.checkpoint.checkpoints import Every
from rowspace.checkpoint.saved import MANIFEST
from rowspace.checkpoint.store import Store
from rowspace.errors import CheckpointError, DataError, Locked
from tests.support.commands import fails, works
from tests.support.killing import CASES, EPOCHS, Stream, columns
from tests.support.processes import ROOT, running
from tests.support.quick import quick

KILLING = [sys.executable, "-m", "tests.support.killing"]


class Stopped(BaseException):
    """What no code of the trainer catches."""


class Stop:
    """Stops a training after some checkpoints, as Ctrl-C might."""

    def __init__(self, windows):
        self.left = windows

    def __call__(self, checkpoints, arrays, document):
        WRITE(checkpoints, arrays, document)
        self.left -= 1
        if not self.left:
            raise Stopped


from rowspace.checkpoint.checkpoints import Checkpoints  # noqa: E402

WRITE = Checkpoints.write


def trainer(update=None, rows=12_000, seed=0):
    E = rs.Table(rows, 8, seed=seed)
    return rs.Trainer(costs.logistic_dot, {"E": E}, rs.adagrad(rs.linear(0.1)) if update is None else update)


def stopped(folder, monkeypatch, windows, begun=None, data=None, every=0, **options):
    """A training stopped after so many windows, with a checkpoint after each."""
    begun = trainer() if begun is None else begun
    stop = Stop(windows)
    monkeypatch.setattr(Checkpoints, "write", lambda self, *given: stop(self, *given))
    with pytest.raises(Stopped):
        given = {"epochs": EPOCHS, "checkpoint": folder, "every": every, **options}
        begun.fit(columns() if data is None else data, **given)
    monkeypatch.setattr(Checkpoints, "write", WRITE)
    return begun


def numbers(folder):
    return sorted(path.name for path in Path(folder).iterdir() if path.name.isdecimal())


# --- the same bytes --------------------------------------------------------------------------------------------------


def killed(*arguments):
    """Run `killing.py`; its last line."""
    done = subprocess.run([*KILLING, *map(str, arguments)], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("case", quick(["adagrad", "exact", "stream", "skip_gram"], "adagrad", "skip_gram"))
def test_the_same_bytes_after_kills_at_random_moments(case):
    assert f"{case}: 8 kills" in killed(case, 8)


def test_the_same_bytes_after_a_kill_at_any_call_that_changes_the_disk():
    told = killed("batch", "--calls", 47)
    assert int(told.split()[3]) > 5, told


@pytest.mark.slow
def test_the_same_bytes_after_many_kills_of_every_case():
    assert killed("all", 40).count(": 40 kills,") == len(CASES)


@pytest.mark.slow
@pytest.mark.parametrize("case", ["adagrad", "skip_gram", "stream"])
def test_the_same_bytes_after_a_kill_at_every_single_call(case):
    told = killed(case, "--calls", 1)
    assert int(told.split()[3]) > 50, told


@cache
def whole_training(update):
    """A training by an update that was left alone, and its history."""
    whole = trainer(update)
    return whole, whole.fit(columns(), EPOCHS, shuffle=True, threads=2)


@pytest.mark.parametrize("windows", [1, 2, 3, 5])
@pytest.mark.parametrize("update", [rs.lazy_adam(rs.linear(0.01)), rs.exact(rs.momentum(rs.linear(0.01)))])
def test_stopped_after_any_window(tmp_path, monkeypatch, update, windows):
    whole, history = whole_training(update)
    stopped(tmp_path / "c", monkeypatch, windows, trainer(update), shuffle=True, threads=1)
    resumed = trainer(update, seed=5)  # its values do not matter
    again = resumed.resume(tmp_path / "c", columns(), threads=3)
    for one, other in zip([whole.tables["E"].values, *whole.states["E"]], arrays(resumed), strict=True):
        np.testing.assert_array_equal(one, other)
    assert [(e.number, e.cost, e.costed, e.examples) for e in again] == [
        (e.number, e.cost, e.costed, e.examples) for e in history
    ]
    assert (resumed.examples, resumed.steps) == (whole.examples, whole.steps)


def arrays(of):
    return [of.tables["E"].values, *of.states["E"]]


def test_a_checkpoint_changes_nothing(tmp_path):
    plain, kept = trainer(), trainer()
    plain.fit(columns(), EPOCHS)
    kept.fit(columns(), EPOCHS, checkpoint=tmp_path / "c", every=0)
    np.testing.assert_array_equal(plain.tables["E"].values, kept.tables["E"].values)


def test_what_is_learned_after_a_resume_goes_on_as_ever(tmp_path, monkeypatch):
    """A second fit of the trainer, too, is that of one never interrupted."""
    whole = trainer()
    whole.fit(columns(), EPOCHS)
    whole.fit(columns(3), 1)
    stopped(tmp_path / "c", monkeypatch, 2)
    resumed = trainer()
    resumed.resume(tmp_path / "c", columns())
    resumed.fit(columns(3), 1)
    np.testing.assert_array_equal(whole.tables["E"].values, resumed.tables["E"].values)


def test_a_second_fit_is_resumed(tmp_path, monkeypatch):
    def begun():
        made = trainer()
        made.fit(columns(3), 1)
        return made

    whole = begun()
    history = whole.fit(columns(), EPOCHS)
    stopped(tmp_path / "c", monkeypatch, 2, begun())
    resumed = trainer()
    again = resumed.resume(tmp_path / "c", columns())
    np.testing.assert_array_equal(whole.tables["E"].values, resumed.tables["E"].values)
    assert [e.cost for e in again] == [e.cost for e in history]
    assert len(resumed.history) == 1 + EPOCHS


def test_a_frozen_table_is_compared_and_not_kept(tmp_path, monkeypatch):
    def begun(seed):
        tables = {"W": rs.Table(300, 4, seed=1), "C": rs.Table(300, 4, seed=seed)}
        return rs.Trainer(lambda W, C, i, j: abs(W[i] @ C[j] - 1), tables, {"W": rs.sgd(0.1), "C": None})

    data = {"i": np.arange(300), "j": np.arange(300)[::-1].copy()}
    stopped(tmp_path / "c", monkeypatch, 1, begun(2), data)
    assert not list((tmp_path / "c").glob("*/C*"))
    with pytest.raises(CheckpointError, match="the values of table C: mark [0-9a-f]{8}, was mark [0-9a-f]{8}"):
        begun(3).resume(tmp_path / "c", data)
    assert len(begun(2).resume(tmp_path / "c", data)) == EPOCHS


def test_a_finished_training_gives_its_end_again(tmp_path):
    begun = trainer()
    history = begun.fit(columns(), EPOCHS, checkpoint=tmp_path / "c")
    other = trainer(seed=7)
    assert other.resume(tmp_path / "c", columns()) == history
    np.testing.assert_array_equal(begun.tables["E"].values, other.tables["E"].values)
    trainer().fit(columns(), 1, checkpoint=tmp_path / "c")  # and may be written over
    assert len(trainer().resume(tmp_path / "c", columns())) == 1


class Heard:
    """What callbacks hear, with the number of whole epochs."""

    def __init__(self):
        self.heard = []

    def __getattr__(self, event):
        if not event.startswith("on_"):
            raise AttributeError(event)
        return lambda trainer: self.heard.append((event, len(trainer.history)))


@pytest.mark.parametrize("windows", [3, 4, 7])
def test_callbacks_go_on(tmp_path, monkeypatch, windows):
    """Three windows an epoch: that in which it was stopped does not begin again."""
    stopped(tmp_path / "c", monkeypatch, windows)
    heard = Heard()
    trainer().resume(tmp_path / "c", columns(), callbacks=[heard])
    whole = (windows - 1) // 3
    expected = [("on_train_begin", 0), ("on_resume", whole), ("on_epoch_end", whole + 1)]
    for epoch in range(whole + 1, EPOCHS):
        expected += [("on_epoch_begin", epoch), ("on_epoch_end", epoch + 1)]
    assert heard.heard == [*expected, ("on_train_end", EPOCHS)]


def test_a_callback_that_makes_the_first_rows_does_so_before(tmp_path, monkeypatch):
    class Ones:
        def on_train_begin(self, trainer):
            trainer.tables["E"].values[:] = np.float32(0.1)

    whole = trainer()
    whole.fit(columns(), EPOCHS, callbacks=[Ones()])
    stopped(tmp_path / "c", monkeypatch, 4, callbacks=[Ones()])
    resumed = trainer()
    resumed.resume(tmp_path / "c", columns(), callbacks=[Ones()])
    np.testing.assert_array_equal(whole.tables["E"].values, resumed.tables["E"].values)


# --- what differs ----------------------------------------------------------------------------------------------------


def other_cost(E, i, j, label):
    return abs(label - E[i] @ E[j])


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"update": rs.adagrad(rs.linear(0.2))}, "the rate of table E: 0.2 to 0.0"),
        ({"update": rs.sgd(rs.linear(0.1))}, "the update of table E: sgd, was adagrad"),
        ({"update": rs.adagrad(rs.linear(0.1), epsilon=1e-3)}, "the steps of the update of table E: mark "),
        ({"rows": 12_001}, "the shape of table E: 12001 x 8, was 12000 x 8"),
        ({"epochs": 4}, "epochs: 4, was 3"),
        ({"seed": 1}, "seed: 1, was 0"),
        ({"shuffle": True}, "shuffle: True, was False"),
        ({"blocks": 16}, "blocks: 16, was None"),
        ({"batch": 100}, "batch: 100, was None"),
        (
            {"label": 0.5},
            r"chunk 0 of the data has other values \(column label has the mark .{8}, was .{8}\) than",
        ),
        (
            {"cost": other_cost},
            "the cost 'other_cost' of i .ids., j .ids., label .numbers. is not .* 'logistic_dot'",
        ),
        ({"names": True}, "the names of table E: 12000 names, mark .{8}, was none"),
    ],
)
def test_another_training_is_refused(tmp_path, monkeypatch, changed, told):
    stopped(tmp_path / "c", monkeypatch, 2)
    before = {path: path.read_bytes() for path in (tmp_path / "c").rglob("*") if path.is_file()}
    given = {
        "rows": 12_000,
        "epochs": EPOCHS,
        "cost": costs.logistic_dot,
        "update": rs.adagrad(rs.linear(0.1)),
    } | changed
    names = [f"n{k}" for k in range(given["rows"])] if given.pop("names", False) else None
    E = rs.Table(given.pop("rows"), 8, names=names)
    data = columns()
    if "label" in given:
        data["label"][70_000] = given.pop("label")
    made = rs.Trainer(given.pop("cost"), {"E": E}, given.pop("update"))
    with pytest.raises(CheckpointError, match=told):
        made.fit(data, given.pop("epochs"), checkpoint=tmp_path / "c", resume=True, **given)
    assert {path: path.read_bytes() for path in (tmp_path / "c").rglob("*") if path.is_file()} == before


def test_a_change_in_a_chunk_that_was_done_is_noticed(tmp_path, monkeypatch):
    chunks = [columns(n, 20_000) for n in range(4)]
    stopped(tmp_path / "c", monkeypatch, 3, data=chunks)
    chunks[1]["label"][5] += 1
    with pytest.raises(CheckpointError, match="chunk 1 of the data has other values .column label .* than that of the"):
        trainer().resume(tmp_path / "c", chunks)


@pytest.mark.parametrize("stop", [3, 4, 5, 8])
def test_a_change_in_any_chunk_is_noticed_after_the_first_epoch(tmp_path, monkeypatch, stop):
    chunks = [columns(n, 9000) for n in range(4)]
    stopped(tmp_path / "c", monkeypatch, stop, data=chunks)
    last = columns(9, 9000)
    told = "the data have (2|more) chunks|chunk 3 of the data has other values"
    for changed in [chunks[:2], [*chunks[:3], last], [*chunks, last]][: 3 if stop > 4 else 1]:
        with pytest.raises(CheckpointError, match=told):
            trainer().resume(tmp_path / "c", changed)
    assert [e.examples for e in trainer().resume(tmp_path / "c", chunks)] == [36_000] * EPOCHS


def test_an_iterator_that_was_read_is_not_taken_for_the_end(tmp_path, monkeypatch):
    chunks = iter([columns(n, 9000) for n in range(3)])
    stopped(tmp_path / "c", monkeypatch, 2, data=chunks, epochs=1)
    with pytest.raises(CheckpointError, match=r"the data have \d chunks, and the checkpoint was taken after 2"):
        trainer().resume(tmp_path / "c", chunks)


@pytest.mark.parametrize("changed", [{"label": 1.0}, {"cost": costs.squared_dot}])
def test_a_finished_training_is_compared_too(tmp_path, changed):
    trainer().fit(columns(), EPOCHS, checkpoint=tmp_path / "c")
    data = columns()
    data["label"][:] = changed.get("label", data["label"])
    made = rs.Trainer(changed.get("cost", costs.logistic_dot), trainer().tables, rs.adagrad(rs.linear(0.1)))
    with pytest.raises(CheckpointError, match="is not that of the checkpoint|than that of the checkpoint"):
        made.resume(tmp_path / "c", data)


def test_the_same_trainer_resumes_an_exact_update(tmp_path, monkeypatch):
    update = rs.exact(rs.momentum(rs.linear(0.01)))
    whole = trainer(update)
    whole.fit(columns(), EPOCHS)
    made = stopped(tmp_path / "c", monkeypatch, 9, trainer(update))
    made.resume(tmp_path / "c", columns())
    np.testing.assert_array_equal(whole.tables["E"].values, made.tables["E"].values)


class Told(Stream):
    def __init__(self, fingerprint):
        super().__init__(5000)
        self.fingerprint = fingerprint


def test_a_fingerprint_is_no_option(tmp_path):
    told = Told({"seed": "x", "epochs": "y"})
    trainer().fit(told, 2, checkpoint=tmp_path / "c")
    with pytest.raises(CheckpointError, match="epochs: 3, was 2; seed: 4, was 0"):
        trainer().fit(told, 3, seed=4, checkpoint=tmp_path / "c", resume=True)
    with pytest.raises(CheckpointError, match="the data's seed: z, was x"):
        trainer().resume(tmp_path / "c", Told({"seed": "z", "epochs": "y"}))


@pytest.mark.parametrize("fingerprint", ["abc", None, {"n": 3}, {1: "a"}, lambda: {}])
def test_fingerprints_that_are_none(tmp_path, fingerprint):
    with pytest.raises(DataError, match="give a dict of texts by name"):
        trainer().fit(Told(fingerprint), 1, checkpoint=tmp_path / "c")


def test_numbers_of_numpy_are_numbers(tmp_path):
    made = trainer()
    made.fit(columns(), np.int64(2), seed=np.int64(3), shuffle=np.bool_(True), checkpoint=tmp_path / "c")
    again = trainer().fit(columns(), 2, seed=3, shuffle=True, checkpoint=tmp_path / "c", resume=True)
    assert again == made.history


def test_a_rate_that_changes_a_little_later_is_noticed(tmp_path):
    at = lambda when: rs.sgd(lambda done: 0.1 if done < when else 0.01)
    trainer(at(0.51)).fit(columns(), 1, checkpoint=tmp_path / "c")
    with pytest.raises(CheckpointError, match="the rate of table E"):
        trainer(at(0.512)).resume(tmp_path / "c", columns())


def test_what_a_slow_cost_is_made_of_is_compared(tmp_path):
    import pytensor

    def cost_of(c, shared):
        def recurrence(E, i, label):
            steps = pytensor.scan(
                lambda x, s: s * np.float32(c) + x, E[i], pytensor.tensor.zeros(()), return_updates=False
            )
            return (steps[-1] * pytensor.shared(np.float32(shared)) - label) ** 2

        return recurrence

    def begun(c, shared):
        return rs.Trainer(cost_of(c, shared), {"E": rs.Table(9, 4)}, rs.sgd(0.1))

    data = {"i": np.arange(9), "label": np.ones(9)}
    with pytest.warns(rs.SlowCost):
        begun(0.5, 1).fit(data, 1, checkpoint=tmp_path / "c")
        begun(0.5, 1).resume(tmp_path / "c", data)
        for other in ((0.7, 1), (0.5, 2)):
            with pytest.raises(CheckpointError, match="in the cost 'recurrence' have other values"):
                begun(*other).resume(tmp_path / "c", data)


def test_chunks_that_draw_differently_are_their_own(tmp_path, monkeypatch):
    tables = {"W": rs.Table(50, 4), "C": rs.Table(50, 4, seed=1, counts=np.arange(50) + 1)}
    ids = np.arange(50)
    chunks = [
        {"center": ids, "context": ids, "negatives": rs.Negatives(of=tables["C"], power=power)} for power in (0.5, 0.75)
    ]
    begun = lambda: rs.Trainer(costs.skip_gram, {n: rs.Table.from_array(t.values.copy()) for n, t in tables.items()})
    stopped(tmp_path / "c", monkeypatch, 3, begun(), chunks)
    assert len(begun().resume(tmp_path / "c", chunks)) == EPOCHS


def test_negatives_drawn_otherwise_are_noticed(tmp_path, monkeypatch):
    def begun():
        return rs.Trainer(costs.skip_gram, {"W": rs.Table(50, 4), "C": rs.Table(50, 4, seed=1)}, rs.sgd(0.1))

    ids = np.arange(50)
    data = lambda power: {
        "center": ids,
        "context": ids,
        "negatives": rs.Negatives(of=rs.Table(50, 4, counts=ids), power=power),
    }
    stopped(tmp_path / "c", monkeypatch, 1, begun(), data(0.75))
    with pytest.raises(CheckpointError, match="the ids drawn"):
        begun().resume(tmp_path / "c", data(0.5))
    assert len(begun().resume(tmp_path / "c", data(0.75))) == EPOCHS


def test_a_function_that_gives_other_data_each_time_is_refused_when_it_does(tmp_path):
    rng = np.random.default_rng(0)
    with pytest.raises(CheckpointError, match="have a method at"):
        trainer().fit(lambda: [columns(rng.integers(1000), 500)], EPOCHS, checkpoint=tmp_path / "c")


LINES = [[f"w{n}" for n in line] for line in np.random.default_rng(0).integers(0, 60, (400, 8))]


def read(lines=LINES, **options):
    return rs.read_text(lines, min_count=1, **options)


def train(text, **given):
    return rs.train_text(text, **{"dim": 8, "epochs": 3, "progress": False} | given)


@pytest.fixture(scope="module")
def stopped_text(tmp_path_factory):
    """The checkpoints of a training of a text that was stopped."""
    folder, stop = tmp_path_factory.mktemp("text") / "c", Stop(2)
    with pytest.MonkeyPatch.context() as patch, read() as found, pytest.raises(Stopped):
        patch.setattr(Checkpoints, "write", lambda self, *given: stop(self, *given))
        train(found, checkpoint=folder, every=0)
    return folder


def bytes_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("text", "options", "told"),
    [
        (read, {"window": 3}, "the data's window: 3, was 5"),
        (read, {"seed": 2}, "seed: 2, was 0"),
        (read, {"sample": 0}, "the data's sampling: mark .{8}, was mark .{8}"),
        (read, {"ns_exponent": 0.5}, "the ids drawn"),
        (read, {"negative": 2}, "negatives .2 drawn. is not that of the checkpoint.* negatives .5 drawn."),
        (read, {"dim": 9}, "the shape of table W: 60 x 9, was 60 x 8"),
        (read, {"cost": "cbow"}, "schedule: "),
        (read, {"rate": 0.01}, "the rate of table W: 0.01 to 0.0"),
        (lambda: read([*LINES, ["w1", "w2"]]), {}, "the data's text: mark .{8}, was mark .{8}"),
        (lambda: read([*LINES, ["w1", "new"]]), {}, "the shape of table W: 61 x 8, was 60 x 8"),
    ],
)
def test_another_text_or_setting_is_refused(stopped_text, text, options, told):
    before = bytes_of(stopped_text)
    with text() as found, pytest.raises(CheckpointError, match=told):
        train(found, checkpoint=stopped_text, resume=True, **options)
    assert bytes_of(stopped_text) == before


def test_after_a_refusal_it_is_resumed_as_ever(tmp_path, stopped_text):
    shutil.copytree(stopped_text, tmp_path / "c")
    with read() as found, pytest.raises(CheckpointError, match="seed: 2, was 0"):
        train(found, checkpoint=tmp_path / "c", resume=True, seed=2)
    with read() as found:
        resumed = train(found, checkpoint=tmp_path / "c", resume=True)
        np.testing.assert_array_equal(resumed.table.values, train(found).table.values)


# --- the folder ------------------------------------------------------------------------------------------------------


def test_two_are_kept_and_half_a_one_is_removed(tmp_path, monkeypatch):
    stopped(tmp_path / "c", monkeypatch, 5)
    (tmp_path / "c" / ".next").mkdir()
    assert numbers(tmp_path / "c") == ["000004", "000005"]
    trainer().resume(tmp_path / "c", columns())
    assert numbers(tmp_path / "c") == ["000005", "000006"]
    assert sorted(p.name for p in (tmp_path / "c").iterdir()) == ["000005", "000006"]


@pytest.mark.parametrize("kind", ["byte", "end", "gone", "header", "manifest", "manifest digit"])
def test_a_damaged_checkpoint_is_left_out(tmp_path, monkeypatch, kind):
    """The one before is as good: it leads to the same bytes."""
    whole = trainer()
    whole.fit(columns(), EPOCHS)
    stopped(tmp_path / "c", monkeypatch, 4)
    break_it(tmp_path / "c" / "000004", kind)
    resumed = trainer()
    with pytest.warns(UserWarning, match="000004.*going on from .*000003"):
        resumed.resume(tmp_path / "c", columns())
    np.testing.assert_array_equal(whole.tables["E"].values, resumed.tables["E"].values)
    break_it(tmp_path / "c" / numbers(tmp_path / "c")[0], kind)
    break_it(tmp_path / "c" / numbers(tmp_path / "c")[1], kind)
    with pytest.raises(CheckpointError, match="no other checkpoint is left: start anew in another folder"):
        trainer().resume(tmp_path / "c", columns())


def break_it(place, kind):
    values, manifest = next(place.glob("E.values*.npy")), place / MANIFEST
    content = bytearray(values.read_bytes())
    content[10 if kind == "header" else 300_000] ^= 1
    if kind in ("byte", "header"):
        values.write_bytes(content)
    elif kind == "end":
        os.truncate(values, len(content) - 1)
    elif kind == "gone":
        values.unlink()
    elif kind == "manifest":
        os.truncate(manifest, 100)
    else:
        told = manifest.read_text()
        assert '\\"examples\\": ' in told
        manifest.write_text(told.replace('\\"examples\\": ', '\\"examples\\": 1', 1))


def test_a_checkpoint_of_another_format(tmp_path, monkeypatch):
    from rowspace.system.digests import digest_of_texts

    stopped(tmp_path / "c", monkeypatch, 1)
    manifest = tmp_path / "c" / "000001" / MANIFEST
    content = json.loads(json.loads(manifest.read_text())["content"]) | {"version": 3, "rowspace": "9.9"}
    text = json.dumps(content)
    manifest.write_text(json.dumps({"content": text, "mark": digest_of_texts([text])}))
    with pytest.raises(CheckpointError, match=r"format 3 .*; resume with rowspace 9\.9"):
        trainer().resume(tmp_path / "c", columns())


def test_a_training_that_has_not_ended_is_not_written_over(tmp_path, monkeypatch):
    stopped(tmp_path / "c", monkeypatch, 1)
    with pytest.raises(CheckpointError, match="has not come to its end, .*; resume it"):
        trainer().fit(columns(), EPOCHS, checkpoint=tmp_path / "c")


def test_folders_that_are_none(tmp_path):
    with pytest.raises(CheckpointError, match="there is no checkpoint folder"):
        trainer().resume(tmp_path / "none", columns())
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / ".DS_Store").touch()
    with pytest.raises(CheckpointError, match="holds no checkpoint yet"):
        trainer().resume(tmp_path / "empty", columns())
    assert len(trainer().fit(columns(), 1, checkpoint=tmp_path / "empty", resume=True)) == 1
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").touch()
    (tmp_path / "file").touch()
    assert len(trainer().fit(columns(), 1, checkpoint=tmp_path / "new", resume=True)) == 1
    for name in (".next", "000007", "2019"):  # a folder of somebody else's, by a name of ours
        (tmp_path / name / name).mkdir(parents=True)
        (tmp_path / name / name / "page.js").touch()
        with pytest.raises(CheckpointError, match="holds other things"):
            trainer().fit(columns(), 1, checkpoint=tmp_path / name)
        assert (tmp_path / name / name / "page.js").exists()
    for name, told in {"other": "holds other things, such as 'thesis.tex'", "file": "is a file"}.items():
        with pytest.raises(CheckpointError, match=told):
            trainer().fit(columns(), 1, checkpoint=tmp_path / name)


def test_a_resume_elsewhere_warns_and_goes_on(tmp_path, monkeypatch):
    from rowspace.jit import machine
    from rowspace.train import fit

    here = machine.machine()
    other = {**here, "processor": "x86_64 other", "numpy": "1.0", "features": "sse2,other"}
    monkeypatch.setattr(fit, "machine", lambda: other)
    stopped(tmp_path / "c", monkeypatch, 2)
    monkeypatch.undo()
    told = f"processor {here['processor']}, was x86_64 other.* lacks other; numpy {here['numpy']}, was 1.0"
    with pytest.warns(UserWarning, match=told):
        assert len(trainer().resume(tmp_path / "c", columns())) == EPOCHS


def test_a_finished_training_stays_until_another_has_something_to_keep(tmp_path):
    trainer().fit(columns(), 1, checkpoint=tmp_path / "c")
    wrong = columns() | {"i": np.full(90_000, 12_000)}
    with pytest.raises(rs.RowspaceError, match="out of range"):
        trainer().fit(wrong, 1, checkpoint=tmp_path / "c")
    assert len(trainer().resume(tmp_path / "c", columns())) == 1


def test_what_cannot_be_read_now_is_not_taken_for_damaged(tmp_path, monkeypatch):
    stopped(tmp_path / "c", monkeypatch, 2)
    manifest = tmp_path / "c" / "000002" / MANIFEST
    kept = manifest.read_bytes()
    manifest.unlink()
    manifest.symlink_to(manifest)  # as it is with a disk that gives errors: it is there, and cannot be read
    monkeypatch.setattr(store, "_check_ours", lambda folder: None)  # which refuses links
    with pytest.raises(OSError, match="symbolic links"):
        trainer().resume(tmp_path / "c", columns())
    manifest.unlink()
    manifest.write_bytes(kept)
    assert len(trainer().resume(tmp_path / "c", columns())) == EPOCHS


def test_a_second_trainer_is_refused(tmp_path, monkeypatch):
    stopped(tmp_path / "c", monkeypatch, 1)
    with closing(Store(tmp_path / "c")), pytest.raises(Locked, match=f"in use by process {os.getpid()}"):
        trainer().resume(tmp_path / "c", columns())
    assert len(trainer().resume(tmp_path / "c", columns())) == EPOCHS


def test_options_that_do_not_fit(tmp_path):
    with pytest.raises(DataError, match="give the folder as checkpoint"):
        trainer().fit(columns(), resume=True)
    with pytest.raises(DataError, match="leave out trace or checkpoint"):
        trainer().fit(columns(), checkpoint=tmp_path / "c", trace=rs.Trace(tmp_path / "t.tsv"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("given", ["often", -1, "5 days", None, True, "0 chunks", "1.5 chunks", "", float("nan")])
def test_every_that_is_none(given):
    with pytest.raises(DataError, match="give seconds, or a text such as"):
        Every.of(given)


def test_every():
    assert [Every.of(g).seconds for g in (300, 0.5, "90", "2 hours", "1h", " 3 mins ")] == [
        300,
        0.5,
        90,
        7200,
        3600,
        180,
    ]
    assert Every.of("1 chunk").chunks == 1


def test_every_so_many_chunks(tmp_path):
    seen = []

    class Chunks:
        def at(self, epoch, chunk):
            for number in range(chunk, 5):
                seen.append(len(list(tmp_path.glob("c/0*"))) and max(numbers(tmp_path / "c")))
                yield columns(number, 500)

    trainer().fit(Chunks(), 1, checkpoint=tmp_path / "c", every="2 chunks", threads=1)
    assert seen[:2] == [0, 0]
    assert numbers(tmp_path / "c") == ["000002", "000003"]  # after two and four, and at the end


# --- its arrays ------------------------------------------------------------------------------------------------------


def test_only_what_changed_is_written(tmp_path):
    """A stretch that the checksums say is the same is not touched, whatever is there."""
    array = np.arange(3 * PIECE // 4, dtype=np.float32).reshape(-1, 3)
    sums = write_changed(tmp_path / "a.npy", array, None)
    before = (tmp_path / "a.npy").stat().st_ino
    content = bytearray((tmp_path / "a.npy").read_bytes())
    content[-1] ^= 255  # in the last stretch
    (tmp_path / "a.npy").write_bytes(content)
    array[0] += 1
    new = write_changed(tmp_path / "a.npy", array, sums)
    assert (tmp_path / "a.npy").stat().st_ino == before
    assert "altered or damaged" in damage(tmp_path / "a.npy", "<f4", array.shape, new)
    (tmp_path / "a.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:-1] + bytes([content[-1] ^ 255]))
    assert damage(tmp_path / "a.npy", "<f4", array.shape, new) == ""
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), array)


@pytest.mark.parametrize("shape", [(0,), (1,), (PIECE // 4,), (PIECE // 4 + 1,), (7, 150_000)])
def test_arrays_come_back(tmp_path, shape):
    array = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    sums = write_changed(tmp_path / "a.npy", array, None)
    assert damage(tmp_path / "a.npy", "<f4", shape, sums) == ""
    found = np.empty_like(array)
    read_into(tmp_path / "a.npy", found)
    np.testing.assert_array_equal(found, array)


def test_an_array_of_another_size_is_written_anew(tmp_path):
    sums = write_changed(tmp_path / "a.npy", np.zeros(9), None)
    write_changed(tmp_path / "a.npy", np.ones(5), sums)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), np.ones(5))


# --- the command line ------------------------------------------------------------------------------------------------


def test_the_command_line_resumes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    lines = (f"{a},{b},{a % 3 == b % 3:d}" for a, b in rng.integers(0, 500, (2000, 2)))
    (tmp_path / "pairs.csv").write_text("a,b,same\n" + "\n".join(lines) + "\n")
    train = ("train", "pairs", "pairs.csv", "--label", "same", "--epochs", "4", "--dim", "8")
    works(*train, "-o", "whole")
    works(*train, "-o", "kept", "--checkpoint", "c", "--every", "0")
    shutil.rmtree(tmp_path / "c" / numbers(tmp_path / "c")[-1])  # as if it had been killed before its end
    assert "has not come to its end" in fails(*train, "-o", "kept", "--checkpoint", "c")
    told = works(*train, "-o", "resumed", "--resume", "c", "--checkpoint", "c").stderr
    assert "resumed after 3 whole epochs, 8,000 examples" in told
    for name in ("E.npy", "model.json"):
        assert (tmp_path / "resumed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    other = (*train[:-1], "9", "-o", "resumed", "--resume", "c")
    assert "the shape of table E: " in fails(*other)


def test_the_command_line_refuses_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text("a b a b\n" * 20)
    train = ("train", "text", "text.txt", "-o", "m")
    for more, told in {
        ("--resume", "none"): "there is no checkpoint folder none to resume from",
        ("--resume", "a", "--checkpoint", "b"): "name two folders",
        ("--checkpoint", "text.txt"): "is a file",
        ("--checkpoint", "c", "--every", "now"): "every is 'now'",
        ("--checkpoint", "m"): "would lie in the model m",
        ("--checkpoint", "m/saved"): "would lie in the model m",
    }.items():
        assert told in fails(*train, *more)
    assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]


def test_ctrl_c_tells_how_to_go_on(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "pairs.csv").write_text(
        "a,b\n" + "\n".join(f"{a},{b}" for a, b in rng.integers(0, 500, (2000, 2))) + "\n"
    )
    command = [sys.executable, "-c", "from rowspace.cli import main; main()", "train", "pairs", "pairs.csv"]
    command += ["-o", "m", "--epochs", "1000000", "--checkpoint", "c", "--every", "0.1"]
    with running(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        while not numbers_of(tmp_path / "c"):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    line = "to go on from the last checkpoint, run the same with --resume c"
    assert told.splitlines() == [line, "rowspace: interrupted"]
    assert not (tmp_path / "m").exists()


def numbers_of(folder):
    return numbers(folder) if folder.exists() else []


# --- the disk --------------------------------------------------------------------------------------------------------

SMALL = """
import os, sys
import rowspace as rs
from tests.support.killing import columns
from tests.checkpoint.test_checkpoint import trainer
folder = sys.argv[1]
fill = os.path.join(folder, "fill")
try:
    trainer().fit(columns(), 1, checkpoint=os.path.join(folder, "c"), every=0)
    print("it fit")
except (OSError, rs.RowspaceError) as error:
    print(f"{error}")
print(*sorted(os.listdir(os.path.join(folder, "c"))))
os.unlink(fill)
trainer().resume(os.path.join(folder, "c"), columns())
print(trainer().resume(os.path.join(folder, "c"), columns())[-1].number)
"""


AT_THE_END = """
import os, sys, warnings
import numpy as np
import rowspace as rs
from tests.support.killing import columns
from tests.checkpoint.test_checkpoint import trainer
folder = sys.argv[1]
begun = trainer()
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    history = begun.fit(columns(), 2, checkpoint=os.path.join(folder, "c"), every="100 chunks")
print(len(history), [w.category.__name__ for w in said])
print(said[-1].message)
whole = trainer()
whole.fit(columns(), 2)
print(np.array_equal(begun.tables["E"].values, whole.tables["E"].values))
"""


def on_four_megabytes(folder, room, program):
    """The lines of a program that has a disk of 4 MB, of which so many kB are free."""
    mount = f"mount -t tmpfs -o size=4m tmpfs {folder} && head -c {4096 - room}k /dev/zero > {folder}/fill"
    run = f'{mount} && exec "{sys.executable}" -c "$PROGRAM" {folder}'
    environment = os.environ | {"PROGRAM": program, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    done = subprocess.run(["unshare", "-rm", "sh", "-c", run], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done
    return done.stdout.splitlines()


def test_a_full_disk_at_the_very_end(tmp_path):
    """The tables of a training that has ended are not lost with its last checkpoint."""
    ended, told, same = on_four_megabytes(tmp_path, 300, AT_THE_END)
    assert ended == "2 ['Unkept']"
    assert "came to its end, and its last checkpoint could not be written to" in told
    assert "the disk is full" in told
    assert same == "True"


@pytest.mark.parametrize("room", [1000, 1500])  # kB, of which a checkpoint takes 870: not one more, or not two
def test_a_full_disk(tmp_path, room):
    """On a real one of 4 MB: the checkpoints that are there stay, and after some room is made it goes on."""
    told, left, resumed = on_four_megabytes(tmp_path, room, SMALL)
    assert "the disk is full" in told
    assert left == "000001"
    assert resumed == "1"
