"""JSON as every reader of it takes it: what is not a finite number is null."""

import json
import math
import os
from collections.abc import Mapping
from typing import Any

import numpy as np


def json_text(value: Any, *, indent: int | None = None) -> str:
    """A value as JSON in ASCII; NaN and the infinities, which JSON does not have, are null.

    Raises:
        TypeError, ValueError, RecursionError: for what JSON cannot hold.

    >>> json_text({"costs": [0.5, float("nan")], "rows": np.arange(2)})
    '{"costs": [0.5, null], "rows": [0, 1]}'
    """
    return json.dumps(_plain(value), indent=indent, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, (np.generic, np.ndarray)):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return os.fspath(value) if isinstance(value, os.PathLike) else value
