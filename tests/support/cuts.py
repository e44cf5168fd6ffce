"""What is written while the power may be cut, and what must be there afterwards."""

import warnings
from pathlib import Path

import numpy as np

import rowspace as rs
from rowspace import costs
from rowspace.checkpoint.store import Store
from rowspace.errors import ModelError
from rowspace.system import swap
from tests.support.power import Disk, cut

ROWS, DIM, EXAMPLES = 400, 4, 3000


def model(seed):
    names = [f"item{n}" for n in range(30 + seed)]
    return rs.Model({"E": rs.Table(names=names, dim=3, seed=seed), "C": rs.Table(5, 3, seed=seed)}, {"seed": seed})


def content(found):
    return {name: table.values.tobytes() for name, table in found.tables.items()} | found.trained_with


def save(folder, *, over, exchanging=True):
    """A model is saved, over an old one with a file of somebody's own beside its files, or where nothing is."""
    place = folder / "models" / "m"
    place.parent.mkdir()
    if over:
        model(0).save(place)
        (place / "notes.txt").write_text("mine")
    disk, call = Disk(folder), swap._call
    try:
        swap._call = call if exchanging else lambda: None
        with disk.recorded():
            model(1).save(place)
            disk.marks["done"] = True
    finally:
        swap._call = call

    def check(state, moment):
        found = opened(state / "models" / "m")
        allowed = [content(model(1))] if "done" in moment.marks else [content(model(1)), over and content(model(0))]
        assert (found and content(found)) in [*allowed, *([] if over or "done" in moment.marks else [None])]
        if over:
            there = [path.parent.name for path in state.rglob("notes.txt")]
            assert there, "a file beside the model's was lost"
        model(2).save(state / "models" / "m")
        assert content(rs.open(state / "models" / "m", check=True)) == content(model(2))

    return disk, check


def opened(place):
    """The model, every file of it compared with its checksum; None where there is none."""
    try:
        return rs.open(place, check=True)
    except ModelError:
        if place.exists():
            raise
        return None


def export(folder):
    """Vectors are written over those of before."""
    path = folder / "v.txt"
    rs.export(model(0).table, path)
    old = path.read_bytes()
    disk = Disk(folder)
    with disk.recorded():
        rs.export(model(1).table, path)
        disk.marks["done"] = True
    new = path.read_bytes()

    def check(state, moment):
        assert (state / "v.txt").read_bytes() in ([new] if "done" in moment.marks else [old, new])

    return disk, check


def trained(folder=None, **options):
    """A training with a checkpoint after every window."""
    rng = np.random.default_rng(0)
    i, j = rng.integers(0, ROWS, (2, EXAMPLES), np.int32)
    chunks = [{"i": i[k::3], "j": j[k::3], "label": (i[k::3] % 7 == j[k::3] % 7).astype(np.float32)} for k in range(3)]
    trainer = rs.Trainer(costs.logistic_dot, {"E": rs.Table(ROWS, DIM, seed=0)}, rs.adagrad(rs.linear(0.1)))
    kept = {} if folder is None else {"checkpoint": folder, "every": "1 chunk"}
    history = trainer.fit(chunks, 2, progress=False, **kept, **options)
    return trainer.tables["E"].values.tobytes(), [epoch.cost for epoch in history]


def checkpoints(folder, *, anew=False):
    """A training writes one checkpoint after the other; `anew`, over those of one that has ended."""
    if anew:
        trained(folder / "c")
    expected, disk, written, flush, write = trained(), Disk(folder), {}, Store._finish, Store.write

    def noted(self, arrays, told):
        if self.replaces:
            disk.marks.clear()
        write(self, arrays, told)
        number = max([0, *written]) + 1 if not anew or written else 1
        written[number] = {name: array.tobytes() for name, array in arrays.items()}

    def finished(self, number, *given):
        flush(self, number, *given)
        disk.marks["sure"] = number

    try:
        Store._finish, Store.write = finished, noted
        with disk.recorded():
            trained(folder / "c")
    finally:
        Store._finish, Store.write = flush, write
    turns = []

    def check(state, moment):
        if not (state / "c").exists():
            assert "sure" not in moment.marks, "the folder of checkpoints was lost"
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a checkpoint that is damaged, where the one before is whole
            slots = Store(state / "c")
            try:
                found = slots.newest()
                arrays = {} if found is None else {name: found.array(name).tobytes() for name in found.shapes}
            finally:
                slots.close()
            if found is None or not found.document["finished"] or not anew:
                number = 0 if found is None else found.number
                assert number >= moment.marks.get("sure", 0), f"checkpoint {number} is the newest"
                assert number == 0 or arrays == written[number], f"checkpoint {number} is mixed"
            turns.append(state)
            if len(turns) % 25 == 1:
                assert trained(state / "c", resume=True) == expected

    return disk, check


CASES = {
    "model": lambda folder: save(folder, over=True),
    "first model": lambda folder: save(folder, over=False),
    "model by two renames": lambda folder: save(folder, over=True, exchanging=False),
    "first model by two renames": lambda folder: save(folder, over=False, exchanging=False),
    "export": export,
    "checkpoints": checkpoints,
    "checkpoints anew": lambda folder: checkpoints(folder, anew=True),
}


def tried(case, scratch, *, most, seed=0, step=1):
    """Cut the power at every moment of a case, or every so many; gives how many moments and states there were."""
    folder = Path(scratch) / "disk"
    folder.mkdir()
    disk, check = CASES[case](folder)
    return len(disk.moments[::step]), cut(disk, check, scratch, most=most, seed=seed, step=step)
