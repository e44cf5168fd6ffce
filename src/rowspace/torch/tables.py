"""What layers over tables have in common: the table's memory as a weight, and which update steps it."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.weak import WeakTensorKeyDictionary

from rowspace.errors import DataError, ReadOnly
from rowspace.execute.row_steps import RowSteps
from rowspace.tables.table import Table, table_of

_FAST = (torch.int64, torch.int32)  # whose smallest and largest torch finds
_STEPPED = WeakTensorKeyDictionary()  # the steps of every weight that has an optimiser
_TABLES = WeakTensorKeyDictionary()  # the table of every weight of a layer over tables


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


def is_of(weight: Tensor, table: Table) -> None:
    """Note whose memory a weight is: torch forgets that it is a file's."""
    _TABLES[weight] = table


def table_under(weight: Tensor) -> Table:
    """The table of a weight, or one over the memory of a weight of torch's own."""
    if weight.device.type != "cpu" or weight.dtype != torch.float32 or not weight.is_contiguous() or weight.ndim != 2:
        kind = f"{str(weight.dtype).removeprefix('torch.')} of shape {tuple(weight.shape)} on {weight.device}"
        raise DataError(
            f"a weight is {kind}; rowspace steps float32 of shape (rows, width) in this machine's memory. Give the "
            "model, of which tables are found, rather than its parameters"
        )
    table = _TABLES.get(weight)
    if table is None or table.values.ctypes.data != weight.data_ptr():
        return Table.from_array(weight.detach().numpy())
    return table


def checked(table: Table, items: Any, what: str) -> Tensor:
    """Ids of items, int64 on this machine's memory; raises, before a row is touched, where one is not in the table."""
    if not isinstance(items, Tensor):
        return torch.from_numpy(np.asarray(table.ids(items), np.int64, order="C"))
    ids = items.detach().cpu()
    if ids.dtype not in _FAST or (ids.numel() and _outside(ids, len(table))):
        table.check_ids(ids.numpy(), what)
    return ids.long()


def _outside(ids: Tensor, rows: int) -> bool:
    low, high = torch.aminmax(ids)
    return bool(low < 0 or high >= rows)


class HasTables(nn.Module):
    """A module some of whose weights are tables; with an optimiser of its own, it steps them in `backward`."""

    optimizer: Any

    def weights_of_tables(self) -> list[Tensor]:
        """The weights that are tables."""
        raise NotImplementedError
