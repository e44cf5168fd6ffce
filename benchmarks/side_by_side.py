"""Runs that take turns, and a table of what they spent."""

import sys
from collections.abc import Callable, Mapping, Sequence
from statistics import median

from words_peers import Spent


def in_turn(runs: Mapping[str, Callable[[], Spent]], rounds: int) -> dict[str, list[Spent]]:
    """Each once in every round."""
    found: dict[str, list[Spent]] = {name: [] for name in runs}
    for number in range(rounds):
        for name, run in runs.items():
            found[name].append(run())
            print(f"  round {number + 1}, {name}: {found[name][-1].seconds:.1f} s", file=sys.stderr, flush=True)
    return found


def markdown(found: Mapping[str, Sequence[Spent]], work: float | None = None) -> str:
    """A table of medians over the rounds: of `work` done a second, or of seconds, and of the first one's lead.

    A lead is how many times faster the first is, round by round. Columns in which nothing stands are left out.
    """
    first, leader = next(iter(found.items()))
    rows = [_row(name, spent, work) for name, spent in found.items()]
    for row, spent in zip(rows, found.values(), strict=True):
        lead = median(b.seconds / a.seconds for a, b in zip(leader, spent, strict=True))
        row[f"{first} is faster by"] = f"{lead:.3g} x"
    columns = [c for c in rows[0] if any(row[c] for row in rows)]
    rule = ["---" if not c else "---:" for c in columns]
    lines = [_line(columns), f"|{'|'.join(rule)}|", *(_line([row[c] for c in columns]) for row in rows)]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "".join(f"| {cell} " if cell else "| " for cell in cells) + "|"


def _row(name: str, spent: Sequence[Spent], work: float | None) -> dict[str, str]:
    values = [s.seconds if work is None else work / s.seconds for s in spent]
    before = median(s.peak_before for s in spent) / 1e6
    return {
        "": name,
        "median": _short(median(values)),
        "min - max": f"{_short(min(values))} - {_short(max(values))}",
        "cores busy": f"{median(s.busy / s.seconds for s in spent):.2f}",
        "peak MB": f"{median(s.peak for s in spent) / 1e6:.0f}",
        "MB before": f"{before:.0f}" if before else "",
    }


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
