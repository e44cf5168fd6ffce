"""Thousands of costs drawn at random, each gradient and each step beside float64.

A cost of `cost_grammar.py` is run by rowspace in two ways: as the interpreted loop, which gives `rs.gradient`, and for
one in so many as the compiled loop, which takes a step of SGD. Beside them stands the same line in NumPy and float64
(`cost_names.py`), differentiated by differences of the tables' values. So a change of this library, or of one below
it, that computes another number is seen.

Where a cost has a kink or a jump within the differences' reach, nothing is compared (`at a kink`). Where the numbers of
the cost are too large, or its slope changes so fast that float32 cannot tell, neither (`too steep`).

usage: random_costs.py [--costs 2000] [--seed 0] [--compiled 10] [--workers 2] [--bounds] [--only NUMBER ...]

`--compiled 10` compiles one cost in ten (0: none), `--bounds` with Numba's checks of every index. Ends with status 1
where something was found.
"""

import argparse
import multiprocessing
import os
import signal
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty
from typing import Any

import numpy as np

STEP = 1e-4  # of a table's number, each way
STEEP = 1e4  # costs and slopes beyond it are not compared
TOLERANCE = 5e-4  # of a gradient, relative to 1 + the largest number of it
TASK = 25  # costs for one process
PATIENCE = 120  # seconds for one cost, its compilation included


@dataclass
class Reference:
    """A cost in float64: its value, its slopes by table (ROWS, d), and why it is not to be compared, if it is not."""

    value: float
    slopes: dict[str, np.ndarray]
    excluded: str = ""


def reference(cost: Any) -> Reference:
    """By differences, each way and both ways."""
    from cost_names import NUMPY

    code = compile(cost.text, "<cost>", "eval")
    tables = {t: v.astype(np.float64) for t, v in cost.tables.items()}
    columns = {c: np.asarray(v, np.float64 if c in "qv" else np.int64)[()] for c, v in cost.example.items()}
    names = {**NUMPY, **tables, **columns}
    with np.errstate(all="ignore"):
        value = float(eval(code, names))
        sides = {t: _sides(code, names, tables[t], value) for t in tables}
    slopes = {t: (above + below) / 2 for t, (above, below) in sides.items()}
    largest = max([abs(value), *(np.abs(s).max() for s in slopes.values())])
    if not largest < STEEP:
        return Reference(value, slopes, "too steep")
    bend = max(np.abs(above - below).max() for above, below in sides.values())
    return Reference(value, slopes, "at a kink" if bend > 0.02 * (1 + largest) else "")


def _sides(code: Any, names: dict[str, Any], values: np.ndarray, value: float) -> tuple[np.ndarray, np.ndarray]:
    """The slopes above and below every number of a table."""
    out = np.empty((2, *values.shape))
    for place in np.ndindex(values.shape):
        middle = values[place]
        for side, way in enumerate((STEP, -STEP)):
            values[place] = middle + way
            out[(side, *place)] = (float(eval(code, names)) - value) / way
        values[place] = middle
    return out[0], out[1]


class Found(Exception):
    """A cost that gives another number than float64, or ends in an error that is not meant."""


class NoAnswer(BaseException):
    """A cost that takes too long; PyTensor would catch an Exception inside a rewrite, and go on."""


def compared(cost: Any, compiled: bool) -> str:
    """What became of a cost: "right", or why it was not compared. Raises Found."""
    right = reference(cost)
    if right.excluded:
        return right.excluded
    import rowspace as rs

    tables = {t: rs.Table.from_array(v.copy()) for t, v in cost.tables.items()}
    data = {c: _column(c, v) for c, v in cost.example.items()}
    function = _function(cost)
    trainer = rs.Trainer(function, tables, rs.sgd(1.0))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            slow = trainer.compile(data).slow
            if slow:
                return f"no loop: {slow.split('{')[0]}"
            gradients = rs.gradient(function, tables, cost.example)
            _compare("rs.gradient", {t: gradients[t].to_dense() for t in tables}, right)
            if compiled:
                history = trainer.fit(data, progress=False, threads=1)
                _compare("the step", {t: cost.tables[t] - table.values for t, table in tables.items()}, right)
                if abs(history[-1].cost - right.value) > TOLERANCE * (1 + abs(right.value)):
                    raise Found(f"the reported cost is {history[-1].cost}, in float64 {right.value}")
    except rs.errors.CostError as refused:
        return f"refused: {str(refused)[:80]}"
    return "right"


