"""Loops over rows instead of examples: one step of each from the gradients of a batch, or catching up and no more."""

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from rowspace.jit.compile import compiled
from rowspace.kernel.emit import element, emitter
from rowspace.kernel.emit.expression import Expr, Writer
from rowspace.kernel.emit.functions import FUNCTIONS, used_functions
from rowspace.kernel.emit.scalars import KNOWN
from rowspace.kernel.source_cache import keep, load, rows_fingerprint
from rowspace.kernel.update_phase import UpdatePhase, rows_of
from rowspace.updates import Update

_ARGUMENTS = "table, states, rows, gradients, order, starts, rate, now, begin, end, since, paces"
_RESERVED = {
    *"kernel table states rows gradients order starts rate now begin end since paces u row s k z r check total".split(),
    *"z0 k0 z0_ z1_ r0_ r1_".split(),
    *KNOWN,
    *FUNCTIONS,
}


class RowLoop:
    """A loop over rows for an update and a width.

    With `step`, each row takes one step by the sum of its gradients; without, it only catches up to step `now`.
    """

    def __init__(self, update: Update, dim: int, *, step: bool) -> None:
        self.update, self.dim, self.step = update, dim, step

    @cached_property
    def source(self) -> str:
        """The loop as Python."""
        name = rows_fingerprint(self.update, self.dim, self.step)
        kept = load(name)
        if kept is None:
            kept = {"text": self._written()}
            keep(name, kept)
        return kept["text"]

    @cached_property
    def run(self) -> Callable[..., int]:
        """The loop as machine code: gives the first row whose new values are not finite, or `end`."""
        return compiled(self.source)

    def _written(self) -> str:
        writer = Writer(_RESERVED)
        own = [writer.name("state") for _ in self.update.init(self.dim)]
        rows = rows_of(writer, self.update, self.dim, "table", own, "rate")
        moves = UpdatePhase(writer, emitter(writer), {"table": rows})
        if self.step:
            self._sum_and_step(writer, moves)
        else:
            moves.catch_up("table", Expr("row"), seen="now")
        states = [*own, rows.seen] if self.update.exact else own
        head = [f"({', '.join(states)},) = states"] if states else []
        head += writer.scratch_lines()
        lines = [
            f"def kernel({_ARGUMENTS}):",
            *("    " + line for line in head),
            "    for u in range(begin, end):",
            "            row = uintp(rows[u])",
            *writer.lines,
            "    return end",
        ]
        text = "\n".join(lines) + "\n"
        return writer.constant_lines() + used_functions(text) + text

    def _sum_and_step(self, writer: Writer, moves: UpdatePhase) -> None:
        total = writer.array("total", (self.dim,), "float32")
        writer.line("check = f32(0)")
        k = Expr("k")
        first = element("gradients")((Expr("order[starts[u]]"), k))
        writer.loops([(k, self.dim)], [(element(total)((k,)), "=", first)])
        with writer.block("for s in range(starts[u] + 1, starts[u + 1]):"):
            writer.loops([(k, self.dim)], [(element(total)((k,)), "+=", element("gradients")((Expr("order[s]"), k)))])
        moves.step("table", Expr("row"), lambda index: element(total)(index))
        if self.update.exact:
            writer.line(f"{moves.tables['table'].seen}[row, 0] = now + 1")
        with writer.block("if not is_finite(check):"):
            writer.line("return u")


def catch_up(
    loop: RowLoop, table: np.ndarray, states: Sequence[np.ndarray], rows: np.ndarray,
    past: tuple[np.ndarray, np.ndarray], now: int, part: tuple[int, int],
) -> None:  # fmt: skip
    """Let rows `part` of `rows` take the steps before `now` that they missed; `past` is that of the table."""
    nothing = _NOTHING, _NO_ORDER, _NO_ORDER, np.float32(0)
    loop.run(table, tuple(states), rows, *nothing, now, *part, *past)


def step(
    loop: RowLoop, table: np.ndarray, states: Sequence[np.ndarray], rows: np.ndarray, gradients: np.ndarray,
    order: tuple[np.ndarray, np.ndarray], rate: float, now: int, part: tuple[int, int],
) -> int:  # fmt: skip
    """Let rows `part` of `rows` take step `now`; `order` sorts the gradients by row and says where each row's begin.

    Gives the first row whose new values are not finite, or the end of the part.
    """
    numbers = np.float32(rate), now, *part, _NO_ORDER, _NO_PACES
    return int(loop.run(table, tuple(states), rows, gradients, *order, *numbers))


_NOTHING, _NO_ORDER, _NO_PACES = np.zeros((0, 1), np.float32), np.zeros(0, np.int64), np.zeros((0, 1), np.float32)
