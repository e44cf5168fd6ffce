"""What layers over tables have in common: where the tables are when the model is copied, moved, saved and loaded."""

import copy
from typing import Any

import torch
from torch import Tensor

from rowspace.errors import DataError, FormatError
from rowspace.errors.warnings import OnHost
from rowspace.tables.table import Table
from rowspace.torch.optimizer import Optimizer
from rowspace.torch.tables import HasTables, is_of, steps_of
from rowspace.updates import Update

_UPDATE = "update"  # in a state_dict: what an update of the layer's own keeps


class TableLayer(HasTables):
    """A layer whose weights are tables, by the names they have in a `state_dict`.

    With an update of its own, rows are stepped within `backward`; `optimizer` is what steps them.
    """

    persistent: bool
    like: Tensor  # of no numbers: rows that are looked up go to its device, and have its dtype
    optimizer: Optimizer | None

    def _begin(self, tables: dict[str, Table], update: Update | None, persistent: bool) -> None:
        self._tables, self.persistent, self.optimizer = tables, persistent, None
        self.like = torch.empty(0, dtype=torch.float32, device="cpu")
        self._note_tables()
        if update is not None:
            self._fuse(update)

    def _note_tables(self) -> None:
        for name, table in self._tables.items():
            is_of(self._parameters[name], table)  # type: ignore[arg-type]
        self._addresses = [table.values.ctypes.data for table in self._tables.values()]

    def _fuse(self, update: Update) -> None:
        """Step rows by this update as soon as their gradients are there, those of weights that are frozen now too."""
        weights = self.weights_of_tables()
        trained = [weight.requires_grad for weight in weights]
        for weight in weights:
            weight.requires_grad_(True)
        self.optimizer = Optimizer(self, update)
        self._step_in_backward(self.optimizer)
        for weight, needed in zip(weights, trained, strict=True):
            weight.requires_grad_(needed)

    def _step_in_backward(self, optimizer: Optimizer) -> None:
        """Have the rows stepped when their gradients are there."""

    def weights_of_tables(self) -> list[Tensor]:
        """One a table, in their order."""
        return [self._parameters[name] for name in self._tables]  # type: ignore[misc]

    def _looked_up(self, weight: Tensor, ids: Tensor) -> None:
        """Rows of exact updates take the steps that they missed before they are read."""
        steps = steps_of(weight)
        if steps is not None and steps.lagging:
            steps.catch_up(ids.contiguous().numpy().reshape(-1))

    def _catch_up_all(self) -> None:
        for weight in self.weights_of_tables():
            steps = steps_of(weight)
            if steps is not None:
                steps.catch_up_all()

    def _apply(self, fn: Any, recurse: bool = True) -> Any:
        """`to`, `cuda`, `half`, ...: rows that are looked up follow, to the device and the dtype; the tables stay."""
        like = fn(self.like)
        if like.device.type == "cpu" and like.is_shared():
            raise DataError(
                "a table stays in the memory that it has; processes share one that is in a file: "
                "rs.Table.open(path, mode='r+')"
            )
        if like.device.type not in ("cpu", "meta", self.like.device.type):
            OnHost.warn(str(like.device))
        self.like = like
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """A layer with tables of its own, and the state of its update."""
        self._catch_up_all()
        new: Any = type(self).__new__(type(self))
        memo[id(self)] = new
        new.__dict__.update(copy.deepcopy(_without(self.__dict__, "_tables", "optimizer"), memo))
        new._adopt({name: (table.names, table.counts) for name, table in self._tables.items()})
        if self.optimizer is not None:
            new._fuse(self.optimizer.update)
            new.optimizer.load_state_dict(self.optimizer.state_dict())
        return new

    def __getstate__(self) -> dict[str, Any]:
        if self.optimizer is not None:
            raise TypeError(
                "a layer with an update of its own cannot be pickled, since an update is code; save its state_dict()"
            )
        self._catch_up_all()
        about = {name: (table.names, table.counts) for name, table in self._tables.items()}
        return {**_without(self.__dict__, "_tables", "optimizer"), "about": about}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(_without(state, "about"))
        self._adopt(state["about"])

    def _adopt(self, about: dict[str, tuple[Any, Any]]) -> None:
        """Have tables over the weights, with these names and counts."""
        self.optimizer = None
        self._tables = {
            name: Table.from_array(self._parameters[name].detach().numpy(), names, counts=counts)  # type: ignore[union-attr]
            for name, (names, counts) in about.items()
        }
        self._note_tables()

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        self._catch_up_all()
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if self.optimizer is not None:
            destination[prefix + _UPDATE] = self.optimizer.state_dict()
        if not self.persistent:
            for name in self._tables:
                del destination[prefix + name]

    def _load_from_state_dict(
        self,
        state_dict: Any,
        prefix: str,
        local_metadata: Any,
        strict: bool,
        missing: Any,
        unexpected: Any,
        errors: Any,
    ) -> None:
        if (local_metadata.get("version") or 1) > self._version:
            raise FormatError("this state_dict is of a newer version of rowspace; pip install --upgrade rowspace")
        if local_metadata.get("assign_to_params_buffers"):
            raise DataError("a table's memory stays its own; call load_state_dict without assign=True, which copies")
        given = dict(state_dict)
        kept = given.pop(prefix + _UPDATE, None)
        if not self.persistent:
            given |= {prefix + name: self._parameters[name] for name in self._tables}
        self._catch_up_all()
        super()._load_from_state_dict(given, prefix, local_metadata, strict, missing, unexpected, errors)
        if kept is not None and self.optimizer is not None:
            self.optimizer.load_state_dict(kept)
        elif kept is not None:
            unexpected.append(prefix + _UPDATE)
        elif self.optimizer is not None:
            missing.append(prefix + _UPDATE)

    def _described(self) -> str:
        return f", update={self.optimizer.update!r}" if self.optimizer else ""


def _without(state: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in state.items() if name not in names}
