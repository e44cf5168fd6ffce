"""Calls of a loop are short at first, so that Ctrl-C is heard soon, however long an example takes."""

import numpy as np
import pytest

from rowspace.execute.tasks import run_alone
from rowspace.kernel.segments import Segments, segments_between
from rowspace.system.threads import Workers


@pytest.mark.parametrize(("short", "lengths"), [(0.0, [1, 1, 1, 1, 1, 1, 1]), (60.0, [1, 2, 4])])
def test_the_first_calls_of_the_loop_are_short(short, lengths):
    calls = []

    def loop(own, segments, begin, end):
        calls.append(end - begin)
        return end

    work = Segments.of(segments_between(np.arange(8), 0), np.zeros((7, 1)), 0, 1, 0)
    with Workers(1) as workers:
        run_alone(loop, None, work, workers, short)
    assert calls == lengths
