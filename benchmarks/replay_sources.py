"""The sources of loops for `replay.py`: costs, updates, forms of columns, parts. Nothing is compiled."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from replay_costs import COSTS, DIM, columns_of, parameters, tables_of, updates

import rowspace as rs

EXAMPLES = 30
SOME = ("l1_dot", "skip_gram", "cbow", "glove", "transe")  # costs that are tried in every way
LARGE = 30_000  # rows: of larger tables than the cache, rows are asked for early


def cases() -> Iterator[tuple[str, Callable[[], str]]]:
    """A name for each loop, and what writes it."""
    rules, named = updates(), rs.costs.NAMED
    for name, cost in named.items():
        tables = parameters(cost)[0]
        for n in range(0, len(rules), len(tables)):  # each update once: tables of one cost take several
            some = [*rules, *rules][n : n + len(tables)]
            yield f"{name}, {', '.join(some)}", partial(source, cost, [rules[rule] for rule in some])
        yield f"{name}, one update", partial(source, cost, rules["momentum"])
        for part in ({"guarded": True}, {"part": "ids"}, {"part": "gradients"}):
            yield f"{name}, {part}", partial(source, cost, rules["sgd"], **part)
        for form, other in forms(cost).items():
            yield f"{name}, {form}", partial(source, cost, rules["sgd"], **other)
        if name in SOME:
            yield f"{name}, large", partial(source, cost, rules["adagrad"], rows=LARGE)
            yield f"{name}, weighted", partial(source, rs.costs.weighted(cost), rules["adagrad"])
        if len(tables) > 1:
            yield f"{name}, one is frozen", partial(source, cost, [None, *rules.values()])
    for number, (name, cost) in enumerate(COSTS.items()):
        yield f"cost of a user: {name}", partial(source, cost, rules["adagrad"])
        if number % 3 == 0:
            yield f"cost of a user: {name}, in batches", partial(source, cost, rules["sgd"], part="gradients")
    yield "cost of a user: gathered", partial(source, COSTS["attention"], rules["sgd"], gathered=("r", "i"))
    for rule, update in rules.items():
        for step in (True, False):
            yield f"rows, {rule}, step {step}", partial(rows_source, update, step)


def forms(cost: Callable[..., Any]) -> dict[str, dict[str, Any]]:
    """Other forms of the columns of a named cost."""
    names, found = parameters(cost)[1], dict[str, dict[str, Any]]()
    if "negatives" in names:
        avoided = next(name for name in ("context", "center", "j", "tail", "window") if name in names)
        found["negatives that are counted"] = {"counted": None if avoided == "window" else avoided}
        if cost.__name__ in SOME:
            found["negatives in fixed bags"] = {"fixed": ["negatives"]}
            found["negatives in ragged bags"] = {"ragged": ["negatives"]}
    if "window" in names:
        found["windows of one length"] = {"fixed": ["window"]}
        if "center" in names:
            found["gathered windows"] = {"gathered": ("window", "center")}
    return found


def source(
    cost: Callable[..., Any],
    update: Any,
    rows: int = 40,
    counted: Any = False,
    fixed: Any = (),
    ragged: Any = (),
    gathered: Any = (),
    **part: Any,
) -> str:
    """The loop of a cost; or why it has none, and the loop that applies its gradients."""
    tables = tables_of(cost, rows)
    given = columns_of(cost, tables, EXAMPLES)
    ids = [[k % 5 + n for n in range(3)] for k in range(EXAMPLES)]
    given |= dict.fromkeys(fixed, ids) | dict.fromkeys(ragged, [bag[k % 2 :] for k, bag in enumerate(ids)])
    if gathered:
        column, by = gathered
        given[column] = rs.Gathered([bag[0] for bag in ids], by=by, most=3)
    if counted is not False:
        table = given["negatives"].of
        given["negatives"] = rs.Negatives(of=table, k=4, counts=range(1, len(table) + 1), avoid=counted)
    if isinstance(update, list):
        update = dict(zip(tables, update, strict=False))
    kernel = rs.Trainer(cost, tables, update).compile(given, **part)
    slow = getattr(kernel, "slow", "")
    return f"# no loop: {slow}\n{kernel.source}" if slow else kernel.source


def rows_source(update: rs.Update, step: bool) -> str:
    """The loops over rows, of two widths."""
    made = []
    for dim in (1, DIM):
        trainer = rs.Trainer(rs.costs.l1_dot, {"E": rs.Table(3, dim)}, update)
        made.append(trainer.row_loop("E", step=step).source)
    return "\n".join(made)
