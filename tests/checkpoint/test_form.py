"""A checkpoint is data: one that was altered on purpose is refused, or resumed, and never ends the process."""

import subprocess
import sys

import pytest

from rowspace.checkpoint.form import (
    MOST,
    Malformed,
    by_name,
    either,
    list_of,
    number,
    one_of,
    record,
    row_of,
    text,
    whole,
)
from tests.support.crafting import KINDS
from tests.support.processes import ROOT

CRAFTING = [sys.executable, "-m", "tests.support.crafting"]


def tried(*arguments):
    """How many altered checkpoints were refused and how many resumed, of those stopped and of those ended."""
    done = subprocess.run([*CRAFTING, *map(str, arguments)], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-3000:]
    return [[int(word) for word in line.split() if word.isdecimal()] for line in done.stdout.splitlines()]


@pytest.mark.parametrize("kind", ["blocks", "exact --stopped", "stream"])
def test_altered_checkpoints_are_refused_or_resumed(kind):
    for refused, resumed in tried(*kind.split(), "--values", 1):
        assert refused > 100
        assert resumed > 5  # where another value is as good, or nobody can tell


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_altered_checkpoints_of_every_kind_with_every_value(kind):
    assert all(refused > 1000 for refused, _ in tried(kind))


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (whole(), [0, 3, MOST], [-1, True, 1.0, None, "1", MOST + 1, float("nan")]),
        (whole(0, None), [10**30], [-1]),
        (number, [0, -2.5, 1e300], [float("inf"), float("nan"), None, "0", True]),
        (text("[a-z]+", "letters"), ["ab"], ["", "a\n", "A", 1, None]),
        (one_of(1, "x"), [1, "x"], [1.0, True, "y", None]),
        (either(whole(), text("a")), [1, "a"], ["b", None]),
        (list_of(whole()), [[], [1, 2]], [[1, None], {}, "12", None]),
        (row_of(whole(), number), [[1, 0.5]], [[1], [1, 2, 3], [0.5, 1]]),
        (by_name(whole(), text("[a-z]")), [{}, {"a": 1}], [{"A": 1}, {"a": None}, []]),
        (record(a=whole()), [{"a": 1}], [{}, {"a": 1, "b": 2}, {"a": -1}, [], None]),
    ],
)
def test_what_a_value_has_to_be(check, good, bad):
    for value in good:
        check(value, "it")
    for value in bad:
        with pytest.raises(Malformed, match=r"it.* is .* instead of "):
            check(value, "it")


def test_it_says_where_it_is_wrong():
    with pytest.raises(Malformed, match=r"^a\.b\[1\] is -1 instead of a whole number from 0"):
        record(a=record(b=list_of(whole())))({"a": {"b": [0, -1]}}, "")
