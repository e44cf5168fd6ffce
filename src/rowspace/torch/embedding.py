"""torch's Embedding and EmbeddingBag over a table's own memory."""

from typing import Any

import torch
from torch import Tensor, nn

from rowspace.errors import DataError, ShapeError
from rowspace.tables.table import Table
from rowspace.torch.layer import TableLayer
from rowspace.torch.optimizer import Optimizer
from rowspace.torch.tables import checked, weight_of
from rowspace.updates import Update


class _OfOne(TableLayer):
    """A layer over one table, which is its `weight`."""

    weight: Any

    @property
    def table(self) -> Table:
        """The table."""
        return self._tables["weight"]

    def _step_in_backward(self, optimizer: Optimizer) -> None:
        def step(weight: Tensor) -> None:
            try:
                optimizer.step()
            finally:  # a gradient that is not finite is not added to the next one
                weight.grad = None

        self.weight.register_post_accumulate_grad_hook(step)

    def ids(self, items: Any) -> Tensor:
        """Ids or names of any shape as a tensor of ids, int64.

        Raises:
            UnknownItem, IdOutOfRange, ShapeError: as `Table.ids`; ids in a tensor count from 0.
        """
        return checked(self.table, items, "ids")

    def extra_repr(self) -> str:
        """The table, in `print(model)`."""
        names = f", names {self.table.names[0]!r}, ..." if self.table.names else ""
        return f"{len(self.table):,}, {self.table.dim}{names}{self._described()}"


class Embedding(_OfOne, nn.Embedding):
    """`torch.nn.Embedding(sparse=True)` over the memory of a table: a change of one is a change of the other.

    The gradient of `weight` is torch's sparse tensor, one row a lookup, and `Optimizer` steps only those rows. Learning
    rate schedulers, accumulation over several `backward`s, `GradScaler`, hooks and DistributedDataParallel (Gloo) work
    on it as they do for torch's own.

    Args:
        table: a table, in memory or on disk, or a model that has one.
        padding_idx: an item whose row has no gradient: its id or name.
        persistent: whether the values are part of `state_dict()`; say False for tables larger than memory.
        update: with one, such as `rs.adagrad(0.1)`, rows are stepped within `backward` and no gradient is kept, which
            saves time and memory. There is no clipping and no accumulation then. `layer.optimizer` is what steps them,
            for schedulers.

    Raises:
        ReadOnly: if the table cannot be written.
        DataError: if it is a model of several tables.

    Called with ids or names of any shape, it gives rows: shape + (dim,), on the device and in the dtype of the model.
    The table itself stays float32 in this machine's memory when the model is moved.

    >>> import rowspace as rs, rowspace.torch, torch
    >>> E = rs.torch.Embedding(rs.Table(names=["cat", "dog", "owl"], dim=4))
    >>> rows = rs.torch.Optimizer(E, rs.adagrad(0.1))
    >>> E([["cat", "owl"], ["dog", "dog"]]).sum().backward()
    >>> rows.step()
    >>> E(torch.tensor([0, 2])).shape
    torch.Size([2, 4])
    """

    def __init__(
        self, table: Any, *, padding_idx: int | str | None = None, persistent: bool = True, update: Update | None = None
    ) -> None:
        found, weight = weight_of(table)
        padding = None if padding_idx is None else int(found.ids(padding_idx))
        super().__init__(*found.shape, padding_idx=padding, sparse=True, _weight=weight)
        self._begin({"weight": found}, update, persistent)

    @torch.compiler.disable
    def forward(self, input: Any) -> Tensor:
        """Rows of ids, or of names."""
        ids = self.ids(input)
        self._looked_up(self.weight, ids)
        return super().forward(ids).to(self.like)


class EmbeddingBag(_OfOne, nn.EmbeddingBag):
    """`torch.nn.EmbeddingBag(sparse=True)` over the memory of a table: the sum or mean of each bag's rows.

    Args:
        table, padding_idx, persistent, update: as for `Embedding`.
        mode: "mean" or "sum"; torch has no sparse gradient for "max".
        include_last_offset: whether `offsets` end with the number of ids.

    Called with ids (bags, k), or with ids (n,) and `offsets`, which say where each bag begins: (bags,), or (bags + 1,)
    with `include_last_offset`. With `mode="sum"`, `per_sample_weights` in the shape of the ids weigh the rows. It gives
    (bags, dim); a bag without ids gives zeros.

    >>> import rowspace as rs, rowspace.torch, torch
    >>> bags = rs.torch.EmbeddingBag(rs.Table(10, 4))
    >>> bags(torch.tensor([1, 2, 3]), torch.tensor([0, 2])).shape
    torch.Size([2, 4])
    """

    def __init__(
        self,
        table: Any,
        *,
        mode: str = "mean",
        padding_idx: int | str | None = None,
        include_last_offset: bool = False,
        persistent: bool = True,
        update: Update | None = None,
    ) -> None:
        if mode not in ("mean", "sum"):
            raise DataError(f"mode is {mode!r}; give 'mean' or 'sum': torch has no sparse gradient for another")
        found, weight = weight_of(table)
        padding = None if padding_idx is None else int(found.ids(padding_idx))
        super().__init__(
            *found.shape,
            mode=mode,
            sparse=True,
            _weight=weight,
            include_last_offset=include_last_offset,
            padding_idx=padding,
        )
        self._begin({"weight": found}, update, persistent)

    @torch.compiler.disable
    def forward(self, input: Any, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None) -> Tensor:
        """Sums or means of bags of ids, or of names."""
        ids = self.ids(input)
        if offsets is not None:
            offsets = _offsets(offsets, ids.numel(), self.include_last_offset)
        self._looked_up(self.weight, ids)
        weights = None if per_sample_weights is None else per_sample_weights.to(self.weight)
        return super().forward(ids, offsets, weights).to(self.like)


def _offsets(given: Any, count: int, last: bool) -> Tensor:
    """Where bags begin, checked."""
    offsets = torch.as_tensor(given).cpu()
    if offsets.ndim != 1 or offsets.dtype.is_floating_point or offsets.dtype == torch.bool:
        raise ShapeError(f"offsets are {offsets.dtype} of shape {tuple(offsets.shape)}; give whole numbers (bags,)")
    offsets = offsets.long()
    falls = len(offsets) and (offsets[0] != 0 or bool((offsets.diff() < 0).any()) or offsets[-1] > count)
    if falls or (last and (not len(offsets) or offsets[-1] != count)):
        end = "end with" if last else "stay within"
        shown = f"{offsets[:8].tolist()}{' ...' if len(offsets) > 8 else ''}"
        raise ShapeError(f"offsets must begin with 0, rise, and {end} the {count:,} ids; they are {shown}")
    return offsets
