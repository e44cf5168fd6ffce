"""Several tables of one width, looked up at once."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rowspace.errors import DataError, ShapeError
from rowspace.execute.gather import Gathered, gather
from rowspace.execute.row_steps import Gradients, Step, step_all
from rowspace.tables.table import Table
from rowspace.torch.layer import TableLayer
from rowspace.torch.tables import checked, table_under, weight_of
from rowspace.torch.threads import TorchThreads
from rowspace.updates import Update


class Embeddings(TableLayer):
    """Tables of one width that are looked up together: one row of each for every example.

    One lookup and one node of torch's graph for all of them, which for small batches takes a half to a third of the
    time of one layer a table.

    Args:
        tables: by name, each a table or a model that has one; all of one width. A name has no dot.
        persistent: as for `Embedding`.
        update: as for `Embedding`; each lookup is a step of its own then: look all ids of a batch up in one call.
        threads: how many, None for as many as torch has.

    Called with ids of shape (..., tables), in the order of the tables, or with a dict of ids or names of one shape, it
    gives (..., tables, dim).

    >>> import rowspace as rs, rowspace.torch, torch
    >>> both = rs.torch.Embeddings({"user": rs.Table(50, 4), "item": rs.Table(names=["tea", "milk"], dim=4)})
    >>> both({"user": torch.tensor([7, 8]), "item": ["tea", "tea"]}).flatten(1).shape
    torch.Size([2, 8])
    """

    def __init__(
        self,
        tables: Mapping[str, Any],
        *,
        persistent: bool = True,
        update: Update | None = None,
        threads: int | None = None,
    ) -> None:
        super().__init__()
        if not isinstance(tables, Mapping) or not tables or not all(isinstance(name, str) for name in tables):
            raise DataError('tables must be a dict of tables by name, such as {"user": U, "item": I}')
        if dotted := [name for name in tables if "." in name]:
            raise DataError(
                f"the table {dotted[0]!r} has a dot in its name, which torch has between a layer and its parts"
            )
        found = {name: weight_of(table) for name, table in tables.items()}
        widths = {name: table.dim for name, (table, _) in found.items()}
        if len(set(widths.values())) > 1:
            raise ShapeError(f"the tables have the widths {widths}; give tables of one width, and group them by it")
        for name, (_, values) in found.items():
            self.register_parameter(_weight(name), nn.Parameter(values))
        self.dim, self.threads = next(iter(widths.values())), TorchThreads(threads)
        self._begin({_weight(name): table for name, (table, _) in found.items()}, update, persistent)

    @property
    def tables(self) -> dict[str, Table]:
        """The tables by name."""
        return {name.removeprefix(_weight("")): table for name, table in self._tables.items()}

    @property
    def weights(self) -> dict[str, Tensor]:
        """Their weights by name."""
        return dict(zip(self.tables, self.weights_of_tables(), strict=True))

    @torch.compiler.disable
    def forward(self, ids: Tensor | Mapping[str, Any]) -> Tensor:
        """One row of each table for every example."""
        if isinstance(ids, Mapping):
            ids = self._stacked(ids)
        elif not isinstance(ids, Tensor):
            raise ShapeError(
                f"ids are a {type(ids).__name__}; give a tensor (..., {len(self.tables)}), or a dict by table"
            )
        elif ids.ndim == 0 or ids.shape[-1] != len(self.tables):
            raise ShapeError(
                f"ids have shape {tuple(ids.shape)}; give (..., {len(self.tables)}): {', '.join(self.tables)}"
            )
        elif ids.dtype.is_floating_point or ids.dtype.is_complex or ids.dtype == torch.bool:
            raise ShapeError(f"ids must be integers, got {ids.dtype}")
        ids = ids.cpu().long().contiguous()
        for place, weight in enumerate(self.weights_of_tables()):
            self._looked_up(weight, ids[..., place])
        rows: Tensor = _Together.apply(ids, self, *self.weights_of_tables())
        return rows.to(self.like)

    def _stacked(self, ids: Mapping[str, Any]) -> Tensor:
        if ids.keys() != self.tables.keys():
            raise DataError(f"ids are given for {', '.join(ids)}; the tables are {', '.join(self.tables)}")
        found = [checked(table, ids[name], f"ids of {name}") for name, table in self.tables.items()]
        if len({each.shape for each in found}) > 1:
            shapes = ", ".join(f"{name} {tuple(each.shape)}" for name, each in zip(self.tables, found, strict=True))
            raise ShapeError(f"ids have the shapes {shapes}; give one for all")
        return torch.stack(found, -1)

    def extra_repr(self) -> str:
        """The tables, in `print(model)`."""
        sizes = ", ".join(f"{name} {len(table):,}" for name, table in self.tables.items())
        return f"{sizes} x {self.dim}{self._described()}"

    def looked_up(self, weights: Sequence[Tensor]) -> list[Table]:
        """The tables, or those over the memory of other weights, such as a functional call has."""
        own = zip(self._tables.values(), self._addresses, weights, strict=True)
        return [table if w.data_ptr() == address else table_under(w) for table, address, w in own]

    def step(self, ids: np.ndarray, gradients: np.ndarray, trained: Sequence[bool]) -> None:
        """Step the rows of a lookup, by the update of these tables; those of tables that are `trained`."""
        assert self.optimizer is not None
        count, rates = len(self.tables), [g["lr"] for g in self.optimizer.param_groups for _ in g["params"]]
        flat, values = ids.reshape(-1), gradients.reshape(-1, self.dim)
        at = [(t, count) for t in range(count)]
        parts = [Gradients(flat, values, ids_at=place, values_at=place) for place in at]
        tables = zip(self.optimizer.rows.values(), parts, rates, trained, strict=True)
        step_all([Step(rows, part, rate) for rows, part, rate, moves in tables if moves], self.threads)


def _weight(name: str) -> str:
    """What a table's weight is called in a `state_dict`."""
    return f"weight_{name}"


class _Together(torch.autograd.Function):
    """The rows; the gradient of each table is a sparse tensor, or is applied at once."""

    @staticmethod
    def forward(ctx: Any, ids: Tensor, module: Embeddings, *weights: Tensor) -> Tensor:
        ctx.save_for_backward(ids)
        ctx.module, ctx.shapes, ctx.done = module, [w.shape for w in weights], False
        out = torch.empty(*ids.shape, module.dim)
        flat, rows, count = ids.numpy().reshape(-1), out.numpy().reshape(-1, module.dim), len(weights)
        tables = enumerate(zip(module.tables, module.looked_up(weights), strict=True))
        gather(
            [Gathered(table, flat, rows, (t, count), f"ids of {name}") for t, (name, table) in tables], module.threads
        )
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Any, ...]:
        [ids] = ctx.saved_tensors
        if ctx.module.optimizer is not None:
            if ctx.done:
                raise RuntimeError("backward was called twice, and the rows have taken this step; look them up again")
            ctx.done = True
            ctx.module.step(ids.numpy(), gradient.contiguous().numpy(), ctx.needs_input_grad[2:])
            return None, None, *([None] * len(ctx.shapes))
        by_table = ids.reshape(-1, len(ctx.shapes)).t().clone(memory_format=torch.contiguous_format)
        values = gradient.reshape(-1, *gradient.shape[-2:])
        return (
            None,
            None,
            *(
                torch.sparse_coo_tensor(by_table[t][None], values[:, t], shape, check_invariants=False)
                for t, shape in enumerate(ctx.shapes)
            ),
        )
