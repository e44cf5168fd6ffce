"""The named costs, each written as a user would write it: of one example, over rows looked up in tables.

In every formula lower-case letters are rows: `E[i]` is row i of table E, `a @ b` a dot product of two rows.
"""

import inspect
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from rowspace.columns.holding import above, between, held, holding, one_of
from rowspace.errors import CostError
from rowspace.errors.quoting import quoted


def l1_dot(E: Any, i: Any, j: Any, label: Any) -> Any:
    """|label - a.b|: the cost of the 2015 post, with label 1 for the same and 0 for different.

    Its gradient has the same length however small the error, so with a constant rate rows settle to within a step.
    """
    return abs(label - E[i] @ E[j])


def squared_dot(E: Any, i: Any, j: Any, label: Any) -> Any:
    """(label - a.b)^2: matrix factorisation of the labels (Koren, Bell and Volinsky 2009)."""
    return (label - E[i] @ E[j]) ** 2


@holding(label=between(0, 1))
def logistic_dot(E: Any, i: Any, j: Any, label: Any) -> Any:
    """log(1 + exp(-(2 label - 1) a.b)): the logistic loss of a label 0 or 1 given the dot product."""
    return pt.softplus(-(2 * label - 1) * (E[i] @ E[j]))


@holding(label=between(-1, 1))
def cosine(E: Any, i: Any, j: Any, label: Any) -> Any:
    """(label - cos(a, b))^2, where cos(a, b) = a.b / (|a| |b|). Blind to lengths; unstable for rows near the origin."""
    a, b = E[i], E[j]
    return (label - a @ b / pt.sqrt((a @ a) * (b @ b) + 1e-12)) ** 2


def margin(E: Any, anchor: Any, positive: Any, negative: Any) -> Any:
    """max(0, 1 + |a - p|^2 - |a - n|^2): triplets (Schroff, Kalenichenko and Philbin 2015), with a margin of 1."""
    near = ((E[anchor] - E[positive]) ** 2).sum()
    far = ((E[anchor] - E[negative]) ** 2).sum()
    return pt.maximum(0, 1 + near - far)


def skip_gram(W: Any, C: Any, center: Any, context: Any, negatives: Any) -> Any:
    """softplus(-u.c) + sum over negatives n of softplus(u.n), u = W[center], c = C[context], n = C[negative].

    Skip-gram with negative sampling (Mikolov et al. 2013): -log sigmoid(u.c) - sum log sigmoid(-u.n).
    """
    u = W[center]
    return pt.softplus(-(u @ C[context])) + pt.softplus(C[negatives] @ u).sum()


def skip_gram_bag(W: Any, C: Any, window: Any, center: Any, negatives: Any) -> Any:
    """`skip_gram` for all words around a center at once, which share its negatives: sum of softplus(-+ u.c) over them.

    For each row u of `W[window]`: softplus(-u.c) + sum over negatives n of softplus(u.n), with c = C[center]. Sharing
    negatives makes small matrix products of the dot products, and learns as well (Ji et al. 2016, pWord2Vec). Here the
    words of the window look for the center, as in word2vec.c and gensim, so that `W` is what one keeps.
    """
    targets = pt.concatenate([-C[center][None], C[negatives]])
    return pt.softplus(W[window] @ targets.T).sum()


def pair_negatives(E: Any, i: Any, j: Any, negatives: Any) -> Any:
    """softplus(-a.b) + sum over negatives n of softplus(a.n): `skip_gram` in a single table, for pairs without labels.

    One table makes both items of a pair look alike, as first-order proximity does in LINE (Tang et al. 2015). The dot
    products of pairs never met again have no limit: without a little weight decay rows grow for as long as they train.
    """
    a = E[i]
    return pt.softplus(-(a @ E[j])) + pt.softplus(E[negatives] @ a).sum()


def cbow(W: Any, C: Any, window: Any, center: Any, negatives: Any) -> Any:
    """As `skip_gram`, with u the mean of the rows in the window: it predicts the word from its neighbours.

    The step is the gradient of this cost, in which each of n rows has an n-th of that of the mean. `word2vec_cbow`
    gives each of them all of it, as word2vec.c does.
    """
    u = W[window].mean(axis=0)
    return pt.softplus(-(u @ C[center])) + pt.softplus(C[negatives] @ u).sum()


def word2vec_cbow(W: Any, C: Any, window: Any, center: Any, negatives: Any) -> Any:
    """As `cbow`, with word2vec.c's step: every row in the window moves by the whole gradient of the mean.

    So the mean itself moves by that gradient, however many words there are: with the true gradient of n rows it moves
    by an n-th, and what is learned comes mostly from short windows. It is no gradient of any cost, and
    `rs.check_gradient` says so of `W`: the mean's value is kept, and for the gradient it stands for the sum.
    Source: Mikolov et al. (2013), as in word2vec.c; gensim and fastText do the same.
    """
    rows = W[window]
    total = rows.sum(axis=0)
    u = total + disconnected_grad(rows.mean(axis=0) - total)
    return pt.softplus(-(u @ C[center])) + pt.softplus(C[negatives] @ u).sum()


def subword_skip_gram(S: Any, C: Any, subwords: Any, window: Any, negatives: Any) -> Any:
    """As `skip_gram` for all words around one, with u the sum of its subwords' rows over the root of their number.

    sum of softplus(-u.c) + m sum over negatives n of softplus(u.n), for m words c. Source: Bojanowski et al. (2017);
    fastText divides by the number itself, and then, as word2vec.c does, moves every row that many times too far. The
    root makes u move as far as the row of a whole word would, however long the word.
    """
    rows, around = S[subwords], C[window]
    u = rows.sum(axis=0) / pt.sqrt(pt.cast(rows.shape[0], "float32"))
    drawn = pt.cast(around.shape[0], "float32") * pt.softplus(C[negatives] @ u).sum()
    return pt.softplus(-(around @ u)).sum() + drawn


