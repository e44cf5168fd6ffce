"""Loops over rows instead of examples: one step of each from the gradients of a batch, or catching up and no more."""

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from rowspace.jit.compile import compiled
from rowspace.kernel import source_cache
from rowspace.kernel.emit.expression import ZERO, Expr, Op, apply, constant, load, named, whole
from rowspace.kernel.emit.functions import FUNCTIONS
from rowspace.kernel.emit.python import Unpack, rows_loop
from rowspace.kernel.emit.rules import emitter
from rowspace.kernel.emit.scalars import KNOWN
from rowspace.kernel.emit.statements import Assign, For, Return, Run
from rowspace.kernel.emit.writer import Writer
from rowspace.kernel.update_phase import CHECK, UpdatePhase, rows_of
from rowspace.updates import Update

_RESERVED = {
    *"kernel table states rows gradients order starts rate now begin end since paces u row s k z r check total".split(),
    *"z0 k0 z0_ z1_ r0_ r1_".split(),
    *KNOWN,
    *FUNCTIONS,
}

_AHEAD = 12  # rows and gradients: so early are they asked for, that they are there when they are needed

_NO_GRADIENTS, _NO_ORDER, _NO_PACES = np.zeros((0, 1), np.float32), np.zeros(0, np.int64), np.zeros((0, 1), np.float32)


class RowLoop:
    """A loop over rows for an update and a width.

    With `step`, each row takes one step by the sum of its gradients; without, it only catches up to step `now`. A
    `portable` loop gives the same bytes on every processor.
    """

    def __init__(self, update: Update, dim: int, *, step: bool, portable: bool = False) -> None:
        self.update, self.dim, self.step, self.portable = update, dim, step, portable

    @cached_property
    def source(self) -> str:
        """The loop as Python."""
        name = source_cache.digest_of_row_loop(self.update, self.dim, self.step, self.portable)
        kept = source_cache.load(name)
        if kept is None:
            kept = {"text": self._written()}
            source_cache.keep(name, kept)
        return kept["text"]

    @cached_property
    def run(self) -> Callable[..., int]:
        """The loop as machine code: gives the first row whose new values are not finite, or `end`."""
        return compiled(self.source, strict=self.portable)

    def _written(self) -> str:
        writer = Writer(_RESERVED, portable=self.portable)
        own = [writer.name("state") for _ in self.update.init(self.dim)]
        rows = rows_of(writer, self.update, self.dim, "table", own, named("rate"))
        moves = UpdatePhase(writer, emitter(writer), {"table": rows})
        states = [*own, rows.seen] if self.update.exact else own
        for array in ["table", *states]:
            _ask_ahead(writer, array, "rows", named("u"))
        if self.step:
            self._sum_and_step(writer, moves)
        else:
            moves.catch_up("table", named("row"), seen=named("now"))
        return rows_loop([Unpack(states, "states")] if states else [], writer)

    def _sum_and_step(self, writer: Writer, moves: UpdatePhase) -> None:
        k, s, u = (named(name) for name in "ksu")
        total = load(writer.array("total", (self.dim,), "float32"), k)
        first, after = load("starts", u), load("starts", apply(Op.NEXT, u))
        writer.assign(CHECK, constant("0", "f32"))
        _ask_ahead(writer, "gradients", "order", first)
        writer.loops([(k, self.dim)], [Assign(total, load("gradients", load("order", first), k))])
        with writer.inside(For(s, after, start=apply(Op.NEXT, first))):
            _ask_ahead(writer, "gradients", "order", s)
            writer.loops([(k, self.dim)], [Assign(total, load("gradients", load("order", s), k), "+=")])
        moves.step("table", named("row"), lambda index: load(total.name, *index))
        if self.update.exact:
            seen = load(moves.tables["table"].seen, named("row"), ZERO)
            writer.assign(seen, apply(Op.ADD, named("now"), whole(1)))
        with writer.when(apply(Op.NOT, apply("is_finite", CHECK))):
            writer.add(Return(u))


def _ask_ahead(writer: Writer, array: str, rows: str, place: Expr) -> None:
    """Ask for a row that is needed a little later: that which `rows` has some places on."""
    writer.add(Run(apply("prefetch_listed", named(array), named(rows), apply(Op.ADD, place, whole(_AHEAD)))))


def catch_up(
    loop: RowLoop,
    arrays: Sequence[np.ndarray],
    rows: np.ndarray,
    past: tuple[np.ndarray, np.ndarray],
    now: int,
    part: tuple[int, int],
) -> None:
    """Let rows `part` of `rows` take the steps before `now` that they missed; `past` is that of the table.

    `arrays` are the table's values and what its update keeps beside rows.
    """
    table, *slots = arrays
    nothing = _NO_GRADIENTS, _NO_ORDER, _NO_ORDER, np.float32(0)
    loop.run(table, tuple(slots), rows, *nothing, now, *part, *past)


def step(
    loop: RowLoop,
    arrays: Sequence[np.ndarray],
    rows: np.ndarray,
    gradients: np.ndarray,
    order: tuple[np.ndarray, np.ndarray],
    rate: float,
    now: int,
    part: tuple[int, int],
) -> int:
    """Let rows `part` of `rows` take step `now`; `order` sorts the gradients by row and says where each row's begin.

    Gives the first row whose new values are not finite, or the end of the part.
    """
    table, *slots = arrays
    numbers = np.float32(rate), now, *part, _NO_ORDER, _NO_PACES
    return int(loop.run(table, tuple(slots), rows, gradients, *order, *numbers))
