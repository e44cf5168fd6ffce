"""Update rules: functions (row, gradient, state, rate) -> (row, state), written in the language of costs.

Every rule changes the rows an example looked up and no other. A row looked up twice in an example gets the sum of
both gradients in one step.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rowspace.errors import DataError
from rowspace.errors.checks import check_kind, number
from rowspace.rates import Rate, as_rate

State = tuple[Any, ...]
Step = Callable[[Any, Any, State, Any], tuple[Any, State]]
Idle = Callable[[Any, State, Any, Any], tuple[Any, State]]


_NEGLIGIBLE = 1e-9  # of a step: below what float32 holds of the sum of those before


def _stateless(dim: int) -> tuple[np.ndarray, ...]:
    return ()


@dataclass(frozen=True)
class Update:
    """How a row moves: a pair of pure functions and a rate.

    Args:
        step: (row (d,), gradient (d,), state, rate ()) -> (row, state), of PyTensor expressions; state is a tuple.
        rate: the learning rate, a number or a schedule such as `rs.linear(0.025)`.
        init: d -> the state of one row before its first step, a tuple of arrays of shape (d,) or (1,).
        additive: whether the step is the row plus something linear in the gradient alone; repeats need no summing then.
        exact: whether a row catches up on the steps it missed (see `rs.exact`).
        idle: (row, state, rate, steps ()) -> (row, state), what so many steps with a gradient of zero do; None if they
            must be taken one by one.
        idle_after: how many are taken one by one before that holds; none where a row's state of shape (d,) is all 0.
        name: what error messages and models call it.

    >>> import rowspace as rs
    >>> def sign_descent(row, gradient, state, rate):
    ...     return row - rate * gradient / abs(gradient), state
    >>> rs.Update(sign_descent, rate=0.01)
    sign_descent(rate=0.01)
    >>> rs.clip_norm(rs.adagrad(rs.linear(0.1)), 5.0)
    clip_norm(adagrad(rate=linear(0.1)), 5)
    """

    step: Step
    rate: Any = 0.01
    init: Callable[[int], tuple[np.ndarray, ...]] = _stateless
    additive: bool = False
    name: str = ""
    exact: bool = False
    idle: Idle | None = None
    idle_after: int = 0

    def __post_init__(self) -> None:
        for name, function in {"step": self.step, "init": self.init, "idle": self.idle}.items():
            if not callable(function) and not (name == "idle" and function is None):
                raise DataError(f"{name} of an update is {function!r}; give a function")
        object.__setattr__(self, "rate", as_rate(self.rate))
        object.__setattr__(self, "name", self.name or getattr(self.step, "__name__", "update"))

    def __repr__(self) -> str:
        rate = f"(rate={self.rate})"
        wrapped = re.fullmatch(r"((?:\w+\()*\w+)([,)].*)?", self.name)  # the rate belongs to the innermost
        return f"{self.name}{rate}" if wrapped is None else f"{wrapped[1]}{rate}{wrapped[2] or ''}"


def first_of(update: Update, dim: int) -> tuple[np.ndarray, ...]:
    """The state of a row before its first step; DataError where that is no tuple of arrays of shape (d,) or (1,)."""
    try:
        first = tuple(update.init(dim))
        shapes = [np.shape(part) for part in first]
    except (TypeError, ValueError) as error:
        raise DataError(f"init of update {update.name} gives no tuple of arrays: {error}") from error
    for n, shape in enumerate(shapes):
        if shape not in ((1,), (dim,)):
            raise DataError(f"init of update {update.name} gives part {n} of shape {shape}; give ({dim},) or (1,)")
    return first


def state_width(update: Update, dim: int) -> int:
    """How many numbers an update keeps beside a row of `dim`; they are not made: a row may be larger than the memory.

    >>> import rowspace as rs
    >>> state_width(rs.adagrad(), 10**15), state_width(rs.rowwise_adagrad(), 10**15), state_width(rs.sgd(), 7)
    (1000000000000000, 1, 0)
    """
    one, two = (sum(map(np.size, update.init(width))) for width in (1, 2))
    return one + (two - one) * (dim - 1)


def sgd(rate: Rate | float = 0.01) -> Update:
    """Stochastic gradient descent: row - rate * gradient.

    Source: Robbins and Monro, A Stochastic Approximation Method (1951). Known weakness: one rate for frequent and
    rare rows alike.

    >>> import rowspace as rs
    >>> rs.sgd(rate=0.01).name
    'sgd'
    """

    return Update(_descend, rate, additive=True, name="sgd", idle=_rest)


def _descend(row: Any, gradient: Any, state: State, rate: Any) -> tuple[Any, State]:
    return row - rate * gradient, state


def _rest(row: Any, state: State, rate: Any, steps: Any) -> tuple[Any, State]:
    """Without a gradient nothing happens."""
    return row, state


def momentum(rate: Rate | float = 0.01, decay: float = 0.9) -> Update:
    """Lazy momentum: velocity = decay * velocity + gradient; row - rate * velocity.

    Lazy: the velocity of a row decays and acts only when the row is looked up, so the table is not that of dense
    momentum. `decay` is between 0 and 1. Source: Polyak (1964), in torch's form.
    """
    _between("decay", decay, 0, 1)

    def step(row: Any, gradient: Any, state: State, rate: Any) -> tuple[Any, State]:
        velocity = decay * state[0] + gradient
        return row - rate * velocity, (velocity,)

    def idle(row: Any, state: State, rate: Any, steps: Any) -> tuple[Any, State]:
        left = decay**steps
        return row - rate * state[0] * (decay * (1 - left) / (1 - decay)), (state[0] * left,)

    return Update(step, rate, lambda dim: (np.zeros(dim, np.float32),), name="momentum", idle=idle)


def adagrad(rate: Rate | float = 0.1, initial: float = 0.0, epsilon: float = 1e-10) -> Update:
    """Adagrad: squares += gradient^2; row - rate * gradient / (sqrt(squares) + epsilon), per number.

    Frequent rows slow down, rare ones keep their pace. Source: Duchi, Hazan and Singer (2011). Known weakness: the
    steps only ever shrink; and the squares take as much memory as the table (see `rowwise_adagrad`).
    """

    def step(row: Any, gradient: Any, state: State, rate: Any) -> tuple[Any, State]:
        squares = state[0] + gradient**2
        return row - rate * gradient / (squares**0.5 + epsilon), (squares,)

    return Update(step, rate, lambda dim: (np.full(dim, initial, np.float32),), name="adagrad", idle=_rest)


def rowwise_adagrad(rate: Rate | float = 0.1, initial: float = 0.0, epsilon: float = 1e-10) -> Update:
    """Adagrad with one accumulator a row: the mean of gradient^2 over the row's numbers.

    One number of state a row; the usual choice for large tables (PyTorch-BigGraph, DGL-KE, TorchRec).
    """

    def step(row: Any, gradient: Any, state: State, rate: Any) -> tuple[Any, State]:
        squares = state[0] + (gradient**2).mean()
        return row - rate * gradient / (squares**0.5 + epsilon), (squares,)

    return Update(step, rate, lambda dim: (np.full(1, initial, np.float32),), name="rowwise_adagrad", idle=_rest)


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
        unbiased = mean / _one_minus_power(beta1, count)
        spread = (square / _one_minus_power(beta2, count)) ** 0.5
        return row - rate * unbiased / (spread + epsilon), (mean, square, count)

    def init(dim: int) -> tuple[np.ndarray, ...]:
        return np.zeros(dim, np.float32), np.zeros(dim, np.float32), np.zeros(1, np.float32)

    def idle(row: Any, state: State, rate: Any, steps: Any) -> tuple[Any, State]:
        mean, square, count = state
        return row, (mean * beta1**steps, square * beta2**steps, count + steps)

    fades = beta1 / beta2**0.5 if beta2 else 1.0  # what a step without a gradient is of the one before
    after = int(np.ceil(np.log(_NEGLIGIBLE) / np.log(fades))) if 0 < fades < 1 else 1
    return Update(step, rate, init, name="lazy_adam", idle=idle if fades < 1 else None, idle_after=after)


def adamw(
    rate: Rate | float = 0.001, beta1: float = 0.9, beta2: float = 0.999, *, epsilon: float = 1e-8, decay: float = 0.01
) -> Update:
    """AdamW over the rows looked up: `lazy_adam`, and before each step the row shrinks by rate * decay.

    Lazy, as `lazy_adam` is: a row decays only when it is looked up. `exact(adamw(...))` is torch's AdamW. Source:
    Loshchilov and Hutter, Decoupled Weight Decay Regularization (2019).

    >>> import rowspace as rs
    >>> rs.adamw(0.01, decay=0.1)
    adamw(rate=0.01)
    """
    number("decay", decay, 0, wanted="it must be a number of at least 0")
    adam = lazy_adam(rate, beta1, beta2, epsilon=epsilon)

    def step(row: Any, gradient: Any, state: State, rate: Any) -> tuple[Any, State]:
        return adam.step(row * (1 - rate * decay), gradient, state, rate)

    def idle(row: Any, state: State, rate: Any, steps: Any) -> tuple[Any, State]:
        assert adam.idle is not None
        row, state = adam.idle(row, state, rate, steps)
        return row * _decayed(rate * decay, steps), state

    return replace(adam, step=step, idle=idle if adam.idle else None, name="adamw")


def _one_minus_power(beta: float, count: Any) -> Any:
    """1 - beta^count, to the last digits of float32 even where beta is near 1 and the difference small."""
    import pytensor.tensor as pt

    return -pt.expm1(count * float(np.log(beta))) if beta else 1.0


def weight_decay(update: Update, decay: float) -> Update:
    """Add decay * row to the gradient of each row looked up (L2 regularisation, as torch's `weight_decay`).

    Lazy: a row decays only when it is looked up, so a frequent row decays more often than a rare one.
    """
    _check_update("weight_decay", update)
    number("decay", decay, 0, wanted="it must be a number of at least 0")

    def step(row: Any, gradient: Any, state: State, rate: Any) -> tuple[Any, State]:
        return update.step(row, gradient + decay * row, state, rate)

    def idle(row: Any, state: State, rate: Any, steps: Any) -> tuple[Any, State]:
        return row * _decayed(rate * decay, steps), state

    plain = update.step is _descend
    name = f"weight_decay({update.name}, {decay:g})"
    return replace(update, step=step, additive=False, name=name, idle=idle if plain else None)


def _decayed(share: Any, steps: Any) -> Any:
    """(1 - share)^steps, to the last digits of float32 where the share is small."""
    import pytensor.tensor as pt

    return pt.exp(steps * pt.log1p(-share))


def clip_norm(update: Update, largest: float) -> Update:
    """Scale a row's gradient down to length `largest` when it is longer: gradient * min(1, largest / |gradient|).

    Applied to the gradient of each row, after repeats are summed. Source: Pascanu et al. (2013).
    """
    _check_update("clip_norm", update)
    number("largest", largest, math.ulp(0.0), wanted="it must be a number above 0")

    def step(row: Any, gradient: Any, state: State, rate: Any) -> tuple[Any, State]:
        return update.step(row, gradient * _shrinking(gradient, largest), state, rate)

    return replace(update, step=step, additive=False, name=f"clip_norm({update.name}, {largest:g})")


def max_norm(update: Update, largest: float) -> Update:
    """Scale a row down to length `largest` after a step that made it longer: row * min(1, largest / |row|).

    Rows that are not looked up stay as they are. torch's `nn.Embedding(max_norm=...)` does the same when it looks a row
    up, before its step. Source: Srebro, Rennie and Jaakkola, Maximum-Margin Matrix Factorization (2005).

    >>> import rowspace as rs
    >>> rs.max_norm(rs.sgd(0.01), 1.0)
    max_norm(sgd(rate=0.01), 1)
    """
    _check_update("max_norm", update)
    number("largest", largest, math.ulp(0.0), wanted="it must be a number above 0")

    def step(row: Any, gradient: Any, state: State, rate: Any) -> tuple[Any, State]:
        row, state = update.step(row, gradient, state, rate)
        return row * _shrinking(row, largest), state

    rests = update.idle is _rest
    name = f"max_norm({update.name}, {largest:g})"
    return replace(update, step=step, additive=False, name=name, idle=_rest if rests else None)


def _shrinking(vector: Any, largest: float) -> Any:
    """What to multiply a vector by, so that it is no longer than `largest`.

    Lengths are taken in float64, which the square of no float32 overflows, and none but 0 vanishes in.
    """
    import pytensor.tensor as pt

    length = pt.sqrt((pt.cast(vector, "float64") ** 2).sum())
    return pt.cast(largest / pt.maximum(length, largest), "float32")


def exact(update: Update) -> Update:
    """The same rule as the dense optimiser applies it: to every row at every step, looked up or not.

    A row catches up on the steps that it missed when it is next looked up, and at the end of every epoch: the steps
    are those with a gradient of zero, in which momentum carries a row on, Adam's moments fade, and weights decay.
    `exact(momentum(...))` is dense momentum, `exact(lazy_adam(...))` dense Adam, `exact(weight_decay(sgd(...), ...))`
    dense L2 decay. A step is an example, or with `fit(..., batch=n)` a batch, as in torch.

    Missed steps are taken at the rates that held when they were missed. Known weaknesses: where no closed form is known
    (a rule of one's own, decay over momentum or Adam) they are taken one by one, which for rows met once in a million
    examples takes a million steps; and every piece of a rate that changes is a stretch of its own, which with
    `fit(..., batch=n)` is every batch.

    >>> import rowspace as rs
    >>> rs.exact(rs.lazy_adam(0.01)).name
    'exact(lazy_adam)'
    """
    _check_update("exact", update)
    if update.exact or (update.idle is _rest and update.idle_after == 0):
        return update  # which moves no row without a gradient
    return replace(update, exact=True, additive=False, name=f"exact({update.name})")


def _check_update(rule: str, update: Any) -> None:
    check_kind(f"what rs.{rule} changes", update, Update, "an update, such as rs.sgd(0.01)")


def _between(name: str, value: float, low: float, high: float) -> None:
    number(name, value, low, high, wanted=f"it must be at least {low} and below {high}")
