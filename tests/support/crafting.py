"""Checkpoints that somebody altered on purpose, their checksums made right again: a program, one line for each kind.

    python -m tests.support.crafting [kind] [--values n] [--stopped]

Every field of what a checkpoint says, and every array, is replaced by hostile values, one at a time, and the training
resumed: it has to be refused with one of rowspace's own errors, or to come to its end. A crash ends this process.
"""

import argparse
import contextlib
import copy
import json
import random
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

import rowspace as rs
from rowspace import costs
from rowspace.checkpoint.arrays import write_changed
from rowspace.checkpoint.saved import MANIFEST, file_of
from rowspace.system.digests import digest_of_texts

ROWS, EPOCHS, EXAMPLES = 600, 3, 9000


def data(examples=EXAMPLES, seed=0):
    i, j = np.random.default_rng(seed).integers(0, ROWS, (2, examples))
    return {"i": i, "j": j, "label": (i % 2 == j % 2).astype("float32")}


class Stream:
    """Chunks of which each is found by its number."""

    def __init__(self):
        self.examples, self.fingerprint = EXAMPLES, {"made": "here"}

    def at(self, epoch, chunk):
        for number in range(chunk, 3):
            yield data(EXAMPLES // 3, number)


FALLING = rs.linear(0.1)
KINDS = {  # an update, the options, the data
    "blocks": (rs.adagrad(FALLING), {"schedule": "blocks", "blocks": 8}, data),
    "exact": (rs.exact(rs.momentum(rs.linear(0.01))), {"shuffle": True}, data),
    "exact_batch": (rs.exact(rs.weight_decay(rs.momentum(FALLING), 0.01)), {"batch": 500}, data),
    "stream": (rs.adagrad(FALLING), {"schedule": "sequential"}, Stream),
    "chunks": (rs.sgd(FALLING), {}, lambda: [data(3000, n) for n in range(3)]),
    "negatives": (rs.adagrad(0.1), {"schedule": "blocks", "blocks": 8}, None),
}
HOSTILE = [
    None, -1, 0, 1, 7, 2**31, 2**53, 2**63, 10**30, -(2**63), 0.5, 1e300, -0.0, float("nan"), float("inf"), True, False,
    "", "x", "../../x", "E\0", "\ud800", "9" * 400, [], [[]], [None], {}, {"a": 1}, [1] * 100,
]  # fmt: skip


def begin(kind):
    update, options, make = KINDS[kind]
    E = rs.Table(ROWS, 4, seed=0)
    if make is None:
        C = rs.Table(ROWS, 4, seed=1)
        given = data()
        given = {"center": given["i"], "context": given["j"], "negatives": rs.Negatives(of=C, k=2)}
        return rs.Trainer(costs.skip_gram, {"W": E, "C": C}, update), given, options
    return rs.Trainer(costs.l1_dot, {"E": E}, update), make(), options


class Stop(BaseException):
    pass


def stop(trainer):
    if len(trainer.history) == 2:
        raise Stop


def checkpoint(kind, folder, *, whole=False):
    """The one checkpoint of a training that was stopped after two epochs, or in the second, or that ended."""
    trainer, given, options = begin(kind)
    with contextlib.suppress(Stop):
        trainer.fit(
            given, EPOCHS, checkpoint=folder, every="2 chunks" if "s" in kind[:2] else 0, progress=False, threads=1,
            callbacks=[] if whole else [stop], **options,
        )  # fmt: skip
    numbers = sorted(path for path in folder.iterdir() if path.name.isdecimal())
    shutil.rmtree(numbers[0 if whole else 1])
    return numbers[1 if whole else 0]


def places(value, path=()):
    """Every field of a JSON value, from the outermost on."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def replaced(content, path, value):
    """The content with another value at a place; a value of `...` leaves the place out."""
    content = copy.deepcopy(content)
    inside = content
    for key in path[:-1]:
        inside = inside[key]
    if value is ...:
        del inside[path[-1]]
    else:
        inside[path[-1]] = value
    return content


def write(folder, content):
    text = json.dumps(content)
    (folder / MANIFEST).write_text(json.dumps({"mark": digest_of_texts([text]), "content": text}))


def manifests(content, draw, values):
    """What was altered, and the altered manifest."""
    for path in places(content):
        if path and not (len(path) > 2 and path[0] == "arrays" and path[-1] == 2):
            for value in draw.sample([..., *HOSTILE], values):
                yield f"{'.'.join(map(str, path))} = {value!r}"[:120], replaced(content, path, value)
    deep = json.loads("[" * 500 + "]" * 500)
    for name in content["told"]:
        yield f"told.{name}, deep", replaced(content, ("told", name), deep)
    yield "told, one more", replaced(content, ("told", "more"), 1)


def arrays_like(array):
    """Arrays in the place of one."""
    flat = array.reshape(-1)
    yield from (array[:1], array[:0], np.concatenate([array, array]), flat[:-1], flat.reshape(1, -1))
    yield from (array.astype(kind) for kind in ("<f8", "<i4", "<i8", "<u2", "|i1") if np.dtype(kind) != array.dtype)
    limits = np.iinfo(array.dtype) if array.dtype.kind in "iu" else np.finfo(array.dtype)
    whole = [limits.min, limits.max, 0, 1]
    yield from (
        np.full_like(array, value) for value in (whole if array.dtype.kind in "iu" else [*whole, np.nan, np.inf])
    )
    yield array[::-1].copy()
    yield np.arange(array.size).astype(array.dtype).reshape(array.shape)


def altered_arrays(folder, content):
    """What was altered, and the manifest; the file is that of the altered array until the next one."""
    for name in content["arrays"]:
        path = folder / file_of(name)
        kept = path.read_bytes()
        for number, array in enumerate(arrays_like(np.load(path))):
            path.unlink()
            sums = write_changed(path, array, None).astype(">u8").tobytes().hex()
            form = [array.dtype.str, list(array.shape), sums]
            yield f"array {name}, {number}", replaced(content, ("arrays", name), form)
        path.write_bytes(kept)


def try_all(kind, values, *, whole=False):
    """Resume from every altered checkpoint; how many were refused, and how many came to their end."""
    warnings.simplefilter("ignore")
    parent = Path(tempfile.mkdtemp())
    folder = checkpoint(kind, parent / "kept", whole=whole)
    content = json.loads(json.loads((folder / MANIFEST).read_text())["content"])
    trainer, given, _ = begin(kind)
    found = {"refused": 0, "resumed": 0}
    for source in (altered_arrays(folder, content), manifests(content, random.Random(0), values)):
        for what, altered in source:
            print(what, file=sys.stderr, flush=True)
            became = resumed(trainer, given, folder, altered, parent / "tried")
            print(f"  {became}", file=sys.stderr, flush=True)
            found[became] += 1
    shutil.rmtree(parent)
    return found


def resumed(trainer, given, folder, altered, tried):
    shutil.rmtree(tried, ignore_errors=True)
    shutil.copytree(folder, tried / folder.name)
    write(tried / folder.name, altered)
    try:
        history = trainer.resume(tried, given, progress=False, threads=2)
    except rs.RowspaceError as error:
        told = str(error)
        if len(told) > 2000 or not told.isprintable():
            raise ValueError(f"told badly: {told!r}") from error
        return "refused"
    assert len(history) == EPOCHS
    assert all(t.values.shape == (ROWS, 4) for t in trainer.tables.values())
    return "resumed"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=[*KINDS, "all"], nargs="?", default="all")
    parser.add_argument("--values", type=int, default=len(HOSTILE), help="how many hostile values for each field")
    parser.add_argument("--stopped", action="store_true", help="none of trainings that came to their end")
    arguments = parser.parse_args()
    for kind in KINDS if arguments.kind == "all" else [arguments.kind]:
        for whole in [False] if arguments.stopped else [False, True]:
            found = try_all(kind, arguments.values, whole=whole)
            print(
                f"{kind}{', ended' if whole else ''}: {found['refused']} refused, {found['resumed']} resumed",
                flush=True,
            )
