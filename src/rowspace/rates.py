"""Learning rates: a number, or a function of the fraction of the training done."""

from collections.abc import Callable
from dataclasses import dataclass

from rowspace.errors import DataError
from rowspace.errors.checks import number

Rate = Callable[[float], float]


@dataclass(frozen=True)
class Constant:
    """The same rate throughout."""

    rate: float

    def __call__(self, done: float) -> float:
        return self.rate

    def __str__(self) -> str:
        return f"{self.rate:g}"


@dataclass(frozen=True)
class Linear:
    """From `start` down to `end` in a straight line over the whole of the training: word2vec's decay.

    >>> import rowspace as rs
    >>> rs.linear(0.025, 0.0)(0.5)
    0.0125
    """

    start: float
    end: float = 0.0

    def __call__(self, done: float) -> float:
        return self.start + (self.end - self.start) * done

    def __str__(self) -> str:
        return f"linear({self.start:g}{f', {self.end:g}' if self.end else ''})"


@dataclass(frozen=True)
class Schedule:
    """A function of somebody's, whose rates are checked as they come."""

    of: Rate

    def __call__(self, done: float) -> float:
        return _checked(self.of(done), f", at {done:.3g} of the training,")

    def __str__(self) -> str:
        return getattr(self.of, "__name__", type(self.of).__name__)


def linear(start: float, end: float = 0.0) -> Linear:
    """A rate that falls in a straight line from `start` to `end` over the training."""
    return Linear(_checked(start), _checked(end))


def as_rate(rate: Rate | float) -> Rate:
    """A schedule from a number, or the schedule itself: any function of the fraction done, from 0 to 1."""
    if isinstance(rate, Constant | Linear | Schedule):
        return rate
    if isinstance(rate, type):
        raise DataError(f"the rate is the class {rate.__name__}; give a number, or a function of the fraction done")
    return Schedule(rate) if callable(rate) else Constant(_checked(rate))


def _checked(rate: float, when: str = "") -> float:
    return float(number(f"the rate{when}", rate, 0, wanted="it must be a number of at least 0, such as 0.01"))
