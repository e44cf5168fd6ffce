"""Which cases of many run under `make test`; the others run under `make test-slow`."""

from collections.abc import Iterable
from typing import Any

import pytest


def quick(every: Iterable[Any], *few: Any) -> list[Any]:
    """Each case as pytest takes it, all but those few marked as slow; a case is an argument or a tuple of them."""
    every = list(every)
    assert set(few) <= set(every), "a case that is not there would never run"
    return [pytest.param(*_arguments(case), marks=() if case in few else pytest.mark.slow) for case in every]


def _arguments(case: Any) -> tuple[Any, ...]:
    return case if isinstance(case, tuple) else (case,)
