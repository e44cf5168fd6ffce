"""Nothing that is learned and no line of a loop has changed: a commit's own answers beside those of this tree.

A recording is a document of texts by name, in three parts:

- sources: the loops of named costs and costs of users, with every named update, over all forms of columns.
- trainings: checksums of tables and of what updates keep, and the reported costs, of small trainings of every kind.
- files: checksums of saved models and exported files, what commands print, and the texts of errors.

It asks by public names alone, so that the same script records trees whose inner modules have other names.

usage: replay.py --record FILE [--only PART ...]
       replay.py --against COMMIT [--only PART ...] [--keep FOLDER] [--jobs 2]

`--record` writes what the rowspace that Python imports answers. `--against` records a commit, from a copy of its files
in a temporary folder, and this tree, and prints what differs: the first case of each part as lines, others by name. It
ends with status 1 where something does. `--keep` keeps recordings of commits in a folder, for the next time; `--jobs`
is how many processes record at once.
"""

import argparse
import difflib
import gc
import hashlib
import importlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
PARTS = ("sources", "trainings", "files")
SHOWN, NAMED = 24, 12  # lines of a first difference, names of others
LIBRARIES = ("numpy", "scipy", "pytensor", "numba", "pyarrow", "typer")

Recording = dict[str, str]


def recorded(part: str) -> Recording:
    """All answers of a part. Errors of rowspace are answers, too; any other ends the recording."""
    import rowspace as rs

    found: Recording = {}
    with _folder_of_its_own(part) as folder:
        for name, answer in importlib.import_module(f"replay_{part}").cases():
            assert name not in found, f"two cases are called {name!r}"
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always")
                try:
                    text = answer()
                except rs.RowspaceError as error:
                    text = f"{type(error).__name__}: {error}"
            told = [w.message for w in warned if w.category.__name__ != "OverMemory"]  # which tells of the machine
            lines = [text, *(f"{type(warning).__name__}: {warning}" for warning in told)]
            found[name] = _without_chance("\n".join(lines), folder)
    return found


@contextmanager
def _folder_of_its_own(part: str) -> Iterator[str]:
    """Work in an empty folder. Sources are all written anew, and not taken from the cache of earlier runs."""
    before, cache = os.getcwd(), os.environ.get("ROWSPACE_CACHE")
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as empty:
        os.chdir(folder)
        if part == "sources":
            os.environ["ROWSPACE_CACHE"] = empty
        try:
            yield folder
        finally:
            os.chdir(before)
            os.environ.pop("ROWSPACE_CACHE", None)
            os.environ |= {} if cache is None else {"ROWSPACE_CACHE": cache}


def _without_chance(text: str, folder: str) -> str:
    """A text without addresses, times and the name of the folder."""
    text = re.sub(r"0x[0-9a-f]{6,}", "ADDRESS", text.replace(folder, "FOLDER"))
    return re.sub(r"(?<!\w)\d+([.,]\d+)* (s|words/s|examples/s)\b", r"TIME \2", text)


# --- a commit and this tree ------------------------------------------------------------------------------------------


def against(commit: str, parts: list[str], keep: Path | None, jobs: int) -> bool:
    """Record a commit and this tree, and print what differs; gives whether nothing does."""
    full = subprocess.check_output(["git", "rev-parse", f"{commit}^{{commit}}"], cwd=HERE, text=True).strip()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        old = Path(folder)
        packed = subprocess.check_output(["git", "archive", "--format=tar", full, "src"], cwd=HERE.parent)
        with tarfile.open(fileobj=io.BytesIO(packed)) as files:
            files.extractall(folder, filter="data")
        kept = {part: keep and keep / f"{full[:12]}-{_digest()}-{part}.json" for part in parts}
        now = {part: pool.submit(_recorded_by, HERE.parent, part) for part in parts}
        before = {part: pool.submit(_kept, kept[part], old, part) for part in parts}
        same = [compare(part, before[part].result(), now[part].result()) for part in parts]
    return all(same)


def _digest() -> str:
    """A name for what a recording of a commit depends on beside the commit: this script, and libraries."""
    digest = hashlib.sha256(" ".join([sys.version, *map(version, LIBRARIES)]).encode())
    for path in sorted(HERE.glob("replay*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _kept(file: Path | None, tree: Path, part: str) -> Recording:
    """The recording of a commit, from the file if it is there."""
    if file is None:
        return _recorded_by(tree, part)
    if not file.exists():
        found = json.dumps(_recorded_by(tree, part))
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as out:
            out.write(found)
        os.replace(out.name, file)
    return json.loads(file.read_text())


def _recorded_by(tree: Path, part: str) -> Recording:
    """What a process with the rowspace of a tree records."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "recording.json"
        environment = {**os.environ, "PYTHONPATH": str(tree / "src")}
        command = [sys.executable, str(Path(__file__).resolve()), "--record", str(file), "--only", part]
        subprocess.run(command, env=environment, check=True)
        document = json.loads(file.read_text())
    assert Path(document["rowspace"]).is_relative_to(tree.resolve()), f"this is not {tree}: {document['rowspace']}"
    return document[part]


def compare(part: str, before: Recording, now: Recording) -> bool:
    """Print in what two recordings of a part differ; gives whether they are the same."""
    differ = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    if not differ:
        print(f"{part}: {len(now)} the same", flush=True)
        return True
    print(f"{part}: {len(differ)} of {len({**before, **now})} differ", flush=True)
    first, *others = differ
    lines = [recording.get(first, "(there is none)").splitlines() for recording in (before, now)]
    told = list(difflib.unified_diff(*lines, f"before: {first}", f"now: {first}", n=1, lineterm=""))
    print("\n".join([*told[:SHOWN], *(["..."] if len(told) > SHOWN else [])]))
    print("".join(f"  also: {name}\n" for name in others[:NAMED]), end="")
    print(f"  and {len(others) - NAMED} more\n" if len(others) > NAMED else "", end="", flush=True)
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--record", type=Path, metavar="FILE")
    what.add_argument("--against", metavar="COMMIT")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    if options.against is not None:
        sys.exit(not against(options.against, options.only, options.keep, options.jobs))
    import rowspace

    gc.set_threshold(100_000)  # PyTensor makes many small objects, of which most stay
    document: dict[str, object] = {"rowspace": str(Path(rowspace.__file__ or "").resolve())}
    file = options.record.resolve()
    for part in options.only:
        begun = time.perf_counter()
        document[part] = found = recorded(part)
        mark = hashlib.sha256(json.dumps(found).encode()).hexdigest()[:16]
        print(f"recorded {len(found)} {part}, {mark}, {time.perf_counter() - begun:.0f} s", flush=True)
    file.write_text(json.dumps(document))


if __name__ == "__main__":
    main()
