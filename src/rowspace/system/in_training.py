"""Tables that are being trained, of which nobody else may train one meanwhile."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock

import numpy as np

from rowspace.errors import DataError
from rowspace.system.mapped import changes_are_seen

_LOCK, _TRAINED = Lock(), dict[object, Sequence[np.ndarray]]()  # in this process, by whoever trains them


@contextmanager
def trained_alone(tables: Sequence[np.ndarray]) -> Iterator[None]:
    """Train tables (n, dim) in the block.

    Raises:
        DataError: if one of them, or some of its rows, are being trained by another block.
    """
    own = object()
    try:
        with _LOCK:
            for other in [table for others in list(_TRAINED.values()) for table in others]:
                for one in tables:
                    if changes_are_seen(one, other):
                        raise DataError(
                            f"a table of {len(one):,} x {one.shape[1]} is being trained by something else at this "
                            "moment: by a fit that has not ended, or a step; let one end before the other begins"
                        )
            _TRAINED[own] = tables
        yield
    finally:
        _TRAINED.pop(own, None)
