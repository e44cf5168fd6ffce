"""Small trainings of every kind for `replay.py`: checksums of what is learned and kept, and the reported costs."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from replay_costs import COSTS, columns_of, tables_of, updates

import rowspace as rs

THREADS = (1, 2, 3)
BLOCKS: dict[str, Any] = {"schedule": "blocks", "blocks": 8}
IN_BLOCKS = "squared_dot pair_negatives skip_gram skip_gram_bag glove transe distmult complex_".split()
LARGE = 2**20, 64  # rows and numbers of a table that is brought in from the disk block by block
Cases = Iterator[tuple[str, Callable[[], str]]]


def cases() -> Cases:
    """A name for each training, and what trains."""
    yield from the_post()
    yield from of_every_update()
    yield from of_every_kind()
    yield from on_disk()
    yield from gone_on_with()
    yield from of_pairs()
    yield from of_texts()


def mark(values: Any) -> str:
    """A checksum of an array, or of bytes."""
    return hashlib.sha256(np.ascontiguousarray(values) if isinstance(values, np.ndarray) else values).hexdigest()


def outcome(trainer: rs.Trainer, history: list[Any], *others: str) -> str:
    """What a training comes to, a line a table, a slot of an update and the costs."""
    lines = [f"{name} {mark(table.values)}" for name, table in sorted(trainer.tables.items())]
    for name, slots in sorted(trainer.states.items()):
        lines += [f"{name}, slot {n} {mark(slot)}" for n, slot in enumerate(slots)]
    lines += [f"{e.number}: cost {e.cost!r} of {e.costed} of {e.examples}" for e in history]
    return "\n".join([*lines, f"{trainer.examples} examples, {trainer.steps} steps", *others])


def trained(cost: Any, update: Any, tables: Any = None, data: Any = None, epochs: int = 2, **options: Any) -> str:
    """Train a cost, on the tables and columns that `replay_costs` has for it unless others are given."""
    tables = tables_of(cost) if tables is None else tables
    data = columns_of(cost, tables) if data is None else data
    trainer = rs.Trainer(cost, tables, update)
    history = trainer.fit(data, epochs, progress=False, **{"threads": 1, **options})
    return outcome(trainer, history, f"loop {mark(trainer.kernel.source.encode())}")


def falling(rate: float) -> Any:
    return rs.linear(rate, rate / 10)


def the_post() -> Cases:
    """Six items in three groups."""

    def post(dim: int, rate: Any, trace: str) -> str:
        i, j = np.random.default_rng(0).integers(0, 6, (2, 10_000))
        data = {"i": i, "j": j, "label": (i // 2 == j // 2).astype(np.float32)}
        table = rs.Table(names="cat kitten car truck tea coffee".split(), dim=dim, seed=0)
        told = trained(rs.costs.l1_dot, rs.sgd(rate), {"E": table}, data, 1, trace=rs.Trace(trace, every=70))
        explained = rs.explain(table, np.stack([i, j], axis=1), data["label"])
        return f"{told}\ntrace {mark(Path(trace).read_bytes())}\n{explained}"

    yield "the post", partial(post, 2, 0.01, "trace.tsv")
    yield "the post in three dimensions", partial(post, 3, rs.linear(0.05, 0.0), "trace.parquet")


def of_every_update() -> Cases:
    """Every update, in file order, in blocks on several threads, in batches; rates that stay and that fall."""
    cost = rs.costs.logistic_dot
    for name, update in updates().items():
        yield f"{name}, one rate", partial(trained, cost, update, schedule="sequential", shuffle=True)
    for name, update in updates(falling).items():
        yield f"{name}, in order", partial(trained, cost, update, schedule="sequential", shuffle=True)
        for threads in THREADS:
            blocks: dict[str, Any] = {**BLOCKS, "threads": threads}
            yield f"{name}, in blocks, {threads} threads", partial(trained, cost, update, **blocks)
        yield f"{name}, in batches", partial(trained, cost, update, batch=64, threads=2)


def of_every_kind() -> Cases:
    """Forms of columns, of tables and of data."""
    named, adagrad = rs.costs.NAMED, rs.adagrad(falling(0.05))
    for name in IN_BLOCKS:
        form: dict[str, Any] = {"gathered": ("window", "center")} if name == "skip_gram_bag" else {}
        for threads in THREADS:
            blocks = {**BLOCKS, **form, "threads": threads}
            yield f"{name}, in blocks, {threads} threads", partial(of_form, name, adagrad, **blocks)
        yield f"{name}, in order", partial(of_form, name, adagrad, **form, schedule="sequential")
    for name in ("cosine", "margin", "cbow", "subword_skip_gram", "sampled_softmax"):
        yield f"{name}, in order", partial(of_form, name, adagrad, schedule="sequential")
    yield "cbow, in batches", partial(of_form, "cbow", adagrad, batch=50)
    yield "cbow, gathered", partial(of_form, "cbow", adagrad, gathered=("window", "center"))
    yield "negatives that are counted", partial(of_form, "skip_gram", adagrad, avoid="context")
    yield "negatives that are counted, in blocks", partial(of_form, "skip_gram", adagrad, avoid="context", **BLOCKS)
    for name in ("attention", "weighted bag", "self-attention", "tower", "shared variable"):
        yield f"cost of a user: {name}", partial(trained, COSTS[name], adagrad)
    inverse, few = COSTS["inverse"], {"i": range(20), "j": range(20, 40)}
    yield "a cost without a loop", lambda: trained(inverse, adagrad, None, few)
    yield "a frozen table", partial(of_form, "skip_gram", {"W": rs.sgd(0.05), "C": None})
    yield "an update for each", partial(of_form, "glove", dict(zip("WCbc", updates().values(), strict=False)))
    large = {"i": many(0), "j": many(1), "label": many(0) % 2}
    tables = lambda: {"E": rs.Table(12_000, 8, seed=0)}
    for threads in THREADS:
        yield (
            f"windows, {threads} threads",
            lambda t=threads: trained(
                named["logistic_dot"], rs.lazy_adam(falling(0.01)), tables(), large, shuffle=True, threads=t
            ),
        )
    chunks = [{c: v[lo : lo + 31_000] for c, v in large.items()} for lo in range(0, 90_000, 31_000)]
    yield "chunks", lambda: trained(named["logistic_dot"], adagrad, tables(), chunks, shuffle=True)
    yield "chunks of a function", lambda: trained(named["logistic_dot"], adagrad, tables(), lambda: iter(chunks))
    yield "too high a rate", partial(of_form, "squared_dot", rs.sgd(1e30))
    names = [f"n{n}" for n in range(40)]
    left, right = ([names[n * k % 40] for n in range(900)] for k in (1, 7))
    data = pa.table({"i": left, "j": right, "label": [1.0] * 900})
    yield "names", lambda: trained(named["l1_dot"], adagrad, {"E": rs.Table(names=names, dim=5)}, data)
    for name in ("self-attention", "attention", "tower"):
        yield f"a gradient of {name}", partial(gradient, COSTS[name])


def many(seed: int) -> np.ndarray:
    return (12_000 * np.random.default_rng(seed).random(90_000) ** 3).astype(np.int32)


def of_form(name: str, update: Any, gathered: Any = (), avoid: Any = None, **options: Any) -> str:
    """Train a named cost with gathered bags, or with negatives by counts."""
    cost = rs.costs.NAMED[name]
    tables = tables_of(cost)
    data = columns_of(cost, tables)
    if gathered:
        column, by = gathered
        data[column] = rs.Gathered(columns_of(rs.costs.l1_dot, tables)["i"], by=by, most=3)
    if avoid:
        data["negatives"] = rs.Negatives(of=tables["C"], k=4, counts=range(1, 41), avoid=avoid)
    return trained(cost, update, tables, data, **options)


def gradient(cost: Any) -> str:
    """The gradient of one example, and how far from float64 it is."""
    tables = tables_of(cost)
    example = {c: v[0] for c, v in columns_of(cost, tables, 3).items()}
    found = rs.gradient(cost, tables, example)
    told = [f"{t} {g.rows.tolist()} {mark(g.values)}" for t, g in found.items()]
    return "\n".join([*told, repr(rs.check_gradient(cost, tables, example, tolerance=1e-2))])


# --- on disk, and gone on with ---------------------------------------------------------------------------------------


def on_disk() -> Cases:
    """Tables that are mapped from files: a small one, and one that is larger than the memory it is given."""

    def small() -> str:
        rs.Table.create("small.npy", 40, 6, seed=1, scale=0.3).flush()
        told = trained(rs.costs.l1_dot, rs.adagrad(0.05), {"E": rs.Table.open("small.npy", "r+")}, **BLOCKS)
        return f"{told}\nfile {mark(Path('small.npy').read_bytes())}"

    def large(threads: int) -> str:
        E, rng = rs.Table.create("large.npy", *LARGE, seed=0), np.random.default_rng(0)
        ids = lambda: (LARGE[0] * rng.random(20_000) ** 2).astype(np.int32)
        data = {"i": ids(), "j": ids(), "label": (ids() % 2).astype(np.float32)}
        told = trained(rs.costs.squared_dot, rs.sgd(falling(0.05)), {"E": E}, data, 1, threads=threads, memory="600 MB")
        del E
        Path("large.npy").unlink()
        return told

    yield "a small table on disk", small
    yield "a large table on disk", partial(large, 2)


class Stopped(Exception):
    """What ends a training between two chunks."""


class Chunks:
    """Chunks of other pairs in every epoch, until it is stopped in the second."""

    def __init__(self, stops: bool) -> None:
        self.stops = stops

    def at(self, epoch: int, chunk: int) -> Iterator[Mapping[str, Any]]:
        for number in range(chunk, 3):
            if self.stops and (epoch, number) == (1, 1):
                raise Stopped
            yield {"i": many(3 * epoch + number), "j": many(99), "label": many(99) % 2}


def gone_on_with() -> Cases:
    """Trainings that are stopped in the second of three epochs, and resumed from a checkpoint."""

    def resumed(name: str, update: rs.Update, **options: Any) -> str:
        begin = lambda seed: rs.Trainer(rs.costs.logistic_dot, {"E": rs.Table(12_000, 8, seed=seed)}, update)
        folder = f"checkpoint of {name}"
        try:
            begin(0).fit(Chunks(stops=True), 3, threads=2, progress=False, checkpoint=folder, every=0, **options)
        except Stopped:
            trainer = begin(1)
            history = trainer.resume(folder, Chunks(stops=False), threads=3, progress=False)
            return outcome(trainer, history)
        raise AssertionError("it was not stopped")

    for name, update, options in (
        ("adagrad in blocks", rs.adagrad(falling(0.05)), {"shuffle": True}),
        ("exact momentum in blocks", rs.exact(rs.momentum(falling(0.01))), {}),
        ("lazy adam in order", rs.lazy_adam(falling(0.01)), {"schedule": "sequential"}),
        ("exact adam in batches", rs.exact(rs.lazy_adam(0.01)), {"batch": 5000}),
    ):
        yield f"resumed: {name}", partial(resumed, name, update, **options)


# --- pairs and texts -------------------------------------------------------------------------------------------------


def learned(model: rs.Model) -> str:
    """What a model holds."""
    lines = [f"{name} {mark(t.values)} {mark(repr((t.names, t.counts)).encode())}" for name, t in model.tables.items()]
    return "\n".join([*lines, f"cost {model.cost!r}", repr(model.trained_with)])


def of_pairs() -> Cases:
    """Pairs with and without labels and weights."""
    rng = np.random.default_rng(0)
    left, right = ([f"n{n}" for n in (60 * rng.random(2000) ** 2).astype(int)] for _ in range(2))
    pairs = pa.table({"a": left, "b": right, "same": rng.integers(0, 2, 2000), "n": rng.integers(1, 9, 2000)})
    given: dict[str, Any] = {"left": "a", "right": "b"}
    for name, roles, options in (
        ("labels", {"label": "same"}, {}),
        ("labels, l1_dot", {"label": "same"}, {"cost": "l1_dot", "update": "sgd", "rate": 0.05}),
        ("labels and weights", {"label": "same", "weight": "n"}, {"update": "lazy_adam"}),
        ("without labels", {}, {"negatives": 3}),
        ("weights without labels", {"weight": "n"}, {"update": "rowwise_adagrad"}),
    ):
        yield (
            f"pairs: {name}",
            lambda roles=roles, options=options: learned(
                rs.train_pairs(rs.read_pairs(pairs, **given, **roles), 8, 3, threads=2, progress=False, **options)
            ),
        )


def of_texts() -> Cases:
    """Word vectors."""
    rng = np.random.default_rng(0)
    lines = [[f"w{n}" for n in (400 * rng.random(12) ** 2).astype(int)] for _ in range(3000)]

    def text(**options: Any) -> str:
        with rs.read_text(lines, min_count=2, progress=False) as found:
            return learned(rs.train_text(found, **{"dim": 8, "epochs": 2, "progress": False, "threads": 1, **options}))

    def onwards() -> str:
        with rs.read_text(lines[:900], min_count=2, progress=False) as found:
            first = rs.train_text(found, 8, 1, threads=1, progress=False)
        with rs.read_text(lines, min_count=2, names=first.index_to_key, progress=False) as found:
            return learned(rs.train_text(found, None, 1, threads=1, progress=False, start=first))

    for threads in THREADS:
        yield f"text: skip_gram, {threads} threads", partial(text, sample=1e-2, threads=threads)
    yield "text: glove", partial(text, cost="glove", threads=2)
    yield "text: cbow", partial(text, cost="cbow", sample=0)
    yield "text: subwords", partial(text, max_n=4, buckets=500)
    yield "text: subwords of cbow", partial(text, cost="cbow", max_n=4, buckets=500)
    yield "text: going on with a model", onwards
