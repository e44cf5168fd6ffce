"""rowspace learns embeddings: a table, a cost of one example, and a compiled loop that touches only the rows it needs.

Names are loaded on first use, so that `import rowspace` costs almost nothing and opening a model never imports
PyTensor or Numba.
"""

from importlib import import_module
from typing import Any

from rowspace.version import __version__ as __version__

# module -> its public names; editors and type checkers read them in __init__.pyi, which a test compares with this
_PUBLIC = {
    "errors": "CheckpointError CostError DataError DiskFull Diverged Elsewhere FormatError GradientError "
    "IdOutOfRange Locked MissingLetters ModelError NoExamples OlderCheckpoint OnHost OverMemory Padded ReadOnly "
    "RowspaceError RowspaceWarning Sequential ShapeError SlowCost SlowTable TooLarge Uncached Unkept "
    "UnknownItem Unsimplified UnusedColumn Waiting",
    "tables.table": "Table",
    "columns.gathered": "Gathered",
    "columns.negatives": "Negatives",
    "updates": "Update adagrad adamw clip_norm exact lazy_adam max_norm momentum rowwise_adagrad sgd weight_decay",
    "rates": "linear",
    "train.trainer": "Trainer",
    "train.history": "History",
    "train.epoch": "Epoch",
    "train.callbacks": "EarlyStopping",
    "kernel.row_gradient": "RowGradient check_gradient gradient",
    "train.trace": "Trace read_trace",
    "plot": "plot_cost plot_table plot_trace",
    "model.explanation": "explain",
    "model.model": "Model open",
    "model.evaluate": "evaluate_analogies evaluate_similarity",
    "formats": "export import_",
    "read.pairs": "Pairs read_pairs",
    "read.text": "Text read_text",
    "recipes.pairs": "train_pairs",
    "recipes.text": "train_text",
}
_HOME = {name: module for module, names in _PUBLIC.items() for name in names.split()}

__all__ = sorted([*_HOME, "costs"])


def __getattr__(name: str) -> Any:
    if name == "costs":
        return import_module("rowspace.costs")
    if name not in _HOME:
        raise AttributeError(f"module 'rowspace' has no attribute {name!r}")
    return getattr(import_module(f"rowspace.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
