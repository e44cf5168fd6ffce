"""A disk after a power cut: what the calls of a program leave there, and every state in which it may be found.

What is written but not flushed may be on the disk wholly, in part, or not at all; a name that was made, moved or
removed may be so on the disk or not, in any order, until the folder that holds it is flushed. Calls are intercepted
where they change names or flush; what was written in between is seen by reading the files then.
"""

import itertools
import os
import random
import shutil
import stat
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rowspace.system import swap

CALLS = ("rename", "replace", "unlink", "remove", "rmdir", "mkdir", "truncate", "fsync", "link", "symlink")
Names = dict[tuple[int, str], int | None]  # (folder, name) -> what it leads to


@dataclass
class Content:
    """A file: what is flushed of it, what is written, or that it is a folder."""

    folder: bool
    written: bytes = b""
    flushed: bytes | None = None  # None: never


@dataclass
class Moment:
    """The disk between two calls: names that are there for sure, changes that may be, and what files hold."""

    told: str
    sure: Names
    pending: list[Names]
    contents: dict[int, Content]
    marks: dict = field(default_factory=dict)


class Disk:
    """Records what a program does to a folder: `with Disk(folder).recorded() as disk`, then `disk.moments`."""

    def __init__(self, root):
        self.root, self.moments, self.marks = Path(root), [], {}
        self.numbers, self.next, self.lock = {}, itertools.count(1), threading.RLock()
        self.names, self.contents = {}, {0: Content(folder=True)}
        self._look()
        self.sure, self.pending = dict(self.names), []  # what was there before is on the disk
        for content in self.contents.values():
            content.flushed = content.written

    @contextmanager
    def recorded(self):
        before = {name: getattr(os, name) for name in CALLS}
        exchanged = swap._exchanged
        try:
            for name, call in before.items():
                setattr(os, name, self._wrapped(call, name))
            swap._exchanged = self._wrapped(exchanged, "exchange")
            yield self
        finally:
            for name, call in before.items():
                setattr(os, name, call)
            swap._exchanged = exchanged
        self._look()
        self._keep("the end")

    def _wrapped(self, call, name):
        def recorded(*given, **named):
            with self.lock:
                self._look()
                self._keep(f"before {name} {given[0]}")
                flushed = os.fstat(given[0]) if name == "fsync" else None
                answer = call(*given, **named)
                if flushed is not None:
                    self._flush(flushed)
                self._look()
                self._keep(f"after {name} {given[0]}")
                return answer

        return recorded

    def _keep(self, told):
        contents = {n: Content(c.folder, c.written, c.flushed) for n, c in self.contents.items()}
        self.moments.append(Moment(told, dict(self.sure), list(self.pending), contents, dict(self.marks)))

    def _look(self):
        """See what names and contents have become; names that changed together did so in one step."""
        found, folders = {}, [(0, self.root)]
        there = {}
        while folders:
            number, path = folders.pop()
            for entry in os.scandir(path):
                told = entry.stat(follow_symlinks=False)
                key = told.st_dev, told.st_ino
                there[key] = own = there.get(key) or self.numbers.get(key) or next(self.next)
                content = self.contents.setdefault(own, Content(stat.S_ISDIR(told.st_mode)))
                found[number, entry.name] = own
                if content.folder:
                    folders.append((own, entry.path))
                else:
                    content.written = Path(entry.path).read_bytes()
        self.numbers = there  # a number of the system's that is free may come again for another file
        changes = {at: found.get(at) for at in self.names.keys() | found.keys() if self.names.get(at) != found.get(at)}
        made = {at: own for at, own in changes.items() if own is not None and own not in self.names.values()}
        for at, own in made.items():  # files that were opened anew: each a step of its own
            self._change({at: own})
        self._change({at: own for at, own in changes.items() if at not in made})
        self.names = found

    def _change(self, changes):
        if changes and hasattr(self, "pending"):
            self.pending.append(changes)

    def _flush(self, told):
        own = self.numbers.get((told.st_dev, told.st_ino))
        root = os.stat(self.root)
        if (told.st_dev, told.st_ino) == (root.st_dev, root.st_ino):
            own = 0
        if own is None:
            return
        content = self.contents[own]
        if not content.folder:
            content.flushed = content.written
            return
        rest = []
        for changes in self.pending:
            if any(folder == own for folder, _ in changes):
                _apply(self.sure, changes)
            else:
                rest.append(changes)
        self.pending = rest


def _apply(names, changes):
    for at, own in changes.items():
        if own is None:
            names.pop(at, None)
        else:
            names[at] = own


def states(moment, rng, most):
    """Some of the states in which the disk may be found: the extremes, each change alone, and others drawn."""
    n = len(moment.pending)
    picks = [(set(range(k)), how) for k in {0, n} for how in ("flushed", "written", "zeros")]
    picks += [({k}, how) for k in range(n) for how in ("flushed", "written")]
    picks += [(set(range(n)) - {k}, "flushed") for k in range(n)]
    rng.shuffle(picks)
    picks += [({k for k in range(n) if rng.random() < 0.5}, "drawn") for _ in range(most)]
    for chosen, how in picks[:most]:
        names = dict(moment.sure)
        for k, changes in enumerate(moment.pending):
            if k in chosen:
                _apply(names, changes)
        yield names, {own: _held(c, how, rng) for own, c in moment.contents.items() if not c.folder}


def _held(content, how, rng):
    """What a file may hold after a cut."""
    old, new = content.flushed, content.written
    if old == new or how == "written":
        return new
    if how == "drawn":
        how = rng.choice(["flushed", "written", "zeros", "mixed", "short"])
    if how == "written":
        return new
    if how == "zeros":  # its length is on the disk, its blocks are not
        return (old or b"")[: len(new)].ljust(len(new), b"\0")
    if how == "short":
        return new[: rng.randrange(len(new) + 1)]
    if how == "mixed":
        old = (old or b"")[: len(new)].ljust(len(new), b"\0")
        at = rng.randrange(len(new) + 1)
        return new[:at] + old[at:] if rng.random() < 0.5 else old[:at] + new[at:]
    return old or b""


def rebuilt(names, contents, folders, into):
    """Make the files of a state in an empty folder."""
    children = {}
    for (folder, name), own in names.items():
        children.setdefault(folder, []).append((name, own))
    todo, seen = [(0, Path(into))], set()
    while todo:
        number, path = todo.pop()
        path.mkdir(exist_ok=True)
        for name, own in children.get(number, ()):
            if own in folders:
                if own not in seen:  # under two names, where a move is half on the disk: fsck keeps one
                    seen.add(own)
                    todo.append((own, path / name))
            else:
                (path / name).write_bytes(contents[own])


def cut(disk, check, scratch, *, most, seed=0, step=1):
    """Check every state of every moment; gives how many. `check` takes a folder and the moment."""
    rng, done = random.Random(seed), set()
    for moment in disk.moments[::step]:
        folders = {own for own, content in moment.contents.items() if content.folder}
        for names, contents in states(moment, rng, most):
            used = frozenset((at, own, contents.get(own)) for at, own in names.items())
            key = hash((used, tuple(sorted(map(repr, moment.marks.items())))))
            if key in done:
                continue
            done.add(key)
            into = Path(scratch) / "state"
            shutil.rmtree(into, ignore_errors=True)
            rebuilt(names, contents, folders, into)
            try:
                check(into, moment)
            except Exception as error:
                there = sorted(str(path.relative_to(into)) for path in into.rglob("*"))
                raise AssertionError(f"after a cut {moment.told}: {error}; there are {there}") from error
    return len(done)