def _function(cost: Any) -> Any:
    from cost_names import PYTENSOR

    names = [*cost.tables, *cost.example]
    return eval(f"lambda {', '.join(names)}: {cost.text}", dict(PYTENSOR))


def _column(name: str, value: Any) -> Any:
    import pyarrow

    return pyarrow.array([value]) if name == "r" else np.asarray([value])  # a list column of Arrow is a ragged bag


def _compare(what: str, found: dict[str, np.ndarray], right: Reference) -> None:
    scale = 1 + max(np.abs(s).max() for s in right.slopes.values())
    for table, slopes in right.slopes.items():
        off = np.abs(found[table] - slopes)
        if not (off <= TOLERANCE * scale).all():
            row, column = np.argwhere(~(off <= TOLERANCE * scale))[0]
            raise Found(
                f"{what}: table {table}, row {row}, column {column}: {found[table][row, column]:.6g}, "
                f"in float64 {slopes[row, column]:.6g}"
            )


# --- many of them --------------------------------------------------------------------------------------------------


def work(seed: int, numbers: list[int], every: int, told: Any) -> None:
    """Some costs in a process of its own; tells (number, what became of it, whether it is a finding)."""
    from cost_grammar import drawn

    def on_time_out(*_: Any) -> None:
        raise NoAnswer(f"no answer in {PATIENCE} seconds")

    signal.signal(signal.SIGALRM, on_time_out)
    for number in numbers:
        told.put((number, "begun", False))
        signal.alarm(PATIENCE)
        try:
            became, found = compared(drawn(seed, number), bool(every) and number % every == 0), False
        except (Found, NoAnswer) as finding:
            became, found = str(finding), True
        except Exception as error:  # whatever it is, it is not meant
            place = traceback.extract_tb(error.__traceback__)[-1]
            became, found = f"{type(error).__name__}: {str(error)[:300]} ({place.filename}:{place.lineno})", True
        signal.alarm(0)
        told.put((number, became, found))


def run(
    seed: int, numbers: list[int], every: int, workers: int, work: Callable[..., None] = work
) -> dict[int, tuple[str, bool]]:
    """All costs, on so many processes; a process that dies counts as a finding of the cost it was at."""
    context = multiprocessing.get_context("spawn")
    waiting = [numbers[k : k + TASK] for k in range(0, len(numbers), TASK)]
    running: list[tuple[Any, Any, list[int]]] = []
    results: dict[int, tuple[str, bool]] = {}
    while waiting or running:
        while waiting and len(running) < workers:
            task, told = waiting.pop(), context.Queue()
            process = context.Process(target=work, args=(seed, task, every, told))
            process.start()
            running.append((process, told, task))
        for entry in list(running):
            process, told, task = entry
            alive = process.is_alive()
            _heard(told, results, seed)
            if not alive:
                running.remove(entry)
                _heard(told, results, seed)
                left = [n for n in task if n not in results]
                if left:
                    results[left[0]] = (f"the process died (exit {process.exitcode})", True)
                    _show(seed, left[0], results[left[0]][0])
                    waiting += [left[1:]] if left[1:] else []
    return results


def _heard(told: Any, results: dict[int, tuple[str, bool]], seed: int) -> None:
    while True:
        try:
            number, became, found = told.get(timeout=0.1)
        except Empty:
            return
        if became != "begun":
            results[number] = (became, found)
            if found:
                _show(seed, number, became)


def _show(seed: int, number: int, became: str) -> None:
    from cost_grammar import drawn

    print(f"cost {number}: {became}\n    {drawn(seed, number).text}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--costs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--compiled", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--bounds", action="store_true")
    parser.add_argument("--only", type=int, nargs="*")
    options = parser.parse_args()
    if options.bounds:
        os.environ["NUMBA_BOUNDSCHECK"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        if options.bounds:  # such loops are kept apart from others
            os.environ["ROWSPACE_CACHE"] = folder
        results = run(options.seed, options.only or list(range(options.costs)), options.compiled, options.workers)
    counts = Counter("found" if found else became for became, found in results.values())
    for became, count in counts.most_common():
        print(f"{count:6,}  {became}")
    sys.exit(bool(counts["found"]))


if __name__ == "__main__":
    main()
