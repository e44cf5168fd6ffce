"""Costs that people write, by name: what a loop is to be had for, and the data they are tried on.

Columns: i, j (ids), bag, other (5 ids), r, s (ragged bags of ids, as long as each other), w (ragged numbers, as many),
x (a number), v (4 numbers), m (5 numbers).
"""

import numpy as np
import pytensor
import pytensor.tensor as pt

DIM = 4
MATRIX = np.linspace(-1, 1, 16).reshape(4, 4).astype(np.float32)
MASK = np.array([True, False, True, False])
SHARED = pytensor.shared(np.array([0.5, -1.0, 2.0, 0.25], np.float32), name="scales")

softmax, log_softmax = pt.special.softmax, pt.special.log_softmax


def self_attention(E, bag):
    rows = E[bag]
    return ((softmax(rows @ rows.T / 2, axis=1) @ rows) ** 2).sum()


def ragged_self_attention(E, r):
    rows = E[r]
    return ((softmax(rows @ rows.T / 2, axis=-1) @ rows) ** 2).sum()


def heads(E, bag):
    """Two heads of two numbers, each with weights of its own."""
    rows = E[bag].reshape((5, 2, 2)).transpose(1, 0, 2)
    return ((softmax(rows @ rows.transpose(0, 2, 1), axis=-1) @ rows) ** 2).sum()


def contrast(E, bag, other):
    """Each row beside its partner, all others being negatives."""
    scores = E[bag] @ E[other].T
    return -pt.diag(log_softmax(scores, axis=1)).mean()


def cosine(E, i, j):
    return 1 - E[i] @ E[j] / (pt.linalg.norm(E[i]) * pt.linalg.norm(E[j]))


def cosines(E, bag, i):
    rows = E[bag] / pt.linalg.norm(E[bag], axis=1, keepdims=True)
    return (rows @ E[i]).sum()


def standardised(E, bag):
    rows = E[bag]
    return (((rows - rows.mean(axis=0)) / rows.std(axis=0)) ** 3).sum()


def layer_norm(E, i, v):
    row = E[i]
    return (v * (row - row.mean()) / pt.sqrt(row.var() + 1e-5)).sum() ** 2


def listwise(E, bag, i, m):
    """ListNet (Cao et al. 2007)."""
    return -(softmax(m) * log_softmax(E[bag] @ E[i])).sum()


def hardest(E, bag, i):
    scores = E[bag] @ E[i]
    return pt.maximum(0, 1 + scores[1:].max() - scores[0])


def plackett_luce(E, bag, i):
    """Plackett and Luce: the chance of a ranking, last item first."""
    scores = E[bag] @ E[i]
    return (pt.log(pt.cumsum(pt.exp(scores[::-1]))) - scores[::-1]).sum()


def poincare(E, i, j):
    a, b = E[i], E[j]
    inside = (1 - (a**2).sum()) * (1 - (b**2).sum())
    return pt.arccosh(1 + 2 * ((a - b) ** 2).sum() / pt.maximum(inside, 1e-3))


def gaussian(E, i, j):
    """The divergence of two normal distributions: means and log variances, half a row each."""
    m, s, n, t = E[i][:2], E[i][2:], E[j][:2], E[j][2:]
    return 0.5 * (pt.exp(s - t) + (m - n) ** 2 / pt.exp(t) - 1 + t - s).sum()


def box(E, i, j):
    """Boxes (Vilnis et al. 2018): corners and log sizes."""
    low, high = pt.maximum(E[i][:2], E[j][:2]), pt.minimum(E[i][:2] + pt.exp(E[i][2:]), E[j][:2] + pt.exp(E[j][2:]))
    return -pt.log(pt.softplus(high - low)).sum()


def rotate(E, i, j, bag):
    """RotatE (Sun et al. 2019): a turn in the plane for each pair of numbers."""
    a, b, angle = E[i], E[j], E[bag[0]][:2]
    real = a[:2] * pt.cos(angle) - a[2:] * pt.sin(angle) - b[:2]
    imaginary = a[:2] * pt.sin(angle) + a[2:] * pt.cos(angle) - b[2:]
    return pt.sqrt(real**2 + imaginary**2).sum()


