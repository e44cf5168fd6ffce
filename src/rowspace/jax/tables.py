"""Rows out of tables into JAX, and gradients back: what is in between is any function of JAX."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from rowspace.errors import DataError, FormatError, ShapeError
from rowspace.execute.gather import Gathered, gather
from rowspace.execute.row_steps import Gradients, RowSteps, Step, step_all
from rowspace.state import by_table, check_apart
from rowspace.system.threads import KeptThreads, thread_count
from rowspace.tables.table import Table, by_name
from rowspace.updates import Update

Ids = Mapping[str, Any]


class Tables:
    """Tables that a model in JAX looks rows up in, and whose rows its gradients step.

    JAX functions have no memory: what they change, they copy. A table keeps its own, so it stays outside of them. Look
    the rows of a batch up, differentiate your jitted function with respect to the rows, as to any other argument, and
    hand the gradients back. Repeats of a row are added up in the order of the lookups: the same bytes for any number of
    threads.

    Args:
        tables: by name, in memory or on disk.
        update: how rows move, such as `rs.adagrad(0.1)`, or a dict of them by table. Its rate is a number.
        threads: how many, None for all cores.

    Raises:
        DataError: if a table is read-only, two of them are the same rows, or a rate is a schedule: give `apply` the
            rate of each step instead.

    >>> import jax, jax.numpy as jnp, rowspace as rs, rowspace.jax
    >>> both = {"user": rs.Table(50, 4), "item": rs.Table(names=["tea", "milk"], dim=4)}
    >>> tables = rs.jax.Tables(both, rs.adagrad(0.1))
    >>> def cost(rows, label):
    ...     return ((label - (rows["user"] * rows["item"]).sum(-1)) ** 2).sum()
    >>> step = jax.jit(jax.value_and_grad(cost))
    >>> ids, label = {"user": [7, 8, 7], "item": ["tea", "tea", "milk"]}, jnp.array([1.0, 0.0, 1.0])
    >>> first, gradients = step(tables.lookup(ids), label)
    >>> tables.apply(ids, gradients)
    >>> step(tables.lookup(ids), label)[0] < first
    Array(True, dtype=bool)
    """

    def __init__(
        self, tables: Mapping[str, Table], update: Update | Mapping[str, Update], *, threads: int | None = None
    ) -> None:
        self.tables = by_name(tables)
        updates = by_table(update, self.tables)
        check_apart(self.tables, updates)
        if len(updates) < len(self.tables):
            raise DataError("a table has the update None; leave it out, and look its rows up by table[ids]")
        self.steps = {name: RowSteps(table, updates[name], name) for name, table in self.tables.items()}
        self._threads = KeptThreads(thread_count(threads))

    def lookup(self, ids: Ids) -> dict[str, jax.Array]:
        """The rows of a batch.

        Args:
            ids: for some of the tables, by name, ids or names of any shape.

        Returns:
            By name, arrays of shape (*ids, dim), float32, on JAX's default device.

        Raises:
            UnknownItem, IdOutOfRange, ShapeError: as `Table.ids`.
        """
        found = {name: self._ids(name, own) for name, own in _by_name("ids", ids).items()}
        out = {name: np.empty((*own.shape, self.tables[name].dim), np.float32) for name, own in found.items()}
        wanted = []
        for name, own in found.items():
            table, flat = self.tables[name], np.ascontiguousarray(own.reshape(-1))
            self.steps[name].catch_up(flat)
            wanted.append(Gathered(table, flat, out[name].reshape(-1, table.dim), what=f"ids of {name}"))
        gather(wanted, self._threads)
        return {name: jax.device_put(rows) for name, rows in out.items()}

    def apply(self, ids: Ids, gradients: Mapping[str, Any], rate: float | None = None) -> None:
        """Let the rows of a batch take a step; all of them, or none where a gradient is not finite.

        Args:
            ids: those of the lookup. A table that is left out takes a step without a gradient.
            gradients: of the rows, by table, each in the shape that `lookup` gave; in float32, or converted to it.
            rate: of this step, for all tables, at least 0; None for the rates of the updates.

        Raises:
            ShapeError: for gradients of another shape.
            DataError: within `jit`, `grad` or `vmap`, and where a fit trains one of the tables at the same time.
            Diverged: where a gradient, or a row after its step, is not finite.
        """
        ids, gradients = _by_name("ids", ids), _by_name("gradients", gradients)
        if ids.keys() != gradients.keys():
            raise DataError(f"gradients are given for {', '.join(gradients)}, and ids for {', '.join(ids)}")
        given = {name: self._gradients(name, own, gradients[name]) for name, own in ids.items()}
        step_all(
            [
                Step(steps, given.get(name), steps.update.rate(0.0) if rate is None else float(rate))
                for name, steps in self.steps.items()
            ],
            self._threads,
        )

    def catch_up(self) -> None:
        """Let all rows of exact updates take the steps that they missed: before you read the values of a table."""
        for steps in self.steps.values():
            steps.catch_up_all()

    def state(self) -> dict[str, dict[str, np.ndarray]]:
        """What a training that goes on needs beside the values of the tables: arrays by table and name."""
        return {name: steps.kept() for name, steps in self.steps.items()}

    def load_state(self, state: Mapping[str, Mapping[str, Any]]) -> None:
        """Go on from what `state` gave; FormatError, before anything is changed, where it does not fit."""
        if state.keys() != self.steps.keys():
            raise FormatError(f"this state is of {', '.join(state)}; the tables are {', '.join(self.steps)}")
        given = {name: {key: np.asarray(value) for key, value in own.items()} for name, own in state.items()}
        for name, steps in self.steps.items():
            steps.check_kept(given[name])
        for name, steps in self.steps.items():
            steps.take(given[name])

    def _ids(self, name: str, items: Any) -> np.ndarray:
        if name not in self.tables:
            raise DataError(f"there is no table {name!r}; the tables are {', '.join(self.tables)}")
        items = np.asarray(_known("ids", name, items)) if isinstance(items, jax.Array) else items
        return np.asarray(self.tables[name].ids(items), np.int64)

    def _gradients(self, name: str, ids: Any, gradient: Any) -> Gradients:
        own, given = self._ids(name, ids), np.asarray(_known("gradients", name, gradient))
        if not np.can_cast(given.dtype, np.float32, "same_kind"):
            raise ShapeError(f"the gradient of {name} is {given.dtype}; it must be float32, as its rows are")
        values = np.asarray(given, np.float32, order="C")
        if values.shape != (*own.shape, self.tables[name].dim):
            wanted = (*own.shape, self.tables[name].dim)
            raise ShapeError(f"the gradient of {name} has shape {values.shape}; its rows have {wanted}")
        return Gradients(np.ascontiguousarray(own.reshape(-1)), values.reshape(-1, values.shape[-1]))


def _by_name(what: str, given: Any) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise DataError(f'{what} are a {type(given).__name__}; give a dict of them by table, such as {{"user": ...}}')
    return given


def _known(what: str, name: str, array: Any) -> Any:
    """An array whose numbers are known; DataError for one that a function of JAX is only being traced with."""
    if isinstance(array, jax.core.Tracer):
        raise DataError(
            f"the {what} of {name} have no numbers yet, within jit, grad or vmap: look rows up before such a function, "
            "and apply the gradients that it returns"
        )
    return array
