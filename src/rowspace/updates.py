"""Update rules: functions (row, gradient, state, rate) -> (row, state), written in the language of costs.

Every rule changes the rows an example looked up and no other. A row looked up twice in an example gets the sum of
both gradients in one step.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rowspace.errors import DataError
from rowspace.rates import Rate, as_rate

State = tuple[Any, ...]
Step = Callable[[Any, Any, State, Any], tuple[Any, State]]


def _stateless(dim: int) -> tuple[np.ndarray, ...]:
    return ()


@dataclass(frozen=True)
class Update:
    """How a row moves: a pair of pure functions and a rate.

    Arguments:
        step: (row (d,), gradient (d,), state, rate ()) -> (row, state), of PyTensor expressions; state is a tuple.
        rate: the learning rate, a number or a schedule such as `rs.linear(0.025)`.
        init: d -> the state of one row before its first step, a tuple of arrays of shape (d,) or (1,).
        additive: whether the step is the row plus something linear in the gradient alone; repeats need no summing then.
        name: what error messages and models call it.

    >>> import rowspace as rs
    >>> def sign_descent(row, gradient, state, rate):
    ...     return row - rate * gradient / abs(gradient), state
    >>> rs.Update(sign_descent, rate=0.01).rate(0.5)
    0.01
    """

    step: Step
    rate: Any = 0.01
    init: Callable[[int], tuple[np.ndarray, ...]] = _stateless
    additive: bool = False
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", as_rate(self.rate))
        object.__setattr__(self, "name", self.name or getattr(self.step, "__name__", "update"))


def sgd(rate: Rate | float = 0.01) -> Update:
    """Stochastic gradient descent: row - rate * gradient.

    Source: Robbins and Monro, A Stochastic Approximation Method (1951). Known weakness: one rate for frequent and
    rare rows alike.

    >>> import rowspace as rs
    >>> rs.sgd(rate=0.01).name
    'sgd'
    """

    def step(row: Any, gradient: Any, state: State, rate: Any) -> tuple[Any, State]:
        return row - rate * gradient, state

    return Update(step, rate, additive=True, name="sgd")


def momentum(rate: Rate | float = 0.01, decay: float = 0.9) -> Update:
    """Lazy momentum: velocity = decay * velocity + gradient; row - rate * velocity.

    Lazy: the velocity of a row decays and acts only when the row is looked up, so the table is not that of dense
    momentum. `decay` is between 0 and 1. Source: Polyak (1964), in torch's form.
    """
    _between("decay", decay, 0, 1)

    def step(row: Any, gradient: Any, state: State, rate: Any) -> tuple[Any, State]:
        velocity = decay * state[0] + gradient
        return row - rate * velocity, (velocity,)

    return Update(step, rate, lambda dim: (np.zeros(dim, np.float32),), name="momentum")


def adagrad(rate: Rate | float = 0.1, initial: float = 0.0, epsilon: float = 1e-10) -> Update:
    """Adagrad: squares += gradient^2; row - rate * gradient / (sqrt(squares) + epsilon), per number.

    Frequent rows slow down, rare ones keep their pace. Source: Duchi, Hazan and Singer (2011). Known weakness: the
    steps only ever shrink; and the squares take as much memory as the table (see `rowwise_adagrad`).
    """

    def step(row: Any, gradient: Any, state: State, rate: Any) -> tuple[Any, State]:
        squares = state[0] + gradient**2
        return row - rate * gradient / (squares**0.5 + epsilon), (squares,)

    return Update(step, rate, lambda dim: (np.full(dim, initial, np.float32),), name="adagrad")


def rowwise_adagrad(rate: Rate | float = 0.1, initial: float = 0.0, epsilon: float = 1e-10) -> Update:
    """Adagrad with one accumulator a row: the mean of gradient^2 over the row's numbers.

    One number of state a row; the usual choice for large tables (PyTorch-BigGraph, DGL-KE, TorchRec).
    """

    def step(row: Any, gradient: Any, state: State, rate: Any) -> tuple[Any, State]:
        squares = state[0] + (gradient**2).mean()
        return row - rate * gradient / (squares**0.5 + epsilon), (squares,)

    return Update(step, rate, lambda dim: (np.full(1, initial, np.float32),), name="rowwise_adagrad")


def lazy_adam(rate: Rate | float = 0.001, beta1: float = 0.9, beta2: float = 0.999, *, epsilon: float = 1e-8) -> Update:
    """Adam over the rows looked up, with a step count for each row.

    Moments decay and bias is corrected by how often the row itself was met, so a rare row's first steps are full
    ones. It is not dense Adam, which moves every row at every step. Source: Kingma and Ba (2015).
    """
    _between("beta1", beta1, 0, 1)
    _between("beta2", beta2, 0, 1)

    def step(row: Any, gradient: Any, state: State, rate: Any) -> tuple[Any, State]:
        mean, square, count = state
        mean = beta1 * mean + (1 - beta1) * gradient
        square = beta2 * square + (1 - beta2) * gradient**2
        count = count + 1
        unbiased = mean / (1 - beta1**count)
        spread = (square / (1 - beta2**count)) ** 0.5
        return row - rate * unbiased / (spread + epsilon), (mean, square, count)

    def init(dim: int) -> tuple[np.ndarray, ...]:
        return np.zeros(dim, np.float32), np.zeros(dim, np.float32), np.zeros(1, np.float32)

    return Update(step, rate, init, name="lazy_adam")


def weight_decay(update: Update, decay: float) -> Update:
    """Add decay * row to the gradient of each row looked up (L2 regularisation, as torch's `weight_decay`).

    Lazy: a row decays only when it is looked up, so a frequent row decays more often than a rare one.
    """
    if not 0 <= decay < np.inf:
        raise DataError(f"decay is {decay}; it must be a number of at least 0")

    def step(row: Any, gradient: Any, state: State, rate: Any) -> tuple[Any, State]:
        return update.step(row, gradient + decay * row, state, rate)

    return replace(update, step=step, additive=False, name=f"weight_decay({update.name}, {decay:g})")


def clip_norm(update: Update, largest: float) -> Update:
    """Scale a row's gradient down to length `largest` when it is longer: gradient * min(1, largest / |gradient|).

    Applied to the gradient of each row, after repeats are summed. Source: Pascanu et al. (2013).
    """
    if not 0 < largest < np.inf:
        raise DataError(f"largest is {largest}; it must be a number above 0")

    def step(row: Any, gradient: Any, state: State, rate: Any) -> tuple[Any, State]:
        import pytensor.tensor as pt

        norm = (gradient**2).sum() ** 0.5
        return update.step(row, gradient * (largest / pt.maximum(norm, largest)), state, rate)

    return replace(update, step=step, additive=False, name=f"clip_norm({update.name}, {largest:g})")


def _between(name: str, value: float, low: float, high: float) -> None:
    if not low <= value < high:
        raise DataError(f"{name} is {value}; it must be at least {low} and below {high}")
