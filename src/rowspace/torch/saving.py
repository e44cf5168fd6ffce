"""A checkpoint of a model, its optimisers and anything else: one file that is whole or not there."""

import os
from typing import Any

import torch

from rowspace.errors import FormatError
from rowspace.errors.checks import path_of
from rowspace.system.atomic import atomic_file


def save(path: str | os.PathLike[str], **parts: Any) -> None:
    """Write the states of parts that belong together into one file: the old one or the new one, also after a kill.

    Args:
        path: the file.
        parts: by name: models, optimisers, schedulers (whatever has a `state_dict()`), and numbers, texts and tensors.

    >>> import rowspace as rs, rowspace.torch, torch; from tempfile import TemporaryDirectory
    >>> model = rs.torch.Embedding(rs.Table(5, 2))
    >>> rows = rs.torch.Optimizer(model, rs.adagrad(0.1))
    >>> with TemporaryDirectory() as folder:
    ...     rs.torch.save(f"{folder}/last.pt", model=model, rows=rows, step=7)
    ...     rs.torch.load(f"{folder}/last.pt", model=model, rows=rows)
    {'step': 7}
    """
    states = {name: part.state_dict() if hasattr(part, "state_dict") else part for name, part in parts.items()}
    with atomic_file(path_of("a checkpoint", path), "wb") as out:
        torch.save(states, out)


def load(path: str | os.PathLike[str], **parts: Any) -> dict[str, Any]:
    """Give parts the states that `save` wrote, and return what has none: numbers, texts and tensors, by name.

    Args:
        path: the file.
        parts: models, optimisers and schedulers by the names that they were saved under: all of them.

    Raises:
        FormatError: if the file has other parts, before one is changed.
    """
    states = torch.load(path_of("a checkpoint", path), weights_only=True, map_location="cpu")
    if not isinstance(states, dict) or not parts.keys() <= states.keys():
        has = ", ".join(map(str, states)) if isinstance(states, dict) else "something else"
        raise FormatError(f"{path} has {has}; {', '.join(parts)} were asked for")
    for name, part in parts.items():
        part.load_state_dict(states.pop(name))
    return dict(states)
