"""Seconds until something happens, each in fresh processes: import, first step, neighbours.

usage: startup.py [--rounds 9] [--quick]
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

from measure import machine

# From Trainer(...) to the end of the first step, in its parts.
_FIRST_STEP = """
import json, time
import numpy as np
import rowspace as rs
marks = [("", time.perf_counter())]
mark = lambda name: marks.append((name, time.perf_counter()))
import pytensor, pytensor.tensor
mark("import pytensor")
E = rs.Table(1000, 64, seed=0)
def same_or_different(E, i, j, label):
    return abs(label - E[i] @ E[j])
data = {"i": np.array([0]), "j": np.array([1]), "label": np.array([1.0])}
marks.append(("", time.perf_counter()))
trainer = rs.Trainer(same_or_different, {"E": E}, rs.sgd(0.01))
trainer.compile(data)
mark("trace and source")
import numba
mark("import numba")
trainer.kernel.run
mark("read the source")
trainer.fit(data, progress=False)
mark("compile or load, and step")
took = {b: y - x for (_, x), (b, y) in zip(marks, marks[1:]) if b}
took["Trainer to first step"] = sum(v for b, v in took.items() if b != "import pytensor")
print(json.dumps(took))
"""

_SAVE_MODEL = """
import sys, numpy as np, rowspace as rs
names = [f"{a}{b}{c}" for a in "ABCDEFG" for b in "ABCDEFG" for c in "ABCDEFG"]
table = rs.Table(names=names[:300], dim=32, seed=0)
rs.Model({"E": table}).save(sys.argv[1])
"""


def wall(*command: str) -> float:
    """Seconds of one run of a command."""
    start = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - start


def imports(rounds: int) -> tuple[float, float]:
    """Seconds of a process that imports numpy, and of one that imports rowspace, in turn."""
    python = [sys.executable, "-c"]
    pairs = [(wall(*python, "import numpy"), wall(*python, "import numpy, rowspace"))
             for _ in range(rounds)]  # fmt: skip
    return median(a for a, _ in pairs), median(b for _, b in pairs)


def first_step(rounds: int, *, cached: bool) -> dict[str, float]:
    """The parts of a first step, with the kernel's machine code on disk or not."""
    runs = []
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "ROWSPACE_CACHE": cache}
        command = [sys.executable, "-c", _FIRST_STEP]
        for round_ in range(rounds + cached):
            if not cached:
                shutil.rmtree(cache, ignore_errors=True)
            out = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
            if round_ or not cached:
                runs.append(json.loads(out.stdout))
    return {part: median(run[part] for run in runs) for part in runs[0]}


def neighbors(rounds: int) -> float:
    """Seconds of `rowspace neighbors` on a model of the airports' size."""
    command = Path(sys.executable).with_name("rowspace")
    with tempfile.TemporaryDirectory() as folder:
        model = str(Path(folder) / "model")
        subprocess.run([sys.executable, "-c", _SAVE_MODEL, model], check=True)
        return median(wall(str(command), "neighbors", model, "ABC") for _ in range(rounds))


def attempt(what: Callable[[int], float], rounds: int) -> float:
    """What it gives, or NaN when the command fails."""
    try:
        return what(rounds)
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        print(f"{what.__name__}: {error}", file=sys.stderr)
        return float("nan")


def main() -> None:
    """Time and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--quick", action="store_true", help="2 rounds: a trial")
    given = parser.parse_args()
    rounds = 2 if given.quick else given.rounds
    numpy, rowspace = imports(rounds)
    empty, filled = first_step(rounds, cached=False), first_step(rounds, cached=True)
    print(machine("rowspace", "numba", "pytensor", "numpy"))
    print(f"\nSeconds, median of {rounds} fresh processes\n")
    print("| | measured | goal |\n|---|---:|---:|")
    print(f"| import rowspace, beyond numpy ({numpy:.3f}) | {rowspace - numpy:.3f} | 0.15 |")
    total = "Trainer to first step"
    print(f"| {total}, empty cache | {empty[total]:.3f} | 2 |")
    print(f"| {total}, filled cache | {filled[total]:.3f} | 0.5 |")
    print(f"| rowspace neighbors, 300 items | {attempt(neighbors, rounds):.3f} | 0.5 |")
    print("\n| part | empty cache | filled cache |\n|---|---:|---:|")
    for part in empty:
        print(f"| {part} | {empty[part]:.3f} | {filled[part]:.3f} |")


if __name__ == "__main__":
    main()