def tucker(E, i, j, bag):
    """A core of constants between three rows (Balazevic et al. 2019)."""
    core = np.linspace(-1, 1, 64).reshape(4, 4, 4).astype(np.float32)
    return pt.einsum("abc,a,b,c->", core, E[i], E[j], E[bag[0]])


def negative_binomial(E, i, j, x):
    rate = pt.exp(E[i] @ E[j])
    return pt.gammaln(rate + 1) - pt.gammaln(x**2 + rate) + rate


def smooth_steps(E, r):
    return ((E[r][1:] - E[r][:-1]) ** 2).sum()


def curvature(E, r):
    return ((E[r][2:] - 2 * E[r][1:-1] + E[r][:-2]) ** 2).sum()


def next_item(E, r, i):
    """A session: each item foretells the one after it."""
    return -(pt.log(pt.sigmoid((E[r][:-1] * E[r][1:]).sum(axis=1)))).sum() + (E[i] ** 2).sum()


def last_against_mean(E, r):
    return ((E[r][-1] - E[r].mean(axis=0)) ** 2).sum()


def decayed(E, r, i):
    """The later in the bag, the more it weighs."""
    n = r.shape[0]
    return (0.8 ** pt.arange(n - 1, -1, -1)) @ E[r] @ E[i]


ORDINARY = {
    # rows and pairs
    "dot": lambda E, i, j, x: (x - E[i] @ E[j]) ** 2,
    "squared distance": lambda E, i, j: ((E[i] - E[j]) ** 2).sum(),
    "cosine": cosine,
    "cosines": cosines,
    "manhattan": lambda E, i, j: abs(E[i] - 2 * E[j]).sum(),
    "chebyshev": lambda E, i, j: abs(E[i] - 2 * E[j]).max(),
    "minkowski": lambda E, i, j: (abs(E[i] - 2 * E[j]) ** 3).sum() ** (1 / 3),
    "canberra": lambda E, i, j: (abs(E[i] - 2 * E[j]) / (abs(E[i]) + abs(E[j]))).sum(),
    "huber": lambda E, i, j: pt.where(abs(E[i] - E[j]) < 0.5, 0.5 * (E[i] - E[j]) ** 2, abs(E[i] - E[j]) - 0.1).sum(),
    "log loss": lambda E, i, j, x: -x * pt.log(pt.sigmoid(E[i] @ E[j])) - (1 - x) * pt.log(1 - pt.sigmoid(E[i] @ E[j])),
    "norm of rows": lambda E, bag: pt.linalg.norm(E[bag], axis=1).sum(),
    "norm of a matrix": lambda E, bag: pt.linalg.norm(E[bag]),
    "l1 norm of rows": lambda E, bag: pt.linalg.norm(E[bag], ord=1, axis=1).sum(),
    "poincare": poincare,
    "gaussian": gaussian,
    "box": box,
    "rotate": rotate,
    "tucker": tucker,
    "weighted by a constant matrix": lambda E, i, j: E[i] @ MATRIX @ E[j],
    "a constant matrix": lambda E, i, j: ((MATRIX @ E[i] - E[j]) ** 2).sum(),
    "rows by a constant matrix": lambda E, bag: pt.tanh(E[bag] @ MATRIX).sum(),
    "shared": lambda E, i, j: (SHARED * E[i]) @ E[j],
    "layer norm": layer_norm,
    # bags of one length
    "attention in a bag": lambda E, bag, i: (softmax(E[bag] @ E[i]) @ E[bag]) @ E[i],
    "self-attention": self_attention,
    "heads": heads,
    "log softmax of rows": lambda E, bag, other: -log_softmax(E[bag] @ E[other].T, axis=1)[:, 0].sum(),
    "softmax of columns": lambda E, bag: (softmax(E[bag], axis=0) ** 2).sum(),
    "softmax of all": lambda E, bag: (softmax(E[bag]) ** 2).sum(),
    "logsumexp of rows": lambda E, bag, other: pt.logsumexp(E[bag] @ E[other].T, axis=1).sum(),
    "contrast": contrast,
    "listwise": listwise,
    "hardest": hardest,
    "plackett luce": plackett_luce,
    "standardised": standardised,
    "std": lambda E, bag: E[bag].std(axis=0).sum(),
    "var of all": lambda E, bag: E[bag].var(),
    "mean of rows": lambda E, bag: (E[bag].mean(axis=1) ** 2).sum(),
    "median": lambda E, bag, i: pt.sort(E[bag] @ E[i])[2],
    "product": lambda E, i: (1 + E[i]).prod(),
    "product of rows": lambda E, bag: (1 + E[bag]).prod(axis=1).sum(),
    "product over a bag": lambda E, bag: (1 + E[bag]).prod(axis=0).sum(),
    "noisy or": lambda E, bag, i: 1 - (1 - pt.sigmoid(E[bag] @ E[i])).prod(),
    "cumsum": lambda E, i: (pt.cumsum(E[i]) ** 2).sum(),
    "cumsum of a bag": lambda E, bag: (pt.cumsum(E[bag], axis=0) ** 2).sum(),
    "cumprod": lambda E, i: pt.cumprod(1 + E[i]).sum(),
    "argmax": lambda E, bag, i: E[bag][pt.argmax(E[bag] @ E[i])] @ E[i],
    "argmin": lambda E, bag, i: E[bag][pt.argmin(E[bag] @ E[i])] @ E[i],
    "argmax is": lambda E, i, j: pt.switch(pt.eq(pt.argmax(E[i]), pt.argmax(E[j])), 1.0, 2.0) * (E[i] @ E[j]),
    "greatest argmax": lambda E, bag: pt.argmax(E[bag], axis=1).max() * E[bag].sum(),
    "argmax of rows": lambda E, bag: (pt.argmax(E[bag], axis=1) * E[bag][:, 0]).sum(),
    "max and min": lambda E, i: E[i].max() - E[i].min(),
    "ptp": lambda E, i: pt.ptp(E[i]),
    "sort": lambda E, i, v: pt.sort(E[i]) @ v,
    "sort of rows": lambda E, bag, v: (pt.sort(E[bag], axis=1) @ v).sum(),
    "wasserstein": lambda E, i, j: abs(pt.sort(E[i]) - pt.sort(2 * E[j])).sum(),
    "argsort": lambda E, i, j: E[j][pt.argsort(E[i])][:2].sum() ** 2,
    "top two": lambda E, bag, i: pt.sort(E[bag] @ E[i])[-2:].sum(),
    "top three": lambda E, i: pt.sort(E[i])[::-1][:3].sum(),
    # picking and placing
    "some numbers": lambda E, i: (E[i][[0, 2]] ** 2).sum(),
    "some numbers twice": lambda E, i: (E[i][[0, 2, 0]] ** 3).sum(),
    "some numbers from the end": lambda E, i: (E[i][[-1, 0]] ** 3).sum(),
    "some columns": lambda E, bag: (E[bag][:, [0, 1]] ** 2).sum(),
    "some rows": lambda E, bag: (E[bag][[3, 1, 3]] ** 2).sum(),
    "points of a matrix": lambda E, bag: (E[bag][[0, 1, 2], [3, 2, 1]] ** 2).sum(),
    "mask": lambda E, i: (E[i][MASK] ** 2).sum(),
    "mask of columns": lambda E, bag: (E[bag][:, MASK] ** 2).sum(),
    "multiplied by a mask": lambda E, i, j: (E[i] * MASK) @ E[j],
    "permuted": lambda E, i, j: E[i][np.array([2, 0, 3, 1])] @ E[j],
    "roll": lambda E, i, j: pt.roll(E[i], 1) @ E[j],
    "circular correlation": lambda E, i, j, v: sum(v[k] * (E[i] @ pt.roll(E[j], -k)) for k in range(4)),
    "take": lambda E, i: (pt.take(E[i], [1, 3]) ** 2).sum(),
    "repeat": lambda E, i, v: (pt.repeat(E[i][:2], 2) * v).sum() ** 2,
    "tile": lambda E, i, v: (pt.tile(E[i][:2], 2) * v).sum() ** 2,
    "stack": lambda E, i, j: (pt.stack([E[i], E[j]], axis=1) ** 3).sum(),
    "outer": lambda E, i, j: (pt.outer(E[i], E[j]) * MATRIX).sum(),
    "flatten": lambda E, bag: (E[bag].flatten()[2:9] ** 2).sum(),
    "ravel of a transpose": lambda E, bag: (E[bag].T.ravel()[3:8] ** 2).sum(),
    "diag": lambda E, bag, other: (pt.diag(E[bag] @ E[other].T) ** 2).sum(),
    "diag of a row": lambda E, i, j: (pt.diag(E[i]) @ E[j]).sum(),
    "trace": lambda E, bag, other: pt.trace(E[bag] @ E[other].T),
    "without the diagonal": lambda E, bag: (pt.fill_diagonal(E[bag] @ E[bag].T, 0) ** 2).sum(),
    "eye": lambda E, bag: ((E[bag] @ E[bag].T - pt.eye(5)) ** 2).sum(),
    "triu": lambda E, bag: pt.triu(E[bag] @ E[bag].T, 1).sum(),
    "tril": lambda E, bag: pt.tril(E[bag] @ E[bag].T, -1).sum(),
    "arange": lambda E, i: (pt.arange(4) * E[i]).sum() ** 2,
    "set to": lambda E, i, j: (pt.set_subtensor(E[i][:2], E[j][2:]) ** 2).sum(),
    "add at": lambda E, i, j: (pt.inc_subtensor(E[i][[0, 0, 1]], E[j][:3]) ** 2).sum(),
    "set at": lambda E, i, j: (pt.set_subtensor(E[i][[0, 2]], E[j][:2]) ** 2).sum(),
    "set rows of ones": lambda E, bag, i: (pt.set_subtensor(E[bag][[0, 2]], E[i]) ** 2).sum(),
    # products of several axes
    "all pairs of rows": lambda E, bag: pt.sqrt(((E[bag][:, None] - E[bag][None, :]) ** 2).sum(axis=-1) + 1).sum(),
    "batched products": lambda E, bag, other: pt.matmul(E[bag][:, None, :], E[other][:, :, None]).sum() ** 2,
    "batched dot": lambda E, bag, other: (pt.einsum("bk,bk->b", E[bag], E[other]) ** 2).sum(),
    "tensordot": lambda E, bag, other: (pt.tensordot(E[bag], E[other], axes=[[1], [1]]) ** 2).sum(),
    "tensordot of all": lambda E, bag, other: pt.tensordot(E[bag], E[other], axes=2) ** 2,
    "einsum": lambda E, bag, other: (pt.einsum("ak,bk->ab", E[bag], E[other]) ** 2).sum(),
    "einsum of three": lambda E, i, j, bag: pt.einsum("k,k,bk->b", E[i], E[j], E[bag]).sum(),
    "matrices as rows": lambda E, i, j: (E[i].reshape((2, 2)) @ E[j].reshape((2, 2)) @ E[i][:2]).sum(),
    "kron": lambda E, i, j: (pt.linalg.kron(E[i][:2].reshape((1, 2)), E[j].reshape((2, 2))) ** 2).sum(),
    # logic
    "not": lambda E, i: pt.where(~(E[i] > 0), E[i], 2 * E[i]).sum(),
    "and": lambda E, i, j: pt.where((E[i] > 0) & (E[j] > 0), E[i] * E[j], 0.1 * E[i]).sum(),
    "or": lambda E, i, j: pt.where((E[i] > 0) | (E[j] > 0), E[i] * E[j], 0.1 * E[i]).sum(),
    "any": lambda E, i, j: pt.switch((E[i] > 0.5).any(), E[i].sum(), E[j].sum()),
    "all": lambda E, i, j: pt.switch((E[i] > -0.5).all(), E[i].sum(), E[j].sum()),
    "any of rows": lambda E, bag: pt.switch((E[bag] > 0.5).any(axis=1), E[bag].sum(axis=1), 0.5).sum(),
    "isclose": lambda E, i, j: pt.switch(pt.isclose(E[i], E[j]), 0.0, (E[i] - 2 * E[j]) ** 2).sum(),
    "allclose": lambda E, i, j: pt.switch(pt.allclose(E[i], E[j]), 0.5, ((E[i] - 2 * E[j]) ** 2).sum()),
    "count": lambda E, i, j: (E[i] > 0).sum() * (E[i] @ E[j]),
    "mean of a comparison": lambda E, i, j: (E[i] > E[j]).mean() * (E[i] @ E[j]),
    "same id": lambda E, i, j: pt.switch(pt.eq(i, j), 0.5, E[i] @ E[j]),
    "isnan": lambda E, i: pt.where(pt.isnan(E[i]), 0.0, E[i] ** 2).sum(),
    # functions
    "round": lambda E, i, j: (E[i] - pt.round(3 * E[i])) @ E[j],
    "round halves away": lambda E, i, j: (E[i] - pt.round(3 * E[i], mode="half_away_from_zero")) @ E[j],
    "trunc": lambda E, i, j: (E[i] - pt.trunc(3 * E[i])) @ E[j],
    "floor and ceil": lambda E, i, j: (pt.floor(3 * E[i]) + pt.ceil(2 * E[i])) @ E[j],
    "gammaln": negative_binomial,
    "gamma": lambda E, i: pt.gamma(1 + E[i] ** 2).sum(),
    "digamma": lambda E, i: pt.digamma(2 + abs(E[i])).sum(),
    "erfinv": lambda E, i: pt.erfinv(0.5 * pt.tanh(E[i])).sum(),
    "erfcx": lambda E, i: pt.erfcx(E[i]).sum(),
    "probit": lambda E, i, j: -pt.log(0.5 * pt.erfc(-(E[i] @ E[j]) / np.float32(np.sqrt(2)))),
    "relu": lambda E, i: pt.maximum(E[i], 0).sum() ** 2,
    "gelu": lambda E, i: (0.5 * E[i] * (1 + pt.erf(E[i] / np.float32(np.sqrt(2))))).sum(),
    "clip": lambda E, i: (pt.clip(E[i], -0.5, 0.5) ** 2).sum(),
    "clip at each": lambda E, i, v: (pt.clip(E[i], -v, v) ** 2).sum(),
    "logaddexp": lambda E, i, j: pt.logaddexp(E[i], E[j]).sum(),
    "xlogy": lambda E, i: (softmax(E[i]) * pt.log(softmax(E[i]))).sum(),
    # ragged bags
    "attention": lambda E, r, i: (softmax(E[r] @ E[i]) @ E[r]) @ E[i],
    "scaled attention": lambda E, r, i: ((softmax(E[r] @ E[i] / np.float32(np.sqrt(DIM))) @ E[r] - E[i]) ** 2).sum(),
    "attention by another": lambda E, r, s, i: (softmax(E[r] @ E[i]) @ E[s]) @ E[i],
    "ragged self-attention": ragged_self_attention,
    "ragged log softmax": lambda E, r, i: -log_softmax(E[r] @ E[i])[0],
    "ragged log softmax of all": lambda E, r, i: -(log_softmax(E[r] @ E[i]) * E[r][:, 0]).sum(),
    "first": lambda E, r, i: E[r][0] @ E[i],
    "last": lambda E, r, i: E[r][-1] @ E[i],
    "first id": lambda E, r, i: E[r[0]] @ E[i],
    "last id": lambda E, r, i: E[r[-1]] @ E[i],
    "all but the first": lambda E, r, i: (E[r][1:].sum(axis=0) @ E[i]) ** 2,
    "all but the last": lambda E, r, i: (E[r][:-1].sum(axis=0) @ E[i]) ** 2,
    "last three": lambda E, r, i: (E[r][-3:].sum(axis=0) @ E[i]) ** 2,
    "first two": lambda E, r, i: (E[r][:2].sum(axis=0) @ E[i]) ** 2,
    "every other": lambda E, r, i: (E[r][::2].sum(axis=0) @ E[i]) ** 2,
    "reversed": lambda E, r, s: (E[r][::-1] * E[s]).sum() ** 2,
    "last three ids": lambda E, r, i: (E[r[-3:]].sum(axis=0) @ E[i]) ** 2,
    "smooth steps": smooth_steps,
    "curvature": curvature,
    "next item": next_item,
    "last against mean": last_against_mean,
    "decayed": decayed,
    "first against others": lambda E, r, i: pt.softplus(E[r][1:] @ E[i] - E[r][0] @ E[i]).sum(),
    "ragged var": lambda E, r: E[r].var(axis=0).sum(),
    "ragged norm": lambda E, r: pt.linalg.norm(E[r], axis=1).sum(),
    "ragged gram": lambda E, r: pt.triu(E[r] @ E[r].T, 1).sum(),
    "ragged cumsum": lambda E, r: (pt.cumsum(E[r], axis=0) ** 2).sum(),
    "ragged product": lambda E, r: (1 + E[r]).prod(axis=0).sum(),
    "ragged argmax": lambda E, r, i: E[r][pt.argmax(E[r] @ E[i])] @ E[i],
    "ragged sort": lambda E, r, i: pt.sort(E[r] @ E[i])[-1],
    "ragged any": lambda E, r, i: pt.switch((E[r] @ E[i] > 0).any(), E[i].sum(), (E[r] @ E[i]).sum()),
    "ragged count": lambda E, r, i: (E[r] @ E[i] > 0).sum() * (E[i] ** 2).sum(),
    "ragged weights of others": lambda E, r, w, i: (w[1:] * (E[r][:-1] @ E[i])).sum(),
    "ragged softmax of weights": lambda E, r, w, i: (softmax(w) @ E[r]) @ E[i],
    "ragged max": lambda E, r: E[r].max(axis=0).sum(),
}

