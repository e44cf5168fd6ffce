"""rowspace learns embeddings: a table, a cost of one example, and a compiled loop that touches only the rows it needs.

Names are loaded on first use, so that `import rowspace` costs almost nothing and opening a model never imports
PyTensor or Numba.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rowspace.version import __version__ as __version__

# module -> its public names
_PUBLIC = {
    "errors": ("CheckpointError", "Diverged", "Locked", "RowspaceError", "Sequential", "SlowCost"),
    "tables.table": ("Table",),
    "columns.kinds": ("Gathered",),
    "columns.negatives": ("Negatives",),
    "updates": ("Update", "adagrad", "clip_norm", "exact", "lazy_adam", "momentum")
    + ("rowwise_adagrad", "sgd", "weight_decay"),
    "rates": ("linear",),
    "train.trainer": ("Trainer",),
    "kernel.row_gradient": ("RowGradient", "check_gradient", "gradient"),
    "train.trace": ("Trace", "read_trace"),
    "plot": ("plot_cost", "plot_table", "plot_trace"),
    "model.explanation": ("explain",),
    "model.model": ("Model", "open"),
    "model.evaluate": ("evaluate_analogies", "evaluate_similarity"),
    "formats": ("export", "import_"),
    "read.pairs": ("read_pairs",),
    "read.text": ("Text", "read_text"),
    "recipes.pairs": ("train_pairs",),
    "recipes.text": ("train_text",),
}
_HOME = {name: module for module, names in _PUBLIC.items() for name in names}

__all__ = sorted([*_HOME, "costs"])

if TYPE_CHECKING:  # what editors and type checkers see
    from rowspace import costs as costs
    from rowspace.columns.kinds import Gathered as Gathered
    from rowspace.columns.negatives import Negatives as Negatives
    from rowspace.errors import CheckpointError as CheckpointError
    from rowspace.errors import Diverged as Diverged
    from rowspace.errors import Locked as Locked
    from rowspace.errors import RowspaceError as RowspaceError
    from rowspace.errors import Sequential as Sequential
    from rowspace.errors import SlowCost as SlowCost
    from rowspace.formats import export as export
    from rowspace.formats import import_ as import_
    from rowspace.kernel.row_gradient import RowGradient as RowGradient
    from rowspace.kernel.row_gradient import check_gradient as check_gradient
    from rowspace.kernel.row_gradient import gradient as gradient
    from rowspace.model.evaluate import evaluate_analogies as evaluate_analogies
    from rowspace.model.evaluate import evaluate_similarity as evaluate_similarity
    from rowspace.model.explanation import explain as explain
    from rowspace.model.model import Model as Model
    from rowspace.model.model import open as open
    from rowspace.plot import plot_cost as plot_cost
    from rowspace.plot import plot_table as plot_table
    from rowspace.plot import plot_trace as plot_trace
    from rowspace.rates import linear as linear
    from rowspace.read.pairs import read_pairs as read_pairs
    from rowspace.read.text import Text as Text
    from rowspace.read.text import read_text as read_text
    from rowspace.recipes.pairs import train_pairs as train_pairs
    from rowspace.recipes.text import train_text as train_text
    from rowspace.tables.table import Table as Table
    from rowspace.train.trace import Trace as Trace
    from rowspace.train.trace import read_trace as read_trace
    from rowspace.train.trainer import Trainer as Trainer
    from rowspace.updates import Update as Update
    from rowspace.updates import adagrad as adagrad
    from rowspace.updates import clip_norm as clip_norm
    from rowspace.updates import exact as exact
    from rowspace.updates import lazy_adam as lazy_adam
    from rowspace.updates import momentum as momentum
    from rowspace.updates import rowwise_adagrad as rowwise_adagrad
    from rowspace.updates import sgd as sgd
    from rowspace.updates import weight_decay as weight_decay


def __getattr__(name: str) -> Any:
    if name == "costs":
        return import_module("rowspace.costs")
    if name not in _HOME:
        raise AttributeError(f"module 'rowspace' has no attribute {name!r}")
    return getattr(import_module(f"rowspace.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
