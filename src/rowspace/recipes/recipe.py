"""What a job is trained with: a cost, tables, data, an update and defaults, from which `train` makes a model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rowspace.kernel.cost import Cost
from rowspace.model.model import Model
from rowspace.tables.table import Table
from rowspace.train.trainer import Trainer
from rowspace.updates import Update


@dataclass(frozen=True)
class Recipe:
    """All that `Trainer` needs for a job, and the model that comes of it.

    Attributes:
        cost: of one example.
        tables: by the names that the cost knows them by.
        data: the examples, as `Trainer.fit` takes them.
        update: how rows move.
        defaults: options of `Trainer.fit` that suit the cost; `train` may be given others.
        model: makes the model, once the tables are trained.
    """

    cost: Cost
    tables: Mapping[str, Table]
    data: Any
    update: Update
    defaults: Mapping[str, Any]
    model: Callable[[Trainer], Model]

    def train(self, **options: Any) -> Model:
        """Train the tables, with options of `Trainer.fit`, and give the model."""
        trainer = Trainer(self.cost, self.tables, self.update)
        trainer.fit(self.data, **{**self.defaults, **options})
        return self.model(trainer)
