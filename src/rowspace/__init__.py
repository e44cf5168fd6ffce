"""rowspace learns embeddings: a table, a cost of one example, and a compiled loop that touches only the rows it needs.

Names are loaded on first use, so that `import rowspace` costs almost nothing and opening a model never imports
PyTensor or Numba.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# public name -> the module it lives in
_HOME = {
    "Table": "table",
    "RowspaceError": "errors",
    "SlowCost": "errors",
    "Diverged": "errors",
    "Model": "model",
    "open": "model",
    "Trace": "trace",
    "plot_trace": "plot",
    "plot_table": "plot",
    "explain": "explanation",
    "Trainer": "train",
    "train_pairs": "pairs",
    "read_pairs": "read",
    "Negatives": "sampling",
    "Update": "updates",
    "sgd": "updates",
    "momentum": "updates",
    "adagrad": "updates",
    "rowwise_adagrad": "updates",
    "lazy_adam": "updates",
    "weight_decay": "updates",
    "clip_norm": "updates",
    "linear": "rates",
    "gradient": "row_gradient",
    "check_gradient": "row_gradient",
    "RowGradient": "row_gradient",
}

__all__ = sorted([*_HOME, "costs"])


def __getattr__(name: str) -> Any:
    if name == "costs":
        return import_module("rowspace.costs")
    if name not in _HOME:
        raise AttributeError(f"module 'rowspace' has no attribute {name!r}")
    return getattr(import_module(f"rowspace.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
