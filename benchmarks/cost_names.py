"""The names a cost may use, twice: as PyTensor's operations, and as NumPy's in float64, written plainly."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytensor.tensor as pt
import scipy.special


def _softmax(x: Any, axis: int | None = None) -> Any:
    powers = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def _logsumexp(x: Any, axis: int | None = None) -> Any:
    return scipy.special.logsumexp(x, axis=axis)


def _changed(x: Any, part: Any, by: Any, *, add: bool) -> Any:
    out = np.array(x, dtype=np.float64)
    out[part] = out[part] + by if add else by
    return out


def _special(name: str) -> Any:
    return getattr(pt, name, None) or getattr(pt.special, name)


_AS_IN_NUMPY = (
    "tanh sin cos tan arcsin arccos arctan arctan2 arcsinh arctanh sinh cosh exp expm1 log log1p log2 log10 sqrt sign "
    "floor ceil round trunc maximum minimum clip where any all dot outer trace concatenate stack tile repeat cumsum "
    "cumprod sort argmax arange eye prod logaddexp reciprocal"
).split()
_FROM_SCIPY = {"erf": "erf", "erfc": "erfc", "erfinv": "erfinv", "gammaln": "gammaln", "sigmoid": "expit"}

NUMPY: dict[str, Any] = {
    "np": np,
    "put": lambda x, part, y: _changed(x, part, y, add=False),
    "add": lambda x, part, y: _changed(x, part, y, add=True),
    "pt": SimpleNamespace(
        **{name: getattr(np, name) for name in _AS_IN_NUMPY},
        **{name: getattr(scipy.special, theirs) for name, theirs in _FROM_SCIPY.items()},
        sqr=np.square,
        softplus=lambda x: np.logaddexp(0, x),
        switch=np.where,
        eq=np.equal,
        softmax=_softmax,
        log_softmax=lambda x, axis=None: x - _logsumexp(x, axis) if axis is None else x - _kept(x, axis),
        logsumexp=_logsumexp,
    ),
}


def _kept(x: Any, axis: int) -> Any:
    return np.expand_dims(_logsumexp(x, axis), axis)


PYTENSOR: dict[str, Any] = {
    "np": np,
    "put": lambda x, part, y: pt.set_subtensor(x[part], y),
    "add": lambda x, part, y: pt.inc_subtensor(x[part], y),
    "pt": SimpleNamespace(**{name: _special(name) for name in vars(NUMPY["pt"])}),
}