# Those whose operations have had a loop from the first: `test_emit.py` has others of their kind.
LONG_KNOWN = {
    "dot", "squared distance", "cosine", "manhattan", "chebyshev", "minkowski", "canberra", "huber",
    "log loss", "norm of a matrix", "l1 norm of rows", "poincare", "gaussian", "box", "rotate", "tucker",
    "weighted by a constant matrix", "a constant matrix", "rows by a constant matrix", "layer norm",
    "attention in a bag", "self-attention", "log softmax of rows", "softmax of columns", "softmax of all",
    "logsumexp of rows", "listwise", "hardest", "standardised", "std", "var of all", "mean of rows",
    "max and min", "ptp", "multiplied by a mask", "roll", "circular correlation", "repeat", "tile", "stack",
    "outer", "flatten", "ravel of a transpose", "eye", "triu", "tril", "arange", "set to", "all pairs of rows",
    "tensordot", "tensordot of all", "einsum", "einsum of three", "matrices as rows", "kron", "and", "or",
    "count", "mean of a comparison", "same id", "isnan", "floor and ceil", "probit", "relu", "gelu", "clip",
    "clip at each", "logaddexp", "xlogy", "attention", "scaled attention", "attention by another",
    "ragged self-attention", "ragged log softmax of all", "ragged var", "ragged count",
    "ragged softmax of weights", "ragged max",
}  # fmt: skip

TABLE = np.random.default_rng(5).normal(0, 0.6, (9, DIM)).astype(np.float32)


def columns_of(cost):
    """The columns a cost takes."""
    return [c for c in cost.__code__.co_varnames[: cost.__code__.co_argcount] if c != "E"]


def example(seed, length=None):
    """One example: distinct ids in each bag, though not in all of them together; ragged bags of 3 to 6 by default."""
    rng = np.random.default_rng(seed)
    many = rng.integers(3, 7) if length is None else length
    ids = lambda n: rng.choice(9, n, replace=False)
    return {
        "i": int(rng.integers(9)),
        "j": int(rng.integers(9)),
        "bag": ids(5),
        "other": ids(5),
        "r": ids(many),
        "s": ids(many),
        "w": rng.normal(size=many).astype(np.float32),
        "x": 0.7,
        "v": np.array([0.1, 0.2, 0.3, 0.4], np.float32),
        "m": rng.normal(size=5).astype(np.float32),
    }