@holding(count=above(0))
def glove(W: Any, C: Any, b: Any, c: Any, i: Any, j: Any, count: Any) -> Any:
    """min((x / 100)^0.75, 1) (w.c + b_i + c_j - log x)^2 for a co-occurrence count x; b and c are tables of width 1.

    Source: Pennington, Socher and Manning (2014).
    """
    if _width(b=b, c=c) not in (1, None):
        raise CostError(f"the width of b and c must be 1 for the cost glove, not {_width(b=b)}")
    weight = pt.minimum((count / 100) ** 0.75, 1)
    return weight * (W[i] @ C[j] + b[i, 0] + c[j, 0] - pt.log(count)) ** 2


def sampled_softmax(W: Any, C: Any, center: Any, context: Any, negatives: Any) -> Any:
    """-log of the softmax of u.c among u.c and the u.n of the negatives (Jean et al. 2015, uncorrected)."""
    u = W[center]
    score = u @ C[context]
    return pt.logsumexp(pt.concatenate([score[None], C[negatives] @ u])) - score


def transe(E: Any, R: Any, head: Any, relation: Any, tail: Any, negatives: Any) -> Any:
    """sum over negatives n of max(0, 1 + |h + r - t| - |h + r - n|), a tail n in place of t (Bordes et al. 2013)."""
    _width(E=E, R=R)
    moved = E[head] + R[relation]
    near = pt.sqrt(((moved - E[tail]) ** 2).sum() + 1e-9)
    far = pt.sqrt(((moved - E[negatives]) ** 2).sum(axis=1) + 1e-9)
    return pt.maximum(0, 1 + near - far).sum()


def distmult(E: Any, R: Any, head: Any, relation: Any, tail: Any, negatives: Any) -> Any:
    """softplus(-score(t)) + sum over negatives n of softplus(score(n)), score(x) = sum of h r x (Yang et al. 2015)."""
    _width(E=E, R=R)
    hr = E[head] * R[relation]
    return pt.softplus(-(hr @ E[tail])) + pt.softplus(E[negatives] @ hr).sum()


@holding(label=one_of(-1, 1))
def complex_(E: Any, R: Any, head: Any, relation: Any, tail: Any, label: Any) -> Any:
    """log(1 + exp(-label score)), label -1 or 1, score = Re of the sum of h r conj(t) over complex numbers.

    The first half of a row holds the real parts, the second the imaginary ones. Source: Trouillon et al. (2016).
    """
    if (_width(E=E, R=R) or 0) % 2:
        raise CostError(
            f"the width of the tables must be even for the cost complex_, not {_width(E=E)}: half of a row holds real "
            "parts, half imaginary ones"
        )
    half = E[head].shape[0] // 2
    a, b = E[head][:half], E[head][half:]
    c, d = R[relation][:half], R[relation][half:]
    e, f = E[tail][:half], E[tail][half:]
    score = ((a * c - b * d) * e + (a * d + b * c) * f).sum()
    return pt.softplus(-label * score)


def _width(**tables: Any) -> int | None:
    """The width of tables that must be as wide as one another, if it is known: narrow ones would be broadcast."""
    widths = {name: getattr(table, "type", table).shape[1] for name, table in tables.items()}
    if len(set(widths.values())) > 1:
        told = ", ".join(f"{name} {width}" for name, width in widths.items())
        raise CostError(f"the tables of this cost must be equally wide: {told}")
    return next(iter(widths.values()))


NAMED: dict[str, Callable[..., Any]] = {
    name: cost
    for name, cost in vars().copy().items()
    if inspect.isfunction(cost) and cost.__module__ == __name__ and name[0] != "_"
}


def cost_of(cost: Any) -> Any:
    """A cost by its name, or itself.

    Raises:
        CostError: for another name, with the nearest that there is.

    >>> cost_of("logistic_dott")
    Traceback (most recent call last):
    rowspace.errors.CostError: there is no cost 'logistic_dott'; did you mean 'logistic_dot'? There are l1_dot, ...
    """
    if not isinstance(cost, str):
        return cost
    if cost not in NAMED:
        near = get_close_matches(cost[:100], NAMED, n=1)
        hint = f"did you mean {near[0]!r}? There are" if near else "there are"
        raise CostError(f"there is no cost {quoted(cost)}; {hint} {', '.join(NAMED)}")
    return NAMED[cost]


def weighted(cost: Callable[..., Any], column: str = "weight") -> Callable[..., Any]:
    """`cost` times a number of the example, given in a further column.

    >>> from rowspace import costs
    >>> list(inspect.signature(costs.weighted(costs.l1_dot)).parameters)
    ['E', 'i', 'j', 'label', 'weight']
    """
    signature = inspect.signature(cost)
    if column in signature.parameters:
        raise CostError(f"the cost already has a parameter {column!r}; name the weight's column otherwise")

    def times(**arguments: Any) -> Any:
        weight = arguments.pop(column)
        return weight * cost(**arguments)

    parameter = inspect.Parameter(column, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    times.__signature__ = signature.replace(parameters=[*signature.parameters.values(), parameter])  # type: ignore[attr-defined]
    times.holds = held(cost)  # type: ignore[attr-defined]
    times.__name__ = f"weighted({getattr(cost, '__name__', 'cost')})"
    return times
