"""What layers over tables have in common: the table's memory as a weight, and which update steps it."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.weak import WeakTensorKeyDictionary

from rowspace.errors import ReadOnly
from rowspace.execute.row_steps import RowSteps
from rowspace.tables.table import Table, table_of

_STEPPED = WeakTensorKeyDictionary()  # the steps of every weight that has an optimiser


def steps_of(weight: Any) -> RowSteps | None:
    """The steps of a table's weight, if it has an optimiser."""
    return _STEPPED.get(weight)


def step_by(weight: Tensor, steps: RowSteps) -> None:
    """Note what steps a weight from now on; what stepped it before leaves no row behind."""
    before = steps_of(weight)
    if before is not None:
        before.catch_up_all()
    _STEPPED[weight] = steps


def weight_of(table: Any) -> tuple[Table, Tensor]:
    """A table, or that of a model, and its values as a tensor on the same memory; ReadOnly if it cannot be written."""
    table = table_of("what a layer looks up", table)
    if not table.values.flags.writeable:
        raise ReadOnly(
            "a read-only table cannot be a layer, since torch writes without asking; open it with mode='r+' (changes "
            "the file) or 'c' (changes stay in this process); weight.requires_grad_(False) freezes it"
        )
    return table, torch.from_numpy(table.values)


def checked(table: Table, items: Any, what: str) -> Tensor:
    """Ids of items, int64 on this machine's memory; raises, before a row is touched, where one is not in the table."""
    if not isinstance(items, Tensor):
        return torch.from_numpy(np.ascontiguousarray(table.ids(items), np.int64))
    ids = items.detach().cpu()
    numbers = ids.numpy()
    if ids.dtype.is_floating_point or ids.dtype == torch.bool or (ids.numel() and _outside(ids, len(table))):
        table.check_ids(numbers, what)
    return ids.long()


def _outside(ids: Tensor, rows: int) -> bool:
    low, high = torch.aminmax(ids)
    return bool(low < 0 or high >= rows)


class HasTables(nn.Module):
    """A module some of whose weights are tables."""

    def weights_of_tables(self) -> list[Tensor]:
        """The weights that are tables."""
        raise NotImplementedError

    def table_of(self, weight: Tensor) -> Table:
        """The table that one of these weights is."""
        raise NotImplementedError
