"""From pairs of items to a trained model, with defaults that were tried on flights, a thesaurus and the blog post.

The trials had 32 numbers a row and three seeds each. Without labels, weight decay matters most: from the flights, with
their counts as weights, a linear fit on half the airports finds longitude and latitude of the others with correlations
of 0.94 and 0.86, without decay 0.83 and 0.71; on Roget's thesaurus, a tenth of the links held out are told from random
pairs with an AUC of 0.84, without decay 0.77. `tests/recipes/test_pairs.py` keeps the first true. Costs whose best
rows have a length of their own get no decay.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rowspace import costs
from rowspace.checkpoint.checkpoints import EVERY, is_begun
from rowspace.columns.chunk import reordered
from rowspace.columns.holding import check_held
from rowspace.columns.negatives import Negatives
from rowspace.errors import DataError
from rowspace.errors.checks import is_integer
from rowspace.errors.unused import changed, refuse_unused, unused_options
from rowspace.model.model import Model
from rowspace.rates import linear
from rowspace.read.pairs import Pairs, read_pairs
from rowspace.recipes.hold_out import held_out_of
from rowspace.recipes.recipe import Recipe
from rowspace.system.digests import digest_of
from rowspace.system.memory import require_memory
from rowspace.tables.on_disk import is_on_disk
from rowspace.tables.table import Table, reopened
from rowspace.train.trace import Trace
from rowspace.train.trainer import Trainer
from rowspace.updates import Update, adagrad, lazy_adam, momentum, rowwise_adagrad, sgd, state_width, weight_decay

LABELLED = ("logistic_dot", "l1_dot", "squared_dot", "cosine")
UNLABELLED = ("pair_negatives",)
UPDATES = {  # the rule, and the rate it starts from
    "adagrad": (adagrad, 0.2),
    "rowwise_adagrad": (rowwise_adagrad, 0.2),
    "sgd": (sgd, 0.1),
    "momentum": (momentum, 0.01),
    "lazy_adam": (lazy_adam, 0.01),
}
DECAY = 0.03  # for costs that ask for ever longer rows
GROWS = ("logistic_dot", "pair_negatives")
NEGATIVES = 5
FEWER = "take fewer columns, or keep the table on disk (--table-on-disk)"
DAMPING = 0.5  # the exponent of a weight that counts
ENOUGH = 1_000_000  # examples after which more epochs gain little


def train_pairs(
    pairs: Pairs | Any,
    dim: int = 32,
    epochs: int | None = None,
    *,
    left: str | None = None,
    right: str | None = None,
    label: str | None = None,
    weight: str | None = None,
    group: str | None = None,
    within: int | None = None,
    two_kinds: bool | None = None,
    cost: str | None = None,
    update: str | Update = "adagrad",
    rate: float | None = None,
    decay: float | None = None,
    negatives: int | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: bool | None = None,
    trace: Trace | None = None,
    callbacks: Sequence[Any] = (),
    hold_out: float | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    every: float | str = EVERY,
    resume: bool = False,
    table_on_disk: str | os.PathLike[str] | None = None,
    memory: int | str | None = None,
) -> Model:
    """Learn a row for every item from pairs of them.

    With labels the cost compares the dot product of two rows with the label. Without, each pair is told from pairs of
    its left item with `negatives` items drawn by how often they occur, to the power 0.75; of two kinds, with items of
    the right column.

    A weight says how often an example is drawn: every epoch draws as many examples as there are pairs. Beside a
    label it is taken as it is. Without labels it is taken to be a count (of flights, of purchases), and its square
    root is used: counts have heavy tails, and steps multiplied by them are either enormous or nothing. Without weights
    every epoch takes every pair once, in a new random order.

    Args:
        pairs: what `rs.read_pairs` gives, or anything it reads.
        left, right, label, weight, group, within, two_kinds: as for `rs.read_pairs`, where it is not called before.
        dim: numbers a row.
        epochs: default as many as make a million examples, from 5 to 100.
        cost: logistic_dot (the default with labels), l1_dot (the post's), squared_dot or cosine; pair_negatives
            without labels.
        update: the name of an update, adagrad by default; or an Update, which brings its own rate and decay.
        rate: where the rate starts; it falls to 0 in a straight line. The default depends on the update.
        decay: L2 regularisation of the rows looked up; default 0.03 for costs with a logistic, whose rows would
            otherwise grow without end, and 0 for others.
        negatives: how many for each pair without label, default 5.
        seed: of the first values and of everything drawn; the same seed gives the same bytes.
        threads: how many, None for all cores; the bytes are the same for any number.
        progress: whether to show a bar; None shows one on a terminal.
        trace: records rows as they move.
        hold_out: a share of the pairs, such as 0.05, that are not trained on: chosen at random, from the seed. Their
            mean cost after each epoch is `model.held_out`.
        callbacks, checkpoint, every, resume, memory: as for `Trainer.fit`; see also `rs.EarlyStopping`.
        table_on_disk: a folder for the table, which is then mapped from `E.npy` there and may be larger than memory
            (see `Table.create`); None for memory. The model needs the file until it is saved elsewhere. A table of
            256 MB or more is cut otherwise than in memory, and so learns other bytes; without labels, it takes blocks.
            A table that is there is refused, unless it is that of the training to `resume`.

    Returns:
        The model, with one table "E" whose counts are how often each item occurs.

    Raises:
        DataError: for options that have no effect beside the others, a cost that does not fit the data, labels out of
            its range or weights all 0.
        Diverged: when the rate is too high.

    >>> import pyarrow as pa, rowspace as rs
    >>> pairs = pa.table({"left": ["cat", "car", "cat"], "right": ["kitten", "truck", "car"], "same": [1, 1, 0]})
    >>> model = train_pairs(rs.read_pairs(pairs, label="same"), dim=2, epochs=200)
    >>> model.most_similar("cat", topn=1)[0][0]
    'kitten'
    """
    given = changed(_DEFAULTS, {"every": every, "memory": memory})
    refuse_unused(unused_options(checkpoint, table_on_disk), given)
    roles = {"left": left, "right": right, "label": label, "weight": weight, "group": group}
    pairs = _read(pairs, {**roles, "within": within, "two_kinds": two_kinds})
    pairs, others = (pairs, None) if hold_out is None else _parts(pairs, hold_out, seed)
    cost = _chosen_cost(pairs, cost, negatives)
    epochs = enough_epochs(len(pairs)) if epochs is None else epochs
    rule = _rule(update, rate, decay, cost)
    E = _table(pairs, dim, seed, rule, table_on_disk, resumes=resume and is_begun(checkpoint))
    recipe = _recipe(pairs, others, cost, E, rule, NEGATIVES if negatives is None else negatives, seed)
    fit: dict[str, Any] = {"epochs": epochs, "seed": seed, "threads": threads, "progress": progress, "trace": trace}
    fit |= {"callbacks": callbacks, "checkpoint": checkpoint, "every": every, "resume": resume, "memory": memory}
    return recipe.train(**fit)


_DEFAULTS: dict[str, Any] = train_pairs.__kwdefaults__ or {}


def _read(pairs: Any, how: dict[str, Any]) -> Pairs:
    if not isinstance(pairs, Pairs):
        return read_pairs(pairs, **how)
    for name in (name for name, value in how.items() if value is not None):
        raise DataError(f"{name} says how pairs are read, and these are read already; give it to rs.read_pairs")
    return pairs


def _parts(pairs: Pairs, share: float, seed: int) -> tuple[Pairs, Pairs]:
    """The pairs to train on, in their order, and the share that is held out of them."""
    held_out = held_out_of(len(pairs), share, seed, "pairs")

    def part(chosen: np.ndarray) -> Pairs:
        label, weight = (None if a is None else a[chosen] for a in (pairs.label, pairs.weight))
        return replace(pairs, left=pairs.left[chosen], right=pairs.right[chosen], label=label, weight=weight)

    return part(~held_out), part(held_out)


def _recipe(pairs: Pairs, others: Pairs | None, cost: str, E: Table, rule: Update, negatives: int, seed: int) -> Recipe:
    """What pairs are trained with, and others held out; `negatives` are for those without labels."""
    weighted = pairs.weight is not None
    columns = _columns(pairs, E, negatives, _chances(pairs))
    data = _Drawn(pairs, columns, seed) if weighted else columns
    in_order = pairs.label is None and not is_on_disk(E.values)  # negatives from blocks are not quite as good
    defaults: dict[str, Any] = {"schedule": "sequential" if in_order else None, "shuffle": not weighted}
    if others is not None:  # with the negatives of those that are trained on
        own = (
            columns | {"i": others.left, "j": others.right} | ({} if others.label is None else {"label": others.label})
        )
        defaults["held_out"] = _Drawn(others, own, seed) if weighted else own

    def model(trainer: Trainer) -> Model:
        about = {"pairs": len(pairs), "columns": pairs.columns, "epochs": len(trainer.history)}
        about |= {} if others is None else {"held_out": len(others)}
        about |= {"rate": rule.rate(0.0), "seed": seed} | ({"negatives": negatives} if pairs.label is None else {})
        return trainer.model(**about)

    return Recipe(costs.NAMED[cost], {"E": E}, data, rule, defaults, model)


def enough_epochs(pairs: int) -> int:
    """As many epochs as make a million examples, from 5 to 100.

    >>> enough_epochs(5_000), enough_epochs(50_000), enough_epochs(10_000_000)
    (100, 20, 5)
    """
    return int(np.clip(ENOUGH // max(1, pairs), 5, 100))


def _table(
    pairs: Pairs, dim: int, seed: int, rule: Update, folder: str | os.PathLike[str] | None, *, resumes: bool
) -> Table:
    """The table, in a folder; or in memory, if there is enough for it and for what the update keeps beside its rows."""
    about: dict[str, Any] = {"names": pairs.names, "dim": dim, "seed": seed, "counts": pairs.counts}
    if folder is not None and resumes and (path := Path(folder) / "E.npy").exists():
        return reopened(path, (len(pairs.names), dim), list(pairs.names))
    if folder is not None:
        return Table.create(Path(folder) / "E.npy", **about)
    if is_integer(dim) and dim > 0:
        numbers = len(pairs.names) * (dim + state_width(rule, dim))
        require_memory(
            4 * numbers, f"a table of {len(pairs.names)} x {dim} and what {rule.name} keeps of its rows", FEWER
        )
    return Table(**about)


def _chosen_cost(pairs: Pairs, cost: str | None, negatives: int | None) -> str:
    """The cost by name, if it fits the data."""
    fitting, without = (LABELLED, "") if pairs.label is not None else (UNLABELLED, "out")
    cost = fitting[0] if cost is None else cost
    if not isinstance(cost, str) or cost not in LABELLED + UNLABELLED:
        raise DataError(f"cost {cost!r} is not one for pairs; it can be {', '.join(LABELLED + UNLABELLED)}")
    if cost not in fitting:
        raise DataError(f"cost {cost!r} does not fit pairs with{without} labels; {', '.join(fitting)} would")
    if pairs.label is not None:
        if negatives is not None:
            raise DataError("negatives are for pairs without labels; these have labels")
        check_held(costs.NAMED[cost], {"label": pairs.label})
    return cost


def _rule(update: str | Update, rate: float | None, decay: float | None, cost: str) -> Update:
    if isinstance(update, Update):
        if rate is not None or decay is not None:
            raise DataError("an Update brings its own rate and decay; leave them out, or give the update's name")
        return update
    if not isinstance(update, str) or update not in UPDATES:
        raise DataError(f"update {update!r} is not known; it can be {', '.join(UPDATES)}")
    rule, default = UPDATES[update]
    made = rule(linear(default if rate is None else rate))
    decay = (DECAY if cost in GROWS else 0.0) if decay is None else decay
    return weight_decay(made, decay) if decay else made


def _columns(pairs: Pairs, E: Table, negatives: int, weight: np.ndarray | None = None) -> dict[str, Any]:
    """The columns of the cost; negatives are drawn by the (weighted) number of pairs an item is in."""
    columns: dict[str, Any] = {"i": pairs.left, "j": pairs.right}
    if pairs.label is not None:
        return {**columns, "label": pairs.label}
    left, right = (np.bincount(side, weight, len(E)) for side in (pairs.left, pairs.right))
    counts = right if pairs.two_kinds else left + right
    return {**columns, "negatives": Negatives(of=E, k=negatives, counts=counts, avoid="j")}


def _chances(pairs: Pairs) -> np.ndarray | None:
    """In what proportion pairs are drawn (m,); None where all are taken alike."""
    if pairs.weight is None:
        return None
    if not pairs.weight.any():
        raise DataError(f"every weight in column {pairs.columns.get('weight')!r} is 0")
    return pairs.weight.astype(np.float64) ** (DAMPING if pairs.label is None else 1)


class _Drawn:
    """Epochs of examples drawn in proportion to their weight, as many as there are pairs."""

    def __init__(self, pairs: Pairs, columns: dict[str, Any], seed: int) -> None:
        weight = _chances(pairs)
        assert weight is not None
        self.columns = columns
        self.chance, self.examples = weight / weight.sum(), len(pairs)
        self.seed = abs(seed)

    @property
    def fingerprint(self) -> dict[str, str]:
        """What the examples depend on."""
        arrays = [c for c in self.columns.values() if isinstance(c, np.ndarray)]
        return {"pairs": digest_of(*arrays), "weights": digest_of(self.chance)}

    def at(self, epoch: int, chunk: int) -> Iterator[dict[str, Any]]:
        """The one chunk of an epoch, from 0."""
        random = np.random.default_rng([self.seed, 1, epoch])
        chosen = random.choice(self.examples, self.examples, p=self.chance)
        if chunk == 0:
            yield reordered(self.columns, chosen)
