"""A torch optimiser that steps the rows which were looked up, by rowspace's updates."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rowspace.errors import DataError, FormatError
from rowspace.errors.checks import check_kind
from rowspace.execute.row_steps import Gradients, RowSteps, Step, step_all
from rowspace.system.mapped import changes_are_seen
from rowspace.torch.tables import HasTables, step_by, steps_of, table_under
from rowspace.torch.threads import TorchThreads
from rowspace.updates import Update


class Optimizer(torch.optim.Optimizer):
    """Steps the rows of tables that have a gradient, and no other, by one of rowspace's updates.

    Repeats of a row are added up in the order of the lookups: the same bytes for any number of threads. With an exact
    update, such as `rs.exact(rs.lazy_adam(0.001))`, rows take the steps that they missed before they are looked up
    again; call `catch_up()` before you read a table's values yourself.

    Args:
        params: a model, of which all layers over tables are found, and torch's own `nn.Embedding(sparse=True)` and
            `nn.EmbeddingBag(sparse=True)`; or layers, or weights; or dicts of them with a `lr` or an `update` of their
            own. Dense parameters are left to an optimiser of torch's, and so are frozen tables and layers that have
            an update of their own.
        update: how rows move, such as `rs.adagrad(0.1)`. Its rate is a number, `lr` in `param_groups`: torch's
            schedulers change it.
        threads: how many, None for as many as torch has.

    Raises:
        DataError: where there is no such layer, two layers have the same rows, or the rate is a schedule.

    >>> import rowspace as rs, rowspace.torch, torch
    >>> model = torch.nn.Sequential(rs.torch.Embedding(rs.Table(100, 8)), torch.nn.Linear(8, 1))
    >>> rows = rs.torch.Optimizer(model, rs.adagrad(0.1))
    >>> dense = torch.optim.Adam(model[1].parameters())
    >>> loss = model(torch.tensor([3, 7, 3])).square().sum()
    >>> loss.backward()
    >>> rows.step(); dense.step()
    """

    def __init__(self, params: Any, update: Update, *, threads: int | None = None) -> None:
        check_kind("update", update, Update, "an update, such as rs.adagrad(0.1)")
        self.update, self.threads = update, TorchThreads(threads)
        self.rows: dict[Tensor, RowSteps] = {}  # by their weights
        self._frozen: list[Tensor] = []  # that were left out
        groups: Any = [params] if isinstance(params, nn.Module | Tensor | dict) else list(params)
        super().__init__(groups if groups and isinstance(groups[0], dict) else [{"params": groups}], {})

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Step more tables: {"params": layers or weights}, and a `lr` or an `update` for these alone."""
        given, update = param_group["params"], param_group.get("update", self.update)
        found = list(_tables([given] if isinstance(given, nn.Module | Tensor) else given))
        if not found:
            raise DataError("there is no table here: give layers of rowspace.torch, or nn.Embedding(..., sparse=True)")
        rate = float(param_group.get("lr", update.rate(0.0)))
        new: dict[Tensor, RowSteps] = {}
        for weight, module in found:
            if not weight.requires_grad:
                self._frozen.append(weight)
                continue
            if weight not in new:  # else it is one weight of several layers
                table = table_under(weight)
                if any(changes_are_seen(table.values, r.table.values) for r in (*self.rows.values(), *new.values())):
                    raise DataError(f"a table of {len(table):,} x {table.dim} is given twice; step it once")
                new[weight] = RowSteps(table, update)
            self._bind(weight, module, new[weight])
        if not new:
            raise DataError("all tables here are frozen: call requires_grad_(True) on the weight of one")
        self.rows |= new
        super().add_param_group({"params": list(new), "lr": rate, "update": update.name})

    def _bind(self, weight: Tensor, module: nn.Module | None, steps: RowSteps) -> None:
        """Have rows of an exact update take the steps that they missed before they are looked up."""
        step_by(weight, steps)
        if module is not None and not isinstance(module, HasTables) and steps.update.exact:
            module.register_forward_pre_hook(lambda module, given: _catch_up(weight, given[0]))
        elif module is None and steps.update.exact:
            raise DataError(f"{steps.update.name} has to know when rows are looked up; give the layer, not its weight")

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # type: ignore[override]
        """Let the rows with a gradient take a step; all of them, or none where a gradient is not finite.

        A table without a gradient takes no step, as a parameter of torch's.

        Raises:
            DataError: for a dense gradient, a weight that was given other memory, and a table that something else
                trains at the same time.
            Diverged: where a gradient, or a row after its step, is not finite.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        rates = [(weight, group["lr"]) for group in self.param_groups for weight in group["params"]]
        steps = [Step(self._steps(w), _gradients(w.grad), rate) for w, rate in rates if w.grad is not None]
        if any(weight.grad is not None and steps_of(weight) is None for weight in self._frozen):
            raise DataError(
                "a table has a gradient that was frozen when this optimiser was made; hand its layer to "
                'add_param_group({"params": layer})'
            )
        step_all(steps, self.threads)
        return loss

    def _steps(self, weight: Tensor) -> RowSteps:
        """The steps of a weight; DataError where they would go astray."""
        rows = self.rows[weight]
        if weight.data_ptr() != rows.table.values.ctypes.data:
            raise DataError(
                f"the weight of {rows} is in other memory than when its optimiser was made; make the optimiser after "
                "the model is moved, and copy values into a weight with weight.data.copy_(values)"
            )
        if rows.update.exact and steps_of(weight) is not rows:
            raise DataError(f"another optimiser was made for {rows} since; exact updates need one that takes all steps")
        return rows

    def catch_up(self) -> None:
        """Let all rows of exact updates take the steps that they missed: before you read the values of a table."""
        for rows in self.rows.values():
            rows.catch_up_all()

    def state_dict(self) -> dict[str, Any]:
        """torch's: what updates keep beside rows, in arrays (rows, width), and how many steps were taken."""
        for weight, rows in self.rows.items():
            self.state[weight] = {name: torch.from_numpy(array) for name, array in rows.kept().items()}
        return super().state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take what `state_dict` gave.

        Raises:
            FormatError: if it is of other updates, or of tables of other sizes; nothing is changed then.
        """
        groups = state_dict["param_groups"]
        names = [[g.get("update")] * len(g["params"]) for g in groups]
        saved = list(zip((n for each in names for n in each), (p for g in groups for p in g["params"]), strict=True))
        if len(saved) != len(self.rows):
            raise FormatError(f"this state is of {len(saved)} tables, and the optimiser has {len(self.rows)}")
        given = [
            (rows, _arrays(state_dict["state"].get(place, {})), name)
            for rows, (name, place) in zip(self.rows.values(), saved, strict=True)
        ]
        for rows, arrays, name in given:
            if name != rows.update.name:
                raise FormatError(f"this state is of the update {name}, and the optimiser has {rows.update.name}")
            rows.check_kept(arrays)
        super().load_state_dict({**state_dict, "state": {}})
        for rows, arrays, _ in given:
            rows.take(arrays)

    def __deepcopy__(self, memo: Any) -> Any:
        raise TypeError(
            "an optimiser is not copied with its model: make one of the copy, and give it this state_dict()"
        )

    def __getstate__(self) -> Any:
        raise TypeError("an optimiser of rows cannot be pickled, since an update is code; save its state_dict()")


def _tables(given: Iterable[Any]) -> Iterable[tuple[Tensor, nn.Module | None]]:
    """Weights of tables in a model, among layers, or as they are, with their layers."""
    for one in given:
        if isinstance(one, Tensor):
            yield one, None
        elif isinstance(one, nn.Module):
            for module in one.modules():
                yield from ((weight, module) for weight in _weights(module))
        else:
            raise DataError(f"a {type(one).__name__} is no table; give a model, layers or weights")


def _weights(module: nn.Module) -> Iterable[Tensor]:
    if isinstance(module, HasTables):
        return module.weights_of_tables() if module.optimizer is None else []
    return [module.weight] if getattr(module, "sparse", False) and isinstance(module.weight, Tensor) else []


def _catch_up(weight: Tensor, ids: Tensor) -> None:
    steps = steps_of(weight)
    if steps is not None:
        steps.catch_up(np.ascontiguousarray(ids.detach().numpy().reshape(-1), np.int64))


def _gradients(gradient: Tensor) -> Gradients:
    """A sparse gradient as it lies in memory."""
    if not gradient.is_sparse or gradient.sparse_dim() != 1:
        raise DataError(
            "the gradient of a table is dense, since the whole table was used somewhere; look its rows up with the "
            "layer, or give it to a dense optimiser"
        )
    ids, values = gradient._indices()[0], gradient._values()
    return Gradients(ids.contiguous().numpy(), values.float().contiguous().numpy())


def _arrays(state: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in state.items()}
